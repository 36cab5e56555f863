"""The workshop's last question."""

import webbrowser

import pytest

ARGUMENTS = ("workshop", "--dataset", "tiny", "--epochs", 1)
QUESTION = "Open it in the browser? [Y/n] "
REPORT = "runs/workshop-tiny/report.html"


@pytest.fixture(autouse=True)
def no_training(monkeypatch):
    """The question comes after the training, which other tests do."""

    def workshop(prepared, config, folder, listener, tell):
        (folder / "results.json").write_text("{}")
        (folder / "report.html").write_text("a report")
        return folder / "report.html"

    monkeypatch.setattr("cnnlab.workshop.course.workshop", workshop)


@pytest.fixture
def answered(cnnlab, monkeypatch):
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


def test_a_machine_without_a_browser_is_told_the_file(cnnlab, monkeypatch):
    monkeypatch.setattr(webbrowser, "open", lambda _: False)
    status, _, err = cnnlab(*ARGUMENTS, "--open")
    assert status == 0
    assert "No browser was found. Open this file in one: /" in err
