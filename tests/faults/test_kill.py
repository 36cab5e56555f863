"""A training that is killed at any instant loses at most a save, and arrives at the same bits."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from tiny_training import how_many

HERE = Path(__file__).parent


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
def test_killed_at_random(memory):
    count = how_many(50, 1000)
    done = subprocess.run(
        [sys.executable, HERE / "killing.py", str(count), "1", str(memory)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    print(f"\nkilled: {found}")
    assert found["wrong"] == [], done.stderr
    assert "FAILED" not in found["where"], done.stderr
    assert sum(found["where"].values()) - found["where"].get("was over before", 0) >= count
    assert found["where"]["at an instant"] > count / 10
