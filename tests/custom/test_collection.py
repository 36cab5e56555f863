"""The collection of networks, each checked: sound ones are let through, broken ones answered.

The sets in capitals are the work to do. A test fails as well once an entry of them is done, so that
it is removed: each can only shrink.
"""

import os
import sys
from pathlib import Path

import pytest
import torch

from cnnlab.custom import sandbox
from cnnlab.custom.find import check_network
from cnnlab.custom.finding import Finding
from cnnlab.errors import ModelError
from tests.support.networks.case import Broken, Sound
from tests.support.networks.collection import BROKEN, SOUND
from tests.support.networks.wanted import WANTED

FALSE_ALARMS = {
    # Not called, or given no image, in the few passes of the check.
    "layers-that-begin-late",
    "mixture-of-experts-by-mask",
    "mixture-of-experts-top-two",
    "path-drawn-for-each-batch",
    "stochastic-depth",
    # A ReLU that happens to be 0 for each of the made-up images.
    "inception",
    # The made-up images are noise: their coarse patterns are all the same.
    "sparse-gradients",
    # A parameter of no numbers.
    "parameter-of-one-number",
}
"""Sound networks of which the check says today that they spoil the training."""
WARNED: set[str] = set()
"""Sound networks of which it may say so, as nobody can tell: two at most."""

NOT_YET_ANSWERED = {
    # A traceback instead of an answer.
    "attribute-buffers",
    "attribute-eval",
    "attribute-parameters",
    "attribute-state-dict",
    "attribute-train",
    "method-eval",
    "method-parameters",
    "method-train",
    "parameter-that-is-expanded",
    # Does not end.
    "waits-at-the-top",
    # Nothing is said.
    "activations-forgotten-everywhere",
    "attribute-modules",
    "attribute-to",
    "clamped",
    "convolutions-with-nothing-between",
    "cosines-without-a-scale",
    "dropout-of-the-logits",
    "linear-layers-with-nothing-between",
    "memory-of-a-batch",
    "network-at-the-top-that-is-returned",
    "not-a-number-in-the-gradient",
    "recurrent-state-that-keeps-its-graph",
    "relu-then-viewed",
    "seed-in-a-function-that-init-calls",
    "seed-in-forward",
    "seed-in-init",
    "sigmoid-layer-then-viewed",
    "sigmoid-times-1",
    "softmax-in-a-block",
    "softmax-of-several-heads-averaged",
    "softmax-then-added",
    "softmax-then-clamped",
    "softmax-then-cut",
    "softmax-then-squeezed",
    "softmax-then-viewed",
    "tanh-then-viewed",
    "weights-of-one-constant",
    "weights-of-ones",
    # The wrong thing is said.
    "arrays-of-numpy",
    "concatenated-along-the-batch",
    "images-and-channels-exchanged",
    "module-list-that-is-called",
    "names-drawn-once-for-all-networks",
    "not-a-number",
    "not-a-number-by-the-deviation-of-one-number",
    "running-mean-that-keeps-its-graph",
    "view-of-another-size",
    # What PyTorch or Python says is repeated, without the cure.
    "argparse-at-the-top",
    "argument-of-another-library",
    "asks-at-the-top",
    "concatenated-maps-of-other-sizes",
    "exit-at-the-top",
    "function-in-a-sequential",
    "group-norm-of-other-channels",
    "hyperparameters-of-the-book",
    "init-without-self",
    "layer-made-without-self",
    "layer-misspelt",
    "layer-norm-of-another-size",
    "layer-of-double-precision",
    "layer-without-self",
    "list-in-a-sequential",
    "numbers-that-are-no-integers",
    "precision-of-all-set",
    "shortcut-of-other-channels",
    "variable-in-other-capitals",
    "view-of-28-by-28",
    # The cause is said, but no line, or not what to write.
    "argument-without-a-default",
    "attention-over-the-images",
    "block-whose-result-is-overwritten",
    "all-frozen",
    "detached-in-the-middle",
    "drawn-sizes",
    "dropout-always-in-training",
    "dropout-in-evaluation",
    "first-layer-in-place",
    "largest-place-in-the-middle",
    "layer-whose-result-is-dropped",
    "log-of-softmax",
    "mean-of-the-batch-taken-off",
    "multiplied-by-0",
    "no-grad-around-a-part",
    "no-grad-around-all",
    "noise-in-evaluation",
    "norm-without-running-statistics",
    "nothing-to-train",
    "plain-list-of-parameters",
    "plain-tensor-that-is-random",
    "plain-tensor-that-wants-a-gradient",
    "rounded-in-the-middle",
    "softmax-by-hand",
    "softmax-over-the-batch",
    "state-of-its-own-saving",
    "steps-instead-of-an-activation",
}
"""Broken networks that the check does not answer well today."""
UNENDING = {"loops-at-the-top", "loops-in-init", "loops-in-forward", "waits-at-the-top"}
"""Broken networks that the check has to end."""
CANNOT_BE_ENDED = {"waits-at-the-top"}
"""Those of them that it waits for today as long as they take."""

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
"""What a file may set for a whole process: the line that does, what reads it, what sets it back."""
LEAKING = {"precision", "threads", "determinism", "folder", "environment", "recursion"}
"""What stays set today once a file has been checked."""


@pytest.fixture(autouse=True)
def settings_of_the_process():
    """Set back what a file has set for the whole process."""
    before = [(put, get()) for _, get, put in SETTINGS.values()]
    yield
    for put, value in before:
        put(value)


def findings(case: Sound | Broken) -> tuple[Finding, ...]:
    """Return what the check finds in a network, the gravest first."""
    Path("mine.py").write_text(case.text, encoding="utf-8")
    return check_network(f"mine.py:{case.name}").findings


def test_the_collection_is_as_large_as_it_was_asked_for():
    assert len(SOUND) >= 150
    assert len(BROKEN) >= 60
    assert len(WARNED) <= 2
    assert (FALSE_ALARMS | WARNED).issubset(SOUND)
    assert CANNOT_BE_ENDED <= UNENDING & NOT_YET_ANSWERED
    assert UNENDING.issubset(BROKEN)
    assert NOT_YET_ANSWERED.issubset(BROKEN)


@pytest.mark.parametrize("name", SOUND)
def test_a_sound_network_is_let_through(name):
    bad = [each for each in findings(SOUND[name]) if each.effect != "none"]
    if name in FALSE_ALARMS:
        assert bad, f"{name} is let through now: remove it from FALSE_ALARMS"
    else:
        allowed = {"spoils"} if name in WARNED else set()
        assert {each.effect for each in bad} <= allowed, [each.message for each in bad]


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_network_is_answered_with_its_line_and_the_cure(name, monkeypatch):
    if name in CANNOT_BE_ENDED:
        pytest.skip("nothing ends it today")
    if name in UNENDING:
        monkeypatch.setattr(sandbox, "TIME_LIMIT_SECONDS", 2.0)
    case = BROKEN[name]
    if name in NOT_YET_ANSWERED:
        assert not is_answered(case), f"{name} is answered now: remove it from NOT_YET_ANSWERED"
        return
    found = findings(case)
    assert found, "nothing was found"
    first = found[0]
    said = f"{first.effect}: {first.message}"
    assert case.is_answered_by(first.effect, first.message), f"lines {case.lines}: {said}"


def is_answered(case: Broken) -> bool:
    """Return whether the first finding is the right one; a traceback is none."""
    try:
        found = findings(case)
    except Exception:
        return False
    return bool(found) and case.is_answered_by(found[0].effect, found[0].message)


@pytest.mark.parametrize("name", WANTED)
def test_what_is_not_taken_yet_is_answered_in_words(name):
    case = WANTED[name]
    for file, text in (("mine.py", case.text), *case.beside):
        Path(file).parent.mkdir(exist_ok=True)
        Path(file).write_text(text, encoding="utf-8")
    try:
        said = [each.message for each in check_network(case.model).findings]
    except ModelError as error:
        said = [str(error)]
    assert all(each.endswith((".", "py", "?")) or "cnnlab" in each for each in said), said


@pytest.mark.parametrize("name", SETTINGS)
def test_what_a_file_sets_for_the_whole_process_is_set_back(name):
    line, get, _ = SETTINGS[name]
    before = get()
    findings(Sound(f"{line}\n{SOUND['linear-only'].text}"))
    if name in LEAKING:
        assert get() != before, f"{name} is set back now: remove it from LEAKING"
    else:
        assert get() == before
