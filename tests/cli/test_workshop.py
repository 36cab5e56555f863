"""The workshop's last question, and its short form for slow laptops."""

import json
import webbrowser
from pathlib import Path

import pytest

from tests.support.printed import said

ARGUMENTS = ("workshop", "--dataset", "tiny", "--epochs", 1)
QUESTION = "Open it in the browser? [Y/n] "
REPORT = "runs/workshop-tiny/report.html"


@pytest.fixture
def no_training(monkeypatch):
    """The question comes after the training, which other tests do."""

    def workshop(prepared, config, folder, listener, tell, recipe_name, quiz):
        (folder / "results.json").write_text("{}")
        (folder / "report.html").write_text("a report")
        return folder / "report.html"

    monkeypatch.setattr("cnnlab.workshop.course.workshop", workshop)


@pytest.fixture
def answered(cnnlab, monkeypatch, no_training):
    """Run the workshop with a person who answers; return its results and what was opened."""

    def call(*answers):
        left, opened = list(answers), []

        def answer():
            found = left.pop(0)
            if isinstance(found, str):
                return found
            raise found

        monkeypatch.setattr("cnnlab.cli.workshop.is_interactive", lambda: True)
        monkeypatch.setattr("builtins.input", answer)
        monkeypatch.setattr(webbrowser, "open", lambda url: bool(opened.append(url) or True))
        return *cnnlab(*ARGUMENTS), opened

    return call


@pytest.mark.parametrize("word", ["y", "Y", "yes", "j", "ja", " Ja ", ""])
def test_yes_and_enter_open_the_report(answered, word):
    status, out, _, opened = answered(word)
    assert status == 0
    assert QUESTION in out
    (url,) = opened
    assert url.startswith("file://") and url.endswith(REPORT)


@pytest.mark.parametrize("word", ["n", "N", "no", "nein", EOFError()])
def test_no_and_ctrl_d_open_nothing(answered, word):
    status, out, err, opened = answered(word)
    assert (status, opened) == (0, [])
    assert QUESTION in out
    assert "Traceback" not in err


def test_ctrl_c_says_that_the_report_is_kept(answered):
    status, out, err, opened = answered(KeyboardInterrupt())
    assert (status, opened) == (0, [])
    assert f"The report is kept: {REPORT}" in out
    assert "nothing to save" not in err


def test_another_answer_is_asked_again(answered):
    status, out, _, opened = answered("what?", "n")
    assert (status, opened) == (0, [])
    assert out.count(QUESTION) == 2
    assert "Answer y or n." in out


def test_a_machine_without_a_browser_is_told_the_file(cnnlab, monkeypatch, no_training):
    monkeypatch.setattr(webbrowser, "open", lambda _: False)
    status, _, err = cnnlab(*ARGUMENTS, "--open")
    assert status == 0
    assert "No browser was found. Open this file in one: /" in err


def test_quick_is_the_recipe_sprint_and_the_chapters_say_so(cnnlab):
    status, out, err = cnnlab("workshop", "--quick", "--dataset", "tiny", "--epochs", 2)
    assert status == 0, err
    assert (
        "AdamW, a form of stochastic gradient descent with a step size for each parameter"
        in said(out)
    )
    assert (
        "Recipe sprint: 2 epochs, batches of 256, AdamW with learning rate 0.02 at its highest (it "
        "rises, then falls to 0) and momentum 0.9, weight decay 0.1, label smoothing 0.05 (it "
        "raises the training loss only), seed 0,"
    ) in said(out)
    assert "SGD" not in out
    folder = Path("runs/workshop-tiny")
    for name in ("lenet5", "lenet5-relu-max"):
        about = json.loads((folder / name / "config.json").read_text())
        assert (about["recipe"], about["config"]["optimizer"]) == ("sprint", "adamw")
    command = "cnnlab workshop --dataset tiny --recipe sprint --epochs 2 --seed 0"
    assert command in (folder / "report.html").read_text()
    (folder / "lenet5-relu-max" / "config.json").unlink()
    for file in (folder / "lenet5-relu-max").iterdir():
        file.unlink()
    status, out, err = cnnlab("workshop", "--resume", folder)
    assert status == 0, err
    assert "Recipe sprint: 2 epochs" in out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--quick", "--recipe", "best"], "--quick means --recipe sprint. Leave out one of them."),
        (["--quick", "--resume", "x"], "With --resume, leave out --dataset, --recipe."),
        (["--recipe", "fast"], "There is no recipe 'fast'. Did you mean 'sprint'?"),
    ],
)
def test_a_recipe_that_cannot_be_is_refused(cnnlab, words, message):
    status, _, err = cnnlab("workshop", "--dataset", "tiny", *words)
    assert status == 1
    assert message in said(err)
    assert not Path("runs").exists()


def test_step_asks_waits_and_counts(cnnlab, monkeypatch):
    from cnnlab.cli.progress import TrainingProgress

    asked, bars = [], []
    answers = iter(["C", "", "what?", "c", "", ""])  # then Enter everywhere
    hide = TrainingProgress.hide

    def hidden(progress):
        hide(progress)
        bars.append(progress.bars.live.is_started)

    monkeypatch.setattr(TrainingProgress, "hide", hidden)
    monkeypatch.setattr("cnnlab.cli.workshop.is_interactive", lambda: True)
    monkeypatch.setattr(
        "builtins.input", lambda: asked.append(1) or next(answers, "n" if len(asked) > 60 else "")
    )
    monkeypatch.setattr(webbrowser, "open", lambda _: True)
    status, out, err = cnnlab(*ARGUMENTS, "--step")
    assert status == 0, err
    words = said(out)
    first = words.index("Guess first. An image has 28 rows of 28 pixels.")
    assert first < words.index("1 The images") < words.index("Your guess is correct. 28 x 28 = 784")
    assert "Type one of the letters, or press Enter to skip." in words
    assert "Your guess is correct. They have 59,134 of all 61,706: 96 %." in words
    assert words.index("How many of 100 validation images will it") < words.index(
        "6 How LeNet-5 (tanh, average) learned"
    )
    assert "The answer is c, no. Another seed may reverse the result." in words
    assert "You guessed 2 of 2 questions correctly." in words
    assert "Press Enter to continue." in words
    assert bars and not any(bars)  # a bar would draw over what a person types


def test_step_goes_on_without_answers_if_the_input_ends(cnnlab, monkeypatch):
    def ended():
        raise EOFError

    monkeypatch.setattr("cnnlab.cli.workshop.is_interactive", lambda: True)
    monkeypatch.setattr("builtins.input", ended)
    status, out, err = cnnlab(*ARGUMENTS, "--step", "--open")
    assert status == 0, err
    assert "You guessed nothing this time." in out


@pytest.mark.parametrize("words", [(), ("--json",)])
def test_step_needs_a_person(cnnlab, words):
    status, _, err = cnnlab(*ARGUMENTS, "--step", *words)
    assert status == 1
    assert "--step waits for a person who answers in a terminal." in said(err)
