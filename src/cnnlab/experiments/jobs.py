"""Many trainings side by side: a process for each core, a thread in each; or a Dask cluster."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from typing import Any, Literal

import joblib
import torch
from numpy.typing import NDArray
from torch import nn

from cnnlab.data.tensors import TensorSet
from cnnlab.errors import DivergedError, WorkerError
from cnnlab.runs.train import Trained
from cnnlab.training.config import TrainConfig
from cnnlab.training.device import describe_device
from cnnlab.training.loop import History, fit

_MOST_DEATHS = 3
_SECONDS_FOR_A_WORKER = 60


@dataclass(frozen=True)
class Training:
    """One of many: how its network is made from a seed, and its settings.

    ``build`` must be picklable: it makes the network in another process.
    """

    build: Callable[[int], nn.Module]
    config: TrainConfig


def fit_many(
    trainings: Sequence[Training],
    train: TensorSet,
    validation: TensorSet,
    *,
    jobs: int | None = None,
    client: Any = None,
) -> Iterator[Trained]:
    """Do every training, and yield each as it is done, in any order.

    The sets lie on the CPU. ``jobs`` processes run at a time: by default one a core, which is
    quicker than one after another, because nothing waits for another thread. With a Dask
    ``client`` its workers run them instead. Each training is the one that it would be alone, up
    to the order in which sums are added. What a process that died was doing is done again;
    raises `WorkerError` where processes go on dying.
    """
    arrays = [
        tensor.numpy() for each in (train, validation) for tensor in (each.images, each.labels)
    ]
    waiting = dict(enumerate(trainings))
    deaths = 0
    while waiting:
        try:
            for done in (
                _on_cluster(waiting, arrays, client)
                if client
                else _side_by_side(waiting, arrays, jobs)
            ):
                del waiting[done.place]
                yield done
        except BrokenProcessPool:
            deaths += 1
            if deaths == _MOST_DEATHS:
                raise WorkerError(
                    f"A training process died {deaths} times; {len(waiting)} of "
                    f"{len(trainings)} trainings are not done. The system may be short of memory: "
                    "try fewer at a time, with --jobs 1."
                ) from None
        except Exception as error:  # Dask has many: a worker, its data or a connection was lost
            deaths += 1
            if client is None:
                raise
            if deaths == _MOST_DEATHS:
                raise WorkerError(
                    f"The cluster gave up with {len(waiting)} of {len(trainings)} trainings not "
                    f"done ({type(error).__name__}: {error}). What is done is kept; look at its "
                    "workers, then start the same again."
                ) from None


def _side_by_side(
    waiting: dict[int, Training], arrays: list[NDArray[Any]], jobs: int | None
) -> Iterator[Trained]:
    jobs = min(jobs or joblib.cpu_count(), len(waiting))
    # One at a time runs in this process, and has all cores to itself.
    threads = torch.get_num_threads() if jobs == 1 else 1
    tasks = [
        joblib.delayed(_fit_one)(training, place, threads, *arrays)
        for place, training in waiting.items()
    ]
    with joblib.parallel_config("loky", n_jobs=jobs, inner_max_num_threads=1):
        parallel = joblib.Parallel(return_as="generator_unordered", mmap_mode="c", batch_size=1)
    done: Iterator[Trained] = parallel(tasks)
    return done


def _on_cluster(
    waiting: dict[int, Training], arrays: list[NDArray[Any]], client: Any
) -> Iterator[Trained]:
    """Train on Dask's workers. Not through joblib: with one worker left it trains here instead."""
    from distributed import as_completed

    client.wait_for_workers(1, timeout=_SECONDS_FOR_A_WORKER)
    there = client.scatter(arrays, broadcast=True, hash=False)
    futures = [
        client.submit(_fit_one, training, place, 1, *there, pure=False)
        for place, training in waiting.items()
    ]
    try:
        for future in as_completed(futures, loop=client.loop):  # type: ignore[no-untyped-call]
            yield future.result()
    finally:
        client.cancel(futures)


def _fit_one(training: Training, place: int, threads: int, *arrays: NDArray[Any]) -> Trained:
    tensors = [torch.from_numpy(array) for array in arrays]
    train, validation = TensorSet(tensors[0], tensors[1]), TensorSet(tensors[2], tensors[3])
    history: History = []
    weights: dict[str, NDArray[Any]] = {}
    status: Literal["finished", "diverged", "failed"] = "finished"
    fault = None
    threads_before = torch.get_num_threads()
    torch.set_num_threads(threads)
    device = describe_device(torch.device("cpu"))
    try:
        model = training.build(training.config.seed)
        try:
            fit(model, train, validation, training.config, on_epoch=history.append)
        except DivergedError as error:
            status, fault = "diverged", str(error)
        weights = {name: tensor.numpy() for name, tensor in model.state_dict().items()}
    except Exception as error:  # the user's own network may fail in any way
        status, fault = "failed", f"{type(error).__name__}: {error}"
    finally:
        torch.set_num_threads(threads_before)
    return Trained(place, status, history, weights, device, fault)
