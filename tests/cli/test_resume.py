"""cnnlab train --resume and --trust, as a user types them."""

import html
import json
import re
import shlex
import signal
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.support.printed import said

QUICK = ("--dataset", "tiny", "--epochs", 4, "--batch-size", 40)
NET = (
    "from torch import nn\n"
    "def Small():\n"
    "    return nn.Sequential(nn.Flatten(), nn.Linear(1024, 9), nn.ReLU(), nn.Linear(9, 10))\n"
)


RANDOM = """
import random
import numpy as np
from torch import nn
class Random(nn.Linear):
    def __init__(self):
        super().__init__(1024, 10)
    def forward(self, x):
        share = random.random() + np.random.rand() + random.gauss(1, 1) if self.training else 2
        return super().forward(x.flatten(1) * share)
"""


@pytest.fixture
def stop_third_epoch(cnnlab, monkeypatch):
    """Train in a folder "run", and let Ctrl-C stop it in its third epoch."""
    from cnnlab.cli.progress import TrainingProgress

    shown = TrainingProgress.batch

    def stop(self, epoch, batch, batches):
        if epoch == 3:
            raise KeyboardInterrupt

    monkeypatch.setattr(TrainingProgress, "batch", stop)

    def train(*words):
        assert cnnlab("train", *QUICK, *words, "--output", "run")[0] == 130
        monkeypatch.setattr(TrainingProgress, "batch", shown)
        return Path("run")

    return train


@pytest.fixture
def stopped(stop_third_epoch):
    """A run that Ctrl-C stopped in its third epoch."""
    return stop_third_epoch()


def test_a_network_that_draws_by_python_or_numpy_resumes_alike(cnnlab, stop_third_epoch):
    Path("mine.py").write_text(RANDOM)
    run = stop_third_epoch("--model", "mine.py:Random")
    assert cnnlab("train", "--resume", run)[0] == 0
    cnnlab("train", *QUICK, "--model", "mine.py:Random", "--output", "whole")
    ours, theirs = (Path(each, "model.safetensors").read_bytes() for each in ("run", "whole"))
    assert ours == theirs


def test_a_stopped_run_resumes_with_its_own_settings(cnnlab, stopped):
    status, out, err = cnnlab("train", "--resume", stopped, "--json")
    assert status == 0, err
    assert json.loads(out) | {"run": "run", "status": "finished", "epoch": 4} == json.loads(out)
    cnnlab("train", *QUICK, "--output", "whole")
    ours, theirs = (
        [json.loads(line) | {"seconds": 0} for line in lines.read_text().splitlines()]
        for lines in (stopped / "metrics.jsonl", Path("whole/metrics.jsonl"))
    )
    assert ours == theirs
    assert (stopped / "model.safetensors").read_bytes() == Path(
        "whole/model.safetensors"
    ).read_bytes()


def test_a_finished_run_cannot_be_resumed(cnnlab, stopped):
    cnnlab("train", "--resume", stopped)
    status, _, err = cnnlab("train", "--resume", stopped)
    assert status == 1
    assert "run is finished (4 epochs): there is nothing to resume. To train longer" in said(err)


@pytest.mark.parametrize(
    "flag",
    [("--epochs", 9), ("--model", "lenet5"), ("--output", "x"), ("--recipe", "best"),
     ("--dataset", "tiny"), ("--seed", 3)],
)  # fmt: skip
def test_other_settings_are_refused_with_resume(cnnlab, stopped, flag):
    status, _, err = cnnlab("train", "--resume", stopped, *flag)
    assert status == 1
    assert "A run resumes with its own network, data set, recipe and settings" in said(err)
    assert f"With --resume, leave out {flag[0]}." in said(err)


def test_a_folder_that_is_not_a_run_is_refused(cnnlab):
    Path("empty").mkdir()
    assert "empty is not a run folder" in said(cnnlab("train", "--resume", "empty")[2])


def test_a_result_of_older_weights_is_not_shown_as_the_finished_runs(cnnlab, stopped):
    status, out, err = cnnlab("evaluate", stopped)
    assert status == 0, err
    assert "on 100 images of Tiny; unfinished, 2 of 4 epochs." in said(out)
    accuracy = json.loads((stopped / "evaluation.json").read_text())["test_accuracy"]
    cnnlab("report", stopped)
    page = (stopped / "report.html").read_text()
    assert "unfinished, 2 of 4 epochs" in page
    assert "opened once: loss" in page and f"{100 * accuracy:.2f} %" in said(page)
    cnnlab("train", "--resume", stopped)
    cnnlab("report", stopped)
    page = (stopped / "report.html").read_text()
    assert (
        "opened once, the last time for weights that this run no longer has: those after epoch 2"
        in page
    )
    assert "opened once: loss" not in page
    out = cnnlab("evaluate", stopped)[1]
    assert "on 100 images of Tiny." in said(out)
    cnnlab("report", stopped)
    assert "opened 2 times: loss" in (stopped / "report.html").read_text()


@pytest.fixture
def at_once(cnnlab, monkeypatch):
    """A run that Ctrl-C stopped in its first epoch, and its messages."""
    from cnnlab.cli.progress import TrainingProgress

    with monkeypatch.context() as patch:
        patch.setattr(TrainingProgress, "batch", interrupt)
        status, _, err = cnnlab("train", *QUICK, "--output", "at-once")
    assert status == 130
    return Path("at-once"), err


def interrupt(*_):
    raise KeyboardInterrupt


def test_a_run_stopped_in_its_first_epoch_says_how_to_resume(cnnlab, at_once):
    folder, err = at_once
    assert "Stopped in the first epoch. The run is saved in at-once. Resume with:" in err
    assert "\n  cnnlab train --resume at-once\n" in err
    Image.fromarray(np.pad(np.full((8, 8), 255, np.uint8), 10)).save("square.png")
    for command in (["evaluate", folder], ["predict", folder, "square.png"]):
        status, _, err = cnnlab(*command)
        assert status == 1
        assert (
            "its first epoch has not ended. Resume it with:\n  cnnlab train --resume at-once" in err
        )
    assert cnnlab("report", folder)[0] == 0
    assert "cnnlab train --resume at-once" in (folder / "report.html").read_text()


def test_a_second_ctrl_c_does_not_silence_the_first(cnnlab, at_once, monkeypatch):
    from cnnlab.cli.progress import TrainingProgress

    monkeypatch.setattr(TrainingProgress, "batch", interrupt)
    with monkeypatch.context() as patch:
        patch.setattr("cnnlab.runs.train.what_is_kept", lambda _: again())
        status, _, err = cnnlab("train", "--resume", "at-once")
    assert (status, "kept all the same" in err) == (130, True)


def again():
    signal.raise_signal(signal.SIGINT)
    return "kept all the same"


@pytest.fixture
def own(cnnlab):
    """A finished run of a user's own network."""
    Path("mine.py").write_text(NET)
    status, _, err = cnnlab("train", "--model", "mine.py:Small", *QUICK, "--output", "own")
    assert status == 0, err
    return Path("own")


@pytest.mark.parametrize("command", ["evaluate", "report"])
def test_code_in_a_folder_runs_only_if_it_is_trusted(cnnlab, own, command):
    Path("mine.py").unlink()  # the folder has its own copy
    assert (own / "source.py").read_text() == NET
    status, _, err = cnnlab(command, own)
    assert status == 1
    assert (
        "own contains Python code for its network mine.py:Small: own/source.py. Read it first. If "
        "you trust it, repeat the command with --trust." in said(err)
    )
    status, _, err = cnnlab(command, own, "--trust")
    assert status == 0, err


def test_changed_code_never_runs(cnnlab, own):
    mark = Path("ran").absolute()
    (own / "source.py").write_text(f"open({str(mark)!r}, 'w')\n" + NET)
    for trust in ((), ("--trust",)):
        status, _, err = cnnlab("evaluate", own, *trust)
        assert status == 1
        assert not mark.exists()
    assert "own/source.py was changed after the training" in said(err)


def test_a_stopped_run_of_a_users_own_network_resumes_if_trusted(cnnlab, own):
    description = json.loads((own / "config.json").read_text())
    (own / "config.json").write_text(json.dumps(description | {"status": "interrupted"}))
    Path("mine.py").unlink()
    assert "--trust" in said(cnnlab("train", "--resume", own)[2])
    status, _, err = cnnlab("train", "--resume", own, "--trust")
    assert status == 0, err


def pasted(cnnlab, text):
    """Run each command that a text names on a line of its own."""
    commands = re.findall(r"^  cnnlab (.*)$", text, re.MULTILINE)
    assert commands
    for command in commands:
        status, _, err = cnnlab(*shlex.split(command))
        assert status == 0, (command, err)
    return commands


def test_every_command_in_a_hint_works_when_pasted(cnnlab, monkeypatch):
    from cnnlab.cli.progress import TrainingProgress

    Path("mine.py").write_text(NET)
    start = ("train", "--model", "mine.py:Small", *QUICK)
    _, _, err = cnnlab(*start, "--output", "own")
    Image.fromarray(np.pad(np.full((8, 8), 255, np.uint8), 10)).save("my-picture.jpg")
    assert pasted(cnnlab, err)[-3:] == [
        "report own",
        "predict own my-picture.jpg",
        "evaluate own",
    ]
    page = html.unescape(Path("own/report.html").read_text())
    assert "with <code>cnnlab report own</code>" in page
    with monkeypatch.context() as patch:
        patch.setattr(TrainingProgress, "epoch", interrupt)
        _, _, err = cnnlab(*start, "--output", "stopped")
    Path("mine.py").write_text(NET + "# changed\n")
    assert cnnlab("report", "own", "--trust")[0] == 0
    Path("mine.py").write_text(NET)
    assert pasted(cnnlab, err)[0] == "train --resume stopped"
    _, _, err = cnnlab("train", "--resume", "own", "--trust")
    (longer,) = re.findall(r"^  cnnlab (.*)$", err, re.MULTILINE)
    assert longer == (
        "train --model mine.py:Small --dataset tiny --recipe workshop --epochs 8 --batch-size 40"
    )
    assert cnnlab(*shlex.split(longer))[0] == 0


def test_the_message_about_changed_code_says_how_to_train_it(cnnlab, own):
    path = own / "source.py"
    path.write_text(NET.replace("9", "8"))
    _, _, err = cnnlab("evaluate", own, "--trust")
    assert "perhaps from mine.py. Or train the changed network in a new run" in said(err)
    pasted(cnnlab, err)
    path.unlink()
    _, _, err = cnnlab("evaluate", own, "--trust")
    assert "own/source.py is missing: expected the code of the network mine.py:Small" in said(err)
