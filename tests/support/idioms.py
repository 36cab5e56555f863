"""Networks as students write them, each in another tutorial's style: images (N, 1, 32, 32)."""

import math
from itertools import pairwise

import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812


class FunctionalLeNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(1, 6, 5), nn.Conv2d(6, 16, 5)
        self.fc1, self.fc2, self.fc3 = nn.Linear(400, 120), nn.Linear(120, 84), nn.Linear(84, 10)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.conv1(x)), (2, 2))
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)
        x = x.view(-1, self.num_flat_features(x))
        x = F.relu(self.fc1(x))
        x = F.dropout(x, training=self.training)
        x = F.relu(self.fc2(x))
        return self.fc3(x)

    def num_flat_features(self, x):
        size = x.size()[1:]
        count = 1
        for s in size:
            count *= s
        return count


def sequential():
    return nn.Sequential(
        nn.Conv2d(1, 8, 3, padding="same"), nn.ReLU(inplace=True), nn.MaxPool2d(2, ceil_mode=True),
        nn.Conv2d(8, 16, 3, padding=1, stride=2), nn.LeakyReLU(0.1), nn.AvgPool2d(3, 2, 1),
        nn.Flatten(), nn.Dropout(0.5), nn.Linear(256, 10), nn.LogSoftmax(dim=1),
    )  # fmt: skip


class Perceptron(nn.Module):
    """A loop over layers in a list, and a condition on a shape."""

    def __init__(self):
        super().__init__()
        sizes = [1024, 64, 32, 10]
        self.layers = nn.ModuleList(nn.Linear(a, b) for a, b in pairwise(sizes))

    def forward(self, x):
        if x.dim() > 2:
            x = x.reshape(x.shape[0], -1)
        for layer in self.layers[:-1]:
            x = torch.sigmoid(layer(x))
        return self.layers[-1](x)


class BatchNormNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(1, 8, 5, bias=False), nn.BatchNorm2d(8), nn.ReLU6(), nn.MaxPool2d(2),
            nn.Conv2d(8, 12, 3), nn.BatchNorm2d(12, affine=False), nn.ELU(), nn.Dropout2d(0.2),
        )  # fmt: skip
        self.head = nn.Sequential(nn.Linear(12, 20), nn.BatchNorm1d(20), nn.GELU())
        self.out = nn.Linear(20, 10)

    def forward(self, x):
        return self.out(self.head(self.body(x).mean(dim=(2, 3))))


class Block(nn.Module):
    def __init__(self, ins, outs, stride=1):
        super().__init__()
        self.conv1 = nn.Conv2d(ins, outs, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(outs)
        self.conv2 = nn.Conv2d(outs, outs, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outs)
        self.relu = nn.ReLU(inplace=True)
        self.downsample = None
        if stride != 1 or ins != outs:
            self.downsample = nn.Sequential(nn.Conv2d(ins, outs, 1, stride), nn.BatchNorm2d(outs))

    def forward(self, x):
        identity = x
        out = self.relu(self.bn1(self.conv1(x)))
        out = self.bn2(self.conv2(out))
        if self.downsample is not None:
            identity = self.downsample(x)
        out += identity
        return self.relu(out)


class ResNet(nn.Module):
    """torchvision's style: one ReLU used twice, in place, and an addition in place."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(1, 8, 3, 2, 1)
        self.layer1, self.layer2 = Block(8, 8), Block(8, 16, 2)
        self.avgpool, self.fc = nn.AdaptiveAvgPool2d((1, 1)), nn.Linear(16, 10)

    def forward(self, x):
        x = self.layer2(self.layer1(self.stem(x)))
        return self.fc(torch.flatten(self.avgpool(x), 1))


class Inception(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(1, 6, 3, stride=2)
        self.a, self.b = nn.Conv2d(6, 4, 1), nn.Conv2d(6, 4, 3, padding=1)
        self.c, self.d = nn.Conv2d(6, 4, 5, padding=2), nn.Conv2d(6, 4, 1)
        self.fc = nn.Linear(16, 10)

    def forward(self, x):
        x = F.relu(self.stem(x))
        pooled = F.max_pool2d(x, 3, stride=1, padding=1)
        x = torch.cat((self.a(x), self.b(x), self.c(x), self.d(pooled)), dim=1)
        return self.fc(F.adaptive_max_pool2d(F.relu(x), 1).squeeze(-1).squeeze(-1))


class Depthwise(nn.Module):
    def __init__(self):
        super().__init__()
        self.depth = nn.Conv2d(4, 8, 3, padding=1, groups=4)
        self.point = nn.Conv2d(8, 12, 1)
        self.stem, self.act = nn.Conv2d(1, 4, 5, stride=3), nn.Hardswish()
        self.fc = nn.Linear(12, 10)

    def forward(self, x):
        x = self.act(self.point(self.depth(self.act(self.stem(x)))))
        return self.fc(F.adaptive_avg_pool2d(x, 1).view(x.size(0), -1))


class SqueezeExcite(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 8, 5, stride=2)
        self.squeeze, self.excite = nn.Linear(8, 4), nn.Linear(4, 8)
        self.scale = nn.Parameter(torch.full((1, 8, 1, 1), 0.7))
        self.fc = nn.Linear(8, 10)

    def forward(self, x):
        x = F.silu(self.conv(x))
        b, c, _, _ = x.shape
        s = x.mean([2, 3])
        s = torch.sigmoid(self.excite(F.relu(self.squeeze(s)))).view(b, c, 1, 1)
        x = x * s.expand_as(x) + self.scale * x - 0.1
        return self.fc(x.amax((-1, -2)))


class Dilated(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Conv2d(1, 6, 3, dilation=2, padding=2, padding_mode="reflect")
        self.b = nn.Conv2d(6, 6, (3, 1), stride=(2, 1), dilation=(3, 1), padding_mode="zeros")
        self.norm = nn.GroupNorm(3, 6)
        self.act = nn.PReLU(6)
        self.fc = nn.Linear(6 * 4 * 4, 10)

    def forward(self, x):
        x = self.act(self.norm(self.b(F.mish(self.a(x)))))
        return self.fc(F.adaptive_avg_pool2d(x, (4, 4)).flatten(1))


class Shuffle(nn.Module):
    """ShuffleNet's halves and shuffle, written by hand."""

    def __init__(self):
        super().__init__()
        self.stem, self.branch = nn.Conv2d(1, 8, 3, 2), nn.Conv2d(4, 4, 3, padding=1, groups=2)
        self.fc = nn.Linear(8 * 25, 10)

    def forward(self, x):
        left, right = self.stem(x).chunk(2, dim=1)
        x = torch.cat([left, torch.tanh(self.branch(right))], 1)
        n, c, h, w = x.shape
        x = x.view(n, 2, c // 2, h, w).transpose(1, 2).contiguous().view(n, -1, h, w)
        x = F.interpolate(F.avg_pool2d(x, 3), scale_factor=1, mode="nearest")
        return self.fc(torch.flatten(x, start_dim=1))


class Stacked(nn.Module):
    """Two branches as one tensor, stack, permute, split, and layer normalisation over channels."""

    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Conv2d(1, 4, 5, 4), nn.Conv2d(1, 4, 7, 4, 1)
        self.norm, self.fc = nn.LayerNorm(4), nn.Linear(8, 10)
        self.instance = nn.InstanceNorm2d(4, affine=True)

    def forward(self, x):
        x = torch.stack([self.instance(self.a(x)), self.b(x)], dim=1).sum(1) / 2
        x = self.norm(x.permute(0, 2, 3, 1)).movedim(-1, 1)
        top, bottom = torch.split(F.softplus(x), [3, x.shape[2] - 3], dim=2)
        return self.fc(torch.cat([top.mean((2, 3)), bottom.amax((2, 3))], dim=-1))


class Historic(nn.Module):
    """LeCun's own activation, weights with a norm of their own, and numbers on both sides."""

    def __init__(self):
        super().__init__()
        self.conv = nn.utils.parametrizations.weight_norm(nn.Conv2d(1, 6, 5, stride=2))
        self.fc = nn.Linear(6 * 14 * 14, 10)
        self.register_buffer("mean", torch.tensor([[[0.3]]]))

    def forward(self, x):
        x = (x - self.mean) / 0.35
        x = 1.7159 * torch.tanh(self.conv(x) * 2 / 3)
        return 1 - self.fc(x.reshape(len(x), -1)) / math.sqrt(10)


class TokenMixer(nn.Module):
    """Patches as tokens, mixed by linear layers: a transformer's shape without attention."""

    def __init__(self):
        super().__init__()
        self.embed = nn.Conv2d(1, 12, 8, 8)
        self.position = nn.Parameter(torch.randn(1, 16, 12) * 0.1)
        self.mix, self.norm, self.head = nn.Linear(16, 16), nn.LayerNorm(12), nn.Linear(12, 10)

    def forward(self, x):
        x = self.embed(x).flatten(2).transpose(1, 2) + self.position
        x = x + F.gelu(self.mix(self.norm(x).transpose(1, 2)), approximate="tanh").transpose(1, 2)
        return self.head(x.mean(dim=1))


IDIOMS = {
    make.__name__: make
    for make in (
        *(FunctionalLeNet, sequential, Perceptron, BatchNormNet, ResNet, Inception, Depthwise),
        *(SqueezeExcite, Dilated, Shuffle, Stacked, Historic, TokenMixer),
    )
}


def lively(make, seed=0):
    """Return a network as if it had been trained: no normalisation is the identity."""
    torch.manual_seed(seed)
    network = make()
    with torch.no_grad():
        for module in network.modules():
            if isinstance(module, nn.Conv2d) and not hasattr(module, "parametrizations"):
                nn.init.kaiming_normal_(module.weight)  # else deep ones see no difference
            if (
                isinstance(module, nn.modules.batchnorm._NormBase)
                and module.running_mean is not None
            ):
                module.running_mean.normal_(0, 0.2)
                module.running_var.uniform_(0.2, 2)
            if isinstance(module, nn.BatchNorm2d | nn.GroupNorm | nn.LayerNorm) and (
                module.weight is not None
            ):
                module.weight.uniform_(0.5, 2)
                module.bias.normal_(0, 0.5)
    return network.eval()
