"""Networks that run, but learn badly or not at all, or cannot be saved and compared."""

from tests.support.networks.case import MARKED, Broken

_SHARES = r"(?=.*softmax)(?=.*(delete|remove|take\b.*\bout|return the (numbers|logits)))"
_RANGE = r"(?=.*(0 and 1|0 to 1|-1 and 1|-1 to 1))(?=.*(delete|remove|take\b.*\bout))"
_NO_GRADIENT = r"gradient"
_REGISTERED = r"(?=.*(not|n't|neither).*(trained|saved|see))(?=.*{cure})"

_END = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 6, 5, stride=3)
        self.fc1, self.fc2 = nn.Linear(600, 16), nn.Linear(16, 10)

    def forward(self, x):  # HERE
        x = torch.relu(self.conv(x)).flatten(1)
        x = self.fc2(torch.relu(self.fc1(x)))
        {end}
"""


def _ending(effect: str, says: str, *end: str) -> Broken:
    """Return a network whose logits x have another end."""
    return Broken(_END.replace("{end}", "\n        ".join(end)), effect, says)


_MIDDLE = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 6, 5, stride=3){at_layers}
        self.fc1, self.fc2 = nn.Linear(600, 16), nn.Linear(16, 10){at_layers}
        {made}

    def forward(self, x):{at_forward}
        {first}
        x = torch.relu(self.conv(x)).flatten(1)
        {then}
        x = torch.relu(self.fc1(x))
        {last}
        return self.fc2(x)
"""


def _network(
    effect: str, says: str, *, made: str = "", first: str = "", then: str = "", last: str = ""
) -> Broken:
    """Return a network with more in it: made in __init__, first, then and last in forward.

    A message may also name the layers that suffer; and forward, if the mistake is there.
    """
    marks = [
        f"  {MARKED}" if MARKED in each else ""
        for each in (made + first + then + last, first + then + last)
    ]
    text = _MIDDLE.replace("{at_layers}", marks[0]).replace("{at_forward}", marks[1])
    for name, value in (("made", made), ("first", first), ("then", then), ("last", last)):
        text = text.replace(f"        {{{name}}}\n", f"        {value}\n" if value else "")
    return Broken(text, effect, says)


BROKEN = {
    "softmax-function": _ending("spoils", _SHARES, "return F.softmax(x, dim=1)  # HERE"),
    "softmax-method": _ending("spoils", _SHARES, "return x.softmax(-1)  # HERE"),
    "softmax-of-torch": _ending("spoils", _SHARES, "return torch.softmax(x, 1)  # HERE"),
    "softmax-layer": Broken(
        """
def net():
    return nn.Sequential(
        nn.Flatten(), nn.Linear(1024, 16), nn.ReLU(), nn.Linear(16, 10), nn.Softmax(dim=1))  # HERE
""",
        "spoils",
        _SHARES,
        name="net",
    ),
    "softmax-then-viewed": _ending(
        "spoils", _SHARES, "return F.softmax(x, 1).view(-1, 10)  # HERE"
    ),
    "softmax-then-clamped": _ending(
        "spoils", _SHARES, "return F.softmax(x, 1).clamp(1e-7, 1)  # HERE"
    ),
    "softmax-then-cut": _ending("spoils", _SHARES, "return F.softmax(x, 1)[:, :10]  # HERE"),
    "softmax-then-squeezed": _ending(
        "spoils", _SHARES, "x = x.unsqueeze(2).softmax(1)  # HERE", "return x.squeeze(2)"
    ),
    "softmax-then-added": _ending("spoils", _SHARES, "return F.softmax(x, dim=1) + 1e-8  # HERE"),
    "softmax-by-hand": _ending(
        "spoils", _SHARES, "e = torch.exp(x)", "return e / e.sum(1, keepdim=True)  # HERE"
    ),
    "softmax-in-a-block": Broken(
        """
class Head(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc, self.softmax = nn.Linear(16, 10), nn.Softmax(dim=-1)  # HERE

    def forward(self, x):
        return self.softmax(self.fc(x))  # HERE


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Flatten(), nn.Linear(1024, 16), nn.ReLU())
        self.head = Head()

    def forward(self, x):  # HERE
        probabilities = self.head(self.body(x))
        return probabilities.reshape(len(x), 10)
""",
        "spoils",
        _SHARES,
    ),
    "softmax-of-several-heads-averaged": Broken(
        """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.heads = nn.ModuleList(nn.Linear(1024, 10) for _ in range(3))

    def forward(self, x):  # HERE
        x = x.flatten(1)
        return torch.stack([head(x).softmax(1) for head in self.heads]).mean(0)  # HERE
""",
        "spoils",
        _SHARES,
    ),
    "log-softmax-function": _ending(
        "none", r"log.softmax", "return F.log_softmax(x, dim=1)  # HERE"
    ),
    "log-softmax-layer": Broken(
        """
def net():
    return nn.Sequential(
        nn.Flatten(), nn.Linear(1024, 16), nn.ReLU(), nn.Linear(16, 10), nn.LogSoftmax(1))  # HERE
""",
        "none",
        r"log.softmax",
        name="net",
    ),
    "log-of-softmax": _ending(
        "none", r"log.softmax", "return torch.log(F.softmax(x, dim=1))  # HERE"
    ),
    "sigmoid": _ending("spoils", _RANGE, "return torch.sigmoid(x)  # HERE"),
    "sigmoid-times-1": _ending("spoils", _RANGE, "return torch.sigmoid(x) * 1.0  # HERE"),
    "sigmoid-layer-then-viewed": Broken(
        """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(
            nn.Flatten(), nn.Linear(1024, 16), nn.Tanh(),
            nn.Linear(16, 10), nn.Sigmoid())  # HERE

    def forward(self, x):  # HERE
        return self.net(x).view(x.size(0), 10)
""",
        "spoils",
        _RANGE,
    ),
    "tanh": _ending("spoils", _RANGE, "return torch.tanh(x)  # HERE"),
    "tanh-then-viewed": _ending("spoils", _RANGE, "return torch.tanh(x).view(-1, 10)  # HERE"),
    "clamped": _ending("spoils", _RANGE, "return torch.clamp(x, 0, 1)  # HERE"),
    "cosines-without-a-scale": Broken(
        """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Linear(1024, 16)
        self.classes = nn.Parameter(torch.randn(10, 16))

    def forward(self, x):  # HERE
        z = F.normalize(self.embed(x.flatten(1)), dim=1)
        return z @ F.normalize(self.classes, dim=1).t()
""",
        "spoils",
        r"(?=.*(-1 and 1|-1 to 1))(?=.*(scale|multiply|larger))",
    ),
    "relu": _ending(
        "spoils", r"(?=.*ReLU)(?=.*(delete|remove|take\b.*\bout))", "return F.relu(x)  # HERE"
    ),
    "relu-layer": Broken(
        """
def net():
    return nn.Sequential(
        nn.Flatten(), nn.Linear(1024, 16), nn.ReLU(), nn.Linear(16, 10), nn.ReLU())  # HERE
""",
        "spoils",
        r"(?=.*ReLU)(?=.*(delete|remove|take\b.*\bout))",
        name="net",
    ),
    "relu-then-viewed": _ending(
        "spoils",
        r"(?=.*(ReLU|below 0|negative))"
        r"(?=.*(delete|remove|take\b.*\bout))",
        "x = F.relu(x)  # HERE",
        "return x.view(-1, 10)",
    ),
    "dropout-of-the-logits": Broken(
        """
def net():
    return nn.Sequential(
        nn.Flatten(), nn.Linear(1024, 16), nn.ReLU(), nn.Linear(16, 10), nn.Dropout(0.5))  # HERE
""",
        "spoils or none",
        r"(?=.*dropout)(?=.*(delete|remove|take\b.*\bout|before))",
        name="net",
    ),
    "softmax-over-the-batch": _ending(
        "spoils or stops", r"dim=1|dim=0", "return F.softmax(x, dim=0)  # HERE"
    ),
    "detached": _ending("stops", _NO_GRADIENT, "return x.detach()  # HERE"),
    "data-of-the-logits": _ending("stops", _NO_GRADIENT, "return x.data  # HERE"),
    "logits-made-a-new-tensor": _ending(
        "stops", _NO_GRADIENT, "return torch.tensor(x.tolist())  # HERE"
    ),
    "no-grad-around-all": Broken(
        """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(1024, 10)

    @torch.no_grad()  # HERE
    def forward(self, x):  # HERE
        return self.fc(x.flatten(1))
""",
        "stops",
        r"no_grad",
    ),
    "inference-mode-around-all": Broken(
        """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(1024, 10)

    def forward(self, x):  # HERE
        with torch.inference_mode():  # HERE
            return self.fc(x.flatten(1))
""",
        "stops",
        r"inference_mode|no_grad|gradient",
    ),
    "no-grad-around-a-part": Broken(
        """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 6, 5, stride=3)  # HERE
        self.fc = nn.Linear(600, 10)

    def forward(self, x):
        with torch.no_grad():  # HERE
            x = torch.relu(self.conv(x)).flatten(1)
        return self.fc(x)
""",
        "spoils",
        r"(?=.*conv)(?=.*no_grad)",
    ),
    "detached-in-the-middle": _network(
        "spoils", r"(?=.*conv)(?=.*detach)", then="x = x.detach()  # HERE"
    ),
    "all-frozen": _network(
        "stops",
        r"(?=.*frozen|.*requires_grad)(?=.*nothing to train)",
        made="for p in self.parameters(): p.requires_grad = False  # HERE",
    ),
    "nothing-to-train": Broken(
        """
class Net(nn.Module):  # HERE
    def forward(self, x):  # HERE
        return F.adaptive_avg_pool2d(x, (2, 5)).flatten(1)
""",
        "stops",
        r"nothing to train",
    ),
    "all-but-the-norms-frozen": Broken(
        """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv, self.bn = nn.Conv2d(1, 6, 5, stride=3), nn.BatchNorm2d(6)
        self.fc = nn.Linear(600, 10)
        for name, p in self.named_parameters():
            p.requires_grad = "bn" in name

    def forward(self, x):
        return self.fc(torch.relu(self.bn(self.conv(x))).flatten(1))
""",
        "none",
        r"(?=.*frozen)(?=.*fc\.weight)",
    ),
    "layer-that-is-not-called": _network(
        "spoils or none",
        r"(?=.*fc3)(?=.*(never|not) (called|used)|.*unused)",
        made="self.fc3 = nn.Linear(16, 16)  # HERE",
    ),
    "layer-whose-result-is-dropped": Broken(
        """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 6, 5, stride=3)
        self.bn = nn.BatchNorm2d(6)  # HERE
        self.fc = nn.Linear(600, 10)

    def forward(self, x):
        x = self.conv(x)
        self.bn(x)  # HERE
        return self.fc(torch.relu(x).flatten(1))
""",
        "spoils",
        r"(?=.*\bbn\b)(?=.*x = self\.bn\(x\))",
    ),
    "block-whose-result-is-overwritten": Broken(
        """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 6, 5, stride=3)  # HERE
        self.conv2 = nn.Conv2d(1, 6, 5, stride=3)
        self.fc = nn.Linear(600, 10)

    def forward(self, x):
        y = torch.relu(self.conv1(x))  # HERE
        y = torch.relu(self.conv2(x))
        return self.fc(y.flatten(1))
""",
        "spoils",
        r"conv1",
    ),
    "steps-instead-of-an-activation": _network(
        "spoils", r"(?=.*conv)(?=.*gradient)", then="x = (x > 0.1).float()  # HERE"
    ),
    "rounded-in-the-middle": _network(
        "spoils", r"(?=.*conv)(?=.*gradient)", then="x = torch.round(x * 4).detach() / 4  # HERE"
    ),
    "largest-place-in-the-middle": Broken(
        """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.choose = nn.Linear(1024, 8)  # HERE
        self.table = nn.Embedding(8, 10)

    def forward(self, x):
        return self.table(self.choose(x.flatten(1)).argmax(1))
""",
        "spoils",
        r"(?=.*choose)(?=.*gradient)",
    ),
    "plain-list-of-layers": Broken(
        """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = [nn.Linear(1024, 16), nn.Linear(16, 16)]  # HERE
        self.last = nn.Linear(16, 10)

    def forward(self, x):
        x = x.flatten(1)
        for layer in self.layers:
            x = torch.relu(layer(x))
        return self.last(x)
""",
        "stops",
        _REGISTERED.format(cure=r"nn\.ModuleList"),
    ),
    "plain-list-of-all-layers": Broken(
        """
class Net(nn.Module):
    def __init__(self, sizes=(1024, 16, 10)):
        super().__init__()
        self.layers = []
        for a, b in zip(sizes, sizes[1:]):
            self.layers.append(nn.Linear(a, b))  # HERE

    def forward(self, x):
        x = torch.relu(self.layers[0](x.flatten(1)))
        return self.layers[1](x)
""",
        "stops",
        _REGISTERED.format(cure=r"nn\.ModuleList"),
    ),
    "plain-dictionary-of-layers": Broken(
        """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = {"one": nn.Linear(1024, 16)}  # HERE
        self.last = nn.Linear(16, 10)

    def forward(self, x):
        return self.last(torch.relu(self.layers["one"](x.flatten(1))))
""",
        "stops",
        _REGISTERED.format(cure=r"nn\.ModuleDict"),
    ),
    "plain-list-of-parameters": Broken(
        """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.weights = [  # HERE
            nn.Parameter(torch.randn(1024, 16) / 32), nn.Parameter(torch.randn(16, 10) / 4)]
        self.scale = nn.Parameter(torch.ones(1))

    def forward(self, x):
        x = torch.relu(x.flatten(1) @ self.weights[0])  # HERE
        return self.scale * (x @ self.weights[1])
""",
        "stops",
        r"nn\.ParameterList",
    ),
    "plain-tensor-that-wants-a-gradient": Broken(
        """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(1024, 10)
        self.bias = torch.zeros(10, requires_grad=True)  # HERE

    def forward(self, x):
        return self.fc(x.flatten(1)) + self.bias  # HERE
""",
        "stops",
        r"(?=.*\bbias\b)(?=.*nn\.Parameter)",
    ),
    "plain-tensor-that-is-random": Broken(
        """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(64, 10)
        self.mix = torch.randn(1024, 64) / 32  # HERE

    def forward(self, x):
        return self.fc(torch.relu(x.flatten(1) @ self.mix))  # HERE
""",
        "stops",
        r"(?=.*\bmix\b)(?=.*register_buffer)",
    ),
    "layer-in-an-object-that-is-no-module": Broken(
        """
class Block:
    def __init__(self):
        self.fc = nn.Linear(1024, 16)  # HERE

    def run(self, x):
        return torch.relu(self.fc(x.flatten(1)))


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.block, self.last = Block(), nn.Linear(16, 10)

    def forward(self, x):
        return self.last(self.block.run(x))
""",
        "stops",
        _REGISTERED.format(cure=r"class Block\(nn\.Module\)"),
    ),
    "layer-made-in-forward": Broken(
        """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 6, 5, stride=3)

    def forward(self, x):
        x = torch.relu(self.conv(x)).flatten(1)
        return nn.Linear(600, 10)(x)  # HERE
""",
        "stops",
        _REGISTERED.format(cure=r"__init__"),
    ),
    "layer-made-in-the-first-forward": Broken(
        """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv, self.fc = nn.Conv2d(1, 6, 5, stride=3), None

    def forward(self, x):
        x = torch.relu(self.conv(x)).flatten(1)
        if self.fc is None:
            self.fc = nn.Linear(x.size(1), 10)  # HERE
        return self.fc(x)
""",
        "stops",
        r"(?=.*__init__)(?=.*nn\.(Lazy)?Linear)",
    ),
    "layers-at-the-top": Broken(
        """
conv1 = nn.Conv2d(1, 6, 5, stride=3)  # HERE
fc = nn.Linear(600, 10)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter(torch.ones(1))

    def forward(self, x):
        return self.scale * fc(torch.relu(conv1(x)).flatten(1))
""",
        "stops",
        _REGISTERED.format(cure=r"__init__"),
    ),
    "network-at-the-top-that-is-returned": Broken(
        """
model = nn.Sequential(nn.Flatten(), nn.Linear(1024, 16), nn.ReLU(), nn.Linear(16, 10))  # HERE


def net():
    return model  # HERE
""",
        "spoils or stops",
        r"(?=.*seed|.*same network|.*every|.*each)(?=.*def |.*function|.*return)",
        name="net",
    ),
    "dropout-in-evaluation": _network(
        "spoils", r"self\.training", then="x = F.dropout(x, 0.5)  # HERE"
    ),
    "dropout-always-in-training": _network(
        "spoils", r"self\.training", then="x = F.dropout(x, p=0.2, training=True)  # HERE"
    ),
    "noise-in-evaluation": _network(
        "spoils", r"self\.training", first="x = x + 0.1 * torch.randn_like(x)  # HERE"
    ),
    "dropout-of-everything": _network(
        "spoils",
        r"(?=.*drops everything|.*Dropout)(?=.*0\.5)",
        made="self.drop = nn.Dropout(1.0)  # HERE",
        then="x = self.drop(x)",
    ),
    "norm-without-running-statistics": Broken(
        """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 6, 5, stride=3)
        self.bn = nn.BatchNorm2d(6, track_running_stats=False)  # HERE
        self.fc = nn.Linear(600, 10)

    def forward(self, x):  # HERE
        return self.fc(torch.relu(self.bn(self.conv(x))).flatten(1))
""",
        "spoils",
        r"track_running_stats",
    ),
    "mean-of-the-batch-taken-off": _network(
        "spoils", r"(?=.*alone|.*other images)(?=.*dim=0)", then="x = x - x.mean(0)  # HERE"
    ),
    "attention-over-the-images": Broken(
        """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.rows = nn.Linear(32, 16)
        self.layer = nn.TransformerEncoderLayer(16, 2, 32)  # HERE
        self.fc = nn.Linear(16, 10)

    def forward(self, x):  # HERE
        x = self.layer(self.rows(x.squeeze(1)))
        return self.fc(x.mean(1))
""",
        "spoils",
        r"(?=.*alone|.*other images)(?=.*batch_first)",
    ),
    "images-changed-in-place": _network(
        "spoils", r"(?=.*images)(?=.*in.place|.*\+=|.*new)", first="x += 1  # HERE"
    ),
    "first-layer-in-place": Broken(
        """
def net():
    return nn.Sequential(
        nn.ReLU(inplace=True), nn.Flatten(), nn.Linear(1024, 16), nn.Tanh(),  # HERE
        nn.Linear(16, 10))
""",
        "spoils",
        r"inplace",
        name="net",
    ),
    "in-place-after-the-sigmoid": _network(
        "stops", r"in place", then="x = torch.sigmoid(x)", last="x = x.exp(); x += x.mean()  # HERE"
    ),
    "in-place-on-what-is-needed": Broken(
        """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(1024, 16), nn.Linear(16, 10)

    def forward(self, x):  # HERE
        h = torch.sigmoid(self.fc1(x.flatten(1)))
        y = h * h
        h += 1  # HERE
        return self.fc2(y + h)
""",
        "stops",
        r"in place",
    ),
    "running-mean-that-keeps-its-graph": Broken(
        """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(1024, 16), nn.Linear(16, 10)
        self.mean = torch.zeros(16)

    def forward(self, x):
        h = self.fc1(x.flatten(1))
        if self.training:
            self.mean = 0.9 * self.mean + 0.1 * h.mean(0)  # HERE
        return self.fc2(torch.relu(h - self.mean))
""",
        "stops",
        r"(?=.*\bmean\b)(?=.*\.detach\(\))",
    ),
    "recurrent-state-that-keeps-its-graph": Broken(
        """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm, self.fc = nn.LSTM(32, 16, batch_first=True), nn.Linear(16, 10)
        self.state = None

    def forward(self, x):
        if self.state is not None and self.state[0].size(1) != len(x):
            self.state = None
        out, self.state = self.lstm(x.squeeze(1), self.state)  # HERE
        return self.fc(out[:, -1])
""",
        "stops or spoils",
        r"(?=.*\bstate\b)(?=.*detach\(\)|.*each batch|.*None)",
    ),
    "seed-in-init": Broken(
        """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        torch.manual_seed(42)  # HERE
        self.fc1, self.fc2 = nn.Linear(1024, 16), nn.Linear(16, 10)

    def forward(self, x):
        return self.fc2(torch.relu(self.fc1(x.flatten(1))))
""",
        "spoils",
        r"(?=.*seed)(?=.*(delete|remove|take\b.*\bout))",
    ),
    "seed-in-a-function-that-init-calls": Broken(
        """
import random

import numpy as np
import torch
from torch import nn


def set_seed(seed=0):
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)  # HERE


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        set_seed()  # HERE
        self.fc1, self.fc2 = nn.Linear(1024, 16), nn.Linear(16, 10)

    def forward(self, x):
        return self.fc2(torch.relu(self.fc1(x.flatten(1))))
""",
        "spoils",
        r"(?=.*seed)(?=.*(delete|remove|take\b.*\bout))",
    ),
    "seed-in-forward": Broken(
        """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(1024, 32), nn.Linear(32, 10)

    def forward(self, x):
        torch.manual_seed(0)  # HERE
        x = torch.relu(self.fc1(x.flatten(1)))
        return self.fc2(F.dropout(x, 0.5, self.training))
""",
        "spoils",
        r"(?=.*seed)(?=.*(delete|remove|take\b.*\bout))",
    ),
    "weights-of-one-constant": Broken(
        """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 6, 5, stride=3)  # HERE
        self.fc = nn.Linear(600, 10)
        for m in self.modules():
            if isinstance(m, (nn.Conv2d, nn.Linear)):
                nn.init.constant_(m.weight, 0.01)  # HERE

    def forward(self, x):
        return self.fc(torch.relu(self.conv(x)).flatten(1))
""",
        "spoils",
        r"(?=.*conv)(?=.*equal|.*same|.*alike|.*constant)",
    ),
    "weights-of-ones": Broken(
        """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.w1 = nn.Parameter(torch.ones(1024, 16) / 1024)  # HERE
        self.w2 = nn.Parameter(torch.randn(16, 10))

    def forward(self, x):
        return torch.relu(x.flatten(1) @ self.w1) @ self.w2
""",
        "spoils",
        r"(?=.*w1)(?=.*equal|.*same|.*alike|.*constant)",
    ),
    "weights-of-zeros": _network(
        "spoils",
        r"(?=.*weights)(?=.*\b0\b)",
        made="for p in self.parameters(): nn.init.zeros_(p)  # HERE",
    ),
    "weights-of-zeros-within": Broken(
        """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(1024, 16), nn.Linear(16, 10)  # HERE
        for fc in (self.fc1, self.fc2):
            nn.init.zeros_(fc.weight)  # HERE
            nn.init.zeros_(fc.bias)

    def forward(self, x):
        return self.fc2(torch.relu(self.fc1(x.flatten(1))))
""",
        "spoils",
        r"(?=.*fc1)(?=.*\b0\b)",
    ),
    "multiplied-by-0": _network("spoils", r"\b0\b", last="x = 0 * x  # HERE"),
    "not-a-number": Broken(
        """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(1024, 10)

    def forward(self, x):
        x = torch.log(x)  # HERE
        return self.fc(x.flatten(1))
""",
        "stops",
        r"(?=.*NaN)(?=.*logarithm|.*log\()",
    ),
    "not-a-number-by-0-over-0": _network(
        "stops", r"(?=.*NaN)(?=.*divi)", then="x = x / (x - x)  # HERE"
    ),
    "not-a-number-in-the-gradient": Broken(
        """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv, self.fc = nn.Conv2d(1, 6, 5, stride=3), nn.Linear(150, 10)

    def forward(self, x):
        x = F.dropout2d(self.conv(x), 0.5, self.training)
        x = torch.sqrt(F.avg_pool2d(x ** 2, 2))  # HERE
        return self.fc(x.flatten(1))
""",
        "stops",
        r"(?=.*gradient)(?=.*NaN|.*infinit)(?=.*sqrt|.*root|.*1e-|.*small number)",
    ),
    "not-a-number-by-the-deviation-of-one-number": Broken(
        """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(1024, 10)

    def forward(self, x):
        x = x.flatten(1)
        x = (x - x.mean(1, keepdim=True)) / x[:, :1].std(1, keepdim=True)  # HERE
        return self.fc(x)
""",
        "stops",
        r"(?=.*NaN)(?=.*divi|.*std)",
    ),
    "drawn-sizes": Broken(
        """
import random

import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        width = random.randint(16, 400)  # HERE
        self.fc1, self.fc2 = nn.Linear(1024, width), nn.Linear(width, 10)  # HERE

    def forward(self, x):
        return self.fc2(torch.relu(self.fc1(x.flatten(1))))
""",
        "stops",
        r"same (layers|sizes?|widths?)",
    ),
    "parameter-that-is-expanded": Broken(
        """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(1024, 10)
        self.bias = nn.Parameter(torch.zeros(1).expand(10))  # HERE

    def forward(self, x):
        return self.fc(x.flatten(1)) + self.bias
""",
        "stops",
        r"(?=.*\bbias\b)(?=.*clone\(\)|.*contiguous\(\)|.*repeat)",
    ),
    "state-of-its-own-saving": Broken(
        """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc, self.version = nn.Linear(1024, 10), 3

    def forward(self, x):
        return self.fc(x.flatten(1))

    def get_extra_state(self):  # HERE
        return {"version": self.version}

    def set_extra_state(self, state):
        self.version = state["version"]
""",
        "stops",
        r"(?=.*get_extra_state)(?=.*register_buffer)",
    ),
    "moved-to-a-gpu-in-init": Broken(
        """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(1024, 10).cuda()  # HERE

    def forward(self, x):
        return self.fc(x.flatten(1))
""",
        "stops",
        r"(?=.*\.cuda\(\))(?=.*(delete|remove|take\b.*\bout))",
    ),
    "images-moved-to-a-gpu": Broken(
        """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(1024, 10)

    def forward(self, x):
        return self.fc(x.to("cuda").flatten(1))  # HERE
""",
        "stops",
        r"(?=.*GPU)(?=.*(delete|remove|take\b.*\bout))",
    ),
    "linear-layers-with-nothing-between": Broken(
        """
class FashionCNN(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer1 = nn.Sequential(nn.Conv2d(1, 6, 5, 3), nn.BatchNorm2d(6), nn.ReLU())
        self.fc1 = nn.Linear(600, 60)  # HERE
        self.fc2 = nn.Linear(60, 30)  # HERE
        self.fc3 = nn.Linear(30, 10)  # HERE

    def forward(self, x):
        x = self.layer1(x).flatten(1)
        return self.fc3(self.fc2(self.fc1(x)))  # HERE
""",
        "none",
        r"(?=.*fc1)(?=.*fc[23])(?=.*(ReLU|activation))",
        name="FashionCNN",
    ),
    "convolutions-with-nothing-between": Broken(
        """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 6, 5)  # HERE
        self.conv2 = nn.Conv2d(6, 8, 5, stride=3)  # HERE
        self.fc = nn.Linear(512, 10)

    def forward(self, x):
        x = torch.relu(self.conv2(self.conv1(x)))  # HERE
        return self.fc(x.flatten(1))
""",
        "none",
        r"(?=.*conv1)(?=.*conv2)(?=.*(ReLU|activation))",
    ),
    "activations-forgotten-everywhere": Broken(
        """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(1, 6, 5, 2), nn.Conv2d(6, 8, 5, 2)  # HERE
        self.fc1, self.fc2 = nn.Linear(200, 30), nn.Linear(30, 10)

    def forward(self, x):
        x = self.conv2(self.conv1(x))  # HERE
        return self.fc2(self.fc1(x.view(-1, 200)))
""",
        "none or spoils",
        r"(?=.*conv1)(?=.*(ReLU|activation))",
    ),
    "names-drawn-once-for-all-networks": Broken(
        """
made = 0


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        global made
        made += 1
        self.add_module(f"fc{made}", nn.Linear(1024, 10))  # HERE

    def forward(self, x):
        return list(self.children())[0](x.flatten(1))
""",
        "stops",
        r"same (layers|names?)",
    ),
}
