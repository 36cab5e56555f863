"""Commands for a class: exercise."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from cnnlab.cli.app import CommandResult, app
from cnnlab.cli.flags import Json, Trust, WholeNumber
from cnnlab.cli.terminal import Terminal
from cnnlab.errors import ConfigError
from cnnlab.wording import command_line

Action = Literal["show", "start", "check", "hint", "solution"]


@app.command
def exercise(
    number: Annotated[
        str | None, Parameter(help="1 to 11, or bonus. Without a number: a list of all.")
    ] = None,
    action: Annotated[
        Action,
        Parameter(
            help="show the task, start a file for your answer, check the file, or show a hint or a "
            "solution."
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
    words = ("exercise", chosen.number)
    if action == "show":
        terminal.show(str(chosen.note))
        terminal.show(f"\nStart a file for your answer: {command_line(*words, 'start', 'mine.py')}")
        return CommandResult({"number": chosen.number, "title": chosen.title, "task": chosen.task})
    if action == "hint":
        note = chosen.hint(_hint_number(what))
        terminal.show(str(note))
        return CommandResult({"number": chosen.number, "hint": note.text})
    if action == "solution" and write is None:
        note = chosen.solution_note
        terminal.show(str(note))
        return CommandResult({"number": chosen.number, "solution": chosen.solved.strip()})

    from cnnlab.classroom.exercises.file import check_file, write_answers

    if action in {"start", "solution"}:
        path = write or Path(what or f"exercise-{chosen.number}.py")
        text = chosen.solved if action == "solution" else chosen.starter
        write_answers(path, f"{text.strip()}\n")
        check = command_line(*words, "check", str(path))
        verb = "Change it, then check it" if action == "start" else "Check it"
        terminal.show(f"Wrote {path}. {verb}: {check}")
        return CommandResult({"number": chosen.number, "file": str(path)})
    if what is None:
        raise ConfigError(
            "Name the file with your answer, as in:\n  " + command_line(*words, "check", "mine.py")
        )
    outcome = check_file(
        chosen,
        Path(what),
        run=run,
        seed=seed,
        trust=trust,
        on_waiting=lambda: terminal.say(f"Waiting for {what}: the check is running."),
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
