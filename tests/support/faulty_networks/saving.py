"""Networks that are not saved, or not trained, as a whole; with what must be said of each."""

import pytest

from tests.support.custom_network import LAST, RETURN

FAULTS = [
    pytest.param(
        [
            (LAST, "nn.Linear(120, 10),\n        )\n        self.features.requires_grad_(False"),
        ],
        "frozen",
        None,
        "features.0.weight, features.0.bias, features.3.weight and features.3.bias are frozen "
        "(requires_grad=False): training does not change them.",
        id="frozen",
    ),
    pytest.param(
        [(LAST, "nn.Linear(120, 10),\n        )\n        self.requires_grad_(False")],
        "no-parameters",
        10,
        "Line 10: All weights are frozen (requires_grad=False), so there is nothing to train."
        " Leave at least one layer unfrozen.",
        id="all-frozen",
    ),
    pytest.param(
        [
            (RETURN, "return self.classifier(x) + self.extra[0](x)"),
            ("self.features = ", "self.extra = [nn.Linear(400, 10)]\n        self.features = "),
        ],
        "plain-list",
        9,
        "extra (line 9) is a plain list of layers, so PyTorch does not see the weights. They are "
        "not trained and not saved with the run. Write self.extra = nn.ModuleList([...]).",
        id="plain-list",
    ),
    pytest.param(
        [
            (RETURN, "return self.classifier(x) + self.extra['a'](x)"),
            (
                "self.features = ",
                "self.extra = {'a': nn.Linear(400, 10)}\n        self.features = ",
            ),
        ],
        "plain-list",
        9,
        "extra (line 9) is a plain dict of layers, so PyTorch does not see the weights. They are "
        "not trained and not saved with the run. Write self.extra = nn.ModuleDict({...}).",
        id="plain-dict",
    ),
    pytest.param(
        [(RETURN, "return nn.Linear(400, 10)(x) + self.classifier(x)")],
        "made-in-forward",
        21,
        "Line 21 makes a Linear while forward runs. Its weights are not trained and not saved "
        "with the run. Make it in __init__: self.layer = nn.Linear(...). Only call it in "
        "forward: x = self.layer(x).",
        id="made-in-forward",
    ),
    pytest.param(
        [
            ("class Net(", "LAST = nn.Linear(400, 10)\n\n\nclass Net("),
            (RETURN, "return self.classifier(x) + LAST(x)"),
        ],
        "outside",
        6,
        "A Linear, made in line 6 and called in line 24, is not part of the network, so PyTorch "
        "does not see the weights. They are not trained and not saved with the run. Make it in "
        "__init__ and assign it to self: self.layer = nn.Linear(...). Call it in forward: x = "
        "self.layer(x).",
        id="outside",
    ),
    pytest.param(
        [
            ("self.features = ", "self.bias = torch.randn(10)\n        self.features = "),
            (RETURN, "return self.classifier(x) + self.bias"),
        ],
        "not-saved",
        9,
        "Line 9: bias is a plain tensor, so it is not saved with the weights, and the loaded "
        "network would give other outputs. Write self.bias = nn.Parameter(...) if training "
        'should change it; if not, self.register_buffer("bias", ...).',
        id="not-saved",
    ),
]
