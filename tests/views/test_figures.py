"""The figures of pages: their structure, numbers and labels."""

import re
from dataclasses import replace

import numpy as np
import pytest

from cnnlab.data.images import ImageSet
from cnnlab.insight.predictions import Predictions
from cnnlab.models.catalog import MODELS
from cnnlab.runs.explain import network_graph
from cnnlab.views.figures import values
from cnnlab.views.figures.axis import Axis, axis_of, whole_numbers
from cnnlab.views.figures.bars import before_and_after, class_bars
from cnnlab.views.figures.colours import colour, css, of_value
from cnnlab.views.figures.curves import Line, Mark, curves
from cnnlab.views.figures.dots import Estimate, Row, differences, every_run, pile
from cnnlab.views.figures.hero import Hero, hero
from cnnlab.views.figures.markup import join, tag
from cnnlab.views.figures.matrix import matrix
from cnnlab.views.figures.network import learned, stages
from cnnlab.views.figures.pictures import prediction

CLOTHES = ("T-shirt/top", "Trouser", *"abcdefg", "Ankle boot")


def words(markup):
    """Return the text of some HTML, its parts separated by |."""
    return "|".join(part for part in re.split(r"<[^>]*>", markup) if part).replace("\u00a0", " ")


def predictions(labels, predicted, classes=CLOTHES, confidence=0.9):
    images = np.zeros((len(labels), 28, 28), np.uint8)
    chances = np.full((len(labels), 10), (1 - confidence) / 9, np.float32)
    chances[np.arange(len(labels)), predicted] = confidence
    return Predictions(ImageSet(images, np.array(labels), classes), chances)


def test_text_and_attributes_are_escaped_and_none_is_left_out():
    found = tag("p", "<b> 5 %", class_="a", title='"', aria_label=None, x=0.123, y=-0.001)
    assert found == '<p class="a" title="&#34;" x="0.12" y="0">&lt;b&gt; 5\u00a0%</p>'
    assert join("<", tag("br")) == "&lt;<br>"


@pytest.mark.parametrize(
    ("given", "labels"),
    [
        ([80.2, 83.1], ["80 %", "81 %", "82 %", "83 %"]),
        ([99.9, 100.0], ["99.90 %", "99.95 %", "100.00 %"]),
        ([5.0, 5.0], ["4.5 %", "5.0 %", "5.5 %"]),
        ([float("nan")], ["0.0 %", "0.5 %", "1.0 %"]),
    ],
)
def test_an_axis_shows_few_round_numbers_and_keeps_within_its_limits(given, labels):
    axis = axis_of(given, unit=" %", within=(0.0, 100.0))
    assert [axis.label(tick) for tick in axis.ticks] == labels
    assert axis.low >= 0
    assert axis.high <= 100


def test_a_signed_axis_has_a_plain_zero_and_real_minus_signs():
    axis = axis_of([-1.0, 1.0], signed=True)
    assert [axis.label(tick) for tick in axis.ticks] == [
        "\u22121.0",
        "\u22120.5",
        "0.0",
        "+0.5",
        "+1.0",
    ]


@pytest.mark.parametrize(
    ("last", "shown"),
    [(1, [1]), (4, [1, 2, 3, 4]), (12, [1, 5, 12]), (25, [1, 5, 10, 15, 20, 25])],
)
def test_epochs_are_whole_numbers_with_the_first_and_the_last(last, shown):
    assert whole_numbers(last) == shown


def test_values_are_orange_white_and_blue_and_symmetric():
    assert [css(of_value(value, 2)) for value in (-9, 0, 2)] == ["#d55e00", "#ffffff", "#0072b2"]
    assert len({colour(place) for place in range(6)}) == 6
    assert colour(6) == colour(0)


def test_a_curve_has_its_name_and_last_value_at_its_end_and_no_legend():
    line = Line("validation", [80.0, 90.0], "teal", "90.0 %", crosses={1: 85.0, 9: 85.0})
    drawn = curves(
        [line], Axis(80, 90, (80, 85, 90), " %"), "accuracy by epoch", Mark(1, 80, "low")
    )
    assert words(drawn) == "80 %|85 %|90 %|1|2|\u00d7|validation|90.0 %|low|epoch"
    assert 'points="0.00,100.00 100.00,0.00"' in drawn
    assert "viewBox" in drawn  # of the lines alone: no text is in it
    assert "<text" not in drawn.split("viewBox")[1].split("</svg>")[0]


def test_one_epoch_is_a_ring_and_a_dot():
    lines = [
        Line("training", [0.5], "black", "0.50", dashed=True),
        Line("validation", [0.5], "teal", "0.50"),
    ]
    drawn = curves(lines, axis_of([0.5]), "loss")
    assert drawn.count("<circle") == 2
    assert 'fill="var(--paper)"' in drawn
    assert "<polyline" not in drawn


def test_names_at_the_ends_of_curves_do_not_touch():
    lines = [Line(name, [1.0, 1.0], "teal", "1.0") for name in ("first", "second", "third")]
    drawn = curves(lines, axis_of([1.0]), "loss")
    heights = [float(y) for y in re.findall(r'class="end"[^>]*? y="([\d.]+)%"', drawn)]
    assert len(heights) == 6
    assert np.diff(sorted(heights)).min() >= 7.9


def test_the_result_is_large_and_its_bar_has_its_true_length():
    found = hero(
        Hero("LeNet-5 on Clothes", 0.8, "of 5 images.", ["Guessing gives 10 %."]),
        predictions([0, 1, 1, 9, 9], [0, 1, 1, 9, 0]),
    )
    assert words(found).startswith("LeNet-5 on Clothes|80.00 %|of 5 images.|Guessing gives 10 %.|")
    assert "| 4 correct|" in words(found)
    assert "1 wrong|" in words(found)
    assert 'style="width:80%"' in found
    assert "is Ankle boot, says T-shirt/top" in words(found)


def test_a_prediction_has_a_mark_and_not_a_colour_alone():
    both = predictions([0, 0], [0, 9], confidence=0.82)
    correct, wrong = (prediction(both, each, with_share=True) for each in range(2))
    assert words(correct) == "\u2713| T-shirt/top (82 %)"
    assert words(wrong) == "\u2717| is T-shirt/top, says Ankle boot (82 %)"
    assert 'class="pic wrong"' in wrong


def test_each_cell_of_the_matrix_opens_its_images_without_a_script():
    found = matrix(predictions([0] * 9 + [1, 1], [9] * 8 + [0, 1, 0]))
    assert found.count("<details") == 4
    assert found.count("<summary") == 4
    assert "Is T-shirt/top, prediction Ankle boot: 8 images, 88.9 % of its class." in words(found)
    assert "These are the 6 of which the network was most certain. Below each: " in words(found)
    assert "Is Trouser, prediction T-shirt/top: 1 image, 50.0 % of its class." in words(found)
    assert 'style="background:#b0224f;color:#fff"' in found  # the most frequent mistake
    assert found.count('class="is-correct"') == 2
    assert found.count('class="none"') == 96


def test_digits_need_no_images_as_headings():
    digits = tuple("0123456789")
    assert "pictured" not in matrix(predictions([0], [0], digits))
    assert 'class="matrix pictured"' in matrix(predictions([0], [0]))


def test_bars_begin_at_zero_and_the_highest_is_first():
    found = class_bars(["a", "b"], [0.5, 0.975])
    assert words(found) == "b|97.5 %|a|50.0 %"
    assert "width:calc(50% - 2.50rem)" in found
    after = np.array([0.9, 0.1], np.float32)
    both = before_and_after(["a", "b"], np.array([0.5, 0.5], np.float32), after, 0)
    assert words(both) == "a|50 %|90 %|b|50 %|10 %"
    assert both.count("bar thin was") == 2
    assert words(before_and_after(["a", "b"], None, after, 0)) == "a|90 %|b|10 %"


@pytest.fixture(scope="module")
def lenet5():
    return network_graph(MODELS["lenet5"].build(seed=0))


def test_a_network_is_drawn_with_its_sizes_and_its_sums(lenet5):
    found = words(stages(lenet5, with_sums=True))
    assert found.startswith("1 image|32 \u00d7 32|what it sees|6 maps|28 \u00d7 28|")
    for told in (
        "6 \u00d7 (5\u00d75 + 1)|= 156",
        "halved|6 \u00d7 14 \u00d7 14|nothing to learn",
        "16 \u00d7 (6\u00d75\u00d75 + 1)|= 2,416",
        "120 numbers|all joined to all|120 \u00d7 (400 + 1)|= 48,120",
        "10 scores|highest wins|10 \u00d7 (84 + 1)|= 850",
    ):
        assert told in found
    assert sum(learned(lenet5, step) for step in lenet5.steps) == 61_706
    assert "156" not in words(stages(lenet5, with_sums=False))


@pytest.mark.parametrize("name", [name for name in MODELS if name != "lenet5"])
def test_every_bundled_network_can_be_drawn(name):
    graph = network_graph(MODELS[name].build(seed=0))
    found = stages(graph, with_sums=True)
    assert found.count('class="stage"') == len(graph.stages)
    assert "10 scores" in words(found)


def test_one_scale_holds_nearly_all_values():
    some = np.concatenate([np.full(99, 0.3), [50.0]]).astype(np.float32)
    assert values.scale_limit(some) == 0.5
    assert values.scale_limit(np.zeros(3, np.float32)) == 1.0
    assert values.scale_limit(np.array([np.nan], np.float32)) == 1.0


def test_kernels_before_and_after_have_one_scale():
    before, after = np.full((2, 3, 3), 0.1, np.float32), np.ones((2, 3, 3), np.float32)
    found = values.kernels(before, after, None, limit=1.0)
    assert words(found) == "Before|After|\u22121 or below|+1 or above"
    same = values.kernels(after, after, None, limit=1.0)
    addresses = re.findall(r'src="([^"]+)"', same)
    assert len(set(addresses)) == 1
    assert len(set(re.findall(r'src="([^"]+)"', found))) == 2


def test_of_many_maps_those_that_vary_most_are_shown_in_their_order():
    maps = np.zeros((40, 4, 4), np.float32)
    maps[[3, 30], 0, 0] = 1
    assert values.varied_maps(maps, 2) == [3, 30]
    assert values.varied_maps(maps[:2], 16) == [0, 1]
    assert [values.rows_of_maps(count) for count in (6, 8, 16, 12)] == [6, 8, 8, 6]


def test_an_image_is_shown_with_the_numbers_of_its_most_varied_square():
    levels = np.zeros((28, 28), np.uint8)
    levels[20:, 20:] = 200
    top, left = values.most_varied(levels, 4)
    shown = levels[top : top + 4, left : left + 4]
    assert (shown == 200).sum() == 8  # half of them: no other square varies more
    found = values.pixels(levels, side=4)
    numbers = words(found).split("|")
    assert len(numbers) == 16
    assert set(numbers) == {"0", "200"}


def test_dots_that_would_cover_each_other_are_piled():
    assert pile([10.0, 10.0, 10.0, 50.0]) == [0, 1, 2, 0]
    assert pile([10.0, 20.0]) == [0, 0]
    assert pile([]) == []


def test_every_run_is_a_dot_and_the_mean_is_written():
    rows = [
        Row("a", [90.0, 91.0], Estimate(90.5, 89.0, 92.0), "violet"),
        Row("b", [90.0], Estimate(90.0, float("nan"), float("nan")), "teal"),
    ]
    found = every_run(rows, axis_of([89.0, 92.0], unit=" %"))
    assert found.count("<circle") == 3
    assert found.count("<rect") == 1  # one run has no interval
    assert words(found).startswith("a|90.50 %|b|90.00 %|")


def test_a_difference_has_its_side_its_number_and_its_interval():
    axis = axis_of([-1.0, 2.0], signed=True)
    one = differences([("b", Estimate(1.63, 1.42, 1.83), "teal")], 0.1, axis)
    assert words(one).startswith("\u2190 worse|better \u2192|+1.63 points|+1.42 to +1.83|")
    assert 'class="no-matter"' in one
    endless = Estimate(-0.5, float("-inf"), float("inf"))
    two = differences([("b", endless, "teal"), ("c", endless, "brown")], 0.1, axis)
    assert "\u22120.50 points|b|still without limits" in words(two)


def test_the_images_of_a_cell_are_the_surest_first():
    some = predictions([0, 0], [9, 9])
    chances = some.probabilities.copy()
    chances[0] *= 0.5
    images = some.image_set.images.copy()
    images[1] = 255
    some = Predictions(replace(some.image_set, images=images), chances)
    cell = matrix(some).split("<summary")[1]
    first, second = re.findall(r'src="([^"]+)"', cell)[:2]
    alone = prediction(some, 1)
    assert first in alone
    assert second not in alone
    assert "\u2717| 90 %|\u2717| 45 %" in words(cell)
