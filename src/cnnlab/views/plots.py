"""Arrays to figures, all in one style: legible in print, on a phone and to the colour-blind."""

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
"""Values an epoch, by "train" and "validation"."""

# Okabe and Ito's colours: told apart with any colour vision, and in grey by the line's style.
BLUE, ORANGE, INK, MUTED = "#0072B2", "#D55E00", "#1b1f24", "#6b7280"
VARIANT_COLOURS = (BLUE, ORANGE, "#009E73", "#CC79A7", "#B79F00", "#56B4E9")


def colour(place: int) -> str:
    """Return the colour of a variant by its place; beyond six they begin anew."""
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


def labelled_images(
    images: NDArray[np.uint8],
    captions: Sequence[str],
    colours: Sequence[str] = (),
    columns: int = 4,
) -> Figure:
    """Return images (N, height, width) side by side, each under its caption."""
    with mpl.rc_context(STYLE):
        columns = min(columns, len(images))
        rows = -(-len(images) // columns)
        lines = 1 + max(caption.count("\n") for caption in captions)
        figure = _figure(1.2 * columns, (1.2 + 0.16 * lines) * rows)
        axes = figure.subplots(rows, columns, squeeze=False).ravel()
        for index, axis in enumerate(axes):
            axis.axis("off")
            if index < len(images):
                axis.imshow(images[index], cmap="gray", vmin=0, vmax=255, interpolation="nearest")
                colour = colours[index] if colours else INK
                axis.set_title(
                    captions[index], fontsize=8.5, color=colour, loc="center", fontweight="normal"
                )
        return figure


def image_grid(images: NDArray[np.uint8], columns: int = 10) -> Figure:
    """Return images (N, height, width) as one grid, ``columns`` in a row."""
    count, height, width = images.shape
    rows, gap = -(-count // columns), 2
    sheet = np.full((rows * (height + gap) - gap, columns * (width + gap) - gap), 255, np.uint8)
    for index, image in enumerate(images):
        row, column = divmod(index, columns)
        top, left = row * (height + gap), column * (width + gap)
        sheet[top : top + height, left : left + width] = image
    with mpl.rc_context(STYLE):
        figure = _figure(4.6, 4.6 * sheet.shape[0] / sheet.shape[1])
        axis = figure.subplots()
        axis.axis("off")
        axis.imshow(sheet, cmap="gray", vmin=0, vmax=255, interpolation="nearest")
        return figure


def class_probabilities(
    image: NDArray[np.uint8], probabilities: NDArray[np.float32], classes: Sequence[str]
) -> Figure:
    """Return an image beside a bar for each class's probability; the line marks pure guessing."""
    with mpl.rc_context(STYLE):
        figure = _figure(4.6, 2.9)
        left, right = figure.subplots(1, 2, width_ratios=(1, 1.7))
        left.axis("off")
        left.imshow(image, cmap="gray", vmin=0, vmax=255, interpolation="nearest")
        positions = np.arange(len(classes))
        beyond = 1.04 * float(probabilities.max())
        right.barh(positions, probabilities, color=BLUE, height=0.7)
        right.axvline(1 / len(classes), color=INK, linestyle=":", linewidth=1.2)
        for position, probability in zip(positions, probabilities, strict=True):
            right.text(beyond, position, percent(probability, 1), va="center", fontsize=8.5)
        right.set_yticks(positions, list(classes), fontsize=9)
        right.invert_yaxis()
        right.set_xlim(0, 1.3 * float(probabilities.max()))
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
    """Return a quantity by epoch: training dashed, validation solid, a colour a variant.

    ``published`` gives values from elsewhere by variant and epoch, drawn as crosses.
    """
    with mpl.rc_context(STYLE):
        figure = _figure(4.6, 3.7)
        axis = figure.subplots()
        epochs = max(len(each["train"]) for each in variants.values())
        for colour, (name, values) in zip(colours, variants.items(), strict=False):
            prefix = f"{name}: " if len(variants) > 1 else ""
            for part in ("train", "validation"):
                x = range(1, len(values[part]) + 1)
                style = style_of(part, epochs)
                axis.plot(x, values[part], color=colour, label=f"{prefix}{part}", **style)
            points = {e: v for e, v in (published or {}).get(name, {}).items() if e <= epochs}
            if points:
                axis.plot(
                    list(points),
                    list(points.values()),
                    "x",
                    color=colour,
                    markersize=6,
                    label=f"{prefix}validation, workshop's notebook",
                )
        label_curves(figure, axis, quantity, epochs)
        return figure


def style_of(part: str, epochs: int) -> dict[str, Any]:
    """Return how the "train" or "validation" values of so many epochs are drawn."""
    is_train = part == "train"
    if epochs == 1:  # a point has no dashes
        return {"linestyle": "", "marker": "o", "fillstyle": "none" if is_train else "full"}
    return {"linestyle": "--" if is_train else "-"}


def key_of_parts(epochs: int) -> str:
    """Return in words what `style_of` draws."""
    return (
        "training as a ring, validation as a dot"
        if epochs == 1
        else "training dashed, validation solid"
    )


def label_curves(figure: Figure, axis: Axes, quantity: str, epochs: int) -> None:
    """Name the axes of curves of "loss" or "accuracy" by epoch, and put their key below."""
    axis.set_xlabel("epoch")
    axis.xaxis.set_major_locator(MaxNLocator(integer=True))
    if epochs == 1:  # else the axis would count in hundredths of an epoch
        axis.set_xlim(0, 2)
        axis.set_xticks([1])
    if quantity == "accuracy":
        axis.yaxis.set_major_formatter(PercentFormatter(1, symbol=" %"))
        axis.set_title("Accuracy by epoch")
    else:
        axis.set_title("Loss by epoch (mean cross-entropy, nats)")
    figure.legend(loc="outside lower left", ncols=1, fontsize=8.5, handlelength=2.6)


def answered_images(predictions: Predictions, indices: Sequence[int], columns: int = 4) -> Figure:
    """Return images with the true class, the answer and its probability; wrong ones in orange."""
    classes = predictions.image_set.classes
    captions, colours = [], []
    for index in indices:
        true = int(predictions.image_set.labels[index])
        answer, sure = int(predictions.predicted[index]), float(predictions.confidence[index])
        right = answer == true
        verdict = "right" if right else "wrong"
        captions.append(f"{classes[true]}\n{verdict}: {classes[answer]}\n{percent(sure, 0)} sure")
        colours.append(BLUE if right else ORANGE)
    images = predictions.image_set.images[np.asarray(indices, np.int64)]
    return labelled_images(images, captions, colours, columns)


def label_captions(image_set: ImageSet, indices: Sequence[int], part: str) -> list[str]:
    """Return captions that say where an image stands and what it shows."""
    return [
        f"{part} {index}\n{int(image_set.labels[index])}: "
        f"{image_set.classes[int(image_set.labels[index])]}"
        for index in indices
    ]


def confusion_matrix(matrix: NDArray[np.int64], classes: Sequence[str]) -> Figure:
    """Return the confusion matrix in images; darker is more of the class's images."""
    with mpl.rc_context(STYLE):
        figure = _figure(4.9, 4.9)
        axis = figure.subplots()
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
                    fontsize=7.5,
                    color="white" if shares[row, column] > 0.5 else INK,
                )
        axis.set_xticks(range(len(classes)), list(classes), rotation=50, ha="right", fontsize=9)
        axis.set_yticks(range(len(classes)), list(classes), fontsize=9)
        axis.set_xlabel("the network's answer")
        axis.set_ylabel("true class")
        axis.grid(visible=False)
        return figure
