"""IDX bytes to arrays and back; a malformed file is refused, and the error says why.

The format is LeCun's: two zero bytes, a type byte, the number of dimensions, each
dimension as a big-endian unsigned 32-bit integer, then the elements.
"""

import math
import struct
import zlib
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from cnnlab.errors import DataError

UINT8 = 0x08
_GZIP_MAGIC = b"\x1f\x8b"
_XZ_MAGIC = b"\xfd7zXZ\0"
_XZ_MEMORY = 1 << 24  # in bytes; twice the dictionary of the sample that comes with cnnlab
_MAXIMUM_DIMENSIONS = 3
_PIECE = 1 << 16  # in bytes


def read_idx(content: bytes, name: str = "IDX file") -> NDArray[np.uint8]:
    """Return the array that the bytes of an IDX file hold, as a read-only view of them.

    One to three dimensions of unsigned bytes. Raises `DataError`, naming the file, on a
    wrong magic number, type, number of dimensions or length.
    """
    if looks_like_html(content):
        raise DataError(
            f"{name} is a web page, not an IDX file. A login page or a proxy probably answered "
            "instead of the server: log in to the network, then try again."
        )
    if len(content) < 4:
        raise DataError(
            f"{name} is {len(content)} bytes long: too short for an IDX header. Download it again."
        )
    zero, type_code, dimensions = struct.unpack(">HBB", content[:4])
    if zero != 0:
        raise DataError(
            f"{name} has a wrong magic number: expected two zero bytes first, found "
            f"{content[:2].hex(' ')}. It is not an IDX file."
        )
    if type_code != UINT8:
        raise DataError(
            f"{name} has element type 0x{type_code:02x}; expected 0x08, unsigned bytes."
        )
    if not 1 <= dimensions <= _MAXIMUM_DIMENSIONS:
        raise DataError(f"{name} has {dimensions} dimensions; expected 1 (labels) or 3 (images).")
    start = 4 + 4 * dimensions
    if len(content) < start:
        raise DataError(
            f"{name} ends inside its header: it has {len(content)} of {start} bytes. Download "
            "it again."
        )
    shape = struct.unpack(f">{dimensions}I", content[4:start])
    promised, found = math.prod(shape), len(content) - start
    size = " x ".join(f"{extent:,}" for extent in shape)
    if promised != found:
        raise DataError(
            f"{name} is cut off or damaged: its header announces {promised:,} bytes of data "
            f"({size}), but {found:,} follow. Download it again."
        )
    try:
        return np.frombuffer(content, np.uint8, offset=start).reshape(shape)
    except ValueError:  # one extent is zero, and the others are too many even for NumPy
        raise DataError(f"{name} has impossible dimensions ({size}) in its header.") from None


def write_idx(array: NDArray[np.uint8]) -> bytes:
    """Return the IDX bytes of an array of unsigned bytes with one to three dimensions."""
    if array.dtype != np.uint8 or not 1 <= array.ndim <= _MAXIMUM_DIMENSIONS:
        raise DataError(
            "An IDX file here holds uint8 of 1 to 3 dimensions; found "
            f"{array.dtype} of {array.ndim}."
        )
    header = struct.pack(f">HBB{array.ndim}I", 0, UINT8, array.ndim, *array.shape)
    return header + array.tobytes()


def decompress(content: bytes, limit: int, name: str) -> bytes:
    """Return the content of a gzip or xz file, or the bytes themselves if they are neither.

    Raises `DataError` as `unpack` does.
    """
    if content.startswith((_GZIP_MAGIC, _XZ_MAGIC)):
        return b"".join(unpack(content, limit, name))
    return content


def unpack(content: bytes, limit: int, name: str) -> Iterator[bytes]:
    """Yield the content of a gzip or xz file in small pieces, or the bytes if they are neither.

    Raises `DataError` if the compressed bytes are cut off or damaged, or if they unpack to more
    than ``limit`` bytes. It keeps no piece, so it takes little memory also for a large file.
    """
    if content.startswith(_GZIP_MAGIC):
        kind, pieces = "gzip", _ungzip(content, name)
    elif content.startswith(_XZ_MAGIC):
        kind, pieces = "xz", _unxz(content, name)
    else:
        yield content
        return
    size = 0
    for piece, is_end in pieces:
        size += len(piece)
        if size > limit:
            raise DataError(
                f"{name} unpacks to more than the expected {limit:,} bytes: it is not the file "
                "that its name says. Download it again."
            )
        yield piece
        if is_end:
            return
    raise DataError(
        f"{name} is a truncated {kind} file: it ends after {size:,} of {limit:,} unpacked bytes. "
        "Download it again."
    )


def _ungzip(content: bytes, name: str) -> Iterator[tuple[bytes, bool]]:
    """Yield each unpacked piece, and whether the file ends there as it should."""
    stream = zlib.decompressobj(wbits=31)
    try:
        for start in range(0, len(content), _PIECE):
            packed, piece = content[start : start + _PIECE], b""
            while packed or len(piece) == _PIECE:  # after a full piece there may be more
                piece = stream.decompress(packed, _PIECE)
                yield piece, stream.eof
                packed = stream.unconsumed_tail
    except zlib.error as error:
        raise DataError(f"{name} is a damaged gzip file ({error}). Download it again.") from None


def _unxz(content: bytes, name: str) -> Iterator[tuple[bytes, bool]]:
    """Yield each unpacked piece, and whether the file ends there as it should."""
    try:
        import lzma
    except ImportError:  # somebody compiled this Python without the xz library
        raise DataError(
            f"{name} cannot be unpacked: this Python has no module lzma. Install Python from "
            "python.org or from your system, and make the virtual environment again."
        ) from None
    stream = lzma.LZMADecompressor(memlimit=_XZ_MEMORY)
    try:
        for start in range(0, len(content), _PIECE):
            packed, piece = content[start : start + _PIECE], b""
            while packed or len(piece) == _PIECE:  # after a full piece there may be more
                piece = stream.decompress(packed, _PIECE)
                yield piece, stream.eof
                packed = b""  # the stream keeps what it has not unpacked yet
    except lzma.LZMAError as error:
        raise DataError(f"{name} is a damaged xz file ({error}). Download it again.") from None


def looks_like_html(content: bytes) -> bool:
    """Return whether the bytes start as a web page does."""
    start = content[:200].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    return start.startswith((b"<!doctype", b"<html", b"<head", b"<?xml"))
