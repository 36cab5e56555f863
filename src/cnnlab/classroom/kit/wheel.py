"""cnnlab's own wheel: built from the sources, or made again from the files that are installed.

From a folder of sources, pip builds it, as it would for an installation. Where cnnlab was
installed from a wheel, the same wheel is put together again: so the laptops get exactly what the
leader has tried, and no package index needs to have it.
"""

import base64
import hashlib
import io
import subprocess
import sys
import tempfile
import zipfile
from dataclasses import dataclass
from email.parser import HeaderParser
from importlib.metadata import Distribution, distribution
from pathlib import Path

import cnnlab
from cnnlab.classroom.kit.resolve import KitError, pip_words
from cnnlab.classroom.versions import CHECKOUT, constraints

_SKIPPED = {"__pycache__"}
_DATE = (2020, 1, 1, 0, 0, 0)  # the same files make the same wheel, byte for byte
_WHEEL = "Wheel-Version: 1.0\nGenerator: cnnlab\nRoot-Is-Purelib: true\nTag: py3-none-any\n"


@dataclass(frozen=True)
class OwnWheel:
    """cnnlab's wheel: its name, its bytes, its version, and what it requires."""

    name: str
    content: bytes
    version: str
    requires: tuple[str, ...]


def own_wheel() -> OwnWheel:
    """Return cnnlab's wheel. Raises `KitError` if pip cannot build it from the sources."""
    return _describe(*(_built() if CHECKOUT else _made_again(distribution("cnnlab"))))


def _describe(name: str, content: bytes) -> OwnWheel:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        (path,) = [each for each in archive.namelist() if each.endswith(".dist-info/METADATA")]
        about = HeaderParser().parsestr(archive.read(path).decode())
    return OwnWheel(name, content, about["Version"], tuple(about.get_all("Requires-Dist", ())))


def _built() -> tuple[str, bytes]:
    """Return the name and the bytes of a wheel that pip builds from the sources."""
    with tempfile.TemporaryDirectory(prefix="cnnlab-kit-") as folder:
        command = [
            *(sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-input"),
            *("--disable-pip-version-check", "--wheel-dir", folder, str(CHECKOUT)),
        ]
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
        made = [*Path(folder).glob("*.whl")]
        if done.returncode or len(made) != 1:
            raise KitError(
                f"pip could not build cnnlab from {CHECKOUT}: {pip_words(done.stderr)}\nIt needs "
                "the internet for the build tool, hatchling. Check the connection, and run the "
                "same command again."
            )
        return made[0].name, made[0].read_bytes()


def _made_again(about: Distribution) -> tuple[str, bytes]:
    """Return the name and the bytes of the wheel that this cnnlab was installed from."""
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
    with zipfile.ZipFile(made, "w") as archive:
        for name in sorted(files, key=lambda name: (name.startswith(folder), name)):
            entry = zipfile.ZipInfo(name, _DATE)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, files[name])
    return f"cnnlab-{about.version}-py3-none-any.whl", made.getvalue()


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
