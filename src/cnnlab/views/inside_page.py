"""The inside of a network on a page: its stages, kernels, maps, and why it is mistaken."""

import math

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from cnnlab.data.images import ImageSet
from cnnlab.insight.graph import Graph, Step
from cnnlab.insight.interpret import Numbers, logits_of, run
from cnnlab.insight.mistakes import most_confident_mistakes
from cnnlab.insight.predictions import Predictions
from cnnlab.insight.saliency import occlusion
from cnnlab.runs.explain import as_numbers
from cnnlab.runs.inside import Inside
from cnnlab.views.figures import values
from cnnlab.views.figures.bars import before_and_after
from cnnlab.views.figures.markup import tag
from cnnlab.views.figures.network import learned, stages
from cnnlab.views.figures.pictures import (
    TICK,
    labelled,
    picture,
    prediction,
    row_of,
    values_picture,
)
from cnnlab.views.page import Chapter, Drawing
from cnnlab.wording import percent, with_article

_MOST_KERNELS = 8
_MOST_MAPS = 16
_MOST_STAGES = 3
_MISTAKES = 6
_UNSURE = (0.45, 0.6)
"""The network is unsure if the probability of its prediction is within these."""
_GREW = 1.3
"""Kernels whose largest number grew by this factor have changed visibly."""
_CONTRAST = 0.25
"""Blue and orange are plainly seen from this part of the scale."""
_SLOW = 2_000_000
"""A network with more parameters is asked about larger squares, and fewer of them."""


def inside_chapters(inside: Inside, predictions: Predictions, parameters: int) -> list[Chapter]:
    """Return the chapters on a network's inside, in the order of the workshop.

    If cnnlab cannot show the network, a chapter says why.
    """
    if inside.after is None:
        if not inside.why_not:
            return []
        return [
            Chapter(
                "The inside of this network",
                [f"Its kernels and maps are not shown. {inside.why_not}"],
                wide=True,
            )
        ]
    return [network_chapter(inside.after, parameters), *kernels_and_maps(inside, predictions)]


def kernels_and_maps(inside: Inside, predictions: Predictions) -> list[Chapter]:
    """Return the chapters on the kernels, and on one image's way through; fewer without them."""
    if inside.after is None:
        return []
    image_set, index = predictions.image_set, shown_image(predictions)
    computed = run(inside.after, as_numbers(image_set.images[index : index + 1]))
    found = (
        kernels_chapter(inside, computed, image_set.classes[image_set.labels[index]]),
        maps_chapter(inside.after, computed, image_set, index),
    )
    return [chapter for chapter in found if chapter is not None]


def learned_chapters(inside: Inside, predictions: Predictions) -> list[Chapter]:
    """Return the chapters on what training changed: kernels, maps, and one prediction."""
    return [*kernels_and_maps(inside, predictions), prediction_chapter(predictions, inside.before)]


def shown_image(predictions: Predictions) -> int:
    """Return the image that is followed through the network: the first correct one, or 0."""
    correct = np.flatnonzero(predictions.predicted == predictions.image_set.labels)
    return int(correct[0]) if len(correct) else 0


def network_chapter(graph: Graph, parameters: int) -> Chapter:
    """Return the chapter on a network's stages and what each of them learns."""
    ops = [step.op for step in graph.steps]
    sentences = []
    if "conv2d" in ops:
        count = ops.count("conv2d")
        one = (
            "A convolution slides small kernels"
            if count == 1
            else (f"{_number(count)} convolutions slide small kernels")
        )
        verb = "notes" if count == 1 else "note"
        sentences.append(f"{one} over the image and {verb} where their patterns are.")
    if "pool" in ops:
        sentences.append("Pooling makes the maps smaller.")
    linear, scores = ops.count("linear"), graph.by_name[graph.answer].shape[-1]
    if linear:
        layers = (
            "One linear layer turns" if linear == 1 else f"{_number(linear)} linear layers turn"
        )
        sentences.append(
            f"{layers} what was found into {scores} scores, one for each class. The highest is "
            "the prediction."
        )
    return Chapter(
        f"The network: {parameters:,} numbers to learn",
        [" ".join(sentences)],
        drawings=[network_drawing(graph, parameters)],
        wide=True,
    )


def network_drawing(graph: Graph, parameters: int) -> Drawing:
    """Return a network's stages. What each learns is only written if it adds up to all."""
    adds_up = sum(learned(graph, step) for step in graph.steps) == parameters
    caption = (
        "Drawn to scale: a square is as wide as its map, a bar as long as its row of numbers. Of "
        "many maps, six are drawn."
    )
    if adds_up:
        caption += " The sums say how many numbers each step learns."
    return Drawing(stages(graph, with_sums=adds_up), caption)


def _number(count: int) -> str:
    words = ("No", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine", "Ten")
    return words[count] if count < len(words) else str(count)


def kernels_chapter(inside: Inside, computed: dict[str, Numbers], name: str) -> Chapter | None:
    """Return the chapter on the first kernels; None if the network has none that see the image.

    ``computed`` are every step's numbers for one image, ``name`` is the image's class.
    """
    graph = inside.after
    step = first_convolution(graph) if graph else None
    if graph is None or step is None:
        return None
    after = _kernels(graph, step)
    before = None
    if inside.before is not None and step.name in inside.before.by_name:
        before = _kernels(inside.before, inside.before.by_name[step.name])
    count, height, width = after.shape
    shown = after[:_MOST_KERNELS]
    maps = computed[graph.stages[step.stage].last.name][0][: len(shown)]
    first = (
        f"The {count} kernels"
        if count == len(shown)
        else f"The first {len(shown)} of {count} kernels"
    )
    sentences = [f"{first} of the first layer, {height} \u00d7 {width} numbers each."]
    largest = float(np.abs(after).max())
    if before is not None:
        start = float(np.abs(before).max())
        bound = math.ceil(10 * start) / 10  # rounded up, so that the sentence is true
        sentences.append(f"Before training they are chance: no number is beyond {bound:,.1f}.")
        sentences.append(
            f"After it they reach {largest:,.1f}."
            if largest > _GREW * start
            else f"After it they still reach only {largest:,.1f}: training changed them little."
        )
    limit = values.scale_limit(after)
    if 2 * _with_edges(shown, limit) >= len(shown):
        sentences.append("Blue beside orange means: \u201chere is an edge\u201d.")
    return Chapter(
        "What it learned to look for",
        [" ".join(sentences)],
        drawings=[
            Drawing(
                values.kernels(
                    None if before is None else before[: len(shown)], shown, maps, limit
                ),
                "All kernels share one colour scale. The last row is what each of them finds in "
                f"{with_article(name)}, on its own scale.",
            )
        ],
    )


def first_convolution(graph: Graph) -> Step | None:
    """Return the convolution that reads the image itself, or None."""
    return next(
        (
            step
            for step in graph.steps
            if step.op == "conv2d" and step.inputs[0] == graph.input.name
        ),
        None,
    )


def _kernels(graph: Graph, step: Step) -> NDArray[np.float32]:
    return np.asarray(graph.tensors[step.tensors["weight"]][:, 0], np.float32)


def maps_chapter(
    graph: Graph, computed: dict[str, Numbers], image_set: ImageSet, index: int
) -> Chapter | None:
    """Return the chapter on one image's way through the network; None if it has no maps.

    ``computed`` are every step's numbers for that image.
    """
    chosen = map_stages(graph)
    if not chosen:
        return None
    name = image_set.classes[image_set.labels[index]]
    rows, is_all = [], True
    for step in chosen:
        maps = computed[step.name][0]
        picked = values.varied_maps(maps, _MOST_MAPS)
        is_all = is_all and len(picked) == len(maps)
        limit = values.scale_limit(maps, 0.995)
        count = (
            f"{len(maps)} maps"
            if len(picked) == len(maps)
            else (f"{len(picked)} of {len(maps)} maps")
        )
        title = (
            f"{step.stage}: {count}, {step.shape[1]} \u00d7 {step.shape[2]} (full colour: "
            f"\u00b1{limit:g})"
        )
        rows.append(values.maps(title, maps[picked], limit, values.rows_of_maps(len(picked))))
    image = labelled(picture(image_set.images[index], name), TICK, " ", name)
    sentences = ["The first maps still look like the image. The last ones are small and coarse."]
    if len(chosen) == 1:
        sentences = ["Each map shows where its kernel finds its pattern."]
    sentences.append("From the last maps the network must decide.")
    caption = "Blue is above 0, orange below, white is 0."
    if not is_all:
        caption += f" Of more than {_MOST_MAPS} maps, those that vary most are shown."
    return Chapter(
        f"{with_article(name).capitalize() if len(name) > 2 else 'A ' + name} on its way through",
        [" ".join(sentences)],
        drawings=[Drawing(tag("div", image, tag("div", *rows), class_="beside"), caption)],
    )


def map_stages(graph: Graph) -> list[Step]:
    """Return the last steps of at most three stages with maps: first, one between, and last."""
    steps = [
        stage.last
        for stage in graph.stages.values()
        if len(stage.last.shape) == 3 and min(stage.last.shape[1:]) > 1 and stage.name != "input"
    ]
    if len(steps) <= _MOST_STAGES:
        return steps
    return [steps[0], steps[len(steps) // 2], steps[-1]]


def prediction_chapter(predictions: Predictions, before: Graph | None) -> Chapter:
    """Return the chapter on what the network says of one image, before training and after."""
    chosen, why = unsure_image(predictions)
    image_set = predictions.image_set
    true = int(image_set.labels[chosen])
    after = predictions.probabilities[chosen]
    name = image_set.classes[true]
    old = None
    sentences = []
    if before is not None:
        old = probabilities(logits_of(before, as_numbers(image_set.images[chosen : chosen + 1])))[0]
        sentences.append(
            f"Before training (hollow) every class gets about one chance in {len(after)}."
            if float(old.max()) < 2 / len(after)
            else f"Before training (hollow) it prefers {image_set.classes[int(old.argmax())]}: "
            "that is chance."
        )
    share = float(after[true])
    sure = (
        "the network is sure"
        if share > 0.9
        else "the network is torn"
        if share > 0.3
        else "the network is mistaken"
    )
    start = "After it (filled)" if before is not None else "Each bar is a probability:"
    sentences.append(f"{start} {sure}: {percent(share, 0)} for the correct class, {name}.")
    figure = tag(
        "div",
        prediction(predictions, chosen),
        before_and_after(image_set.classes, old, after, true),
        class_="beside",
    )
    title = "The prediction, before and after" if before is not None else "One prediction"
    return Chapter(title, [" ".join(sentences)], drawings=[Drawing(figure, why)])


def unsure_image(predictions: Predictions) -> tuple[int, str]:
    """Return a correct image of which the network is unsure, and in a sentence why this one."""
    correct = predictions.predicted == predictions.image_set.labels
    low, high = _UNSURE
    unsure = correct & (predictions.confidence >= low) & (predictions.confidence <= high)
    found = np.flatnonzero(unsure)
    if len(found):
        words = f"The first image that is correct with only {100 * low:.0f} to {percent(high, 0)}."
        if float(np.median(predictions.confidence)) > high:
            words += " Of most images the network is surer."
        return int(found[0]), words
    return 0, "The first image of its split."


def probabilities(logits: Numbers) -> NDArray[np.float32]:
    """Return the softmax of logits (N, classes)."""
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    found: NDArray[np.float32] = powers / powers.sum(axis=1, keepdims=True)
    return found


def mistakes_drawing(predictions: Predictions, graph: Graph | None) -> tuple[Markup, int]:
    """Return the mistakes that the network was most certain of, and how many.

    With a graph, each has its occlusion map beside it: what speaks for the prediction.
    """
    worst = most_confident_mistakes(predictions, _MISTAKES if graph else 2 * _MISTAKES)
    if graph is None:
        shown = [prediction(predictions, int(each), with_share=True) for each in worst]
        return row_of(shown, _MISTAKES), len(worst)
    pairs = [_explained(predictions, int(each), graph) for each in worst]
    return row_of(pairs, 3, phone=2), len(worst)


def _explained(predictions: Predictions, index: int, graph: Graph) -> Markup:
    image = as_numbers(predictions.image_set.images[index : index + 1])[0]
    large = sum(each.size for each in graph.tensors) > _SLOW
    size, stride = (8, 4) if large else (5, 3)
    falls = np.array(occlusion(graph, image, size=size, stride=stride).falls, np.float32)
    name = predictions.image_set.classes[int(predictions.predicted[index])]
    own = values_picture(falls, float(np.abs(falls).max()), f"what speaks for {name}")
    return prediction(predictions, index, with_share=True, beside=own)


def _with_edges(kernels: NDArray[np.float32], limit: float) -> int:
    """Return how many kernels have both blue and orange that are plainly seen."""
    flat = kernels.reshape(len(kernels), -1)
    low, high = flat.min(axis=1), flat.max(axis=1)
    return int(((low < -_CONTRAST * limit) & (high > _CONTRAST * limit)).sum())


def why_sentence(count: int) -> str:
    """Return how to read the occlusion maps."""
    each = "Beside it" if count == 1 else "Beside each"
    return (
        f"{each}: a grey square covers one part of the image after the other. Where it is blue, "
        "covering makes the network less sure of its wrong prediction: that part speaks for it. "
        "Orange speaks against it."
    )


def image_chapter(image_set: ImageSet, index: int = 0) -> Chapter:
    """Return the chapter on what an image is made of: numbers."""
    name = image_set.classes[image_set.labels[index]]
    return Chapter(
        "An image is numbers",
        [
            f"This is {with_article(name)}: 28 \u00d7 28 pixels. Each is a number from 0 (black) "
            "to 255 (white). The network sees only these numbers."
        ],
        drawings=[
            Drawing(
                values.pixels(image_set.images[index]),
                "The framed square of the image, larger, each pixel with its number.",
            )
        ],
    )
