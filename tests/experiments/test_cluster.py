"""The same jobs on a Dask cluster: two workers on this machine, in real processes."""

import os
import warnings
from dataclasses import replace
from functools import partial

import pytest
import torch

from cnnlab.data.catalog import DATA_SETS
from cnnlab.errors import WorkerError
from cnnlab.experiments import cluster as cluster_module
from cnnlab.experiments.cluster import connected
from cnnlab.experiments.jobs import fit_many
from cnnlab.models.catalog import MODELS
from cnnlab.runs.job import Job
from cnnlab.training.config import recipe

distributed = pytest.importorskip("distributed")
MODEL = MODELS["lenet5-relu-max"]


@pytest.fixture(scope="module")
def cluster():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Dask warns when it starts and when it ends
        made = distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address=None, host="127.0.0.1"
        )
        yield made
        made.close()


def jobs():
    return [
        Job(
            MODEL,
            "workshop",
            recipe("workshop", epochs=2, batch_size=64, seed=seed),
            DATA_SETS["fashion-mnist"],
        )
        for seed in range(4)
    ]


@pytest.mark.filterwarnings("ignore")
def test_a_cluster_gives_the_same_results_as_one_machine_seed_by_seed(cluster, prepared):
    local = {done.place: done for done in fit_many(jobs(), prepared, processes=2)}
    with connected(cluster.scheduler_address) as client:
        there = {done.place: done for done in fit_many(jobs(), prepared, client=client)}
    assert sorted(there) == sorted(local)
    for place, done in there.items():
        assert [r.train_loss for r in done.history] == [r.train_loss for r in local[place].history]
        for name, weights in done.weights.items():
            assert torch.equal(weights, local[place].weights[name])


def once_deadly(folder):
    mark = folder / "died"
    if not mark.exists():
        mark.touch()
        os._exit(1)
    return MODEL.make()


@pytest.mark.filterwarnings("ignore")
def test_the_jobs_of_a_dead_worker_are_done_elsewhere(cluster, prepared, tmp_path):
    work = [
        replace(each, network=replace(MODEL, make=partial(once_deadly, tmp_path)))
        if place == 1
        else each
        for place, each in enumerate(jobs())
    ]
    with connected(cluster.scheduler_address) as client:
        done = {each.place: each for each in fit_many(work, prepared, client=client)}
    assert (tmp_path / "died").exists()
    assert [done[place].status for place in range(4)] == ["finished"] * 4


def test_another_version_on_a_worker_is_refused(cluster, monkeypatch):
    monkeypatch.setattr("importlib.metadata.version", lambda name: "0.0.7")  # here, not there
    with (
        pytest.raises(WorkerError, match=r"cnnlab is 0\.0\.7 here but .* on tcp://127"),
        connected(cluster.scheduler_address),
    ):
        pass


@pytest.mark.filterwarnings("ignore")
def test_a_worker_of_several_threads_is_refused():
    with (
        distributed.LocalCluster(
            n_workers=1,
            threads_per_worker=2,
            scheduler_port=0,
            dashboard_address=None,
            host="127.0.0.1",
        ) as wide,
        pytest.raises(WorkerError, match=r"has 2 threads; .* Start it with: dask worker tcp.* 1"),
        connected(wide.scheduler_address),
    ):
        pass


@pytest.mark.filterwarnings("ignore")
def test_a_missing_scheduler_is_reported(monkeypatch):
    monkeypatch.setattr(cluster_module, "_SECONDS", 1)
    with (
        pytest.raises(
            WorkerError, match=r"No Dask scheduler answers at tcp://127\.0\.0\.1:9 within 1 s"
        ),
        connected("tcp://127.0.0.1:9"),
    ):
        pass


@pytest.mark.filterwarnings("ignore")
def test_a_wrong_address_is_reported():
    with (
        pytest.raises(WorkerError, match="No Dask scheduler answers at nonsense://x"),
        connected("nonsense://x"),
    ):
        pass


@pytest.mark.filterwarnings("ignore")
def test_a_scheduler_without_workers_is_reported():
    with (
        distributed.LocalCluster(
            n_workers=0, scheduler_port=0, dashboard_address=None, host="127.0.0.1"
        ) as empty,
        pytest.raises(WorkerError, match=r"has no workers. On each machine: dask worker tcp"),
        connected(empty.scheduler_address),
    ):
        pass


def test_without_the_extra_it_is_named(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "distributed", None)
    with (
        pytest.raises(WorkerError, match=r"pip install 'cnnlab\[cluster\]'"),
        connected("tcp://127.0.0.1:9"),
    ):
        pass
