"""Run the convolutional blocks of a network with the kernels of `kernels`, if they fit.

The network stays the same module. Inside a `fused` block, an ``nn.Sequential`` whose children
follow the pattern convolution, activation, pooling computes them in one pass. All other layers
are PyTorch's own.
"""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import torch
from torch import nn
from torch.nn.modules.conv import _ConvNd

from cnnlab.training.engines.activations import Activation
from cnnlab.training.engines.blocks import Block
from cnnlab.training.engines.chain import Chain
from cnnlab.training.engines.lanes import Processor, this_processor

_MOST_WEIGHTS = 40_000  # beyond, the weights' gradients leave the cache and PyTorch is as fast
_TOLERANCE = 1e-4
_SLOWER = "Using PyTorch's own layers, which are slower than fused kernels."


@dataclass(frozen=True)
class _Stage:
    """Children of a Sequential that one block computes."""

    convolution: nn.Conv2d
    activation: Literal["tanh", "relu"] | None
    pooling: Literal["average", "max"] | None
    layers: tuple[nn.Module, ...]


def _stage(children: list[nn.Module]) -> _Stage | None:
    """Return the stage at the beginning of the children, or None."""
    convolution = children[0]
    if type(convolution) is not nn.Conv2d or not _is_plain(convolution):
        return None
    activation, pooling, length = None, None, 1
    for child in children[1:3]:
        if _is_watched(child):
            break
        if activation is None and type(child) in (nn.Tanh, nn.ReLU):
            if pooling == "average":  # the mean of four does not pass through the activation
                break
            activation = "tanh" if type(child) is nn.Tanh else "relu"
        elif pooling is None and type(child) in (nn.AvgPool2d, nn.MaxPool2d):
            if not _is_halving(child):
                break
            pooling = "average" if type(child) is nn.AvgPool2d else "max"
        else:
            break
        length += 1
    return _Stage(convolution, activation, pooling, tuple(children[:length]))  # type: ignore[arg-type]


def _is_plain(convolution: nn.Conv2d) -> bool:
    kernel = convolution.kernel_size
    return (
        kernel[0] == kernel[1] <= 7
        and convolution.stride == convolution.dilation == (1, 1)
        and convolution.padding in ((0, 0), (1, 1), (2, 2), (3, 3))
        and convolution.padding_mode == "zeros"
        and convolution.groups == 1
        and convolution.bias is not None
        and convolution.weight.dtype == convolution.bias.dtype == torch.float32
        and convolution.weight.device.type == convolution.bias.device.type == "cpu"
        and convolution.weight.numel() <= _MOST_WEIGHTS
        and not _is_watched(convolution)
        and all(p.requires_grad for p in convolution.parameters())
        and len(list(convolution.parameters())) == 2
    )


def _is_halving(pool: Any) -> bool:
    def both(value: Any) -> tuple[Any, ...]:
        return value if isinstance(value, tuple) else (value, value)

    return (
        both(pool.kernel_size) == both(pool.stride) == (2, 2)
        and both(pool.padding) == (0, 0)
        and not pool.ceil_mode
        and both(getattr(pool, "dilation", 1)) == (1, 1)
        and not getattr(pool, "return_indices", False)
        and getattr(pool, "divisor_override", None) is None
    )


def _is_watched(module: nn.Module) -> bool:
    """Return whether a module has hooks or parametrisations: PyTorch must then call it."""
    return bool(
        module._forward_hooks
        or module._forward_pre_hooks
        or module._backward_hooks
        or module._backward_pre_hooks
        or hasattr(module, "parametrizations")
        or not isinstance(module.__dict__.get("forward"), _FusedForward | None)
    )


class _FusedForward:
    """A Sequential's children in order, runs of stages computed as chains."""

    def __init__(self, sequential: nn.Sequential, processor: Processor | None = None) -> None:
        self.sequential = sequential
        self.processor = processor or this_processor()
        self.chains: dict[Any, Chain | None] = {}

    def __reduce__(self) -> tuple[Any, ...]:
        """Copy and pickle without machine code: a copy makes its own."""
        return _FusedForward, (self.sequential,)

    @cached_property
    def steps(self) -> list[nn.Module | list[_Stage]]:
        """The children in their order, with neighbouring stages together."""
        steps: list[nn.Module | list[_Stage]] = []
        children = list(self.sequential)
        while children:
            stage = _stage(children)
            if stage is None:
                steps.append(children.pop(0))
                continue
            del children[: len(stage.layers)]
            if steps and isinstance(steps[-1], list):
                steps[-1].append(stage)
            else:
                steps.append([stage])
        return steps

    def __call__(self, images: torch.Tensor) -> torch.Tensor:
        for number, step in enumerate(self.steps):
            if isinstance(step, list):
                images = self._run_stages(number, step, images)
            else:
                images = step(images)
        return images

    def _run_stages(self, number: int, stages: list[_Stage], images: torch.Tensor) -> torch.Tensor:
        if not len(images) or not _still_fits(stages, images):
            return _layer_by_layer(stages, images)
        wants_gradient = images.requires_grad and torch.is_grad_enabled()
        key = (number, images.shape[1:], images.dtype, wants_gradient)
        if key not in self.chains:
            self.chains[key] = self._chain(stages, images, wants_gradient)
        chain = self.chains[key]
        if chain is None:
            return _layer_by_layer(stages, images)
        parameters = [
            parameter.contiguous()
            for stage in stages
            for parameter in (stage.convolution.weight, stage.convolution.bias)
            if parameter is not None
        ]
        return chain(images, parameters, [each.detach() for each in parameters])

    def _chain(
        self, stages: list[_Stage], images: torch.Tensor, wants_gradient: bool
    ) -> Chain | None:
        """Return the compiled chain for images of this size, or None if it does not fit."""
        blocks = _blocks(stages, images)
        if not blocks or min(blocks[0].inputs, blocks[-1].outputs) < self.processor.lanes:
            return None
        try:
            chain = Chain(blocks, self.processor, wants_gradient)
        except (RuntimeError, OSError) as error:
            # LLVM does not know this processor, or may not run on it.
            reason = f"The fused kernels could not be compiled: {error}"
            warnings.warn(f"{_SLOWER} {reason}", stacklevel=2)
            return None
        # Rounding may move a maximum to its neighbour, and a whole gradient with it. So test
        # several sets of made-up images: wrong code fails them all.
        if not any(_agrees(chain, stages, seed) for seed in range(3)):
            warnings.warn(f"{_SLOWER} The fused kernels failed their self-test.", stacklevel=2)
            return None
        return chain


def _blocks(stages: list[_Stage], images: torch.Tensor) -> list[Block]:
    """Return the blocks that compute the stages; none if the images do not fit."""
    if images.dim() != 4 or images.dtype != torch.float32:
        return []
    channels, height, width = images.shape[1:]
    blocks = []
    for stage in stages:
        block = Block(
            channels_in=channels,
            height=height,
            width=width,
            channels_out=stage.convolution.out_channels,
            kernel=stage.convolution.kernel_size[0],
            padding=int(stage.convolution.padding[0]),
            activation=Activation(stage.activation) if stage.activation else None,
            pooling=stage.pooling,
        )
        suits = channels == stage.convolution.in_channels
        channels, height, width = block.channels_out, block.rows_out, block.columns_out
        if not suits or min(height, width) < 1:
            return []  # PyTorch's own layer says what is wrong
        blocks.append(block)
    return blocks


def _still_fits(stages: list[_Stage], images: torch.Tensor) -> bool:
    """Return whether kernels may compute the stages: much can change inside a `fused` block."""
    return (
        images.device.type == "cpu"
        and images.dtype == torch.float32
        and all(
            _is_plain(stage.convolution) and not any(map(_is_watched, stage.layers))
            for stage in stages
        )
    )


def _layer_by_layer(stages: list[_Stage], images: torch.Tensor) -> torch.Tensor:
    """Return what PyTorch's own layers compute."""
    for stage in stages:
        for layer in stage.layers:
            images = layer(images)
    return images


def _agrees(chain: Chain, stages: list[_Stage], seed: int) -> bool:
    """Test whether a chain computes the same as PyTorch, on made-up images."""
    first = chain.blocks[0]
    generator = torch.Generator().manual_seed(seed)
    shape = (chain.lanes + 3, first.channels_in, first.height, first.width)
    parameters: list[torch.Tensor] = [p for s in stages for p in s.convolution.parameters()]
    with torch.inference_mode(mode=False), torch.enable_grad():
        images = torch.randn(shape, generator=generator)
        images.requires_grad_(chain.input_gradient)
        sources = [images, *parameters] if chain.input_gradient else parameters
        expected, found = _layer_by_layer(stages, images), chain(images, parameters, parameters)
        weights = torch.randn(expected.shape, generator=generator)
        expected_gradients = torch.autograd.grad((expected * weights).sum(), sources)
        found_gradients = torch.autograd.grad((found * weights).sum(), sources)
    with torch.no_grad():
        inferred = chain(images, parameters, parameters)
        pairs = [(expected, found), (expected, inferred)]
        pairs += list(zip(expected_gradients, found_gradients, strict=True))
        return all(
            float((a - b).abs().max()) <= _TOLERANCE * max(1.0, float(a.abs().max()))
            for a, b in pairs
        )


def fusable(model: nn.Module) -> list[nn.Sequential]:
    """Return the Sequentials of a network that hold a stage of more than a convolution."""
    return [
        module
        for module in model.modules()
        if type(module) is nn.Sequential
        and not _is_watched(module)
        and any(len(stage.layers) > 1 for stage in _stages(module))
    ]


def has_convolution_outside(model: nn.Module) -> bool:
    """Return whether PyTorch itself runs a convolution of a network."""
    inside = {stage.convolution for module in fusable(model) for stage in _stages(module)}
    return any(isinstance(each, _ConvNd) and each not in inside for each in model.modules())


def _stages(sequential: nn.Sequential) -> list[_Stage]:
    children = list(sequential)
    found = [_stage(children[start:]) for start in range(len(children))]
    return [stage for stage in found if stage is not None]


@contextmanager
def fused(model: nn.Module, processor: Processor | None = None) -> Iterator[int]:
    """Run a network's convolutional stages fused inside the block; yield in how many places.

    The network must be on the CPU. The code is for ``processor``, by default this machine's.
    """
    places = fusable(model)
    before = [sequential.__dict__.get("forward") for sequential in places]
    for sequential in places:
        sequential.forward = _FusedForward(sequential, processor)  # type: ignore[method-assign]
    try:
        yield len(places)
    finally:
        for sequential, forward in zip(places, before, strict=True):
            del sequential.forward
            if forward is not None:
                sequential.forward = forward  # type: ignore[method-assign]
