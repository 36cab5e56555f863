"""A chain of blocks, compiled for one size of image: its code, its memory, its gradients."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import torch
from llvmlite import ir
from torch.nn.functional import pad

from cnnlab.training.engines import kernels
from cnnlab.training.engines.blocks import Block
from cnnlab.training.engines.kernels import Kept, Maps
from cnnlab.training.engines.lanes import (
    FLOAT,
    Compiled,
    Given,
    Lanes,
    Processor,
    compile_functions,
    define,
)
from cnnlab.training.engines.workers import run, workers

_MOST_PARTS = 8


@dataclass(frozen=True)
class Program:
    """A chain's machine code: functions, and the names of the addresses that each one needs."""

    functions: dict[str, Compiled]
    names: dict[str, list[str]]
    engine: Any  # keeps the code in memory


@cache
def compile_chain(blocks: tuple[Block, ...], processor: Processor, input_gradient: bool) -> Program:
    """Return the code of blocks in a row.

    ``forward`` and ``infer`` compute the results of one vector of images, ``backward`` adds
    up the gradients of one, ``total`` sums the gradients of all parts. ``infer`` keeps nothing.
    Block i reads ``x{i}`` and writes ``x{i+1}``, each with the padding that its reader wants.
    """
    return _Writer(blocks, processor, input_gradient).program()


class _Writer:
    """Writes the functions of a chain."""

    def __init__(
        self, blocks: tuple[Block, ...], processor: Processor, input_gradient: bool
    ) -> None:
        self.blocks, self.processor = blocks, processor
        self.input_gradient = input_gradient
        self.lanes = processor.lanes

    def program(self) -> Program:
        """Return the compiled functions."""
        module = ir.Module("chain")
        bodies = {
            "forward": self.forward,
            "infer": self.infer,
            "backward": self.backward,
            "total": self.total,
        }
        names = {name: define(module, name, self.lanes, body) for name, body in bodies.items()}
        functions, engine = compile_functions(module, tuple(bodies), self.processor)
        return Program(functions, names, engine)

    def maps(self, code: Lanes, base: Any, index: int, place: Any) -> Maps:
        """Return where the input maps of block ``index`` lie, or the chain's last ones."""
        if index == len(self.blocks):
            last = self.blocks[-1]
            here = code.at(base, (place, last.outputs))
            return Maps(here, last.rows_out, last.columns_out)
        block = self.blocks[index]
        here = code.at(base, (place, block.inputs))
        return Maps(here, block.height, block.width, block.padding)

    def images(self, code: Lanes, base: Any, number: Any, size: int) -> Any:
        """Return where one vector's images lie, one after the other."""
        return code.at(base, (number, size * self.lanes), of=FLOAT)

    def forward(self, code: Lanes, given: Given, number: Any) -> None:
        """Write one vector of images through all blocks; keep what the backward pass needs."""
        self._forward(code, given, number, number, keep=True)

    def infer(self, code: Lanes, given: Given, number: Any) -> None:
        """Write the same in the worker's own places, which the next vector uses again."""
        self._forward(code, given, number, given.worker, keep=False)

    def _forward(self, code: Lanes, given: Given, number: Any, place: Any, keep: bool) -> None:
        first, last = self.blocks[0], self.blocks[-1]
        x = self.maps(code, given["x0"], 0, place)
        source = self.images(code, given["images"], number, first.pixels)
        if first.padding:
            plain = code.at(given["unpadded"], (given.worker, first.pixels))
            code.to_lanes(source, first.pixels, plain)
            kernels.clear_border(code, first.channels_in, x)
            kernels.copy_maps(code, first.channels_in, Maps(plain, first.height, first.width), x)
        else:
            code.to_lanes(source, first.pixels, x.base)
        for index, block in enumerate(self.blocks):
            out = self.maps(code, given[f"x{index + 1}"], index + 1, place)
            kernels.clear_border(code, block.channels_out, out)
            kernels.convolve(
                code,
                block,
                self.processor.registers,
                x.base,
                given[f"weight{index}"],
                given[f"bias{index}"] if block.has_bias else None,
                self.kept(code, given, index, number) if keep else None,
                out,
            )
            x = out
        target = self.images(code, given["results"], number, last.outputs)
        code.from_lanes(x.base, last.outputs, target)

    def kept(self, code: Lanes, given: Given, index: int, number: Any) -> Kept:
        """Return where a block keeps what its backward pass needs."""
        block = self.blocks[index]
        which = values = None
        if block.kept_bytes:
            which = code.at(given[f"which{index}"], (number, block.kept_bytes), of=code.bytes)
        if block.kept_values:
            values = code.at(given[f"values{index}"], (number, block.kept_values))
        return Kept(which, values)

    def backward(self, code: Lanes, given: Given, number: Any) -> None:
        """Write the gradients of one vector of images; those of weights are added up by part."""
        blocks, worker = self.blocks, given.worker
        sums = code.at(given["sums"], (worker, max(block.sums for block in blocks)))
        gradient = self.maps(code, given["behind"], len(blocks), worker)
        source = self.images(code, given["gradient"], number, blocks[-1].outputs)
        code.to_lanes(source, blocks[-1].outputs, gradient.base)
        for index, block in reversed(list(enumerate(blocks))):
            kernels.gradient_of_sums(
                code,
                block,
                self.kept(code, given, index, number),
                self.maps(code, given[f"x{index + 1}"], index + 1, number),
                gradient,
                sums,
                self.own_total(code, given, index, block.weights),
            )
            kernels.gradient_of_weights(
                code,
                block,
                self.processor.registers,
                self.maps(code, given[f"x{index}"], index, number).base,
                sums,
                self.own_total(code, given, index, 0),
            )
            if index or self.input_gradient:
                gradient = self.maps(code, given[f"gradient{index}"], index, worker)
                kernels.gradient_of_input(
                    code,
                    block,
                    self.processor.registers,
                    given[f"weight{index}"],
                    sums,
                    gradient.base,
                )
        if self.input_gradient:
            self._image_gradient(code, given, number, gradient)

    def _image_gradient(self, code: Lanes, given: Given, number: Any, gradient: Maps) -> None:
        first = self.blocks[0]
        base = gradient.base
        if first.padding:
            base = code.at(given["unpadded"], (given.worker, first.pixels))
            plain = Maps(base, first.height, first.width)
            kernels.copy_maps(code, first.channels_in, gradient, plain)
        target = self.images(code, given["image gradient"], number, first.pixels)
        code.from_lanes(base, first.pixels, target)

    def own_total(self, code: Lanes, given: Given, index: int, more: int) -> Any:
        """Return where a part adds up a block's gradients: of its weights, then of its biases."""
        sizes = [block.weights + block.channels_out for block in self.blocks[:index]]
        size = _totals(self.blocks, self.lanes)
        return code.at(given["totals"], (given.part, size), sum(sizes) + more)

    def total(self, code: Lanes, given: Given, number: Any) -> None:
        """Write one vector of the sums over all parts, which ``part`` counts here."""
        size = _totals(self.blocks, self.lanes)
        code.sum_lanes(given["totals"], number, size, given.part, given["sum"])


def _totals(blocks: Sequence[Block], lanes: int) -> int:
    """Return room for the gradients of all weights and biases: a multiple of the lanes."""
    needed = sum(block.weights + block.channels_out for block in blocks)
    return -(-needed // lanes) * lanes


class Chain:
    """Blocks in a row, compiled for one size of image."""

    def __init__(self, blocks: Sequence[Block], processor: Processor, input_gradient: bool) -> None:
        self.blocks = blocks
        self.lanes = processor.lanes
        self.input_gradient = input_gradient
        self.program = compile_chain(tuple(blocks), processor, input_gradient)

    def __call__(
        self,
        images: torch.Tensor,
        parameters: Sequence[torch.Tensor | None],
        values: Sequence[torch.Tensor | None],
    ) -> torch.Tensor:
        """Return the chain's results (N, channels, rows, columns) for images of its size.

        ``parameters`` are each block's weight and bias, which get gradients; the bias is None if
        a block has none. ``values`` are the numbers to compute with, in the same order.
        """
        count = len(images)
        missing = -count % self.lanes
        whole = pad(images, (0, 0, 0, 0, 0, 0, 0, missing)) if missing else images
        if torch.is_grad_enabled():
            results = _Differentiable.apply(self, tuple(values), whole, *parameters)  # type: ignore[no-untyped-call]
        else:
            results = self._forward(whole.contiguous(), values, keep=False)["results"]
        return results[:count] if missing else results  # type: ignore[no-any-return]

    def _room(self, number: int, *per_image: int) -> list[torch.Tensor]:
        """Return room for so many vectors of images: values of one image each."""
        return [torch.empty(number * size * self.lanes) for size in per_image]

    def _run(self, name: str, tensors: dict[str, torch.Tensor], blocks: int) -> None:
        names = self.program.names[name]
        parts = min(_MOST_PARTS, blocks)
        run(self.program.functions[name], [tensors[each] for each in names], blocks, parts)

    def _forward(
        self, images: torch.Tensor, parameters: Sequence[torch.Tensor | None], keep: bool
    ) -> dict[str, torch.Tensor]:
        """Return the results and, to ``keep``, all places that the backward pass reads."""
        number = len(images) // self.lanes
        first, last = self.blocks[0], self.blocks[-1]
        tensors = {
            "images": images,
            "results": torch.empty(len(images), last.channels_out, last.rows_out, last.columns_out),
            **self._named(parameters),
        }
        if first.padding:
            (tensors["unpadded"],) = self._room(workers(), first.pixels)
        sizes = [*(block.inputs for block in self.blocks), last.outputs]
        for index, x in enumerate(self._room(number if keep else workers(), *sizes)):
            tensors[f"x{index}"] = x
        if keep:
            for index, block in enumerate(self.blocks):
                kept = number * block.kept_bytes * self.lanes
                tensors[f"which{index}"] = torch.empty(kept, dtype=torch.uint8)
                (tensors[f"values{index}"],) = self._room(number, block.kept_values)
        self._run("forward" if keep else "infer", tensors, number)
        return tensors

    @staticmethod
    def _named(parameters: Sequence[torch.Tensor | None]) -> dict[str, torch.Tensor]:
        names = [f"{kind}{index // 2}" for index in range(0, len(parameters), 2) for kind in _KINDS]
        pairs = zip(names, parameters, strict=True)
        return {name: tensor.contiguous() for name, tensor in pairs if tensor is not None}

    def backward(
        self,
        gradient: torch.Tensor,
        parameters: Sequence[torch.Tensor | None],
        kept: dict[str, torch.Tensor],
    ) -> tuple[torch.Tensor | None, list[torch.Tensor | None]]:
        """Return the gradients of the images, if needed, and of the parameters."""
        number = len(gradient) // self.lanes
        first = self.blocks[0]
        sizes = [size for block in self.blocks for size in (block.weights, block.channels_out)]
        size = _totals(self.blocks, self.lanes)
        parts = min(_MOST_PARTS, number)
        tensors = {
            **kept,
            **self._named(parameters),
            "gradient": gradient,
            "totals": torch.zeros(parts * size * self.lanes),
            "sum": torch.empty(size),
        }
        (tensors["sums"],) = self._room(workers(), max(block.sums for block in self.blocks))
        (tensors["behind"],) = self._room(workers(), self.blocks[-1].outputs)
        inputs = [block.inputs for block in self.blocks]
        for index, place in enumerate(self._room(workers(), *inputs)):
            tensors[f"gradient{index}"] = place
        image_gradient = None
        if self.input_gradient:
            image_gradient = torch.empty(
                len(gradient), first.channels_in, first.height, first.width
            )
            tensors["image gradient"] = image_gradient
            (tensors["unpadded"],) = self._room(workers(), first.pixels)
        self._run("backward", tensors, number)
        names = self.program.names["total"]
        given = [tensors[each] for each in names]
        run(self.program.functions["total"], given, size // self.lanes, 1, parts)
        pairs = zip(tensors["sum"][: sum(sizes)].split(sizes), parameters, strict=True)
        found = [None if own is None else total.view_as(own) for total, own in pairs]
        return image_gradient, found


_KINDS = ("weight", "bias")


class _Differentiable(torch.autograd.Function):
    """A chain, as automatic differentiation calls it."""

    @staticmethod
    def forward(
        ctx: Any,
        chain: Chain,
        values: tuple[torch.Tensor | None, ...],
        images: torch.Tensor,
        *parameters: torch.Tensor | None,
    ) -> Any:
        tensors = chain._forward(images.contiguous(), values, keep=True)
        ctx.chain, ctx.values = chain, values
        ctx.names = [name for name in tensors if name[0] == "x" or name[:5] in ("which", "value")]
        ctx.save_for_backward(*parameters, *(tensors[name] for name in ctx.names))
        return tensors["results"]

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, gradient: torch.Tensor) -> Any:
        count = 2 * len(ctx.chain.blocks)
        kept = dict(zip(ctx.names, ctx.saved_tensors[count:], strict=True))
        found = ctx.chain.backward(gradient.contiguous(), ctx.values, kept)
        return None, None, found[0], *found[1]
