"""A tensor that is computed when something other than a chain's next step needs it.

A convolution returns a `Deferred` of the right shape. An activation, a pooling or the next
convolution makes it longer; anything else computes it, and continues with a plain tensor. Python
runs the network's own code at each step, so loops and conditions are right by construction.
"""

import weakref
from collections.abc import Callable
from typing import Any

import torch

from cnnlab.training.engines.blocks import Block
from cnnlab.training.engines.steps import changes_in_place, next_step, with_step

Parameters = tuple[torch.Tensor | None, ...]
Compute = Callable[["Pending", torch.Tensor, tuple[Block, ...], Parameters, Parameters], Any]

_T = torch.Tensor
_QUESTIONS = {
    *(_T.dim, _T.size, _T.__len__, _T.numel, _T.nelement, _T.stride, _T.is_contiguous),
    *(_T.ndimension, _T.is_floating_point, _T.get_device, _T.element_size),
    *(
        getattr(_T, name).__get__
        for name in ("shape", "ndim", "dtype", "device", "requires_grad", "is_cuda", "layout")
    ),
}
_CHANGED = (
    "One of the variables needed for gradient computation has been modified by an inplace "
    "operation: the input of {} was changed after the layer got it. Write the change before the "
    "layer, or without the underscore or `inplace=True`."
)


class Pending:
    """A value that is not computed yet: blocks in a row, from a tensor that is there.

    ``redo`` is PyTorch's own way from the value ``before`` (the source, if there is none) to this
    one. ``weights`` are copies, made when the convolution was called: whatever changes afterwards,
    its value is that of its time. ``site`` names the place in the network's code.
    """

    def __init__(
        self,
        owner: "Owner",
        source: torch.Tensor,
        blocks: tuple[Block, ...],
        parameters: Parameters,
        weights: Parameters,
        redo: Callable[[torch.Tensor], torch.Tensor],
        site: tuple[str, ...],
        before: "Pending | None" = None,
    ) -> None:
        self.owner, self.source, self.blocks = owner, source, blocks
        self.parameters, self.weights = parameters, weights
        self.redo, self.site, self.before = redo, site, before
        self.needs_gradient = torch.is_grad_enabled()
        self.version = source._version if self.needs_gradient else 0
        self.value: torch.Tensor | None = None
        self.is_passed_by = False  # a longer chain was computed instead
        self.tensor: weakref.ref[Deferred] | None = None
        self.after: list[weakref.ref[Pending]] = []

    def wait(self, longer: "Pending") -> None:
        """Remember that a longer chain waits on this value."""
        self.after.append(weakref.ref(longer))

    def path(self) -> list["Pending"]:
        """Return this value and those before it that are not computed, the first one first."""
        found = [self]
        while (before := found[-1].before) is not None and before.value is None:
            found.append(before)
        return found[::-1]

    def computed(self) -> torch.Tensor:
        """Return the value; compute it the first time, as its capture would have."""
        if self.value is None:
            if torch.is_grad_enabled() == self.needs_gradient and not _casts():
                self.value = self._compute()
            else:
                with (
                    torch.inference_mode(False),
                    torch.set_grad_enabled(self.needs_gradient),
                    torch.autocast("cpu", enabled=False),
                ):
                    self.value = self._compute()
            self.before = None
        return self.value

    def _compute(self) -> torch.Tensor:
        if self.is_passed_by:
            self.owner.shared.add(self.site)
        while True:
            first, *others = self.path()
            known = None if first.before is None else first.before.value
            if first.before is None or known is None:
                blocks, source, done = self.blocks, self.source, 0
                if self.needs_gradient and source._version != self.version:
                    raise RuntimeError(_CHANGED.format(self.site[0]))
                break
            if len(first.blocks) > len(first.before.blocks):  # begins with a convolution
                source, done = known, len(first.before.blocks)
                blocks = self.blocks[done:]
                break
            first.value = first.redo(known)
            if not others:
                return first.value
        steps = [each.redo for each in (first, *others)]
        value = self.owner.compute(
            source, blocks, self.parameters[2 * done :], self.weights[2 * done :], steps, self
        )
        for each in (first, *others)[:-1]:
            each.is_passed_by = True
        return value

    def needed(self) -> torch.Tensor:
        """Return the value for a use that no chain continues.

        Those that wait on it are computed too, because the use may change it.
        """
        if self.value is None and any(each() is not None for each in self.after):
            self.owner.shared.add(self.site)
        value = self.computed()
        self._settle()
        return value

    def _settle(self) -> None:
        waiting, self.after = [each() for each in self.after], []
        for pending in waiting:
            if pending is not None and pending.value is None:
                if pending.tensor is not None and pending.tensor() is not None:
                    pending.computed()
                pending._settle()


class Owner:
    """What pending values ask: how to compute a chain, and which values are used twice.

    Nothing is deferred once it is no longer trusted.
    """

    def __init__(self) -> None:
        self.shared: set[tuple[str, ...]] = set()
        self.is_trusted = True

    def compute(
        self,
        source: torch.Tensor,
        blocks: tuple[Block, ...],
        parameters: Parameters,
        weights: Parameters,
        steps: list[Callable[[torch.Tensor], torch.Tensor]],
        pending: Pending,
    ) -> torch.Tensor:
        """Return the result of blocks in a row; ``steps`` are PyTorch's own way to it."""
        raise NotImplementedError


class Deferred(torch.Tensor):
    """Stands for a `Pending` value, with its shape."""

    pending: list[Pending]  # one, shared with the node of automatic differentiation

    @classmethod
    def __torch_function__(
        cls, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        """Make the chain longer by this call, or call PyTorch with computed tensors."""
        kwargs = kwargs or {}
        if func in _QUESTIONS:
            with torch._C.DisableTorchFunctionSubclass():
                return func(*args, **kwargs)
        first = args[0] if args else kwargs.get("input")
        if type(first) is Deferred:
            rest = args[1:], {name: value for name, value in kwargs.items() if name != "input"}
            longer = first._longer(func, *rest)
            if longer is not None:
                return longer
        return func(*_each(plain, args), **_each(plain, kwargs))

    @classmethod
    def __torch_dispatch__(  # type: ignore[override]
        cls, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        """Compute for code that goes past `__torch_function__`; gradients pass through `_Node`."""
        return func(*_each(_below, args), **_each(_below, kwargs or {}))

    def _longer(self, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Return this chain with one more step, or None if the call is not one."""
        step = next_step(func, args, kwargs)
        own = self.pending[0]
        if step is None or not can_continue(own):
            return None
        block = with_step(own.blocks[-1], step)
        if block is None:
            return None
        is_change = changes_in_place(func, kwargs)

        def redo(value: torch.Tensor) -> torch.Tensor:
            # The value may be needed as it is: a changed one is a new tensor here.
            result: torch.Tensor = func(value.clone() if is_change else value, *args, **kwargs)
            return result

        site = (*own.site, func.__name__)
        longer = Pending(
            *(own.owner, own.source, (*own.blocks[:-1], block), own.parameters, own.weights),
            *(redo, site, own),
        )
        longer.version = own.version
        own.wait(longer)
        if is_change:
            own.tensor, longer.tensor = None, own.tensor
            self.pending[0] = longer
            return self
        return defer(longer)


def can_continue(pending: Pending) -> bool:
    """Return whether a chain may still grow from a value."""
    return (
        pending.value is None
        and not pending.after
        and pending.site not in pending.owner.shared
        and pending.needs_gradient == torch.is_grad_enabled()
        and not _casts()
    )


def _casts() -> bool:
    return torch.is_autocast_enabled("cpu")


def plain(value: Any) -> Any:
    """Return a plain tensor for a deferred one; anything else as it is."""
    return value.pending[0].needed() if type(value) is Deferred else value


def all_plain(value: Any) -> Any:
    """Return a value with plain tensors for all deferred ones in it."""
    return _each(plain, value)


def _each(change: Callable[[Any], Any], value: Any) -> Any:
    """Return a value with all deferred tensors in it changed, in lists and dictionaries too."""
    if type(value) is Deferred:
        return change(value)
    if type(value) in (list, tuple):
        return type(value)(_each(change, each) for each in value)
    if type(value) is dict:
        return {name: _each(change, each) for name, each in value.items()}
    return value


def _below(value: Deferred) -> torch.Tensor:
    return plain(value).detach()  # type: ignore[no-any-return]


def defer(pending: Pending) -> Deferred:
    """Return a tensor that stands for a pending value."""
    if pending.needs_gradient:
        given = [each for each in pending.parameters if each is not None]
        tensor = _Node.apply(pending, pending.source, *given)  # type: ignore[no-untyped-call]
    else:
        tensor = _stand_in(pending)
    pending.tensor = weakref.ref(tensor)
    return tensor  # type: ignore[no-any-return]


def _stand_in(pending: Pending) -> Deferred:
    last = pending.blocks[-1]
    shape = (len(pending.source), last.channels_out, last.rows_out, last.columns_out)
    tensor = torch.Tensor._make_wrapper_subclass(Deferred, shape, dtype=torch.float32)
    tensor.pending = [pending]
    return tensor


class _Node(torch.autograd.Function):
    """The place of a deferred tensor in the graph of gradients, for code that asks for no value.

    Such code is another autograd function, or a hook on the gradients of a layer.
    """

    @staticmethod
    def forward(ctx: Any, pending: Pending, *sources: torch.Tensor) -> Any:
        tensor = _stand_in(pending)
        ctx.pending, ctx.wanted = tensor.pending, [each.requires_grad for each in sources]
        return tensor

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, gradient: torch.Tensor) -> Any:
        (pending,) = ctx.pending
        given = [each for each in pending.parameters if each is not None]
        sources = (pending.source, *given)
        wanted = [each for each, is_wanted in zip(sources, ctx.wanted, strict=True) if is_wanted]
        found = iter(torch.autograd.grad(pending.computed(), wanted, gradient, retain_graph=True))
        return None, *(next(found) if is_wanted else None for is_wanted in ctx.wanted)
