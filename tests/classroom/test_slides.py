"""The slides of a run: in a browser at every size, on paper, in PowerPoint; and what goes wrong."""

import re
import shutil
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from cnnlab.classroom import slides
from cnnlab.classroom.deck import of_run
from cnnlab.classroom.deck.html import markup
from cnnlab.classroom.deck.items import Words
from cnnlab.classroom.deck.material import gather
from cnnlab.classroom.deck.of_run import patch_and_kernel
from cnnlab.classroom.deck.source import NOTES, Span, read_slides, spans
from cnnlab.data.own.load import load
from cnnlab.errors import ModelError, RunError
from cnnlab.runs.inside import Inside
from cnnlab.runs.run import open_run

NUMBER = 26
LIVE = [1, 8, 14, 17, 18, 23]
_SMALL = """least => {
  const shown = [...document.querySelectorAll(".sheet.now .slide *")].filter(e =>
    [...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim())
    && e.getBoundingClientRect().width > 2 && !e.closest(".aloud"));
  const size = e => {
    const own = parseFloat(getComputedStyle(e).fontSize), sketch = e.closest(".sketch");
    return sketch ? own * sketch.getBoundingClientRect().width / sketch.viewBox.baseVal.width : own;
  };
  return shown.filter(e => size(e) < least).map(e => [e.textContent.trim().slice(0, 30), size(e)]);
}"""
_OUTSIDE = """() => {
  const slide = document.querySelector(".sheet.now .slide"), box = slide.getBoundingClientRect();
  const body = slide.querySelector(".body").getBoundingClientRect();
  const parts = ".body :is(p, img, span, td, th, text, b, code, figcaption)";
  return [...slide.querySelectorAll(parts)].filter(e => {
    const own = e.getBoundingClientRect();
    return own.width > 2 && !e.closest(".aloud") && (own.left < box.left || own.right > box.right
      || own.top < body.top - 6 || own.bottom > body.bottom + 6);
  }).map(e => e.outerHTML.slice(0, 90));
}"""
_ALL = 'document.querySelector(".sheet.now").classList.add("all")'


@pytest.fixture(scope="module")
def splits():
    return load("fashion-mnist-sample", notify=lambda _: None)


@pytest.fixture(scope="module")
def deck(folder, splits):
    return slides.make_deck(open_run(folder), splits, link="http://192.168.1.20:8000/")


@pytest.fixture(scope="module")
def material(folder, splits):
    return gather(open_run(folder), splits)


@pytest.fixture(scope="module")
def html(deck) -> str:
    return deck.html().decode()


@pytest.fixture(scope="module")
def address(deck, tmp_path_factory) -> str:
    file = tmp_path_factory.mktemp("deck") / "slides.html"
    slides.write_deck(deck, file)
    return file.as_uri()


@pytest.fixture
def page(browser, address):
    """Open the slides; at the end nothing was requested and no error was reported."""
    context = browser.new_context(viewport={"width": 1920, "height": 1080}, offline=True)
    asked, faults = [], []

    def watch(page):
        page.on("request", lambda request: asked.append(request.url))
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("console", lambda message: faults.append(message.text))

    context.on("page", watch)
    page = context.new_page()
    page.goto(address)
    yield page
    context.close()
    assert faults == []
    assert [url for url in asked if not url.startswith(("file:", "data:", "about:"))] == []


def number(page) -> int:
    return int(page.get_attribute(".sheet.now", "data-number"))


def go(page, to: int) -> None:
    page.evaluate(f"location.hash = '#{to}'")
    page.wait_for_selector(f'.sheet.now[data-number="{to}"]')


def test_every_slide_has_a_title_and_notes(deck):
    assert len(deck.slides) == NUMBER
    assert len({each.title for each in deck.slides}) == NUMBER
    for slide in deck.slides:
        assert [*slide.notes] == list(NOTES)
        assert slide.notes["Ask"].rstrip(".").endswith("?") or "?" in slide.notes["Ask"]
        assert len(slide.title) <= 40
    assert [each.number for each in deck.slides if each.live] == LIVE
    assert {name for each in deck.slides for name in each.figures} == {*deck.figures}


def test_nothing_is_left_to_fill_and_nothing_is_asked_for(html, deck):
    assert not re.search(r"\{\{ ?\w+(\.\w+)* ?\}\}", html)
    addresses = set(re.findall(r"https?://[\w.:-]+", html))
    assert addresses <= {"http://www.w3.org", "http://192.168.1.20:8000"}
    assert len(html.encode()) <= slides.MOST_BYTES
    assert deck.page is not None
    assert deck.why_not == ""


def test_the_slides_show_the_run(deck, material):
    words = "".join(span.text for span in deck.slides[22].paragraphs[0])
    accuracy = material.history[-1].validation_accuracy
    assert f"{100 * accuracy:.2f} % of the validation images are correct." in words
    assert deck.slides[6].title == "Convolution by hand"
    named = set(re.findall(r"\{\{ ([\w.]+) \}\}", slides.SOURCE.read_text(encoding="utf-8")))
    assert named == {*slides.values_of(material)}


def test_same_run_same_bytes_and_nothing_personal(html, folder, splits):
    again = slides.make_deck(open_run(folder), splits, link="http://192.168.1.20:8000/")
    assert again.html().decode() == html
    assert str(Path.home()) + "/" not in html
    assert str(folder.parent) not in html
    assert not re.search(r"/(home|Users|tmp)/", html)


def test_a_pixel_adds_up_as_the_network_computes_it(material):
    pin = material.pin(material.first)
    patch, kernel = patch_and_kernel(material, pin.pixel)
    graph, step = material.inside.after, material.first
    bias = graph.tensor(step, "bias")[pin.pixel[0]]
    found = material.values[step.name][0][pin.pixel]
    assert (patch * kernel).sum() + bias == pytest.approx(found, abs=1e-4)
    steps = material.batches
    assert [each.batches for each in steps] == list(range(11))
    assert steps[0].loss is None
    start = material.inside.before.tensors[step.tensors["weight"]][0, 0]
    np.testing.assert_array_equal(steps[0].kernel, start)
    assert not np.array_equal(steps[1].kernel, start)


def test_shifts_begin_with_the_runs_own_accuracy(material, splits):
    first = material.shifted[0]
    part = splits.validation.labels[: material.shifted_images]
    correct = material.predictions.predicted[: material.shifted_images] == part
    assert first.estimate == pytest.approx(100 * correct.mean())
    assert first.low < first.estimate < first.high


def test_each_slide_fits_its_screen_and_can_be_read_in_the_last_row(page):
    for each in range(1, NUMBER + 1):
        go(page, each)
        page.evaluate(_ALL)
        assert page.evaluate(_SMALL, 22) == [], each
        assert page.evaluate(_OUTSIDE) == [], each


def test_a_laptop_shows_the_same_picture_as_a_projector(page):
    places = []
    for width in (1920, 1280):
        page.set_viewport_size({"width": width, "height": width * 9 // 16})
        go(page, 7)
        box = page.locator(".sheet.now .scene.seen .numbers").first.bounding_box()
        places.append([round(box[each] / width, 2) for each in ("x", "y", "width", "height")])
    assert places[0] == places[1]


def test_each_slide_can_be_read_on_a_phone(page):
    page.set_viewport_size({"width": 380, "height": 800})
    for each in range(1, NUMBER + 1):
        go(page, each)
        page.evaluate(_ALL)
        assert page.evaluate(_SMALL, 13) == [], each
        assert page.evaluate("document.documentElement.scrollWidth") <= 380, each


def test_keys_go_through_steps_and_slides(page):
    page.keyboard.press("ArrowRight")  # the live page is the last step
    assert page.is_visible(".sheet.now.is-live .live-frame")
    page.keyboard.press(" ")
    assert (number(page), page.url.partition("#")[2]) == (2, "2")
    page.keyboard.press("PageDown")
    assert not page.is_visible(".sheet.now .step >> nth=0")
    page.keyboard.press("ArrowDown")
    assert page.is_visible(".sheet.now .step >> nth=0")
    assert number(page) == 3
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowUp")
    assert number(page) == 2
    page.keyboard.press("End")
    assert number(page) == NUMBER
    page.keyboard.press("ArrowRight")
    assert number(page) == NUMBER
    page.keyboard.press("Home")
    assert number(page) == 1


def test_the_numbers_of_the_convolution_come_one_after_the_other(page):
    go(page, 7)
    for shown in ("19 ? ? ?", "19 25 ? ?", "19 25 37 ?", "19 25 37 43"):
        cells = page.locator(".sheet.now .scene.seen .numbers.map span").all_inner_texts()
        assert " ".join(cells) == shown
        page.keyboard.press("ArrowRight")
    assert number(page) == 8


def test_a_finger_moves_the_slides(browser, address):
    context = browser.new_context(viewport={"width": 380, "height": 800}, has_touch=True)
    page = context.new_page()
    page.goto(f"{address}#2")
    page.evaluate("""() => {
      const place = { identifier: 1, target: document.body, clientY: 9 };
      const touch = x => new Touch({ ...place, clientX: x });
      const send = (kind, touches, changed) => document.dispatchEvent(
        new TouchEvent(kind, { touches, changedTouches: changed }));
      send("touchstart", [touch(300)], [touch(300)]);
      send("touchend", [], [touch(100)]);
    }""")
    assert number(page) == 3
    context.close()


def test_the_live_page_is_in_its_state_and_escape_leads_back(page):
    go(page, 8)
    page.keyboard.press("l")
    frame = page.frame_locator(".sheet.now .live-frame")
    frame.locator(".sum").wait_for()
    assert "same answers as PyTorch" in frame.locator(".proof").text_content()
    assert "Convolution 1" in frame.locator(".drawer h2").inner_text()
    small = page.frames[-1].evaluate(
        """() => [...document.querySelectorAll("main *")].filter(e => e.offsetParent
        && [...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim()))
        .map(e => parseFloat(getComputedStyle(e).fontSize)).filter(size => size < 22)"""
    )
    assert small == []
    frame.locator(".drawer h2").click()
    page.keyboard.press("Escape")
    page.wait_for_selector(".sheet.now:not(.is-live)")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    assert number(page) == 9


def test_all_six_live_slides_open_the_page(page):
    for each in LIVE:
        go(page, each)
        page.keyboard.press("l")
        page.frame_locator(".sheet.now .live-frame").locator("#app:not([hidden])").wait_for()
        text = page.frame_locator(".sheet.now .live-frame").locator(".note").text_content()
        assert text == "", each


def test_overview_timer_help_and_the_count_down(page):
    go(page, 12)
    page.click(".countdown")
    assert re.match(r"[23]:\d\d", page.inner_text(".sheet.now .countdown span"))
    page.keyboard.press("t")
    assert re.fullmatch(r"0:\d\d", page.inner_text("#timer"))
    page.keyboard.press("t")
    assert page.is_hidden("#timer")
    page.keyboard.press("o")
    assert page.locator(".sheet >> visible=true").count() == NUMBER
    page.keyboard.press("ArrowRight")  # from slide to slide, whatever steps they have
    assert number(page) == 13
    page.keyboard.press("ArrowLeft")
    assert number(page) == 12
    page.click('.sheet[data-number="4"]')
    assert number(page) == 4
    assert page.locator(".sheet >> visible=true").count() == 1
    page.keyboard.press("?")
    assert page.get_by_role("dialog", name="Keys").is_visible()


@pytest.mark.parametrize(
    ("place", "answer"), [(7, "43"), (18, "16 \u00d7 16"), (20, "2 px"), (24, "It hurt")]
)
def test_what_the_class_guesses_is_not_on_the_slide_before_the_key(page, place, answer):
    go(page, place)
    shown = "document.querySelector('.sheet.now .slide').innerText"
    texts = page.evaluate(shown) + " ".join(
        page.locator(".sheet.now .sketch text >> visible=true").all_text_contents()
    )
    assert answer not in texts


def test_the_notes_window_follows_and_leads(page):
    go(page, 7)
    with page.expect_popup() as popup:
        page.keyboard.press("n")
    notes = popup.value
    notes.wait_for_selector('.presenter .sheet.now[data-number="7"] .notes')
    assert "A kernel is a small table" in notes.inner_text(".sheet.now .notes")
    assert "Next: The same on a real image" in notes.inner_text(".sheet.now .notes")
    page.keyboard.press("End")
    notes.wait_for_selector(f'.sheet.now[data-number="{NUMBER}"]')
    notes.keyboard.press("Home")
    page.wait_for_selector('.sheet.now[data-number="1"]')


def test_another_window_cannot_move_the_slides(page):
    page.evaluate("window.postMessage({ cnnlab: 'slide', slide: 9, step: 0 }, '*')")
    page.evaluate("new Promise(done => setTimeout(done, 50))")
    assert number(page) == 1


def test_pressing_the_image_shows_the_numbers_there(page):
    go(page, 2)
    page.locator(".sheet.now .under").click(position={"x": 2, "y": 2})
    assert page.evaluate("document.querySelector('.sheet.now .frame').style.top") == "0%"
    levels = [int(each) for each in page.locator(".sheet.now .pixels i").all_inner_texts()]
    assert (len(levels), levels[0]) == (121, 0)


@pytest.mark.parametrize(
    ("query", "pages"), [("", 26), ("?print=handout", 9), ("?print=notes", 26)]
)
def test_paper_has_a_slide_a_page_or_three_with_lines_or_notes(page, address, query, pages):
    page.goto(address + query)
    content = page.pdf(prefer_css_page_size=True)
    assert len(re.findall(rb"/Type\s*/Page\b", content)) == pages


def test_powerpoint_has_real_text_and_the_notes(deck, tmp_path):
    from pptx import Presentation

    path = tmp_path / "slides.pptx"
    slides.write_deck(deck, path, is_powerpoint=True)
    found = Presentation(path)
    assert len(found.slides) == NUMBER
    for page, slide in zip(found.slides, deck.slides, strict=True):
        assert page.shapes.title.text == slide.title
        assert slide.notes["Ask"] in page.notes_slide.notes_text_frame.text
        for shape in page.shapes:
            assert shape.left >= 0
            assert shape.left + shape.width <= found.slide_width * 1.01, (slide.title, shape.name)
    assert found.core_properties.last_modified_by == "cnnlab"
    seventh = " ".join(each.text for each in found.slides[6].shapes if each.has_text_frame)
    assert "43" in seventh


def test_without_python_pptx_the_command_says_how_to_get_it(folder, cnnlab, monkeypatch):
    monkeypatch.setitem(sys.modules, "pptx", None)
    status, _, err = cnnlab("slides", folder, "--pptx", "--offline")
    assert status == 1
    assert "needs python-pptx, which is not installed. Install it:" in err
    assert 'pip install "cnnlab[slides]"' in err
    assert not Path("slides.pptx").exists()


def test_the_command_writes_the_file_and_says_how_to_open_it(folder, cnnlab):
    status, out, _ = cnnlab("slides", folder, "-o", "own.html", "--offline")
    assert status == 0
    assert re.search(r"Wrote own\.html \(26 slides, 0\.\d\d MB\)\.", out)
    assert "Keys: arrows, o (overview), n (notes)" in out
    assert Path("own.html").read_bytes().startswith(b"<!doctype html>")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("-o", "own.pptx"), "own.pptx must end in .html. Add --pptx for PowerPoint, or name a"),
        (("-o", "own.html", "--pptx"), "own.html must end in .pptx. Leave out --pptx, or name a"),
    ],
)
def test_a_file_of_the_other_kind_is_refused_before_anything_is_computed(
    folder, cnnlab, words, says
):
    status, _, err = cnnlab("slides", folder, *words, "--offline")
    assert status == 1
    assert says in " ".join(err.split())
    assert not list(Path().glob("own.*"))


def test_a_dilated_convolution_adds_up_and_batch_norm_is_named(material):
    graph = material.inside.after
    first = graph.steps[1]
    dilated = replace(first, settings={**first.settings, "dilation": [2, 2]})
    patch, _ = patch_and_kernel(
        SimpleNamespace(inside=material.inside, first=dilated, numbers=material.numbers), (0, 3, 4)
    )
    np.testing.assert_array_equal(patch, material.numbers[0, 0, 3:12:2, 4:13:2])
    assert of_run.followed_by([]) == ""
    assert of_run.followed_by(["batch_norm", "activation"]) == "batch norm and the activation"


def test_a_network_that_cannot_be_shown_has_its_slides_without_the_live_part(
    folder, splits, monkeypatch
):
    why = "cnnlab cannot show this network: line 9."

    def refuse(*_, **__):
        raise ModelError(why)

    monkeypatch.setattr(slides, "build_payload", refuse)
    monkeypatch.setattr("cnnlab.classroom.deck.material.look_inside", lambda _: Inside(why_not=why))
    deck = slides.make_deck(open_run(folder), splits)
    html = deck.html().decode()
    assert deck.page is None
    assert deck.why_not == why
    assert html.count(why) == 3  # instead of the pixel, the kernels and the batch
    assert "data-live" not in html


@pytest.mark.parametrize(
    ("break_it", "says"),
    [
        (shutil.rmtree, "is not a run folder: there is no such path."),
        (lambda run: (run / "model.safetensors").unlink(), "model.safetensors"),
        (lambda run: (run / "config.json").write_text("[1"), "config.json cannot be read as JSON"),
    ],
    ids=["no run", "no weights", "no JSON"],
)
def test_what_is_wrong_with_a_run_is_one_sentence(folder, tmp_path, cnnlab, break_it, says):
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    for name in ("checkpoint.safetensors", "checkpoint-before.safetensors"):
        (copy / name).unlink(missing_ok=True)
    break_it(copy)
    status, _, err = cnnlab("slides", copy, "--offline")
    assert status == 1
    assert says in " ".join(err.split())
    assert "Traceback" not in err


def test_a_file_that_cannot_be_written_is_named(deck, tmp_path):
    path = tmp_path / "not" / "there.html"
    with pytest.raises(RunError, match=r"Cannot write .*there\.html \(No such file or directory\)"):
        slides.write_deck(deck, path)


def test_a_data_set_that_is_not_there_is_said(folder, cnnlab, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    config = copy / "config.json"
    config.write_text(config.read_text().replace("fashion-mnist-sample", "fashion-mnist"))
    status, _, err = cnnlab("slides", copy, "--offline")
    assert status == 1
    assert "Fashion-MNIST" in err


def source(text: str, **values: str):
    return read_slides(text, values)


GOOD = "# A {{ b }}\n\nWords.\n\n> Say: a\n> Ask: b?\n> Usual: c\n> d\n> Cut: e\n"


def test_the_source_is_read_as_it_says():
    (slide,) = source(GOOD.replace("Words.", "**One** and\n`two`."), b="title")
    assert slide.title == "A title"
    assert slide.paragraphs == (
        (Span("One", "bold"), Span(" and "), Span("two", "code"), Span(".")),
    )
    assert slide.notes["Usual"] == "c d"
    assert spans("plain") == (Span("plain"),)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (GOOD, r"Slide 1 asks for \{\{ b \}\}. There is no such value. The values are: ."),
        ("Words.", "Slide 1 lacks the notes Say, Ask, Usual, Cut."),
        (GOOD.replace("# A {{ b }}\n\n", ""), "Slide 1 has no title."),
        (GOOD.replace("{{ b }}", "").replace("> Cut: e\n", ""), "Slide 1 lacks the notes Cut."),
    ],
)
def test_a_fault_of_the_source_is_named(text, says):
    with pytest.raises(ValueError, match=says):
        source(text)


def test_text_of_a_run_cannot_become_html():
    assert "<script>" not in markup(Words("<script>"))


def test_a_run_is_only_compared_with_seeds_of_the_same_settings(material):
    assert not material.is_measured
    description = material.run.description | {
        "data_set": {"name": "fashion-mnist"},
        "config": material.run.description["config"] | {"learning_rate": 0.1},
    }
    other = replace(material, run=replace(material.run, description=description))
    assert not other.is_measured
