"""Only the bytes that the authors published pass: their SHA-256 is in the catalogue."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from cnnlab.data.catalog import DATA_SETS, DataFile
from cnnlab.data.idx import decompress, read_idx, unpack
from cnnlab.errors import DataError

_LARGEST = max(file.byte_count for each in DATA_SETS.values() for file in each.files)


class OtherFileError(DataError):
    """A file is sound, but it is another file of the catalogue than its name says."""


@dataclass(frozen=True)
class SoundFile:
    """A file whose bytes are verified, and what is wrong with other copies beside it."""

    path: Path
    content: bytes
    faults: tuple[str, ...]


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


def find_copies(folder: Path, file: DataFile) -> list[Path]:
    """Return the paths of a file in that folder, plain or packed, under each of its usual names.

    Unpackers name the content of ``train-images-idx3-ubyte.gz`` also ``train-images.idx3-ubyte``,
    or put it into a folder of that name.
    """
    ending = f"idx{len(file.shape)}"
    names = (file.name, file.name.replace(f"-{ending}", f".{ending}"), f"{file.name}.{ending}")
    try:
        folders = [folder, *(folder / name for name in names if (folder / name).is_dir())]
        paths = [
            each / f"{name}{packed}"
            for each in folders
            for name in names
            for packed in ("", ".gz", ".xz")
        ]
        return [path for path in paths if path.is_file()]
    except OSError:  # we may not look into this folder: it has nothing for us
        return []


def read_sound(folder: Path, file: DataFile) -> SoundFile | None:
    """Return the first copy of a file in a folder that is sound, or None if there is no copy.

    Raises `DataError`, which names each copy, if none is sound.
    """
    faults: list[str] = []  # no errors: an error's traceback would keep the bytes of its copy
    kind: type[DataError] = OtherFileError
    for path in find_copies(folder, file):
        try:
            content = read_file(path, file)
        except DataError as error:
            faults.append(str(error))
            if not isinstance(error, OtherFileError):
                kind = DataError
            continue
        return SoundFile(path, content, tuple(faults))
    if not faults:
        return None
    raise kind("\n".join(faults))


def read_file(path: Path, file: DataFile) -> bytes:
    """Return the verified IDX bytes of one file on disk.

    Raises `OtherFileError` if it is another file of the catalogue, for every other fault
    `DataError`.
    """
    try:
        size = path.stat().st_size
        if size > 2 * _LARGEST:
            raise DataError(
                f"{path} is {size:,} bytes long; expected about {file.byte_count:,}. "
                "It is not the file that its name says."
            )
        content = path.read_bytes()
    except OSError as error:
        raise DataError(
            f"{path} cannot be read ({error.strerror}). Check its permissions, or copy it again."
        ) from None
    try:
        return verify(content, file, str(path))
    except DataError:
        found = _name_file(_hash_content(content, str(path)))
        if found is None:
            raise
    raise OtherFileError(f"{path} holds {found}; expected {_name_file(file.sha256)}.")


def _hash_content(content: bytes, name: str) -> str | None:
    """Return the SHA-256 of a file's content, plain or packed, or None if it is damaged."""
    hashed = hashlib.sha256()
    try:
        for piece in unpack(content, _LARGEST, name):
            hashed.update(piece)
    except DataError:
        return None
    return hashed.hexdigest()


def _name_file(sha256: str | None) -> str | None:
    """Return in words which file of the catalogue has that SHA-256, or None."""
    for data_set in DATA_SETS.values():
        for file in data_set.files:
            if file.sha256 == sha256:
                return f"{file.name} of {data_set.title}"
    return None
