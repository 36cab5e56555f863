"""A network of one's own is trained by the commands: it trains, or its failure is told in words."""

import json
import shutil
from pathlib import Path

import pytest

from cnnlab.errors import RunError
from cnnlab.runs.run import open_run
from tests.support.printed import said

QUICK = ("--dataset", "tiny", "--epochs", 1, "--batch-size", 40)
RUN = Path("runs/tiny-mine-Net-seed-0")
NET = """
import torch
from torch import nn
from torch.nn import functional as F

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(1, 6, 5), nn.Conv2d(6, 16, 5)
        self.last = nn.Linear(400, 10)
    def forward(self, x):
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)
        return self.last(x.view(-1, 400))
"""


def train(cnnlab, text, *words):
    Path("mine.py").write_text(text)
    return cnnlab("train", "--model", "mine.py:Net", *QUICK, *words)


def test_the_flatten_of_every_tutorial_trains_and_all_that_follows(cnnlab):
    status, _, err = train(cnnlab, NET)
    assert status == 0, err
    for command in ("evaluate", "report"):
        status, _, err = cnnlab(command, RUN)
        assert status == 0, err
    status, out, err = cnnlab(
        "compare", "mine.py:Net", "lenet5", *QUICK, "--seeds", 1, "--jobs", 1, "--json"
    )
    assert status == 0, err
    failures = [list(each["failures"].values()) for each in json.loads(out)["variants"]]
    assert not any("failed" in each for variant in failures for each in variant)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (
            "        if self.training and len(x) > 30: raise KeyError('too many')",
            "mine.py: Training failed in line 14 with KeyError: 'too many'.",
        ),
        (
            "        if self.training and len(x) > 30: raise SystemExit(3)",
            "mine.py: Training failed in line 14 with SystemExit: 3.",
        ),
        (
            "        if self.training and len(x) > 30: x = x @ x.view(-1)",
            "mine.py: Training failed in line 14 with RuntimeError: ",
        ),
        (
            "        if self.training and len(x) > 30: raise MemoryError",
            "This machine has too little memory to train on 40 images at a time. Try fewer: "
            "cnnlab train --model mine.py:Net --dataset tiny --recipe workshop --epochs 1 "
            "--batch-size 10",
        ),
    ],
)
def test_what_a_network_raises_while_it_trains_is_told_and_the_run_is_failed(cnnlab, line, message):
    status, _, err = train(cnnlab, NET.replace("        return", f"{line}\n        return"))
    assert status == 1, err
    assert message in said(err)
    assert "Traceback" not in err
    assert json.loads((RUN / "config.json").read_text())["status"] == "failed"
    status, _, err = cnnlab("train", "--resume", RUN)
    assert status == 1
    assert message.removeprefix("mine.py: ")[:40] in said(err)


def test_a_value_kept_with_its_graph_is_told_with_the_cure(cnnlab):
    text = NET.replace(
        "nn.Linear(400, 10)", "nn.Linear(400, 10); self.mean = torch.zeros(400)"
    ).replace(
        "        return self.last(x.view(-1, 400))",
        "        x = x.view(-1, 400)\n"
        "        if len(x) > 30: self.mean = 0.9 * self.mean + 0.1 * x.mean(0)\n"
        "        return self.last(x - self.mean)",
    )
    status, _, err = train(cnnlab, text)
    assert status == 1
    assert "Write .detach() where you keep it" in said(err)


def test_a_training_that_learned_nothing_says_so_everywhere(cnnlab, tmp_path):
    status, _, err = cnnlab("train", *QUICK, "--learning-rate", 3, "--output", "lost")
    assert status == 0, err
    sentence = "Warning: It learned nothing: "
    assert sentence in said(err)
    assert "Try: cnnlab train --model lenet5 --dataset tiny --recipe workshop" in said(err)
    assert "--learning-rate 0.3" in err
    assert cnnlab("report", "lost")[0] == 0
    assert "It learned nothing" in Path("lost/report.html").read_text()


def test_a_users_own_file_needs_no_trust_while_the_run_carries_the_same(cnnlab, tmp_path):
    train(cnnlab, NET)
    status, _, err = cnnlab("report", RUN)
    assert status == 0, err
    Path("mine.py").write_text(NET + "# changed\n")
    status, _, err = cnnlab("report", RUN)
    assert status == 1
    assert "--trust" in err
    assert cnnlab("report", RUN, "--trust")[0] == 0


def test_a_file_inside_the_folder_proves_nothing(cnnlab):
    train(cnnlab, NET)
    Path("mine.py").unlink()
    config = json.loads((RUN / "config.json").read_text())
    shutil.copy(RUN / "source.py", RUN / "mine.py")
    (RUN / "config.json").write_text(json.dumps(config | {"model": f"{RUN}/mine.py:Net"}))
    with pytest.raises(RunError, match="--trust"):
        _ = open_run(RUN).network


def test_files_beside_the_network_are_kept_with_the_run(cnnlab):
    text = NET.replace("import torch\n", "import torch, sizes\n").replace(
        "400, 10)", "400, sizes.TEN)"
    )
    Path("sizes.py").write_text("TEN = 10")
    status, _, err = train(cnnlab, text)
    assert status == 0, err
    assert (RUN / "source" / "sizes.py").read_text() == "TEN = 10"
    assert cnnlab("evaluate", RUN)[0] == 0
    Path("sizes.py").write_text("TEN = 5 + 5")  # now it is another network
    assert "--trust" in said(cnnlab("evaluate", RUN)[2])
    Path("sizes.py").unlink()
    Path("mine.py").unlink()
    status, _, err = cnnlab("evaluate", RUN, "--trust")
    assert status == 0, err
    (RUN / "source" / "sizes.py").write_text("TEN = 9 + 1")
    status, _, err = cnnlab("evaluate", RUN, "--trust")
    assert status == 1
    assert f"{RUN}/source.py, or a file in {RUN}/source, was changed after the training" in said(
        err
    )
