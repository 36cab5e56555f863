"""The report as a browser shows it, on a phone and on a projector."""

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from cnnlab.custom.find import find_network
from cnnlab.data.images import ImageSet
from cnnlab.data.library import load
from cnnlab.insight.predictions import Predictions
from cnnlab.runs.evaluation import predictions_on
from cnnlab.runs.job import Job
from cnnlab.runs.run import open_run
from cnnlab.runs.train import train_run
from cnnlab.training.config import recipe
from cnnlab.training.history import EpochRecord
from cnnlab.training.listener import Listener
from cnnlab.views import plots
from cnnlab.views.page import Chapter, Report
from cnnlab.views.run_page import (
    curve_illustrations,
    device_text,
    mistakes_chapter,
    run_report,
)
from cnnlab.workshop.course import workshop

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome") or shutil.which("chrome")


def go_through(splits, folder, epochs):
    config = recipe("workshop", epochs=epochs, batch_size=60)
    return workshop(splits.on("cpu"), config, folder, Listener(), lambda *_: None)


@pytest.fixture
def report(tiny_folder, tmp_path) -> Path:
    return go_through(load("tiny", notify=lambda _: None), tmp_path / "out", epochs=2)


@pytest.mark.browser
def test_report_is_whole_in_a_browser(report):
    if CHROMIUM is None:
        pytest.skip("no Chromium on this system")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        for width in (380, 1600):
            page = browser.new_page(viewport={"width": width, "height": 900})
            said, asked = [], []
            page.on("console", lambda message, said=said: said.append(message.text))
            page.on("pageerror", lambda error, said=said: said.append(str(error)))
            page.on("request", lambda request, asked=asked: asked.append(request.url))
            page.goto(report.as_uri())
            pictures = page.evaluate(
                """() => [...document.images].map(i => {
                    const box = i.getBoundingClientRect();
                    return [i.complete && i.naturalWidth > 0, box.width, box.left, box.right,
                            i.alt.length];
                })"""
            )
            assert len(pictures) == 16
            for loaded, shown, left, right, words in pictures:
                assert loaded
                assert shown > 100
                assert left >= 0
                assert right <= width
                assert words > 20
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            assert said == []
            outside = [url for url in asked if not url.startswith(("file:", "data:"))]
            assert outside == []
            page.close()
        browser.close()


def test_text_is_escaped(tmp_path):
    page = Report("<script>alert(1)</script>", "", [], [Chapter("<b>", ["<i>"])], ["x"])
    page.write(tmp_path / "page.html")
    html = (tmp_path / "page.html").read_text()
    assert "<script" not in html
    assert "&lt;i&gt;" in html


def test_report_names_no_other_address(report):
    html = report.read_text()
    assert "http://" not in html.replace("http://www.w3.org", "")
    assert "https://" not in html


def test_sample_is_labelled_wherever_it_is_told_or_drawn(tiny_folder, tmp_path, monkeypatch):
    from dataclasses import replace

    splits = load("tiny", notify=lambda _: None)
    sample = replace(splits.data_set, title="Tiny sample (300 images)", sample_of="mnist")
    splits = replace(splits, data_set=sample)
    path = go_through(splits, tmp_path / "out", epochs=1)
    html = path.read_text()
    assert html.count("Tiny sample (300 images)") >= 3
    assert "This is a sample of a larger data set." in html
    assert "Notebook" not in html
    assert "published about the whole set" in html


def test_same_figure_gives_the_same_bytes():
    def draw():
        values = {"train": [1.0, 0.5], "validation": [1.1, 0.6]}
        return plots.to_svg(plots.curves("loss", {"a": values}))

    assert draw() == draw()


def test_published_points_are_drawn_only_up_to_the_last_epoch():
    values = {"a": {"train": [1.0] * 6, "validation": [1.0] * 6}}
    figure = plots.curves("loss", values, {"a": {1: 0.5, 5: 0.4, 25: 0.3}})
    crosses = [line for line in figure.axes[0].lines if line.get_marker() == "x"]
    assert [list(line.get_xdata()) for line in crosses] == [[1, 5]]


def test_one_epoch_is_a_ring_and_a_dot():
    lines = plots.curves("loss", {"a": {"train": [0.5], "validation": [0.5]}}).axes[0].lines
    assert [line.get_fillstyle() for line in lines] == ["none", "full"]
    assert {line.get_marker() for line in lines} == {"o"}
    assert list(lines[0].axes.get_xticks()) == [1]
    one = curve_illustrations({"a": [EpochRecord(1, 0.5, 0.5, 0.5, 0.5, 0.1, 1.0)]})
    assert "Training is a ring, validation is a dot." in one[0].caption


def test_the_report_of_a_run_says_what_was_trained(tiny_folder, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.py").write_text(
        "from torch import nn\n"
        "def Small():\n"
        "    return nn.Sequential(nn.Flatten(), nn.Linear(1024, 10))\n"
    )
    splits = load("tiny", notify=lambda _: None)
    config = recipe("sprint", epochs=1, batch_size=60, weight_decay=0.2)
    job = Job(find_network("mine.py:Small"), "sprint", config, splits.data_set)
    train_run(Path("own"), job, splits.on("cpu"))
    run = open_run(Path("own"), trust=True)
    answers = predictions_on(run, splits.validation, torch.device("cpu"))
    run_report(run, answers, splits).write(tmp_path / "report.html")
    html = (tmp_path / "report.html").read_text()
    assert "<h1>mine.py:Small</h1>" in html
    assert "sprint (changed: batch size 60, weight decay 0.2), 1 epoch, seed 0" in html
    assert "mine.py:Small, 10,250 parameters" in html
    assert "<td>Linear</td>" in html
    assert "1 epoch in " in html


@pytest.mark.parametrize(
    ("recorded", "shown"),
    [
        ("CPU, 1 threads, Some CPU", "CPU, 1 thread, Some CPU"),
        ("CPU, 2 threads, Some CPU", "CPU, 2 threads, Some CPU"),
        ("CPU, 11 threads, Some CPU", "CPU, 11 threads, Some CPU"),
    ],
)
def test_one_thread_is_singular(recorded, shown):
    assert device_text(recorded) == shown


def test_the_most_frequent_mistake_is_named_with_its_count():
    labels = np.array([8] * 5 + [3] * 4)
    image_set = ImageSet(np.zeros((9, 28, 28), np.uint8), labels, tuple("0123456789"))
    predicted = np.array([3, 3, 8, 8, 1, 3, 3, 3, 3])
    mistaken = mistakes_chapter(
        Predictions(image_set, np.eye(10, dtype=np.float32)[predicted]), "LeNet-5", "test"
    )
    assert mistaken.paragraphs[0].startswith(
        "Most frequent mistake: an 8 called 3 (2 of 5 test images of an 8)."
    )
    assert mistaken.illustrations[1].caption.startswith("The mistakes it was most certain about: ")
    faultless = mistakes_chapter(
        Predictions(image_set, np.eye(10, dtype=np.float32)[labels]), "LeNet-5", "test"
    )
    assert faultless.paragraphs == ["LeNet-5 makes no mistake on the test images."]
    assert len(faultless.illustrations) == 1


def test_training_is_dashed_and_variants_differ_in_colour():
    values = {"train": [1.0, 0.5], "validation": [1.1, 0.6]}
    lines = plots.curves("accuracy", {"a": values, "b": values}).axes[0].lines
    assert [line.get_linestyle() for line in lines] == ["--", "-", "--", "-"]
    assert lines[0].get_color() == lines[1].get_color() != lines[2].get_color()
