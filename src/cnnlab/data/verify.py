"""Only the bytes that the authors published pass: their SHA-256 is in the catalogue."""

import hashlib
from contextlib import suppress
from pathlib import Path

from cnnlab.data.catalog import DataFile
from cnnlab.data.idx import decompress, read_idx
from cnnlab.errors import DataError


def verify(content: bytes, file: DataFile, name: str) -> bytes:
    """Return the IDX bytes of a file's content, plain or packed, or raise `DataError`.

    Only bytes with the catalogue's SHA-256 pass; for all others the error says what they are.
    """
    unpacked = decompress(content, file.byte_count, name)
    found = hashlib.sha256(unpacked).hexdigest()
    if found == file.sha256:
        return unpacked
    array = read_idx(unpacked, name)
    if array.shape != file.shape:
        raise DataError(
            f"{name} has the dimensions {_extents(array.shape)}; expected {_extents(file.shape)}. "
            "It belongs to another data set, or it is another file of this one."
        )
    raise DataError(
        f"{name} does not hold the bytes that its authors published: expected SHA-256 "
        f"{file.sha256}, found {found}. It is damaged or was changed: delete it and run "
        "'cnnlab data get'."
    )


def _extents(shape: tuple[int, ...]) -> str:
    return " x ".join(str(extent) for extent in shape)


def find_file(folder: Path, file: DataFile) -> Path | None:
    """Return the path of a file in that folder, plain or packed, or None."""
    for path in (folder / f"{file.name}{ending}" for ending in ("", ".gz", ".xz")):
        with suppress(OSError):  # we may not look into this folder: it has nothing for us
            if path.is_file():
                return path
    return None


def read_file(path: Path, file: DataFile) -> bytes:
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
        raise DataError(
            f"{path} cannot be read ({error.strerror}). Check its permissions, or copy it again."
        ) from None
