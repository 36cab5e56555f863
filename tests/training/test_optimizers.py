import pytest
import torch
from torch import nn

from cnnlab.training.config import TrainConfig
from cnnlab.training.optimizers import Schedule, make_optimizer


def rates(config, batches, accuracies):
    optimizer = make_optimizer(nn.Linear(2, 2), config)
    schedule = Schedule(optimizer, config, batches)
    seen = []
    for accuracy in accuracies:
        for _ in range(batches):
            seen.append(optimizer.param_groups[0]["lr"])
            optimizer.step()
            schedule.after_batch()
        schedule.after_epoch(accuracy)
    return seen


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
    pairs = [(ours, make_optimizer(ours, config)), (theirs, reference(theirs.parameters()))]
    for _ in range(5):
        for model, optimizer in pairs:
            model(torch.ones(1, 3)).square().sum().backward()
            optimizer.step()
            optimizer.zero_grad()
    for a, b in zip(ours.parameters(), theirs.parameters(), strict=True):
        torch.testing.assert_close(a, b)
