import io
import struct
import time
import zlib

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from cnnlab.data.catalog import DATA_SETS
from cnnlab.data.pictures.normalise import read_picture
from cnnlab.errors import PictureError

DIGITS, FASHION = DATA_SETS["mnist"], DATA_SETS["fashion-mnist"]


def seven(size=(600, 400), ink=20, paper=235) -> Image.Image:
    picture = Image.new("L", size, paper)
    draw = ImageDraw.Draw(picture)
    draw.line([(200, 100), (330, 100), (250, 300)], fill=ink, width=28, joint="curve")
    return picture


@pytest.fixture
def read(tmp_path):
    """Save a Pillow picture, or bytes, and read it as a data set's image."""

    def call(picture, data_set=DIGITS, name="picture.png", **options):
        path = tmp_path / name
        if isinstance(picture, bytes):
            path.write_bytes(picture)
        else:
            picture.save(path, **options)
        return read_picture(path, data_set)

    return call


def centre_of_mass(image):
    rows, columns = np.indices(image.shape)
    return (image * rows).sum() / image.sum(), (image * columns).sum() / image.sum()


def difference(first, second):
    return np.abs(first.astype(int) - second).mean()


def test_digit_is_light_on_dark_in_a_20_box_centred_by_mass(read):
    picture = read(seven())
    assert picture.image.shape == (28, 28)
    assert picture.image[0, 0] == 0
    rows, columns = np.flatnonzero(picture.image.max(1)), np.flatnonzero(picture.image.max(0))
    assert max(np.ptp(rows), np.ptp(columns)) + 1 <= 20
    assert min(np.ptp(rows), np.ptp(columns)) > 8
    # The middle as MNIST has it: row and column 14, within half a pixel.
    assert centre_of_mass(picture.image) == pytest.approx((14, 14), abs=0.51)
    assert "dark on light: inverted to light on dark, like the training images" in picture.notes


def test_negative_gives_the_same_image(read):
    dark_on_light, light_on_dark = seven(ink=0, paper=255), seven(ink=255, paper=0)
    assert difference(read(dark_on_light).image, read(light_on_dark).image) < 1


@pytest.mark.parametrize("data_set", [DIGITS, FASHION])
def test_data_set_image_comes_back_as_it_is(read, data_set):
    image = np.zeros((28, 28), np.uint8)
    image[5:20, 9:17] = np.arange(15 * 8).reshape(15, 8) + 100
    picture = read(Image.fromarray(image), data_set)
    assert np.array_equal(picture.image, image)
    assert "already 28 x 28: used unchanged" in picture.notes
    assert np.array_equal(read(Image.fromarray(255 - image), data_set).image, image)


def test_article_fills_the_longest_side_and_keeps_its_shape(read):
    picture = Image.new("L", (500, 500), 250)
    ImageDraw.Draw(picture).rectangle([150, 50, 349, 449], fill=60)
    image = read(picture, FASHION).image > 100  # its edges may be soft
    rows, columns = np.flatnonzero(image.any(1)), np.flatnonzero(image.any(0))
    assert np.ptp(rows) + 1 == 28
    assert np.ptp(columns) + 1 == pytest.approx(14, abs=1)
    assert columns.mean() == pytest.approx(13.5, abs=0.6)


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "P", "CMYK", "LA", "1"])
def test_colour_modes_give_the_same_digit(read, mode):
    name = "picture.tif" if mode == "CMYK" else "picture.png"
    plain, other = read(seven()), read(seven().convert(mode), name=name)
    assert difference(plain.image, other.image) < 6


def test_sixteen_bit_grey_gives_the_same_digit(read):
    levels = np.asarray(seven()).astype(np.uint16) * 257
    assert difference(read(seven()).image, read(Image.fromarray(levels)).image) < 1


@pytest.mark.parametrize("ink", [0, 255])
def test_transparent_picture_is_put_on_what_contrasts(read, ink):
    opaque = seven(ink=255, paper=0)
    picture = Image.merge("LA", [Image.new("L", opaque.size, ink), opaque])
    result = read(picture)
    assert difference(result.image, read(opaque).image) < 6
    assert f"transparent: put on {'black' if ink else 'white'}" in result.notes


def test_exif_rotation_is_applied(read):
    exif = Image.Exif()
    exif[0x0112] = 6  # shown turned a quarter clockwise
    stored = seven().transpose(Image.Transpose.ROTATE_90)
    result = read(stored, name="turned.jpg", exif=exif, quality=95)
    assert difference(result.image, read(seven()).image) < 8
    assert "turned the right way up, as its EXIF data say" in result.notes


def test_shadow_over_the_paper_is_no_ink(read):
    levels = np.asarray(seven()).astype(float)
    shadow = np.linspace(1, 0.45, levels.shape[1])[None, :]
    noise = np.random.default_rng(0).normal(0, 3, levels.shape)
    photo = Image.fromarray(np.clip(levels * shadow + noise, 0, 255).astype(np.uint8))
    assert difference(read(photo).image, read(seven()).image) < 15


def test_animation_is_its_first_frame_and_says_so(read):
    frames = [seven(), Image.new("L", (600, 400), 0)]
    result = read(frames[0], name="a.gif", save_all=True, append_images=frames[1:])
    assert difference(result.image, read(seven()).image) < 6
    assert "first of 2 frames" in result.notes


def png_header(width: int, height: int) -> bytes:
    def chunk(kind: bytes, content: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(kind + content))
        return struct.pack(">I", len(content)) + kind + content + check

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    body = zlib.compress(b"\0" * 1000)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", body) + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize("side", [8_000, 60_000])
def test_bomb_is_refused_by_its_header(read, side):
    start = time.perf_counter()
    with pytest.raises(PictureError, match=r"is too large.*Make it smaller in an image viewer"):
        read(png_header(side, side))
    assert time.perf_counter() - start < 1


def test_a_header_of_more_pixels_than_the_file_can_hold_is_refused(read):
    with pytest.raises(PictureError, match="says 7,000 x 7,000 pixels; expected fewer"):
        read(png_header(7_000, 7_000))


@pytest.mark.parametrize("mode", ["1", "L", "RGB"])
def test_a_png_packed_as_closely_as_can_be_is_unpacked(read, mode):
    with pytest.raises(PictureError, match="is blank"):
        read(Image.new(mode, (4_000, 4_000)), compress_level=9)


def jpeg() -> bytes:
    file = io.BytesIO()
    seven().save(file, format="JPEG")
    return file.getvalue()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", r"is empty \(0 bytes\)"),
        (b"just words", "is not a picture that can be read: found text"),
        (b"<!doctype html><p>", "found a web page"),
        (b"%PDF-1.7 ...", "found a PDF"),
        (jpeg()[:300], "cannot be decoded: it starts like a JPEG"),
        (png_header(2, 2), "is too small to show anything: found 2 x 2 pixels"),
        (png_header(4_000, 30), "is a long strip: found 4,000 x 30 pixels"),
    ],
)
def test_what_is_no_usable_picture_is_named(read, content, message):
    with pytest.raises(PictureError, match=message):
        read(content)


@pytest.mark.parametrize("data_set", [DIGITS, FASHION])
@pytest.mark.parametrize("size", [(28, 28), (300, 200)])
def test_blank_picture_is_refused(read, data_set, size):
    with pytest.raises(PictureError, match="is blank"):
        read(Image.new("L", size, 200), data_set)


def test_missing_file_and_folder_are_named(tmp_path):
    with pytest.raises(PictureError, match="There is no file"):
        read_picture(tmp_path / "nothing.png", DIGITS)
    with pytest.raises(PictureError, match="is a folder"):
        read_picture(tmp_path, DIGITS)


def test_pillows_own_limit_is_left_alone(read):
    before = Image.MAX_IMAGE_PIXELS
    read(seven())
    assert before == Image.MAX_IMAGE_PIXELS


def encoded(kind: str) -> bytes:
    file = io.BytesIO()
    seven().resize((90, 60)).save(file, format=kind)
    return file.getvalue()


ENCODED = [encoded("PNG"), encoded("JPEG"), encoded("GIF"), encoded("BMP")]


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.sampled_from(ENCODED),
    st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), max_size=6),
    st.floats(0.3, 1),
)
def test_damaged_bytes_give_a_picture_or_a_picture_error(tmp_path, content, changes, share):
    damaged = bytearray(content[: int(len(content) * share)])
    for place, value in changes:
        damaged[int(place * len(damaged))] = value
    path = tmp_path / "damaged"
    path.write_bytes(damaged)
    try:
        picture = read_picture(path, DIGITS)
    except PictureError:
        return
    assert picture.image.shape == (28, 28)
    assert picture.image.dtype == np.uint8
