"""The handout: two pages of paper, commands that exist, the words of the tutorial."""

import re
import shlex
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from cnnlab.cli.app import app
from cnnlab.cli.main import COMMANDS
from cnnlab.errors import RunError
from cnnlab.models.catalog import MODELS
from cnnlab.views.figures.values import kernels
from cnnlab.views.page import Drawing
from cnnlab.workshop.chapters import VARIANTS, VariantResult
from cnnlab.workshop.handout import GLOSSARY, write_handout
from tests.support.screens import shown

TUTORIAL = Path(__file__).parents[2] / "docs" / "tutorial.md"


def made_results(folder):
    """Return two results, as a workshop of 25 epochs has them."""
    run = SimpleNamespace(
        folder=folder,
        config=SimpleNamespace(epochs=25),
        command=lambda *words: " ".join(["cnnlab", *words, str(folder)]),
    )
    test = SimpleNamespace(test_accuracy=0.89)
    return [VariantResult(MODELS[name].title, run, [], test, None) for name in VARIANTS]


@pytest.fixture
def handout(prepared, tmp_path):
    """Write a handout with a figure; return its path."""
    folder = Path("runs") / "workshop-fashion-mnist-sample-12" / "lenet5"
    results = made_results(folder)
    six = np.random.default_rng(0).normal(size=(6, 5, 5)).astype(np.float32)
    figure = Drawing(kernels(six, six, six, 1.0), "All kernels share one colour scale. " * 3)
    path = tmp_path / "handout.html"
    write_handout(path, results, prepared.splits, figure)
    return path


@pytest.mark.browser
def test_it_is_two_pages_of_paper(handout, browser):
    for screen in ("phone", "laptop"):
        with shown(browser, handout, screen) as page:
            content = page.pdf(prefer_css_page_size=True)
            assert len(re.findall(rb"/Type /Page\b", content)) == 2


def test_every_command_exists(handout):
    assert COMMANDS  # they have added themselves to the app
    commands = re.findall(r"<code>(cnnlab [^<]*)</code>", handout.read_text("utf-8"))
    assert len(commands) == 8
    for command in commands:
        words = shlex.split(command)[1:]
        if words[-1] != "--help":
            app.parse_args(words, exit_on_error=False, print_error=False)
    assert any(re.fullmatch(r"cnnlab predict \S+lenet5 my-picture.jpg", each) for each in commands)


def test_its_words_are_those_of_the_tutorial():
    rows = re.findall(r"^\| (\w[\w ]*) \| (.+) \|$", TUTORIAL.read_text("utf-8"), re.MULTILINE)
    assert dict(rows[1:]) == GLOSSARY


def test_a_folder_that_cannot_be_written_is_said(prepared, tmp_path):
    with pytest.raises(RunError, match=r"Cannot write .*handout\.html"):
        write_handout(
            tmp_path / "no" / "handout.html", made_results(tmp_path), prepared.splits, None
        )
