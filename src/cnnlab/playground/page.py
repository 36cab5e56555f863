"""The page of a run as one HTML file: it needs no other file, no server and no network."""

import html
import json
import re
from pathlib import Path

import numpy as np
from markupsafe import Markup

from cnnlab.playground.bundle import FROM_FILE, STATIC, policy_hash, script, style
from cnnlab.playground.payload import Payload
from cnnlab.views.figures.markup import join, tag
from cnnlab.views.figures.pictures import picture, values_picture
from cnnlab.views.figures.values import largest, varied_maps
from cnnlab.views.page import write_file

_STILL_STAGES, _STILL_MAPS = 4, 8
"""What the page shows without its script: so many stages, the picture among them, and maps."""


def render(payload: Payload) -> bytes:
    """Return the page: the same bytes for the same payload."""
    about = payload.content["run"]
    data = json.dumps(payload.content, ensure_ascii=True, separators=(",", ":"))
    slots = {
        "title": html.escape(f"{about['network']} on {about['data_set']}, inside"),
        "script_hash": policy_hash(script(FROM_FILE)),
        "style_hash": policy_hash(style()),
        "style": style(),
        "still": _still(payload),
        "answer": html.escape(payload.answer),
        "data": data.replace("<", "\\u003c"),  # so that no text in it can end its element
        "script": script(FROM_FILE),
    }
    page = (STATIC / "page.html").read_text(encoding="utf-8")
    return re.sub(r"\{\{(\w+)\}\}", lambda found: slots[found[1]], page).encode()


def write_page(path: Path, payload: Payload) -> None:
    """Write the page, whole or not at all; raise `RunError` if it cannot be written."""
    write_file(path, render(payload))


def _still(payload: Payload) -> Markup:
    """Return the first picture and the maps that it makes, as images that need no script.

    Programs that show the file without running its script, as phones do in a preview, show them.
    """
    graph = payload.graph
    levels = np.round((payload.maps[graph.input.name][0, 0] + 1) * 127.5).astype(np.uint8)
    rows = [tag("p", picture(levels, "the picture"))]
    stages = [stage for stage in graph.stages.values() if len(stage.last.shape) == 3]
    for stage in stages[1:_STILL_STAGES]:
        maps = payload.maps[stage.last.name][0]
        shown = [
            values_picture(maps[each], largest([maps]), f"{stage.name}, map {each + 1}")
            for each in varied_maps(maps, _STILL_MAPS)
        ]
        rows.append(tag("p", *shown))
    return join(*rows)
