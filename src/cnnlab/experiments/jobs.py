"""Train many jobs side by side: one process for each core, or on a Dask cluster."""

from collections.abc import Iterator, Sequence
from concurrent.futures.process import BrokenProcessPool
from typing import Any, Literal

import joblib
import torch
from numpy.typing import NDArray

from cnnlab.custom.network import explained
from cnnlab.data.splits import PreparedSplits
from cnnlab.data.tensors import TensorSet
from cnnlab.errors import CnnlabError, DivergedError, WorkerError
from cnnlab.runs.job import Job
from cnnlab.runs.writer import TrainingResult
from cnnlab.training.device import describe_device
from cnnlab.training.history import History
from cnnlab.training.listener import Listener
from cnnlab.training.loop import fit

_MOST_DEATHS = 3
_SECONDS_FOR_A_WORKER = 60


def fit_many(
    jobs: Sequence[Job],
    prepared: PreparedSplits,
    *,
    processes: int | None = None,
    client: Any = None,
) -> Iterator[TrainingResult]:
    """Train every job; yield each result as soon as it is ready, in any order.

    The images are on the CPU. ``processes`` is how many jobs run at the same time. By default it
    is one for each core, with one thread each: that is faster than one job after another, because
    no thread waits for another. With a Dask ``client``, its workers train instead. Each result is
    the same as that of the job alone, up to the order in which sums are added. If a process dies,
    its jobs are trained again. Raises `WorkerError` if processes keep dying.
    """
    sets = (prepared.train, prepared.validation)
    arrays = [tensor.numpy() for each in sets for tensor in (each.images, each.labels)]
    waiting = dict(enumerate(jobs))
    deaths = 0
    while waiting:
        try:
            for done in (
                _on_cluster(waiting, arrays, client)
                if client
                else _side_by_side(waiting, arrays, processes)
            ):
                del waiting[done.place]
                yield done
        except BrokenProcessPool:
            deaths += 1
            if deaths == _MOST_DEATHS:
                raise WorkerError(
                    f"A training process died {deaths} times; {len(waiting)} of "
                    f"{len(jobs)} runs are not done. The computer may have too little memory. "
                    "Train fewer runs at the same time: --jobs 1."
                ) from None
        except Exception as error:
            # Dask has many kinds: a worker, its data or a connection was lost.
            deaths += 1
            if client is None:
                raise
            if deaths == _MOST_DEATHS:
                raise WorkerError(
                    f"The cluster failed {deaths} times; {len(waiting)} of {len(jobs)} runs are "
                    f"not done ({type(error).__name__}: {error}). Finished runs are kept. Check "
                    "the workers, then repeat the same command."
                ) from None


def _side_by_side(
    waiting: dict[int, Job], arrays: list[NDArray[Any]], processes: int | None
) -> Iterator[TrainingResult]:
    processes = min(processes or joblib.cpu_count(), len(waiting))
    # A single job runs in this process and uses all cores.
    threads = torch.get_num_threads() if processes == 1 else 1
    tasks = [
        joblib.delayed(_fit_one)(job, place, threads, *arrays) for place, job in waiting.items()
    ]
    with joblib.parallel_config("loky", n_jobs=processes, inner_max_num_threads=1):
        parallel = joblib.Parallel(return_as="generator_unordered", mmap_mode="c", batch_size=1)
    done: Iterator[TrainingResult] = parallel(tasks)
    return done


def _on_cluster(
    waiting: dict[int, Job], arrays: list[NDArray[Any]], client: Any
) -> Iterator[TrainingResult]:
    """Train on Dask's workers, without joblib: with only one worker, joblib would train here."""
    from distributed import as_completed

    client.wait_for_workers(1, timeout=_SECONDS_FOR_A_WORKER)
    there = client.scatter(arrays, broadcast=True, hash=False)
    futures = [
        client.submit(_fit_one, job, place, 1, *there, pure=False) for place, job in waiting.items()
    ]
    try:
        for future in as_completed(futures, loop=client.loop):  # type: ignore[no-untyped-call]
            yield future.result()
    finally:
        client.cancel(futures)


def _fit_one(job: Job, place: int, threads: int, *arrays: NDArray[Any]) -> TrainingResult:
    tensors = [torch.from_numpy(array) for array in arrays]
    train, validation = TensorSet(tensors[0], tensors[1]), TensorSet(tensors[2], tensors[3])
    history: History = []
    weights: dict[str, torch.Tensor] = {}
    status: Literal["finished", "diverged", "failed"] = "finished"
    fault = None
    threads_before = torch.get_num_threads()
    torch.set_num_threads(threads)
    device = describe_device(torch.device("cpu"))
    try:
        model = job.network.build(job.config.seed)
        try:
            with explained(job.network.source, "Training"):
                listener = Listener(epoch=history.append)
                fit(model, train, validation, job.config, listener=listener)
        except DivergedError as error:
            status, fault = "diverged", str(error)
        weights = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    except CnnlabError as error:
        status, fault = "failed", str(error)
    except Exception as error:  # a failed run is counted, and the others continue
        status, fault = "failed", f"{type(error).__name__}: {error}"
    finally:
        torch.set_num_threads(threads_before)
    return TrainingResult(place, status, history, weights, device, fault)
