"""The receptive field: which pixels of the steps before can reach a pixel."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cnnlab.insight.explain import checked_pixel, step_at
from cnnlab.insight.explanation import as_maps, flat_of
from cnnlab.insight.graph import Graph, Step
from cnnlab.insight.interpret import index_of, inside

Marks = NDArray[np.bool_]


@dataclass(frozen=True)
class Field:
    """The pixels of one step that can reach a pixel, as a frame: first and last row and column.

    ``maps`` are the maps that are read. The frame ends at the border of the maps.
    """

    step: str
    stage: str
    maps: tuple[int, ...]
    top: int
    bottom: int
    left: int
    right: int


def receptive_fields(graph: Graph, where: str, pixel: Sequence[int]) -> tuple[Field, ...]:
    """Return what can reach a pixel of a stage or step: of the image, and of each stage before.

    The field of a stage is in the maps of its last step. ``pixel`` is (map, row, column). Raises
    `ModelError` if there is no such pixel.
    """
    last = step_at(graph, where)
    flat = flat_of(as_maps(last.shape), checked_pixel(where, last, pixel))
    marks: dict[str, Marks] = {last.name: np.zeros(last.shape, bool)}
    marks[last.name].reshape(-1)[flat] = True
    for step in reversed(graph.steps):
        if step.name in marks:
            for name, read in zip(step.inputs, _read(graph, step, marks[step.name]), strict=True):
                marks[name] = marks[name] | read if name in marks else read
    ends = [stage.last for stage in graph.stages.values() if stage.last is not last]
    reached = [step for step in ends if step.name in marks and marks[step.name].any()]
    return tuple(_field(step, marks[step.name]) for step in reached)


def _field(step: Step, marks: Marks) -> Field:
    maps, rows, columns = np.nonzero(marks.reshape(as_maps(step.shape)))
    edges = (int(edge) for each in (rows, columns) for edge in (each.min(), each.max()))
    read = tuple(int(each) for each in np.unique(maps))
    return Field(step.name, step.stage, read, *edges)


def _read(graph: Graph, step: Step, marks: Marks) -> list[Marks]:
    """Return which numbers of each input the marked numbers of a step read."""
    shapes = [graph.by_name[name].shape for name in step.inputs]
    if step.op == "concatenate":
        ends = np.cumsum([shape[step.settings["axis"]] for shape in shapes])[:-1]
        return np.split(marks, ends, axis=step.settings["axis"])
    if step.op in _READ:
        read = np.zeros(shapes[0], bool)
        _READ[step.op](graph, step, marks, read)
        return [read]
    return [_narrow(marks, shape) for shape in shapes]  # number by number


def _narrow(marks: Marks, shape: tuple[int, ...]) -> Marks:
    """Return the marks of an input of that shape, which broadcasts."""
    lead = marks.ndim - len(shape)
    own: Marks = np.asarray(marks.any(axis=tuple(range(lead))))
    wide = tuple(axis for axis, size in enumerate(shape) if size == 1)
    return np.asarray(own.any(axis=wide, keepdims=True))


def _conv2d(graph: Graph, step: Step, marks: Marks, read: Marks) -> None:
    settings, weight = step.settings, graph.tensors[step.tensors["weight"]]
    groups, (_, depth, height, width) = settings["groups"], weight.shape
    outputs = marks.reshape(groups, -1, *marks.shape[1:]).any(axis=1)
    top, bottom, left, right = settings["padding"]
    padded = np.zeros((groups, read.shape[1] + top + bottom, read.shape[2] + left + right), bool)
    (down, across), (row_gap, column_gap) = settings["stride"], settings["dilation"]
    rows, columns = marks.shape[1:]
    for i in range(0, height * row_gap, row_gap):
        for j in range(0, width * column_gap, column_gap):
            last_row, last_column = i + (rows - 1) * down, j + (columns - 1) * across
            padded[:, i : last_row + 1 : down, j : last_column + 1 : across] |= outputs
    inner = padded[:, top : top + read.shape[1], left : left + read.shape[2]]
    read |= inner.repeat(depth, axis=0)


def _linear(_graph: Graph, _step: Step, marks: Marks, read: Marks) -> None:
    read |= marks.any(axis=-1, keepdims=True)


def _pool(_graph: Graph, step: Step, marks: Marks, read: Marks) -> None:
    settings, maps = step.settings, tuple(step.settings["maps"])
    rows, columns = settings["rows"], settings["columns"]
    seen, outputs = read.reshape(maps), marks.reshape(maps[0], len(rows), len(columns))
    for i in np.flatnonzero(outputs.any(axis=(0, 2))):
        down = inside(rows[i], maps[1], settings["dilation"][0])
        for j in np.flatnonzero(outputs[:, i].any(axis=0)):
            across = inside(columns[j], maps[2], settings["dilation"][1])
            for map_ in np.flatnonzero(outputs[:, i, j]):
                seen[map_][np.ix_(np.array(down), np.array(across))] = True


def _standardise(_graph: Graph, step: Step, marks: Marks, read: Marks) -> None:
    block = step.settings["block"]
    read.reshape(-1, block)[marks.reshape(-1, block).any(axis=1)] = True


def _copy(graph: Graph, step: Step, marks: Marks, read: Marks) -> None:
    index = index_of(step, graph.tensor(step, "index"))[marks]
    read.reshape(-1)[index[index >= 0]] = True


def _softmax(_graph: Graph, step: Step, marks: Marks, read: Marks) -> None:
    read |= marks.any(axis=step.settings["axis"], keepdims=True)


_READ = {
    "conv2d": _conv2d,
    "linear": _linear,
    "pool": _pool,
    "standardise": _standardise,
    "copy": _copy,
    "softmax": _softmax,
}
