"""Code of a student's own ends, and changes nothing of the process that it runs in."""

import io
import random
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
import torch

from cnnlab.custom import sandbox
from cnnlab.custom.find import check_network, find_network
from cnnlab.custom.network import MODULE_PREFIX
from cnnlab.custom.sandbox import TooSlowError, time_limit
from tests.support.custom_network import FLATTEN, INIT, NET, check, only, write
from tests.support.events import BEGUN, EventTimer, waiting_for


def test_no_generator_path_or_stream_is_touched(capfd):
    write(
        NET,
        (
            "class Net(",
            "import random\nimport sys\nimport warnings\nimport numpy as np\n\n"
            "torch.set_grad_enabled(False)\n"
            "torch.manual_seed(7)\nrandom.seed(7)\nnp.random.seed(7)\n"
            "print('hi')\nprint('hi', file=sys.stderr)\n"
            "warnings.warn('careful')\n\n\nclass Net(",
        ),
        (FLATTEN, "x = x.flatten(start_dim=1); torch.rand(3); print('hi')"),
    )
    modules = set(sys.modules)
    before = torch.get_rng_state(), random.getstate(), str(np.random.get_state())
    streams = sys.path[:], sys.stdin, sys.stdout, sys.stderr
    assert torch.is_grad_enabled()
    assert [each.kind for each in check_network("mine.py").findings] == ["top-level"]
    assert torch.equal(torch.get_rng_state(), before[0])
    assert (random.getstate(), str(np.random.get_state())) == before[1:]
    assert (sys.path, sys.stdin, sys.stdout, sys.stderr) == streams
    assert torch.is_grad_enabled()
    assert all(name.startswith(MODULE_PREFIX) for name in set(sys.modules) - modules)
    assert capfd.readouterr() == ("", "")


def test_a_network_that_the_file_keeps_is_left_as_it_was():
    text = NET.replace(
        "nn.ReLU(), nn.MaxPool2d(2),\n        )", "nn.BatchNorm2d(16), nn.MaxPool2d(2),\n        )"
    )
    write(text + "\nKEPT = Net()\ndef kept():\n    return KEPT\n")
    network = find_network("mine.py:kept").make()
    network.eval()
    network.features.train()
    for parameter in network.parameters():
        parameter.grad = torch.ones_like(parameter)
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    assert check_network("mine.py:kept").findings == ()
    after = network.state_dict()
    assert any("running_mean" in name for name in before)
    assert all(torch.equal(after[name], before[name]) for name in before)
    assert all(torch.equal(p.grad, torch.ones_like(p)) for p in network.parameters())
    assert (network.training, network.features.training) == (False, True)
    assert not any(m._forward_hooks or m._forward_pre_hooks for m in network.modules())


def test_code_that_does_not_end_is_stopped(monkeypatch):
    with monkeypatch.context() as patched:
        patched.setattr(threading, "Timer", EventTimer)
        found = check(
            NET,
            (
                "class Net(",
                f"{BEGUN}\nwhile True:\n    try:\n        sum(range(9))\n"
                "    except Exception:\n        pass\n\nclass Net(",
            ),
        )
    (finding,) = found.findings
    assert finding.kind == "slow"
    assert finding.line in {6, 7, 8, 9}
    assert finding.message == (
        f"Running the file took more than 60 seconds, so cnnlab stopped it in line {finding.line}. "
        "Put code that should run only when you start the file yourself under if "
        '__name__ == "__main__": at the end of the file.'
    )
    assert check(NET).findings == ()


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (
            (INIT, f"{INIT}        {BEGUN}\n        while True:\n            pass\n"),
            "Making the network took more than 60 seconds, so cnnlab stopped it in line {line}. "
            "Make its layers smaller, and do only what is needed in __init__.",
        ),
        (
            (FLATTEN, f"{BEGUN}\n        while True:\n            pass"),
            "Trying the network on a few images took more than 60 seconds, so cnnlab stopped it "
            "in line {line}. Make its layers smaller, and check that each loop in forward ends.",
        ),
    ],
)
def test_what_does_not_end_is_said_by_what_was_done(monkeypatch, edit, said):
    monkeypatch.setattr(threading, "Timer", EventTimer)
    _, line, message = only(check(NET, edit))
    assert message == said.format(line=line)


def test_a_file_that_runs_long_is_waited_for_in_words(monkeypatch):
    monkeypatch.setattr(sandbox, "NOTICE_SECONDS", 0)
    write(NET, ("class Net(", f"{waiting_for('told')}\n\nclass Net("))
    said = []

    def notify(message):
        said.append(message)
        Path("told").touch()

    assert check_network("mine.py", notify).findings == ()
    assert said == ["Waiting for mine.py:Net: cnnlab is running the file. It stops after 60 s."]


def test_a_limit_that_is_not_reached_leaves_no_timer_and_raises_nothing():
    before = set(threading.enumerate())
    with time_limit(60):
        pass
    assert sum(range(100_000)) == 4_999_950_000
    timers = set(threading.enumerate()) - before
    assert all(each.finished.is_set() for each in timers)  # they end by themselves
    with pytest.raises(TooSlowError), time_limit(0.05):
        while True:
            io.StringIO()
