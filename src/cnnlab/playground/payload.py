"""What the page carries of a run: the network, pictures, the answers that prove it, the curves."""

import base64
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from cnnlab.custom.network import explained, split_name
from cnnlab.data.splits import Splits
from cnnlab.insight.graph import Graph
from cnnlab.insight.interpret import run as interpret
from cnnlab.insight.mistakes import confusion
from cnnlab.insight.predictions import Predictions, softmax
from cnnlab.insight.trace import PROOF_IMAGES, graph_of
from cnnlab.runs.evaluation import is_current, load_model, predictions_on, read_test_result
from cnnlab.runs.explain import as_numbers
from cnnlab.runs.run import Run
from cnnlab.runs.weights import read_weights
from cnnlab.wording import percent

VERSION = 2
CHECKED = 32
"""Pictures whose answers the page computes again, to prove itself."""
RIGHT, UNSURE, MISTAKES = 3, 2, 55
"""Pictures of each class that are right, those that it is least sure of, and mistakes in all."""
_CPU = torch.device("cpu")


@dataclass(frozen=True)
class Payload:
    """The content of a page as JSON values, and what the page's first picture looks like inside.

    ``answer`` says in words what the network sees in it, ``maps`` are the numbers of each step.
    ``changed`` is how many validation answers differ with half-precision weights, or None if the
    weights are whole.
    """

    content: dict[str, Any]
    graph: Graph
    maps: dict[str, NDArray[np.float32]]
    answer: str
    changed: int | None = None


def build_payload(
    run: Run, splits: Splits, *, half: bool = False, own: Sequence[NDArray[np.uint8]] = ()
) -> Payload:
    """Return what the page shows of a run; with ``half``, its weights in half precision.

    ``own`` are a person's own pictures, grey levels of 28 x 28: they come first.
    Raises `ModelError` if the network cannot be followed step by step, `RunError` if the splits
    are of another data set or nothing is trained yet.
    """
    run.check_data_set(splits)
    history = run.trained_history("see inside")
    weights, changed = read_weights(run), None
    predictions = predictions_on(run, splits.validation, _CPU, weights)
    if half:
        whole = predictions
        rounded = {
            name: each.half().to(each.dtype) if each.is_floating_point() else each
            for name, each in weights.tensors.items()
        }
        weights = replace(weights, tensors=rounded)
        predictions = predictions_on(run, splits.validation, _CPU, weights)
        changed = int((whole.predicted != predictions.predicted).sum())
    model = load_model(run, _CPU, weights).eval()
    with explained(run.network.source, "Showing the network"):
        graph = graph_of(model, as_numbers(splits.validation.images[:PROOF_IMAGES]))
    chosen = choose_pictures(predictions)
    shown = splits.validation.take(chosen)
    levels = np.concatenate([*(each[None] for each in own), shown.images])
    with torch.inference_mode():
        logits = model(torch.from_numpy(as_numbers(levels[:CHECKED])))
    shares = softmax(logits)[0]
    answer = f"{shown.classes[shares.argmax()]}, {percent(float(shares.max()), 1)}"
    tensors, block = stored(graph, half=half)
    content = {
        "cnnlab_page": VERSION,
        "run": _about(run, splits, len(history)),
        "classes": list(shown.classes),
        "graph": graph.to_json() | tensors,
        "weights": as_text(block),
        "half": half,
        "changed": changed,
        "pictures": {
            "levels": as_text(shorten(levels.tobytes())),
            "labels": [None] * len(own) + shown.labels.tolist(),
        },
        "check": {
            "logits": [[round(each, 6) for each in row] for row in logits.tolist()],
            "torch": torch.__version__.partition("+")[0],
        },
        "matrix": confusion(predictions).tolist(),
        "history": [
            {
                "train_loss": each.train_loss,
                "train_accuracy": each.train_accuracy,
                "validation_loss": each.validation_loss,
                "validation_accuracy": each.validation_accuracy,
            }
            for each in history
        ],
    }
    maps = interpret(graph, as_numbers(levels[:1]))
    return Payload(content, graph, maps, answer, changed)


def _about(run: Run, splits: Splits, epochs: int) -> dict[str, Any]:
    """Return what a reader must know of the run; no path and no name of a person or computer."""
    own = run.network.source
    file, class_name = split_name(run.model_name)
    tested, data_set = read_test_result(run), splits.data_set
    return {
        "network": f"{Path(file).name}:{class_name}" if own else run.network.title,
        "data_set": data_set.title,
        "is_digits": data_set.preparation == "digit",
        "licence": data_set.licence,
        "source": data_set.source,
        "recipe": run.recipe_name,
        "seed": run.config.seed,
        "epochs": epochs,
        "status": run.status,
        "parameters": run.parameters,
        "train": len(splits.train),
        "validation": len(splits.validation),
        "test": len(splits.test),
        "test_accuracy": tested.test_accuracy if tested and is_current(run, tested) else None,
        "test_openings": tested.test_openings if tested else 0,
        "cnnlab": run.description["cnnlab"],
        "torch": run.description["versions"]["torch"],
    }


def choose_pictures(predictions: Predictions) -> NDArray[np.int64]:
    """Return which validation images the page carries: all kinds of answers, by a fixed rule.

    Of each class: the first that are right, and those right ones that it is least sure of. Then
    mistakes: the surest of each pair of classes, more of the frequent pairs.
    The first is right, and surer than 9 of 10: it opens the page.
    """
    labels, sure = predictions.image_set.labels, predictions.confidence
    is_right = predictions.predicted == labels
    found: dict[int, None] = {}
    for label in range(len(predictions.image_set.classes)):
        right = np.flatnonzero(is_right & (labels == label))
        unsure = right[np.argsort(sure[right], kind="stable")]
        found |= dict.fromkeys([*right[:RIGHT].tolist(), *unsure[:UNSURE].tolist()])
    found |= dict.fromkeys(_mistakes(predictions))
    rest = [each for each in range(len(labels)) if each not in found]
    found |= dict.fromkeys(rest[: max(0, CHECKED - len(found))])  # with few classes or mistakes
    opening = next((each for each in found if is_right[each] and sure[each] > 0.9), None)
    order = dict.fromkeys([*([] if opening is None else [opening]), *found])
    return np.array(list(order), np.int64)


def _mistakes(predictions: Predictions) -> list[int]:
    labels, predicted = predictions.image_set.labels, predictions.predicted
    matrix = confusion(predictions)
    pairs = [(int(true), int(answer)) for true, answer in np.argwhere(matrix) if true != answer]
    pairs.sort(key=lambda pair: -matrix[pair])
    waiting: dict[tuple[int, int], list[int]] = {}
    chosen: list[int] = []
    for true, answer in pairs:
        wrong = np.flatnonzero((labels == true) & (predicted == answer))
        surest = wrong[np.argsort(-predictions.confidence[wrong], kind="stable")]
        waiting[true, answer] = surest.tolist()
    given = dict.fromkeys(pairs, 0)
    while len(chosen) < MISTAKES and any(waiting.values()):
        # As seats of a parliament (D'Hondt): each pair gets as large a share as it has of mistakes.
        pair = max(filter(waiting.get, pairs), key=lambda each: matrix[each] / (given[each] + 1))
        chosen.append(waiting[pair].pop(0))
        given[pair] += 1
    return chosen


def shorten(levels: bytes) -> bytes:
    """Return bytes with each run of zeros as 0 and its length, at most 255."""
    return b"".join(_runs(levels))


def _runs(levels: bytes) -> Iterator[bytes]:
    at = 0
    while at < len(levels):
        if levels[at]:
            yield levels[at : at + 1]
            at += 1
            continue
        end = at
        while end < len(levels) and not levels[end] and end - at < 255:
            end += 1
        yield bytes([0, end - at])
        at = end


def stored(graph: Graph, *, half: bool) -> tuple[dict[str, Any], bytes]:
    """Return the tensors as the page stores them: what its graph says of them, and their bytes.

    With ``half``, floats are in half precision: type "f16".
    """
    if not half:
        content = graph.to_json()
        return {"tensors": content["tensors"], "bytes": content["bytes"]}, graph.to_bytes()
    places: list[dict[str, Any]] = []
    block = b""
    for tensor in graph.tensors:
        is_float = tensor.dtype == np.float32
        kind, type_ = ("f16", "<f2") if is_float else ("i32", "<i4")
        places.append({"shape": list(tensor.shape), "type": kind, "at": len(block)})
        block += tensor.astype(type_).tobytes()
    return {"tensors": places, "bytes": len(block)}, block


def as_text(content: bytes) -> str:
    """Return bytes as text of base 85: five characters for four bytes, where base 64 needs 5.33.

    The alphabet is that of ``base64.b85encode``, with a comma for "<", which HTML would end at.
    """
    return base64.b85encode(content).decode().replace("<", ",")


def as_bytes(text: str) -> bytes:
    """Return the bytes that `as_text` wrote."""
    return base64.b85decode(text.replace(",", "<"))
