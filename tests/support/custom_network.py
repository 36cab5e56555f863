"""A network of a student's own, and what the check says of it once it is edited."""

import sys

from torch import nn

from cnnlab.custom.check import CheckReport
from cnnlab.custom.find import check_network
from cnnlab.custom.network import MODULE_PREFIX, CustomNetwork
from cnnlab.custom.observe import observe_here
from cnnlab.custom.trial import Trial

NET = """\
import torch
from torch import nn
from torch.nn import functional as F


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 6, 5), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2),
        )
        self.classifier = nn.Sequential(
            nn.Linear(400, 120), nn.ReLU(),
            nn.Linear(120, 10),
        )

    def forward(self, x):
        x = self.features(x)
        x = x.flatten(start_dim=1)
        return self.classifier(x)
"""

INIT = "        super().__init__()\n"
FLATTEN = "x = x.flatten(start_dim=1)"
RETURN = "return self.classifier(x)"
FIRST = "nn.Linear(400, 120)"
LAST = "nn.Linear(120, 10),"


def write(text: str, *edits: tuple[str, str], file: str = "mine.py") -> None:
    for old, new in edits:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    with open(file, "w", encoding="utf-8") as stream:  # noqa: PTH123
        stream.write(text)


def check(text: str, *edits: tuple[str, str], name: str = "mine.py") -> CheckReport:
    write(text, *edits)
    return check_network(name)


def forget_files() -> None:
    """Let cnnlab run each file again, as another process does."""
    for name in [each for each in sys.modules if each.startswith(MODULE_PREFIX)]:
        del sys.modules[name]


def try_here(source: CustomNetwork, **_) -> Trial:
    """Try a network in this process, which is quicker; the trial travels as from a child."""
    return Trial.from_json(observe_here(source).to_json())


def only(found: CheckReport) -> tuple[str, int | None, str]:
    (finding,) = found.findings
    return finding.kind, finding.line, finding.message


def assert_found_alone(edits, kind, line, message, capfd):
    """Assert that the edited network has this one finding, and that nothing is printed."""
    found = check(NET, *edits, name="mine.py:Net")
    assert only(found) == (kind, line, message.replace("{torch}", str(nn.__file__)))
    assert found.is_sound == (kind in {"top-level", "frozen", "log-softmax"})
    assert capfd.readouterr() == ("", "")
