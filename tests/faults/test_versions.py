"""Run folders of this version open in later versions; those of a later version are refused."""

import json
import shutil
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path

import pytest

from cnnlab.errors import RunError
from cnnlab.runs.evaluation import open_test_set, read_test_result
from cnnlab.runs.run import open_run
from cnnlab.runs.schema import newer
from cnnlab.runs.train import resume_run
from cnnlab.training.listener import Listener
from tests.support.tiny_training import CONFIG, CPU, PREPARED, SPLITS

FIXTURES = Path(__file__).parent.parent / "fixtures"


@pytest.fixture
def finished(tmp_path):
    return shutil.copytree(FIXTURES / "run-0.1.0", tmp_path / "run")


def change(folder, **changes):
    path = folder / "config.json"
    description = json.loads(path.read_text()) | changes
    path.write_text(json.dumps({k: v for k, v in description.items() if v is not ...}))


def test_a_finished_run_of_0_1_0_opens_and_evaluates(finished):
    run = open_run(finished)
    assert run.description["cnnlab"] == "0.1.0"
    assert [record.epoch for record in run.history()] == [1, 2, 3]
    before = read_test_result(run)
    after, _ = open_test_set(run, SPLITS, CPU)
    assert after.test_openings == before.test_openings + 1
    assert after.test_accuracy == pytest.approx(before.test_accuracy, abs=0.02)
    assert after.test_loss == pytest.approx(before.test_loss, abs=1e-3)


def test_a_stopped_run_of_0_1_0_resumes(tmp_path):
    folder = shutil.copytree(FIXTURES / "stopped-0.1.0", tmp_path / "run")
    run = open_run(folder, trust=True)
    assert run.status == "interrupted"
    resume_run(run, PREPARED, Listener())
    assert run.status == "finished"
    assert len(run.history()) == 3


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"device": ...}, "lacks device"),
        ({"recipe": ...}, "recipe is None; expected str"),
        ({"status": "paused"}, "status is 'paused'; expected running, finished"),
        ({"config": {"epochs": 3, "mixup": 0.2}}, "it lacks the setting 'augmentation'"),
        ({"config": asdict(CONFIG) | {"mixup": 0.2}}, "has the unknown setting 'mixup'"),
        ({"data_set": []}, r"data_set is \[\]; expected dict"),
    ],
)
def test_a_folder_of_a_later_version_is_refused_by_its_name(finished, changes, message):
    change(finished, cnnlab="7.8.9", **changes)
    with pytest.raises(RunError, match=message) as caught:
        open_run(finished)
    assert str(caught.value).endswith(
        f" cnnlab 7.8.9 wrote it, but this is cnnlab {version('cnnlab')}. Update it: pip install "
        "--upgrade cnnlab."
    )
    change(finished, cnnlab="0.0.1", **changes)
    with pytest.raises(RunError) as caught:
        open_run(finished)
    assert "Update it" not in str(caught.value)


def test_a_folder_of_a_later_version_that_says_more_opens(finished):
    change(finished, cnnlab="7.8.9", mood="good")
    assert open_run(finished).status == "finished"


@pytest.mark.parametrize("odd", [None, [], "99", {}, {"cnnlab": 99}, {"versions": 7}])
def test_json_without_a_version_is_not_later(odd):
    assert newer(odd) == ""


def test_versions_are_compared_as_numbers():
    assert newer({"cnnlab": "0.10.0"})
    assert newer({"versions": {"cnnlab": "1.0"}})
    assert not newer({"cnnlab": version("cnnlab")})
    assert not newer({"cnnlab": "0.0.99"})
