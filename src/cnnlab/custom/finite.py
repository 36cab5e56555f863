"""Find the function that first makes NaN or infinity, in a pass or in its backward pass."""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import nn
from torch.overrides import TorchFunctionMode

from cnnlab.custom.probes import Notes
from cnnlab.custom.trial import NotFinite


def find_not_finite(
    network: nn.Module, images: torch.Tensor, classes: int, notes: Notes
) -> NotFinite | None:
    """Return the first function whose result, or whose gradient, is not finite, if there is one."""
    watch = _Watch(notes)
    try:
        with torch.enable_grad(), watch:
            logits = network.train()(images)
        if not watch.found and logits.isfinite().all():
            labels = torch.arange(len(images)) % classes
            nn.functional.cross_entropy(logits, labels).backward()
            if not are_gradients_finite(network):
                watch.found = watch.found or watch.last
    except (Exception, SystemExit):
        return None  # what cannot be watched has run without it
    return watch.found


def are_gradients_finite(network: nn.Module) -> bool:
    """Return whether all gradients are numbers."""
    given = [each.grad for each in network.parameters() if each.grad is not None]
    return all(bool(torch.isfinite(each).all()) for each in given if not each.is_sparse)


class _Watch(TorchFunctionMode):
    """Look at the result of each function of PyTorch, and at the gradient that reaches it.

    ``last`` is the last function that a finite gradient reached.
    """

    def __init__(self, notes: Notes) -> None:
        super().__init__()
        self.notes = notes
        self.found: NotFinite | None = None
        self.last: NotFinite | None = None

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        """Call the function, and note what it returns."""
        del types
        output = func(*args, **(kwargs or {}))
        if not isinstance(output, torch.Tensor) or not output.is_floating_point():
            return output
        name, line = getattr(func, "__name__", ""), self.notes.running_line()
        if not self.found and not output.isfinite().all():
            self.found = NotFinite(name, line)
        if output.requires_grad:
            output.register_hook(self._gradient_of(NotFinite(name, line)))
        return output

    def _gradient_of(self, seen: NotFinite) -> Callable[[torch.Tensor], None]:
        def note(gradient: torch.Tensor) -> None:
            if gradient.isfinite().all():
                self.last = seen
            else:
                self.found = self.found or self.last

        return note
