"""The page of a run, opened from a file in a real browser, as a person opens it."""

import copy
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import cnnlab
from cnnlab.cli.main import run
from cnnlab.data.own.load import load
from cnnlab.errors import ModelError
from cnnlab.insight.trace import trace
from cnnlab.models.catalog import MODELS
from cnnlab.playground.page import render
from cnnlab.playground.payload import Payload, as_text, build_payload, shorten, stored
from cnnlab.runs.run import open_run
from tests.support.browser import script
from tests.support.idioms import lively
from tests.support.screens import serious_findings

MOST_BYTES = 575_000
TABS = ("see", "draw", "why", "kernels", "mistakes", "training")
NUMBER = r"[+\u2212]?\d+(?:\.\d+)?"


@pytest.fixture(scope="module")
def payload(folder) -> Payload:
    return build_payload(open_run(folder), load("fashion-mnist-sample", notify=lambda _: None))


@pytest.fixture(scope="module")
def address(payload, folder) -> str:
    file = folder / "page.html"
    file.write_bytes(render(payload))
    return file.as_uri()


def opened(page, address, state="", size=(1280, 720)):
    page.set_viewport_size({"width": size[0], "height": size[1]})
    page.goto(f"{address}#{state}")
    page.wait_for_selector("#app:not([hidden])")
    return page


def number(text: str) -> float:
    return float(text.replace("\u2212", "-"))


def changed(payload: Payload, folder: Path, change) -> str:
    """Return the address of a page whose content is changed."""
    content = copy.deepcopy(payload.content)
    change(content)
    file = folder / "changed.html"
    file.write_bytes(render(replace(payload, content=content)))
    return file.as_uri()


def test_the_page_proves_that_it_computes_what_pytorch_computes(browser_page, address):
    page = opened(browser_page, address)
    said = page.text_content(".proof")
    assert re.match(r"✓ This page computes the network itself: same answers as PyTorch 2\.", said)
    assert "on 32 pictures" in said
    assert number(re.search(r"largest difference ([\d.e-]+\d)", said)[1]) < 1e-3
    assert [each for each in page.asked if not each.startswith(("file:", "data:"))] == []


def test_a_page_with_other_weights_says_that_it_cannot_be_trusted(browser_page, payload, folder):
    def shift(content):
        content["check"]["logits"][3][2] += 0.5

    page = opened(browser_page, changed(payload, folder, shift))
    assert "Do not trust these numbers" in page.text_content(".proof.disagrees")


@pytest.mark.parametrize("size", [(380, 800), (900, 760), (1138, 760), (1280, 720), (1920, 1080)])
def test_no_part_of_the_page_is_wider_than_the_screen(browser_page, address, size):
    for tab in TABS:
        page = opened(browser_page, f"{address}", f"tab={tab}", size)
        page.reload()
        assert page.evaluate("document.documentElement.scrollWidth") <= size[0], tab
        assert page.get_attribute(f'nav [data-tab="{tab}"]', "aria-current") == "page"


def test_the_numbers_of_a_sum_add_up_as_they_are_shown(browser_page, address):
    page = opened(browser_page, address)
    for stage in ("conv1.2.9.9", "conv2.7.4.6", "linear1.17.1.1", "linear3.4.1.1", "pool1.3.5.5"):
        page.goto(f"{address}#at={stage}")
        page.reload()
        rows = page.locator(".fall li").all_text_contents()
        if rows:
            terms = [number(re.search(rf"({NUMBER})$", each)[1]) for each in rows]
            assert sum(terms[:-1]) == pytest.approx(terms[-1], abs=1e-9), stage
        shown = page.text_content(".drawer h2")
        assert re.search(rf" is {NUMBER}$", shown), shown
        if "pool" not in stage:
            assert rows


@pytest.mark.parametrize(
    ("name", "stage"),
    [
        ("lenet5", "Convolution 2"),  # the first in which channels add up
        ("resnet8", "Convolution 2"),
        ("mobilenet-small", "Convolution 1"),  # its others read one map each, or one pixel
    ],
)
def test_the_page_opens_with_a_convolution(browser_page, payload, folder, name, stage):
    graph = trace(lively(MODELS[name].make), (1, 32, 32))
    tensors, block = stored(graph, half=False)

    def exchange(content):
        content["graph"] = graph.to_json() | tensors
        content["weights"] = as_text(block)

    page = opened(browser_page, changed(payload, folder, exchange))
    assert page.text_content(".drawer h2").startswith(f"{stage}, map ")


def test_the_page_opens_with_a_number_whose_parts_have_both_signs(browser_page, address):
    page = opened(browser_page, address)
    assert abs(number(page.text_content(".drawer h2").rsplit(" is ")[1])) < 0.95  # tanh is visible
    signs = {each[0] for each in page.locator(".column .number").all_text_contents()}
    assert signs == {"+", "\u2212"}


def test_keys_walk_through_the_network(browser_page, address):
    page = opened(browser_page, address, "at=conv2.7.4.6")

    def title():
        return page.text_content(".drawer h2")

    assert title().startswith("Convolution 2, map 7, row 4, column 6 is ")
    for key, expected in [
        ("ArrowDown", "Convolution 2, map 7, row 5, column 6"),
        ("ArrowLeft", "Convolution 2, map 7, row 5, column 5"),
        ("]", "Convolution 2, map 8, row 5, column 5"),
        ("[", "Convolution 2, map 7, row 5, column 5"),
        (".", "Convolution 2, map 7, row 5, column 6"),
        (",", "Convolution 2, map 7, row 5, column 5"),
        ("Enter", "Pooling 1, map "),
        ("Enter", "Convolution 1, map "),
        ("Backspace", "Pooling 1, map "),
        ("Backspace", "Convolution 2, map 7, row 5, column 5"),
        ("PageDown", "Pooling 2, map "),
    ]:
        page.keyboard.press(key)
        assert title().startswith(expected), key
    page.keyboard.press("5")
    assert page.text_content("h2") == "What was taken for what"
    page.keyboard.press("?")
    assert page.is_visible("dialog.help")


def test_pointing_shows_what_a_number_reads(browser_page, address):
    page = opened(browser_page, address)
    page.locator(".stage", has_text="Convolution 2").locator(".map").nth(3).hover()
    assert page.text_content(".drawer h2").startswith("Convolution 2, map 4, row ")
    assert page.locator(".frame.reads").count() == 6
    assert page.locator(".frame.reach").count() == 1
    page.mouse.move(5, 5)
    assert not page.text_content(".drawer h2").startswith("Convolution 2, map 4, row ")


def test_the_address_holds_the_state_and_is_checked(browser_page, address):
    page = opened(browser_page, address, "tab=kernels&picture=5&at=conv1.3.12.14&scale=map")
    assert "6 of " in page.text_content(".source")
    assert page.text_content(".scale button") == "scale: per map"
    page = opened(browser_page, address, "tab=nothing&picture=99999&at=conv9.1.1.1&x=<b>")
    page.reload()
    said = page.text_content(".note")
    assert said.startswith("A part of the address was not understood (tab, picture, at)")
    assert page.text_content(".source").startswith("1 of ")


def test_a_drawing_is_answered_while_it_is_drawn(browser_page, address):
    page = opened(browser_page, address, "tab=draw")
    sheet = page.locator(".sheet").bounding_box()
    page.click("text=Clear")
    assert page.text_content(".s-answer h3") == "No answer"
    assert page.text_content(".s-answer p") == "nothing is drawn yet"
    page.mouse.move(sheet["x"] + 110, sheet["y"] + 40)
    page.mouse.down()
    for step in range(15):
        page.mouse.move(sheet["x"] + 110, sheet["y"] + 40 + 10 * step)
    page.mouse.up()
    assert page.text_content(".s-answer h3").startswith("Answer: ")
    assert "your drawing" in page.text_content(".source")
    page.click("text=Undo")
    assert page.text_content(".s-answer h3") == "No answer"


def test_a_drawing_is_possible_with_keys_alone(browser_page, address):
    page = opened(browser_page, address, "tab=draw")
    page.focus(".sheet")
    for key in (" ", *["ArrowDown"] * 4, *["ArrowRight"] * 3, " "):
        page.keyboard.press(key)
    assert page.text_content(".s-answer h3").startswith("Answer: ")
    assert page.get_attribute('nav [data-tab="draw"]', "aria-current") == "page"


def test_a_stored_picture_can_be_moved(browser_page, address):
    page = opened(browser_page, address, "tab=draw")
    before = page.get_attribute(".stage.s-picture .map", "aria-label")
    page.locator(".slider input").first.fill("4")
    assert page.get_attribute(".stage.s-picture .map", "aria-label") != before
    assert page.text_content(".source") == "a changed picture"


def test_covering_parts_says_how_the_answer_falls(browser_page, address):
    page = opened(browser_page, address, "tab=why")
    page.get_by_text("falls from").wait_for()
    said = page.text_content(".why")
    before, after = re.search(r"falls from ([\d.]+)\s%\sto ([\d.]+)\s%", said).groups()
    assert number(after) < number(before)
    assert page.locator(".path li").count() >= 5


def test_a_cell_of_the_matrix_opens_its_images_and_they_open_the_network(browser_page, address):
    page = opened(browser_page, address, "tab=mistakes")
    page.locator(".matrix tbody tr").nth(3).locator("button").nth(3).click()
    assert re.match(r"Dress, ✓ recognised: \d+", page.text_content(".about"))
    page.locator(".images button").first.click()
    assert page.get_attribute('nav [data-tab="see"]', "aria-current") == "page"
    assert page.text_content(".source").endswith(": Dress")


def test_the_page_is_a_picture_and_words_without_script(browser, address):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(address)
    assert page.is_visible("#still img")
    assert re.search(r"The network's answer: \S+, [\d.]+ %", page.text_content("#still"))
    assert "open it in Firefox, Chrome, Edge or Safari" in page.text_content("#still")
    context.close()


def test_hostile_names_stay_text(browser_page, payload, folder):
    hostile = "</script><img src=x onerror=alert(1)>"

    def rename(content):
        content["classes"][0] = hostile
        content["run"]["network"] = hostile

    page = opened(browser_page, changed(payload, folder, rename))
    assert hostile in page.text_content(".run")
    assert page.locator("img").count() == 0


def test_the_same_run_gives_the_same_small_file_with_nothing_personal(payload, folder):
    again = build_payload(open_run(folder), load("fashion-mnist-sample", notify=lambda _: None))
    whole = render(payload)
    assert render(again) == whole
    assert len(whole) <= MOST_BYTES
    for private in (Path.home(), folder, folder.parent.name):
        assert str(private).encode() not in whole or str(private) == "/"


def test_half_precision_is_half_the_size_and_says_what_it_changes(browser_page, folder, payload):
    half = build_payload(
        open_run(folder), load("fashion-mnist-sample", notify=lambda _: None), half=True
    )
    file = folder / "half.html"
    file.write_bytes(render(half))
    page = opened(browser_page, file.as_uri())
    said = page.text_content(".proof")
    assert "✓ This page computes the network itself" in said
    assert f"half precision: {half.changed} of 2,000 validation answers differ" in said
    assert len(half.content["weights"]) < 0.52 * len(build_payload_weights(folder))


def build_payload_weights(folder: Path) -> str:
    return build_payload(
        open_run(folder), load("fashion-mnist-sample", notify=lambda _: None)
    ).content["weights"]


def test_axe_finds_nothing_serious_and_no_browser_may_darken_the_page(browser_page, address):
    for tab in TABS:
        page = opened(browser_page, address, f"tab={tab}")
        page.reload()
        assert serious_findings(page) == [], tab
    scheme = page.evaluate("getComputedStyle(document.documentElement).colorScheme")
    assert set(scheme.split()) == {"only", "light"}


@pytest.mark.parametrize("length", [0, 1, 2, 3, 4, 5, 1000])
def test_bytes_as_text_are_the_same_bytes_on_the_page(browser_page, length):
    browser_page.add_script_tag(content=script("stored"))
    content = bytes(np.random.default_rng(length).integers(0, 256, length, np.uint8))
    text = as_text(content)
    assert not set('<\\"') & set(text)
    assert browser_page.evaluate("text => Array.from(unpack(text))", text) == list(content)


def test_zeros_are_stored_as_their_number():
    assert shorten(bytes([0] * 300 + [7, 0, 9])) == bytes([0, 255, 0, 45, 7, 0, 1, 9])


def test_an_own_picture_is_explained(browser_page, folder, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    drawn = np.full((90, 90), 255, np.uint8)
    drawn[15:75, 40:50] = 0
    Image.fromarray(drawn).save("one.png")
    result = run(["predict", str(folder), "one.png", "--explain"])
    assert result == 0
    page = opened(browser_page, Path("one-inside.html").absolute().as_uri())
    assert re.fullmatch(r"1 of \d+: your picture", page.text_content(".source"))
    assert page.text_content(".s-answer p") == "what it is, only you know"
    assert "✓ This page computes the network itself" in page.text_content(".proof")


def test_a_notebook_shows_the_page_in_a_frame(browser_page, folder, tmp_path):
    shown = cnnlab.show(open_run(folder))
    assert "page" not in repr(shown)
    (tmp_path / "cell.html").write_text(shown._repr_html_())
    browser_page.goto((tmp_path / "cell.html").as_uri())
    frame = browser_page.frame_locator("iframe")
    frame.locator(".proof").wait_for()
    assert "same answers as PyTorch" in frame.locator(".proof").text_content()


def test_a_network_that_cannot_be_followed_is_refused_with_its_line(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Path("mine.py").write_text(
        "from torch import nn\n"
        "class Net(nn.Linear):\n"
        "    def __init__(self): super().__init__(1024, 10)\n"
        "    def forward(self, x):\n"
        "        if x.sum() > 1e9:\n"
        "            x = x * 2\n"
        "        return super().forward(x.flatten(1))\n"
    )
    settings = "--dataset fashion-mnist-sample --recipe sprint --epochs 1 --offline --output run"
    assert run(["train", "--model", "mine.py:Net", *settings.split()]) == 0
    with pytest.raises(ModelError, match=r"line 5 of source.py, `if x.sum\(\) > 1e9:`, decides by"):
        run(["export", "run", "--page"])
    assert not Path("run/page.html").exists()


def test_a_file_says_how_many_of_how_many_images_it_has(browser_page, address, payload):
    validation = payload.content["run"]["validation"]
    page = opened(browser_page, address, "tab=kernels")
    page.get_by_text(
        re.compile(rf"of the \d+ pictures here, not all {validation:,}, before tanh")
    ).wait_for()
    page = opened(browser_page, address, "tab=mistakes")
    page.reload()
    matrix = np.array(payload.content["matrix"]) * (1 - np.eye(10, dtype=int))
    shown = re.search(
        r"(\d+) of these (\d+) images are in this file\.", page.text_content(".about")
    )
    assert int(shown[2]) == matrix.max(), "it opens with the largest mistake"
    assert page.locator(".images button").count() == int(shown[1]) >= 4


def test_on_a_phone_the_answer_is_above_the_sheet_and_the_number_is_always_in_view(
    browser_page, address
):
    page = opened(browser_page, address, "tab=draw", (380, 800))
    assert page.locator(".sheet").bounding_box()["y"] < 450
    page.click('nav [data-tab="see"]')
    line = page.locator(".here")
    assert line.bounding_box()["y"] + line.bounding_box()["height"] <= 800
    assert line.text_content().startswith("Convolution 2, map ")
    line.click()
    assert page.locator(".drawer h2").bounding_box()["y"] < 100


def test_a_changed_picture_can_be_restored(browser_page, address):
    page = opened(browser_page, address, "tab=draw")
    slider, source = page.locator(".slider input").first, page.locator(".source")
    before = source.text_content()
    slider.fill("4")
    page.click("text=As it was")
    assert (source.text_content(), slider.input_value()) == (before, "0")
    slider.fill("3")
    page.click("text=Another picture")
    assert source.text_content().startswith("2 of ")
    assert slider.input_value() == "0"
