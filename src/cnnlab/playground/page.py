"""The page of a run as one HTML file: it needs no other file, no server and no network."""

import base64
import hashlib
import html
import io
import json
import re
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from cnnlab.errors import RunError
from cnnlab.files import write_whole
from cnnlab.playground.bundle import FROM_FILE, STATIC, script, style
from cnnlab.playground.payload import Payload

_LOW, _HIGH = np.array([213, 94, 0]), np.array([0, 114, 178])


def render(payload: Payload) -> bytes:
    """Return the page: the same bytes for the same payload."""
    about = payload.content["run"]
    data = json.dumps(payload.content, ensure_ascii=True, separators=(",", ":"))
    slots = {
        "title": html.escape(f"{about['network']} on {about['data_set']}, inside"),
        "script_hash": _hash(script(FROM_FILE)),
        "style_hash": _hash(style()),
        "style": style(),
        "still": _still(payload),
        "answer": html.escape(_answer(payload)),
        "data": data.replace("<", "\\u003c"),  # so that no text in it can end its element
        "script": script(FROM_FILE),
    }
    page = (STATIC / "page.html").read_text(encoding="utf-8")
    return re.sub(r"\{\{(\w+)\}\}", lambda found: slots[found[1]], page).encode()


def write_page(path: Path, payload: Payload) -> None:
    """Write the page, whole or not at all; raise `RunError` if it cannot be written."""
    try:
        write_whole(path, render(payload))
    except OSError as error:
        raise RunError(f"Cannot write {path} ({error.strerror}).") from None


def _hash(text: str) -> str:
    """Return what a Content-Security-Policy calls a script or a style sheet."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _answer(payload: Payload) -> str:
    """Return in words what the network says about the first picture."""
    logits = payload.maps[payload.graph.answer][0].ravel().astype(np.float64)
    shares = np.exp(logits - logits.max())
    shares /= shares.sum()
    best = int(shares.argmax())
    return f"{payload.content['classes'][best]}, {100 * shares[best]:.1f} %"


def _still(payload: Payload) -> str:
    """Return a PNG, as an address, of the first picture and the maps that it makes.

    Programs that show the file without running its script, as phones do in a preview, show this.
    """
    graph = payload.graph
    shown = [stage.last.name for stage in graph.stages.values() if len(stage.last.shape) == 3]
    panels = [
        _panel(payload.maps[name][0], is_picture=not place) for place, name in enumerate(shown[:4])
    ]
    height = max(len(each) for each in panels)
    gap = np.full((height, 16, 3), 255, np.uint8)
    columns = [part for each in panels for part in (_to_height(each, height), gap)]
    image = Image.fromarray(np.concatenate(columns[:-1], axis=1))
    stream = io.BytesIO()
    image.quantize(64).save(stream, "PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(stream.getvalue()).decode()


def _panel(maps: NDArray[np.float32], *, is_picture: bool) -> NDArray[np.uint8]:
    """Return maps (C, H, W) side by side in a square, as colours (rows, columns, 3)."""
    maps = maps[:16]
    end = float(np.abs(maps).max()) or 1.0
    across = int(np.ceil(np.sqrt(len(maps))))
    size = max(1, 224 // (across * maps.shape[1]))
    rows = []
    for start in range(0, len(maps), across):
        row = [_colours(each, end, is_picture=is_picture) for each in maps[start : start + across]]
        row += [np.full_like(row[0], 255)] * (across - len(row))
        edge = ((0, 1), (0, 1), (0, 0))
        rows.append(
            np.concatenate([np.pad(each, edge, constant_values=255) for each in row], axis=1)
        )
    return np.concatenate(rows).repeat(size, 0).repeat(size, 1)


def _colours(values: NDArray[np.float32], end: float, *, is_picture: bool) -> NDArray[np.uint8]:
    if is_picture:
        grey = np.clip((values + 1) * 127.5, 0, 255).round().astype(np.uint8)
        return np.stack([grey] * 3, axis=-1)
    share = np.minimum(np.abs(values) / end, 1)[..., None]
    full = np.where(values[..., None] < 0, _LOW, _HIGH)
    return np.asarray((255 + (full - 255) * share).round(), np.uint8)


def _to_height(panel: NDArray[np.uint8], height: int) -> NDArray[np.uint8]:
    return np.pad(panel, ((0, height - len(panel)), (0, 0), (0, 0)), constant_values=255)
