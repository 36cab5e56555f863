"""Whether a network can learn, and judges each image by itself and the same each time."""

import pytest
import torch

from tests.support.custom_network import FLATTEN, LAST, NET, RETURN, assert_found_alone, check, only
from tests.support.faulty_networks import each_of
from tests.support.faulty_networks.learning import FAULTS


@each_of(FAULTS)
def test_a_fault_is_found_alone_and_said_with_its_line(edits, kind, line, message, capfd):
    assert_found_alone(edits, kind, line, message, capfd)


def test_the_shares_that_the_messages_name_are_what_a_softmax_gives():
    for least, share in ((0.0, "23 %"), (-1.0, "45 %")):
        numbers = torch.tensor([1.0, *[least] * 9])
        assert f"{numbers.softmax(dim=0).max():.0%}".replace("%", " %") == share


def test_many_names_are_cut_short():
    layers = ", ".join(f"nn.Linear({n}, 3)" for n in range(3, 11))
    found = check(
        NET,
        ("self.features = ", f"self.extra = nn.ModuleList([{layers}])\n        self.features = "),
    )
    assert only(found)[2] == (
        "extra.0 (line 9), extra.1 (line 9), extra.2 (line 9), extra.3 (line 9), extra.4 (line "
        "9) and 3 more are made but never used. Call them in forward, or delete them."
    )


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (RETURN, "return self.classifier(x) / 3"),
        (RETURN, "return self.classifier(x) - 1"),
        (RETURN, "return self.classifier(x) * 0.01 + 0.1"),
        (RETURN, "x = self.classifier(x)\n        return x / x.sum(dim=1, keepdim=True)"),
    ],
)
def test_a_last_step_that_only_resembles_a_softmax_is_none(old, new):
    assert check(NET, (old, new)).findings == ()


@pytest.mark.parametrize(
    "edits",
    [
        [(LAST, f"{LAST}\n        )\n        nn.init.zeros_(self.classifier[-1].weight")],
        [
            (LAST, f"{LAST}\n        )\n        self.gate = nn.Parameter(torch.zeros(1)"),
            (FLATTEN, "x = x + self.gate * (x @ x.transpose(2, 3))\n        x = x.flatten(1)"),
        ],
        [("nn.Conv2d(1, 6, 5)", "nn.Conv2d(1, 6, 5), nn.BatchNorm2d(6)")],
        [(LAST, "nn.Dropout(0.9), nn.Linear(120, 10),")],
    ],
)
def test_what_learns_after_a_first_step_without_gradient_is_no_fault(edits):
    assert check(NET, *edits).findings == ()


def test_the_line_of_a_last_step_is_the_last_of_several():
    found = check(
        NET,
        (FLATTEN, "x = F.relu(x.flatten(1))"),
        (RETURN, "x = F.relu(self.classifier(x))\n        return x"),
    )
    assert only(found)[:2] == ("squashed", 21)
    found = check(NET, (LAST, "nn.Linear(120, 10), nn.ReLU(),"))
    assert only(found)[:2] == ("squashed", 15)
