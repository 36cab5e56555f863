"""A layer whose input does not fit: what it takes, what it gets, what to write."""

import re
from dataclasses import dataclass
from math import prod

from torch import nn

from cnnlab.custom.finding import Finding, Kind
from cnnlab.models.layers import Call

_Normalisation = (nn.BatchNorm1d, nn.BatchNorm2d)
_Convolution = (nn.Conv1d, nn.Conv2d, nn.ConvTranspose1d, nn.ConvTranspose2d)
_TOO_SMALL = re.compile(r"Output size is too small|Kernel size can't be greater")
_VIEW = re.compile(r"shape '(\[.*\])' is invalid for input of size (\d+)")
_SMALLER = (
    "Delete a pooling layer before it, use a smaller kernel, or add padding to the convolutions "
    "before it."
)


@dataclass(frozen=True)
class ShapeMismatch:
    """A call of a layer that may have failed, with its lines and PyTorch's error text."""

    call: Call
    images: int
    is_first_linear: bool
    made_line: int | None
    call_line: int | None
    error_text: str

    @property
    def line(self) -> int | None:
        """The line to fix."""
        return self.made_line or self.call_line

    @property
    def place(self) -> str:
        """The layer's name and line: "classifier.0 (line 14)"."""
        return with_line(self.call.name, self.line)

    def finding(self) -> Finding | None:
        """Return what does not fit; None if the shapes fit and something else is wrong."""
        module = self.call.module
        if not self.call.input_shape:
            found = None  # its input is not a tensor
        elif isinstance(module, nn.Linear):
            found = self._linear(module)
        elif _TOO_SMALL.search(self.error_text):
            found = self._too_small(module)
        elif isinstance(module, _Convolution):
            found = self._convolution(module)
        elif isinstance(module, _Normalisation):
            found = self._normalisation(module)
        else:
            found = None
        return Finding(*found, self.line) if found else None

    def _linear(self, layer: nn.Linear) -> tuple[Kind, str] | None:
        which = f"The {'first ' if self.is_first_linear else ''}linear layer, {self.place},"
        given, wanted = self.call.input_shape, layer.in_features
        numbers = prod(given[1:])
        bias = "" if layer.bias is not None else ", bias=False"
        code = f"nn.Linear({numbers}, {layer.out_features}{bias})"
        if len(given) > 2:
            then = "" if numbers == wanted else f" It then gets {numbers} numbers: write {code}."
            return "flatten", (
                f"{which} takes one row of numbers per image but gets maps of {_by(given[1:])}. "
                f"Flatten them before it, with .flatten(start_dim=1) or nn.Flatten().{then}"
            )
        if len(given) == 1:
            return "flatten", (
                f"{which} gets all images in one row of {given[0]} numbers. Flatten each image "
                "separately, with .flatten(start_dim=1)."
            )
        if given[0] != self.images:
            images = "1 image" if self.images == 1 else f"{self.images} images"
            return "flatten", (
                f"{which} gets {given[0]} rows for {images}. A squeeze(), or a view(...) or "
                "reshape(...) of a fixed size, mixes the images. Write .flatten(start_dim=1) "
                "instead."
            )
        if numbers == wanted:
            return None
        return (
            "linear-size",
            f"{which} takes {wanted} numbers per image but gets {numbers}. Write {code}.",
        )

    def _convolution(
        self, layer: nn.Conv1d | nn.Conv2d | nn.ConvTranspose1d | nn.ConvTranspose2d
    ) -> tuple[Kind, str] | None:
        given = self.call.input_shape
        if len(given) != len(layer.kernel_size) + 2:
            return "flatten", (
                f"The convolution {self.place} takes maps but gets {_by(given[1:])} numbers per "
                "image. Put it before the step that flattens the maps."
            )
        if given[1] == layer.in_channels:
            return None
        grey = ", because the images are grey" if given[1] == 1 else ""
        return "channels", (
            f"The convolution {self.place} takes {_channels(layer.in_channels)} but gets "
            f"{given[1]}{grey}. Write nn.{self.call.kind}({given[1]}, {layer.out_channels}, ...)."
        )

    def _normalisation(self, layer: nn.BatchNorm1d | nn.BatchNorm2d) -> tuple[Kind, str] | None:
        given = self.call.input_shape
        if isinstance(layer, nn.BatchNorm1d) and len(given) == 4:
            return "flatten", (
                f"The batch normalisation {self.place} takes rows of numbers but gets maps of "
                f"{_by(given[1:])}. Write nn.BatchNorm2d({given[1]})."
            )
        if isinstance(layer, nn.BatchNorm2d) and len(given) == 2:
            return "flatten", (
                f"The batch normalisation {self.place} takes maps but gets a row of {given[1]} "
                f"numbers per image. Write nn.BatchNorm1d({given[1]})."
            )
        if len(given) < 2 or given[1] == layer.num_features:
            return None
        return "channels", (
            f"The batch normalisation {self.place} takes {_channels(layer.num_features)} but gets "
            f"{given[1]}. Write nn.{self.call.kind}({given[1]})."
        )

    def _too_small(self, module: nn.Module) -> tuple[Kind, str]:
        size = getattr(module, "kernel_size", 1)
        kernel = size if isinstance(size, tuple) else (size,) * len(self.call.input_shape[2:])
        return "too-small", (
            f"The maps are only {_by(self.call.input_shape[2:])} when they reach {self.place}, "
            f"but its kernel is {_by(kernel)}. {_SMALLER}"
        )


def mismatch_in_function(error_text: str, line: int, images: int) -> Finding | None:
    """Return what does not fit in a call of a function, such as ``F.max_pool2d``."""
    if _TOO_SMALL.search(error_text):
        message = f"The maps are too small for the kernel in line {line}. {_SMALLER}"
        return Finding("too-small", message, line)
    view = _VIEW.search(error_text)
    if view:
        numbers = int(view[2]) // images
        message = (
            f"Line {line} asks for the shape {view[1]}, but each image has {numbers} numbers "
            f"there. Write .flatten(start_dim=1), and nn.Linear({numbers}, ...) after it."
        )
        return Finding("linear-size", message, line)
    return None


def with_line(name: str, line: int | None) -> str:
    """Return a name with its line, if that is known; a number becomes "layer 1"."""
    name = f"layer {name}" if name.isdigit() else name
    return f"{name} (line {line})" if line else name


def _by(sizes: tuple[int, ...]) -> str:
    return " x ".join(map(str, sizes))


def _channels(count: int) -> str:
    return "1 channel" if count == 1 else f"{count} channels"
