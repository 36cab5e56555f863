"""Layers that do not fit each other: what each takes, what it gets, what to write."""

from tests.support.custom_network import FLATTEN, LAST, NET, assert_found_alone, check, only
from tests.support.faulty_networks import each_of
from tests.support.faulty_networks.shapes import FAULTS


@each_of(FAULTS)
def test_a_fault_is_found_alone_and_said_with_its_line(edits, kind, line, message, capfd):
    assert_found_alone(edits, kind, line, message, capfd)


MIX = [
    ("self.features = ", "self.mix = nn.Linear(16, 16)\n        self.features = "),
    (FLATTEN, "x = self.mix(x.movedim(1, 3)).movedim(3, 1).flatten(1)"),
]


def test_a_linear_layer_over_the_channels_of_maps_is_no_missing_flatten():
    assert check(NET, *MIX).findings == ()
    assert only(check(NET, *MIX, (LAST, "nn.Linear(120, 12),")))[0] == "output"


def test_a_network_of_numbered_layers_names_them_so():
    text = (
        "from torch import nn\n"
        "def Net():\n    return nn.Sequential(nn.Flatten(),\n        nn.Linear(784, 10))\n"
    )
    assert only(check(text, name="mine.py:Net")) == (
        "linear-size",
        4,
        "The first linear layer, layer 1 (line 4), takes 784 numbers per image but gets 1024. "
        "Write nn.Linear(1024, 10).",
    )
