"""Any picture file that a person has, as grey levels, the right way up."""

import math
import stat
import warnings
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image, UnidentifiedImageError

from cnnlab.data.idx import looks_like_html
from cnnlab.errors import PictureError

FORMATS = ("PNG", "JPEG", "GIF", "BMP", "WEBP", "TIFF", "PPM")
"""The formats that are decoded; no other decoder of Pillow is used."""
MOST_PIXELS = 52_000_000
"""A phone with 50 megapixels makes pictures of up to 8192 x 6144 pixels."""
_MOST_UNPACKED = 1032
"""One byte of a PNG can unpack to at most this many: that is a limit of its compression."""

_SMALLEST_SIDE = 8
_LONGEST_SHAPE = 20
_WORKING_SIDE = 1000

_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def decode(path: Path) -> tuple[NDArray[np.float32], bool, list[str]]:
    """Return a file's grey levels in [0, 255], whether it has colours, and notes.

    The longer side is at most 1,000 pixels: a larger picture is averaged down.
    """
    start = read_start(path)
    notes: list[str] = []
    # Pillow warns of large sizes, checked here, and of odd metadata, which is harmless.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            with Image.open(path, formats=FORMATS) as picture:
                _check_size(path, picture)
                return _levels(picture, notes)
        except PictureError:
            raise
        except UnidentifiedImageError:
            raise PictureError(
                f"{path} is not a picture that can be read: found {kind_of(start)}; expected one "
                "of PNG, JPEG, GIF, BMP, WebP, TIFF or PPM. Save it as PNG or JPEG."
            ) from None
        except Image.DecompressionBombError:
            raise _size_error(path, "far more") from None
        except Exception as reason:  # damaged bytes make a decoder raise nearly anything
            raise PictureError(
                f"{path} cannot be decoded: it starts like {kind_of(start)}, but it is cut off, "
                f"damaged or of a rare kind ({reason or type(reason).__name__}). Copy it again, "
                "or open it in an image viewer and save it as PNG."
            ) from None


def read_start(path: Path) -> bytes:
    """Return a file's first bytes; raise `PictureError` if there is no such file."""
    try:
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            raise PictureError(f"{path} is a folder; expected a picture file. Name a file in it.")
        if not stat.S_ISREG(mode):
            raise PictureError(f"{path} is not a regular file; expected a picture file. Name one.")
        with path.open("rb") as file:
            start = file.read(512)
    except (FileNotFoundError, NotADirectoryError):
        raise PictureError(
            f"There is no file {path}; expected a picture. Check the name and the folder."
        ) from None
    except (OSError, ValueError) as reason:
        raise PictureError(f"{path} cannot be opened ({reason}). Check its permissions.") from None
    if not start:
        raise PictureError(f"{path} is empty (0 bytes); expected a picture. Copy it again.")
    return start


def kind_of(start: bytes) -> str:
    """Return in words what kind of file it is, going by its first bytes."""
    signatures = (
        (b"\x89PNG", "a PNG"),
        (b"\xff\xd8\xff", "a JPEG"),
        (b"GIF8", "a GIF"),
        (b"BM", "a BMP"),
        (b"II*\0", "a TIFF"),
        (b"MM\0*", "a TIFF"),
        (b"%PDF", "a PDF"),
        (b"PK\3\4", "a ZIP file or an office document"),
        (b"\x1f\x8b", "a gzip file"),
    )
    for signature, words in signatures:
        if start.startswith(signature):
            return words
    if start[:4] == b"RIFF" and start[8:12] == b"WEBP":
        return "a WebP"
    if start[4:8] == b"ftyp":
        return "a HEIC or AVIF picture, or a video"
    if b"<svg" in start:
        return "an SVG drawing"
    if looks_like_html(start):
        return "a web page"
    readable = sum(byte in b"\t\n\r" or byte >= 32 for byte in start)
    return "text" if readable == len(start) and b"\x7f" not in start else "bytes of unknown kind"


def _check_size(path: Path, picture: Image.Image) -> None:
    """Raise `PictureError` for a wrong size in the header, before the picture is unpacked."""
    size, bands = picture.size, len(picture.getbands())
    found = f"{size[0]:,} x {size[1]:,} pixels"
    if size[0] * size[1] > MOST_PIXELS:
        raise _size_error(path, found)
    # A pixel may be one bit if there is one band; if there are more, each is a byte.
    least = size[0] * size[1] * (bands if bands > 1 else 1 / 8)
    if picture.format == "PNG" and least > _MOST_UNPACKED * path.stat().st_size:
        raise PictureError(
            f"{path} is damaged: its header says {found}; expected fewer in a file of "
            f"{path.stat().st_size:,} bytes. Copy it again."
        )
    if min(size) < _SMALLEST_SIDE:
        raise PictureError(
            f"{path} is too small to show anything: found {found}; expected at least "
            f"{_SMALLEST_SIDE} x {_SMALLEST_SIDE}. Take a larger picture."
        )
    if max(size) > _LONGEST_SHAPE * min(size):
        raise PictureError(
            f"{path} is a long strip: found {found}; expected a longer side at most "
            f"{_LONGEST_SHAPE} times the shorter. Crop it to the part that counts."
        )


def _size_error(path: Path, found: str) -> PictureError:
    return PictureError(
        f"{path} is too large: found {found}; expected at most {MOST_PIXELS:,} pixels. "
        "Make it smaller in an image viewer."
    )


def _levels(picture: Image.Image, notes: list[str]) -> tuple[NDArray[np.float32], bool, list[str]]:
    """Return the grey levels of an opened picture, whether it has colours, and the notes."""
    frames = getattr(picture, "n_frames", 1)
    if frames > 1:
        notes.append(f"first of {frames} frames")
    picture.draft(None, (_WORKING_SIDE, _WORKING_SIDE))  # a JPEG can be decoded smaller
    asked = _orientation(picture)
    picture.load()
    left = _orientation(picture)  # Pillow turns a TIFF itself when it loads it
    turned = picture.transpose(_TURNS[left]) if left in _TURNS else picture
    if asked in _TURNS:
        notes.append("turned the right way up, as its EXIF data say")

    coloured = False
    if turned.mode in ("I", "F") or turned.mode.startswith("I;16"):
        grey = Image.fromarray(_to_eight_bits(np.asarray(turned)))
    elif turned.has_transparency_data:
        opaque, alpha = turned.convert("RGBA"), turned.convert("RGBA").getchannel("A")
        coloured = _has_colours(opaque)
        grey = opaque.convert("L")
        visible = np.asarray(grey)[np.asarray(alpha) > 127]
        if alpha.getextrema() != (255, 255):
            light = visible.size > 0 and visible.mean() > 127
            ground = Image.new("L", grey.size, 0 if light else 255)
            grey = Image.composite(grey, ground, alpha)
            notes.append(f"transparent: put on {'black' if light else 'white'}")
    else:
        coloured = _has_colours(turned)
        grey = turned.convert("L")
    factor = math.ceil(max(grey.size) / _WORKING_SIDE)
    return np.asarray(grey.convert("F").reduce(factor), np.float32), coloured, notes


def _orientation(picture: Image.Image) -> int:
    """Return the EXIF orientation, 1 to 8; 1 if there is none or it cannot be read."""
    try:
        return int(picture.getexif().get(ExifTags.Base.Orientation, 1))
    except Exception:  # a damaged EXIF block is no reason to refuse the picture
        return 1


def _to_eight_bits(levels: NDArray[np.generic]) -> NDArray[np.float32]:
    """Return 16-bit levels as 0 to 255, and levels of any other range stretched to that."""
    wide = levels.astype(np.float64)
    if not np.isfinite(wide).all():
        raise ValueError("some of its levels are not finite")
    low, high = float(wide.min()), float(wide.max())
    if levels.dtype.kind == "f" or low < 0 or high > 65535:
        return ((wide - low) * (255 / (high - low or 1))).astype(np.float32)
    return (wide / 257).astype(np.float32)


def _has_colours(picture: Image.Image) -> bool:
    """Return whether one of a picture's pixels has a colour; look at 28 x 28 of them at most."""
    few = picture.resize(
        (min(28, picture.width), min(28, picture.height)), Image.Resampling.NEAREST
    )
    channels = np.asarray(few.convert("RGB"))
    return bool((channels != channels[..., :1]).any())
