"""Activations, normalisations and dropouts: PyTorch's layers, functions, and one's own."""

import re

from tests.support.networks.case import Sound

_ACTIVATED = """
{before}class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 6, 5, stride=3)
        self.fc1 = nn.Linear(600, 20)
        self.fc2 = nn.Linear(20, 10){made}

    def forward(self, x):
        x = {first}
        x = {second}
        return self.fc2(x)
"""


def _activated(first: str, second: str | None = None, made: str = "", before: str = "") -> Sound:
    """Return a network with activations, written with ``_`` for what they are applied to."""
    return Sound(
        _ACTIVATED.replace("{before}", before and f"{before.strip()}\n\n\n")
        .replace("{made}", made and f"\n        {made}")
        .replace("{first}", re.sub(r"\b_\b", "self.conv(x)", first))
        .replace("{second}", re.sub(r"\b_\b", "self.fc1(x.flatten(1))", second or first))
    )


_NORMALISED = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(
            nn.Conv2d(1, 8, 5, stride=3), {maps}, nn.ReLU(),
            nn.Flatten(),
            nn.Linear(800, 20), {row}, nn.ReLU(),
            nn.Linear(20, 10),
        )

    def forward(self, x):
        return self.net(x)
"""


def _normalised(maps: str, row: str) -> Sound:
    return Sound(_NORMALISED.replace("{maps}", maps).replace("{row}", row))


SOUND = {
    "sigmoid": _activated("torch.sigmoid(_)"),
    "sigmoid-method": _activated("(_).sigmoid()"),
    "tanh": _activated("torch.tanh(_)"),
    "scaled-tanh-of-1998": _activated("1.7159 * torch.tanh(2 / 3 * _)"),
    "elu-and-selu": _activated("F.elu(_)", "F.selu(_)"),
    "celu-in-place": _activated("F.celu(_, alpha=0.5, inplace=True)"),
    "leaky-relu": _activated("F.leaky_relu(_, negative_slope=0.1)"),
    "random-leaky-relu": _activated("F.rrelu(_, training=self.training)"),
    "gelu": _activated("F.gelu(_)"),
    "gelu-by-tanh": _activated("F.gelu(_, approximate='tanh')"),
    "silu": _activated("F.silu(_)"),
    "mish": _activated("F.mish(_)"),
    "hard-swish": _activated("F.hardswish(_)", "F.hardsigmoid(_) * 2"),
    "hard-tanh": _activated("F.hardtanh(_)"),
    "softplus-and-softsign": _activated("F.softplus(_)", "F.softsign(_)"),
    "log-sigmoid": _activated("F.logsigmoid(_)"),
    "relu-6": _activated("F.relu6(_)"),
    "relu-by-clamp": _activated("(_).clamp(min=0)"),
    "relu-by-maximum": _activated("torch.maximum(_, torch.tensor(0.0))"),
    "relu-by-where": _activated("(lambda v: torch.where(v > 0, v, torch.zeros_like(v)))(_)"),
    "relu-by-threshold": _activated("F.threshold(_, 0.0, 0.0)"),
    "square": _activated("(_) ** 2"),
    "sine": _activated("torch.sin(_)"),
    "absolute-value": _activated("(_).abs()"),
    "softmax-inside": _activated("F.softmax(_, dim=1)", "F.relu(_)"),
    "gumbel-softmax-inside": _activated(
        "F.relu(_)",
        "(lambda v: F.gumbel_softmax(v) if self.training else v.softmax(1))(_)",
    ),
    "parametric-relu": _activated("self.act(_)", made="self.act = nn.PReLU()"),
    "parametric-relu-per-channel": _activated(
        "self.act1(_)",
        "self.act2(_)",
        made="self.act1, self.act2 = nn.PReLU(6), nn.PReLU(20, init=0.1)",
    ),
    "one-activation-for-all": _activated("self.relu(_)", made="self.relu = nn.ReLU(inplace=True)"),
    "activation-in-a-dictionary": _activated(
        "self.acts['lrelu'](_)",
        "self.acts['prelu'](_)",
        made="self.acts = nn.ModuleDict({'lrelu': nn.LeakyReLU(), 'prelu': nn.PReLU()})",
    ),
    "activation-as-a-function-attribute": _activated(
        "self.activation(_)", made="self.activation = F.relu"
    ),
    "own-swish": _activated(
        "self.swish(_)",
        made="self.swish = Swish()",
        before="""
class Swish(nn.Module):
    def forward(self, x):
        return x * torch.sigmoid(x)
""",
    ),
    "own-swish-with-a-learned-slope": _activated(
        "self.swish(_)",
        made="self.swish = Swish()",
        before="""
class Swish(nn.Module):
    def __init__(self):
        super().__init__()
        self.beta = nn.Parameter(torch.tensor(1.0))

    def forward(self, x):
        return x * torch.sigmoid(self.beta * x)
""",
    ),
    "own-mish": _activated(
        "mish(_)",
        before="""
def mish(x):
    return x * torch.tanh(F.softplus(x))
""",
    ),
    "own-rational-activation": _activated(
        "self.act(_)",
        made="self.act = Rational()",
        before="""
class Rational(nn.Module):
    def __init__(self):
        super().__init__()
        self.p = nn.Parameter(torch.tensor([0.0, 1.0, 0.5]))
        self.q = nn.Parameter(torch.tensor([0.1, 0.1]))

    def forward(self, x):
        a, b, c = self.p
        return (a + b * x + c * x * x) / (1 + (self.q[0] * x).abs() + (self.q[1] * x * x).abs())
""",
    ),
    "own-backward": _activated(
        "MyReLU.apply(_)",
        before="""
class MyReLU(torch.autograd.Function):
    @staticmethod
    def forward(ctx, input):
        ctx.save_for_backward(input)
        return input.clamp(min=0)

    @staticmethod
    def backward(ctx, grad_output):
        input, = ctx.saved_tensors
        grad_input = grad_output.clone()
        grad_input[input < 0] = 0
        return grad_input
""",
    ),
    "sign-with-a-straight-through-gradient": _activated(
        "Sign.apply(_)",
        before="""
class Sign(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return torch.sign(x)

    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        return g * (x.abs() <= 1)
""",
    ),
    "rounding-past-the-gradient": _activated(
        "(lambda v: v + (torch.round(v * 8) / 8 - v).detach())(_)"
    ),
    "concatenated-relu": Sound(
        """
class CReLU(nn.Module):
    def forward(self, x):
        return F.relu(torch.cat((x, -x), 1))


def net():
    return nn.Sequential(
        nn.Conv2d(1, 4, 5, stride=3), CReLU(), nn.Flatten(), nn.Linear(800, 10))
""",
        name="net",
    ),
    "gated-linear-unit": Sound("""
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 12, 5, stride=3)
        self.glu = nn.GLU(dim=1)
        self.fc = nn.Linear(600, 10)

    def forward(self, x):
        return self.fc(self.glu(self.conv(x)).flatten(1))
"""),
    "gated-by-a-second-branch": Sound("""
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Linear(1024, 20, bias=False), nn.Linear(1024, 20, bias=False)
        self.out = nn.Linear(20, 10)

    def forward(self, x):
        x = x.flatten(1)
        return self.out(F.silu(self.a(x)) * self.b(x))
"""),
    "batch-norm": _normalised("nn.BatchNorm2d(8)", "nn.BatchNorm1d(20)"),
    "batch-norm-without-weights": _normalised(
        "nn.BatchNorm2d(8, affine=False)", "nn.BatchNorm1d(20, momentum=None)"
    ),
    "layer-norm": _normalised("nn.LayerNorm([8, 10, 10])", "nn.LayerNorm(20)"),
    "layer-norm-without-weights": _normalised(
        "nn.LayerNorm((10, 10), elementwise_affine=False)", "nn.LayerNorm(20, bias=False)"
    ),
    "group-norm": _normalised("nn.GroupNorm(2, 8)", "nn.GroupNorm(1, 20)"),
    "instance-norm": _normalised("nn.InstanceNorm2d(8, affine=True)", "nn.LayerNorm(20)"),
    "instance-norm-with-running-statistics": _normalised(
        "nn.InstanceNorm2d(8, track_running_stats=True)", "nn.Identity()"
    ),
    "rms-norm": _normalised("nn.GroupNorm(8, 8)", "nn.RMSNorm(20)"),
    "local-response-norm": _normalised("nn.LocalResponseNorm(5, k=2.0)", "nn.Identity()"),
    "dropout": _normalised("nn.Dropout(0.1)", "nn.Dropout(p=0.5)"),
    "dropout-2d": _normalised("nn.Dropout2d(0.2)", "nn.Dropout(0.2)"),
    "alpha-dropout": _normalised("nn.FeatureAlphaDropout(0.1)", "nn.AlphaDropout(0.1)"),
    "dropout-in-place-of-the-input": _normalised("nn.Identity()", "nn.Dropout(0.3, inplace=True)"),
    "identity-instead": _normalised("nn.Identity()", "nn.Identity(54, unused=True)"),
    "functional-batch-norm": Sound("""
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 8, 5, stride=3)
        self.register_buffer("mean", torch.zeros(8))
        self.register_buffer("var", torch.ones(8))
        self.weight = nn.Parameter(torch.ones(8))
        self.fc = nn.Linear(800, 10)

    def forward(self, x):
        x = F.batch_norm(
            self.conv(x), self.mean, self.var, self.weight, training=self.training, momentum=0.1)
        return self.fc(F.relu(x).flatten(1))
"""),
    "functional-layer-norm": Sound("""
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(1024, 20), nn.Linear(20, 10)

    def forward(self, x):
        x = F.layer_norm(x, x.shape[1:])
        x = F.relu(self.fc1(x.flatten(1)))
        return self.fc2(F.normalize(x, dim=1) * 5)
"""),
    "own-batch-norm": Sound(
        """
class MyBatchNorm(nn.Module):
    def __init__(self, features, momentum=0.1, eps=1e-5):
        super().__init__()
        self.gamma = nn.Parameter(torch.ones(1, features, 1, 1))
        self.beta = nn.Parameter(torch.zeros(1, features, 1, 1))
        self.register_buffer("moving_mean", torch.zeros(1, features, 1, 1))
        self.register_buffer("moving_var", torch.ones(1, features, 1, 1))
        self.momentum, self.eps = momentum, eps

    def forward(self, X):
        if self.training:
            mean = X.mean(dim=(0, 2, 3), keepdim=True)
            var = ((X - mean) ** 2).mean(dim=(0, 2, 3), keepdim=True)
            with torch.no_grad():
                self.moving_mean.lerp_(mean, self.momentum)
                self.moving_var.lerp_(var, self.momentum)
        else:
            mean, var = self.moving_mean, self.moving_var
        return self.gamma * (X - mean) / torch.sqrt(var + self.eps) + self.beta


def net():
    return nn.Sequential(
        nn.Conv2d(1, 6, 5, stride=3), MyBatchNorm(6), nn.ReLU(), nn.Flatten(), nn.Linear(600, 10))
""",
        name="net",
    ),
    "own-batch-norm-with-buffers-replaced": Sound("""
class Norm(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.register_buffer("mean", torch.zeros(c))
        self.register_buffer("steps", torch.tensor(0))

    def forward(self, x):
        if self.training:
            self.mean = 0.9 * self.mean + 0.1 * x.detach().mean(0)
            self.steps += 1
        return x - self.mean


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1, self.norm, self.fc2 = nn.Linear(1024, 20), Norm(20), nn.Linear(20, 10)

    def forward(self, x):
        return self.fc2(torch.relu(self.norm(self.fc1(x.flatten(1)))))
"""),
    "own-dropout": Sound("""
class MyDropout(nn.Module):
    def __init__(self, p=0.5):
        super().__init__()
        self.p = p

    def forward(self, x):
        if not self.training:
            return x
        mask = (torch.rand_like(x) > self.p).float()
        return mask * x / (1 - self.p)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(
            nn.Flatten(), nn.Linear(1024, 30), nn.ReLU(), MyDropout(0.2), nn.Linear(30, 10))

    def forward(self, x):
        return self.net(x)
"""),
    "noise-in-training": Sound(
        """
class GaussianNoise(nn.Module):
    def __init__(self, sigma=0.1):
        super().__init__()
        self.sigma = sigma

    def forward(self, x):
        return x + self.sigma * torch.randn_like(x) if self.training else x


def net():
    return nn.Sequential(
        GaussianNoise(), nn.Conv2d(1, 6, 5, stride=3), nn.ReLU(), GaussianNoise(0.05),
        nn.Flatten(), nn.Linear(600, 10))
""",
        name="net",
    ),
    "drop-block": Sound("""
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 6, 5, stride=2)
        self.fc = nn.Linear(6 * 14 * 14, 10)

    def drop_block(self, x, p=0.1, size=3):
        gamma = p / size ** 2
        seeds = torch.bernoulli(torch.full_like(x[:, :1], gamma))
        mask = 1 - F.max_pool2d(seeds, size, stride=1, padding=size // 2)
        return x * mask * (mask.numel() / mask.sum().clamp(min=1))

    def forward(self, x):
        x = F.relu(self.conv(x))
        if self.training:
            x = self.drop_block(x)
        return self.fc(x.flatten(1))
"""),
    "dropout-by-the-function-and-its-flag": Sound("""
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv, self.fc = nn.Conv2d(1, 6, 5, 3), nn.Linear(600, 10)

    def forward(self, x):
        x = F.dropout2d(F.relu(self.conv(x)), 0.1, training=self.training)
        x = torch.dropout(x.flatten(1), 0.2, self.training)
        return self.fc(x)
"""),
    "stochastic-depth": Sound("""
import random

import torch
from torch import nn


class Drop(nn.Module):
    def __init__(self, inner, keep):
        super().__init__()
        self.inner, self.keep = inner, keep

    def forward(self, x):
        if not self.training:
            return x + self.keep * self.inner(x)
        if random.random() < self.keep:
            return x + self.inner(x)
        return x


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(1, 8, 4, stride=4)
        blocks = [nn.Sequential(nn.Conv2d(8, 8, 3, padding=1), nn.ReLU()) for _ in range(4)]
        self.blocks = nn.Sequential(*[Drop(b, keep) for b, keep in zip(blocks, (.9, .7, .5, .3))])
        self.fc = nn.Linear(512, 10)

    def forward(self, x):
        return self.fc(self.blocks(self.stem(x)).flatten(1))
"""),
    "drop-path-per-image": Sound("""
def drop_path(x, p, training):
    if p == 0.0 or not training:
        return x
    keep = 1 - p
    mask = x.new_empty((x.shape[0],) + (1,) * (x.ndim - 1)).bernoulli_(keep)
    return x * mask / keep


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Linear(1024, 16)
        self.blocks = nn.ModuleList(nn.Linear(16, 16) for _ in range(3))
        self.head = nn.Linear(16, 10)

    def forward(self, x):
        x = self.stem(x.flatten(1))
        for i, block in enumerate(self.blocks):
            x = x + drop_path(torch.relu(block(x)), 0.2 * i, self.training)
        return self.head(x)
"""),
    "shake-shake": Sound("""
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(1, 6, 4, 4)
        self.left, self.right = nn.Conv2d(6, 6, 3, padding=1), nn.Conv2d(6, 6, 3, padding=1)
        self.fc = nn.Linear(384, 10)

    def forward(self, x):
        x = torch.relu(self.stem(x))
        if self.training:
            a = torch.rand(x.size(0), 1, 1, 1, device=x.device)
        else:
            a = 0.5
        x = x + a * self.left(x) + (1 - a) * self.right(x)
        return self.fc(torch.relu(x).flatten(1))
"""),
}
