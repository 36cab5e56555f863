"""Many programs start runs of one name at once: each gets its own folder, and none is mixed."""

import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from cnnlab.errors import RunError
from cnnlab.runs.store import free_folder
from tests.support.tiny_training import how_many, start

ROOT = Path(__file__).parents[2]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
def test_runs_started_at_once(memory):
    count, at_once = how_many(16, 160), how_many(8, 32)
    done = subprocess.run(
        [sys.executable, "-m", "tests.support.together", str(count), str(at_once), str(memory)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["failed"] == 0, done.stderr
    names = {f"tiny-{number}" if number > 1 else "tiny" for number in range(1, count + 1)}
    assert {name for name, _, _ in found["runs"]} == names
    assert {seed for _, seed, _ in found["runs"]} == set(range(count))
    assert all(sound for _, _, sound in found["runs"])
    print(f"\nstarted together: {count} runs, {at_once} at a time, none lost or mixed")


def test_a_free_folder_is_given_once(tmp_path):
    given = []
    threads = [
        threading.Thread(target=lambda: given.append(free_folder(tmp_path / "runs" / "run")))
        for _ in range(20)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(given)) == 20


def test_a_folder_that_cannot_be_created_is_named(tmp_path):
    (tmp_path / "runs").write_text("a file")
    with pytest.raises(RunError, match="Cannot create the folder"):
        free_folder(tmp_path / "runs" / "run")


def test_the_second_run_of_one_name_is_refused(memory):
    refused = []

    def meanwhile(epoch, batch, batches):
        if not refused:
            with pytest.raises(RunError) as caught:
                start(memory / "run")
            refused.append(str(caught.value))

    start(memory / "run", batch=meanwhile)
    assert "already exists" in refused[0]
