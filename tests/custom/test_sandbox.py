"""A user's code is tried in a process of its own: it ends, and changes nothing of this one."""

import random
import sys
import threading
import time
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from cnnlab.custom import process, sandbox
from cnnlab.custom.find import check_network, find_network
from cnnlab.custom.network import MODULE_PREFIX, read_custom
from cnnlab.custom.observe import observe_here
from cnnlab.custom.rules import judge
from cnnlab.custom.sandbox import observe
from cnnlab.custom.trial import Trial
from tests.support.custom_network import FLATTEN, INIT, NET, only, write
from tests.support.events import waiting_for

NET_CLASS = "class Net("
DOES_EVERYTHING = """\
import os, random, sys, warnings
import numpy as np

torch.set_grad_enabled(False)
torch.set_default_dtype(torch.float64)
torch.set_num_threads(1)
torch.manual_seed(7); random.seed(7); np.random.seed(7)
os.chdir("..")
print("hi"); print("hi", file=sys.stderr); os.write(1, b"hi"); os.write(2, b"hi")
warnings.warn("careful")


class Net("""


def test_nothing_of_this_process_is_touched(capfd):
    write(NET, (NET_CLASS, DOES_EVERYTHING), (FLATTEN, f"{FLATTEN}; torch.rand(3); print('hi')"))

    def state():
        return (
            str(torch.get_rng_state()),
            random.getstate(),
            str(np.random.get_state()),
            (sys.path[:], sys.stdin, sys.stdout, sys.stderr),
            [each for each in sys.modules if each.startswith(MODULE_PREFIX)],
            (torch.is_grad_enabled(), torch.get_default_dtype(), torch.get_num_threads()),
            (nn.Module.__init__, torch.autograd.backward, Path.cwd(), threading.enumerate()),
        )

    before = state()
    found = check_network("mine.py")
    assert [each.kind for each in found.findings] == ["top-level"]
    assert found.printed == "hi\n"
    assert state() == before
    assert capfd.readouterr() == ("", "")


def test_settings_of_a_file_do_not_leak_when_it_is_trained(capfd):
    write(NET, (NET_CLASS, DOES_EVERYTHING), (INIT, f"{INIT}        os.chdir('..')\n"))
    warnings.simplefilter("ignore")
    torch.manual_seed(3)
    before = torch.get_rng_state(), torch.get_num_threads(), Path.cwd(), sys.stdout
    backward = torch.autograd.backward
    network = read_custom("mine.py:Net")()
    assert {each.dtype for each in network.parameters()} == {torch.float32}
    assert torch.get_default_dtype() == torch.float32
    assert torch.is_grad_enabled()
    assert (torch.get_num_threads(), Path.cwd(), sys.stdout) == before[1:]
    assert torch.autograd.backward is backward
    assert capfd.readouterr().out == "hi\nhi"  # what the file prints, it prints


def test_the_child_sees_what_this_process_would_see():
    write(NET, (FLATTEN, "x = x.flatten(1) + torch.rand(1)"))
    source = read_custom("mine.py:Net")
    trial = observe(source)
    assert trial == observe_here(source)
    assert [each.kind for each in judge(trial)] == ["random"]
    assert trial.evaluation is not None
    assert len(trial.evaluation.calls) == 9
    assert Trial.from_json(trial.to_json()) == trial


LOOP = "while True:\n    try:\n        sum(range(9))\n    except:\n        pass"
LOCK = "import threading\nlock = threading.Lock()\nlock.acquire()\nlock.acquire()"


@pytest.mark.parametrize("waits", [LOOP, LOCK])
def test_code_that_does_not_end_is_stopped_whatever_it_waits_for(monkeypatch, waits):
    monkeypatch.setattr(sandbox, "TIME_LIMIT_SECONDS", 0.5)
    write(NET, (NET_CLASS, f"{waits}\n\nclass Net("))
    (finding,) = check_network("mine.py").findings
    assert finding.kind == "slow"
    assert finding.line in {6, 7, 8, 9, 10}
    assert finding.message == (
        "Running the file took more than 0.5 seconds, so cnnlab stopped it in line "
        f"{finding.line}. Put code that should run only when you start the file yourself under if "
        '__name__ == "__main__": at the end of the file.'
    )


@pytest.mark.parametrize(
    ("edit", "line", "message"),
    [
        (
            (INIT, f"{INIT}        import os; os._exit(3)\n"),
            9,
            "Python stopped while making the network: the file ended it with status 3. Delete "
            "os._exit() and whatever else ends Python.",
        ),
        (
            (FLATTEN, "import ctypes; ctypes.string_at(0)"),
            20,
            "Python stopped in line 20 while trying the network on a few images: compiled code "
            "crashed. Delete what this line calls, or update that package.",
        ),
    ],
)
def test_code_that_ends_python_is_a_finding(edit, line, message):
    write(NET, edit)
    kind, found, text = only(check_network("mine.py"))
    assert (kind, text) == ("crash", message)
    assert found in {line, None}


def test_what_the_file_starts_ends_with_the_check():
    started = "import subprocess, sys\nsubprocess.Popen([sys.executable, '-c', _CODE])\n"
    code = "import os, time\nopen('pid', 'w').write(str(os.getpid()))\ntime.sleep(600)"
    write(NET, (NET_CLASS, f"_CODE = {code!r}\n{started}{waiting_for('pid')}\n\nclass Net("))
    assert check_network("mine.py").findings == ()
    if sys.platform != "win32":
        stat = Path(f"/proc/{Path('pid').read_text()}/stat")
        while stat.exists() and " Z " not in stat.read_text():
            time.sleep(0.01)


def test_a_file_that_runs_long_is_waited_for_in_words(monkeypatch):
    monkeypatch.setattr(process, "NOTICE_SECONDS", 0)
    write(NET, (NET_CLASS, f"{waiting_for('told')}\n\nclass Net("))
    said = []

    def notify(message):
        said.append(message)
        Path("told").touch()

    assert check_network("mine.py", notify).findings == ()
    assert said == ["Waiting for mine.py:Net: cnnlab is running the file. It stops after 60 s."]


def test_a_file_beside_it_hides_no_module_of_python():
    Path("random.py").write_text("raise ValueError('not the random of Python')")
    write(NET)
    assert find_network("mine.py").warnings == ()
