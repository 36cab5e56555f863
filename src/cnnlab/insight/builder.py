"""Build a graph step by step: names, tensors, copies, stages."""

import math
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any, NoReturn

import numpy as np
import torch

from cnnlab.errors import ModelError
from cnnlab.insight.graph import Graph, Shape, Step, Tensor, strides_in_order

BATCH = 2
"""Images in the traced batch: with two, a step that mixes images can be seen."""
SUPPORTED = (
    "cnnlab can show convolution, linear, pooling, batch, layer, group and instance normalisation, "
    "activations, +, -, *, /, cat, flatten, view and other changes of shape, and softmax."
)
_JOINS = frozenset({"activation", "batch_norm", "standardise"})
_STAGE_NAMES = {"conv2d": "conv", "batch_norm": "norm", "standardise": "norm"}


@dataclass(frozen=True)
class Ref:
    """The output of a step, by the step's name; the shape is that of one image."""

    name: str
    shape: Shape


@dataclass(frozen=True)
class Place:
    """Where in a user's network a step comes from; the fields are those of a step.

    ``where`` is the same in words: "Line 31 of mine.py, `x = self.rnn(x)`,".
    """

    call: str
    layer: str
    is_layer: bool
    line: int | None
    where: str


class Builder:
    """A graph while it is made. Each new step comes from ``place``; its output has ``shape``."""

    def __init__(self, input_shape: Shape) -> None:
        self.place = Place("input", "", False, None, "")
        self.shape: Shape = input_shape
        self._steps: list[Step] = [Step("input", "input", (), input_shape, call="input")]
        self._names = Counter({"input": 1})
        self._tensors: list[Tensor] = []
        self._known: dict[int, tuple[torch.Tensor, int]] = {}

    @property
    def input(self) -> Ref:
        """The image."""
        return Ref("input", self._steps[0].shape)

    def refuse(self, reason: str) -> NoReturn:
        """Raise `ModelError`: the present place, and why cnnlab cannot show the network."""
        raise ModelError(f"cnnlab cannot show this network: {self.place.where} {reason}")

    def add(
        self,
        op: str,
        inputs: Iterable[Ref],
        settings: dict[str, Any] | None = None,
        tensors: dict[str, torch.Tensor | None] | None = None,
        shape: Shape | None = None,
    ) -> Ref:
        """Add a step and return its output; a tensor of None is left out."""
        shape = self.shape if shape is None else shape
        numbers = {k: self._keep(v) for k, v in (tensors or {}).items() if v is not None}
        place = self.place
        step = Step(
            name=self._name(place),
            op=op,
            inputs=tuple(each.name for each in inputs),
            shape=shape,
            call=place.call,
            layer=place.layer,
            line=place.line,
            settings=settings or {},
            tensors=numbers,
        )
        self._steps.append(step)
        return Ref(step.name, shape)

    def _name(self, place: Place) -> str:
        """Return the layer's name for the only step of a layer, else with the call's; unique."""
        name = ".".join(filter(None, (place.layer, place.call)))
        if place.is_layer and place.layer not in self._names:
            name = place.layer
        self._names[name] += 1
        return name if self._names[name] == 1 else self._name_again(name)

    def _name_again(self, name: str) -> str:
        again = f"{name}_{self._names[name]}"
        self._names[again] += 1
        return again

    def _keep(self, tensor: torch.Tensor) -> int:
        """Return the number of a tensor in the graph's list; the same tensor is kept once."""
        if id(tensor) not in self._known:
            kind = torch.float32 if tensor.is_floating_point() else torch.int32
            self._tensors.append(tensor.to("cpu", kind).contiguous().numpy())
            self._known[id(tensor)] = (tensor, len(self._tensors) - 1)  # keeps the id in use
        return self._known[id(tensor)][1]

    def constant(self, value: "torch.Tensor | float", rank: int) -> Ref:
        """Return numbers that are the same for every image, for a step of tensors of that rank.

        The rank counts the batch: a tensor of the same rank has an axis for it, which is removed.
        """
        tensor = value if isinstance(value, torch.Tensor) else torch.tensor(float(value))
        if tensor.ndim > rank:
            self.refuse("combines tensors whose numbers of axes do not fit the batch.")
        if tensor.ndim == rank and rank > 0:
            if len(tensor) not in {1, BATCH} or not torch.equal(tensor[0], tensor[-1]):
                self.refuse("uses another constant for each image of a batch.")
            tensor = tensor[0]
        place, self.place = self.place, replace(self.place, call="constant", is_layer=False)
        shape = tuple(tensor.shape)
        made = self.add("constant", (), tensors={"value": tensor}, shape=shape)
        self.place = place
        return made

    def copy(self, source: Ref, view: Callable[[torch.Tensor], torch.Tensor], value: float) -> Ref:
        """Add a step that copies numbers, as ``view`` does it with a batch of them.

        ``view`` is tried on the numbers 1, 2, 3 ... of two images. Where it returns 0, the copy has
        ``value``. Nothing is added if it returns all numbers as they were.
        """
        length = math.prod(source.shape)
        both = torch.arange(1, BATCH * length + 1, dtype=torch.float64)
        found = view(both.reshape(BATCH, *source.shape)).long()
        own = found[0] if found.ndim and len(found) == BATCH else torch.zeros(0)
        other = found[-1] - length * (found[-1] > 0) if own.numel() else own
        if not own.numel() or own.max() > length or not torch.equal(own, other):
            self.refuse(
                "mixes the images of a batch, or changes their order. Keep the first axis of every "
                "tensor for the batch, as in x.flatten(start_dim=1) or x.view(x.size(0), -1)."
            )
        index, shape = own.numpy() - 1, tuple(own.shape)
        strides = _strides(index)
        if strides is None:
            tensors: dict[str, torch.Tensor | None] = {"index": torch.from_numpy(index).int()}
            return self.add("copy", [source], {"value": value}, tensors, shape)
        if shape == source.shape and index.flat[0] == 0 and strides == strides_in_order(shape):
            return source
        settings = {"offset": int(index.flat[0]), "strides": list(strides)}
        return self.add("copy", [source], settings, shape=shape)

    def graph(self, answer: Ref) -> Graph:
        """Return the graph of what the answer needs, its steps grouped in stages."""
        needed = {answer.name, "input"}
        for step in reversed(self._steps):
            if step.name in needed:
                needed.update(step.inputs)
        steps = [step for step in self._steps if step.name in needed]
        used = sorted({number for step in steps for number in step.tensors.values()})
        renumbered = [
            replace(s, tensors={name: used.index(number) for name, number in s.tensors.items()})
            for s in steps
        ]
        tensors = tuple(self._tensors[number] for number in used)
        return with_stages(Graph(tuple(renumbered), tensors, answer.name))


def _strides(index: np.ndarray[Any, np.dtype[np.int64]]) -> Shape | None:
    """Return the strides of an index, 0 for an axis of length 1; None if it has none."""
    first = int(index.flat[0])
    if first < 0:
        return None
    strides, numbers = [], np.full(index.shape, first)
    for axis, length in enumerate(index.shape):
        second = tuple(int(each == axis) for each in range(index.ndim))
        strides.append(int(index[second]) - first if length > 1 else 0)
        along = [length if each == axis else 1 for each in range(index.ndim)]
        numbers += (np.arange(length) * strides[-1]).reshape(along)
    return tuple(strides) if np.array_equal(numbers, index) else None


def with_stages(graph: Graph) -> Graph:
    """Return the graph with a stage for each step.

    Normalisation, activation, and what combines with a constant join the step before, if nothing
    else reads it. A change of shape alone joins the step after it.
    """
    readers = Counter(name for step in graph.steps for name in step.inputs)
    known, stages, counts = graph.by_name, {"input": "input"}, Counter[str]()
    reshapes: dict[str, str] = {}  # a change of shape alone -> what it reads
    for step in graph.steps[1:]:
        if step.op == "constant":
            stages[step.name] = ""
            continue
        read = [name for name in step.inputs if known[name].op != "constant"]
        before = read[0]
        waiting = []
        while before in reshapes and readers[before] == 1:
            waiting.append(before)
            before = reshapes[before]
        joins = len(read) == 1 and readers[before] == 1 and before != "input"
        if graph.is_in_order(step) and step.name != graph.answer:
            reshapes[step.name] = step.inputs[0]
        if joins and (step.op in _JOINS or len(step.inputs) > 1 or graph.is_in_order(step)):
            stage = stages[before]
        else:
            kind = _STAGE_NAMES.get(step.op, step.op)
            counts[kind] += 1
            stage = f"{kind}{counts[kind]}"
        for name in (*waiting, step.name):
            stages[name] = stage
    steps = tuple(replace(step, stage=stages[step.name]) for step in graph.steps)
    return replace(graph, steps=steps)
