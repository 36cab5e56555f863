"""Fetch the files of a data set into a place: one process at a time, from the first source.

No file gets its final name before the SHA-256 of its IDX bytes has been checked.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path

from filelock import FileLock, Timeout

from cnnlab.data.download import CertificateError
from cnnlab.data.files import DataFiles, find_files, store_files
from cnnlab.data.places import CannotWriteError, write_error
from cnnlab.data.sources import FetchRequest, list_sources
from cnnlab.errors import DataError, DataUnavailableError

_ATTEMPTS = 10
_ADVICE = (
    "Try again with another internet connection, or copy the files from somebody who has "
    "them and name their folder with --data-dir."
)
_CERTIFICATE_ADVICE = (
    "Trying again does not help as long as this computer does not trust the certificate. Causes "
    "and what to do:\n"
    "  - Python from python.org on a Mac: open Applications > Python 3.x and run "
    "'Install Certificates.command'.\n"
    "  - A school's or a company's network shows its own certificate: ask for its file (PEM) and "
    "set the environment variable SSL_CERT_FILE to that file.\n"
    "  - The date of this computer is wrong: set it.\n"
    "Or copy the files from another computer with a USB stick, and name their folder with "
    "--data-dir."
)


def fetch(request: FetchRequest) -> DataFiles:
    """Return the files from the first source that has them all, stored in the place.

    Raises `DataUnavailableError` if no source has them.
    """
    data_set, place = request.data_set, request.place
    with _locked(request):
        stored = find_files(data_set, [place], notify=lambda _: None)
        if stored is not None:  # another process fetched them while this one waited
            return stored
        failures: list[DataError] = []
        for source in list_sources(data_set):
            try:
                contents, origin = source(request)
            except CannotWriteError:
                raise
            except DataError as error:
                failures.append(error)
                continue
            files = DataFiles(data_set, contents, place, f"{origin}, saved in {place}")
            store_files(files)
            request.notify(f"{data_set.title} is now in {place.folder}, from {origin}.")
            return files
    reasons = "".join(f"  - {each}\n" for each in failures)
    is_distrust = any(isinstance(each, CertificateError) for each in failures)
    raise DataUnavailableError(
        f"{data_set.title} could not be downloaded:\n{reasons}"
        f"{_CERTIFICATE_ADVICE if is_distrust else _ADVICE}"
    )


@contextmanager
def _locked(request: FetchRequest) -> Iterator[None]:
    """Hold the place's lock while the block runs; leave no folder behind that got no file."""
    folder, made = request.place.folder, list[Path]()
    try:
        try:
            lock = _acquire(request, made)
        except OSError as error:
            raise write_error(folder, error) from None
        try:
            yield
        finally:
            _release(lock)
    finally:
        for each in made:
            with suppress(OSError):  # a folder with files in it stays
                each.rmdir()


def _acquire(request: FetchRequest, made: list[Path]) -> FileLock:
    """Return the place's lock, held; wait for the process that has it.

    Adds to ``made`` the folders that it makes, each before the one that it lies in.
    """
    folder = request.place.folder
    lock = FileLock(folder / ".lock")
    is_waiting = False
    for attempt in count():
        made[:0] = [each for each in (folder, *folder.parents) if not each.exists()]
        folder.mkdir(parents=True, exist_ok=True)
        try:
            lock.acquire(timeout=-1 if is_waiting else 0.2)
            break
        except Timeout:
            is_waiting = True
            request.notify("Another cnnlab is downloading the same data. Waiting for it ...")
        except FileNotFoundError:  # who had the lock failed, and removed the folder
            if attempt == _ATTEMPTS:
                raise
    return lock


def _release(lock: FileLock) -> None:
    """Release the lock, and remove its file if nothing else lies beside it.

    While the lock is held, so that nobody holds a lock that a third process cannot see; Windows
    removes no open file, so there the next one to fetch finds the file or removes it.
    """
    path = Path(lock.lock_file)
    with suppress(OSError):
        if [*path.parent.iterdir()] == [path]:
            path.unlink()
    lock.release()
    with suppress(OSError):
        if os.name == "nt" and [*path.parent.iterdir()] == [path]:
            path.unlink()
