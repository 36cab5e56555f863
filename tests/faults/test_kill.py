"""A program killed at any instant loses at most one save, and ends bit-identical."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.tiny_training import how_many

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")


def struck(script, count, folder, *signals):
    """Run a script that strikes this often; return what it found, if nothing was wrong."""
    done = subprocess.run(
        [sys.executable, "-m", f"tests.support.{script}", str(count), "1", str(folder), *signals],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    print(f"\n{script} {' '.join(signals)}: {found}")
    assert found["wrong"] == [], done.stderr
    assert "FAILED" not in found["where"], done.stderr
    assert sum(found["where"].values()) - found["where"].get("was over before", 0) >= count
    assert found["where"].get("at an instant", 0) > count / 20
    return found


def test_killed_at_random(memory):
    struck("killing", how_many(50, 1000), memory, "SIGKILL")


def test_ended_by_a_signal_at_random(memory):
    """A closed terminal, a shutdown or Ctrl-C: saved, reported, exit status 130."""
    found = struck("killing", how_many(24, 1000), memory, "SIGTERM", "SIGHUP", "SIGINT")
    assert set(found["statuses"]) <= {"interrupted", "finished"}


def test_a_comparison_killed_at_random(memory):
    struck("comparing", how_many(20, 200), memory)
