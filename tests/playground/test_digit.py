"""A drawing becomes the digit that `cnnlab predict` makes of the same picture."""

import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw

from cnnlab.data.catalog import DATA_SETS
from cnnlab.data.pictures.normalise import read_picture
from cnnlab.data.tensors import as_input, prepare_images
from cnnlab.errors import PictureError
from cnnlab.insight.trace import graph_of
from cnnlab.models.catalog import MODELS
from tests.support import drawings
from tests.support.browser import as_array, as_text, script

SHEET, PEN = 280, 28
DRAWINGS = drawings.read()
LABELS = np.array([digit for digit, _ in DRAWINGS])


@pytest.fixture(scope="module")
def page(number_page):
    number_page.add_script_tag(content=script("forward", "digit"))
    return number_page


def rasters_of(page, drawn) -> list[np.ndarray]:
    """Return the ink (280, 280) of drawings, each a list of strokes."""
    given = [[np.asarray(points).tolist() for points in strokes] for strokes in drawn]
    texts = page.evaluate("(drawn) => drawn.map((strokes) => textOf(rasterise(strokes)))", given)
    return [as_array(text, np.uint8).reshape(SHEET, SHEET) for text in texts]


def digits_of(
    page, rasters, *, centred: bool = True, made_by: str = "drawnDigit"
) -> list[np.ndarray | None]:
    """Return what `drawnDigit` or `drawnArticle` makes of rasters, (28, 28) or None."""
    texts = page.evaluate(
        f"""([rasters, isCentred]) => rasters.map((text) => {{
          const digit = {made_by}(bytesOf(text), isCentred);
          return digit && textOf(digit);
        }})""",
        [[as_text(each) for each in rasters], centred],
    )
    return [text and as_array(text, np.uint8).reshape(28, 28) for text in texts]


def changed(page, call: str, levels: np.ndarray) -> np.ndarray:
    """Return what a call makes of ``levels``; assert that they themselves do not change."""
    made, same = page.evaluate(
        f"(text) => {{ const levels = bytesOf(text); return [textOf({call}), textOf(levels)]; }}",
        as_text(levels),
    )
    assert same == as_text(levels)
    return as_array(made, np.uint8).reshape(28, 28)


@pytest.fixture
def read(tmp_path):
    """Return what `cnnlab predict` reads in a PNG of dark ink on white paper."""

    def call(ink: np.ndarray, data_set: str = "mnist") -> np.ndarray:
        path = tmp_path / "drawing.png"
        Image.fromarray(255 - ink).save(path)
        return read_picture(path, DATA_SETS[data_set]).image

    return call


@pytest.fixture(scope="module")
def rasters(page) -> list[np.ndarray]:
    """Return the ink of the stored drawings."""
    return rasters_of(page, [strokes for _, strokes in DRAWINGS])


@pytest.fixture(scope="module")
def seen_by_python(rasters, tmp_path_factory) -> np.ndarray:
    """Return what `cnnlab predict` reads in the stored drawings, (200, 28, 28)."""
    folder = tmp_path_factory.mktemp("drawings")
    images = []
    for number, ink in enumerate(rasters):
        Image.fromarray(255 - ink).save(folder / f"{number}.png")
        images.append(read_picture(folder / f"{number}.png", DATA_SETS["mnist"]).image)
    return np.stack(images)


@pytest.fixture(scope="module")
def seen_by_page(page, rasters) -> np.ndarray:
    return np.stack(digits_of(page, rasters))


@pytest.fixture(scope="module")
def network(seen_by_python):
    """Return a LeNet-5 that learned every other drawing, so that it knows digits."""
    inputs, labels = as_input(prepare_images(seen_by_python[::2])), torch.from_numpy(LABELS[::2])
    network = MODELS["lenet5"].build(seed=1)
    optimizer = torch.optim.Adam(network.parameters(), lr=0.003)
    for _ in range(25):
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(network(inputs), labels).backward()
        optimizer.step()
    return network.eval()


# ---- The same digit as Python's ----


def test_the_stored_drawings_are_those_of_the_script():
    made = drawings.draw_all()
    assert [digit for digit, _ in made] == LABELS.tolist()
    for (_, strokes), (_, stored) in zip(made, DRAWINGS, strict=True):
        np.testing.assert_allclose(np.concatenate(strokes), np.concatenate(stored), atol=0.11)


def test_every_pixel_is_within_one_level_of_pythons(seen_by_page, seen_by_python):
    assert len(seen_by_page) == 200
    apart = np.abs(seen_by_page.astype(int) - seen_by_python)
    assert apart.max(axis=(1, 2)).max() <= 1
    assert (apart > 0).sum() < 50  # they are equal but for a pixel that rounds the other way


def test_the_network_predicts_the_same_for_both(page, network, seen_by_page, seen_by_python):
    with torch.no_grad():
        expected = network(as_input(prepare_images(seen_by_python))).numpy()
    graph = graph_of(network, as_input(prepare_images(seen_by_python)).numpy()[:64])
    found = page.evaluate(
        """([json, weights, digits]) => {
          const graph = readGraph(json, bytesOf(weights));
          return digits.map((digit) => {
            const values = compute(graph, asInput(bytesOf(digit)));
            return textOf(values.get(graph.answer));
          });
        }""",
        [graph.to_json(), as_text(graph.to_bytes()), [as_text(each) for each in seen_by_page]],
    )
    logits = np.stack([as_array(text) for text in found])
    np.testing.assert_array_equal(logits.argmax(axis=1), expected.argmax(axis=1))
    np.testing.assert_allclose(logits, expected, atol=0.05)
    unseen = (expected.argmax(axis=1) == LABELS)[1::2]
    assert unseen.mean() > 0.6  # or the network would say the same to everything


def test_a_scribble_that_hides_the_paper_is_the_same_too(page, read):
    """Blots wider than the disc that finds the paper: their rims depend on how it is found."""
    random = np.random.default_rng(5)
    scribbles = []
    for points in (10, 20, 40, 60):
        size = random.uniform(90, 200, 2)
        corner = random.uniform(30, 250 - size)
        scribbles.append([random.random((points, 2)) * size + corner])
    block = [[[20, y], [150, y]] for y in range(20, 150, 10)]
    scribbles.append([*block, [[220, 40], [220, 220]]])
    inks = rasters_of(page, scribbles)
    for ink, digit in zip(inks, digits_of(page, inks), strict=True):
        assert np.abs(digit.astype(int) - read(ink)).max() <= 1


def test_a_digit_in_faint_ink_is_the_same_digit(page, read):
    (ink,) = rasters_of(page, [DRAWINGS[50][1]])
    faint = np.round(ink * 0.3).astype(np.uint8)
    (digit,) = digits_of(page, [faint])
    assert np.abs(digit.astype(int) - read(faint)).max() <= 1
    assert digit.max() == 255


# ---- The same article as Python's ----


def test_an_article_is_pythons_too(page, read, rasters):
    """Every pixel of the drawings within two levels: sharpening doubles what rounds otherwise."""
    touching, dot = rasters_of(
        page, [[[[0, 140], [280, 150]], [[120, 60], [200, 280]]], [[[60, 0]] * 2]]
    )
    seen = [*rasters, touching]
    apart = np.stack(
        [
            np.abs(article.astype(int) - read(ink, "fashion-mnist"))
            for ink, article in zip(
                seen, digits_of(page, seen, made_by="drawnArticle"), strict=True
            )
        ]
    )
    # One drawing covers so much of its frame that predict takes the paper for the ink.
    is_guessed = apart.max(axis=(1, 2)) > 2
    assert is_guessed.sum() == 1
    assert (apart[~is_guessed] > 0).sum() < 100
    assert digits_of(page, [dot], made_by="drawnArticle") == [None]


def test_an_article_fills_the_picture_unless_it_is_not_to(page):
    (ink,) = rasters_of(page, [[[[70, 60], [70, 120]]]])
    (filled,) = digits_of(page, [ink], made_by="drawnArticle")
    (whole,) = digits_of(page, [ink], centred=False, made_by="drawnArticle")
    assert filled.any(axis=1).all()
    assert (whole[:4] == 0).all()
    assert (whole[14:] == 0).all()


# ---- Blank, dots, not centred ----


def test_a_blank_sheet_is_no_digit(page, read):
    blank = np.zeros((SHEET, SHEET), np.uint8)
    assert digits_of(page, [blank]) == digits_of(page, [blank], centred=False) == [None]
    with pytest.raises(PictureError, match="is blank"):
        read(blank)


@pytest.mark.parametrize("middle", [(140, 140), (0, 0), (280, 100), (100.3, 71.8)])
def test_a_dot_is_no_digit(page, middle):
    x, y = middle
    drawn = [[[middle]], [[middle, middle]], [[middle, (x + 3, y - 3)]], [[middle], [middle]]]
    rasters = rasters_of(page, drawn)
    assert digits_of(page, rasters) == [None] * 4
    assert digits_of(page, rasters, centred=False) == [None] * 4


def test_a_speck_that_python_does_not_see_is_no_digit(page, read):
    ink = np.zeros((SHEET, SHEET), np.uint8)
    ink[100:103, 200:203] = 255
    assert digits_of(page, [ink]) == [None]
    with pytest.raises(PictureError, match="is blank"):
        read(ink)


def test_a_short_line_is_a_digit(page, read):
    (ink,) = rasters_of(page, [[[[140, 130], [140, 145]]]])
    (digit,) = digits_of(page, [ink])
    assert np.abs(digit.astype(int) - read(ink)).max() <= 1


def test_not_centred_is_the_whole_sheet_made_smaller(page):
    (ink,) = rasters_of(page, [[[[70, 60], [70, 120]]]])
    (digit,) = digits_of(page, [ink], centred=False)
    assert (digit[:4] == 0).all()
    assert (digit[14:] == 0).all()
    assert (digit[:, 10:] == 0).all()
    assert (digit[6:12, 7] >= 250).all()
    rows, columns = np.indices(digit.shape)
    assert (digit * columns).sum() / digit.sum() == pytest.approx(6.5, abs=0.02)
    assert (digit * rows).sum() / digit.sum() == pytest.approx(8.5, abs=0.02)
    (centred,) = digits_of(page, [ink])
    assert (centred * columns).sum() / centred.sum() == pytest.approx(14, abs=0.51)


# ---- Strokes ----


def test_nothing_drawn_is_no_ink(page):
    assert not any(ink.any() for ink in rasters_of(page, [[], [[]]]))


def test_a_point_is_a_round_dot_as_wide_as_the_pen(page):
    (ink,) = rasters_of(page, [[[[140, 100]]]])
    rows, columns = np.indices(ink.shape) + 0.5
    distance = np.hypot(rows - 100, columns - 140)
    expected = np.clip(PEN / 2 + 0.5 - distance, 0, 1) * 255
    np.testing.assert_allclose(ink, expected, atol=0.51)
    assert ink.sum() / 255 == pytest.approx(np.pi * (PEN / 2) ** 2, rel=0.002)


@pytest.mark.parametrize("points", [[[60, 80], [200, 170]], [[60, 80], [130, 125], [200, 170]]])
def test_a_line_is_as_wide_as_the_pen_with_round_ends(page, points):
    (ink,) = rasters_of(page, [[points]])
    picture = Image.new("L", (SHEET * 8, SHEET * 8))
    ends = [tuple(8 * each for each in point) for point in (points[0], points[-1])]
    draw = ImageDraw.Draw(picture)
    draw.line(ends, fill=255, width=PEN * 8)
    for x, y in ends:
        draw.ellipse([x - PEN * 4, y - PEN * 4, x + PEN * 4, y + PEN * 4], fill=255)
    expected = np.asarray(picture.reduce(8)).astype(int)
    assert np.abs(ink - expected).mean() < 0.2
    assert np.abs(ink - expected).max() < 60


def test_corners_are_smooth_and_the_ends_are_where_the_pen_was(page):
    corner = [[40, 200], [140, 40], [240, 200]]
    (ink,) = rasters_of(page, [[corner]])
    assert ink[200, 40] == ink[200, 240] == 255
    assert ink[30, 140] == 0  # a line with a sharp corner would have its ink here
    assert ink[80, 140] == 255  # the curve between the midpoints has its top here
    assert np.abs(ink.astype(int) - ink[:, ::-1]).max() <= 1


def test_strokes_add_to_each_other_and_stay_on_the_sheet(page):
    one, other = [[0, 0], [280, 280]], [[280, 0], [0, 280]]
    first, second, both = rasters_of(page, [[one], [other], [one, other]])
    np.testing.assert_array_equal(both, np.maximum(first, second))
    assert both[0, 0] == both[-1, -1] == 255


# ---- Changes of an image ----

IMAGE = np.zeros((28, 28), np.uint8)
IMAGE[5:23, 6:21] = np.random.default_rng(1).integers(0, 256, (18, 15))


@pytest.mark.parametrize(("down", "right"), [(0, 0), (3, -2), (-4, 4), (28, 0), (0, -30)])
def test_moved(page, down, right):
    expected = np.zeros_like(IMAGE)
    for row, column in np.ndindex(28, 28):
        if 0 <= row + down < 28 and 0 <= column + right < 28:
            expected[row + down, column + right] = IMAGE[row, column]
    found = changed(page, f"moveBy(levels, {down}, {right})", IMAGE)
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("degrees", [10, -45, 33.3, 180])
def test_turned_clockwise_about_the_middle(page, degrees):
    wanted = Image.fromarray(IMAGE).rotate(-degrees, Image.Resampling.BILINEAR)
    found = changed(page, f"turn(levels, {degrees})", IMAGE)
    inside = (slice(1, 27), slice(1, 27))  # Pillow has no shares of pixels beyond the edge
    assert np.abs(found.astype(int) - np.asarray(wanted))[inside].max() <= 1


def test_turned_by_a_quarter_or_not_at_all(page):
    np.testing.assert_array_equal(changed(page, "turn(levels, 0)", IMAGE), IMAGE)
    np.testing.assert_array_equal(changed(page, "turn(levels, 90)", IMAGE), np.rot90(IMAGE, -1))


def test_noise_has_the_deviation_that_was_asked_for_and_its_own_seed(page):
    grey = np.full((28, 28), 128, np.uint8)
    noises = [changed(page, f"addNoise(levels, 20, {seed})", grey) for seed in range(20)]
    added = np.stack(noises).astype(float) - 128
    assert added.mean() == pytest.approx(0, abs=0.6)
    assert added.std() == pytest.approx(20, rel=0.02)
    assert (np.abs(added) > 40).mean() == pytest.approx(0.0455, abs=0.008)  # as of a normal one
    assert np.abs(np.corrcoef(added.reshape(20, -1)) - np.eye(20)).max() < 0.2
    np.testing.assert_array_equal(changed(page, "addNoise(levels, 20, 7)", grey), noises[7])
    assert noises[1][0, :4].tolist() == [133, 153, 138, 137]  # in every browser


def test_noise_stays_within_black_and_white(page):
    np.testing.assert_array_equal(changed(page, "addNoise(levels, 0, 3)", IMAGE), IMAGE)
    black_and_white = np.zeros((28, 28), np.uint8)
    black_and_white[:14] = 255
    noise = changed(page, "addNoise(levels, 100, 3)", black_and_white)
    assert (noise[:14] == 255).mean() == pytest.approx(0.5, abs=0.1)
    assert (noise[14:] == 0).mean() == pytest.approx(0.5, abs=0.1)
