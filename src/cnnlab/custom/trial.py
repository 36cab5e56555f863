"""What a trial of a network showed, as one plain value: numbers, strings and tuples only."""

import json
import traceback
from collections.abc import Mapping
from dataclasses import asdict, dataclass, is_dataclass
from math import inf
from types import UnionType
from typing import Any, Literal, get_args, get_origin, get_type_hints

from cnnlab.custom.finding import Finding, with_line
from cnnlab.models.classes import CLASSES

Shape = tuple[int, ...]
Stage = Literal["reading", "making", "trying"]
Doing = Literal["forward", "backward", "step"]
Place = Literal["attribute", "forward", "outside"]
Family = Literal["linear", "convolution", "normalised rows", "normalised maps", "other"]


@dataclass(frozen=True)
class Raised:
    """An exception in the user's code: its class and that class's bases, its text, its line.

    ``name`` is the name that an import or a look-up did not find. ``argparse`` is what argparse
    said before it ended the program.
    """

    type: str
    text: str
    line: int | None = None
    bases: tuple[str, ...] = ()
    name: str = ""
    argparse: str = ""

    @classmethod
    def of(cls, error: BaseException, path: str) -> "Raised":
        """Return an exception as a value; its line is the innermost in the file ``path``."""
        line, argparse = None, ""
        for frame, number in traceback.walk_tb(error.__traceback__):
            if frame.f_code.co_filename == path:
                line = number
            if frame.f_globals.get("__name__") == "argparse" and frame.f_code.co_name == "error":
                argparse = str(frame.f_locals.get("message", "")).strip().rstrip(".")
        return cls(
            type=type(error).__name__,
            text=str(error.code if isinstance(error, SystemExit) else error),
            line=line,
            bases=tuple(each.__name__ for each in type(error).__mro__),
            name=str(getattr(error, "name", None) or ""),
            argparse=argparse,
        )


@dataclass(frozen=True)
class CallSeen:
    """A call of a layer: what it takes and makes, the line that makes it, what it got and gave.

    ``kind`` is its class; ``kernel`` has one size for each dimension. ``output_shape`` leaves out
    the batch. The costs are as in `cnnlab.models.layers.Layer`.
    """

    name: str
    kind: str
    family: Family = "other"
    takes: int = 0
    makes: int = 0
    kernel: Shape = ()
    has_bias: bool = True
    line: int | None = None
    input_shape: Shape = ()
    is_done: bool = True
    is_finite: bool = True
    output_shape: Shape = ()
    parameters: int = 0
    multiply_accumulates: int = 0

    @property
    def place(self) -> str:
        """The layer's name and line: "classifier.0 (line 14)"."""
        return with_line(self.name, self.line)


@dataclass(frozen=True)
class PassSeen:
    """A pass of so many images: the calls of layers, and the output or the exception.

    ``output_shape`` is None if the output is not a tensor. ``differs`` says that the outputs are
    not those of the first evaluation pass, or that there are none. ``classes`` is how many numbers
    the output must have for each image.
    """

    images: int
    classes: int = CLASSES
    calls: tuple[CallSeen, ...] = ()
    raised: Raised | None = None
    output_type: str = "Tensor"
    output_shape: Shape | None = None
    is_finite: bool = True
    has_gradient: bool = True
    changed_its_input: bool = False
    differs: bool = False

    @property
    def is_right(self) -> bool:
        """Whether the output has a number for each class, for each image."""
        return self.output_shape == (self.images, self.classes)


@dataclass(frozen=True)
class StepsSeen:
    """A few training steps: where an exception came from, and what they showed.

    ``is_constant`` says that all outputs stayed alike, ``is_finite`` that all gradients were;
    ``engine`` says which layers ran how.
    """

    raised: Raised | None = None
    raised_in: Doing = "step"
    is_constant: bool = False
    is_finite: bool = True
    engine: str = ""


@dataclass(frozen=True)
class ModuleSeen:
    """A part of the network: whether it was called, and what training did to its own weights.

    ``missed`` are its parameters that got no gradient, or 0 only. ``equal_filters`` counts filters
    that were equal and stayed equal. ``drops`` is the share that a dropout layer drops.
    ``is_batch_second`` says that it takes the images from the second dimension of its input.
    """

    name: str
    kind: str
    family: Family = "other"
    line: int | None = None
    is_called: bool = True
    has_parts: bool = False
    missed: tuple[str, ...] = ()
    is_zero: bool = False
    equal_filters: int = 0
    drops: float = 0.0
    is_batch_second: bool = False
    is_lazy: bool = False

    @property
    def place(self) -> str:
        """Its name and line: "classifier.0 (line 14)"."""
        return with_line(self.name, self.line)


@dataclass(frozen=True)
class HiddenSeen:
    """What the gradient reaches and the network's state does not hold, and where it is.

    It is in an attribute, or made in forward, or outside of the network. ``kind`` is the class as
    it is written, "nn.Linear", or "tensor"; ``container`` the class of the attribute's value;
    ``holder`` the class, not a network, that holds it.
    """

    place: Place
    kind: str
    name: str = ""
    container: str = ""
    holder: str = ""
    made_line: int | None = None
    call_line: int | None = None


@dataclass(frozen=True)
class SecondSeen:
    """A second network with the saved weights of the first: why it failed, or what it answered.

    ``attribute`` is a plain tensor that differs in any two networks.
    """

    refused: Finding | None = None
    loading: Raised | None = None
    answer: PassSeen | None = None
    attribute: str = ""


@dataclass(frozen=True)
class Outputs:
    """The range of the outputs with all weights far from 0, and whether each row sums to 1.

    ``are_shares`` is about the numbers, ``are_log_shares`` about their exponentials.
    """

    lowest: float = -inf
    highest: float = inf
    are_shares: bool = False
    are_log_shares: bool = False


@dataclass(frozen=True)
class NotFinite:
    """The function of PyTorch, and the line, that first made NaN or infinity, or its gradient."""

    function: str
    line: int | None = None


@dataclass(frozen=True)
class TooLarge:
    """The parameters of a network when it was refused, with the line, and of its largest layer."""

    parameters: int
    kind: str
    most: int
    allowed: int
    line: int | None


@dataclass(frozen=True)
class Trial:
    """What a network did when it was tried on a few images.

    ``classes`` is how many numbers it must return for each image. ``stopped`` is what ended the
    trial before the passes. ``unfinished`` is an exception that cnnlab's own code raised: what it
    has seen until then is not kept. ``printed`` is what the network printed while it was made and
    in one pass. ``last_step`` is PyTorch's name of the
    operation that made the logits, before others only moved them. ``reseeded`` are the stages,
    "making" and "trying", after which PyTorch's generator is the same although the seed before was
    another, with the lines that set it. ``straight_pairs`` are layers with nothing between them
    that bends. ``bytes_per_image`` is what a training pass keeps for the backward pass. What comes
    after a failure is empty.
    """

    path: str = ""
    maker: str = ""
    text: str = ""
    classes: int = CLASSES
    forward_line: int | None = None
    stopped: Finding | None = None
    too_large: TooLarge | None = None
    unfinished: Raised | None = None
    printed: str = ""
    top_level_trains: int | None = None
    top_level_prints: int | None = None
    parameters: int = 0
    tensors: int = 0
    frozen: tuple[str, ...] = ()
    not_tensors: tuple[tuple[str, str], ...] = ()
    training: PassSeen | None = None
    evaluation: PassSeen | None = None
    again: PassSeen | None = None
    alone: tuple[PassSeen, ...] = ()
    hidden: tuple[HiddenSeen, ...] = ()
    last_step: str = ""
    steps: StepsSeen | None = None
    modules: tuple[ModuleSeen, ...] = ()
    second: SecondSeen | None = None
    not_finite: NotFinite | None = None
    reseeded: tuple[tuple[Stage, int | None], ...] = ()
    outputs: Outputs | None = None
    straight_pairs: tuple[tuple[str, str], ...] = ()
    bytes_per_image: int = 0

    @property
    def forward(self) -> str:
        """The name of forward in a message: "forward (line 12)"."""
        return with_line("forward", self.forward_line)

    @property
    def first_line(self) -> int | None:
        """The line of the first layer that a pass calls, of those with a line."""
        calls = self.training.calls if self.training else ()
        return next((each.line for each in calls if each.line), None)

    @property
    def works(self) -> bool:
        """Whether the passes of both modes end with the right shape, and with finite numbers."""
        both = self.training, self.evaluation
        return all(each is not None and each.is_right and each.is_finite for each in both)

    def to_json(self) -> str:
        """Return the trial as text, to be read by `from_json` in another process."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> "Trial":
        """Return the trial that `to_json` wrote."""
        trial: Trial = _read(cls, json.loads(text))
        return trial


def _read(kind: Any, value: Any) -> Any:
    """Return what JSON holds as a value of the kind that a type hint names."""
    if is_dataclass(kind) and isinstance(value, Mapping):
        hints = get_type_hints(kind)
        return kind(**{name: _read(hints[name], each) for name, each in value.items()})  # type: ignore[operator]
    if get_origin(kind) is UnionType and value is not None:
        return _read(get_args(kind)[0], value)
    if get_origin(kind) is tuple:
        kinds = get_args(kind)
        kinds = kinds[:1] * len(value) if kinds[-1] is Ellipsis else kinds
        return tuple(map(_read, kinds, value))
    return value
