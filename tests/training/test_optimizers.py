import subprocess
import sys

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn
from torch.optim.lr_scheduler import OneCycleLR, ReduceLROnPlateau

from cnnlab.errors import ConfigError
from cnnlab.training.config import TrainConfig
from cnnlab.training.optimizers import Optimizer, Schedule


def rates(config, batches, accuracies):
    optimizer = Optimizer(nn.Linear(2, 2), config)
    schedule = Schedule(optimizer, config, batches)
    seen = []
    for accuracy in accuracies:
        for _ in range(batches):
            seen.append(optimizer.learning_rate)
            optimizer.step()
            schedule.after_batch()
        schedule.after_epoch(accuracy)
    return seen


def pytorchs_rates(make, batches, accuracies):
    optimizer = torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=0.1)
    scheduler = make(optimizer)
    seen = []
    for accuracy in accuracies:
        for _ in range(batches):
            seen.append(optimizer.param_groups[0]["lr"])
            optimizer.step()
            if not isinstance(scheduler, ReduceLROnPlateau):
                scheduler.step()
        if isinstance(scheduler, ReduceLROnPlateau):
            scheduler.step(accuracy)
    return seen


@pytest.mark.parametrize(("epochs", "share"), [(4, 0.25), (1, 0.3), (25, 0.9)])
def test_one_cycle_is_pytorchs(epochs, share):
    config = TrainConfig(schedule="one-cycle", learning_rate=0.1, epochs=epochs, warmup_share=share)
    expected = pytorchs_rates(
        lambda optimizer: OneCycleLR(
            optimizer,
            max_lr=0.1,
            total_steps=epochs * 10 + 1,
            pct_start=share,
            anneal_strategy="linear",
            cycle_momentum=False,
        ),
        10,
        [0.5] * epochs,
    )
    assert rates(config, 10, [0.5] * epochs) == pytest.approx(expected)


def test_one_cycle_with_no_room_to_rise_starts_at_the_largest_rate():
    config = TrainConfig(schedule="one-cycle", learning_rate=0.1, epochs=1, warmup_share=0.25)
    assert rates(config, 3, [0.5])[0] == 0.1


@given(st.lists(st.floats(0, 1), max_size=40), st.integers(0, 3))
def test_plateau_is_pytorchs(accuracies, patience):
    config = TrainConfig(plateau_patience=patience, plateau_factor=0.5)
    expected = pytorchs_rates(
        lambda optimizer: ReduceLROnPlateau(optimizer, mode="max", factor=0.5, patience=patience),
        1,
        accuracies,
    )
    # PyTorch leaves rates as they are that would change by less than 1e-8.
    seen = rates(config, 1, accuracies)
    assert seen == pytest.approx(expected, abs=1e-8)


def test_one_cycle_rises_to_the_largest_rate_and_falls_to_nothing():
    config = TrainConfig(schedule="one-cycle", learning_rate=0.1, epochs=4, warmup_share=0.25)
    seen = rates(config, 10, [0.5] * 4)
    top = seen.index(max(seen))
    assert top in {9, 10}
    assert 0.095 < max(seen) <= 0.1
    assert seen[: top + 1] == sorted(seen[: top + 1])
    assert seen[top:] == sorted(seen[top:], reverse=True)
    assert 0 < seen[-1] < 0.1 / 20


def test_plateau_lowers_the_rate_when_accuracy_stalls():
    config = TrainConfig(plateau_patience=1, plateau_factor=0.5)
    assert rates(config, 1, [0.5, 0.5, 0.5, 0.5]) == [0.1, 0.1, 0.1, 0.05]


def test_constant_stays():
    assert rates(TrainConfig(schedule="constant"), 1, [0.5] * 30) == [0.1] * 30


@pytest.mark.parametrize(
    ("name", "reference"),
    [
        ("sgd", lambda p: torch.optim.SGD(p, lr=0.01, momentum=0.8, weight_decay=0.1)),
        (
            "adamw",
            lambda p: torch.optim.AdamW(p, lr=0.01, betas=(0.8, 0.999), weight_decay=0.1),
        ),
    ],
)
def test_the_optimiser_is_pytorchs_with_the_configs_settings(name, reference):
    torch.manual_seed(0)
    ours, theirs = nn.Linear(3, 2), nn.Linear(3, 2)
    theirs.load_state_dict(ours.state_dict())
    config = TrainConfig(optimizer=name, learning_rate=0.01, momentum=0.8, weight_decay=0.1)
    pairs = [(ours, Optimizer(ours, config)), (theirs, reference(theirs.parameters()))]
    for _ in range(5):
        for model, optimizer in pairs:
            model(torch.ones(1, 3)).square().sum().backward()
            optimizer.step()
            optimizer.zero_grad()
    for a, b in zip(ours.parameters(), theirs.parameters(), strict=True):
        torch.testing.assert_close(a, b)


def test_a_weight_without_gradient_and_a_frozen_one_stay():
    layers = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))
    layers[0].bias.requires_grad_(False)
    before = [p.clone() for p in layers.parameters()]
    optimizer = Optimizer(layers, TrainConfig(optimizer="adamw", weight_decay=0.1))
    layers[0](torch.ones(1, 2)).sum().backward()
    optimizer.step()
    moved = [not torch.equal(a, b) for a, b in zip(before, layers.parameters(), strict=True)]
    assert moved == [True, False, False, False]


def test_training_does_not_load_pytorchs_compiler():
    program = (
        "import sys, torch; from torch import nn;"
        "from cnnlab.training.config import TrainConfig;"
        "from cnnlab.training.optimizers import Optimizer, Schedule;"
        "layer = nn.Linear(2, 2); config = TrainConfig();"
        "optimizer = Optimizer(layer, config); schedule = Schedule(optimizer, config, 3);"
        "layer(torch.ones(1, 2)).sum().backward(); optimizer.step(); optimizer.zero_grad();"
        "schedule.after_batch(); schedule.after_epoch(0.5);"
        "sys.exit('torch._dynamo' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def odd_weights():
    """Weights of kinds that a fused step moves wrongly or not at all, and gradients for them."""
    torch.manual_seed(0)
    half = torch.randn(6, 4).to(torch.bfloat16)
    wide = torch.randn(6, 8)
    weights = [nn.Parameter(half), nn.Parameter(wide[:, :4]), nn.Parameter(torch.randn(6, 4).t())]
    weights += [nn.Parameter(torch.randn(3, dtype=torch.complex64)), nn.Parameter(torch.randn(5))]
    gradients = [torch.randn_like(weight) for weight in weights]
    return nn.ParameterList(weights), gradients, wide


@pytest.mark.parametrize("name", ["sgd", "adamw"])
def test_weights_of_every_kind_move_as_pytorch_moves_them_one_by_one(name):
    config = TrainConfig(optimizer=name, learning_rate=0.1, momentum=0.9, weight_decay=0.01)
    ours, gradients, wide = odd_weights()
    theirs, _, _ = odd_weights()
    optimizer = Optimizer(ours, config)
    if name == "sgd":
        plain = torch.optim.SGD(theirs, lr=0.1, momentum=0.9, weight_decay=0.01, foreach=False)
    else:
        betas = (0.9, 0.999)
        plain = torch.optim.AdamW(theirs, lr=0.1, betas=betas, weight_decay=0.01, foreach=False)
    neighbours, before = wide[:, 4:].clone(), [weight.detach().clone() for weight in ours]
    for _ in range(3):
        for one, other, gradient in zip(ours, theirs, gradients, strict=True):
            one.grad, other.grad = gradient.clone(), gradient.clone()
        optimizer.step()
        plain.step()
    for one, other, start in zip(ours, theirs, before, strict=True):
        assert torch.allclose(one, other, rtol=1e-5)
        assert not torch.equal(one, start)
    assert torch.equal(wide[:, 4:], neighbours)  # what lies beside a slice stays


@pytest.mark.parametrize("name", ["sgd", "adamw"])
def test_sparse_gradients_are_taken_as_dense_ones(name):
    config = TrainConfig(optimizer=name, learning_rate=0.1)
    moved = []
    for sparse in (True, False):
        torch.manual_seed(0)
        layer = nn.Embedding(10, 3, sparse=sparse)
        optimizer = Optimizer(layer, config)
        for _ in range(2):
            layer(torch.tensor([1, 4, 4])).pow(2).sum().backward()
            optimizer.step()
            optimizer.zero_grad()
        moved.append(layer.weight.detach())
    assert torch.equal(*moved)


def test_adamw_refuses_weights_of_half_precision():
    layers = nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 3).half())
    message = r"AdamW cannot train 1.weight: it has half precision .* train with --optimizer sgd"
    with pytest.raises(ConfigError, match=message):
        Optimizer(layers, TrainConfig(optimizer="adamw"))
    assert len(Optimizer(layers, TrainConfig()).weights) == 4
