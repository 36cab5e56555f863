"""cnnlab train --resume and --trust, as a user types them."""

import json
from pathlib import Path

import pytest

QUICK = ("--dataset", "tiny", "--epochs", 4, "--batch-size", 40)
NET = (
    "from torch import nn\n"
    "def Small():\n"
    "    return nn.Sequential(nn.Flatten(), nn.Linear(1024, 9), nn.ReLU(), nn.Linear(9, 10))\n"
)


def said(text):
    return " ".join(text.split())


@pytest.fixture
def stopped(cnnlab, monkeypatch):
    """A run that Ctrl-C stopped in its third epoch."""
    from cnnlab.terminal import Terminal

    shown = Terminal.batch

    def stop(self, epoch, batch, batches):
        if epoch == 3:
            raise KeyboardInterrupt

    monkeypatch.setattr(Terminal, "batch", stop)
    assert cnnlab("train", *QUICK, "--output", "run")[0] == 130
    monkeypatch.setattr(Terminal, "batch", shown)
    return Path("run")


def test_a_stopped_run_goes_on_with_its_own_settings(cnnlab, stopped):
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


def test_a_finished_run_has_nothing_to_go_on_with(cnnlab, stopped):
    cnnlab("train", "--resume", stopped)
    status, _, err = cnnlab("train", "--resume", stopped)
    assert status == 1
    assert "run is finished: there is nothing to go on with" in said(err)


@pytest.mark.parametrize(
    "flag",
    [("--epochs", 9), ("--model", "lenet5"), ("--output", "x"), ("--recipe", "best"),
     ("--dataset", "tiny"), ("--seed", 3)],
)  # fmt: skip
def test_other_settings_are_refused_with_resume(cnnlab, stopped, flag):
    status, _, err = cnnlab("train", "--resume", stopped, *flag)
    assert status == 1
    assert "A run goes on with its own network, data, recipe and settings" in said(err)


def test_what_is_no_run_folder_is_said(cnnlab):
    Path("empty").mkdir()
    assert "empty is not a run folder" in said(cnnlab("train", "--resume", "empty")[2])


@pytest.fixture
def own(cnnlab):
    """A finished run of a network of one's own."""
    Path("mine.py").write_text(NET)
    status, _, err = cnnlab("train", "--model", "mine.py:Small", *QUICK, "--output", "own")
    assert status == 0, err
    return Path("own")


@pytest.mark.parametrize("command", ["evaluate", "report"])
def test_code_in_a_folder_runs_only_where_it_is_trusted(cnnlab, own, command):
    Path("mine.py").unlink()  # the folder has its own copy
    assert (own / "source.py").read_text() == NET
    status, _, err = cnnlab(command, own)
    assert status == 1
    assert "own carries code, own/source.py, for its network mine.py:Small. Read it; if you" in (
        said(err)
    )
    status, _, err = cnnlab(command, own, "--trust")
    assert status == 0, err


def test_code_that_is_not_what_was_trained_never_runs(cnnlab, own):
    mark = Path("ran").absolute()
    (own / "source.py").write_text(f"open({str(mark)!r}, 'w')\n" + NET)
    for trust in ((), ("--trust",)):
        status, _, err = cnnlab("evaluate", own, *trust)
        assert status == 1
        assert not mark.exists()
    assert "own/source.py has been changed since the training" in said(err)


def test_a_stopped_run_of_ones_own_network_goes_on_where_trusted(cnnlab, own):
    description = json.loads((own / "config.json").read_text())
    (own / "config.json").write_text(json.dumps(description | {"status": "interrupted"}))
    assert "--trust" in said(cnnlab("train", "--resume", own)[2])
    status, _, err = cnnlab("train", "--resume", own, "--trust")
    assert status == 0, err
