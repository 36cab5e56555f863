"""Each network of the collection is checked: sound ones pass, broken ones are explained.

The sets of today's mistakes are the work to do. If an entry is no longer a mistake, its test fails
until somebody removes it, so these sets can only shrink.
"""

import os
import re
import sys

import pytest
import torch

from cnnlab.custom import sandbox
from cnnlab.custom.find import check_network
from cnnlab.custom.finding import Finding
from cnnlab.custom.network import read_custom
from cnnlab.custom.sandbox import observe
from tests.support.custom_network import try_here
from tests.support.networks.case import Broken, Sound, Wanted, write
from tests.support.networks.collection import BROKEN, SOUND
from tests.support.networks.wanted import NOT_YET_ACCEPTED, WANTED

pytestmark = pytest.mark.usefixtures("one_thread")

NOTED = {
    "bootcamp-baseline",
    "fixed-sobel-layer",
    "frozen-random-first-layer",
    "low-rank-adapters",
    "mobile-net-inverted-residual",
}
"""Sound networks of which the check notes, rightly, what does no harm."""
NOT_YET_EXPLAINED = {
    # All weights of a parameter begin with one number; the layer after it makes them differ.
    "weights-of-ones",
}
"""Broken networks that the check does not explain today."""
UNENDING = {"loops-at-the-top", "loops-in-init", "loops-in-forward", "waits-at-the-top"}
"""Broken networks that only a child process can end."""

SETTINGS = {
    "precision": (
        "import torch; torch.set_default_dtype(torch.float64)",
        torch.get_default_dtype,
        torch.set_default_dtype,
    ),
    "threads": (
        f"import torch; torch.set_num_threads({torch.get_num_threads() + 1})",
        torch.get_num_threads,
        torch.set_num_threads,
    ),
    "gradients": (
        "import torch; torch.set_grad_enabled(False)",
        torch.is_grad_enabled,
        torch.set_grad_enabled,
    ),
    "determinism": (
        "import torch; torch.use_deterministic_algorithms(True)",
        torch.are_deterministic_algorithms_enabled,
        torch.use_deterministic_algorithms,
    ),
    "folder": ("import os; os.chdir('..')", os.getcwd, os.chdir),
    "environment": (
        "import os; os.environ['SET_BY_A_NETWORK'] = '1'",
        lambda: os.environ.get("SET_BY_A_NETWORK"),
        lambda _: os.environ.pop("SET_BY_A_NETWORK", None),
    ),
    "recursion": (
        f"import sys; sys.setrecursionlimit({sys.getrecursionlimit() + 1})",
        sys.getrecursionlimit,
        sys.setrecursionlimit,
    ),
}
"""What a file may set for a whole process: how it does, how to read it, how to restore it."""


@pytest.fixture(autouse=True)
def settings_of_the_process():
    """Restore what a file sets for the whole process."""
    before = [(put, get()) for _, get, put in SETTINGS.values()]
    yield
    for put, value in before:
        put(value)


@pytest.fixture(autouse=True)
def tried_as_in_a_child(monkeypatch):
    """Try each network in this process, but let its trial travel as text, and forget its file."""
    monkeypatch.setattr(sandbox, "observe", try_here)


@pytest.fixture
def in_a_child(monkeypatch):
    """Try each network in a child process, as the check does."""
    monkeypatch.setattr(sandbox, "observe", observe)


def findings(case: Sound | Broken | Wanted) -> tuple[Finding, ...]:
    """Return what the check finds in a network, the gravest first."""
    return check_network(write(case)).findings


def test_the_collection_is_large_enough():
    assert len(SOUND) >= 150
    assert len(BROKEN) >= 60
    assert NOTED.issubset(SOUND)
    assert UNENDING.issubset(BROKEN)
    assert NOT_YET_EXPLAINED.issubset(BROKEN)
    assert NOT_YET_ACCEPTED.issubset(WANTED)


@pytest.mark.parametrize("name", SOUND)
def test_a_sound_network_passes(name):
    found = findings(SOUND[name])
    said = [f"{each.effect}: {each.message}" for each in found]
    effects = {each.effect for each in found}
    if name in NOTED:
        assert effects == {"none"}, said
    else:
        assert not found, said


@pytest.mark.parametrize("name", [each for each in BROKEN if each not in UNENDING])
def test_a_broken_network_is_explained_with_its_line_and_the_cure(name):
    case = BROKEN[name]
    if name in NOT_YET_EXPLAINED:
        assert not is_explained(case), f"{name} is explained now: remove it from NOT_YET_EXPLAINED"
    else:
        assert_explained(case)


@pytest.mark.parametrize("name", sorted(UNENDING))
def test_a_network_that_never_ends_is_ended_and_explained(name, in_a_child, monkeypatch):
    monkeypatch.setattr(sandbox, "TIME_LIMIT_SECONDS", 2.0)
    assert_explained(BROKEN[name])


def assert_explained(case: Broken) -> None:
    found = findings(case)
    assert found, "nothing was found"
    first = found[0]
    said = f"{first.effect}: {first.message}"
    assert case.is_explained_by(first.effect, first.message), f"lines {case.lines}: {said}"


def is_explained(case: Broken) -> bool:
    """Return whether the first finding is the right one; a traceback is not."""
    try:
        found = findings(case)
    except Exception:
        return False
    return bool(found) and case.is_explained_by(found[0].effect, found[0].message)


@pytest.mark.parametrize("name", WANTED)
def test_a_wanted_network_passes_or_is_refused_in_words(name):
    said = [each.message for each in findings(WANTED[name]) if each.effect != "none"]
    if name in NOT_YET_ACCEPTED:
        assert said, f"{name} is accepted now: remove it from NOT_YET_ACCEPTED"
        assert all(re.search(r"\bline \d", each, re.IGNORECASE) for each in said), said
    else:
        assert not said, said


@pytest.mark.parametrize("name", SETTINGS)
def test_a_network_restores_what_its_file_sets_for_the_whole_process(name):
    line, get, _ = SETTINGS[name]
    before = get()
    read_custom(write(Sound(f"{line}\n{SOUND['linear-only'].text}")))()
    assert get() == before


def test_the_check_changes_nothing_of_this_process(in_a_child):
    lines = "\n".join(line for line, _, _ in SETTINGS.values())
    before = [get() for _, get, _ in SETTINGS.values()]
    assert findings(Sound(f"{lines}\n{SOUND['linear-only'].text}")) == ()
    assert [get() for _, get, _ in SETTINGS.values()] == before
