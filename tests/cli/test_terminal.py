"""A narrow terminal shows lines broken between words, and unbroken commands."""

import io

import pytest
from rich.console import Console

from cnnlab.cli.progress import TrainingProgress
from cnnlab.cli.terminal import Terminal
from cnnlab.training.config import recipe
from cnnlab.training.history import EpochRecord
from cnnlab.views.page import Chapter


@pytest.fixture
def narrow():
    """A terminal of 80 columns, and everything that it has shown."""
    terminal = Terminal()

    def shown():
        return file.getvalue().splitlines()

    file = io.StringIO()
    terminal.progress_console = Console(
        file=file, width=80, force_terminal=True, color_system=None, highlight=False
    )
    return terminal, shown


def test_messages_are_broken_between_words(narrow):
    terminal, shown = narrow
    message = "[word] " * 30 + "\n  cnnlab train --resume " + "a-long-name/" * 12 + "\nand on."
    terminal.error(message)
    lines = shown()
    assert lines[0].startswith("Error: [word]")
    assert all(len(line) <= 80 for line in lines[:-2])
    assert " ".join(lines[:-2]).split() == ["Error:", *["[word]"] * 30]
    assert lines[-2:] == message.split("\n")[1:]


def test_a_command_in_a_chapter_stays_one_line(narrow):
    terminal, shown = narrow
    terminal.console = terminal.progress_console
    command = "  cnnlab compare " + "a-long-name " * 12 + "b"
    terminal.chapter(1, Chapter("Title", ["word " * 30 + "\nFind out:\n" + command]))
    lines = shown()
    assert lines[-2:] == ["Find out:", command]
    assert all(len(line) <= 80 for line in lines[:-1])


def test_an_epoch_is_one_line(narrow):
    terminal, shown = narrow
    progress = TrainingProgress(terminal)
    progress.training("Net", recipe("workshop"))
    progress.epoch(EpochRecord(25, 0.1234, 0.9876, 0.2345, 0.8765, 0.1, 0.6))
    assert shown() == [
        "Epoch 25/25: train loss 0.1234, 98.76 %; validation loss 0.2345, 87.65 %; 0.6 s"
    ]
