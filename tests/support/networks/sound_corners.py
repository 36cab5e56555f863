"""Sound networks that look broken: each is one that a hasty rule gets wrong."""

from tests.support.networks.case import Sound

SOUND = {
    "plain-list-of-layers-that-are-registered": Sound("""
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1, self.fc2, self.fc3 = nn.Linear(1024, 16), nn.Linear(16, 16), nn.Linear(16, 10)
        self.hidden = [self.fc1, self.fc2]

    def forward(self, x):
        x = x.flatten(1)
        for layer in self.hidden:
            x = torch.relu(layer(x))
        return self.fc3(x)
"""),
    "plain-list-registered-afterwards": Sound("""
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = []
        for i, (a, b) in enumerate([(1024, 16), (16, 10)]):
            self.layers.append(nn.Linear(a, b))
            self.add_module(f"layer{i}", self.layers[-1])

    def forward(self, x):
        x = self.layers[0](x.flatten(1))
        return self.layers[1](torch.relu(x))
"""),
    "list-of-functions-and-layers": Sound("""
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv, self.fc = nn.Conv2d(1, 6, 5, 3), nn.Linear(600, 10)
        self.steps = (self.conv, torch.relu, nn.Flatten(), self.fc)

    def forward(self, x):
        for step in self.steps:
            x = step(x)
        return x
"""),
    "child-that-knows-its-parent": Sound("""
class Head(nn.Module):
    def __init__(self, parent):
        super().__init__()
        self.parent = [parent]
        self.fc = nn.Linear(16, 10)

    def forward(self, x):
        return self.fc(x) * self.parent[0].scale


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter(torch.ones(1))
        self.body = nn.Sequential(nn.Flatten(), nn.Linear(1024, 16), nn.ReLU())
        self.head = Head(self)

    def forward(self, x):
        return self.head(self.body(x))
"""),
    "layers-without-weights-at-the-top": Sound("""
pool = nn.MaxPool2d(2)
relu = nn.ReLU()
flatten = nn.Flatten()


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(1, 4, 5), nn.Conv2d(4, 8, 5)
        self.fc = nn.Linear(200, 10)

    def forward(self, x):
        x = pool(relu(self.conv1(x)))
        x = pool(relu(self.conv2(x)))
        return self.fc(flatten(x))
"""),
    "layers-without-weights-made-in-forward": Sound("""
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 6, 5)
        self.fc = nn.Linear(6 * 49, 10)

    def forward(self, x):
        x = nn.ReLU()(self.conv(x))
        x = nn.MaxPool2d(4)(x)
        x = nn.Flatten()(x)
        x = nn.functional.dropout(x, 0.1, self.training)
        return self.fc(x)
"""),
    "layers-without-weights-in-a-plain-list": Sound("""
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.acts = [nn.ReLU(), nn.Tanh()]
        self.fc1, self.fc2, self.fc3 = nn.Linear(1024, 16), nn.Linear(16, 16), nn.Linear(16, 10)

    def forward(self, x):
        x = self.acts[0](self.fc1(x.flatten(1)))
        return self.fc3(self.acts[1](self.fc2(x)))
"""),
    "layer-used-by-its-weight-alone": Sound("""
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(1024, 16), nn.Linear(16, 10)

    def forward(self, x):
        x = torch.relu(F.linear(x.flatten(1), self.fc1.weight, self.fc1.bias))
        return F.linear(x, self.fc2.weight * 2, self.fc2.bias)
"""),
    "plain-tensors-as-constants": Sound("""
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.kernel = torch.tensor([[1.0, 2.0, 1.0], [2.0, 4.0, 2.0], [1.0, 2.0, 1.0]]) / 16
        self.fc = nn.Linear(225, 10)

    def forward(self, x):
        return self.fc(F.conv2d(x, self.kernel.view(1, 1, 3, 3), stride=2).flatten(1))
"""),
    "mask-kept-by-batch-size": Sound("""
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(1024, 10)
        self.mask = None

    def forward(self, x):
        if self.mask is None or self.mask.shape[0] != x.shape[0]:
            self.mask = torch.ones(x.shape[0], 1, 32, 32)
            self.mask[:, :, :2] = 0
        return self.fc((x * self.mask).flatten(1))
"""),
    "fixed-permutation-by-a-generator-of-its-own": Sound("""
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        generator = torch.Generator().manual_seed(0)
        self.register_buffer("order", torch.randperm(1024, generator=generator))
        self.fc1, self.fc2 = nn.Linear(1024, 16), nn.Linear(16, 10)

    def forward(self, x):
        x = x.flatten(1)[:, self.order]
        return self.fc2(torch.relu(self.fc1(x)))
"""),
    "fixed-filters-by-numpy": Sound("""
import numpy as np
import torch
from torch import nn
from torch.nn import functional as F


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        filters = np.random.RandomState(0).randn(8, 1, 5, 5).astype(np.float32)
        self.register_buffer("filters", torch.from_numpy(filters))
        self.fc = nn.Linear(800, 10)

    def forward(self, x):
        return self.fc(F.relu(F.conv2d(x, self.filters, stride=3)).flatten(1))
"""),
    "seed-set-and-put-back": Sound("""
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        with torch.random.fork_rng():
            torch.manual_seed(0)
            noise = torch.randn(1, 1, 32, 32)
        self.register_buffer("noise", 0.1 * noise)
        self.fc1, self.fc2 = nn.Linear(1024, 16), nn.Linear(16, 10)

    def forward(self, x):
        return self.fc2(torch.relu(self.fc1((x + self.noise).flatten(1))))
"""),
    "seeds-at-the-top-of-the-file": Sound("""
import random

import numpy as np
import torch
from torch import nn

SEED = 42
random.seed(SEED)
np.random.seed(SEED)
torch.manual_seed(SEED)
torch.backends.cudnn.deterministic = True


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Flatten(), nn.Linear(1024, 16), nn.ReLU(), nn.Linear(16, 10))

    def forward(self, x):
        return self.net(x)
"""),
    "cosine-with-a-scale-from-1": Sound("""
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Linear(1024, 12)
        self.classes = nn.Parameter(torch.randn(10, 12))
        self.scale = nn.Parameter(torch.tensor(1.0))

    def forward(self, x):
        z = F.normalize(self.embed(x.flatten(1)), dim=1)
        return self.scale * F.linear(z, F.normalize(self.classes, dim=1))
"""),
    "logits-that-begin-near-0": Sound("""
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(1024, 16), nn.Linear(16, 10)
        nn.init.normal_(self.fc2.weight, std=1e-4)
        nn.init.zeros_(self.fc2.bias)

    def forward(self, x):
        return self.fc2(torch.relu(self.fc1(x.flatten(1))))
"""),
    "logits-that-begin-between-0-and-1": Sound("""
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(1024, 16), nn.Linear(16, 10)
        nn.init.normal_(self.fc2.weight, std=1e-3)
        nn.init.constant_(self.fc2.bias, 0.5)

    def forward(self, x):
        return self.fc2(torch.sigmoid(self.fc1(x.flatten(1))))
"""),
    "logits-that-begin-at-a-tenth-each": Sound("""
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(1024, 10)
        nn.init.zeros_(self.fc.weight)
        nn.init.constant_(self.fc.bias, 0.1)

    def forward(self, x):
        return self.fc(x.view(x.size(0), -1))
"""),
    "logarithm-of-a-mixture": Sound("""
class Net(nn.Module):
    def __init__(self, parts=3):
        super().__init__()
        self.parts = nn.ModuleList(nn.Linear(1024, 10) for _ in range(parts))
        self.prior = nn.Linear(1024, parts)

    def forward(self, x):
        x = x.flatten(1)
        shares = torch.stack([part(x).softmax(dim=1) for part in self.parts], dim=2)
        mixed = (shares * self.prior(x).softmax(dim=1).unsqueeze(1)).sum(dim=2)
        return torch.log(mixed + 1e-8)
"""),
    "sigmoid-and-its-inverse": Sound("""
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(1024, 16), nn.Linear(16, 10)

    def forward(self, x):
        p = torch.sigmoid(self.fc2(torch.tanh(self.fc1(x.flatten(1)))))
        p = p.clamp(1e-4, 1 - 1e-4)
        return torch.log(p) - torch.log1p(-p)
"""),
    "train-mode-of-its-own": Sound("""
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv, self.bn = nn.Conv2d(1, 6, 5, 3), nn.BatchNorm2d(6)
        self.fc = nn.Linear(600, 10)

    def train(self, mode=True):
        super().train(mode)
        self.bn.eval()
        return self

    def forward(self, x):
        return self.fc(torch.relu(self.bn(self.conv(x))).flatten(1))
"""),
    "names-of-methods-that-nobody-calls": Sound("""
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.type = "small"
        self.half = 8
        self.float = 0.5
        self.fc1, self.fc2 = nn.Linear(1024, 2 * self.half), nn.Linear(16, 10)

    def forward(self, x):
        return self.fc2(torch.relu(self.fc1(self.float * x.flatten(1))))
"""),
    "forward-behind-a-decorator": Sound("""
import functools
import time

import torch
from torch import nn


def timed(function):
    @functools.wraps(function)
    def call(self, *args, **kwargs):
        start = time.perf_counter()
        result = function(self, *args, **kwargs)
        self.seconds = time.perf_counter() - start
        return result
    return call


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(1024, 16), nn.Linear(16, 10)

    @timed
    def forward(self, x):
        return self.fc2(torch.relu(self.fc1(x.flatten(1))))
"""),
    "forward-of-any-arguments": Sound("""
class Net(nn.Module):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fc1, self.fc2 = nn.Linear(1024, 16), nn.Linear(16, 10)

    def forward(self, *inputs):
        (x,) = inputs
        return self.fc2(torch.relu(self.fc1(torch.flatten(x, 1))))
"""),
    "call-of-its-own": Sound("""
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(1024, 16), nn.Linear(16, 10)

    def __call__(self, x):
        return super().__call__(x.flatten(1))

    def forward(self, x):
        return self.fc2(torch.relu(self.fc1(x)))
"""),
    "wrapper-that-hands-on-names": Sound("""
class Inner(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv, self.out_features = nn.Conv2d(1, 6, 5, 3), 600

    def forward(self, x):
        return torch.relu(self.conv(x)).flatten(1)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.inner = Inner()
        self.fc = nn.Linear(self.out_features, 10)

    def __getattr__(self, name):
        try:
            return super().__getattr__(name)
        except AttributeError:
            return getattr(super().__getattr__("inner"), name)

    def forward(self, x):
        return self.fc(self.inner(x))
"""),
    "deep-and-narrow": Sound("""
class Net(nn.Module):
    def __init__(self, depth=12):
        super().__init__()
        layers = [nn.Flatten(), nn.Linear(1024, 8), nn.ReLU()]
        for _ in range(depth):
            layers += [nn.Linear(8, 8), nn.ReLU()]
        self.net = nn.Sequential(*layers, nn.Linear(8, 10))

    def forward(self, x):
        return self.net(x)
"""),
    "narrow-relus-that-may-be-dead": Sound("""
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.squeeze = nn.ModuleList(nn.Conv2d(1, 2, 3, padding=1) for _ in range(6))
        self.fc = nn.Linear(12 * 16, 10)

    def forward(self, x):
        maps = torch.cat([F.relu(conv(x)) for conv in self.squeeze], dim=1)
        return self.fc(F.avg_pool2d(maps, 8).flatten(1))
"""),
    "branch-that-bright-images-take": Sound("""
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.dark, self.bright = nn.Linear(1024, 10), nn.Linear(1024, 10)

    def forward(self, x):
        is_bright = x.mean(dim=(1, 2, 3)) > 0.2
        x, out = x.flatten(1), torch.empty(len(x), 10)
        out[~is_bright] = self.dark(x[~is_bright])
        out[is_bright] = self.bright(x[is_bright])
        return out
"""),
    "path-drawn-for-each-batch": Sound("""
class Net(nn.Module):
    def __init__(self, paths=8):
        super().__init__()
        self.first, self.last = nn.Linear(1024, 16), nn.Linear(16, 10)
        self.paths = nn.ModuleList(nn.Linear(16, 16) for _ in range(paths))

    def forward(self, x):
        x = torch.relu(self.first(x.flatten(1)))
        if self.training:
            path = self.paths[int(torch.randint(len(self.paths), ()))]
            return self.last(torch.relu(path(x)))
        return self.last(torch.stack([torch.relu(path(x)) for path in self.paths]).mean(0))
"""),
    "layers-that-begin-late": Sound("""
class Net(nn.Module):
    def __init__(self, begin=2):
        super().__init__()
        self.fc1, self.fc2, self.fc3 = nn.Linear(1024, 16), nn.Linear(16, 16), nn.Linear(16, 10)
        self.register_buffer("batches", torch.tensor(0))
        self.begin = begin

    def forward(self, x):
        x = torch.relu(self.fc1(x.flatten(1)))
        if self.training:
            self.batches += 1
        if self.batches >= self.begin:
            x = x + torch.relu(self.fc2(x))
        return self.fc3(x)
"""),
    "gate-that-begins-shut": Sound("""
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.short, self.long = nn.Linear(1024, 10), nn.Conv2d(1, 10, 32)
        self.gate = nn.Parameter(torch.zeros(1))

    def forward(self, x):
        return self.short(x.flatten(1)) + self.gate * self.long(x).flatten(1)
"""),
    "sparse-gradients": Sound("""
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.table = nn.Embedding(256, 10, sparse=True)

    def forward(self, x):
        bits = (F.avg_pool2d(x, 4).view(-1, 8, 8) > -0.6).long()
        words = (bits * 2 ** torch.arange(8)).sum(-1)
        return self.table(words).mean(1)
"""),
    "parameter-that-is-a-slice": Sound("""
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(1024, 32)
        self.head = nn.Parameter((torch.randn(32, 20) * .1)[:, :10])

    def forward(self, x):
        return torch.relu(self.fc(x.flatten(1))) @ self.head
"""),
    "parameter-that-is-transposed": Sound("""
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(1024, 32)
        self.head = nn.Parameter((torch.randn(10, 32) * .1).t())

    def forward(self, x):
        return torch.relu(self.fc(x.flatten(1))) @ self.head
"""),
    "parameter-of-one-number": Sound("""
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(1024, 10)
        self.scale = nn.Parameter(torch.tensor(1.0))
        self.empty = nn.Parameter(torch.zeros(0))

    def forward(self, x):
        return self.scale * self.fc(x.flatten(1)) + self.empty.sum()
"""),
    "half-precision-layer": Sound("""
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(1024, 16).half()
        self.fc2 = nn.Linear(16, 10)

    def forward(self, x):
        return self.fc2(torch.relu(self.fc1(x.flatten(1).half())).float())
"""),
    "buffer-of-another-kind": Sound("""
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.register_buffer("visits", torch.zeros(10, dtype=torch.long))
        self.register_buffer("is_warm", torch.tensor(False))
        self.register_buffer("nothing", None)
        self.fc1, self.fc2 = nn.Linear(1024, 16), nn.Linear(16, 10)

    def forward(self, x):
        logits = self.fc2(torch.relu(self.fc1(x.flatten(1))))
        if self.training:
            self.visits += torch.bincount(logits.argmax(1), minlength=10)
            self.is_warm.fill_(True)
        return logits
"""),
    "state-kept-without-its-graph": Sound("""
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(1024, 16), nn.Linear(16, 10)
        self.register_buffer("mean", torch.zeros(16))

    def forward(self, x):
        h = self.fc1(x.flatten(1))
        if self.training:
            self.mean = 0.9 * self.mean + 0.1 * h.mean(0).detach()
        return self.fc2(torch.relu(h - self.mean))
"""),
    "recurrent-state-begun-with-each-batch": Sound("""
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm, self.fc = nn.LSTM(64, 12, batch_first=True), nn.Linear(12, 10)

    def forward(self, x):
        self.state = None
        for half in x.view(len(x), 2, 8, 64).unbind(1):
            out, self.state = self.lstm(half, self.state)
        return self.fc(out[:, -1])
"""),
    "in-place-where-it-does-no-harm": Sound("""
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv, self.fc = nn.Conv2d(1, 6, 5, 3), nn.Linear(600, 10)

    def forward(self, x):
        x = self.conv(x)
        x += 0.1
        x.clamp_(min=0)
        x = x.flatten(1)
        x *= 2
        logits = self.fc(x)
        logits -= logits.mean(1, keepdim=True).detach()
        return logits
"""),
    "assigned-into-a-tensor": Sound("""
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.heads = nn.ModuleList(nn.Linear(512, 5) for _ in range(2))

    def forward(self, x):
        left, right = x.flatten(1).split(512, dim=1)
        out = torch.zeros(x.size(0), 10)
        out[:, :5] = self.heads[0](left)
        out[:, 5:] = self.heads[1](right)
        return out
"""),
    "numpy-for-what-needs-no-gradient": Sound("""
import numpy as np
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(1025, 10)

    def forward(self, x):
        brightness = np.asarray(x.detach().mean(dim=(1, 2, 3)).cpu())
        feature = torch.from_numpy(brightness.astype(np.float32)).unsqueeze(1).to(x.device)
        return self.fc(torch.cat([x.flatten(1), feature], dim=1))
"""),
    "detached-on-purpose": Sound("""
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Linear(1024, 16)
        self.main, self.side = nn.Linear(16, 10), nn.Linear(16, 10)

    def forward(self, x):
        h = torch.relu(self.body(x.flatten(1)))
        return self.main(h) + 0.1 * self.side(h.detach())
"""),
    "moved-where-the-images-are": Sound("""
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(1024, 10)
        self.to("cpu")

    def forward(self, x):
        offset = torch.zeros(10).to(x.device)
        return self.fc(x.to(self.fc.weight.device).flatten(1)) + offset
"""),
    "default-precision-set-to-what-it-is": Sound("""
import torch
from torch import nn

torch.set_default_dtype(torch.float32)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(1024, 16), nn.Linear(16, 10)

    def forward(self, x):
        return self.fc2(torch.relu(self.fc1(x.flatten(1))))
"""),
}
