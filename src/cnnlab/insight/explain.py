"""How one number of a network came about: every product, subtotal, bias and function."""

from collections.abc import Mapping, Sequence

from cnnlab.errors import ModelError
from cnnlab.insight.explanation import Explanation, Part, Pixel, as_maps, flat_of
from cnnlab.insight.graph import Graph, Step
from cnnlab.insight.interpret import Numbers
from cnnlab.insight.reader import Reader


def explain_pixel(
    graph: Graph, values: Mapping[str, Numbers], where: str, pixel: Sequence[int]
) -> Explanation:
    """Return how a pixel of a stage, such as "conv1", or of a single step came about.

    ``values`` are those of `cnnlab.insight.interpret.run` for one image. ``pixel`` is (map, row,
    column); for a vector the map alone is enough. Raises `ModelError` if there is no such pixel.
    """
    last = step_at(graph, where)
    pixel = checked_pixel(where, last, pixel)
    reader = Reader(graph, values)
    chain = [last]
    while where in graph.stages and (before := _before(graph, chain[0])):
        chain.insert(0, before)
    parts: list[Part] = []
    flat = flat_of(as_maps(last.shape), pixel)
    for step in chain:
        parts.append(reader.part(step, flat, parts[-1].printed if parts else None))
    return Explanation(where, pixel, tuple(parts))


def _before(graph: Graph, step: Step) -> Step | None:
    """Return the step of the same stage whose same pixel a step changes, if there is one."""
    read = [graph.by_name[name] for name in step.inputs if graph.by_name[name].op != "constant"]
    is_alone = len(read) == 1 and read[0].stage == step.stage and read[0].op != "input"
    same_pixel = len(step.inputs) > 1 or step.op in {"activation", "batch_norm", "standardise"}
    if not is_alone or not (same_pixel or graph.is_in_order(step)):
        return None
    if read[0].shape != step.shape and not graph.is_in_order(step):
        return None  # a constant of more axes makes more pixels of it
    return read[0] if not _only_reshapes(graph, read[0]) else None


def _only_reshapes(graph: Graph, step: Step) -> bool:
    """Return whether a step, and all before it in its stage, only change the shape."""
    if not graph.is_in_order(step):
        return False
    before = graph.by_name[step.inputs[0]]
    return before.stage != step.stage or _only_reshapes(graph, before)


def step_at(graph: Graph, where: str) -> Step:
    """Return the last step of a stage, or the step of that name; raise `ModelError` if neither."""
    if where in graph.stages:
        return graph.stages[where].last
    if where not in graph.by_name:
        raise ModelError(
            f"This network has no stage {where!r}. Its stages are: {', '.join(graph.stages)}."
        )
    return graph.by_name[where]


def checked_pixel(where: str, step: Step, pixel: Sequence[int]) -> Pixel:
    """Return (map, row, column) of a step; raise `ModelError` if it has no such pixel."""
    maps, rows, columns = as_maps(step.shape)
    whole = (*pixel, *(0,) * (3 - len(pixel)))
    inside_it = len(whole) == 3 and all(
        0 <= place < size for place, size in zip(whole, (maps, rows, columns), strict=False)
    )
    if not inside_it or (len(pixel) == 1 and rows * columns > 1):
        raise ModelError(
            f"{where} has no pixel {tuple(pixel)}: it has {maps} maps of {rows} x {columns}. Give "
            "(map, row, column), counted from 0."
        )
    return int(whole[0]), int(whole[1]), int(whole[2])
