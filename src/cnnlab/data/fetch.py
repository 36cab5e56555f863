"""Fetch the files of a data set into a place: one process at a time, from the first source.

No file gets its final name before the SHA-256 of its IDX bytes has been checked.
"""

from contextlib import AbstractContextManager

from filelock import FileLock, Timeout

from cnnlab.data.files import DataFiles, find_files, store_files
from cnnlab.data.places import CannotWriteError, write_error
from cnnlab.data.sources import FetchRequest, list_sources
from cnnlab.errors import DataError, DataUnavailableError


def fetch(request: FetchRequest) -> DataFiles:
    """Return the files from the first source that has them all, stored in the place.

    Raises `DataUnavailableError` if no source has them.
    """
    data_set, place = request.data_set, request.place
    with _lock(request):
        stored = find_files(data_set, [place], notify=lambda _: None)
        if stored is not None:  # another process fetched them while this one waited
            return stored
        failures: list[str] = []
        for source in list_sources(data_set):
            try:
                contents, origin = source(request)
            except CannotWriteError:
                raise
            except DataError as error:
                failures.append(str(error))
                continue
            files = DataFiles(data_set, contents, place, f"{origin}, saved in {place}")
            store_files(files)
            request.notify(f"{data_set.title} is now in {place.folder}, from {origin}.")
            return files
    reasons = "\n".join(f"  - {reason}" for reason in failures)
    raise DataUnavailableError(
        f"{data_set.title} could not be downloaded:\n{reasons}\n"
        "Try again with another internet connection, or copy the files from somebody who has "
        "them and name their folder with --data-dir."
    )


def _lock(request: FetchRequest) -> AbstractContextManager[object]:
    """Return the place's lock, held; wait for the process that has it."""
    folder = request.place.folder
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder / ".lock")
        try:
            return lock.acquire(timeout=0.2)
        except Timeout:
            request.notify("Another cnnlab is downloading the same data. Waiting for it ...")
            return lock.acquire()
    except OSError as error:
        raise write_error(folder, error) from None
