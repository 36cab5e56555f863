"""An interrupted workshop, resumed: the result is that of an uninterrupted one."""

import json
import re
import shutil
from pathlib import Path

import pytest

from cnnlab.cli.progress import TrainingProgress
from cnnlab.cli.terminal import Terminal
from cnnlab.data.own.load import load
from cnnlab.errors import RunError
from cnnlab.runs.store import alone
from cnnlab.training.listener import Listener
from cnnlab.workshop.course import open_workshop, resume_workshop
from tests.support.printed import said

BEGIN = ("workshop", "--dataset", "tiny", "--epochs", 2, "--seed", 3)
NETWORKS = ("lenet5", "lenet5-relu-max")


def stop_at(network, epoch):
    """Return listeners that stop in an epoch of the first or second network."""
    trained = []

    shown = TrainingProgress.training

    def training(self, name, config):
        shown(self, name, config)
        trained.append(name)

    def batch(self, now, number, batches):
        if (len(trained), now) == (network, epoch):
            raise KeyboardInterrupt

    return training, batch


def results(folder):
    found = json.loads((folder / "results.json").read_text())
    for each in found.values():
        del each["run"]
        for record in each["history"]:
            del record["seconds"]
    return found


@pytest.fixture
def whole(cnnlab):
    assert cnnlab(*BEGIN, "--output", "whole")[0] == 0
    return Path("whole")


def assert_same(folder, whole):
    assert results(folder) == results(whole)
    for name in NETWORKS:
        ours, theirs = (each / name / "model.safetensors" for each in (folder, whole))
        assert ours.read_bytes() == theirs.read_bytes()
    assert (folder / "report.html").exists()


@pytest.mark.parametrize("at", [(1, 1), (1, 2), (2, 1), (2, 2)])
def test_stopped_inside_a_network_it_goes_on(cnnlab, monkeypatch, whole, at):
    training, batch = stop_at(*at)
    with monkeypatch.context() as patch:
        patch.setattr(TrainingProgress, "training", training)
        patch.setattr(TrainingProgress, "batch", batch)
        status, _, err = cnnlab(*BEGIN, "--output", "stopped")
    assert status == 130
    assert "Stopped. The training so far is saved in stopped. Resume with:" in err
    assert "\n  cnnlab workshop --resume stopped\n" in err
    assert not Path("stopped/report.html").exists()
    status, out, err = cnnlab("workshop", "--resume", "stopped")
    assert status == 0, err
    assert "Is the second network really better?" in out
    assert_same(Path("stopped"), whole)


@pytest.mark.parametrize("after", ["How LeNet-5 (tanh, average) learned", "An idea to improve it"])
def test_stopped_between_the_networks_it_goes_on_and_opens_no_test_set_twice(
    cnnlab, monkeypatch, whole, after
):
    shown = Terminal.chapter

    def chapter(self, number, told):
        shown(self, number, told)
        if told.title.startswith(after):
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Terminal, "chapter", chapter)
        assert cnnlab(*BEGIN, "--output", "stopped")[0] == 130
    kept = Path("stopped/lenet5/model.safetensors")
    written = kept.stat().st_mtime_ns
    assert cnnlab("workshop", "--resume", "stopped")[0] == 0
    assert kept.stat().st_mtime_ns == written
    assert_same(Path("stopped"), whole)


def test_what_is_missing_is_trained_and_what_is_whole_left_alone(cnnlab, whole):
    again = shutil.copytree(whole, "again")
    shutil.rmtree(Path(again) / NETWORKS[1])
    assert cnnlab("workshop", "--resume", again)[0] == 0
    assert_same(Path(again), whole)
    status, out, _ = cnnlab("workshop", "--resume", again, "--json")
    assert status == 0
    assert {each["test_openings"] for each in json.loads(out)["runs"].values()} == {1}


def test_other_settings_and_other_folders_are_refused(cnnlab, whole):
    _, _, err = cnnlab("workshop", "--resume", whole, "--epochs", 9)
    assert "A workshop resumes with its own network, data set, recipe and settings" in said(err)
    assert "leave out --epochs" in said(err)
    Path("empty").mkdir()
    assert "empty is not the folder of a workshop: it has no workshop.json" in said(
        cnnlab("workshop", "--resume", "empty")[2]
    )
    assert "there is no such folder" in said(cnnlab("workshop", "--resume", "nowhere")[2])
    plan = whole / "workshop.json"
    honest = plan.read_text()
    for content in ("{", "[]", honest.replace('"epochs": 2', '"epochs": -2')):
        plan.write_text(content)
        assert cnnlab("workshop", "--resume", whole)[0] == 1
    plan.write_text(honest.replace('"epochs": 2', '"epochs": 3'))
    assert "is not the run of this workshop: expected lenet5 with" in said(
        cnnlab("workshop", "--resume", whole)[2]
    )


def test_going_on_with_another_version_is_said_once(cnnlab, whole):
    plan = whole / "workshop.json"
    content = json.loads(plan.read_text())
    plan.write_text(json.dumps(content | {"versions": content["versions"] | {"torch": "1.0"}}))
    assert cnnlab("workshop", "--resume", whole)[2].count("torch was 1.0 and is now") == 1


def test_seconds_add_up(cnnlab, whole):
    page = (whole / "report.html").read_text()
    found = re.findall(r"2 epochs took ([0-9.]+)\u00a0s, ([0-9.]+)\u00a0s each on average", page)
    assert len(found) == 2
    for total, each in found:
        assert float(total) == pytest.approx(2 * float(each), abs=0.06)


def test_on_another_data_set_it_does_not_go_on(cnnlab, tiny_folder, whole):
    plan = json.loads((whole / "workshop.json").read_text())
    (whole / "workshop.json").write_text(json.dumps(plan | {"data_set": "tiny-sample"}))
    splits = load("tiny", notify=lambda _: None)
    with pytest.raises(RunError, match="is a workshop on tiny-sample, but tiny was loaded"):
        resume_workshop(open_workshop(whole), splits.on("cpu"), Listener(), lambda *_: None)


def test_two_programs_do_not_go_through_one_workshop(cnnlab, whole):
    with alone(whole, ""):
        status, _, err = cnnlab("workshop", "--resume", whole)
    assert status == 1
    assert "Another program is running the workshop in whole. Wait until it ends." in said(err)
