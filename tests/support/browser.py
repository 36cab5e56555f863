"""The page's scripts in a real browser, and numbers to it and from it."""

import base64
import re
import shutil
from pathlib import Path

import numpy as np

import cnnlab

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome") or shutil.which("chrome")
STATIC = Path(cnnlab.__file__).parent / "playground" / "static"
IMPORT = re.compile(r'^import \{([^}]*)\} from "\./([\w.]+)";\n', re.MULTILINE)
EXPORT = re.compile(r"^export (?=(?:function\*?|const) (\w+))", re.MULTILINE)
_HELPERS = """
function bytesOf(text) { return Uint8Array.from(atob(text), (c) => c.charCodeAt(0)); }
function floatsOf(text) { return new Float32Array(bytesOf(text).buffer); }
function textOf(array) {
  const bytes = new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text);
}
"""


def script(*names: str) -> str:
    """Return the named files of the page as one classic script.

    As in a page, each is in a function of its own, and only what it exports is seen outside.
    """
    return _HELPERS + "\n".join(_wrapped(name) for name in names)


def _wrapped(name: str) -> str:
    text = (STATIC / f"{name}.js").read_text(encoding="utf-8")
    exported = ", ".join(EXPORT.findall(text))
    body = EXPORT.sub("", IMPORT.sub("", text))
    return f"const {{ {exported} }} = (() => {{\n{body}\nreturn {{ {exported} }};\n}})();"


def as_text(array: "np.ndarray | bytes") -> str:
    """Return the bytes of an array as the page's ``bytesOf`` and ``floatsOf`` read them."""
    content = array if isinstance(array, bytes) else np.ascontiguousarray(array).tobytes()
    return base64.b64encode(content).decode()


def as_array(text: str, kind: type[np.generic] = np.float32) -> np.ndarray:
    """Return the numbers of a typed array that the page's ``textOf`` made text of."""
    return np.frombuffer(base64.b64decode(text), kind)
