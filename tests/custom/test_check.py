"""The check of a whole network: its order, its report, and that it leaves nothing behind."""

import pytest
import torch

from cnnlab.custom.find import build, check_network
from cnnlab.custom.observe import made_up_images
from cnnlab.data.tensors import as_input
from tests.support.custom_network import (
    FIRST,
    FLATTEN,
    INIT,
    LAST,
    NET,
    RETURN,
    assert_found_alone,
    check,
    only,
    write,
)
from tests.support.faulty_networks import each_of
from tests.support.faulty_networks.check import FAULTS


@each_of(FAULTS)
def test_a_fault_is_found_alone_and_said_with_its_line(edits, kind, line, message, capfd):
    assert_found_alone(edits, kind, line, message, capfd)


@pytest.mark.parametrize(
    "edits",
    [
        [],
        [("nn.Linear(400, 120), nn.ReLU(),", "nn.Linear(400, 120), nn.BatchNorm1d(120),")],
        [("nn.Linear(400, 120), nn.ReLU(),", "nn.Linear(400, 120), nn.Dropout(0.5),")],
        [("return self", "return 3 * self"), ("x = self.features(x)", "x = self.features(x + 1)")],
    ],
)
def test_a_sound_network_has_no_findings(edits):
    found = check(NET, *edits)
    assert found.findings == ()
    assert found.is_sound
    assert found.name == "mine.py:Net"
    assert found.parameters >= 156 + 2_416 + 48_120 + 1_210
    assert len(found.layers) == 9


def test_made_up_images_are_grey_levels_as_a_network_takes_them():
    images = made_up_images()
    levels = ((images + 1) / 2 * 255).round().to(torch.uint8)
    assert images.shape == (4, 1, 32, 32)
    assert torch.equal(as_input(levels), images)
    assert len(levels.unique()) == 256


def test_several_findings_come_with_the_gravest_first():
    found = check(
        NET,
        (LAST, "nn.Linear(120, 10), nn.LogSoftmax(dim=1),"),
        (FLATTEN, "x = F.dropout(x.view(4, -1), 0.5, self.training)"),
        ("self.features = ", "self.extra = nn.Linear(3, 4)\n        self.features = "),
    )
    assert [(each.kind, each.effect) for each in found.findings] == [
        ("batch-size", "stops"),
        ("unused", "spoils"),
        ("log-softmax", "none"),
    ]


def test_the_layers_before_a_fault_are_in_the_table():
    found = check(NET, (FIRST, "nn.Linear(576, 120)"))
    assert [layer.name for layer in found.layers] == [f"features.{n}" for n in range(6)]
    assert found.layers[-1].output_shape == (16, 5, 5)
    assert found.parameters == 156 + 2_416 + 576 * 120 + 120 + 1_210
    assert found.multiply_accumulates == 117_600 + 240_000


def test_the_table_is_of_the_mode_that_works():
    found = check(NET, (RETURN, "return self.classifier(x if self.training else x[:, :50])"))
    assert only(found)[0] == "evaluation-mode"
    assert len(found.layers) == 9


def test_what_a_network_prints_in_one_pass_is_kept():
    found = check(
        NET,
        ("class Net(", "print('read')\n\n\nclass Net("),
        (INIT, f"{INIT}        print('made')\n"),
        (FLATTEN, f"{FLATTEN}\n        print(x.shape)"),
    )
    assert found.printed == "made\ntorch.Size([4, 400])\n"
    found = check(NET, (FLATTEN, "print(x.shape)"))
    assert found.printed == "torch.Size([4, 16, 5, 5])\n"
    assert found.findings[0].kind == "flatten"


def test_built_in_networks_are_sound_and_built_as_before():
    assert check_network("lenet5-relu-max").findings == ()
    before = build("lenet5", 4).state_dict()
    check_network("lenet5")
    after = build("lenet5", 4).state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before)


def test_the_weights_and_images_are_the_same_at_each_check():
    write(NET, (RETURN, "raise ValueError(float(self.classifier(x).sum()))"))
    said = set()
    for seed in range(3):
        torch.manual_seed(seed)
        said.add(only(check_network("mine.py")))
    assert len(said) == 1
