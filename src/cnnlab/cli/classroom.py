"""Commands for a class: doctor, kit."""

import textwrap
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from cnnlab.cli.app import CommandResult, app
from cnnlab.cli.flags import Json
from cnnlab.cli.terminal import Terminal
from cnnlab.wording import counted

if TYPE_CHECKING:
    from cnnlab.classroom.doctor.check import Check

_NAME_WIDTH = 14


@app.command
def doctor(
    *,
    share: Annotated[
        bool,
        Parameter(
            help="Print a text to send to the leader: without names, addresses and paths.",
            negative=(),
        ),
    ] = False,
    json_wanted: Json = False,
) -> CommandResult:
    """Check in seconds whether this laptop is ready for the workshop, and say what to fix.

    Example: cnnlab doctor --share
    """
    terminal = Terminal(json_wanted)

    from cnnlab.classroom.doctor.examine import examine, shared_text
    from cnnlab.classroom.doctor.machine import Machine

    machine, checks = Machine(), list["Check"]()
    for check in examine(machine):
        checks.append(check)
        if not share:
            _show(check, terminal)
    if share:
        terminal.show(shared_text(checks, machine))
    broken = [each for each in checks if each.state == "fix"]
    warned = sum(each.state == "warn" for each in checks)
    if broken:
        terminal.show(
            f"Not ready: fix {', '.join(each.name for each in broken)}. Then run it again."
        )
    else:
        rest = f" {counted(warned, 'warning')}: read above." if warned and not share else ""
        terminal.show(f"This laptop is ready.{rest}")
    found = {"ready": not broken, "checks": [asdict(each) for each in checks]}
    return CommandResult(found, status=1 if broken else 0)


def _show(check: "Check", terminal: Terminal) -> None:
    """Print a check as a row of a table, and below it what to do."""
    width = max(40, terminal.console.width)
    head = f"{check.state:<6}{check.name:<{_NAME_WIDTH}}"
    rest = [check.found, *([check.where] if check.where else []), *check.do.split("\n")]
    for number, text in enumerate(filter(None, rest)):
        start = " " * len(head) if number else head
        lines = textwrap.wrap(
            text, width, initial_indent=start, subsequent_indent=" " * len(head),
            break_long_words=False, break_on_hyphens=False,
        )  # fmt: skip
        terminal.show("\n".join(lines))
