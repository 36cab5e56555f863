"""The small networks have the layers that they say, and learn."""

import pytest
import torch

from cnnlab.custom.find import build, check_network
from cnnlab.data.tensors import TensorSet
from cnnlab.models.catalog import MODELS, count_parameters
from cnnlab.training.config import TrainConfig
from cnnlab.training.loop import evaluate, fit

# By hand: filters x (kernel x kernel x maps in + 1), two numbers a normalised map, the last layer.
PARAMETERS = {
    "lenet1": 4 * 26 + 12 * (25 * 4 + 1) + (300 + 1) * 10,
    "lenet5-batch-norm": 61_706 + 2 * 6 + 2 * 16,
    "vgg6": 12 * 10
    + 12 * (9 * 12 + 1)
    + 32 * (9 * 12 + 1)
    + 48 * (9 * 32 + 1)
    + 64 * (9 * 48 + 1)
    + 2 * (12 + 32 + 48 + 64)
    + (576 + 1) * 10,
    "resnet8": 9 * 16
    + 2 * 9 * 16 * 16
    + (9 * 16 * 32 + 9 * 32 * 32 + 16 * 32)
    + (9 * 32 * 48 + 9 * 48 * 48 + 32 * 48)
    + 2 * (16 + 2 * 16 + 3 * 32 + 3 * 48)
    + (48 + 1) * 10,
    "mobilenet-small": 9 * 16
    + sum(
        9 * maps_in + maps_in * maps_out + 2 * (maps_in + maps_out)
        for maps_in, maps_out in ((16, 32), (32, 64), (64, 64), (64, 128), (128, 128))
    )
    + 2 * 16
    + (128 + 1) * 10,
}


@pytest.mark.parametrize("name", PARAMETERS)
def test_parameters_are_the_docstrings_and_fewer_than_62_000(name):
    found = check_network(name)
    assert found.parameters == count_parameters(build(name)) == PARAMETERS[name] < 62_000
    assert f"{found.parameters:,} parameters" in " ".join(MODELS[name].make.__doc__.split())
    assert found.findings == ()


def test_every_network_but_lenet5_itself_is_among_them():
    assert set(MODELS) - {"lenet5", "lenet5-relu-max"} == set(PARAMETERS)


@pytest.mark.parametrize("name", PARAMETERS)
def test_it_learns_the_images_it_sees(name):
    generator = torch.Generator().manual_seed(0)
    labels = torch.arange(10).repeat(8)
    patterns = torch.randint(0, 256, (10, 1, 32, 32), dtype=torch.uint8, generator=generator)
    train = TensorSet(patterns[labels], labels)
    model = build(name)
    assert evaluate(model, train).accuracy < 0.6
    fit(
        model,
        train,
        train,
        TrainConfig(epochs=14, batch_size=20, optimizer="adamw", learning_rate=0.005),
    )
    assert evaluate(model, train).accuracy == 1
