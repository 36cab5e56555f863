"""The tutorial's commands, in order, on a few images: they print the words that the page shows."""

import re
import shlex
import sys
from dataclasses import replace

import numpy as np
import pytest

from cnnlab.custom.template import starting_file
from cnnlab.data import catalog
from cnnlab.experiments.results import judge_all
from docs.make_tutorial import ENVIRONMENT, TUTORIAL, as_shown, change, follow

FEW_IMAGES = {"train": "--batch-size 20", "compare": "--batch-size 20 --jobs 1"}
"""What a command needs for 240 images: with batches of 256 no network would learn."""
MASKS = (
    (r"\s+", " "),  # first: the page's lines are wrapped
    (r"\S*/\S*", "PATH"),
    (r"(?:< )?[-+]?\d[\d,.]*(?:e-?\d+)?", "0"),
    (r"(?<=epochs; ).*?(?= Epoch PATH)", "DEVICE."),
    (r"\b0 (?:s|min|h)\b", "TIME"),
    (  # chance decides which run ends first
        r"PATH (?:lenet0-relu-max|mine-Net), seed 0: 0 % validation"
        r"(?:; mean so far 0 %(?: PATH 0)? \(0 runs\))?(?:; about TIME left)?",
        "RUN",
    ),
    (r"(?<!\S)[.:=+*#%@\u2500-]+(?!\S)", ""),  # the picture of a digit, the line of a heading
    (r"\s+", " "),
)


def words(text):
    """Return a text without what differs between machines, data sets and terminals."""
    for pattern, mask in MASKS:
        text = re.sub(pattern, mask, text)
    return text.strip()


def outputs(page):
    """Return the words of each output on the page."""
    return [words(block) for block in re.findall(r"```text\n(.*?)```", page, re.DOTALL)]


def as_on_the_page(variants, matters, peeked):
    """Judge runs whose accuracies are known: the page's verdict, whatever 60 images say."""
    made_up = []
    for variant, right in zip(variants, ((45, 50, 44), (50, 52, 51)), strict=True):
        correct = np.array([np.arange(60) < count for count in right])
        made_up.append(replace(variant, values=100 * correct.mean(axis=1), correct=correct))
    return judge_all(made_up, matters, peeked)


@pytest.fixture
def run(cnnlab, tiny, monkeypatch):
    """Run a command of the page; Fashion-MNIST and MNIST are a few images each."""
    for name in ("fashion-mnist", "mnist"):
        real = catalog.DATA_SETS[name]
        few = replace(tiny[0], name=name, title=real.title, classes=real.classes)
        monkeypatch.setitem(catalog.DATA_SETS, name, few)
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("cnnlab.experiments.comparison.judge_all", as_on_the_page)
    monkeypatch.setattr("cnnlab.custom.process.NOTICE_SECONDS", 1000)  # however slow this machine
    # Chance decides whether so few images say something about overfitting.
    monkeypatch.setattr("cnnlab.views.sentences.overfitting_sentence", lambda _: "")

    def call(command):
        monkeypatch.setattr(sys, "stderr", sys.stdout)  # in the order of a terminal
        _, *arguments = shlex.split(command)
        status, out, _ = cnnlab(*arguments, *FEW_IMAGES.get(arguments[0], "").split())
        return status, out

    return call


def test_every_command_prints_the_words_on_the_page(run):
    page = TUTORIAL.read_text(encoding="utf-8")
    assert outputs(follow(page, run)) == outputs(page), "run: python docs/make_tutorial.py"


def test_the_page_names_the_lines_to_change():
    lines = starting_file().splitlines()
    page = TUTORIAL.read_text(encoding="utf-8")
    changes = {18: "nn.Conv2d(8, 16, kernel_size=5),", 25: "nn.Linear(16 * 5 * 5, 64),"}
    for number, code in changes.items():
        assert code in lines[number - 1]
        assert f"line {number}" in page
        assert f"- {code}" in page


def test_a_command_that_fails_unexpectedly_is_not_written_into_the_page(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    page = "```sh\ncnnlab x\n```\n\n```text\n```\n"
    assert "```text\nyes\n```" in follow(page, lambda _: (0, "yes\n"))
    with pytest.raises(ValueError, match="cnnlab x ended with status 1:\nno"):
        follow(page, lambda _: (1, "no"))
    shown = page.replace("```text", "<!-- only: Error -->\n```text")
    assert "```text\nError: no\n```" in follow(shown, lambda _: (1, "Error: no\n"))
    with pytest.raises(ValueError, match="ended with status 0"):
        follow(shown, lambda _: (0, "Error: no"))


def test_other_words_are_other_words_and_other_numbers_are_not():
    line = "2/6  mine-Net, seed 0: 90.81 % validation; about 2 min left"
    other = "3/6  lenet5-relu-max, seed 1: 90.2 % validation; mean so far 90 % +/- 2.38 (2 runs)"
    assert words(line) == words(other) == "RUN"
    assert words("Epoch 1/4: loss 0.4,\n3.9 s") == words("Epoch 2/4: loss 2.31, 12 s")
    assert words("Epoch 1/4: loss 0.4") != words("Epoch 1/4: train loss 0.4")


def test_a_change_that_does_not_fit_the_file_is_refused(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text("a = 16\nb = 2\n")
    change(path, "- a = 16\n+ a = 32\n")
    assert path.read_text() == "a = 32\nb = 2\n"
    with pytest.raises(ValueError, match="must have this text once: a = 16"):
        change(path, "- a = 16\n+ a = 64\n")


def test_only_the_chosen_lines_are_shown_and_long_ones_are_wrapped():
    long = "Epoch 1: " + "word " * 20
    assert as_shown(f"\nfirst\n{long}\nlast\n", ["Epoch"]).splitlines() == [
        "Epoch 1: " + "word " * 13 + "word",
        "word word word word word word",
    ]
    with pytest.raises(ValueError, match="No line has 'Epok'"):
        as_shown("Epoch 1", ["Epok"])
