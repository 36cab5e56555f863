"""The report of a run as a browser shows it, on a phone, a laptop and a projector."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from cnnlab.custom.find import find_network
from cnnlab.data.images import ImageSet
from cnnlab.data.own.load import load
from cnnlab.insight.interpret import run as interpret
from cnnlab.insight.predictions import Predictions
from cnnlab.insight.trace import graph_of
from cnnlab.runs.evaluation import predictions_on
from cnnlab.runs.inside import Inside, look_inside
from cnnlab.runs.job import Job
from cnnlab.runs.run import open_run
from cnnlab.runs.train import train_run
from cnnlab.training.config import recipe
from cnnlab.training.history import EpochRecord
from cnnlab.training.listener import Listener
from cnnlab.views.curve_drawings import run_curves
from cnnlab.views.inside_page import kernels_chapter, unsure_image
from cnnlab.views.run_facts import data_set_text, device_text
from cnnlab.views.run_page import classes_chapter, mistakes_chapters, run_report
from cnnlab.views.run_words import loss_rose, loss_sentences
from cnnlab.workshop.course import workshop
from tests.support.screens import SCREENS, shown

FIXTURES = Path(__file__).parents[1] / "fixtures"


def go_through(splits, folder, epochs):
    config = recipe("workshop", epochs=epochs, batch_size=60)
    return workshop(splits.on("cpu"), config, folder, Listener(), lambda *_: None)


@pytest.fixture
def report(tiny_folder, tmp_path) -> Path:
    return go_through(load("tiny", notify=lambda _: None), tmp_path / "out", epochs=2)


@pytest.fixture
def trained(tiny_folder, tmp_path):
    """Train a network on the tiny data set; return its run, its predictions and the splits."""

    def call(name, **settings):
        splits = load("tiny", notify=lambda _: None)
        config = recipe("sprint", **({"epochs": 2, "batch_size": 60} | settings))
        job = Job(find_network(name), "sprint", config, splits.data_set)
        train_run(Path("own"), job, splits.on("cpu"))
        run = open_run(Path("own"), trust=True)
        return run, predictions_on(run, splits.validation, torch.device("cpu")), splits

    return call


def html_of(report, folder):
    report.write(folder / "report.html")
    html = (folder / "report.html").read_text(encoding="utf-8")
    return html.replace("\u00a0", " ").replace("&#39;", "'")


@pytest.mark.browser
@pytest.mark.parametrize("screen", SCREENS)
def test_report_is_whole_in_a_browser(browser, report, screen):
    with shown(browser, report, screen) as page:
        page.locator(".matrix summary").first.click()
        opened = page.locator(".matrix details[open] .cell")
        assert "of its class." in opened.inner_text()
        image = opened.locator("img").first.bounding_box()
        assert image["width"] > 60
        for fold in page.locator("summary").all()[-3:]:
            fold.click()


@pytest.mark.browser
@pytest.mark.parametrize("screen", SCREENS)
def test_each_chapter_fits_on_its_screen(browser, trained, tmp_path, monkeypatch, screen):
    monkeypatch.chdir(tmp_path)
    run, predictions, splits = trained("lenet5", epochs=1)
    run_report(run, predictions, splits, look_inside(run)).write(tmp_path / "report.html")
    with shown(browser, tmp_path / "report.html", screen) as page:
        heights = [box.bounding_box()["height"] for box in page.locator("section.card").all()]
        width = page.locator("section.card").first.bounding_box()["width"]
    if screen == "projector":
        assert max(heights) <= SCREENS[screen][1]
    assert width > 0.9 * SCREENS[screen][0]


def test_report_names_no_other_address_and_is_small(report):
    html = report.read_text(encoding="utf-8")
    assert "http://" not in html
    assert "https://" not in html
    assert "url(" not in html
    assert "<script" not in html
    assert len(html) < 1_500_000


def test_a_report_names_no_folder_of_this_computer(trained, tmp_path, tiny_folder, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run, predictions, splits = trained("lenet1")
    absolute = replace(run, folder=tmp_path / "own")
    for each in (run, absolute):
        html = html_of(run_report(each, predictions, splits), tmp_path)
        assert str(run.description["data_set"]["source"]) not in html
        assert str(tmp_path) not in html
        assert "<code>cnnlab report own</code>" in html


def test_a_data_set_is_named_with_its_public_source():
    known = {"name": "mnist", "title": "MNIST", "source": "/home/anna/MNIST"}
    assert data_set_text(known) == (
        "MNIST (LeCun, Bottou, Bengio and Haffner 1998, Proc. IEEE 86(11))"
    )
    assert data_set_text(known | {"name": "mine"}) == "MNIST"


def test_the_result_is_on_top_and_the_facts_are_folded(trained, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run, predictions, splits = trained("lenet5")
    report = run_report(run, predictions, splits, look_inside(run))
    html = html_of(report, tmp_path).split("</style>")[1]
    share = float(np.mean(predictions.predicted == splits.validation.labels))
    assert html.index(f'<p class="number">{100 * share:.2f} %</p>') < html.index("<h2>The network")
    assert "of 60 validation images are predicted correctly." in html
    assert "Guessing gives 10 %." in html
    facts = html.split("<summary>How this was made</summary>")[1]
    assert "<dt>Versions</dt>" in facts
    assert "<code>cnnlab report own</code>" in facts
    titles = [chapter.title for chapter in report.chapters]
    way, loss = titles[2], titles[4]  # an image, and perhaps a question
    assert way.endswith(" on its way through")
    certain = ["The mistakes it was most certain about"] * int(share < 1)
    assert titles == [
        *("The network: 61,706 numbers to learn", "What it learned to look for", way),
        *("How it learned", loss, "The prediction, before and after", "Easy and hard classes"),
        *("Mistakes of LeNet-5 (tanh, average)", *certain, "An image is numbers", "What next"),
    ]
    assert "The test set has not been opened." in report.details


def test_a_run_that_learned_nothing_has_a_red_band_and_all_of_the_axis(
    trained, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    run, predictions, splits = trained("lenet1", learning_rate=50.0, epochs=1)
    html = html_of(run_report(run, predictions, splits), tmp_path)
    assert '<div class="band alert">' in html
    assert "It learned nothing" in html
    assert ">100 %</text>" in html
    assert ">0 %</text>" in html


def test_a_network_that_cannot_be_traced_has_its_report_without_maps(
    trained, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.py").write_text(
        "import torch\n"
        "from torch import nn\n"
        "class Net(nn.Module):\n"
        "    def __init__(self):\n"
        "        super().__init__()\n"
        "        self.last = nn.Linear(1024, 10)\n"
        "    def forward(self, x):\n"
        "        x = x.flatten(1)\n"
        "        if x.sum() > 0:\n"
        "            x = x * 1.0\n"
        "        return self.last(x)\n"
    )
    run, predictions, splits = trained("mine.py:Net", epochs=1)
    inside = look_inside(run)
    assert inside.after is None
    html = html_of(run_report(run, predictions, splits, inside), tmp_path)
    assert "Its kernels and maps are not shown. cnnlab cannot show this network: " in html
    assert "line 9" in html
    assert "What it learned to look for" not in html
    assert "The mistakes it was most certain about" in html


@pytest.mark.parametrize("name", ["run-0.1.0", "stopped-0.1.0"])
def test_a_run_of_an_earlier_version_has_its_report(tiny_folder, tmp_path, name):
    run = open_run(FIXTURES / name, trust=True)
    splits = load("tiny", notify=lambda _: None)
    predictions = None
    inside = Inside()
    if run.history():
        predictions = predictions_on(run, splits.validation, torch.device("cpu"))
        inside = look_inside(run)
    html = html_of(run_report(run, predictions, splits, inside), tmp_path)
    assert "How this was made" in html
    assert "cnnlab 0.1.0" in html


def test_before_its_first_epoch_ended_a_run_says_how_to_resume(trained, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run, _, splits = trained("lenet1", epochs=1)
    report = run_report(run, None, splits)
    assert report.lead == [
        "The run was stopped before its first epoch ended. Resume with:\n"
        "  cnnlab train --resume own"
    ]
    assert report.chapters == []


def test_sample_is_labelled_wherever_it_is_told_or_drawn(tiny_folder, tmp_path, monkeypatch):
    splits = load("tiny", notify=lambda _: None)
    sample = replace(splits.data_set, title="Tiny sample (300 images)", sample_of="mnist")
    splits = replace(splits, data_set=sample)
    html = go_through(splits, tmp_path / "out", epochs=1).read_text(encoding="utf-8")
    assert html.count("Tiny sample (300 images)") >= 3
    assert "This is a sample of a larger data set." in html
    assert "Notebook" not in html
    assert "published about the whole set" in html


def history(*losses, train=(0.5, 0.4, 0.3)):
    return [
        EpochRecord(epoch, each, 0.8, loss, 0.8, 0.1, 1.0)
        for epoch, (each, loss) in enumerate(zip(train, losses, strict=False), start=1)
    ]


@pytest.mark.parametrize(
    ("losses", "says"),
    [
        ((0.5, 0.4, 0.3), "it is lowest at the end, so more epochs may still help."),
        ((0.5, 0.4, 0.41), "On the validation images it was lowest after epoch 2."),
        ((0.5, 0.4, 0.6), "lowest after epoch 2: 0.40. After the last epoch it is 0.60, while"),
        ((0.5,), "Lower is better."),
    ],
)
def test_the_loss_is_described_as_it_is(losses, says):
    told = " ".join(loss_sentences(history(*losses)))
    assert says in told
    assert ("overfitting" in told) == loss_rose(history(*losses)) == (losses[-1] == 0.6)


def test_published_points_are_crosses_up_to_the_last_epoch():
    drawn = run_curves(history(0.5, 0.4), "loss", published={1: 0.5, 5: 0.4, 25: 0.3})
    assert drawn.markup.count("\u00d7</text>") == 1
    assert "Crosses: validation values of the notebook." in drawn.caption


def test_a_value_outside_the_drawing_is_said():
    drawn = run_curves(history(0.5, 0.45, train=(2.5, 0.4)), "loss")
    assert "The first training value, 2.50, lies above the drawing." in drawn.caption
    assert "The axis begins at 0.3" in drawn.caption


def test_the_report_of_a_run_says_what_was_trained(trained, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.py").write_text(
        "from torch import nn\n"
        "def Small():\n"
        "    return nn.Sequential(nn.Flatten(), nn.Linear(1024, 10))\n"
    )
    run, predictions, splits = trained("mine.py:Small", epochs=1, weight_decay=0.2)
    html = html_of(run_report(run, predictions, splits, look_inside(run)), tmp_path)
    assert re.search(r'<h1 class="kicker">mine.py:Small on Tiny \u00b7 one run, 1 epoch</h1>', html)
    assert "sprint (changed: batch size 60, weight decay 0.2), 1 epoch, seed 0" in html
    assert "mine.py:Small, 10,250 parameters" in html
    assert "One linear layer turns what was found into 10 scores" in html
    assert "10 \u00d7 (1024 + 1)" in html
    assert "<td>Linear</td>" in html
    assert "1 epoch in " in html
    assert "What it learned to look for" not in html  # it has no kernels


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


def some(predicted, labels, confidence=1.0):
    image_set = ImageSet(
        np.zeros((len(labels), 28, 28), np.uint8), np.array(labels), tuple("0123456789")
    )
    chances = np.full((len(labels), 10), (1 - confidence) / 9, np.float32)
    chances[np.arange(len(labels)), predicted] = confidence
    return Predictions(image_set, chances)


def test_the_most_frequent_mistake_is_named_with_its_count():
    labels = [8] * 5 + [3] * 4
    mistaken = some([3, 3, 8, 8, 1, 3, 3, 3, 3], labels)
    matrix, surest = mistakes_chapters(mistaken, "LeNet-5", "test")
    assert matrix.paragraphs == [
        "Most frequent mistake: an 8 called 3 (2 of 5 test images of an 8)."
    ]
    assert surest.title == "The mistakes it was most certain about"
    (faultless,) = mistakes_chapters(some(labels, labels), "LeNet-5", "test")
    assert faultless.paragraphs == ["LeNet-5 makes no mistake on the test images."]


def test_classes_have_recall_and_precision():
    chapter = classes_chapter(some([3, 3, 8, 8, 1, 3, 3, 3, 3], [8] * 5 + [3] * 4), "test")
    assert chapter.paragraphs == ["Easiest: 3. Hardest: 8. Of 5 images of an 8, 2 are correct."]
    assert chapter.table.rows == [["3", "4", "100.0 %", "66.7 %"], ["8", "5", "40.0 %", "100.0 %"]]
    alike = classes_chapter(some([1, 2], [1, 2]), "test")
    assert alike.paragraphs == ["All classes are about equally easy."]


def test_an_image_is_chosen_because_the_network_is_unsure_of_it():
    index, why = unsure_image(some([1, 2], [0, 2], confidence=0.5))
    assert (index, why) == (1, "The first image that is correct with only 45 to 60 %.")
    assert unsure_image(some([1, 2], [1, 2]))[1] == "The first image of its split."


@pytest.mark.parametrize(
    ("scale", "says_edge"),
    [
        ([1, 1, 1, 1, 1, 1], True),  # each kernel is half blue, half orange
        ([1, 0.01, 0.01, 0.01, 0.01, 0.01], False),  # beside one huge kernel the others are white
    ],
)
def test_kernels_are_called_edges_only_if_most_show_two_colours(scale, says_edge):
    images = np.linspace(-1, 1, 2 * 32 * 32, dtype=np.float32).reshape(2, 1, 32, 32)
    networks = [find_network("lenet5").build(seed=0) for _ in range(2)]
    with torch.no_grad():
        edge = torch.tensor([-2.0, -2.0, 0.0, 2.0, 2.0]).expand(5, 5)
        factors = torch.tensor(scale, dtype=torch.float32)
        networks[1].features[0].weight.copy_(factors[:, None, None, None] * edge)
    before, after = (graph_of(network, images) for network in networks)
    (sentence,) = kernels_chapter(
        Inside(after, before), interpret(after, images[:1]), "8"
    ).paragraphs
    assert "Before training they are chance: no number is beyond 0.2. After it they reach 2.0." in (
        sentence
    )
    assert ("here is an edge" in sentence) == says_edge
