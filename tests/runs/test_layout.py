"""The message about a path that is not a run folder says what the path is."""

import os

import pytest

from cnnlab.errors import RunError
from cnnlab.runs.run import open_run


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for number, name in enumerate(["one", "two", "three", "four", "five", "six"]):
        run(tmp_path / "runs" / name, number)
    return tmp_path


def run(path, changed=0):
    path.mkdir(parents=True)
    (path / "config.json").write_text("{}")
    os.utime(path / "config.json", (changed, changed))


def said(folder, name):
    with pytest.raises(RunError) as refused:
        open_run((folder / name).relative_to(folder))
    return str(refused.value)


def test_a_path_that_is_not_there_names_the_runs_beside_it(folder):
    assert said(folder, "runs/sixx") == (
        "runs/sixx is not a run folder: there is no such path. Runs in runs: runs/six, runs/five, "
        "runs/four, runs/three, runs/two, and 1 more."
    )
    assert said(folder, "nowhere/else").endswith("Expected a folder that cnnlab train made.")


def test_a_file_names_the_run_it_is_in(folder):
    assert said(folder, "runs/six/config.json").endswith("it is a file. Name its folder: runs/six")


def test_a_folder_of_runs_names_at_most_five_the_newest_first(folder):
    assert said(folder, "runs").startswith(
        "runs is not a run folder: it has no config.json. Runs in runs: runs/six, runs/five"
    )


def test_a_workshop_names_its_runs_and_its_report_or_how_to_resume(folder):
    run(folder / "shop" / "lenet5")
    (folder / "shop" / "workshop.json").write_text("{}")
    told = said(folder, "shop")
    assert "it is the folder of a workshop. Runs in shop: shop/lenet5." in told
    assert told.endswith(" Resume it with:\n  cnnlab workshop --resume shop")
    (folder / "shop" / "report.html").write_text("")
    assert said(folder, "shop").endswith("Its report: shop/report.html.")


def test_a_comparison_names_its_runs_and_its_report(folder):
    run(folder / "both" / "lenet5" / "seed-0")
    for name in ("comparison.json", "report.html"):
        (folder / "both" / name).write_text("{}")
    assert said(folder, "both") == (
        "both is not a run folder: it is the folder of a comparison. Runs in both: "
        "both/lenet5/seed-0. Its report: both/report.html."
    )
