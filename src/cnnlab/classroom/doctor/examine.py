"""Run every check, one after the other; a check that crashes does not stop the others."""

import re
from collections.abc import Callable, Iterator, Sequence

from cnnlab.classroom.doctor import laptop, learning, surroundings
from cnnlab.classroom.doctor.check import Check
from cnnlab.classroom.doctor.machine import Machine

Examination = Callable[[Machine], Check]
CHECKS: tuple[tuple[str, Examination], ...] = (
    ("Python", laptop.python),
    ("System", laptop.processor_kind),
    ("Memory", laptop.memory),
    ("Disk", laptop.disk),
    ("Folder", laptop.folder),
    ("Clock", laptop.clock),
    ("Power", laptop.power),
    ("Terminal", laptop.terminal),
    ("Browser", surroundings.browser),
    ("Own address", surroundings.loopback),
    ("Network", surroundings.network),
    ("Notebook", surroundings.notebook),
    ("Versions", surroundings.versions),
    ("Data", surroundings.data),
    ("PyTorch", learning.torch_import),
    ("Processor", learning.processor),
    ("Steady speed", learning.steady_speed),
    ("Training", learning.training),
    ("Page", learning.page_numbers),
    ("Device", learning.gpu),
)
"""Each check's name, and the function that makes it."""
NEED_TORCH = {"Processor", "Steady speed", "Training", "Page", "Device"}
_PATH = re.compile(r"(?:[A-Za-z]:)?(?:[\\/][\w.~+-]+){2,}[\\/]?")


def examine(
    machine: Machine, checks: Sequence[tuple[str, Examination]] = CHECKS
) -> Iterator[Check]:
    """Yield what each check finds. A check that crashes yields what went wrong."""
    has_torch = True
    for name, check in checks:
        if name in NEED_TORCH and not has_torch:
            yield Check(name, "warn", "not checked: it needs PyTorch", "Fix PyTorch first.")
            continue
        try:
            found = check(machine)
            has_torch = has_torch and (name, found.state) != ("PyTorch", "fix")
            yield found
        except Exception as error:  # one broken check must not hide what the others find
            yield Check(
                name,
                "warn",
                f"this check failed ({type(error).__name__}: {error})",
                "The other checks still count. Show this line to the leader.",
            )


def shared_text(checks: Sequence[Check], machine: Machine) -> str:
    """Return all checks as text to send: without the user's name, the computer's, or a path."""
    words = sorted(machine.private_words(), key=len, reverse=True)
    lines = []
    for check in checks:
        text = f"{check.state:<5}{check.name}: {check.found}"
        for word in words:
            text = re.sub(rf"(?<!\w){re.escape(word)}(?!\w)", "...", text, flags=re.I)
        lines.append(_PATH.sub("...", text))
    return "\n".join(lines)
