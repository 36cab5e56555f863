from contextlib import nullcontext, suppress
from itertools import chain

import pytest
import torch
from torch import nn
from torch.nn import functional

from cnnlab.custom.find import build
from cnnlab.data.batches import ShuffledBatches
from cnnlab.data.own.load import load
from cnnlab.data.tensors import prepare
from cnnlab.models.catalog import MODELS
from cnnlab.training.config import recipe
from cnnlab.training.engines.choose import CopiedViews, Layout, engine_for
from cnnlab.training.engines.workers import workers
from cnnlab.training.loop import fit, loss_batch
from cnnlab.training.optimizers import Optimizer

CPU = torch.device("cpu")


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
    plain, fast = build(name), build(name)
    assert engine_for(fast, CPU).name == "fused kernels"
    expected = first_losses(plain, nullcontext(), train, learning_rate)
    found = first_losses(fast, engine_for(fast, CPU).applied(fast, CPU), train, learning_rate)
    assert found == pytest.approx(expected, abs=1e-4)


def test_networks_of_many_narrow_layers_run_by_pytorchs_layers():
    others = sorted(set(MODELS) - set(FUSED))
    assert others == ["mobilenet-small", "resnet8"]
    for name in others:
        assert engine_for(build(name), CPU).name == "PyTorch's own layers"


class Viewed(nn.Module):
    """The flatten of every tutorial, which only the usual layout of tensors takes."""

    def __init__(self, flatten):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 6, 5, padding_mode="circular")  # which no kernel computes
        self.conv2 = nn.Conv2d(6, 16, 5, padding_mode="circular")
        self.norm = nn.BatchNorm2d(16)
        self.last = nn.Linear(400, 10)
        self.flatten = flatten

    def forward(self, x):
        x = functional.max_pool2d(functional.relu(self.conv1(x)), 2)
        x = functional.max_pool2d(functional.relu_(self.norm(self.conv2(x))), 2)
        return self.last(self.flatten(x))


FLATTENS = {
    "view": lambda x: x.view(-1, 400),
    "view of the size": lambda x: x.view(x.size(0), -1),
    "view of each size": lambda x: x.view(x.shape[0], x.shape[1] * x.shape[2] * x.shape[3]),
    "view by rows": lambda x: x.view(-1, 16, 25).view(-1, 400),
}


@pytest.mark.parametrize("flatten", FLATTENS.values(), ids=FLATTENS)
def test_a_network_that_views_its_maps_is_trained_in_the_faster_layout_too(flatten, sets):
    model = Viewed(flatten)
    assert engine_for(model, CPU).layout == Layout(torch.channels_last, copies_views=True)
    history = fit(model, *sets, recipe("sprint", epochs=1, batch_size=32))
    assert history[0].train_loss < 2.3


@pytest.mark.parametrize("flatten", [lambda x: x.flatten(1), lambda x: x.reshape(-1, 400)])
def test_what_takes_channels_last_is_trained_in_it(flatten):
    model = Viewed(flatten)
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    random = torch.get_rng_state()
    assert engine_for(model, CPU).layout == Layout(torch.channels_last)
    assert torch.equal(torch.get_rng_state(), random)
    assert all(torch.equal(before[name], each) for name, each in model.state_dict().items())
    assert all(each.grad is None for each in model.parameters())


class Written(Viewed):
    """Writes through a view, which must not be a copy then."""

    def forward(self, x):
        x = self.conv2(functional.max_pool2d(self.conv1(x), 2))
        x.view(-1, 1600)[:, :800].zero_()
        return self.last(functional.max_pool2d(x, 2).flatten(1))


def test_a_network_that_writes_through_a_view_keeps_the_usual_layout():
    assert engine_for(Written(None), CPU).layout == Layout()


def test_a_view_that_no_layout_has_is_refused_in_pytorchs_words():
    maps = torch.zeros(2, 3, 4, 4).to(memory_format=torch.channels_last)
    with CopiedViews():
        assert maps.view(-1, 48).shape == (2, 48)
        with pytest.raises(
            RuntimeError, match=r"shape '\[-1, 47\]' is invalid for input of size 96"
        ):
            maps.view(-1, 47)


@pytest.mark.parametrize(("width", "threads"), [(84, 1), (400, 2)])
def test_small_layers_of_pytorchs_have_one_thread_and_kernels_all(width, threads):
    first = [nn.Conv2d(1, 6, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(1176, width)]
    model = nn.Sequential(*first, nn.ReLU(), nn.Linear(width, 10))
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        with suppress(KeyError), engine_for(model, CPU).applied(model, CPU):
            assert (torch.get_num_threads(), workers()) == (threads, 2)
            raise KeyError
        assert (torch.get_num_threads(), workers()) == (2, 2)
    finally:
        torch.set_num_threads(before)
