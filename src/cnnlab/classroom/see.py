"""What a lesson shows, each in one line: images, networks, curves, kernels, predictions.

Every function returns a `Figure`, drawn as the report draws it. A network is an `nn.Module` or a
finished `Run`. An image is an index into an `ImageSet`, from 0.
"""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import torch
from markupsafe import Markup
from numpy.typing import NDArray
from torch import nn
from torch.nn.functional import conv2d

from cnnlab.classroom.figure import Figure
from cnnlab.data.images import ImageSet
from cnnlab.data.tensors import prepare
from cnnlab.errors import CnnlabError
from cnnlab.insight.graph import Graph
from cnnlab.insight.interpret import Numbers
from cnnlab.insight.interpret import run as compute
from cnnlab.insight.predictions import Predictions, softmax
from cnnlab.models.catalog import count_parameters
from cnnlab.playground.notebook import Frame
from cnnlab.runs.evaluation import predictions_on
from cnnlab.runs.explain import as_numbers, network_graph
from cnnlab.runs.inside import look_inside
from cnnlab.runs.run import Run
from cnnlab.training.history import History
from cnnlab.training.loop import predict
from cnnlab.views import inside_page
from cnnlab.views.curve_drawings import QUANTITIES, run_curves
from cnnlab.views.figures import pictures, values
from cnnlab.views.figures.bars import before_and_after
from cnnlab.views.figures.markup import join, tag
from cnnlab.views.figures.matrix import matrix
from cnnlab.views.page import Chapter, side_by_side

Network = nn.Module | Run
_MOST_NUMBERS = 9
"""A kernel of at most so many rows shows its numbers."""


def predictions_of(network: Network, image_set: ImageSet) -> Predictions:
    """Return a network's predictions on a set of images, on the CPU."""
    if isinstance(network, Run):
        return predictions_on(network, image_set, torch.device("cpu"))
    return Predictions(image_set, softmax(predict(network, prepare(image_set).images)))


def images(image_set: ImageSet, indices: Iterable[int], *, labels: bool = True) -> Figure:
    """Return images, each with its index and its class below it."""
    chosen = list(indices)
    shown = []
    for index in chosen:
        name = image_set.classes[int(image_set.labels[index])]
        image = pictures.picture(image_set.images[index], name)
        shown.append(pictures.labelled(image, f"{index}: {name}") if labels else image)
    row = pictures.row_of(shown, 6) if labels else pictures.row_of(shown, 22, phone=11)
    return Figure(row, "")


def numbers(image_set: ImageSet, index: int = 0) -> Figure:
    """Return an image, and the numbers of its most varied square."""
    chapter = inside_page.image_chapter(image_set, index)
    return _figure(chapter)


def filtered(
    image: NDArray[np.uint8],
    kernel: NDArray[np.floating] | list[list[float]],
    *,
    stride: int = 1,
    padding: int = 0,
) -> Figure:
    """Return an image (height, width), a kernel, and what the convolution finds."""
    weights = np.asarray(kernel, np.float32)
    found = conv2d(
        torch.from_numpy(image / 255).float()[None, None],
        torch.from_numpy(weights)[None, None],
        stride=stride,
        padding=padding,
    )[0, 0].numpy()
    limit = float(np.abs(found).max()) or 1.0
    sizes = [f"{height} \u00d7 {width}" for height, width in (image.shape, found.shape)]
    shown = [
        pictures.labelled(pictures.picture(image, "the image"), f"the image, {sizes[0]}"),
        pictures.labelled(_kernel(weights), "the kernel"),
        pictures.labelled(
            pictures.values_picture(found, limit, "what the kernel finds"),
            f"what it finds, {sizes[1]}",
        ),
    ]
    markup = join(pictures.row_of(shown, 3), values.key(float(f"{limit:.2g}")))
    return Figure(markup, "Blue: the kernel fits. Orange: its opposite is there. White: nothing.")


def _kernel(weights: NDArray[np.float32]) -> Markup:
    limit = float(np.abs(weights).max()) or 1.0
    if len(weights) > _MOST_NUMBERS:
        return pictures.values_picture(weights, limit, "the kernel")
    return values.numbered(weights, limit)


def network(model: Network) -> Figure:
    """Return a network's stages, with how many numbers each of them learns."""
    count = model.parameters if isinstance(model, Run) else count_parameters(model)
    drawing = inside_page.network_drawing(network_graph(model), count)
    return Figure(drawing.markup, drawing.caption)


def prediction(model: Network, image_set: ImageSet, index: int = 0) -> Figure:
    """Return the probability of each class for one image."""
    found = predictions_of(model, image_set.take(np.array([index])))
    true = int(found.image_set.labels[0])
    bars = before_and_after(image_set.classes, None, found.probabilities[0], true)
    image = pictures.prediction(found, 0)
    return Figure(tag("div", image, bars, class_="beside"), "The correct class is bold.")


def predictions(model: Network, image_set: ImageSet, indices: Iterable[int]) -> Figure:
    """Return images with what the network says of them: ticked, or crossed with both classes."""
    chosen = np.array(list(indices))
    found = predictions_of(model, image_set.take(chosen))
    shown = [pictures.prediction(found, each, with_share=True) for each in range(len(chosen))]
    return Figure(pictures.row_of(shown, 6), "")


def curves(history: History) -> Figure:
    """Return accuracy and loss by epoch."""
    drawings = [run_curves(history, quantity) for quantity in QUANTITIES]
    return Figure(side_by_side(*drawings).markup, "")


def kernels(run: Run, image_set: ImageSet, index: int = 0) -> Figure:
    """Return the first kernels of a run before and after training, and what each finds.

    Raises `CnnlabError` if cnnlab cannot show the network, or if it has no convolution that reads
    the image.
    """
    inside = look_inside(run)
    if inside.after is None:
        raise CnnlabError(inside.why_not)
    name = image_set.classes[int(image_set.labels[index])]
    chapter = inside_page.kernels_chapter(inside, _computed(inside.after, image_set, index), name)
    if chapter is None:
        raise CnnlabError(
            "This network has no kernels to show: its first layer is not a convolution."
        )
    return _figure(chapter)


def maps(model: Network, image_set: ImageSet, index: int = 0) -> Figure:
    """Return an image's way through the network: the maps of its first and last stages.

    Raises `CnnlabError` if the network has no maps.
    """
    graph = network_graph(model)
    computed = _computed(graph, image_set, index)
    chapter = inside_page.maps_chapter(graph, computed, image_set, index)
    if chapter is None:
        raise CnnlabError("This network has no maps to show: it has no convolution or pooling.")
    return _figure(chapter)


def confusion(model: Network, image_set: ImageSet) -> Figure:
    """Return how often each class is taken for each other one; click a cell to see its images."""
    found = predictions_of(model, image_set)
    return Figure(
        matrix(found),
        "A row for each class, a column for each prediction. Click a number to see its images.",
    )


def mistakes(model: Network, image_set: ImageSet) -> Figure:
    """Return the mistakes that the network was most certain of, and what spoke for each."""
    found = predictions_of(model, image_set)
    markup, count = inside_page.mistakes_drawing(found, network_graph(model))
    return Figure(markup, inside_page.why_sentence(count))


def page(path: str | Path) -> Frame:
    """Return a page that cnnlab wrote, such as a comparison's report, inside the cell.

    Raises `CnnlabError` if the file cannot be read.
    """
    try:
        return Frame(Path(path).read_bytes())
    except OSError as error:
        raise CnnlabError(f"Cannot read {path} ({error.strerror}).") from None


def _computed(graph: Graph, image_set: ImageSet, index: int) -> dict[str, Numbers]:
    """Return every step's numbers for one image."""
    return compute(graph, as_numbers(image_set.images[index : index + 1]))


def _figure(chapter: Chapter) -> Figure:
    """Return the first drawing of a chapter, with the chapter's sentences below it."""
    drawing = chapter.drawings[0]
    return Figure(drawing.markup, " ".join([*chapter.paragraphs, drawing.caption]))
