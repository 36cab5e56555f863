"""The root of the command line: its name, help and groups; and what a command returns."""

from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

from cyclopts import App


@dataclass(frozen=True)
class CommandResult:
    """What a command found, as JSON, and its exit status: 1 if the user has something to fix."""

    json: dict[str, Any]
    status: int = 0


app = App(
    name="cnnlab",
    help="Train small neural networks that recognise images. See every step, and find out whether "
    "a change helped.\n\n"
    "Start with: cnnlab workshop",
    version=lambda: version("cnnlab"),
    version_flags=["--version"],
    result_action="return_value",
    suppress_keyboard_interrupt=False,  # main says what Ctrl-C means
    exit_on_error=False,  # and what a mistake in the command means
    print_error=False,
)
data_app = App(name="data", help="Data sets: list them, get them, check them.")
app.command(data_app)
