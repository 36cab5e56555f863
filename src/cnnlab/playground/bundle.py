"""The page's script and style sheet, from the files in static; nothing here loads PyTorch."""

import base64
import hashlib
import re
from functools import cache
from pathlib import Path

STATIC = Path(__file__).parent / "static"
SCRIPTS = (
    *("forward.js", "explain.js", "digit.js"),  # numbers
    *("dom.js", "paint.js", "words.js", "state.js", "stored.js"),  # tools
    *("strip.js", "drawer.js", "kernels.js", "why.js", "draw.js", "mistakes.js", "training.js"),
    "main.js",
)
"""The files of the page's script, each after those that it imports."""
FROM_FILE, FROM_SERVER = "file.js", "live.js"
"""The last file: it opens the page with the data inside it, or with what the server has."""
IMPORT = re.compile(r'^import (\{[^}]*\}) from "\./(\w+)\.js";$', re.M)
EXPORT = re.compile(r"^export (?=(?:function\*?|const) (\w+))", re.M)


@cache
def script(last: str) -> str:
    """Return the whole script: a classic one, because a module cannot be opened from a file."""
    parts = [module(Path(name).stem) for name in (*SCRIPTS, last)]
    return '"use strict";\n(() => {\n' + "\n".join(parts) + "\n})();\n"


def module(name: str) -> str:
    """Return a module as a value: an object of what it exports, so that all else is its own."""
    text = (STATIC / f"{name}.js").read_text(encoding="utf-8")
    exported = ", ".join(EXPORT.findall(text))
    body = EXPORT.sub("", IMPORT.sub(r"const \1 = \2_js;", text))
    return f"const {name}_js = (() => {{\n{body}return {{ {exported} }};\n}})();"


def policy_hash(text: str) -> str:
    """Return what a Content-Security-Policy calls a script or a style sheet."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


@cache
def style() -> str:
    """Return the whole style sheet."""
    return (STATIC / "page.css").read_text(encoding="utf-8")
