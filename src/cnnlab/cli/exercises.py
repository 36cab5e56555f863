"""The command for exercises: read a task, check an answer, get a hint."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

from cnnlab.cli.app import CommandResult, app
from cnnlab.cli.flags import Json, Trust, WholeNumber
from cnnlab.cli.terminal import Terminal
from cnnlab.errors import ConfigError
from cnnlab.wording import command_line

if TYPE_CHECKING:
    from cnnlab.classroom.exercises.exercise import Exercise
    from cnnlab.classroom.exercises.outcome import Note

Action = Literal["show", "start", "check", "hint", "solution", "sheet"]


@app.command
def exercise(
    number: Annotated[
        str | None, Parameter(help="1 to 11, or bonus. Without a number: a list of all.")
    ] = None,
    action: Annotated[
        Action,
        Parameter(
            help="show the task, start a file for your answer, check the file, show a hint or a "
            "solution, or write the sheet of images of exercise 9."
        ),
    ] = "show",
    what: Annotated[
        str | None,
        Parameter(help="start and check: the file, such as mine.py. hint: its number, 1 to 3."),
    ] = None,
    /,
    *,
    run: Annotated[
        list[Path] | None,
        Parameter(
            help="Your run or comparison, for the exercises that need one. Default: the newest in "
            "runs. Exercise 11 takes several."
        ),
    ] = None,
    seed: Annotated[
        WholeNumber | None, Parameter(help="Draw the same random cases as a check with this seed.")
    ] = None,
    which: Annotated[
        str | None, Parameter(help="start, for exercise 7: the name of the broken network.")
    ] = None,
    write: Annotated[Path | None, Parameter(help="Write the solution to this file.")] = None,
    trust: Trust = False,
    json_wanted: Json = False,
) -> CommandResult:
    """Solve exercises: read a task, write your answer into a file, and check it.

    Example: cnnlab exercise 3 check mine.py
    """
    terminal = Terminal(json_wanted)

    from cnnlab.classroom.exercises import HOMES, find

    if number is None:
        found = {name: find(name) for name in HOMES}
        terminal.table(
            ["Exercises"], [[f"{name:>5}  {each.title}"] for name, each in found.items()]
        )
        terminal.show(f"Read one: {command_line('exercise', '1')}")
        return CommandResult(
            {"exercises": [{"number": n, "title": e.title} for n, e in found.items()]}
        )
    chosen = find(number)
    if action == "show":
        return _show(terminal, chosen, chosen.note, "task")
    if action == "hint":
        return _show(terminal, chosen, chosen.hint(_hint_number(what)), "hint")
    if action == "solution" and write is None:
        return _show(terminal, chosen, chosen.solution_note, "solution")
    if action == "check":
        return _check(terminal, chosen, what, run or [], seed, trust)
    text = chosen.solved if action == "solution" else chosen.starter_of(which)
    ending = ".html" if action == "sheet" else ".py"
    path = write or Path(what or f"exercise-{chosen.number}{ending}")

    from cnnlab.classroom.exercises.attempt import sheet_page
    from cnnlab.classroom.exercises.file import write_new

    if action == "sheet":
        text = sheet_page(chosen, run or [], trust)
    write_new(path, ending, f"{text.strip()}\n")
    next_command = command_line("exercise", chosen.number, "check", str(path))
    advice = {
        "start": f"Change it, then check it: {next_command}",
        "solution": f"Check it: {next_command}",
        "sheet": "Open it in your browser.",
    }
    terminal.show(f"Wrote {path}. {advice[action]}")
    return CommandResult({"number": chosen.number, "file": str(path)})


def _show(terminal: Terminal, chosen: "Exercise", note: "Note", what: str) -> CommandResult:
    terminal.show(str(note))
    if what == "task":
        start = command_line("exercise", chosen.number, "start", "mine.py")
        terminal.show(f"\nStart a file for your answer: {start}")
    return CommandResult({"number": chosen.number, "title": chosen.title, what: note.text})


def _check(
    terminal: Terminal,
    chosen: "Exercise",
    file: str | None,
    runs: list[Path],
    seed: int | None,
    trust: bool,
) -> CommandResult:
    if file is None:
        raise ConfigError(
            "Name the file with your answer, as in:\n  "
            + command_line("exercise", chosen.number, "check", "mine.py")
        )

    from cnnlab.classroom.exercises.file import check_file

    outcome = check_file(
        chosen,
        Path(file),
        run=runs,
        seed=seed,
        trust=trust,
        on_waiting=lambda: terminal.say(f"Waiting for {file}: the check is running."),
    )
    terminal.show(str(outcome))
    return CommandResult(asdict(outcome), status=0 if outcome.status == "right" else 1)


def _hint_number(word: str | None) -> int:
    """Return which hint a word names; raise `ConfigError` if it is not a number."""
    if word is None:
        return 1
    if not word.isdigit():
        raise ConfigError(f"There is no hint {word!r}. Hints have numbers: 1, 2 and 3.")
    return int(word)
