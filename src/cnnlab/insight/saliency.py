"""Why this prediction: three ways to ask, each with what it can and cannot say.

- `occlusion`: cover a part of the image, and see how much the logit falls. It is what the network
  does, true for every network.
- `input_gradient`: what a tiny change of each pixel would do, at this image.
- `strongest_path`: from the logit back to the image, each time to the largest contribution.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from cnnlab.errors import ConfigError
from cnnlab.insight.explain import explain_pixel
from cnnlab.insight.explanation import Pixel
from cnnlab.insight.graph import Graph
from cnnlab.insight.interpret import Numbers, logits_of

if TYPE_CHECKING:
    from torch import nn

_COVER = 0.0
"""What covers a part of an image: mid-grey, in the numbers that a network takes."""


@dataclass(frozen=True)
class Occlusion:
    """How much the logit of a class falls when a square of the image is grey.

    ``falls`` has a row for each row of squares: the square of row i and column j begins at pixel
    (i * stride, j * stride) and has ``size`` x ``size`` pixels. Below 0 the logit rises.
    """

    class_index: int
    logit: float
    size: int
    stride: int
    falls: tuple[tuple[float, ...], ...]


@dataclass(frozen=True)
class InputGradient:
    """The slope of a class's logit for each pixel of the image, by rows."""

    class_index: int
    slopes: tuple[tuple[float, ...], ...]


@dataclass(frozen=True)
class Link:
    """A pixel on the strongest path: its value, and what it contributes to the pixel before it."""

    stage: str
    step: str
    pixel: Pixel
    value: float
    contribution: float


def occlusion(
    graph: Graph, image: Numbers, *, class_index: int | None = None, size: int = 4, stride: int = 2
) -> Occlusion:
    """Return the occlusion map of an image (1, H, W), as the network takes it.

    ``class_index`` is the predicted class if None. Raises `ConfigError` if the square does not fit.
    """
    height, width = image.shape[1:]
    if not 1 <= size <= min(height, width) or stride < 1:
        raise ConfigError(
            f"A square of {size} pixels every {stride} pixels does not fit: size must be 1 to "
            f"{min(height, width)}, and stride at least 1."
        )
    tops, lefts = (range(0, extent - size + 1, stride) for extent in (height, width))
    covered = np.repeat(image[None], 1 + len(tops) * len(lefts), axis=0)
    for number, (top, left) in enumerate(((t, s) for t in tops for s in lefts), start=1):
        covered[number, :, top : top + size, left : left + size] = _COVER
    logits = np.concatenate(
        [logits_of(graph, covered[at : at + 64]) for at in range(0, len(covered), 64)]
    )
    chosen = int(logits[0].argmax()) if class_index is None else class_index
    logit = float(logits[0, chosen])
    falls = (logit - logits[1:, chosen].astype(np.float64)).reshape(len(tops), len(lefts))
    return Occlusion(chosen, logit, size, stride, _rows(falls))


def input_gradient(
    network: "nn.Module", image: Numbers, *, class_index: int | None = None
) -> InputGradient:
    """Return the gradient of a class's logit for an image (1, H, W), as the network takes it.

    ``class_index`` is the predicted class if None. The network is used as it is: in evaluation mode
    it does what it does for a prediction.
    """
    import torch

    given = torch.from_numpy(image[None]).clone().requires_grad_()
    with torch.enable_grad():
        logits = network(given)[0]
        chosen = int(logits.argmax()) if class_index is None else class_index
        (slopes,) = torch.autograd.grad(logits[chosen], given)
    return InputGradient(chosen, _rows(slopes[0].sum(dim=0).double().numpy()))


def strongest_path(
    graph: Graph, values: Mapping[str, Numbers], class_index: int | None = None
) -> tuple[Link, ...]:
    """Return the path from a logit to the image: each link contributes most to the one before.

    ``values`` are those of one image; the class is the predicted one if ``class_index`` is None.
    """
    step = graph.by_name[graph.answer]
    chosen = int(values[step.name][0].argmax()) if class_index is None else class_index
    found = explain_pixel(graph, values, step.stage, (chosen,))
    path = [Link(step.stage, step.name, found.pixel, found.value, found.value)]
    while step.op != "input":
        contributions = list(found.parts[0].contributions())
        if not contributions:
            break  # a constant or padding
        best = max(contributions, key=lambda each: abs(each.value))
        step = graph.by_name[best.step]
        is_last = step.op != "constant" and graph.stages[step.stage].last is step
        found = explain_pixel(graph, values, step.stage if is_last else step.name, best.pixel)
        path.append(Link(step.stage, step.name, best.pixel, found.value, best.value))
    return tuple(path)


def _rows(values: NDArray[np.float64]) -> tuple[tuple[float, ...], ...]:
    return tuple(tuple(float(each) for each in row) for row in values)
