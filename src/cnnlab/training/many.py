"""Many trainings side by side: a process for each core, a thread in each."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import joblib
import torch
from numpy.typing import NDArray
from torch import nn

from cnnlab.data.images import TensorSet
from cnnlab.errors import DivergedError
from cnnlab.training.config import TrainConfig
from cnnlab.training.loop import History, fit


@dataclass(frozen=True)
class Trained:
    """What one of many trainings gave: its place in the list, its epochs, its weights.

    Where it diverged, ``fault`` says so, and the weights are the last whose loss was finite.
    """

    place: int
    history: History
    state: dict[str, NDArray[Any]]
    fault: str | None = None


def fit_many(
    build: Callable[[int], nn.Module],
    configs: Sequence[TrainConfig],
    train: TensorSet,
    validation: TensorSet,
    *,
    jobs: int | None = None,
) -> Iterator[Trained]:
    """Train a network for every config, and yield each as it is done, in any order.

    ``build`` makes the network from a config's seed; it must be importable in another process.
    The sets lie on the CPU. ``jobs`` processes run at a time: by default one a core, which is
    quicker than one after another, because nothing waits for another thread. Each training is
    the one that it would be alone, up to the order in which sums are added.
    """
    jobs = min(jobs or joblib.cpu_count(), len(configs))
    arrays = [tensor.numpy() for tensor in (*train, *validation)]
    with joblib.parallel_config("loky", inner_max_num_threads=1):
        yield from joblib.Parallel(n_jobs=jobs, return_as="generator_unordered", mmap_mode="c")(
            joblib.delayed(_fit_one)(build, place, config, *arrays)
            for place, config in enumerate(configs)
        )


def _fit_one(
    build: Callable[[int], nn.Module], place: int, config: TrainConfig, *arrays: NDArray[Any]
) -> Trained:
    tensors = [torch.from_numpy(array) for array in arrays]
    train, validation = TensorSet(*tensors[:2]), TensorSet(*tensors[2:])
    model, fault = build(config.seed), None
    history: History = []
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        fit(model, train, validation, config, on_epoch=history.append)
    except DivergedError as error:
        fault = str(error)
    finally:
        torch.set_num_threads(threads)
    state = {name: tensor.numpy() for name, tensor in model.state_dict().items()}
    return Trained(place, history, state, fault)
