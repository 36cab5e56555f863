"""Write docs/reference.md from the commands' own help: python docs/make_reference.py."""

import io
from collections.abc import Iterator
from pathlib import Path

from cyclopts import App
from rich.console import Console

from cnnlab.cli.main import app


def commands(parent: App = app, name: str = "cnnlab") -> Iterator[tuple[str, App]]:
    """Yield every command that does something, with its full name."""
    for word in sorted(parent):
        if word.startswith("-"):
            continue
        command = parent[word]
        if command.default_command is None:
            yield from commands(command, f"{name} {word}")
        else:
            yield f"{name} {word}", command


def reference() -> str:
    """Return the text of the command reference."""
    lines = [
        "# Command reference",
        "",
        "Each command's own `--help`. Exit status: 0 done; 1 something to fix, with a message; "
        "2 a mistake in the command; 130 interrupted, with everything so far kept. "
        "`--json` prints one JSON object on standard output; all else goes to standard error.",
        "",
        "This page is made by `python docs/make_reference.py`; a test holds it to the commands.",
    ]
    for name, _ in commands():
        console = Console(file=io.StringIO(), width=96, color_system=None, force_terminal=False)
        app.help_print(name.split()[1:], console=console)
        text = "\n".join(line.rstrip() for line in console.file.getvalue().strip().splitlines())
        lines += ["", f"## {name}", "", "```text", text, "```"]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    Path(__file__).with_name("reference.md").write_text(reference(), encoding="utf-8")
