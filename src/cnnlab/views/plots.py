"""Figures from arrays, all in one style: readable in print, on a phone, with any colour vision."""

import io
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter
from numpy.typing import NDArray

from cnnlab.data.images import ImageSet
from cnnlab.insight.predictions import Predictions
from cnnlab.wording import percent

Curves = Mapping[str, Sequence[float]]
"""One value for each epoch, by "train" and "validation"."""

WIDTH = 3.9
"""Width of a figure in inches: on a phone its 9-point labels are then 10 pixels high."""

# Okabe and Ito's colours: they differ for any colour vision. In grey the lines' styles differ.
BLUE, ORANGE, INK, MUTED = "#0072B2", "#D55E00", "#1b1f24", "#6b7280"
WRONG = "#b0224f"
SPLIT_WORDS = {"train": "training", "validation": "validation"}
VARIANT_COLOURS = (BLUE, ORANGE, "#009E73", "#CC79A7", "#B79F00", "#56B4E9")


def colour(place: int) -> str:
    """Return the colour of the variant at that place; the seventh has the first colour again."""
    return VARIANT_COLOURS[place % len(VARIANT_COLOURS)]


STYLE: dict[Any, Any] = {
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 10,
    "axes.titlesize": 11,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": MUTED,
    "axes.labelcolor": INK,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#e5e7eb",
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "legend.frameon": False,
    "legend.fontsize": 9,
    "lines.linewidth": 1.8,
    "figure.facecolor": "white",
    "svg.fonttype": "path",
    "svg.hashsalt": "cnnlab",
}


def to_svg(figure: Figure) -> bytes:
    """Return a figure as an SVG file; the same figure gives the same bytes."""
    return _save(figure, "svg")


def to_png(figure: Figure, dots_per_inch: int = 150) -> bytes:
    """Return a figure as a PNG file."""
    return _save(figure, "png", dots_per_inch)


def _save(figure: Figure, kind: str, dots_per_inch: int = 150) -> bytes:
    file = io.BytesIO()
    metadata = {"Date": None} if kind == "svg" else None
    with mpl.rc_context(STYLE):
        figure.savefig(file, format=kind, dpi=dots_per_inch, metadata=metadata)
    return file.getvalue()


def _figure(width: float, height: float) -> Figure:
    return Figure(figsize=(width, height), layout="constrained")


def images_figure(
    images: NDArray[np.uint8],
    captions: Sequence[str],
    colours: Sequence[str] = (),
    columns: int = 4,
    width: float = WIDTH,
) -> Figure:
    """Return images (N, height, width), ``columns`` in a row, each below its caption."""
    columns = min(columns, len(images))
    rows = -(-len(images) // columns)
    cell, gap = width / columns, 0.08
    above = gap + 0.16 * (1 + max(caption.count("\n") for caption in captions))
    height, side = rows * (cell - gap + above), cell - gap
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(width, height))
        for index, (image, caption) in enumerate(zip(images, captions, strict=True)):
            row, column = divmod(index, columns)
            left, bottom = column * cell + gap / 2, height - (row + 1) * (above + side)
            axis = figure.add_axes((left / width, bottom / height, side / width, side / height))
            axis.axis("off")
            axis.imshow(image, cmap="gray", vmin=0, vmax=255, interpolation="nearest")
            colour = colours[index] if colours else INK
            axis.set_title(
                caption, fontsize=9, color=colour, loc="center", fontweight="normal", pad=4
            )
        return figure


def image_grid(images: NDArray[np.uint8], columns: int = 10) -> Figure:
    """Return images (N, height, width) as one grid without captions, ``columns`` in a row."""
    count, height, width = images.shape
    rows, gap = -(-count // columns), 2
    sheet = np.full((rows * (height + gap) - gap, columns * (width + gap) - gap), 255, np.uint8)
    for index, image in enumerate(images):
        row, column = divmod(index, columns)
        top, left = row * (height + gap), column * (width + gap)
        sheet[top : top + height, left : left + width] = image
    with mpl.rc_context(STYLE):
        figure = _figure(WIDTH, WIDTH * sheet.shape[0] / sheet.shape[1])
        axis = figure.subplots()
        axis.axis("off")
        axis.imshow(sheet, cmap="gray", vmin=0, vmax=255, interpolation="nearest")
        return figure


def class_probabilities(
    image: NDArray[np.uint8], probabilities: NDArray[np.float32], classes: Sequence[str]
) -> Figure:
    """Return an image beside a bar for each class's probability; a line marks pure guessing."""
    with mpl.rc_context(STYLE):
        figure = _figure(WIDTH, 2.7)
        left, right = figure.subplots(1, 2, width_ratios=(1, 1.8))
        left.axis("off")
        left.imshow(image, cmap="gray", vmin=0, vmax=255, interpolation="nearest")
        positions = np.arange(len(classes))
        beyond = 1.04 * float(probabilities.max())
        right.barh(positions, probabilities, color=BLUE, height=0.7)
        right.axvline(1 / len(classes), color=INK, linestyle=":", linewidth=1.2)
        for position, probability in zip(positions, probabilities, strict=True):
            right.text(beyond, position, percent(probability, 1), va="center", fontsize=9)
        right.set_yticks(positions, list(classes), fontsize=9)
        right.invert_yaxis()
        right.set_xlim(0, 1.4 * float(probabilities.max()))
        right.xaxis.set_major_locator(MaxNLocator(3))
        right.xaxis.set_major_formatter(PercentFormatter(1, decimals=0, symbol=" %"))
        right.grid(visible=False, axis="y")
        right.set_xlabel("probability")
        return figure


def curves(
    quantity: Literal["loss", "accuracy"],
    variants: Mapping[str, Curves],
    published: Mapping[str, Mapping[int, float]] | None = None,
    colours: Sequence[str] = VARIANT_COLOURS,
) -> Figure:
    """Return a quantity by epoch: training dashed, validation solid, one colour for each variant.

    ``published`` are values from elsewhere, by variant and epoch. They are drawn as crosses.
    """
    with mpl.rc_context(STYLE):
        figure = _figure(WIDTH, 3)
        axis = figure.subplots()
        epochs = max(len(each["train"]) for each in variants.values())
        for colour, (name, values) in zip(colours, variants.items(), strict=False):
            prefix = f"{name}: " if len(variants) > 1 else ""
            for split, word in SPLIT_WORDS.items():
                x = range(1, len(values[split]) + 1)
                style = line_style(split, epochs)
                axis.plot(x, values[split], color=colour, label=f"{prefix}{word}", **style)
            points = {e: v for e, v in (published or {}).get(name, {}).items() if e <= epochs}
            if points:
                axis.plot(
                    list(points),
                    list(points.values()),
                    "x",
                    color=colour,
                    markersize=6,
                    label=f"{prefix}validation (notebook)",
                )
        label_curves(figure, axis, quantity, epochs)
        return figure


def line_style(split: str, epochs: int) -> dict[str, Any]:
    """Return how to draw the "train" or "validation" values of so many epochs."""
    is_train = split == "train"
    if epochs == 1:  # one point cannot be dashed
        return {"linestyle": "", "marker": "o", "fillstyle": "none" if is_train else "full"}
    return {"linestyle": "--" if is_train else "-"}


def line_style_sentence(epochs: int) -> str:
    """Return in words what `line_style` draws."""
    if epochs == 1:
        return "Training is a ring, validation is a dot."
    return "Training is dashed, validation is solid."


def label_curves(figure: Figure, axis: Axes, quantity: str, epochs: int) -> None:
    """Label the curves of "loss" or "accuracy" by epoch: title, axes, and a legend below."""
    axis.set_xlabel("epoch")
    axis.xaxis.set_major_locator(MaxNLocator(integer=True))
    if epochs == 1:  # otherwise the axis would show hundredths of an epoch
        axis.set_xlim(0, 2)
        axis.set_xticks([1])
    if quantity == "accuracy":
        axis.yaxis.set_major_formatter(PercentFormatter(1, symbol=" %"))
        axis.set_title("Accuracy (higher is better)")
    else:
        axis.set_title("Loss (lower is better)")
    legend = figure.legend(loc="outside lower left", ncols=1, handlelength=2.6)
    figure.set_figheight(2.6 + 0.18 * len(legend.get_texts()))


def predictions_figure(
    predictions: Predictions, indices: Sequence[int], columns: int = 3, width: float = WIDTH
) -> Figure:
    """Return images with their class, the prediction, its probability, and whether it is correct.

    A mark shows what is correct, not the colour alone.
    """
    classes = predictions.image_set.classes
    gap = " " if max(map(len, classes)) <= 2 else "\n"
    captions, colours = [], []
    for index in indices:
        true = int(predictions.image_set.labels[index])
        predicted = int(predictions.predicted[index])
        probability = percent(float(predictions.confidence[index]), 0)
        mark, colour = ("\u2713", INK) if predicted == true else ("\u2717", WRONG)
        captions.append(
            f"{mark} is {classes[true]},{gap}says {classes[predicted]}\n({probability})"
        )
        colours.append(colour)
    images = predictions.image_set.images[np.asarray(indices, np.int64)]
    return images_figure(images, captions, colours, columns, width)


def image_caption(image_set: ImageSet, index: int, split: str) -> str:
    """Return the caption of an image: its split, its number there, and its label."""
    label = int(image_set.labels[index])
    name = image_set.classes[label]
    shown = f"label {label}" if name == str(label) else f"{label}: {name}"
    return f"{split} image\nno. {index}\n{shown}"


def confusion_matrix(matrix: NDArray[np.int64], classes: Sequence[str]) -> Figure:
    """Return the confusion matrix, in images; a cell is darker if it has more of its row."""
    with mpl.rc_context(STYLE):
        figure = _figure(WIDTH, WIDTH)
        axis = figure.subplots()
        short = max(map(len, classes)) <= 2
        size = 8.5 if short or matrix.max() < 1000 else 7.5  # long names leave narrow cells
        shares = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
        axis.imshow(shares, cmap="Blues", vmin=0, vmax=1)
        for row, column in np.ndindex(*matrix.shape):
            if matrix[row, column]:
                axis.text(
                    column,
                    row,
                    str(matrix[row, column]),
                    ha="center",
                    va="center",
                    fontsize=size,
                    color="white" if shares[row, column] > 0.5 else INK,
                )
        axis.set_xticks(
            range(len(classes)),
            list(classes),
            fontsize=9,
            rotation=0 if short else 50,
            ha="center" if short else "right",
        )
        axis.set_yticks(range(len(classes)), list(classes), fontsize=9)
        axis.set_xlabel("predicted class")
        axis.set_ylabel("true class")
        axis.grid(visible=False)
        return figure
