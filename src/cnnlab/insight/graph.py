"""A network as a plain graph: a list of steps that NumPy, or JavaScript, can compute.

Version 1 of the format. It is JSON, and one block of bytes that holds the tensors::

    {"cnnlab_graph": 1,
     "steps": [
      {"name": "input", "op": "input", "inputs": [], "shape": [1, 32, 32], "stage": "input",
       "call": "input", "layer": "", "line": null, "settings": {}, "tensors": {}},
      {"name": "features.0", "op": "conv2d", "inputs": ["input"], "shape": [6, 28, 28],
       "stage": "conv1", "call": "conv2d", "layer": "features.0", "line": 50,
       "settings": {"stride": [1, 1], "padding": [0, 0, 0, 0], "dilation": [1, 1], "groups": 1},
       "tensors": {"weight": 0, "bias": 1}}],
     "tensors": [{"shape": [6, 1, 5, 5], "type": "f32", "at": 0},
                 {"shape": [6], "type": "f32", "at": 600}],
     "bytes": 246824,
     "answer": "classifier.4"}

**A step** computes one tensor of one image. ``shape`` has no batch; numbers are float32, the last
index runs fastest. ``inputs`` are names of earlier steps: compute the list from first to last.
``answer`` names the step that is the network's output. ``stage`` groups steps for a reader: a
convolution with its normalisation and activation is one stage, "conv1". Stages are in order, but a
branch may lie between two steps of one stage. ``call`` is PyTorch's word for the operation,
``layer`` the name of the layer that did it ("" is the network itself), ``line`` the line of the
user's file, or null.

**Tensors**: ``tensors`` of a step are numbers of the graph's list. ``type`` is "f32" or "i32",
little-endian; ``at`` is the first byte in the block. A missing tensor ("bias" of a convolution
without one) is left out.

**Operations.** Maps are (C, H, W); ``padding`` is [top, bottom, left, right].

- ``input``: the image as the network takes it, (level / 255 - 0.5) / 0.5.
- ``constant``: tensor ``value``, of the step's shape.
- ``conv2d``: tensors ``weight`` (O, C / groups, h, w) and perhaps ``bias`` (O,); settings
  ``stride``, ``padding`` (with zeros), ``dilation``, ``groups``. Output map o reads the input maps
  from (o // (O / groups)) * (C / groups).
- ``linear``: tensors ``weight`` (O, I) and perhaps ``bias`` (O,), over the last axis.
- ``pool``: setting ``function`` "max" or "average"; over the last two axes of the input, which seen
  as maps is ``maps`` [C, H, W];
  ``rows`` and ``columns`` hold [start, stop] of the window of each output row and column, and
  ``dilation`` the steps inside a window. Cells below 0, or at H or W and beyond, are padding. "max"
  ignores padding. "average" adds the cells of the image and divides by ``divisor``, if it is not
  null; else by (stop - start) of the row times that of the column, padding included, if
  ``counts_padding``; else by the number of cells that are not padding. ``shape`` may leave out axes
  of length 1. Adaptive and global pooling, mean, sum and amax of some axes are this too.
- ``batch_norm``: tensors ``mean``, ``variance``, ``weight``, ``bias`` (C,), setting ``epsilon``:
  (x - mean) / sqrt(variance + epsilon) * weight + bias, of the first axis.
- ``standardise``: each run of ``block`` numbers in order minus its mean, divided by
  sqrt(its variance + ``epsilon``); then times tensor ``weight`` plus tensor ``bias``, both perhaps
  missing, of a shape that broadcasts. Layer, group and instance normalisation.
- ``activation``: setting ``function`` and its numbers: "relu", "clamp" (``low``, ``high``, either
  may be null), "leaky_relu" (``slope``), "elu" (``alpha``, ``scale``, ``input_scale``: for x <= 0,
  scale * alpha * (exp(input_scale * x) - 1), else scale * x), "gelu" (``approximate`` "none" or
  "tanh"), "silu", "mish", "sigmoid", "tanh", "softplus" (``beta``, ``threshold``), "hardswish",
  "hardsigmoid", "prelu" (tensor ``weight``, which broadcasts), "log_sigmoid", "exp", "log", "abs",
  "power" (``exponent``).
- ``add``, ``subtract``, ``multiply``, ``divide``, ``maximum``, ``minimum``: two inputs, which
  broadcast as in NumPy.
- ``concatenate``: inputs one after the other along ``axis``.
- ``copy``: each output number is one number of the input. With ``strides``, output index (i, j, k)
  is input number ``offset`` + i * strides[0] + j * strides[1] + k * strides[2], counted in order.
  Else tensor ``index`` (i32) holds these numbers, and -1 is ``value``. Flatten, reshape, permute,
  slice, chunk, padding, nearest upsampling, channel shuffle.
- ``softmax``: of ``axis``; with ``log``, its natural logarithm.
"""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnnlab.errors import ModelError

VERSION = 1
OPERATIONS = frozenset(
    {
        *("input", "constant", "conv2d", "linear", "pool", "batch_norm", "standardise"),
        *("activation", "add", "subtract", "multiply", "divide", "maximum", "minimum"),
        *("concatenate", "copy", "softmax"),
    }
)
"""Every operation of a step; see the format above."""
_TYPES: dict[str, Any] = {"f32": np.float32, "i32": np.int32}

Shape = tuple[int, ...]
Tensor = NDArray[np.float32] | NDArray[np.int32]


@dataclass(frozen=True)
class Step:
    """One operation of a network; the fields are those of the format above."""

    name: str
    op: str
    inputs: tuple[str, ...]
    shape: Shape
    stage: str = ""
    call: str = ""
    layer: str = ""
    line: int | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    tensors: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Stage:
    """Steps that a reader sees as one, such as a convolution with its activation, in order."""

    name: str
    steps: tuple[Step, ...]

    @property
    def last(self) -> Step:
        """The step whose numbers are the stage's maps."""
        return self.steps[-1]


@dataclass(frozen=True)
class Graph:
    """A network: its steps in the order of computing, its tensors, and the step of its output."""

    steps: tuple[Step, ...]
    tensors: tuple[Tensor, ...]
    answer: str

    @cached_property
    def by_name(self) -> dict[str, Step]:
        """The steps by their names."""
        return {step.name: step for step in self.steps}

    @cached_property
    def stages(self) -> dict[str, Stage]:
        """The stages by their names, in order; the first is the image, "input"."""
        found: dict[str, list[Step]] = {}
        for step in self.steps:
            if step.op != "constant":
                found.setdefault(step.stage, []).append(step)
        return {name: Stage(name, tuple(steps)) for name, steps in found.items()}

    @property
    def input(self) -> Step:
        """The step that is the image."""
        return self.steps[0]

    def is_in_order(self, step: Step) -> bool:
        """Return whether a step only gives all its input's numbers another shape, as flatten."""
        if step.op != "copy" or "index" in step.tensors or step.settings["offset"] != 0:
            return False
        length = math.prod(self.by_name[step.inputs[0]].shape)
        in_order = strides_in_order(step.shape)
        return tuple(step.settings["strides"]) == in_order and math.prod(step.shape) == length

    def tensor(self, step: Step, name: str) -> Tensor | None:
        """Return a tensor of a step, such as "weight"; None if the step does not have it."""
        number = step.tensors.get(name)
        return None if number is None else self.tensors[number]

    def to_json(self) -> dict[str, Any]:
        """Return the graph as JSON values, without the numbers of its tensors."""
        places, at = [], 0
        for tensor in self.tensors:
            kind = next(name for name, type_ in _TYPES.items() if tensor.dtype == type_)
            places.append({"shape": list(tensor.shape), "type": kind, "at": at})
            at += tensor.nbytes
        return {
            "cnnlab_graph": VERSION,
            "steps": [_as_json(asdict(step)) for step in self.steps],
            "tensors": places,
            "bytes": at,
            "answer": self.answer,
        }

    def to_bytes(self) -> bytes:
        """Return the numbers of all tensors, little-endian, one tensor after the other."""
        parts = [t.astype(t.dtype.newbyteorder("<")).tobytes() for t in self.tensors]
        return b"".join(parts)


def strides_in_order(shape: Shape) -> Shape:
    """Return the strides of a tensor whose last index runs fastest; 0 for an axis of length 1."""
    sizes = (math.prod(shape[axis + 1 :]) for axis in range(len(shape)))
    return tuple(0 if length == 1 else size for length, size in zip(shape, sizes, strict=True))


def _as_json(value: Any) -> Any:
    """Return tuples as lists: so a graph is equal to what JSON makes of it."""
    if isinstance(value, Mapping):
        return {name: _as_json(each) for name, each in value.items()}
    return [_as_json(each) for each in value] if isinstance(value, tuple | list) else value


def read_graph(content: Mapping[str, Any], block: bytes) -> Graph:
    """Return the graph of JSON values and the bytes of its tensors.

    Raises `ModelError` if it is of another version, or damaged, or if bytes are missing.
    """
    version = content.get("cnnlab_graph")
    if version != VERSION:
        raise ModelError(
            f"This is not a graph that this cnnlab can read: expected version {VERSION}, found "
            f"{version!r}. Export the network again with this cnnlab."
        )
    try:
        if len(block) != content["bytes"]:
            raise ModelError(
                f"The weights of this graph are incomplete: expected {content['bytes']:,} bytes, "
                f"found {len(block):,}. Export the network again."
            )
        tensors = tuple(_read_tensor(place, block) for place in content["tensors"])
        steps = tuple(_read_step(each) for each in content["steps"])
        graph = Graph(steps, tensors, content["answer"])
        _check(graph)
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise ModelError(
            f"This graph is damaged ({type(error).__name__}: {error}). Export the network again."
        ) from None
    return graph


def _read_tensor(place: Mapping[str, Any], block: bytes) -> Tensor:
    shape, start = tuple(place["shape"]), place["at"]
    kind = np.dtype(_TYPES[place["type"]]).newbyteorder("<")
    count = math.prod(shape)
    if start < 0 or start + count * kind.itemsize > len(block):
        raise ValueError(f"a tensor of {shape} does not lie within the weights")
    stored = np.frombuffer(block, kind, count, start).reshape(shape)
    tensor: Tensor = stored.astype(_TYPES[place["type"]])
    return tensor


def _read_step(content: Mapping[str, Any]) -> Step:
    inputs, shape = tuple(content["inputs"]), tuple(content["shape"])
    return Step(**{**content, "inputs": inputs, "shape": shape})


def _check(graph: Graph) -> None:
    """Raise `ValueError` if a step reads what is not before it."""
    known: set[str] = set()
    for step in graph.steps:
        if step.op not in OPERATIONS:
            raise ValueError(f"step {step.name!r} has the unknown operation {step.op!r}")
        if not known.issuperset(step.inputs) or step.name in known:
            raise ValueError(f"step {step.name!r} is not after its inputs, or is there twice")
        if not all(0 <= number < len(graph.tensors) for number in step.tensors.values()):
            raise ValueError(f"step {step.name!r} needs a tensor that is not there")
        known.add(step.name)
    if graph.answer not in known or graph.steps[0].op != "input":
        raise ValueError("it has no input or no answer")
