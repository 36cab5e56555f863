"""Run the convolutions of a network, and what follows them, with compiled chains.

The network stays the same module. Inside a `fused` block its convolutions return tensors that
`deferred` computes later, a whole chain at a time. All other layers are PyTorch's own, and so is
each chain that is not worth a kernel, or fails its test.
"""

import copy
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import nn
from torch.nn.modules.conv import _ConvNd

from cnnlab.seeding import seeded
from cnnlab.training.engines.blocks import Block
from cnnlab.training.engines.chain import Chain
from cnnlab.training.engines.convolution import Convolution, Redo
from cnnlab.training.engines.deferred import Owner, Parameters, Pending, all_plain
from cnnlab.training.engines.lanes import Processor, this_processor
from cnnlab.training.engines.worth import is_worth_it

_TOLERANCE = 1e-4
_STEPS_UNTESTED = 1000
_FAR_OFF = 0.02
_LITTLE = 100_000
_ELSE = (
    "In step {} this network computed something else with fused kernels than without. "
    "Does its code change tensors through `.data`?"
)
_SLOWER = "Using PyTorch's own layers, which are slower than fused kernels."


@dataclass(frozen=True)
class Plan:
    """Which convolutions are in a chain, by name, and which values are used twice.

    The plan ``is_partial`` if the network has other convolutions too. ``others`` counts the weights
    of the layers that PyTorch runs.
    """

    in_order: tuple[str, ...] = ()
    shared: frozenset[tuple[str, ...]] = frozenset()
    is_partial: bool = True
    others: int = 0

    @property
    def convolutions(self) -> frozenset[str]:
        """The same names as a set."""
        return frozenset(self.in_order)

    @property
    def leaves_little(self) -> bool:
        """Whether PyTorch's own layers are so small that a second thread does not help them."""
        return not self.is_partial and self.others <= _LITTLE


class Capture(Owner):
    """The chains of one network: compiled once for each size of image."""

    def __init__(self, processor: Processor | None = None) -> None:
        super().__init__()
        self.processor = processor or this_processor()
        self.chains: dict[Any, Chain | None] = {}

    def compute(
        self,
        source: torch.Tensor,
        blocks: tuple[Block, ...],
        parameters: Parameters,
        weights: Parameters,
        steps: list[Callable[[torch.Tensor], torch.Tensor]],
        pending: Pending,
    ) -> torch.Tensor:
        """Return the result of blocks in a row, by a chain if one is worth it."""
        wants_gradient = source.requires_grad and pending.needs_gradient
        key = (blocks, wants_gradient)
        if key not in self.chains:
            self.chains[key] = self._chain(blocks, wants_gradient, parameters, weights, steps)
        chain = self.chains[key]
        if chain is None:
            return _step_by_step(steps, source)
        return chain(source, parameters, weights)

    def _chain(
        self,
        blocks: tuple[Block, ...],
        wants_gradient: bool,
        parameters: Parameters,
        weights: Parameters,
        steps: list[Callable[[torch.Tensor], torch.Tensor]],
    ) -> Chain | None:
        """Return the compiled chain of blocks, or None if PyTorch is to compute them."""
        if not is_worth_it(blocks, self.processor.lanes):
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
        if not any(_agrees(chain, parameters, weights, steps, seed) for seed in range(3)):
            warnings.warn(f"{_SLOWER} The fused kernels failed their self-test.", stacklevel=2)
            return None
        return chain


def _step_by_step(
    steps: list[Callable[[torch.Tensor], torch.Tensor]], images: torch.Tensor
) -> torch.Tensor:
    """Return what PyTorch's own layers compute."""
    for step in steps:
        images = step(images)
    return images


def _agrees(
    chain: Chain,
    parameters: Parameters,
    weights: Parameters,
    steps: list[Callable[[torch.Tensor], torch.Tensor]],
    seed: int,
) -> bool:
    """Test whether a chain computes the same as PyTorch, on made-up images."""
    generator = torch.Generator().manual_seed(seed)
    shape = (chain.lanes + 3, *chain.blocks[0].input_shape)
    own = [each for each in parameters if each is not None]
    with torch.inference_mode(False), torch.enable_grad():
        images = torch.randn(shape, generator=generator)
        images.requires_grad_(chain.input_gradient)
        sources = [images, *own] if chain.input_gradient else own
        expected, found = _step_by_step(steps, images), chain(images, parameters, weights)
        factors = torch.randn(expected.shape, generator=generator)
        expected_gradients = torch.autograd.grad((expected * factors).sum(), sources)
        found_gradients = torch.autograd.grad((found * factors).sum(), sources)
    with torch.no_grad():
        inferred = chain(images, parameters, weights)
        pairs = [(expected, found), (expected, inferred)]
        pairs += list(zip(expected_gradients, found_gradients, strict=True))
        return all(
            float((a - b).abs().max()) <= _TOLERANCE * max(1.0, float(a.abs().max()))
            for a, b in pairs
        )


class _Network:
    """The forward of a network inside a `fused` block: its results are plain tensors.

    The first training batch and every thousandth is also tested: a few of its images must give
    the same results, gradients and buffers with fused kernels as without, on copies. A network
    with hooks is not tested.
    """

    def __init__(self, model: nn.Module, forward: Any, capture: Capture | None, plan: Any) -> None:
        self.model, self.forward = model, forward
        self.capture, self.plan = capture, plan
        self.steps = 0

    def __reduce__(self) -> tuple[Any, ...]:
        """Copy and pickle as the network's own forward."""
        return _Network, (self.model, None, None, None)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Return the network's results; test a step now and then."""
        forward = self.forward or partial(type(self.model).forward, self.model)
        if self.capture is None:
            return forward(*args, **kwargs)
        if self.capture.is_trusted and self.model.training and torch.is_grad_enabled():
            if self.steps % _STEPS_UNTESTED == 0 and not _computes_the_same(self, args, kwargs):
                self.capture.is_trusted = False
                reason = _ELSE.format(self.steps + 1)
                warnings.warn(f"{_SLOWER} {reason}", stacklevel=2)
            self.steps += 1
        return all_plain(forward(*args, **kwargs))


def _computes_the_same(network: _Network, args: Any, kwargs: Any) -> bool:
    """Return whether copies of a network compute the same with fused kernels and without."""
    capture = network.capture
    is_simple = not kwargs and len(args) == 1 and type(args[0]) is torch.Tensor
    if capture is None or not is_simple or _is_watched(network.model):
        return True
    images = args[0][: capture.processor.lanes + 3].detach()
    try:
        plainly, fast = copy.deepcopy(network.model), copy.deepcopy(network.model)
        expected = _trace(plainly, images)
    except Exception:  # whatever a user's network raises; in training it says so itself
        return True
    try:
        with warnings.catch_warnings(), fused(fast, capture.processor, network.plan, tested=False):
            warnings.simplefilter("ignore")
            found = _trace(fast, images)
    except Exception:  # e.g. code that no deferred tensor passes through
        return False
    return len(expected) == len(found) and all(
        not a.isfinite().all() or float((a - b).norm()) <= _FAR_OFF * (1 + float(a.norm()))
        for a, b in zip(expected, found, strict=True)
    )


def _is_watched(model: nn.Module) -> bool:
    """Return whether a network has hooks: a test would call them once more."""
    return any(
        module._forward_hooks
        or module._forward_pre_hooks
        or module._backward_hooks
        or module._backward_pre_hooks
        for module in model.modules()
    )


def _trace(model: nn.Module, images: torch.Tensor) -> list[torch.Tensor]:
    """Return a network's result, all gradients of its squares as one, and its buffers."""
    with seeded(0), torch.inference_mode(False), torch.enable_grad():
        result = model(images.clone())
        result.square().mean().backward()
    gradients = [each.grad.flatten() for each in model.parameters() if each.grad is not None]
    buffers = [each.double() for each in model.buffers()]
    return [result.detach(), torch.cat(gradients), *buffers]


class _Rehearsal(Capture):
    """Computes everything by PyTorch, and notes which convolutions are in a chain worth it."""

    def __init__(self, processor: Processor) -> None:
        super().__init__(processor)
        self.fused: set[nn.Module] = set()

    def compute(self, source: torch.Tensor, blocks: tuple[Block, ...], *rest: Any) -> torch.Tensor:
        """Note a chain; return what PyTorch's own layers compute."""
        steps = rest[2]
        if is_worth_it(blocks, self.processor.lanes):
            self.fused |= {each.convolution for each in steps if isinstance(each, Redo)}
        return _step_by_step(steps, source)


def plan_for(model: nn.Module, images: torch.Tensor) -> Plan:
    """Return which convolutions of a network to fuse, from passes of images through a copy."""
    rehearsal = _Rehearsal(this_processor())
    try:
        copied = copy.deepcopy(model)
        names = {module: name for name, module in copied.named_modules()}
        with seeded(0), torch.enable_grad(), _replaced(copied, rehearsal, None, tested=False):
            copied.train()(images)  # shows which values are used twice
            rehearsal.fused.clear()
            copied(images).sum().backward()
            copied.eval()(images)
    except Exception:  # whatever a user's network raises; in training it says so itself
        return Plan()
    others = {each for each in names if isinstance(each, _ConvNd)} - rehearsal.fused
    inside = tuple(name for each, name in names.items() if each in rehearsal.fused)
    own = [each for module in rehearsal.fused for each in module.parameters()]
    rest = sum(each.numel() for each in model.parameters()) - sum(each.numel() for each in own)
    return Plan(inside, frozenset(rehearsal.shared), is_partial=bool(others), others=rest)


@contextmanager
def fused(
    model: nn.Module,
    processor: Processor | None = None,
    plan: Plan | None = None,
    tested: bool = True,
) -> Iterator[Capture]:
    """Run a network's convolutions fused inside the block, if they fit; yield their chains.

    The network must be on the CPU. The code is for ``processor``, by default this machine's.
    Without a ``plan`` each convolution may begin a chain. With ``tested`` the first batch and
    every thousandth is tested.
    """
    capture = Capture(processor)
    if plan is not None:
        capture.shared |= plan.shared
    with _replaced(model, capture, plan, tested):
        yield capture


@contextmanager
def _replaced(
    model: nn.Module, capture: Capture, plan: Plan | None, tested: bool
) -> Iterator[None]:
    """Replace the forward of a network and of its convolutions inside the block."""
    places: list[tuple[nn.Module, Any]] = [
        (module, Convolution(module, capture, name))
        for name, module in model.named_modules()
        if type(module) is nn.Conv2d
        and (plan is None or name in plan.convolutions)
        and isinstance(module.__dict__.get("forward"), Convolution | None)
        and not _is_compiled(model)
    ]
    if places and all(module is not model for module, _ in places):
        forward = model.__dict__.get("forward")
        places.append((model, _Network(model, forward, capture, plan)))
        if not tested:
            places[-1][1].steps = 1
    before = [module.__dict__.get("forward") for module, _ in places]
    for module, forward in places:
        module.forward = forward
    try:
        yield
    finally:
        for (module, _), forward in zip(places, before, strict=True):
            del module.forward
            if forward is not None:
                module.forward = forward


def _is_compiled(model: nn.Module) -> bool:
    """Return whether ``torch.compile`` has a part of a network, which it must see as it is."""
    if "torch._dynamo" not in sys.modules:
        return False
    return any(
        isinstance(module, torch._dynamo.OptimizedModule)
        or getattr(module, "_compiled_call_impl", None) is not None
        or any(
            hasattr(each, "_torchdynamo_orig_callable")
            for each in (*vars(module).values(), type(module).forward)
        )
        for module in model.modules()
    )
