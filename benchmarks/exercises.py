"""How fair are the checks of the exercises: false "right", false "not yet", mutants caught.

    python benchmarks/exercises.py 1 2 3 --repetitions 200

For each exercise, with a new seed each time: how often the solution is not "right" (false "not
yet"), how often an answer with a typical mistake is "right" (false "right"), and how many of 50
mutants of the solution are caught. Mutants that do what the solution does do not count. Exercises
7 and 8 train networks: they take most of the time. Results: benchmarks/results/exercises.json.
"""

import json
import os
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import torch

from cnnlab.classroom.exercises import HOMES, find
from cnnlab.classroom.exercises.exercise import Exercise
from cnnlab.classroom.exercises.repair import broken, sound
from harness import command_line
from tests.support.exercises import check_code, is_equivalent, reference_cases, write_all
from tests.support.mutants import mutants

RESULTS = Path(__file__).parent / "results" / "exercises.json"
MUTANTS = 50


@dataclass
class Measured:
    """What was counted for an exercise."""

    number: str
    solutions: int = 0
    solutions_not_right: int = 0
    mistakes: int = 0
    mistakes_right: int = 0
    mutants: int = 0
    equivalent: int = 0
    alive: int = 0
    seconds: float = 0.0


def measure(exercise: Exercise, repetitions: int, folders: dict[str, Path]) -> Measured:
    """Count for one exercise."""
    found, start = Measured(exercise.number), time.process_time()
    number = exercise.number
    runs = [folders[number]] if number in folders else []
    solved = [sound(name) for name in exercise.variants] or [exercise.solved]
    for seed in range(repetitions):
        outcome = check_code(exercise, solved[seed % len(solved)], seed, runs)
        found.solutions += 1
        found.solutions_not_right += outcome.status != "right"
        place = seed % len(exercise.mistakes)
        chosen = range(len(exercise.mistakes)) if exercise.cases else [place]
        for each in chosen:
            own = [folders[f"{number}-{each}"]] if f"{number}-{each}" in folders else runs
            outcome = check_code(exercise, exercise.mistakes[each].example, seed, own)
            found.mistakes += 1
            found.mistakes_right += outcome.status == "right"
    for name in exercise.variants:  # a repair that repairs nothing: the text differs, no more
        outcome = check_code(exercise, f"{broken(name)}\n\nunused = 1\n", 0)
        found.mistakes += 1
        found.mistakes_right += outcome.status == "right"
    made = mutants(exercise.solved, MUTANTS)
    missed = [each for each in made if check_code(exercise, each, 0, runs).status == "right"]
    cases = reference_cases(exercise, runs) if missed and exercise.cases else []
    same = [each for each in missed if is_equivalent(exercise, each, cases, runs)]
    found.mutants, found.equivalent = len(made), len(same)
    found.alive = len(missed) - len(same)
    found.seconds = round(time.process_time() - start, 1)
    return found


def main(*numbers: str, repetitions: int = 200) -> None:
    """Measure the named exercises, or all, and write the results."""
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as name:
        os.chdir(name)  # where no runs of yours are
        folders = write_all(Path(name) / "comparisons")
        for number in numbers or HOMES:
            found = measure(find(number), repetitions, folders)
            kept = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
            kept[number] = asdict(found)
            ordered = {each: kept[each] for each in HOMES if each in kept}
            RESULTS.write_text(json.dumps(ordered, indent=1) + "\n")
            print(found)
    print(table(ordered))


def table(kept: dict[str, dict[str, int]]) -> str:
    """Return the table of docs/exercises.md."""
    lines = [
        "| | solution not right | typical mistake right | mutants caught | equivalent |",
        "|---|---|---|---|---|",
    ]
    for number, each in kept.items():
        counted = each["mutants"] - each["equivalent"]
        lines.append(
            f"| {number} | {each['solutions_not_right']} of {each['solutions']:,} "
            f"| {each['mistakes_right']} of {each['mistakes']:,} "
            f"| {counted - each['alive']} of {counted} | {each['equivalent']} |"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    command_line(main)()
