"""A chain of blocks, compiled for one size of image: its memory, its threads, its gradients."""

import ctypes
import os
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from itertools import pairwise
from typing import Any

import torch
from torch.nn.functional import pad

from cnnlab.training.engines.kernels import Block, compile_chain
from cnnlab.training.engines.lanes import Processor


@cache
def _workers() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(thread_name_prefix="cnnlab-kernel")


if hasattr(os, "register_at_fork"):  # a forked child has none of its parent's threads
    os.register_at_fork(after_in_child=_workers.cache_clear)


def _parts(blocks: int) -> list[tuple[int, int]]:
    """Return each thread's first block and end, for as many threads as PyTorch uses."""
    threads = min(torch.get_num_threads(), blocks)
    bounds = [blocks * number // threads for number in range(threads + 1)]
    return list(pairwise(bounds))


def _run(function: Any, tables: list[Any], parts: list[tuple[int, int]]) -> None:
    """Call machine code for every part in a thread of its own; the first part in this thread."""
    others = [
        _workers().submit(function, table, *part)
        for table, part in zip(tables[1:], parts[1:], strict=True)
    ]
    function(tables[0], *parts[0])
    for other in others:
        other.result()


def _table(tensors: list[torch.Tensor]) -> Any:
    return (ctypes.c_void_p * len(tensors))(*[tensor.data_ptr() for tensor in tensors])


class Chain:
    """Blocks in a row, compiled for one size of image."""

    def __init__(self, blocks: list[Block], processor: Processor, input_gradient: bool) -> None:
        self.blocks = blocks
        self.lanes = processor.lanes
        self.input_gradient = input_gradient
        self.functions, self._keeps = compile_chain(tuple(blocks), processor, input_gradient)

    def __call__(self, images: torch.Tensor, parameters: list[torch.Tensor]) -> torch.Tensor:
        """Return the chain's results (N, channels, rows, columns) for images of its size."""
        count = len(images)
        missing = -count % self.lanes
        whole = pad(images, (0, 0, 0, 0, 0, 0, 0, missing)) if missing else images
        if torch.is_grad_enabled():
            results = _Differentiable.apply(self, whole, *parameters)  # type: ignore[no-untyped-call]
        else:
            results = self.infer(whole.contiguous(), parameters)
        return results[:count] if missing else results  # type: ignore[no-any-return]

    def _results(self, count: int) -> torch.Tensor:
        last = self.blocks[-1]
        return torch.empty(count, last.channels_out, last.rows_out, last.columns_out)

    def _places(self, number: int, keep: bool) -> tuple[torch.Tensor, list[torch.Tensor]]:
        """Return room for the input vectors, and for each block's kept and output vectors."""
        room = []
        for block in self.blocks:
            kept = number * block.kept_bytes * self.lanes if keep else 0
            room.append(torch.empty(kept, dtype=torch.uint8))
            room.append(torch.empty(number * block.outputs * self.lanes))
        return torch.empty(number * self.blocks[0].inputs * self.lanes), room

    def infer(self, images: torch.Tensor, parameters: list[torch.Tensor]) -> torch.Tensor:
        """Return the results; keep nothing for a backward pass."""
        parts = _parts(len(images) // self.lanes)
        results = self._results(len(images))
        x, room = self._places(parts[-1][0] + 1, keep=False)
        table = _table([images, x, *self._interleaved(parameters, room), results])
        _run(self.functions["infer"], [table] * len(parts), parts)
        return results

    def forward(
        self, images: torch.Tensor, parameters: list[torch.Tensor]
    ) -> tuple[torch.Tensor, torch.Tensor, list[torch.Tensor]]:
        """Return the results, the input vectors, and each block's kept and output vectors."""
        blocks = len(images) // self.lanes
        parts = _parts(blocks)
        results = self._results(len(images))
        x, room = self._places(blocks, keep=True)
        table = _table([images, x, *self._interleaved(parameters, room), results])
        _run(self.functions["forward"], [table] * len(parts), parts)
        return results, x, room

    @staticmethod
    def _interleaved(
        parameters: list[torch.Tensor], room: list[torch.Tensor]
    ) -> list[torch.Tensor]:
        return [
            each
            for index in range(0, len(room), 2)
            for each in (*parameters[index : index + 2], *room[index : index + 2])
        ]

    def backward(
        self,
        gradient: torch.Tensor,
        x: torch.Tensor,
        parameters: list[torch.Tensor],
        room: list[torch.Tensor],
    ) -> tuple[torch.Tensor | None, list[torch.Tensor]]:
        """Return the gradients of the images, if needed, and of the parameters."""
        parts = _parts(len(gradient) // self.lanes)
        first = self.blocks[0]
        image_gradient = torch.empty(len(gradient), first.channels_in, first.height, first.width)
        sizes = [size for block in self.blocks for size in (block.weights, block.channels_out)]
        totals = torch.zeros(len(parts), sum(sizes), self.lanes)
        tables, scratch = [], []
        for thread in range(len(parts)):
            sums = torch.empty(max(block.sums for block in self.blocks) * self.lanes)
            pointers = [gradient, x, sums]
            own = totals[thread].split(sizes)
            for index, block in enumerate(self.blocks):
                behind = torch.empty(block.outputs * self.lanes)
                pointers += [parameters[2 * index], *room[2 * index : 2 * index + 2], behind]
                pointers += own[2 * index : 2 * index + 2]
            if self.input_gradient:
                pointers += [torch.empty(first.inputs * self.lanes), image_gradient]
            scratch.append(pointers)  # alive until the code has run
            tables.append(_table(pointers))
        _run(self.functions["backward"], tables, parts)
        sums_of = totals.sum(dim=(0, 2)).split(sizes)
        found = [
            total.view_as(parameter) for total, parameter in zip(sums_of, parameters, strict=True)
        ]
        return (image_gradient if self.input_gradient else None), found


class _Differentiable(torch.autograd.Function):
    """A chain, as automatic differentiation calls it."""

    @staticmethod
    def forward(ctx: Any, chain: Chain, images: torch.Tensor, *parameters: torch.Tensor) -> Any:
        results, x, room = chain.forward(images.contiguous(), list(parameters))
        ctx.chain = chain
        ctx.save_for_backward(x, *parameters, *room)
        return results

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, gradient: torch.Tensor) -> Any:
        x, *rest = ctx.saved_tensors
        count = 2 * len(ctx.chain.blocks)  # a weight and a bias each, and as many places
        found = ctx.chain.backward(gradient.contiguous(), x, rest[:count], rest[count:])
        return None, found[0], *found[1]
