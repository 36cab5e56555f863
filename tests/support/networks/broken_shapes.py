"""Layers that do not fit each other, and outputs that are not ten numbers an image."""

from tests.support.networks.case import MARKED, Broken

_LENET = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 6, 5)
        self.conv2 = nn.Conv2d(6, 16, 5)
        {fc1}
        self.fc2 = nn.Linear(32, 10)

    def forward(self, x):  # HERE
        x = F.max_pool2d(torch.relu(self.conv1(x)), 2)
        x = F.max_pool2d(torch.relu(self.conv2(x)), 2)
        {flatten}
        x = torch.relu(self.fc1(x))
        return self.fc2(x)
"""


def _lenet(says: str, flatten: str, fc1: str = "self.fc1 = nn.Linear(400, 32)") -> Broken:
    """Return LeNet-5 with another flatten, and another first linear layer."""
    return Broken(_LENET.replace("{fc1}", fc1).replace("{flatten}", flatten), "stops", says)


_BODY = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(1, 6, 5, stride=3), nn.ReLU(), nn.Flatten(), nn.Linear(600, 16), nn.ReLU())
        {head}

    def forward(self, x):  # HERE
        x = self.body(x)
        {end}
"""


def _ending(says: str, end: str, head: str = "self.head = nn.Linear(16, 10)") -> Broken:
    """Return a network with another end."""
    return Broken(_BODY.replace("{head}", head).replace("{end}", end), "stops", says)


_MAPS = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        {layers}

    def forward(self, x):{mark}
        {steps}
"""


def _network(says: str, layers: list[str], steps: list[str], effect: str = "stops") -> Broken:
    """Return a network of these layers and steps; where a step is the mistake, so is forward."""
    indent = "\n        "
    mark = f"  {MARKED}" if any(each.endswith(MARKED) for each in steps) else ""
    text = _MAPS.replace("{layers}", indent.join(layers)).replace("{steps}", indent.join(steps))
    return Broken(text.replace("{mark}", mark), effect, says)


BROKEN = {
    "sizes-of-28-pixels-reshaped": _lenet(
        r"nn\.Linear\(400, 32\)",
        "x = x.view(x.size(0), -1)",
        "self.fc1 = nn.Linear(16 * 4 * 4, 32)  # HERE",
    ),
    "sizes-of-28-pixels-viewed": _lenet(
        r"(?=.*\b400\b)(?=.*nn\.Linear\(400)",
        "x = x.view(-1, 16 * 4 * 4)  # HERE",
        "self.fc1 = nn.Linear(16 * 4 * 4, 32)",
    ),
    "view-of-another-size": _lenet(
        r"\b400\b|flatten",
        "x = x.view(-1, 320)  # HERE",
        "self.fc1 = nn.Linear(400, 32)  # HERE",
    ),
    "view-that-mixes-images": _lenet(
        r"(?=.*mix)(?=.*flatten)",
        "x = x.view(-1, 100)  # HERE",
        "self.fc1 = nn.Linear(100, 32)  # HERE",
    ),
    "view-of-64-images": _lenet(
        r"(?=.*\b64\b)(?=.*flatten)",
        "x = x.view(64, -1)  # HERE",
        "self.fc1 = nn.Linear(400, 32)  # HERE",
    ),
    "view-of-1-image": _lenet(
        r"flatten", "x = x.view(1, -1)  # HERE", "self.fc1 = nn.Linear(400, 32)  # HERE"
    ),
    "flatten-of-the-whole-batch": _lenet(
        r"flatten\((start_dim=)?1\)",
        "x = torch.flatten(x)  # HERE",
        "self.fc1 = nn.Linear(400, 32)  # HERE",
    ),
    "flatten-from-2": _lenet(
        r"flatten\((start_dim=)?1\)",
        "x = x.flatten(2)  # HERE",
        "self.fc1 = nn.Linear(400, 32)  # HERE",
    ),
    "no-flatten": _lenet(r"flatten", "pass", "self.fc1 = nn.Linear(400, 32)  # HERE"),
    "flatten-that-is-not-kept": _lenet(
        r"flatten", "x.view(-1, 400)", "self.fc1 = nn.Linear(400, 32)  # HERE"
    ),
    "view-of-permuted-maps": _lenet(
        r"\breshape\b", "x = x.permute(0, 2, 3, 1).view(-1, 400)  # HERE"
    ),
    "view-of-4-images-as-checked": _lenet(
        r"(?=.*image alone|.*one image)(?=.*flatten)",
        "x = x.view(4, -1)  # HERE",
        "self.fc1 = nn.Linear(400, 32)  # HERE",
    ),
    "linear-layers-that-do-not-meet": _network(
        r"nn\.Linear\(60, 10\)",
        ["self.fc1 = nn.Linear(1024, 60)", "self.fc2 = nn.Linear(84, 10)  # HERE"],
        ["return self.fc2(torch.relu(self.fc1(x.flatten(1))))"],
    ),
    "three-channels": _network(
        r"(?=.*grey)(?=.*nn\.Conv2d\(1, 6)",
        ["self.conv = nn.Conv2d(3, 6, 5, 3)  # HERE", "self.fc = nn.Linear(600, 10)"],
        ["return self.fc(torch.relu(self.conv(x)).flatten(1))"],
    ),
    "convolutions-that-do-not-meet": _network(
        r"nn\.Conv2d\(6, 8",
        [
            "self.conv1 = nn.Conv2d(1, 6, 5, 3)",
            "self.conv2 = nn.Conv2d(16, 8, 3)  # HERE",
            "self.fc = nn.Linear(512, 10)",
        ],
        ["x = torch.relu(self.conv1(x))", "return self.fc(self.conv2(x).relu().flatten(1))"],
    ),
    "norm-of-other-channels": _network(
        r"nn\.BatchNorm2d\(6\)",
        [
            "self.conv = nn.Conv2d(1, 6, 5, 3)",
            "self.bn = nn.BatchNorm2d(16)  # HERE",
            "self.fc = nn.Linear(600, 10)",
        ],
        ["return self.fc(torch.relu(self.bn(self.conv(x))).flatten(1))"],
    ),
    "norm-of-rows-on-maps": _network(
        r"nn\.BatchNorm2d\(6\)",
        [
            "self.conv = nn.Conv2d(1, 6, 5, 3)",
            "self.bn = nn.BatchNorm1d(6)  # HERE",
            "self.fc = nn.Linear(600, 10)",
        ],
        ["return self.fc(torch.relu(self.bn(self.conv(x))).flatten(1))"],
    ),
    "norm-of-maps-on-rows": _network(
        r"nn\.BatchNorm1d\(16\)",
        [
            "self.fc1, self.fc2 = nn.Linear(1024, 16), nn.Linear(16, 10)",
            "self.bn = nn.BatchNorm2d(16)  # HERE",
        ],
        ["return self.fc2(torch.relu(self.bn(self.fc1(x.flatten(1)))))"],
    ),
    "layer-norm-of-another-size": _network(
        r"(?=.*LayerNorm)(?=.*\b20\b)",
        [
            "self.fc1, self.fc2 = nn.Linear(1024, 20), nn.Linear(20, 10)",
            "self.norm = nn.LayerNorm(24)  # HERE",
        ],
        ["return self.fc2(torch.relu(self.norm(self.fc1(x.flatten(1)))))  # HERE"],
    ),
    "group-norm-of-other-channels": _network(
        r"(?=.*GroupNorm)(?=.*\b6\b)",
        [
            "self.conv = nn.Conv2d(1, 6, 5, 3)",
            "self.norm = nn.GroupNorm(4, 16)  # HERE",
            "self.fc = nn.Linear(600, 10)",
        ],
        ["return self.fc(torch.relu(self.norm(self.conv(x))).flatten(1))  # HERE"],
    ),
    "groups-that-do-not-divide": _network(
        r"(?=.*groups)(?=.*divisible|.*divides?|.*multiple)",
        ["self.conv1 = nn.Conv2d(1, 6, 5, 3)", "self.conv2 = nn.Conv2d(6, 8, 3, groups=4)  # HERE"],
        ["return self.conv2(self.conv1(x)).flatten(1)"],
    ),
    "convolution-after-the-flatten": _network(
        r"(?=.*flatten)(?=.*maps)",
        ["self.conv = nn.Conv2d(1, 6, 5, 3)  # HERE", "self.fc = nn.Linear(600, 10)"],
        ["x = x.flatten(1)", "return self.fc(torch.relu(self.conv(x)).flatten(1))"],
    ),
    "pooled-until-nothing-is-left": _network(
        r"(?=.*small)(?=.*pooling)",
        [
            "self.net = nn.Sequential(",
            "    nn.Conv2d(1, 6, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(6, 8, 5), nn.ReLU(),",
            "    nn.MaxPool2d(2), nn.Conv2d(8, 8, 5), nn.ReLU(), nn.MaxPool2d(2),  # HERE",
            "    nn.Flatten(), nn.Linear(8, 10))",
        ],
        ["return self.net(x)"],
    ),
    "kernel-larger-than-the-maps": _network(
        r"(?=.*small)(?=.*kernel)",
        [
            "self.conv1 = nn.Conv2d(1, 6, 5, stride=4)",
            "self.conv2 = nn.Conv2d(6, 8, 9)  # HERE",
            "self.fc = nn.Linear(8, 10)",
        ],
        ["return self.fc(self.conv2(torch.relu(self.conv1(x))).flatten(1))"],
    ),
    "pooled-by-functions-until-nothing-is-left": _network(
        r"(?=.*small)(?=.*pooling)",
        ["self.conv = nn.Conv2d(1, 6, 5)", "self.fc = nn.Linear(6, 10)"],
        [
            "x = F.max_pool2d(torch.relu(self.conv(x)), 8)",
            "x = F.max_pool2d(x, 4)  # HERE",
            "return self.fc(x.flatten(1))",
        ],
    ),
    "rows-of-28-pixels": _network(
        r"\b32\b",
        ["self.lstm = nn.LSTM(28, 16, batch_first=True)  # HERE", "self.fc = nn.Linear(16, 10)"],
        ["out, _ = self.lstm(x.squeeze(1))  # HERE", "return self.fc(out[:, -1])"],
    ),
    "view-of-28-by-28": _network(
        r"\b1024\b|32 \* 32",
        ["self.fc = nn.Linear(784, 10)"],
        ["x = x.view(-1, 28 * 28)  # HERE", "return self.fc(x)"],
    ),
    "heads-that-do-not-divide": _network(
        r"(?=.*heads)(?=.*divisible|.*divides?|.*multiple)",
        ["self.attention = nn.MultiheadAttention(32, 5)  # HERE", "self.fc = nn.Linear(1024, 10)"],
        ["x = x.squeeze(1)", "return self.fc(self.attention(x, x, x)[0].flatten(1))"],
    ),
    "positions-of-28-pixels": _network(
        r"(?=.*\b16\b)(?=.*\b49\b)",
        [
            "self.embed = nn.Conv2d(1, 12, 8, 8)",
            "self.position = nn.Parameter(torch.zeros(1, 49, 12))  # HERE",
            "self.fc = nn.Linear(12, 10)",
        ],
        [
            "x = self.embed(x).flatten(2).mT",
            "x = x + self.position  # HERE",
            "return self.fc(x.mean(1))",
        ],
    ),
    "shortcut-of-other-channels": _network(
        r"(?=.*\b8\b)(?=.*\b12\b)(?=.*(shape|channels|1 ?x ?1))",
        [
            "self.a, self.b = nn.Conv2d(1, 8, 3, 2, 1), nn.Conv2d(8, 12, 3, padding=1)",
            "self.fc = nn.Linear(12, 10)",
        ],
        [
            "x = torch.relu(self.a(x))",
            "out = self.b(x)",
            "out += x  # HERE",
            "return self.fc(out.mean((2, 3)))",
        ],
    ),
    "concatenated-along-the-batch": _network(
        r"\bdim=1",
        ["self.a, self.b = nn.Linear(1024, 10), nn.Linear(1024, 10)"],
        ["x = x.flatten(1)", "return torch.cat([self.a(x), self.b(x)])  # HERE"],
    ),
    "concatenated-maps-of-other-sizes": _network(
        r"(?=.*same|.*equal|.*padding)(?=.*size|.*shape)",
        ["self.a, self.b = nn.Conv2d(1, 4, 3), nn.Conv2d(1, 4, 5)", "self.fc = nn.Linear(8, 10)"],
        ["x = torch.cat([self.a(x), self.b(x)], 1)  # HERE", "return self.fc(x.mean((2, 3)))"],
    ),
    "images-and-channels-exchanged": _network(
        r"permute|transpose|first dimension|dimension 0",
        ["self.conv, self.fc = nn.Conv2d(1, 6, 5, 3), nn.Linear(600, 10)  # HERE"],
        ["x = x.permute(1, 0, 2, 3)  # HERE", "return self.fc(self.conv(x).relu().flatten(1))"],
    ),
    "squeezed-of-all": _network(
        r"(?=.*image alone|.*one image)(?=.*squeeze)",
        ["self.conv, self.fc = nn.Conv2d(1, 12, 5, 3), nn.Linear(12, 10)  # HERE"],
        [
            "x = F.adaptive_avg_pool2d(torch.relu(self.conv(x)), 1)",
            "return self.fc(x.squeeze())  # HERE",
        ],
    ),
    "layer-of-double-precision": _network(
        r"(?=.*float64|.*double)(?=.*float32|.*float\(\)|.*double\(\))",
        ["self.fc1, self.fc2 = nn.Linear(1024, 16).double(), nn.Linear(16, 10)  # HERE"],
        ["return self.fc2(torch.relu(self.fc1(x.flatten(1))))  # HERE"],
    ),
    "one-output": _ending(
        r"(?=.*\b1\b)(?=.*nn\.Linear\(16, 10\))",
        "return self.head(x)",
        "self.head = nn.Linear(16, 1)  # HERE",
    ),
    "eleven-outputs": _ending(
        r"(?=.*\b11\b)(?=.*nn\.Linear\(16, 10\))",
        "return self.head(x)",
        "self.head = nn.Linear(16, 11)  # HERE",
    ),
    "outputs-of-the-body": _ending(r"nn\.Linear\(16, 10\)", "return x"),
    "no-return": _ending(r"return x", "x = self.head(x)"),
    "return-alone": _ending(r"return x", "self.head(x)\n        return"),
    "print-instead-of-return": _ending(r"return x", "print(self.head(x))"),
    "tuple": _ending(r"(?=.*tuple)(?=.*tensor)", "return self.head(x), x"),
    "list": _ending(r"(?=.*list)(?=.*tensor)", "return [self.head(x)]"),
    "dictionary": _ending(
        r"(?=.*dict)(?=.*tensor)", "return {'logits': self.head(x), 'features': x}"
    ),
    "place-of-the-largest": _ending(
        r"all the numbers|largest|argmax", "return self.head(x).argmax(1)"
    ),
    "maximum-and-its-place": _ending(r"max|one tensor|alone", "return torch.max(self.head(x), 1)"),
    "loss-instead-of-logits": _ending(r"\b10\b", "return self.head(x).mean()"),
    "transposed-output": _ending(r"\(10, 4\)", "return self.head(x).t()"),
    "maps-of-one-pixel": _ending(r"flatten", "return self.head(x)[:, :, None, None]"),
    "list-of-python-numbers": _ending(r"tensor", "return self.head(x).tolist()"),
    "arrays-of-numpy": _ending(
        r"(?=.*numpy)(?=.*gradient|.*PyTorch)", "return self.head(x).detach().numpy()"
    ),
    "numpy-within": _ending(
        r"(?=.*numpy)(?=.*torch\.|.*PyTorch)",
        "x = torch.tanh(x.numpy())  # HERE\n        return self.head(x)",
    ),
}
