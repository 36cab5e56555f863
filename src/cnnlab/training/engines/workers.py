"""Threads that run machine code, each on the next part of the work.

Which thread runs a part, and how many threads there are, changes no result: each part adds up
its own sums.
"""

import ctypes
import itertools
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache

import torch

from cnnlab.training.engines.lanes import Compiled


@cache
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(thread_name_prefix="cnnlab-kernel")


if hasattr(os, "register_at_fork"):  # a forked child has none of its parent's threads
    os.register_at_fork(after_in_child=_threads.cache_clear)


_instead: list[int] = []  # threads for kernels, where PyTorch's own layers have one


def workers() -> int:
    """Return how many threads run kernels: as many as PyTorch uses, or would use."""
    return _instead[0] if _instead else torch.get_num_threads()


@contextmanager
def one_pytorch_thread() -> Iterator[None]:
    """Inside the block PyTorch's own layers run in one thread, and kernels in as many as before.

    In small layers PyTorch's threads wait for each other longer than they compute, if another
    program uses one of the processor's cores (docs/log.md).
    """
    threads = torch.get_num_threads()
    _instead.append(threads)
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
        _instead.pop()


def run(
    function: Compiled,
    tensors: list[torch.Tensor],
    count: int,
    parts: int,
    part: int | None = None,
) -> None:
    """Call machine code for the numbers below ``count``, in so many parts; return when all ran.

    The code gets the number of its part, or ``part`` if given.
    """
    table = (ctypes.c_void_p * len(tensors))(*[tensor.data_ptr() for tensor in tensors])
    bounds = [count * number // parts for number in range(parts + 1)]
    numbers = itertools.count()

    def work(worker: int) -> None:
        while (number := next(numbers)) < parts:
            own = number if part is None else part
            function(table, bounds[number], bounds[number + 1], own, worker)

    others = [_threads().submit(work, worker) for worker in range(1, min(workers(), parts))]
    work(0)
    for other in others:
        other.result()
