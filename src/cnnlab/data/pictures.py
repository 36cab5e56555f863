"""A person's own picture as the data set's authors would have made it: 28 x 28, light on dark.

Four steps: decode the file, find which way round it is and how bright its ground is, find
what is drawn on it, and set that into the square by the authors' own rule.
"""

import math
import stat
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from PIL import ExifTags, Image, ImageFilter

from cnnlab.data.catalog import DataSet
from cnnlab.data.idx import looks_like_html
from cnnlab.errors import PictureError

FORMATS = ("PNG", "JPEG", "MPO", "GIF", "BMP", "WEBP", "TIFF", "PPM")
"""What is decoded; every other decoder of Pillow stays shut."""
MOST_PIXELS = 52_000_000
"""A 50-megapixel telephone makes pictures of up to 8192 x 6144 pixels."""
SIDE = 28
DIGIT_SIDE = 20
"""MNIST's digits fill a box of this side in pixels."""
DIGIT_CENTRE = 14
"""Row and column on which MNIST's centres of mass lie: all 70,000 are within 13.5 to 14.5."""

_SMALLEST_SIDE = 8
_LONGEST_SHAPE = 20
_WORKING_SIDE = 1000
_FAINTEST = 0.05  # of the ground's level; also Fashion-MNIST's "close to the background"

_Array = NDArray[np.float32]
_Mask = NDArray[np.bool_]

_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


@dataclass(frozen=True)
class Picture:
    """A picture ready for a network, and what was done to it.

    ``image`` is (28, 28) uint8, light on dark; ``notes`` say what the user should know.
    """

    path: Path
    image: NDArray[np.uint8]
    notes: tuple[str, ...]


def read_picture(path: Path, data_set: DataSet) -> Picture:
    """Return a picture as the authors of the data set would have made it.

    A digit fills a 20 x 20 box and has its centre of mass in the middle (LeCun et al. 1998,
    Proc. IEEE 86(11), and the MNIST page); anything else is trimmed and its longest side
    made 28 (Xiao et al. 2017, arXiv:1708.07747). Aspect ratios stay. A grey picture that is
    28 x 28 already is taken as it is. Raises `PictureError` where the file cannot be read
    or shows nothing.
    """
    levels, coloured, notes = _decode(path)
    if levels.shape == (SIDE, SIDE) and not coloured:
        notes.append(f"already {SIDE} x {SIDE}: taken as it is")
        # The corners of all 140,000 images of MNIST and Fashion-MNIST are dark.
        dark_on_light = np.median(levels[[0, 0, -1, -1], [0, -1, 0, -1]]) > 127
        image = np.rint(255 - levels if dark_on_light else levels).astype(np.uint8)
        if np.ptp(image) < 255 * _FAINTEST:
            raise _blank(path)
    else:
        if all(name.isdigit() for name in data_set.classes):
            dark_on_light, draw = _is_dark_on_light(levels), _digit
        else:
            dark_on_light, draw = ((levels - _frame_surface(levels)) ** 3).sum() < 0, _article
        drawn = draw(levels if dark_on_light else 255 - levels, notes)
        if drawn is None:
            raise _blank(path)
        image = drawn
    if dark_on_light:
        notes.append("dark on light: inverted")
    return Picture(path, image, tuple(notes))


# Decoding ---------------------------------------------------------------------------------


def _decode(path: Path) -> tuple[_Array, bool, list[str]]:
    """Return a file's grey levels in [0, 255], whether it has colours, and notes.

    The longer side is at most 1,000 pixels: a larger picture is averaged down.
    """
    start = _start_of(path)
    notes: list[str] = []
    # Pillow warns of sizes and of odd metadata: the size is checked here, the rest is harmless.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            with Image.open(path, formats=FORMATS) as picture:
                _check_size(path, picture.size)
                return _levels(picture, notes)
        except PictureError:
            raise
        except Image.UnidentifiedImageError:
            raise PictureError(
                f"{path} is not a picture that can be read: found {_kind(start)}; expected one "
                "of PNG, JPEG, GIF, BMP, WebP, TIFF or PPM. Save it as PNG or JPEG."
            ) from None
        except Image.DecompressionBombError:
            raise _too_large(path, "far more") from None
        except Exception as reason:  # damaged bytes make a decoder raise nearly anything
            raise PictureError(
                f"{path} cannot be decoded: it starts as {_kind(start)}, then is cut short, "
                f"damaged or of a rare kind ({reason or type(reason).__name__}). Copy it again "
                "from where it came, or open it in an image viewer and save it as PNG."
            ) from None


def _start_of(path: Path) -> bytes:
    """Return a file's first bytes; `PictureError` where there is no such file."""
    try:
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            raise PictureError(f"{path} is a folder; expected a picture file. Name one in it.")
        if not stat.S_ISREG(mode):
            raise PictureError(f"{path} is not a regular file; expected a picture file.")
        with path.open("rb") as file:
            start = file.read(512)
    except (FileNotFoundError, NotADirectoryError):
        raise PictureError(
            f"There is no file {path}; expected a picture. Check the name and the folder."
        ) from None
    except (OSError, ValueError) as reason:
        raise PictureError(f"{path} cannot be opened: {reason}.") from None
    if not start:
        raise PictureError(f"{path} is empty (0 bytes); expected a picture. Copy it again.")
    return start


def _kind(start: bytes) -> str:
    """Return in words what a file is, from its first bytes."""
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


def _check_size(path: Path, size: tuple[int, int]) -> None:
    """Refuse a picture by the size in its header, before anything of it is unpacked."""
    found = f"{size[0]:,} x {size[1]:,} pixels"
    if size[0] * size[1] > MOST_PIXELS:
        raise _too_large(path, found)
    if min(size) < _SMALLEST_SIDE:
        raise PictureError(
            f"{path} is too small to show anything: found {found}; expected at least "
            f"{_SMALLEST_SIDE} x {_SMALLEST_SIDE}. Take a larger picture."
        )
    if max(size) > _LONGEST_SHAPE * min(size):
        raise PictureError(
            f"{path} is a strip: found {found}; expected a longer side at most "
            f"{_LONGEST_SHAPE} times the shorter. Cut out the part to be recognised."
        )


def _too_large(path: Path, found: str) -> PictureError:
    return PictureError(
        f"{path} is too large: found {found}; expected at most {MOST_PIXELS:,} pixels. "
        "Nothing of it was unpacked. Make it smaller in an image viewer."
    )


def _blank(path: Path) -> PictureError:
    return PictureError(
        f"{path} is blank: expected something drawn or photographed that stands out from its "
        "background, found nothing. Use a darker pen, more light, or cut the picture closer."
    )


def _levels(picture: Image.Image, notes: list[str]) -> tuple[_Array, bool, list[str]]:
    """Return the grey levels of an opened picture, whether it has colours, and the notes."""
    frames = getattr(picture, "n_frames", 1)
    if frames > 1:
        notes.append(f"first of {frames} frames")
    picture.draft(None, (_WORKING_SIDE, _WORKING_SIDE))  # a JPEG can be decoded smaller
    asked = _orientation(picture)
    picture.load()
    left = _orientation(picture)  # Pillow turns a TIFF itself, on loading
    turned = picture.transpose(_TURNS[left]) if left in _TURNS else picture
    if asked in _TURNS:
        notes.append("turned as its EXIF says")

    coloured = False
    if turned.mode in ("I", "F") or turned.mode.startswith("I;16"):
        grey = Image.fromarray(_eight_bits(np.asarray(turned)))
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
    """Return the EXIF orientation, 1 to 8; 1 where there is none or it cannot be read."""
    try:
        return int(picture.getexif().get(ExifTags.Base.Orientation, 1))
    except Exception:  # a damaged EXIF block is no reason to refuse the picture
        return 1


def _eight_bits(levels: NDArray[np.generic]) -> _Array:
    """Return 16-bit levels as 0 to 255, and levels of any other range stretched to that."""
    wide = levels.astype(np.float64)
    if not np.isfinite(wide).all():
        raise ValueError("it holds levels that are not finite")
    low, high = float(wide.min()), float(wide.max())
    if levels.dtype.kind == "f" or low < 0 or high > 65535:
        return ((wide - low) * (255 / (high - low or 1))).astype(np.float32)
    return (wide / 257).astype(np.float32)


def _has_colours(picture: Image.Image) -> bool:
    """Return whether a small picture has colours; a large one is not asked."""
    if picture.size != (SIDE, SIDE):
        return False
    channels = np.asarray(picture.convert("RGB"))
    return bool((channels != channels[..., :1]).any())


# The ground, and what is drawn on it ------------------------------------------------------


def _frame_surface(levels: _Array) -> _Array:
    """Return the level of the ground at each pixel, going by the picture's frame.

    A surface of second degree through the outermost pixels, by least absolute deviations
    (reweighted least squares): light may fall off, and what is drawn may cross the frame.
    """
    height, width = levels.shape
    row, column = np.linspace(-1, 1, height)[:, None], np.linspace(-1, 1, width)[None, :]
    terms = np.stack(
        np.broadcast_arrays(np.ones((1, 1)), row, column, row * row, row * column, column * column),
        axis=-1,
    )
    frame = np.ones(levels.shape, bool)
    thickness = max(1, min(levels.shape) // 40)
    frame[thickness:-thickness, thickness:-thickness] = False
    sides, seen = terms[frame], levels[frame]
    weights = np.ones(len(seen))
    coefficients = np.zeros(terms.shape[-1])
    for _ in range(20):
        root = np.sqrt(weights)
        coefficients = np.linalg.lstsq(sides * root[:, None], seen * root, rcond=None)[0]
        weights = 1 / np.maximum(np.abs(sides @ coefficients - seen), 1)
    surface = np.clip(terms @ coefficients, seen.min(), seen.max())
    return np.asarray(surface, np.float32)


def _around(levels: _Array, reach: float) -> tuple[_Array, Callable[[_Array], _Array]]:
    """Return the levels averaged down to 64 pixels a side, and how to see round each of them.

    The function returned gives (height, width, count): the levels in a disc round each pixel,
    its radius ``reach`` of the longer side; beyond the edge lies the mirror image.
    """
    small = np.asarray(Image.fromarray(levels).reduce(math.ceil(max(levels.shape) / 64)))
    radius = max(1, round(reach * max(small.shape)))
    line = np.arange(-radius, radius + 1)
    disc = line[:, None] ** 2 + line[None, :] ** 2 <= (radius + 0.5) ** 2

    def windows(array: _Array) -> _Array:
        padded = np.pad(array, radius, mode="symmetric")
        return np.asarray(sliding_window_view(padded, disc.shape)[..., disc])

    return small, windows


def _is_dark_on_light(levels: _Array) -> bool:
    """Return whether strokes are darker than what is round them, shadows and all.

    The cube lets strokes decide: they differ more from the local median than noise does.
    """
    small, windows = _around(levels, 0.25)
    return bool(((small - np.median(windows(small), axis=-1)) ** 3).sum() < 0)


def _closing(levels: _Array) -> _Array:
    """Return the level of the paper at each pixel, under the strokes too.

    The largest level within a disc wider than any stroke, then the smallest of those (a
    morphological closing): lines vanish, while shadows, even with edges, stay.
    """
    small, windows = _around(levels, 0.18)
    closed = windows(windows(small).max(axis=-1)).min(axis=-1)
    smooth = Image.fromarray(closed).resize(levels.shape[::-1], Image.Resampling.BILINEAR)
    return np.asarray(smooth, np.float32)


def _ink(levels: _Array, ground: _Array) -> _Array:
    """Return how much of the ground's light is missing at each pixel, 0 to 1, without noise.

    Levels are dark on light. A ratio, because a shadow dims ink and paper alike.
    """
    ink = 1 - levels / np.maximum(ground, 1)
    ink[ink <= max(_FAINTEST, 5 * _noise(ink))] = 0
    return np.asarray(np.minimum(ink, 1), np.float32)


def _noise(ink: _Array) -> float:
    """Return the standard deviation of the noise near the frame, where little is drawn.

    From differences that no smooth image has (Immerkaer 1996, Computer Vision and Image
    Understanding 64(2)), with a median in place of the mean, so that edges do not count.
    """
    across = ink[:, :-2] - 2 * ink[:, 1:-1] + ink[:, 2:]
    both = np.abs(across[:-2] - 2 * across[1:-1] + across[2:])
    edge = max(1, min(ink.shape) // 10)
    sides = (both[:edge], both[-edge:], both[:, :edge], both[:, -edge:])
    return float(np.median(np.concatenate([side.ravel() for side in sides])) / 0.6745 / 6)


def _digit(levels: _Array, notes: list[str]) -> NDArray[np.uint8] | None:
    """Return dark-on-light strokes as an MNIST digit; None where there are none."""
    ink = _strokes(_ink(levels, _closing(levels)))
    kept = _marks(ink, notes, edges_count=False)
    if kept is None:
        return None
    small = _into_square(ink, kept, DIGIT_SIDE)
    peak = np.percentile(small[small > 0], 90)
    small = np.rint(255 * np.minimum(small / peak, 1)).astype(np.uint8)
    image = np.zeros((SIDE, SIDE), np.uint8)
    row, column = (_place(small.sum(axis=axis, dtype=np.float64)) for axis in (1, 0))
    image[row : row + DIGIT_SIDE, column : column + DIGIT_SIDE] = small
    return image


def _place(weights: NDArray[np.float64]) -> int:
    """Return where a line of weights starts so that its centre of mass is in the middle."""
    centre = float((weights * np.arange(len(weights))).sum() / weights.sum())
    return min(max(math.ceil(DIGIT_CENTRE - 0.5 - centre), 0), SIDE - len(weights))


def _article(levels: _Array, notes: list[str]) -> NDArray[np.uint8] | None:
    """Return a dark-on-light article as a Fashion-MNIST image; None where there is none."""
    ink = _ink(levels, _frame_surface(levels))
    kept = _marks(ink, notes, edges_count=True)
    if kept is None:
        return None
    picture = Image.fromarray(np.rint(255 * _into_square(ink, kept, SIDE)).astype(np.uint8))
    # Their fourth step: a Gaussian operator of radius and standard deviation 1 sharpens.
    near, far = -math.exp(-0.5), -math.exp(-1)
    middle = 2 * (1 - 4 * near - 4 * far)
    kernel = (far, near, far, near, middle, near, far, near, far)
    sharpened = np.asarray(picture.filter(ImageFilter.Kernel((3, 3), kernel)))
    return np.where(np.asarray(picture) > 0, sharpened, 0).astype(np.uint8)


def _strokes(ink: _Array) -> _Array:
    """Return ink as NIST's scans had it, all or nothing, but with soft edges.

    The level of a stroke is found by two means (Ridler and Calvard 1978): faint remains of
    shadows fall under it.
    """
    found = ink[ink > 0]
    if not found.size:
        return ink
    threshold = float(found.mean())
    for _ in range(20):
        lower, upper = found[found <= threshold], found[found > threshold]
        if not lower.size or not upper.size:
            break
        threshold = float(lower.mean() + upper.mean()) / 2
    upper = found[found > threshold]
    level = float(upper.mean() if upper.size else found.mean())
    return np.asarray(np.clip(2 * ink / level - 0.5, 0, 1), np.float32)


def _marks(ink: _Array, notes: list[str], *, edges_count: bool) -> _Mask | None:
    """Return where the marks are that count: no specks, no desk beyond the paper's edge.

    None where no mark is as long as a fiftieth of the picture.
    """
    factor = math.ceil(max(ink.shape) / 100)
    height, width = ink.shape
    padded = np.pad(ink, ((0, -height % factor), (0, -width % factor)))
    cells = padded.reshape(padded.shape[0] // factor, factor, -1, factor)
    labels = _label(cells.max(axis=(1, 3)) > 0)
    amounts = np.bincount(labels.ravel(), cells.sum(axis=(1, 3)).ravel())
    amounts[0] = 0
    sides = [np.unique(side) for side in (labels[0], labels[-1], labels[:, 0], labels[:, -1])]
    touched = np.bincount(np.concatenate(sides), minlength=len(amounts))
    inside = np.where(touched == 0, amounts, 0)
    if not edges_count and inside.max() > 0.01 * amounts.sum() and inside.max() < amounts.max():
        notes.append("left out what lies along the picture's edge")
        amounts = inside
    keep = amounts >= 0.05 * amounts.max()
    keep[0] = False
    mask = keep[labels].repeat(factor, axis=0).repeat(factor, axis=1)[:height, :width]
    mask &= ink > 0
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not rows.size or max(np.ptp(rows), np.ptp(columns)) + 1 < max(ink.shape) / 50:
        return None
    return np.asarray(mask)


def _label(mask: _Mask) -> NDArray[np.int64]:
    """Return the number of the mark that each pixel belongs to, 0 for none.

    Pixels that touch, corners included, are one mark: the largest number spreads over it.
    """
    labels = np.arange(1, mask.size + 1).reshape(mask.shape) * mask
    while True:
        around = sliding_window_view(np.pad(labels, 1), (3, 3)).max(axis=(2, 3)) * mask
        if (around == labels).all():
            return np.unique(labels, return_inverse=True)[1].reshape(mask.shape)
        labels = around


def _into_square(ink: _Array, mask: _Mask, side: int) -> _Array:
    """Return the masked ink cut to its box and brought to a square, its longer side filling it."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    cut = (ink * mask)[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    lacking = [max(cut.shape) - extent for extent in cut.shape]
    square = np.pad(cut, [((extent + 1) // 2, extent // 2) for extent in lacking])
    resized = Image.fromarray(square).resize((side, side), Image.Resampling.BILINEAR)
    return np.asarray(resized, np.float32)
