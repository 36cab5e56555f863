"""Run the commands of docs/tutorial.md and write their output into it.

    CNNLAB_DATA=FOLDER python docs/make_tutorial.py

FOLDER holds Fashion-MNIST and MNIST (``cnnlab data get``). The page is its own source:

- ```` ```sh ```` is a command. The ```` ```text ```` block after it holds its output.
- ``<!-- only: A | B -->`` before that block keeps only the lines that contain A or B.
- ```` ```diff ```` is a change of mine.py, as a student types it.
- Blocks of other kinds are for reading.

tests/test_tutorial.py runs the same commands on a few images and compares the words.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from cnnlab.runs.description import versions
from cnnlab.training.device import choose_device, describe_device

DOCS = Path(__file__).parent
TUTORIAL = DOCS / "tutorial.md"
PICTURE = DOCS / "images" / "my-seven.png"
WIDTH = 80
ENVIRONMENT = {"COLUMNS": "1000"}
"""So that no command wraps its lines: `as_shown` does, after lines were chosen."""
_MADE = "The outputs on this page are from one run"
_STEP = re.compile(
    r"```(?P<kind>sh|diff)\n(?P<body>.*?)```\n"
    r"(?:\n(?P<only><!-- only: (?P<parts>.*?) -->\n)?```text\n(?P<output>.*?)```\n)?",
    re.DOTALL,
)


def follow(page: str, run: Callable[[str], tuple[int, str]]) -> str:
    """Follow the page in the current folder; return it with what its commands print.

    ``run`` returns the exit status of a command and its output. Raises `ValueError` if a command
    fails (or does not fail, if the page shows its error), if a change does not fit mine.py, or if
    no line has the words of ``only``.
    """
    shutil.copy(PICTURE, PICTURE.name)

    def step(found: re.Match[str]) -> str:
        if found["kind"] == "diff":
            change(Path("mine.py"), found["body"])
            return found[0]
        parts = found["parts"].split(" | ") if found["parts"] else []
        output = ""
        for command in found["body"].splitlines():
            status, printed = run(command)
            if status != int("Error" in parts):
                raise ValueError(f"{command} ended with status {status}:\n{printed}")
            output += printed
        if found["output"] is None:
            return found[0]
        return (
            f"```sh\n{found['body']}```\n\n{found['only'] or ''}"
            f"```text\n{as_shown(output, parts)}\n```\n"
        )

    return _STEP.sub(step, page)


def change(path: Path, difference: str) -> None:
    """Replace each line of a file that has the text after ``-`` by the text after ``+``."""
    lines = difference.splitlines()
    for old, new in zip(lines[::2], lines[1::2], strict=True):
        before, after = old.removeprefix("-").strip(), new.removeprefix("+").strip()
        text = path.read_text(encoding="utf-8")
        if text.count(before) != 1:
            raise ValueError(f"{path} must have this text once: {before}")
        path.write_text(text.replace(before, after), encoding="utf-8")


def as_shown(output: str, parts: list[str]) -> str:
    """Return the lines that have one of the parts, as a terminal of `WIDTH` columns wraps them."""
    lines = [line.rstrip() for line in output.strip("\n").splitlines()]
    for part in parts:
        if not any(part in line for line in lines):
            raise ValueError(f"No line has {part!r}:\n{output}")
    shown = []
    for line in lines:
        if parts and not any(part in line for part in parts):
            continue
        if "\u2500\u2500" in line:  # the line behind a heading fills the terminal
            shown.append(line[:WIDTH])
        elif line.startswith("  ") or len(line) <= WIDTH:  # a command stays one line
            shown.append(line)
        else:
            shown += textwrap.wrap(line, WIDTH, break_long_words=False, break_on_hyphens=False)
    return "\n".join(shown)


def made() -> str:
    """Return when, where and with what the outputs were made."""
    found = versions()
    today = datetime.now().astimezone()
    return (
        f"{_MADE} (n = 1): cnnlab {found['cnnlab']}, PyTorch {found['torch'].partition('+')[0]}, "
        f"{describe_device(choose_device('auto'))}, {today:%Y-%m-%d}. Make the page again: "
        "`CNNLAB_DATA=FOLDER python docs/make_tutorial.py`.\n"
    )


def run_command(command: str) -> tuple[int, str]:
    """Run a command as a person does; return its status and all that it prints, in order."""
    finished = subprocess.run(  # noqa: S603 - the commands of our own page
        [sys.executable, "-m", *command.split()],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        env=os.environ | ENVIRONMENT | {"PYTHONUNBUFFERED": "1", "PYTHONUTF8": "1"},
        check=False,
    )
    return finished.returncode, finished.stdout


def main() -> None:
    """Write the page again, with the output of today's commands."""
    images = Path(os.environ["CNNLAB_DATA"]).resolve()
    page = TUTORIAL.read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        Path("data").symlink_to(images)  # so that the page names no folder of this machine
        os.environ["CNNLAB_DATA"] = "data"
        page = follow(page, run_command)
        os.chdir(DOCS)
    TUTORIAL.write_text(re.sub(rf"{_MADE}.*\n", lambda _: made(), page), encoding="utf-8")


if __name__ == "__main__":
    main()
