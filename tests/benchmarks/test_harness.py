"""What benchmarks share: processes of their own, turns, and one line for a series."""

import json
import subprocess
import sys

import pytest


@pytest.fixture
def harness(benchmark):
    return benchmark("harness")


def test_ways_take_turns_and_every_second_round_goes_backwards(harness):
    calls = []
    ways = {name: lambda number, name=name: calls.append((name, number)) or number for name in "ab"}
    assert harness.in_turn(ways, 3) == {"a": [0, 1, 2], "b": [0, 1, 2]}
    assert calls == [("a", 0), ("b", 0), ("b", 1), ("a", 1), ("a", 2), ("b", 2)]


def test_a_summary_is_the_median_the_range_and_the_number_of_values(harness):
    assert harness.summary([3, 1, 2.5]) == "median 2.50 s, from 1.00 to 3.00 s, n 3"
    assert harness.summary([2], "times", 1) == "median 2.0 times, from 2.0 to 2.0 times, n 1"


def test_a_function_runs_in_a_process_of_its_own_set_up_as_the_command_line_is(
    harness, monkeypatch, tmp_path
):
    script = tmp_path / "told.py"
    script.write_text(
        "import os\n"
        "def told(*names):\n"
        "    print('a line that is not the answer')\n"
        "    return [os.environ.get(name) for name in names]\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.delenv("GOMP_SPINCOUNT", raising=False)
    from told import told

    given = {"OTHER": "here"}
    assert harness.fresh(told, "GOMP_SPINCOUNT", "OTHER", environment=given) == ["10000", "here"]


def test_what_a_process_that_failed_said_is_told(harness):
    with pytest.raises(subprocess.CalledProcessError) as caught:
        harness.ask([sys.executable, "-c", "raise SystemExit('no disk')"])
    assert caught.value.__notes__ == ["no disk\n"]


def test_results_are_written_beside_the_others(harness, monkeypatch, tmp_path):
    monkeypatch.setattr(harness, "RESULTS", tmp_path)
    harness.write_results("some", {"seconds": [1.5]})
    text = (tmp_path / "some.json").read_text()
    assert json.loads(text) == {"seconds": [1.5]}
    assert text.endswith("}\n")


def test_every_result_tells_the_code_and_the_machine(harness):
    assert set(harness.about()) == {"cnnlab", "commit", "torch", "device"}
