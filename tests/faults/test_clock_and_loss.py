"""A clock that jumps, and a loss that is not a number, at any step."""

import random
import time

import pytest
import torch

from cnnlab.errors import DivergedError
from cnnlab.runs import train as train_module
from cnnlab.runs.evaluation import load_model
from cnnlab.runs.run import open_run
from cnnlab.training import loop
from tests.support.tiny_training import CONFIG, CPU, TRAIN, how_many, result_of, start


def test_a_clock_that_jumps_changes_nothing(whole, memory, monkeypatch):
    chance = random.Random(1)
    for name in ("time", "monotonic", "perf_counter"):
        monkeypatch.setattr(time, name, lambda: chance.uniform(-1e9, 1e9))
    for number in range(how_many(5, 200)):
        run = start(memory / f"run-{number}")
        assert result_of(open_run(run.folder)) == whole


def test_a_loss_that_is_not_a_number_keeps_the_last_finite_weights(memory, monkeypatch):
    chance = random.Random(2)
    steps = CONFIG.epochs * 4
    real = loop.loss_batch
    for number in range(how_many(20, 500)):
        at, seen, before = chance.randrange(1, steps + 1), [], {}
        bad = chance.choice([float("nan"), float("inf"), float("-inf")])

        def loss_batch(model, images, *rest, seen=seen, at=at, before=before, bad=bad):
            seen.append(None)
            loss, logits = real(model, images, *rest)
            if len(seen) == at:
                return loss * bad, logits
            before.update({k: v.clone() for k, v in model.state_dict().items()})
            return loss, logits

        monkeypatch.setattr(loop, "loss_batch", loss_batch)
        folder = memory / f"run-{number}"
        with pytest.raises(DivergedError, match="training diverged") as caught:
            start(folder)
        assert str(folder) in str(caught.value)
        run = open_run(folder)
        assert run.status == "diverged"
        assert len(run.history()) == (at - 1) // 4
        kept = load_model(run, CPU).state_dict()
        if (at - 1) % 4 and at > 1:  # within an epoch: the weights of the step before
            assert all(torch.equal(kept[name], before[name]) for name in before)
        assert all(tensor.isfinite().all() for tensor in kept.values())
    assert len(TRAIN.labels) == 4 * CONFIG.batch_size


def test_weights_still_being_written_do_not_replace_the_last_finite_ones(memory, monkeypatch):
    write, real, steps = train_module.write_state, loop.loss_batch, []

    def slow(*arguments):
        time.sleep(0.3)
        write(*arguments)

    def loss_batch(model, *rest):
        steps.append({name: tensor.clone() for name, tensor in model.state_dict().items()})
        loss, logits = real(model, *rest)
        return (loss * float("nan"), logits) if len(steps) == 7 else (loss, logits)

    monkeypatch.setattr(train_module, "write_state", slow)
    monkeypatch.setattr(loop, "loss_batch", loss_batch)
    with pytest.raises(DivergedError):
        start(memory / "run")
    kept = load_model(open_run(memory / "run"), CPU).state_dict()
    assert all(torch.equal(kept[name], steps[5][name]) for name in kept)
