from contextlib import nullcontext
from itertools import chain

import pytest
import torch

from cnnlab.custom.find import build
from cnnlab.data.batches import ShuffledBatches
from cnnlab.data.library import load
from cnnlab.data.tensors import prepare
from cnnlab.models.catalog import MODELS
from cnnlab.training.config import recipe
from cnnlab.training.engines.choose import engine_for
from cnnlab.training.loop import loss_batch
from cnnlab.training.optimizers import Optimizer


@pytest.fixture(scope="module")
def train():
    return prepare(load("fashion-mnist-sample").train)


def first_losses(model, way, train, learning_rate):
    config, losses = recipe("workshop", learning_rate=learning_rate), []
    batches = ShuffledBatches(train, config.batch_size, config.seed)
    with way:
        optimizer = Optimizer(model, config)
        for images, labels in chain(batches, batches):  # two epochs of 16
            loss, _ = loss_batch(model, images, labels)
            loss.backward()
            optimizer.step()
            optimizer.zero_grad()
            losses.append(loss.item())
            if len(losses) == 20:
                return losses
    return None


# Batch normalisation lets rounding grow from step to step: there the steps are small.
FUSED = {
    "lenet1": 0.1,
    "lenet5": 0.1,
    "lenet5-relu-max": 0.1,
    "lenet5-batch-norm": 1e-4,
    "vgg6": 1e-4,
}


@pytest.mark.parametrize(("name", "learning_rate"), FUSED.items())
def test_fused_kernels_give_the_same_first_losses_as_pytorchs_layers(name, learning_rate, train):
    cpu, plain, fast = torch.device("cpu"), build(name), build(name)
    assert engine_for(fast, cpu).name == "fused kernels"
    expected = first_losses(plain, nullcontext(), train, learning_rate)
    found = first_losses(fast, engine_for(fast, cpu).applied(fast, cpu), train, learning_rate)
    assert found == pytest.approx(expected, abs=1e-4)


def test_networks_whose_convolutions_are_padded_or_without_bias_run_by_pytorchs_layers():
    others = sorted(set(MODELS) - set(FUSED))
    assert others == ["mobilenet-small", "resnet8"]
    for name in others:
        assert engine_for(build(name), torch.device("cpu")).name == "PyTorch's own layers"
