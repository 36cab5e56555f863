from contextlib import nullcontext

import pytest
import torch

from cnnlab.data.batches import ShuffledBatches
from cnnlab.data.images import load, prepare
from cnnlab.models.build import MODELS, build
from cnnlab.training.config import recipe
from cnnlab.training.loop import loss_batch
from cnnlab.training.optimizers import Optimizer
from cnnlab.training.steps import describe_steps, quick


@pytest.fixture(scope="module")
def train():
    return prepare(load("fashion-mnist").train)


def first_losses(model, way, train):
    config, losses = recipe("workshop"), []
    with way:
        optimizer = Optimizer(model, config)
        for images, labels in ShuffledBatches(train, config.batch_size, config.seed):
            loss, _ = loss_batch(model, images, labels)
            loss.backward()
            optimizer.step()
            optimizer.zero_grad()
            losses.append(loss.item())
            if len(losses) == 20:
                return losses
    return None


@pytest.mark.real_data
@pytest.mark.parametrize("name", MODELS)
def test_the_quick_way_gives_the_same_first_losses_as_pytorchs_layers(name, train):
    cpu, plain, fast = torch.device("cpu"), build(name), build(name)
    assert describe_steps(fast, cpu).startswith("fused kernels")
    expected = first_losses(plain, nullcontext(), train)
    assert first_losses(fast, quick(fast, cpu), train) == pytest.approx(expected, abs=1e-4)
