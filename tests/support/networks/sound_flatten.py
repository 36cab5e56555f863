"""From maps to a row of numbers: the forms in which tutorials write it."""

from tests.support.networks.case import Sound

_TUTORIAL = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 6, 5)
        self.conv2 = nn.Conv2d(6, 16, 5)
        self.fc1 = nn.Linear(16 * 5 * 5, 40)
        self.fc2 = nn.Linear(40, 10)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)
        {flatten}
        x = F.relu(self.fc1(x))
        return self.fc2(x)
"""


def _flattened(*lines: str) -> Sound:
    return Sound(_TUTORIAL.replace("{flatten}", "\n        ".join(lines)))


_AFTER_BLOCKS = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer1 = nn.Sequential(
            nn.Conv2d(1, 8, kernel_size=5, stride=1, padding=2),
            nn.BatchNorm2d(8),
            nn.ReLU(),
            nn.MaxPool2d(kernel_size=2, stride=2),
        )
        self.layer2 = nn.Sequential(
            nn.Conv2d(8, 12, kernel_size=5, stride=1, padding=2),
            nn.BatchNorm2d(12),
            nn.ReLU(),
            nn.MaxPool2d(kernel_size=2, stride=2),
        )
        self.fc = nn.Linear(12 * 8 * 8, 10)

    def forward(self, x):
        out = self.layer1(x)
        out = self.layer2(out)
        {flatten}
        return self.fc(out)
"""


def _after_blocks(*lines: str) -> Sound:
    return Sound(_AFTER_BLOCKS.replace("{flatten}", "\n        ".join(lines)))


_POOLED = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(1, 12, 3, stride=2, padding=1), nn.ReLU(),
            nn.Conv2d(12, 16, 3, stride=2, padding=1), nn.BatchNorm2d(16), nn.ReLU(inplace=True),
        )
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(16, 10)

    def forward(self, x):
        {pooled}
        return self.fc(x)
"""


def _pooled(*lines: str) -> Sound:
    return Sound(_POOLED.replace("{pooled}", "\n        ".join(lines)))


SOUND = {
    "view-minus-1-by-number": _flattened("x = x.view(-1, 400)"),
    "view-minus-1-by-product": _flattened("x = x.view(-1, 16 * 5 * 5)"),
    "view-size-0": _flattened("x = x.view(x.size(0), -1)"),
    "view-size-brackets-0": _flattened("x = x.view(x.size()[0], -1)"),
    "view-shape-0": _flattened("x = x.view(x.shape[0], -1)"),
    "view-len": _flattened("x = x.view(len(x), -1)"),
    "view-named-sizes": _flattened("n, c, h, w = x.shape", "x = x.view(n, c * h * w)"),
    "view-number-of-features": _flattened(
        "features = 1",
        "for size in x.size()[1:]:",
        "    features *= size",
        "x = x.view(-1, features)",
    ),
    "view-by-features-in": _flattened("x = x.view(-1, self.fc1.in_features)"),
    "view-batch-of-the-input": Sound(
        _TUTORIAL.replace(
            "def forward(self, x):", "def forward(self, x):\n        b = x.size(0)"
        ).replace("{flatten}", "x = x.view(b, -1)")
    ),
    "view-start-and-end": _flattened("x = x.view(-1, *[400])"),
    "view-as-another": _flattened("x = x.view_as(torch.empty(x.size(0), 400))"),
    "contiguous-view": _flattened("x = x.contiguous().view(-1, 400)"),
    "reshape-minus-1": _flattened("x = x.reshape(-1, 400)"),
    "reshape-size-0": _flattened("x = x.reshape(x.size(0), -1)"),
    "reshape-function": _flattened("x = torch.reshape(x, (-1, 400))"),
    "reshape-shape-0": _flattened("x = torch.reshape(x, (x.shape[0], -1))"),
    "flatten-function": _flattened("x = torch.flatten(x, 1)"),
    "flatten-function-named": _flattened("x = torch.flatten(x, start_dim=1, end_dim=-1)"),
    "flatten-method": _flattened("x = x.flatten(1)"),
    "flatten-layer-in-forward": _flattened("x = nn.Flatten()(x)"),
    "unflatten-and-back": _flattened(
        "x = x.flatten(1)", "x = x.unflatten(1, (25, 16))", "x = x.flatten(start_dim=1)"
    ),
    "permute-then-reshape": _flattened("x = x.permute(0, 2, 3, 1).reshape(x.size(0), -1)"),
    "transpose-then-flatten": _flattened("x = x.transpose(1, 3).flatten(1)"),
    "view-of-a-clone": _flattened("x = x.clone().view(-1, 400)"),
    "view-out-of-list": _flattened(
        "x = torch.stack([each.view(-1) for each in x])",
    ),
    "view-after-blocks": _after_blocks("out = out.view(out.size(0), -1)"),
    "view-after-blocks-by-product": _after_blocks("out = out.view(-1, 12 * 8 * 8)"),
    "view-after-blocks-named-sizes": _after_blocks(
        "b, c, h, w = out.size()", "out = out.view(b, c * h * w)"
    ),
    "view-after-relu-in-place": _after_blocks(
        "out = out.relu_()", "out = out.view(out.size(0), -1)"
    ),
    "reshape-after-blocks": _after_blocks("out = out.reshape(out.size(0), -1)"),
    "flatten-after-blocks": _after_blocks("out = torch.flatten(out, start_dim=1)"),
    "view-then-batch-norm": Sound("""
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 8, 3, stride=2)
        self.bn = nn.BatchNorm2d(8)
        self.fc1 = nn.Linear(8 * 15 * 15, 24)
        self.bn1 = nn.BatchNorm1d(24)
        self.fc2 = nn.Linear(24, 10)

    def forward(self, x):
        x = self.bn(self.conv(x)).relu_()
        x = x.view(-1, 8 * 15 * 15)
        x = F.relu(self.bn1(self.fc1(x)))
        return self.fc2(x)
"""),
    "flatten-layer": Sound("""
class Net(nn.Module):
    def __init__(self):
        super(Net, self).__init__()
        self.conv = nn.Conv2d(1, 10, 5, stride=2)
        self.pool = nn.AvgPool2d(2)
        self.flatten = nn.Flatten()
        self.linear = nn.Linear(10 * 7 * 7, 10)

    def forward(self, x):
        return self.linear(self.flatten(self.pool(torch.relu(self.conv(x)))))
"""),
    "size-by-a-dry-pass": Sound("""
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 6, 3)
        self.conv2 = nn.Conv2d(6, 8, 3)
        self._to_linear = None
        self.convs(torch.randn(1, 1, 32, 32))
        self.fc1 = nn.Linear(self._to_linear, 32)
        self.fc2 = nn.Linear(32, 10)

    def convs(self, x):
        x = F.max_pool2d(F.relu(self.conv1(x)), (2, 2))
        x = F.max_pool2d(F.relu(self.conv2(x)), (2, 2))
        if self._to_linear is None:
            self._to_linear = x[0].shape[0] * x[0].shape[1] * x[0].shape[2]
        return x

    def forward(self, x):
        x = self.convs(x).view(-1, self._to_linear)
        return self.fc2(F.relu(self.fc1(x)))
"""),
    "size-by-a-dry-pass-without-gradient": Sound("""
class Net(nn.Module):
    def __init__(self, image_size=32):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 6, 5), nn.Tanh(), nn.AvgPool2d(2),
            nn.Conv2d(6, 10, 5), nn.Tanh(), nn.AvgPool2d(2),
        )
        with torch.no_grad():
            numel = self.features(torch.zeros(1, 1, image_size, image_size)).numel()
        self.head = nn.Linear(numel, 10)

    def forward(self, x):
        return self.head(self.features(x).view(x.shape[0], -1))
"""),
    "size-by-a-formula": Sound("""
def conv_out(size, kernel, stride=1, padding=0):
    return (size + 2 * padding - kernel) // stride + 1


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        side = 32
        self.conv1 = nn.Conv2d(1, 6, 5)
        side = conv_out(side, 5) // 2
        self.conv2 = nn.Conv2d(6, 12, 3, stride=2)
        side = conv_out(side, 3, stride=2)
        self.n = 12 * side ** 2
        self.out = nn.Linear(self.n, 10)

    def forward(self, x):
        x = F.max_pool2d(F.elu(self.conv1(x)), 2)
        x = F.elu(self.conv2(x))
        return self.out(x.view(-1, self.n))
"""),
    "pooled-and-squeezed": _pooled("x = self.pool(self.body(x)).squeeze(-1).squeeze(-1)"),
    "pooled-and-squeezed-by-tuple": _pooled("x = self.pool(self.body(x)).squeeze((2, 3))"),
    "pooled-and-indexed": _pooled("x = self.pool(self.body(x))[:, :, 0, 0]"),
    "pooled-and-viewed": _pooled("x = self.pool(self.body(x))", "x = x.view(x.size(0), -1)"),
    "pooled-and-flattened": _pooled("x = torch.flatten(self.pool(self.body(x)), 1)"),
    "pooled-by-mean-of-tuple": _pooled("x = self.body(x).mean(dim=(2, 3))"),
    "pooled-by-mean-of-list": _pooled("x = self.body(x).mean([2, 3])"),
    "pooled-by-two-means": _pooled("x = self.body(x).mean(3).mean(2)"),
    "pooled-by-mean-of-negative": _pooled("x = torch.mean(self.body(x), dim=(-2, -1))"),
    "pooled-by-view-and-mean": _pooled(
        "x = self.body(x)", "x = x.view(x.size(0), x.size(1), -1).mean(dim=-1)"
    ),
    "pooled-by-view-and-maximum": _pooled(
        "x = self.body(x)", "x = x.view(x.size(0), x.size(1), -1).max(2)[0]"
    ),
    "pooled-by-flatten-2": _pooled("x = self.body(x).flatten(2).mean(-1)"),
    "pooled-by-its-own-size": _pooled(
        "x = self.body(x)", "x = F.avg_pool2d(x, x.size()[2:]).view(-1, 16)"
    ),
    "pooled-by-amax": _pooled("x = self.body(x).amax(dim=(2, 3))"),
    "pooled-by-both": _pooled(
        "x = self.body(x)",
        "x = 0.5 * (F.adaptive_avg_pool2d(x, 1) + F.adaptive_max_pool2d(x, 1)).flatten(1)",
    ),
    "pooled-by-einsum": _pooled("x = torch.einsum('nchw->nc', self.body(x)) / 64"),
    "pooled-by-log-sum-exp": _pooled("x = self.body(x).flatten(2).logsumexp(-1)"),
}
