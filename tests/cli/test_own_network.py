"""What the commands say about a user's own network."""

import json
import sys
from pathlib import Path

from cnnlab.cli.terminal import Terminal
from cnnlab.custom import process
from tests.support.events import waiting_for
from tests.support.printed import said

QUICK = ("--dataset", "tiny", "--epochs", 1, "--batch-size", 40)
SOFTMAX = (
    "from torch import nn\n"
    "def Soft():\n"
    "    return nn.Sequential(nn.Flatten(), nn.Linear(1024, 10), nn.Softmax(dim=1))\n"
)


def test_a_warning_comes_before_the_training(cnnlab):
    Path("mine.py").write_text(SOFTMAX)
    status, out, err = cnnlab("train", "--model", "mine.py:Soft", *QUICK, "--json")
    assert status == 0, err
    assert (
        "mine.py:Soft: The last step is a softmax (line 3). The training loss, cross-entropy"
        in said(err)
    )
    assert "See: cnnlab check mine.py:Soft" in said(err)
    assert json.loads(out)["epoch"] == 1
    assert "softmax" not in cnnlab("train", *QUICK)[2]


def test_a_comparison_warns_once_for_each_model(cnnlab):
    Path("mine.py").write_text(SOFTMAX)
    Path("slow.toml").write_text("model = 'mine.py:Soft'\nlearning_rate = 0.001\n")
    words = ("compare", "mine.py:Soft", "slow.toml", *QUICK, "--jobs", 1, "--seeds", 1)
    status, out, err = cnnlab(*words)
    assert status == 0, out + err
    assert said(err).count("The last step is a softmax") == 1
    assert said(err).count("See: cnnlab check mine.py:Soft") == 1


PRINTING = (
    "from torch import nn\n"
    "print('read')\n"
    "class Net(nn.Sequential):\n"
    "    def __init__(self):\n"
    "        super().__init__(nn.Flatten(), nn.Linear(1024, 10))\n"
    "    def forward(self, x):\n"
    "        print('[shape]', tuple(x.shape))\n"
    "        return super().forward(x)\n"
)


def test_a_networks_own_output_is_shown_once_and_separately(cnnlab):
    Path("mine.py").write_text(PRINTING)
    status, out, _ = cnnlab("check", "mine.py:Net")
    assert status == 0
    assert out.startswith(
        "Your network printed this during one forward pass:\n[shape] (4, 1, 32, 32)\n"
    )
    assert out.count("[shape]") == 1
    assert "Note: Line 2 prints each time cnnlab reads the file" in said(out)
    Path("mine.py").write_text(PRINTING + "# another file\n")
    status, out, err = cnnlab("check", "mine.py:Net", "--json")
    assert json.loads(out)["printed"] == "[shape] (4, 1, 32, 32)\n"
    assert "[shape] (4, 1, 32, 32)" in err


def test_the_reason_for_waiting_is_on_standard_error(cnnlab, monkeypatch):
    say = Terminal.say

    def say_and_tell(terminal, message):
        say(terminal, message)
        if message.startswith("Waiting"):
            Path("told").touch()

    monkeypatch.setattr(process, "NOTICE_SECONDS", 0)
    monkeypatch.setattr(Terminal, "say", say_and_tell)
    Path("mine.py").write_text(waiting_for("told") + SOFTMAX)
    standard_error = sys.stderr
    status, out, err = cnnlab("check", "mine.py:Soft")
    assert status == 1
    assert "Waiting for mine.py:Soft: cnnlab is running the file." in said(err)
    assert "Waiting" not in out
    assert sys.stderr is standard_error
    Path("told").unlink()
    Path("mine.py").write_text(waiting_for("told") + SOFTMAX + "# not read before\n")
    words = ("compare", "mine.py:Soft", "lenet5", *QUICK, "--jobs", 1, "--seeds", 1)
    assert "Waiting for mine.py:Soft: cnnlab is running the file." in said(cnnlab(*words)[2])
