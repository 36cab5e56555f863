"""From one address to verified bytes: retried if it fails, resumed if it was cut off."""

import http.client
import socket
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar

from cnnlab.data.catalog import DataFile
from cnnlab.data.places import write_error
from cnnlab.data.verify import read_file, verify
from cnnlab.errors import DataError
from cnnlab.notices import Progress

TIMEOUT_SECONDS = 20.0
ATTEMPTS_PER_MIRROR = 3
RETRY_WAIT_SECONDS = 1.0

_CHUNK = 1 << 16
Checked = TypeVar("Checked")


class CertificateError(DataError):
    """This computer does not trust a server's certificate: another attempt would not help."""


def download(url: str, file: DataFile, folder: Path, progress: Progress | None) -> bytes:
    """Return the verified IDX bytes at an address; resume what an earlier attempt left.

    Raises `CertificateError`, `CannotWriteError`, or for all other faults `DataError`.
    """
    part = folder / f"{file.name}.gz.part"
    with suppress(DataError):  # an earlier run may have finished this file and not the next
        return read_file(part, file)
    try:
        return receive(
            url, part, file.byte_count, lambda: verify(part.read_bytes(), file, url), progress
        )
    except OSError as error:
        raise write_error(folder, error) from None


def receive(
    url: str, part: Path, limit: int, check: Callable[[], Checked], progress: Progress | None
) -> Checked:
    """Bring what is at an address, at most ``limit`` bytes, into a partial file.

    Resumes what the file already has, tries again, and returns what ``check`` makes of the whole
    file. ``check`` raises `DataError` if it is the wrong file. Raises `CertificateError` or
    `DataError`, and `OSError` if the disk is full or cannot be written to.
    """
    fault = "no attempt was made"
    for attempt in range(ATTEMPTS_PER_MIRROR):
        if attempt:
            time.sleep(RETRY_WAIT_SECONDS * attempt)
        resumed = part.exists() and part.stat().st_size > 0
        try:
            _append(url, part, limit, progress)
        except urllib.error.HTTPError as error:
            fault = f"the server answered {error.code} {error.reason}"
            if error.code == http.client.REQUESTED_RANGE_NOT_SATISFIABLE:
                part.unlink(missing_ok=True)
            elif error.code < http.client.INTERNAL_SERVER_ERROR:
                break
            continue
        except urllib.error.URLError as error:
            if isinstance(error.reason, ssl.SSLCertVerificationError):
                why = getattr(error.reason, "verify_message", "") or error.reason
                raise CertificateError(
                    f"{url}: this computer does not trust the server's certificate ({why})."
                ) from None
            fault = f"no connection ({error.reason})"
            if isinstance(error.reason, socket.gaierror):
                break
            continue
        except (TimeoutError, ConnectionError, http.client.HTTPException) as error:
            fault = f"the connection broke ({str(error) or type(error).__name__})"
            continue
        except OSError:
            part.unlink(missing_ok=True)
            raise
        try:
            return check()
        except DataError as error:
            # A wrong file must not be resumed. If it came from two servers, start again from zero.
            part.unlink()
            if not resumed:
                raise
            fault = str(error)
    raise DataError(f"{url}: {fault}.")


def _append(url: str, part: Path, limit: int, progress: Progress | None) -> None:
    """Append what is at an address to a partial file, from where that file ends.

    Raises `DataError` if it is longer than ``limit`` bytes.
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
                f"{url}: the server announced {total:,} bytes; expected at most {limit:,}."
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
                    raise DataError(
                        f"{url}: the server sent more than the expected {limit:,} bytes."
                    )
                if progress is not None:
                    progress(url.rsplit("/", 1)[-1], have, total)
    if total is not None and have < total:
        raise http.client.HTTPException(f"cut off after {have:,} of {total:,} bytes")


@contextmanager
def _network_faults() -> Iterator[None]:
    """Turn the network's other errors (TLS, no route), not the disk's, into `ConnectionError`."""
    try:
        yield
    except urllib.error.URLError:
        raise
    except OSError as error:
        raise ConnectionError(str(error) or type(error).__name__) from None
