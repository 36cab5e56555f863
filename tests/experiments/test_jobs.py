import os
from dataclasses import replace
from functools import partial

import pytest
import torch
from torch import nn

from cnnlab.data.catalog import DATA_SETS
from cnnlab.errors import WorkerError
from cnnlab.experiments.jobs import fit_many
from cnnlab.models.catalog import MODELS
from cnnlab.runs.job import Job
from cnnlab.training.config import recipe
from cnnlab.training.loop import fit

MODEL = MODELS["lenet5-relu-max"]


def job(config, make=MODEL.make):
    """Return a job for LeNet-5 with ReLU and max pooling, or for the network of a function."""
    return Job(replace(MODEL, make=make), "workshop", config, DATA_SETS["fashion-mnist"])


def test_each_job_gives_the_result_of_the_job_alone(prepared):
    configs = [recipe("sprint", epochs=2, batch_size=32, seed=seed) for seed in (4, 5, 6)]
    found = {
        done.place: done
        for done in fit_many([job(each) for each in configs], prepared, processes=2)
    }
    assert sorted(found) == [0, 1, 2]
    for place, config in enumerate(configs):
        model = MODEL.build(config.seed)
        alone = fit(model, prepared.train, prepared.validation, config)
        assert found[place].fault is None
        for ours, theirs in zip(found[place].history, alone, strict=True):
            assert ours.train_loss == pytest.approx(theirs.train_loss, abs=1e-4)
        for name, tensor in model.state_dict().items():
            assert torch.allclose(found[place].weights[name], tensor, atol=1e-3)
    losses = [found[place].history[0].train_loss for place in range(3)]
    assert len(set(losses)) == 3  # each seed has its own


def test_a_diverged_job_is_reported_and_the_others_finish(prepared):
    configs = [recipe("workshop", epochs=2, batch_size=32, learning_rate=r) for r in (1e30, 0.01)]
    found = {
        done.place: done
        for done in fit_many([job(each) for each in configs], prepared, processes=2)
    }
    assert "training diverged" in found[0].fault
    assert all(values.isfinite().all() for values in found[0].weights.values())
    assert [found[place].status for place in (0, 1)] == ["diverged", "finished"]
    assert found[1].fault is None
    assert len(found[1].history) == 2


def broken():
    return nn.Sequential(nn.Flatten(), nn.Linear(1000, 10))


def test_a_network_that_fails_is_reported_and_the_others_finish(prepared):
    config = recipe("workshop", epochs=1, batch_size=32)
    jobs = [job(config, broken), job(config)]
    found = {done.place: done for done in fit_many(jobs, prepared, processes=1)}
    assert found[0].status == "failed"
    assert "mat1 and mat2 shapes cannot be multiplied" in found[0].fault
    assert found[1].status == "finished"


def once_deadly(folder):
    mark = folder / "died"
    if not mark.exists():
        mark.touch()
        os._exit(1)
    return MODEL.make()


def deadly():
    os._exit(1)


def test_the_jobs_of_a_dead_process_are_done_again(prepared, tmp_path):
    config = recipe("workshop", epochs=1, batch_size=64)
    jobs = [job(replace(config, seed=seed), partial(once_deadly, tmp_path)) for seed in range(3)]
    found = {done.place: done for done in fit_many(jobs, prepared, processes=2)}
    assert [found[place].status for place in range(3)] == ["finished"] * 3
    alone = fit(MODEL.build(1), prepared.train, prepared.validation, replace(config, seed=1))
    assert found[1].history[0].train_loss == pytest.approx(alone[0].train_loss, abs=1e-4)


def test_processes_that_keep_dying_are_reported(prepared):
    jobs = [job(recipe("workshop", epochs=1), deadly)] * 2
    with pytest.raises(WorkerError, match="died 3 times; 2 of 2 runs are not done"):
        list(fit_many(jobs, prepared, processes=2))


def test_nothing_to_train_is_nothing(prepared):
    assert list(fit_many([], prepared)) == []
