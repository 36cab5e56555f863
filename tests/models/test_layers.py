"""A network's table: a row for each call of a layer, with its parameters and its costs."""

import pytest

from cnnlab.custom.find import check_network
from cnnlab.models.layers import Layer
from tests.support.custom_network import FIRST, NET, check


@pytest.fixture(autouse=True)
def in_a_folder_of_its_own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def test_lenet5_has_the_papers_figures_layer_by_layer():
    found = check_network("lenet5")
    assert (found.parameters, found.multiply_accumulates) == (61_706, 416_520)
    assert found.findings == ()
    assert found.layers == (
        Layer("features.0", "Conv2d", (6, 28, 28), 156, 117_600),
        Layer("features.1", "Tanh", (6, 28, 28), 0, 0),
        Layer("features.2", "AvgPool2d", (6, 14, 14), 0, 0),
        Layer("features.3", "Conv2d", (16, 10, 10), 2_416, 240_000),
        Layer("features.4", "Tanh", (16, 10, 10), 0, 0),
        Layer("features.5", "AvgPool2d", (16, 5, 5), 0, 0),
        Layer("classifier.0", "Linear", (120,), 48_120, 48_000),
        Layer("classifier.1", "Tanh", (120,), 0, 0),
        Layer("classifier.2", "Linear", (84,), 10_164, 10_080),
        Layer("classifier.3", "Tanh", (84,), 0, 0),
        Layer("classifier.4", "Linear", (10,), 850, 840),
    )


def test_a_layer_called_twice_has_two_rows_and_its_parameters_once():
    found = check(
        NET,
        ("nn.Linear(400, 120), nn.ReLU(),", "nn.Linear(400, 120),"),
        (
            "nn.Linear(120, 10),\n        )",
            "nn.Linear(120, 10),\n        )\n        self.again = nn.Linear(400, 400, bias=False)",
        ),
        ("x = x.flatten(start_dim=1)", "x = self.again(self.again(x.flatten(start_dim=1)))"),
    )
    rows = [layer for layer in found.layers if layer.name == "again"]
    assert [(row.parameters, row.multiply_accumulates) for row in rows] == [
        (160_000, 160_000),
        (0, 160_000),
    ]
    assert found.parameters == sum(layer.parameters for layer in found.layers)
    assert found.multiply_accumulates == 117_600 + 240_000 + 2 * 160_000 + 48_000 + 1_200


def test_groups_strides_and_transposed_convolutions_are_counted():
    found = check(
        "from torch import nn\n"
        "def net():\n"
        "    return nn.Sequential(\n"
        "        nn.Conv2d(1, 4, 2, stride=2), nn.Conv2d(4, 8, 3, groups=4, padding=1),\n"
        "        nn.ConvTranspose2d(8, 3, 2, stride=2), nn.Flatten(), nn.Linear(3072, 10))\n",
        name="mine.py:net",
    )
    assert [(layer.output_shape, layer.multiply_accumulates) for layer in found.layers] == [
        ((4, 16, 16), 16 * 16 * 4 * 4),
        ((8, 16, 16), 16 * 16 * 8 * 9),
        ((3, 32, 32), 16 * 16 * 8 * 3 * 4),
        ((3072,), 0),
        ((10,), 30_720),
    ]
    assert found.findings == ()


def test_a_layer_with_normalised_weights_is_one_layer():
    found = check(
        NET, (FIRST, f"nn.utils.parametrizations.weight_norm({FIRST})"), name="mine.py:Net"
    )
    (row,) = [layer for layer in found.layers if layer.name.startswith("classifier.0")]
    assert (row.parameters, row.multiply_accumulates) == (48_000 + 120 + 120, 48_000)
    assert found.findings == ()
