"""A training resumed from a state is bit-identical to one that was never stopped."""

import pytest
import torch
from torch import nn

from cnnlab.custom.find import build
from cnnlab.data.tensors import TensorSet
from cnnlab.errors import RunError
from cnnlab.training.config import recipe
from cnnlab.training.listener import Listener
from cnnlab.training.loop import fit
from cnnlab.training.state import TrainingState


class WithDropout(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(1, 4, 5), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten()
        )
        self.dropout = nn.Dropout(0.5)
        self.last = nn.Linear(784, 10)

    def forward(self, x):
        return self.last(self.dropout(self.layers(x)))


def drop():
    torch.manual_seed(0)
    return WithDropout()


CASES = {
    "workshop": (lambda: build("lenet5"), recipe("workshop", epochs=3, batch_size=64)),
    "plateau": (
        lambda: build("lenet5"),
        recipe("workshop", epochs=5, batch_size=64, plateau_patience=0, learning_rate=0.5),
    ),
    "sprint": (lambda: build("lenet5-relu-max"), recipe("sprint", epochs=3, batch_size=64)),
    "best": (lambda: build("lenet5-relu-max"), recipe("best", epochs=3, batch_size=64)),
    "dropout and batch norm": (drop, recipe("sprint", epochs=3, batch_size=64)),
}


@pytest.fixture(scope="module")
def sets():
    generator = torch.Generator().manual_seed(0)
    images = torch.randint(256, (270, 1, 32, 32), generator=generator, dtype=torch.uint8)
    labels = torch.randint(10, (270,), generator=generator)
    return TensorSet(images[:200], labels[:200]), TensorSet(images[200:], labels[200:])


def copied(state):
    return {name: tensor.clone() for name, tensor in state.tensors().items()}, state.numbers()


def figures(history):
    return [{k: v for k, v in vars(record).items() if k != "seconds"} for record in history]


@pytest.mark.parametrize("case", CASES)
def test_a_training_resumed_after_any_batch_is_bit_identical(case, sets):
    make, config = CASES[case]
    model, states = make(), []
    whole = fit(
        model, *sets, config, listener=Listener(state=lambda state: states.append(copied(state)))
    )
    assert len(states) == config.epochs * 5  # four batches and the epoch's end
    for tensors, numbers in states:
        other = make()
        rest = fit(other, *sets, config, resume=(tensors, numbers))
        assert figures(rest) == figures(whole[numbers["epoch"] - 1 :])
        for name, tensor in model.state_dict().items():
            assert torch.equal(other.state_dict()[name], tensor), (name, numbers)


def test_the_seconds_of_an_epoch_continue(sets):
    config = recipe("workshop", epochs=1, batch_size=64)
    states = []
    fit(
        build("lenet5"),
        *sets,
        config,
        listener=Listener(state=lambda state: states.append(copied(state))),
    )
    tensors, numbers = states[1]
    (record,) = fit(build("lenet5"), *sets, config, resume=(tensors, numbers | {"seconds": 100.0}))
    assert 100 < record.seconds < 110


@pytest.fixture
def state(sets):
    return TrainingState(build("lenet5"), sets[0], recipe("sprint", batch_size=64))


def test_a_state_of_another_network_is_refused_by_the_tensors_name(sets, state):
    other = TrainingState(WithDropout(), sets[0], recipe("sprint"))
    with pytest.raises(
        RunError,
        match=r"model\.features\.0\.weight is .*; expected torch\.float32 of \(6, 1, 5, 5\)",
    ):
        state.restore(other.tensors(), other.numbers())


def test_a_state_of_another_optimiser_is_refused(sets, state):
    other = TrainingState(build("lenet5"), sets[0], recipe("workshop"))
    with pytest.raises(RunError, match=r"squares\.0 is missing; expected torch\.float32 of "):
        state.restore(other.tensors(), other.numbers())


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("epoch", None),
        ("epoch", 0),
        ("epoch", 1000),
        ("batch", -1),
        ("batch", 10_000),
        ("seconds", "long"),
        ("seconds", float("nan")),
        ("step", -3),
        ("next_learning_rate", float("inf")),
    ],
)
def test_impossible_numbers_are_refused(state, name, value):
    tensors, numbers = copied(state)
    with pytest.raises(RunError, match=f"The checkpoint is damaged: {name} is "):
        state.restore(tensors, numbers | {name: value})


def test_a_number_that_is_missing_is_refused(state):
    tensors, numbers = copied(state)
    del numbers["step"]
    with pytest.raises(RunError, match="The checkpoint is damaged: step is None"):
        state.restore(tensors, numbers)


def test_nothing_changes_if_a_state_is_refused(state):
    tensors, numbers = copied(state)
    tensors["model.features.0.weight"] += 1
    before = state.model.features[0].weight.clone()
    with pytest.raises(RunError):
        state.restore(tensors, numbers | {"batch": -1})
    assert torch.equal(state.model.features[0].weight, before)
