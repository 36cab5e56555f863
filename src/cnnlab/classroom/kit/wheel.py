"""cnnlab's own wheel, made from the files that are installed here.

So the laptops get exactly what the leader has tried, whether it came from a package index or from
a folder of sources, and making it needs no internet and no build tools.
"""

import base64
import hashlib
import io
import zipfile
from importlib.metadata import Distribution, distribution
from pathlib import Path

import cnnlab
from cnnlab.classroom.versions import constraints

_SKIPPED = {"__pycache__"}
_DATE = (2020, 1, 1, 0, 0, 0)  # the same files make the same wheel, byte for byte
_WHEEL = "Wheel-Version: 1.0\nGenerator: cnnlab\nRoot-Is-Purelib: true\nTag: py3-none-any\n"


def wheel_name() -> str:
    """Return the name of cnnlab's wheel."""
    return f"cnnlab-{distribution('cnnlab').version}-py3-none-any.whl"


def own_wheel() -> bytes:
    """Return cnnlab's wheel: the same bytes as long as the same files are installed."""
    about = distribution("cnnlab")
    root = Path(cnnlab.__file__).parent
    files = {
        f"cnnlab/{path.relative_to(root).as_posix()}": path.read_bytes()
        for path in root.rglob("*")
        if path.is_file() and not _SKIPPED & {*path.parts} and path.suffix != ".pyc"
    }
    files["cnnlab/classroom/constraints.txt"] = constraints().encode()
    folder = f"cnnlab-{about.version}.dist-info"
    files |= {f"{folder}/{name}": content for name, content in _about_files(about).items()}
    record = [f"{name},{_digest(content)},{len(content)}" for name, content in files.items()]
    files[f"{folder}/RECORD"] = "\n".join([*record, f"{folder}/RECORD,,", ""]).encode()
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(files, key=lambda name: (name.startswith(folder), name)):
            entry = zipfile.ZipInfo(name, _DATE)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, files[name])
    return made.getvalue()


def _about_files(about: Distribution) -> dict[str, bytes]:
    """Return the files that tell an installer about cnnlab, by name."""
    texts = {name: about.read_text(name) or "" for name in ("METADATA", "entry_points.txt")}
    found = {name: text.encode() for name, text in texts.items()}
    found["WHEEL"] = _WHEEL.encode()
    for path in about.files or ():
        if "licenses" in path.parts:
            inside = "/".join(path.parts[path.parts.index("licenses") :])
            found[inside] = path.read_binary()
    return found


def _digest(content: bytes) -> str:
    digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest())
    return f"sha256={digest.rstrip(b'=').decode()}"
