"""The page's scripts in a real browser, and numbers to it and from it."""

import base64
import shutil

import numpy as np

from cnnlab.playground.bundle import EXPORT, STATIC, module

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome") or shutil.which("chrome")
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
    """Return the named modules of the page as one classic script, with all that they export."""
    return _HELPERS + "\n".join(f"{module(name)}\n{_exported(name)}" for name in names)


def _exported(name: str) -> str:
    text = (STATIC / f"{name}.js").read_text(encoding="utf-8")
    return f"const {{ {', '.join(EXPORT.findall(text))} }} = {name}_js;"


def as_text(array: "np.ndarray | bytes") -> str:
    """Return the bytes of an array as the page's ``bytesOf`` and ``floatsOf`` read them."""
    content = array if isinstance(array, bytes) else np.ascontiguousarray(array).tobytes()
    return base64.b64encode(content).decode()


def as_array(text: str, kind: type[np.generic] = np.float32) -> np.ndarray:
    """Return the numbers of a typed array that the page's ``textOf`` made text of."""
    return np.frombuffer(base64.b64decode(text), kind)
