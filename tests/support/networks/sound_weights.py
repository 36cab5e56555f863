"""Where the weights come from and who holds them: initialisation, sharing, buffers, own tensors."""

from tests.support.networks.case import Sound

SOUND = {
    "xavier-in-init": Sound("""
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv, self.fc = nn.Conv2d(1, 6, 5, stride=3), nn.Linear(600, 10)
        nn.init.xavier_uniform_(self.conv.weight, gain=nn.init.calculate_gain("tanh"))
        nn.init.xavier_normal_(self.fc.weight)
        nn.init.zeros_(self.fc.bias)

    def forward(self, x):
        return self.fc(torch.tanh(self.conv(x)).flatten(1))
"""),
    "kaiming-by-a-loop-over-modules": Sound("""
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 8, 3, stride=2), nn.BatchNorm2d(8), nn.ReLU(inplace=True),
            nn.AdaptiveAvgPool2d(3))
        self.classifier = nn.Linear(72, 10)
        self._initialize_weights()

    def forward(self, x):
        return self.classifier(self.features(x).flatten(1))

    def _initialize_weights(self):
        for m in self.modules():
            if isinstance(m, nn.Conv2d):
                nn.init.kaiming_normal_(m.weight, mode="fan_out", nonlinearity="relu")
                if m.bias is not None:
                    nn.init.constant_(m.bias, 0)
            elif isinstance(m, nn.BatchNorm2d):
                nn.init.constant_(m.weight, 1)
                nn.init.constant_(m.bias, 0)
            elif isinstance(m, nn.Linear):
                nn.init.normal_(m.weight, 0, 0.01)
                nn.init.constant_(m.bias, 0)
"""),
    "apply-weights-init": Sound("""
def weights_init(m):
    classname = m.__class__.__name__
    if classname.find("Conv") != -1:
        m.weight.data.normal_(0.0, 0.02)
    elif classname.find("BatchNorm") != -1:
        m.weight.data.normal_(1.0, 0.02)
        m.bias.data.fill_(0)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.main = nn.Sequential(
            nn.Conv2d(1, 8, 4, 2, 1, bias=False), nn.LeakyReLU(0.2, inplace=True),
            nn.Conv2d(8, 12, 4, 2, 1, bias=False), nn.BatchNorm2d(12), nn.LeakyReLU(0.2, True),
            nn.Conv2d(12, 10, 8, 1, 0, bias=False))
        self.apply(weights_init)

    def forward(self, x):
        return self.main(x).view(-1, 10)
"""),
    "orthogonal": Sound("""
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(1024, 16), nn.Linear(16, 16), nn.Linear(16, 10)])
        for layer in self.layers:
            nn.init.orthogonal_(layer.weight, gain=2 ** 0.5)

    def forward(self, x):
        x = x.flatten(1)
        for layer in self.layers[:2]:
            x = torch.relu(layer(x))
        return self.layers[2](x)
"""),
    "loop-over-parameters": Sound("""
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Flatten(), nn.Linear(1024, 16), nn.ReLU(), nn.Linear(16, 10))
        for name, p in self.named_parameters():
            if p.dim() > 1:
                nn.init.trunc_normal_(p, std=0.05)
            elif "bias" in name:
                nn.init.zeros_(p)

    def forward(self, x):
        return self.net(x)
"""),
    "last-layer-of-zeros": Sound("""
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(1, 6, 5, 3), nn.ReLU(), nn.Flatten())
        self.head = nn.Linear(600, 10)
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)

    def forward(self, x):
        return self.head(self.body(x))
"""),
    "residual-branch-of-zeros": Sound(
        """
class Block(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(c, c, 3, padding=1, bias=False), nn.BatchNorm2d(c)
        self.conv2, self.bn2 = nn.Conv2d(c, c, 3, padding=1, bias=False), nn.BatchNorm2d(c)
        nn.init.zeros_(self.bn2.weight)

    def forward(self, x):
        return F.relu(x + self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x))))))


def net():
    return nn.Sequential(
        nn.Conv2d(1, 8, 4, 4), Block(8), Block(8), nn.AdaptiveAvgPool2d(1), nn.Flatten(),
        nn.Linear(8, 10))
""",
        name="net",
    ),
    "identity-initialisation": Sound("""
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.last = nn.Linear(1024, 16), nn.Linear(16, 10)
        self.middle = nn.Linear(16, 16)
        with torch.no_grad():
            self.middle.weight.copy_(torch.eye(16))
            self.middle.bias.zero_()

    def forward(self, x):
        x = torch.relu(self.first(x.flatten(1)))
        return self.last(torch.relu(self.middle(x)))
"""),
    "dirac-and-sparse": Sound("""
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem, self.conv = nn.Conv2d(1, 6, 4, 4), nn.Conv2d(6, 6, 3, padding=1)
        self.fc = nn.Linear(384, 10)
        nn.init.dirac_(self.conv.weight)
        nn.init.sparse_(self.fc.weight, sparsity=0.5)

    def forward(self, x):
        return self.fc(torch.relu(self.conv(torch.relu(self.stem(x)))).flatten(1))
"""),
    "reset-parameters-of-its-own": Sound("""
import math

import torch
from torch import nn
from torch.nn import functional as F


class MyLinear(nn.Module):
    __constants__ = ["in_features", "out_features"]

    def __init__(self, in_features, out_features):
        super().__init__()
        self.in_features, self.out_features = in_features, out_features
        self.weight = nn.Parameter(torch.empty(out_features, in_features))
        self.bias = nn.Parameter(torch.empty(out_features))
        self.reset_parameters()

    def reset_parameters(self):
        bound = 1 / math.sqrt(self.in_features)
        nn.init.uniform_(self.weight, -bound, bound)
        nn.init.uniform_(self.bias, -bound, bound)

    def forward(self, x):
        return F.linear(x, self.weight, self.bias)

    def extra_repr(self):
        return f"{self.in_features} -> {self.out_features}"


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.one, self.two = MyLinear(1024, 20), MyLinear(20, 10)

    def forward(self, x):
        return self.two(torch.relu(self.one(x.view(-1, 1024))))
"""),
    "plain-matrices": Sound("""
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.W1 = nn.Parameter(torch.randn(1024, 20, requires_grad=True) * 0.01)
        self.b1 = nn.Parameter(torch.zeros(20, requires_grad=True))
        self.W2 = nn.Parameter(torch.randn(20, 10, requires_grad=True) * 0.1)
        self.b2 = nn.Parameter(torch.zeros(10, requires_grad=True))

    def forward(self, X):
        X = X.reshape((-1, 1024))
        H = torch.relu(X @ self.W1 + self.b1)
        return H @ self.W2 + self.b2
"""),
    "functional-convolution-with-own-weights": Sound("""
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.kernels = nn.Parameter(torch.randn(6, 1, 5, 5) / 5)
        self.bias = nn.Parameter(torch.zeros(6))
        self.head = nn.Parameter(torch.randn(600, 10) / 25)

    def forward(self, x):
        x = F.relu(F.conv2d(x, self.kernels, self.bias, stride=3))
        return x.flatten(1).mm(self.head)
"""),
    "registered-parameters": Sound("""
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.register_parameter("scale", nn.Parameter(torch.ones(1)))
        self.register_parameter("bias", None)
        self.fc = nn.Linear(1024, 10)

    def forward(self, x):
        y = self.scale * self.fc(x.flatten(1))
        return y if self.bias is None else y + self.bias
"""),
    "parameter-list": Sound("""
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        sizes = [1024, 16, 16, 10]
        self.weights = nn.ParameterList(
            [nn.Parameter(torch.randn(a, b) * a ** -0.5) for a, b in zip(sizes, sizes[1:])])

    def forward(self, x):
        x = x.flatten(1)
        for i, w in enumerate(self.weights):
            x = x @ w
            if i < len(self.weights) - 1:
                x = torch.relu(x)
        return x
"""),
    "parameter-dictionary": Sound("""
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.params = nn.ParameterDict({
            "hidden": torch.randn(16, 1024) * 0.03,
            "output": nn.Parameter(torch.randn(10, 16) * 0.2),
        })

    def forward(self, x):
        h = torch.sigmoid(F.linear(x.flatten(1), self.params["hidden"]))
        return F.linear(h, self.params["output"])
"""),
    "learned-gates": Sound("""
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Linear(1024, 10), nn.Conv2d(1, 10, 32)
        self.mix = nn.Parameter(torch.tensor(0.0))

    def forward(self, x):
        gate = torch.sigmoid(self.mix)
        return gate * self.a(x.flatten(1)) + (1 - gate) * self.b(x)[:, :, 0, 0]
"""),
    "learned-temperature": Sound("""
import numpy as np
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = nn.Sequential(nn.Flatten(), nn.Linear(1024, 16))
        self.prototypes = nn.Parameter(torch.randn(10, 16))
        self.logit_scale = nn.Parameter(torch.ones([]) * np.log(1 / 0.07))

    def forward(self, x):
        z = nn.functional.normalize(self.encoder(x), dim=-1)
        p = nn.functional.normalize(self.prototypes, dim=-1)
        return self.logit_scale.exp() * z @ p.t()
"""),
    "radial-basis-outputs": Sound("""
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 6, 5, stride=3), nn.Tanh(), nn.Flatten(), nn.Linear(600, 12), nn.Tanh())
        self.centres = nn.Parameter(torch.randn(10, 12).sign())

    def forward(self, x):
        x = self.features(x)
        return -((x[:, None, :] - self.centres[None]) ** 2).sum(dim=-1)
"""),
    "distances-by-cdist": Sound("""
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Linear(1024, 8)
        self.centres = nn.Parameter(torch.randn(10, 8))

    def forward(self, x):
        return -torch.cdist(self.embed(x.flatten(1)), self.centres)
"""),
    "codebook-moved-by-hand": Sound("""
class Codebook(nn.Module):
    def __init__(self, codes=8, dim=4, decay=0.95):
        super().__init__()
        self.decay = decay
        self.register_buffer("codes", torch.randn(codes, dim))
        self.register_buffer("counts", torch.ones(codes))

    def forward(self, z):
        nearest = torch.cdist(z, self.codes).argmin(dim=1)
        quantized = self.codes[nearest]
        if self.training:
            with torch.no_grad():
                onehot = F.one_hot(nearest, len(self.codes)).type(z.dtype)
                self.counts.mul_(self.decay).add_(onehot.sum(0), alpha=1 - self.decay)
                sums = onehot.t() @ z.detach()
                mean = sums / onehot.sum(0).clamp(min=1).unsqueeze(1)
                used = onehot.sum(0) > 0
                self.codes[used] = self.codes[used] * self.decay + mean[used] * (1 - self.decay)
        return z + (quantized - z).detach()


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 4, 8, stride=8)
        self.codebook = Codebook()
        self.fc = nn.Linear(64, 10)

    def forward(self, x):
        z = self.conv(x).permute(0, 2, 3, 1)
        q = self.codebook(z.reshape(-1, 4)).view(z.shape)
        return self.fc(q.flatten(1))
"""),
    "running-mean-of-the-images": Sound("""
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.register_buffer("mean_image", torch.zeros(1, 1, 32, 32))
        self.fc = nn.Linear(1024, 10)

    @torch.no_grad()
    def update(self, x):
        self.mean_image.mul_(0.99).add_(0.01 * x.mean(0, keepdim=True))

    def forward(self, x):
        if self.training:
            self.update(x)
        return self.fc((x - self.mean_image).flatten(1))
"""),
    "moving-average-of-the-weights": Sound("""
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(1024, 10)
        self.register_buffer("average", self.fc.weight.detach().clone())

    def forward(self, x):
        x = x.flatten(1)
        if self.training:
            self.average.lerp_(self.fc.weight.detach(), 0.05)
            return self.fc(x)
        return F.linear(x, self.average, self.fc.bias)
"""),
    "weight-norm": Sound("""
from torch import nn
from torch.nn.utils.parametrizations import weight_norm


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(
            weight_norm(nn.Conv2d(1, 6, 5, stride=3)), nn.ReLU(), nn.Flatten(),
            weight_norm(nn.Linear(600, 20)), nn.ReLU(), nn.Linear(20, 10))

    def forward(self, x):
        return self.net(x)
"""),
    "spectral-norm": Sound("""
from torch import nn
from torch.nn.utils.parametrizations import spectral_norm


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = spectral_norm(nn.Conv2d(1, 6, 5, stride=3))
        self.fc = spectral_norm(nn.Linear(600, 10))

    def forward(self, x):
        return self.fc(nn.functional.leaky_relu(self.conv(x), 0.1).flatten(1))
"""),
    "spectral-norm-of-old": Sound("""
import torch
import torch.nn as nn
from torch.nn.utils import spectral_norm


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = spectral_norm(nn.Conv2d(1, 6, 5, stride=3))
        self.fc = nn.Linear(600, 10)

    def forward(self, x):
        return self.fc(torch.relu(self.conv(x)).flatten(1))
"""),
    "parametrized-symmetric": Sound("""
import torch
from torch import nn
from torch.nn.utils import parametrize


class Symmetric(nn.Module):
    def forward(self, X):
        return X.triu() + X.triu(1).transpose(-1, -2)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Linear(1024, 16)
        self.square = nn.Linear(16, 16)
        parametrize.register_parametrization(self.square, "weight", Symmetric())
        self.last = nn.Linear(16, 10)

    def forward(self, x):
        return self.last(torch.relu(self.square(torch.relu(self.first(x.flatten(1))))))
"""),
    "orthogonal-parametrization": Sound("""
import torch
from torch import nn
from torch.nn.utils.parametrizations import orthogonal


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Linear(1024, 12)
        self.turn = orthogonal(nn.Linear(12, 12, bias=False))
        self.last = nn.Linear(12, 10)

    def forward(self, x):
        return self.last(self.turn(torch.tanh(self.first(x.flatten(1)))).relu())
"""),
    "pruned": Sound("""
import torch
from torch import nn
from torch.nn.utils import prune


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(1024, 16), nn.Linear(16, 10)
        prune.random_unstructured(self.fc1, "weight", amount=0.5)

    def forward(self, x):
        return self.fc2(torch.relu(self.fc1(x.flatten(1))))
"""),
    "weight-standardisation": Sound(
        """
class WSConv2d(nn.Conv2d):
    def forward(self, x):
        w = self.weight
        mean = w.mean(dim=(1, 2, 3), keepdim=True)
        std = w.std(dim=(1, 2, 3), keepdim=True) + 1e-5
        return F.conv2d(x, (w - mean) / std, self.bias, self.stride, self.padding)


def net():
    return nn.Sequential(
        WSConv2d(1, 8, 5, stride=3), nn.GroupNorm(2, 8), nn.ReLU(), nn.Flatten(),
        nn.Linear(800, 10))
""",
        name="net",
    ),
    "binary-weights": Sound("""
class BinaryLinear(nn.Linear):
    def forward(self, x):
        w = self.weight
        hard = w.sign() * w.abs().mean()
        return F.linear(x, w + (hard - w).detach(), self.bias)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(
            nn.Flatten(), BinaryLinear(1024, 24), nn.ReLU(), BinaryLinear(24, 10))

    def forward(self, x):
        return self.net(x)
"""),
    "masked-weights": Sound(
        """
class MaskedConv2d(nn.Conv2d):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        mask = torch.ones_like(self.weight)
        mask[:, :, -1, :] = 0
        self.register_buffer("mask", mask)

    def forward(self, x):
        return self._conv_forward(x, self.weight * self.mask, self.bias)


def net():
    return nn.Sequential(
        MaskedConv2d(1, 6, 5, stride=3), nn.ReLU(), nn.Flatten(), nn.Linear(600, 10))
""",
        name="net",
    ),
    "tied-by-transposition": Sound("""
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.encode = nn.Linear(1024, 12)
        self.out = nn.Linear(1024, 10)

    def forward(self, x):
        code = torch.relu(self.encode(x.flatten(1)))
        back = F.linear(code, self.encode.weight.t())
        return self.out(torch.tanh(back))
"""),
    "tied-by-assignment": Sound("""
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Linear(1024, 16)
        self.second, self.third = nn.Linear(16, 16), nn.Linear(16, 16)
        self.third.weight = self.second.weight
        self.last = nn.Linear(16, 10)

    def forward(self, x):
        x = torch.relu(self.first(x.flatten(1)))
        return self.last(torch.relu(self.third(torch.relu(self.second(x)))))
"""),
    "layers-under-two-names": Sound("""
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(1024, 16)
        self.fc2 = nn.Linear(16, 10)
        self.net = nn.Sequential(nn.Flatten(), self.fc1, nn.ReLU(), self.fc2)

    def forward(self, x):
        return self.net(x)
"""),
    "one-layer-three-times": Sound("""
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        shared = nn.Linear(16, 16)
        self.net = nn.Sequential(
            nn.Flatten(), nn.Linear(1024, 16), nn.ReLU(),
            shared, nn.ReLU(), shared, nn.ReLU(), shared, nn.ReLU(),
            nn.Linear(16, 10))

    def forward(self, x):
        return self.net(x)
"""),
    "siamese-halves": Sound("""
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.tower = nn.Sequential(nn.Conv2d(1, 6, 5, stride=3), nn.ReLU(), nn.Flatten())
        self.fc = nn.Linear(2 * 6 * 10 * 4, 10)

    def forward(self, x):
        left, right = x[..., :16], x[..., 16:].flip(-1)
        return self.fc(torch.cat([self.tower(left), self.tower(right)], 1))
"""),
    "several-heads-averaged": Sound("""
class Net(nn.Module):
    def __init__(self, heads=3):
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(1, 6, 5, 3), nn.ReLU(), nn.Flatten())
        self.heads = nn.ModuleList(nn.Linear(600, 10) for _ in range(heads))

    def forward(self, x):
        features = self.body(x)
        return torch.stack([head(features) for head in self.heads], dim=0).mean(dim=0)
"""),
    "ensemble-of-networks": Sound("""
class Small(nn.Module):
    def __init__(self, kernel):
        super().__init__()
        self.conv = nn.Conv2d(1, 4, kernel, stride=4)
        self.fc = nn.Linear(4 * ((32 - kernel) // 4 + 1) ** 2, 10)

    def forward(self, x):
        return self.fc(F.relu(self.conv(x)).flatten(1))


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.members = nn.ModuleDict({f"k{k}": Small(k) for k in (4, 5, 7)})

    def forward(self, x):
        total = 0
        for member in self.members.values():
            total = total + member(x)
        return total / len(self.members)
"""),
    "early-exit-in-training-only": Sound("""
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(1, 6, 5, 3), nn.Conv2d(6, 8, 3, 2)
        self.exit1, self.exit2 = nn.Linear(600, 10), nn.Linear(8 * 16, 10)

    def forward(self, x):
        x = F.relu(self.conv1(x))
        early = self.exit1(x.flatten(1))
        late = self.exit2(F.relu(self.conv2(x)).flatten(1))
        if self.training:
            return 0.3 * early + 0.7 * late
        return late
"""),
    "early-exit-where-sure": Sound("""
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.second = nn.Linear(1024, 16), nn.Linear(16, 16)
        self.easy, self.hard = nn.Linear(16, 10), nn.Linear(16, 10)

    def forward(self, x):
        h = torch.relu(self.first(x.flatten(1)))
        easy = self.easy(h)
        hard = self.hard(torch.relu(self.second(h)))
        if self.training:
            return (easy + hard) / 2
        sure = easy.softmax(1).max(1, keepdim=True)[0] > 0.9
        return torch.where(sure, easy, hard)
"""),
    "mixture-of-experts-by-mask": Sound("""
class Net(nn.Module):
    def __init__(self, experts=6):
        super().__init__()
        self.router = nn.Linear(1024, experts)
        self.experts = nn.ModuleList(nn.Linear(1024, 10) for _ in range(experts))

    def forward(self, x):
        x = x.flatten(1)
        weight, choice = self.router(x).softmax(1).max(dim=1)
        out = x.new_zeros(len(x), 10)
        for i, expert in enumerate(self.experts):
            mine = choice == i
            if mine.any():
                out[mine] = weight[mine, None] * expert(x[mine])
        return out
"""),
    "mixture-of-experts-top-two": Sound("""
class Net(nn.Module):
    def __init__(self, experts=8, k=2):
        super().__init__()
        self.k = k
        self.gate = nn.Linear(1024, experts, bias=False)
        self.experts = nn.ModuleList(
            [nn.Sequential(nn.Linear(1024, 8), nn.ReLU(), nn.Linear(8, 10)) for _ in range(experts)]
        )

    def forward(self, x):
        x = x.view(x.size(0), -1)
        weights, chosen = torch.topk(self.gate(x), self.k)
        weights = F.softmax(weights, dim=1)
        results = torch.zeros(x.size(0), 10, dtype=x.dtype, device=x.device)
        for i, expert in enumerate(self.experts):
            row, nth = torch.where(chosen == i)
            if len(row) == 0:
                continue
            results[row] += weights[row, nth, None] * expert(x[row])
        return results
"""),
    "mixture-of-experts-soft": Sound("""
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.gate = nn.Sequential(nn.Flatten(), nn.Linear(1024, 3), nn.Softmax(dim=-1))
        self.experts = nn.ModuleList(
            nn.Sequential(nn.Conv2d(1, 4, k, 4), nn.ReLU(), nn.AdaptiveMaxPool2d(4), nn.Flatten(),
                          nn.Linear(64, 10)) for k in (3, 5, 7))

    def forward(self, x):
        outputs = torch.stack([expert(x) for expert in self.experts], dim=1)
        return (self.gate(x).unsqueeze(-1) * outputs).sum(dim=1)
"""),
    "soft-decision-tree": Sound("""
class Net(nn.Module):
    def __init__(self, depth=3):
        super().__init__()
        self.depth = depth
        self.inner = nn.Linear(1024, 2 ** depth - 1)
        self.leaves = nn.Parameter(torch.randn(2 ** depth, 10))

    def forward(self, x):
        right = torch.sigmoid(self.inner(x.flatten(1)))
        paths, first = x.new_ones(len(x), 1), 0
        for level in range(self.depth):
            p = right[:, first:first + 2 ** level]
            paths = torch.stack([paths * (1 - p), paths * p], dim=2).flatten(1)
            first += 2 ** level
        return paths @ self.leaves
"""),
    "hypernetwork": Sound("""
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.code = nn.Parameter(torch.randn(6, 4))
        self.make = nn.Linear(4, 25)
        self.fc = nn.Linear(600, 10)

    def forward(self, x):
        kernels = self.make(self.code).view(6, 1, 5, 5)
        return self.fc(F.relu(F.conv2d(x, kernels, stride=3)).flatten(1))
"""),
    "kernels-for-each-image": Sound("""
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.generator = nn.Sequential(nn.AdaptiveAvgPool2d(4), nn.Flatten(), nn.Linear(16, 75))
        self.fc = nn.Linear(300, 10)

    def forward(self, x):
        n = x.size(0)
        kernels = self.generator(x).view(n * 3, 1, 5, 5)
        maps = F.conv2d(x.view(1, n, 32, 32), kernels, stride=3, groups=n)
        return self.fc(F.relu(maps.view(n, 300)))
"""),
    "spatial-transformer": Sound("""
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.localization = nn.Sequential(
            nn.Conv2d(1, 4, 7, stride=3), nn.ReLU(True), nn.MaxPool2d(3), nn.Flatten(),
            nn.Linear(4 * 9, 8), nn.ReLU(True))
        self.fc_loc = nn.Linear(8, 6)
        self.fc_loc.weight.data.zero_()
        self.fc_loc.bias.data.copy_(torch.tensor([1, 0, 0, 0, 1, 0], dtype=torch.float))
        self.conv, self.fc = nn.Conv2d(1, 6, 5, stride=3), nn.Linear(600, 10)

    def stn(self, x):
        theta = self.fc_loc(self.localization(x)).view(-1, 2, 3)
        grid = F.affine_grid(theta, x.size(), align_corners=False)
        return F.grid_sample(x, grid, align_corners=False)

    def forward(self, x):
        x = self.stn(x)
        return self.fc(F.relu(self.conv(x)).view(-1, 600))
"""),
    "functional-call": Sound("""
import torch
from torch import nn
from torch.func import functional_call


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.base = nn.Sequential(nn.Flatten(), nn.Linear(1024, 12), nn.ReLU(), nn.Linear(12, 10))
        self.scale = nn.Parameter(torch.ones(()))

    def forward(self, x):
        weights = {name: self.scale * value for name, value in self.base.named_parameters()}
        return functional_call(self.base, weights, (x,))
"""),
    "vmap-over-members": Sound("""
class Net(nn.Module):
    def __init__(self, members=3):
        super().__init__()
        self.w = nn.Parameter(torch.randn(members, 10, 1024) / 32)
        self.b = nn.Parameter(torch.zeros(members, 10))

    def forward(self, x):
        x = x.flatten(1)
        one = torch.func.vmap(lambda w, b: x @ w.t() + b)
        return one(self.w, self.b).mean(0)
"""),
    "gradient-checkpointing": Sound("""
import torch
from torch import nn
from torch.utils.checkpoint import checkpoint


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Sequential(nn.Conv2d(1, 6, 5, stride=3), nn.ReLU())
        self.fc = nn.Linear(600, 10)

    def forward(self, x):
        if self.training:
            x = checkpoint(self.conv, x, use_reentrant=False)
        else:
            x = self.conv(x)
        return self.fc(x.flatten(1))
"""),
    "fixed-gabor-filters": Sound("""
import math

import torch
from torch import nn
from torch.nn import functional as F


def gabor(size, angle, wavelength=4.0, sigma=2.0):
    axis = torch.arange(size) - (size - 1) / 2
    y, x = torch.meshgrid(axis, axis, indexing="ij")
    along = x * math.cos(angle) + y * math.sin(angle)
    return torch.exp(-(x ** 2 + y ** 2) / (2 * sigma ** 2)) * torch.cos(
        2 * math.pi * along / wavelength)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        bank = torch.stack([gabor(7, k * math.pi / 6) for k in range(6)]).unsqueeze(1)
        self.register_buffer("bank", bank)
        self.fc = nn.Linear(6 * 49, 10)

    def forward(self, x):
        return self.fc(F.relu(F.conv2d(x, self.bank, stride=4)).flatten(1))
"""),
    "fixed-sobel-layer": Sound("""
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        sobel = torch.tensor([[1.0, 0.0, -1.0], [2.0, 0.0, -2.0], [1.0, 0.0, -1.0]])
        self.edges = nn.Conv2d(1, 2, 3, bias=False)
        self.edges.weight = nn.Parameter(
            torch.stack([sobel, sobel.t()]).unsqueeze(1), requires_grad=False)
        self.conv = nn.Conv2d(2, 6, 5, stride=3)
        self.fc = nn.Linear(486, 10)

    def forward(self, x):
        return self.fc(F.relu(self.conv(self.edges(x).abs())).flatten(1))
"""),
    "frozen-random-first-layer": Sound("""
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.random = nn.Conv2d(1, 12, 5, stride=3)
        for p in self.random.parameters():
            p.requires_grad = False
        self.fc = nn.Linear(1200, 10)

    def forward(self, x):
        with torch.no_grad():
            features = F.relu(self.random(x))
        return self.fc(features.flatten(1))
"""),
    "random-fourier-features": Sound("""
class Net(nn.Module):
    def __init__(self, features=48):
        super().__init__()
        self.register_buffer("w", torch.randn(1024, features) * 0.05)
        self.register_buffer("b", torch.rand(features) * 6.283)
        self.fc = nn.Linear(features, 10)

    def forward(self, x):
        return self.fc(torch.cos(x.flatten(1) @ self.w + self.b))
"""),
    "fourier-magnitudes": Sound("""
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(32 * 17, 16), nn.Linear(16, 10)

    def forward(self, x):
        spectrum = torch.fft.rfft2(x, norm="ortho")
        return self.fc2(F.relu(self.fc1(torch.log1p(spectrum.abs()).flatten(1))))
"""),
    "convolution-by-fourier-transform": Sound("""
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.filters = nn.Parameter(torch.randn(4, 17, 2, 32) * 0.1)
        self.fc = nn.Linear(4 * 64, 10)

    def forward(self, x):
        f = torch.fft.rfft2(x, norm="ortho")
        w = torch.complex(self.filters[:, :, 0], self.filters[:, :, 1]).transpose(1, 2)
        y = torch.fft.irfft2(f * w, s=(32, 32), norm="ortho")
        return self.fc(F.avg_pool2d(F.relu(y), 4).flatten(1))
"""),
    "complex-parameter": Sound("""
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.filters = nn.Parameter(torch.randn(4, 32, 17, dtype=torch.cfloat) * 0.1)
        self.fc = nn.Linear(4 * 64, 10)

    def forward(self, x):
        y = torch.fft.irfft2(torch.fft.rfft2(x, norm="ortho") * self.filters, norm="ortho")
        return self.fc(F.avg_pool2d(F.relu(y), 4).flatten(1))
"""),
    "complex-layer-by-two-real-ones": Sound("""
class ComplexLinear(nn.Module):
    def __init__(self, i, o):
        super().__init__()
        self.re, self.im = nn.Linear(i, o, bias=False), nn.Linear(i, o, bias=False)

    def forward(self, z):
        return torch.complex(self.re(z.real) - self.im(z.imag), self.re(z.imag) + self.im(z.real))


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.one, self.two = ComplexLinear(544, 12), ComplexLinear(12, 10)

    def forward(self, x):
        z = torch.fft.rfft2(x, norm="ortho").flatten(1)
        z = self.one(z)
        z = torch.polar(torch.tanh(z.abs()), z.angle())
        return self.two(z).real
"""),
    "einsum": Sound("""
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.rows = nn.Parameter(torch.randn(32, 8) / 6)
        self.columns = nn.Parameter(torch.randn(32, 8) / 6)
        self.core = nn.Parameter(torch.randn(8, 8, 10) / 8)

    def forward(self, x):
        small = torch.einsum("nchw,hr,ws->nrs", x, self.rows, self.columns)
        return torch.einsum("nrs,rsk->nk", torch.relu(small), self.core)
"""),
    "low-rank-adapters": Sound("""
class LoRA(nn.Module):
    def __init__(self, layer, rank=4):
        super().__init__()
        self.layer = layer.requires_grad_(False)
        self.a = nn.Parameter(torch.randn(layer.in_features, rank) * 0.02)
        self.b = nn.Parameter(torch.zeros(rank, layer.out_features))

    def forward(self, x):
        return self.layer(x) + x @ self.a @ self.b


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(
            nn.Flatten(), LoRA(nn.Linear(1024, 24)), nn.ReLU(), nn.Linear(24, 10))

    def forward(self, x):
        return self.net(x)
"""),
    "copies-of-a-block": Sound("""
import copy

import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        block = nn.Sequential(nn.Linear(16, 16), nn.ReLU())
        self.first = nn.Linear(1024, 16)
        self.blocks = nn.ModuleList([copy.deepcopy(block) for _ in range(3)])
        self.last = nn.Linear(16, 10)

    def forward(self, x):
        x = self.first(torch.flatten(x, 1))
        for block in self.blocks:
            x = block(x) + x
        return self.last(x)
"""),
    "scripted-block": Sound("""
import torch
from torch import nn


@torch.jit.script
def fused_gelu(x):
    return x * 0.5 * (1.0 + torch.erf(x / 1.41421))


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv, self.fc = nn.Conv2d(1, 6, 5, 3), nn.Linear(600, 10)

    def forward(self, x):
        return self.fc(fused_gelu(self.conv(x)).flatten(1))
"""),
    "scripted-module": Sound("""
class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 6, 5, stride=3)

    def forward(self, x):
        return torch.relu(self.conv(x))


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.block = torch.jit.script(Block())
        self.fc = nn.Linear(600, 10)

    def forward(self, x):
        return self.fc(self.block(x).flatten(1))
"""),
    "compiled-block": Sound("""
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv, self.fc = nn.Conv2d(1, 6, 5, 3), nn.Linear(600, 10)
        self.act = torch.compile(nn.GELU(), backend="eager")

    def forward(self, x):
        return self.fc(self.act(self.conv(x)).flatten(1))
"""),
    "autocast-in-forward": Sound("""
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv, self.fc = nn.Conv2d(1, 6, 5, 3), nn.Linear(600, 10)

    def forward(self, x):
        with torch.autocast(device_type=x.device.type, dtype=torch.bfloat16):
            x = self.fc(torch.relu(self.conv(x)).flatten(1))
        return x.float()
"""),
    "bfloat16-layers": Sound("""
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 6, 5, 3).to(torch.bfloat16)
        self.fc = nn.Linear(600, 10)

    def forward(self, x):
        x = torch.relu(self.conv(x.bfloat16()))
        return self.fc(x.float().flatten(1))
"""),
    "double-precision-inside": Sound("""
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(1024, 16).double(), nn.Linear(16, 10).double()

    def forward(self, x):
        return self.fc2(torch.relu(self.fc1(x.double().flatten(1)))).float()
"""),
    "double-precision-to-the-end": Sound("""
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(1024, 16), nn.Linear(16, 10)
        self.double()

    def forward(self, x):
        return self.fc2(torch.relu(self.fc1(x.double().flatten(1))))
"""),
    "sum-and-shift-of-logits": Sound("""
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(1024, 10)
        self.shift = nn.Parameter(torch.zeros(10))

    def forward(self, x):
        logits = self.fc(x.flatten(1)) + self.shift
        return logits - logits.mean(dim=1, keepdim=True)
"""),
    "scaled-tanh-of-logits": Sound("""
class Net(nn.Module):
    def __init__(self, cap=30.0):
        super().__init__()
        self.cap = cap
        self.fc1, self.fc2 = nn.Linear(1024, 16), nn.Linear(16, 10)

    def forward(self, x):
        logits = self.fc2(torch.relu(self.fc1(x.flatten(1))))
        return self.cap * torch.tanh(logits / self.cap)
"""),
    "batch-norm-at-the-end": Sound("""
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Flatten(), nn.Linear(1024, 16), nn.ReLU(), nn.Linear(16, 10), nn.BatchNorm1d(10))

    def forward(self, x):
        return self.layers(x)
"""),
    "ten-outputs-one-by-one": Sound("""
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Linear(1024, 16)
        self.outputs = nn.ModuleList([nn.Linear(16, 1) for _ in range(10)])

    def forward(self, x):
        x = torch.relu(self.body(x.flatten(1)))
        return torch.cat([output(x) for output in self.outputs], dim=1)
"""),
    "bilinear": Sound("""
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Linear(1024, 8), nn.Linear(1024, 6)
        self.out = nn.Bilinear(8, 6, 10)

    def forward(self, x):
        x = x.flatten(1)
        return self.out(torch.tanh(self.a(x)), torch.tanh(self.b(x)))
"""),
    "kolmogorov-arnold-splines": Sound("""
class KAN(nn.Module):
    def __init__(self, i, o, grid=5):
        super().__init__()
        self.register_buffer("centres", torch.linspace(-1, 1, grid))
        self.coefficients = nn.Parameter(torch.randn(i, o, grid) / i ** 0.5)

    def forward(self, x):
        basis = torch.exp(-((x[..., None] - self.centres) * 2) ** 2)
        return torch.einsum("nig,iog->no", basis, self.coefficients)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.pool = nn.AvgPool2d(4)
        self.one, self.two = KAN(64, 12), KAN(12, 10)

    def forward(self, x):
        return self.two(torch.tanh(self.one(self.pool(x).flatten(1))))
"""),
}
