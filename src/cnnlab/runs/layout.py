"""The file names of a run, a comparison and a workshop; and why a path is not a run folder."""

from pathlib import Path

from cnnlab.wording import command_line

CONFIG, PLAN, WORKSHOP = "config.json", "comparison.json", "workshop.json"
"""The file that makes a folder the folder of a run, a comparison or a workshop."""
REPORT, RESULTS, HANDOUT = "report.html", "results.json", "handout.html"
METRICS, MODEL, EVALUATION = "metrics.jsonl", "model.safetensors", "evaluation.json"
CHECKPOINT, CHECKPOINT_BEFORE = "checkpoint.safetensors", "checkpoint.before.safetensors"
SOURCE = "source.py"
"""The code of a user's own network, as it was trained."""
_MOST_NAMED = 5


def runs_in(folder: Path) -> list[Path]:
    """Return the run folders in a folder, the newest first; if there are none, one level deeper."""
    for depth in ("*", "*/*"):
        found = [path for path in folder.glob(f"{depth}/{CONFIG}") if path.is_file()]
        if found:
            found.sort(key=lambda path: (-path.stat().st_mtime, path))
            return [path.parent for path in found]
    return []


def not_a_run(folder: Path) -> str:
    """Return why a path is not a run folder, what it is instead, and what to name."""
    fault = f"{folder} is not a run folder"
    if not folder.exists():
        return f"{fault}: there is no such path. {_named(runs_in(folder.parent), folder.parent)}"
    if not folder.is_dir():
        return f"{fault}: it is a file. {_named(runs_in(folder.parent), folder.parent)}"
    report = folder / REPORT
    seen = f" Its report: {report}." if report.exists() else ""
    runs = _named(runs_in(folder), folder)
    if (folder / WORKSHOP).exists():
        more = (
            f" Resume it with:\n  {command_line('workshop', '--resume', str(folder))}"
            if not seen
            else ""
        )
        return f"{fault}: it is the folder of a workshop. {runs}{seen}{more}"
    if (folder / PLAN).exists():
        return f"{fault}: it is the folder of a comparison. {runs}{seen}"
    return f"{fault}: it has no {CONFIG}. {runs}{seen}"


def _named(runs: list[Path], where: Path) -> str:
    if (where / CONFIG).is_file():
        return f"Name its folder: {where}"
    if not runs:
        return "Expected a folder that cnnlab train made."
    named = ", ".join(map(str, runs[:_MOST_NAMED]))
    more = f", and {len(runs) - _MOST_NAMED} more" if len(runs) > _MOST_NAMED else ""
    return f"Runs {'here' if where == Path() else f'in {where}'}: {named}{more}."
