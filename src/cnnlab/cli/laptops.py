"""Commands that prepare laptops for a workshop: doctor, kit."""

import textwrap
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from cnnlab.cli.app import CommandResult, app
from cnnlab.cli.flags import DataDir, Json, WholeNumber, kept_on_ctrl_c
from cnnlab.cli.progress import fetching
from cnnlab.cli.terminal import Terminal
from cnnlab.errors import ConfigError
from cnnlab.wording import counted

if TYPE_CHECKING:
    from cnnlab.classroom.doctor.check import Check

_NAME_WIDTH = 14
KEPT = "Interrupted. The same command downloads only what is missing."


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
        names = ", ".join(each.name for each in broken)
        terminal.show(f"Not ready: fix {names}. Then run the doctor again.")
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


@app.command
def kit(
    *,
    output: Annotated[
        Path, Parameter(name=["--output", "-o"], help="Folder of the kit: a stick, for example.")
    ] = Path("kit"),
    systems: Annotated[
        list[str] | None,
        Parameter(
            consume_multiple=True,
            negative=(),
            help="Systems of the laptops: windows-x64, macos-arm64, linux-x64, linux-arm64. "
            "Default: this machine's.",
        ),
    ] = None,
    python: Annotated[
        list[str] | None,
        Parameter(
            consume_multiple=True,
            negative=(),
            help="Python versions of the laptops: 3.11, 3.12, 3.13, 3.14. Default: this machine's.",
        ),
    ] = None,
    laptops: Annotated[
        WholeNumber,
        Parameter(name="--for", help="Number of laptops, to estimate sticks and minutes."),
    ] = 30,
    serve: Annotated[
        bool,
        Parameter(help="Give the finished kit to the laptops in this room.", negative=()),
    ] = False,
    port: Annotated[WholeNumber, Parameter(help="The port for --serve. 0: a free one.")] = 8017,
    torch_index: Annotated[
        str | None,
        Parameter(help="Index with CPU builds of PyTorch for Linux. Default: PyTorch's own."),
    ] = None,
    data_dir: DataDir = None,
    json_wanted: Json = False,
) -> CommandResult:
    """Make a folder with everything that laptops without internet need; complete an earlier one.

    Example: cnnlab kit --for 30 -o kit --systems windows-x64 macos-arm64 --python 3.12
    """
    terminal = Terminal(json_wanted)
    if laptops < 1:
        raise ConfigError(f"--for is {laptops}; expected 1 laptop or more.")
    if serve:
        return _serve_kit(output, port, terminal)

    from cnnlab.classroom.kit.build import make_kit, plan_kit
    from cnnlab.classroom.kit.handout import hand_out
    from cnnlab.classroom.kit.target import targets

    plan = plan_kit(output, targets(systems, python), terminal.say, torch_index)
    for target in plan.wheels:
        terminal.show(f"{target}: {plan.size_for(target) / 1e6:,.0f} MB of packages")
    terminal.show(
        f"In all {plan.size / 1e6:,.0f} MB of packages; to download now: "
        f"{plan.missing_size / 1e6:,.0f} MB."
    )
    with kept_on_ctrl_c(terminal, lambda: KEPT), fetching(terminal) as progress:
        made = make_kit(plan, terminal.say, progress, data_dir)
    terminal.show(
        f"The kit is ready: {output}, {made.size / 1e6:,.0f} MB, {len(made.names)} files."
    )
    for line in hand_out(laptops, made.size, made.size_for_one(plan)):
        terminal.show(line)
    found = {
        "folder": str(output),
        "bytes": made.size,
        "downloaded": plan.missing_size,
        "files": len(made.names),
        "targets": [str(each) for each in plan.wheels],
    }
    return CommandResult(found)


def _serve_kit(folder: Path, port: int, terminal: Terminal) -> CommandResult:
    """Serve a finished kit until Ctrl-C."""
    from cnnlab.classroom.doctor.machine import Machine
    from cnnlab.classroom.kit.serve import serve

    def on_address(address: str) -> None:
        terminal.show(
            f"Students open {address}\nEverybody in this network can read the kit, and nothing "
            "else. End it with Ctrl-C."
        )

    address = Machine().address()
    if not address:
        terminal.warn("This laptop is in no network: only it can open the address.")
    with kept_on_ctrl_c(terminal, lambda: "The kit is no longer served."):
        serve(folder, address, port, on_address)
    return CommandResult({"folder": str(folder)})
