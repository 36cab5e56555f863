"""A layer whose input does not fit: what it takes, what it gets, what to write."""

import re
from math import prod

from cnnlab.custom.finding import Finding, Kind
from cnnlab.custom.trial import CallSeen, PassSeen, Raised, Shape
from cnnlab.wording import counted

_TOO_SMALL = re.compile(r"Output size is too small|Kernel size can't be greater")
_VIEW = re.compile(r"shape '(\[.*\])' is invalid for input of size (\d+)")
_SMALLER = (
    "Delete a pooling layer before it, use a smaller kernel, or add padding to the convolutions "
    "before it."
)


def explain_layer(seen: PassSeen, call: CallSeen, raised: Raised | None = None) -> Finding | None:
    """Return why the input of a layer does not fit; None if something else is wrong."""
    if not call.input_shape:
        return None  # its input is not a tensor
    if call.family == "linear":
        found = _linear(seen, call)
    elif raised and _TOO_SMALL.search(raised.text):
        found = _too_small(call)
    elif call.family == "convolution":
        found = _convolution(call, seen.images)
    elif call.family in {"normalised rows", "normalised maps"}:
        found = _normalisation(call)
    else:
        found = None
    return Finding(*found, call.line or (raised.line if raised else None)) if found else None


def explain_function(seen: PassSeen, raised: Raised) -> Finding | None:
    """Return what does not fit in a call of a function, such as ``F.max_pool2d``."""
    if _TOO_SMALL.search(raised.text):
        message = f"The maps are too small for the kernel in line {raised.line}. {_SMALLER}"
        return Finding("too-small", message, raised.line)
    view = _VIEW.search(raised.text)
    if view:
        numbers = int(view[2]) // seen.images
        message = (
            f"Line {raised.line} asks for the shape {view[1]}, but each image has {numbers} "
            f"numbers there. Write .flatten(start_dim=1), and nn.Linear({numbers}, ...) after it."
        )
        return Finding("linear-size", message, raised.line)
    return None


def _linear(seen: PassSeen, call: CallSeen) -> tuple[Kind, str] | None:
    first = next(each for each in seen.calls if each.family == "linear")
    which = f"The {'first ' if call is first else ''}linear layer, {call.place},"
    given, numbers = call.input_shape, prod(call.input_shape[1:])
    code = f"nn.Linear({numbers}, {call.makes}{'' if call.has_bias else ', bias=False'})"
    if len(given) > 2:
        then = "" if numbers == call.takes else f" It then gets {numbers} numbers: write {code}."
        return "flatten", (
            f"{which} takes one row of numbers per image but gets maps of {_by(given[1:])}. "
            f"Flatten them before it, with .flatten(start_dim=1) or nn.Flatten().{then}"
        )
    if len(given) == 1:
        return "flatten", (
            f"{which} gets all images in one row of {given[0]} numbers. Flatten each image "
            "separately, with .flatten(start_dim=1)."
        )
    if given[0] != seen.images:
        return "flatten", (
            f"{which} gets {given[0]} rows for {counted(seen.images, 'image')}. A squeeze(), or a "
            "view(...) or reshape(...) of a fixed size, mixes the images. Write "
            ".flatten(start_dim=1) instead."
        )
    if numbers == call.takes:
        return None
    return (
        "linear-size",
        f"{which} takes {call.takes} numbers per image but gets {numbers}. Write {code}.",
    )


def _convolution(call: CallSeen, images: int) -> tuple[Kind, str] | None:
    given = call.input_shape
    if len(given) != len(call.kernel) + 2:
        return "flatten", (
            f"The convolution {call.place} takes maps but gets {_by(given[1:])} numbers per "
            "image. Put it before the step that flattens the maps."
        )
    if given[1] == call.takes:
        return None
    if given[0] != images and given[1] == images:
        return "channels", (
            f"The first dimension of what the convolution {call.place} gets is {given[0]}, but it "
            f"must be that of the {images} images. A permute or transpose before it exchanges "
            "images and channels: delete it."
        )
    grey = ", because the images are grey" if given[1] == 1 else ""
    return "channels", (
        f"The convolution {call.place} takes {counted(call.takes, 'channel')} but gets "
        f"{given[1]}{grey}. Write nn.{call.kind}({given[1]}, {call.makes}, ...)."
    )


def _normalisation(call: CallSeen) -> tuple[Kind, str] | None:
    given, which = call.input_shape, f"The batch normalisation {call.place}"
    if call.family == "normalised rows" and len(given) == 4:
        return "flatten", (
            f"{which} takes rows of numbers but gets maps of {_by(given[1:])}. Write "
            f"nn.BatchNorm2d({given[1]})."
        )
    if call.family == "normalised maps" and len(given) == 2:
        return "flatten", (
            f"{which} takes maps but gets a row of {given[1]} numbers per image. Write "
            f"nn.BatchNorm1d({given[1]})."
        )
    if len(given) < 2 or given[1] == call.takes:
        return None
    return "channels", (
        f"{which} takes {counted(call.takes, 'channel')} but gets {given[1]}. Write "
        f"nn.{call.kind}({given[1]})."
    )


def _too_small(call: CallSeen) -> tuple[Kind, str]:
    return "too-small", (
        f"The maps are only {_by(call.input_shape[2:])} when they reach {call.place}, but its "
        f"kernel is {_by(call.kernel)}. {_SMALLER}"
    )


def _by(sizes: Shape) -> str:
    return " x ".join(map(str, sizes))
