"""Every benchmark says what it measures, and every command that is quoted can be typed."""

import re
import shlex
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BENCHMARKS = ROOT / "benchmarks"
SCRIPTS = sorted(path.stem for path in BENCHMARKS.glob("*.py") if path.stem != "harness")
QUOTING = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")), *BENCHMARKS.glob("*.py")]


def quoted() -> list[tuple[str, str]]:
    """Return every command of a benchmark in the documents and in the benchmarks' docstrings."""
    found = set()
    for path in QUOTING:
        text = path.read_text(encoding="utf-8")
        for script, words in (
            *re.findall(r"^ *python benchmarks/(\w+)\.py([^`#\n]*)", text, re.MULTILINE),
            *re.findall(r"`python\s+benchmarks/(\w+)\.py([^`]*)`", text),
        ):
            found.add((script, " ".join(words.split())))
    return sorted(found)


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_benchmark_says_what_it_measures(benchmark, capsys, script):
    main = benchmark(script)
    benchmark("harness").command_line(main.main)(["--help"], result_action="return_value")
    shown = " ".join(capsys.readouterr().out.split())
    assert f"Usage: python benchmarks/{script}.py" in shown
    assert main.__doc__.splitlines()[0] in shown


@pytest.mark.parametrize(("script", "words"), quoted())
def test_a_quoted_command_can_be_typed(benchmark, script, words):
    app = benchmark("harness").command_line(benchmark(script).main)
    _, bound, _ = app.parse_args(shlex.split(words), exit_on_error=False, print_error=False)
    flags = {word.replace("-", "_") for word in re.findall(r"--([-\w]+)", words)}
    assert flags <= set(bound.arguments)


def test_every_benchmark_shows_how_to_start_it():
    assert {script for script, _ in quoted()} == set(SCRIPTS)
