"""Figures in a cell: drawn as in the report, with a style that stays inside."""

import numpy as np
import pytest

from cnnlab.classroom import see
from cnnlab.errors import CnnlabError
from cnnlab.models.catalog import MODELS
from cnnlab.training.history import EpochRecord

_HISTORY = [EpochRecord(n, 1 / n, 0.5 + n / 20, 1 / n, 0.5 + n / 20, 0.1, 1.0) for n in (1, 2, 3)]


@pytest.fixture(scope="module")
def network():
    return MODELS["lenet5"].build(0)


def test_images_have_their_index_and_class(prepared):
    images = prepared.splits.train
    text = see.images(images, [0, 7])._repr_html_()
    assert f"7: {images.classes[images.labels[7]]}" in text
    assert text.count("<img") == 2
    assert "figcaption" not in see.images(images, range(110), labels=False)._repr_html_()[-9000:]


def test_a_filter_shows_its_numbers_and_the_size_of_what_it_finds(prepared):
    image = prepared.splits.train.images[0]
    text = see.filtered(image, [[-1, 0, 1]] * 3, stride=2, padding=1)._repr_html_()
    assert "28\u00a0\u00d7\u00a028" in text and "14\u00a0\u00d7\u00a014" in text
    assert text.count(">-1</i>") == 3
    large = see.filtered(image, np.ones((11, 11)))._repr_html_()
    assert "the kernel" in large and ">1</i>" not in large


def test_a_flat_image_or_kernel_is_drawn_too(prepared):
    flat = np.zeros((28, 28), np.uint8)
    assert "what it finds" in see.filtered(flat, np.zeros((3, 3)))._repr_html_()


def test_every_figure_of_a_network_is_drawn(network, prepared):
    images = prepared.splits.validation
    parts = {
        "The correct class is bold.": see.prediction(network, images, 3),
        "Click a number to see its images.": see.confusion(network, images),
        "a grey square covers": see.mistakes(network, images),
        "Drawn to scale": see.network(network),
    }
    for words, figure in parts.items():
        assert words in figure._repr_html_()
    assert see.maps(network, images, 1)._repr_html_().count("<img") > 20
    assert see.predictions(network, images, [1, 2])._repr_html_().count("figcaption") >= 4
    assert see.curves(_HISTORY)._repr_html_().count('class="plot-frame"') == 2


def test_a_network_without_maps_says_so(prepared):
    from torch import nn

    flat = nn.Sequential(nn.Flatten(), nn.Linear(1024, 10))
    with pytest.raises(CnnlabError, match="has no maps to show"):
        see.maps(flat, prepared.splits.validation)


def test_a_page_that_is_not_there_is_said(tmp_path):
    with pytest.raises(CnnlabError, match=r"Cannot read .*report\.html"):
        see.page(tmp_path / "report.html")


@pytest.mark.browser
def test_the_style_holds_inside_a_figure_and_nowhere_else(network, prepared, browser):
    figure = see.prediction(network, prepared.splits.validation)._repr_html_()
    page = browser.new_page()
    page.set_content(
        "<body style='color: rgb(1, 2, 3); background: rgb(9, 9, 9)'>"
        f"<p class='cap'>outside</p>{figure}</body>"
    )
    colour = "getComputedStyle(document.querySelector('{}')).{}"
    assert page.evaluate(colour.format("body > .cap", "color")) == "rgb(1, 2, 3)"
    assert page.evaluate(colour.format("body", "backgroundColor")) == "rgb(9, 9, 9)"
    assert page.evaluate(colour.format(".cnnlab-figure", "backgroundColor")) == "rgb(255, 255, 255)"
    assert page.evaluate(colour.format(".cnnlab-figure .name", "color")) == "rgb(26, 31, 38)"
    width = "document.querySelector('.bar i').getBoundingClientRect().width"
    assert page.evaluate(width) > 5  # the bars have a colour and a length
    assert page.evaluate(colour.format(".bar i", "backgroundColor")) == "rgb(75, 63, 167)"
    page.close()
