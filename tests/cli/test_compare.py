"""cnnlab compare, as a user types it."""

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from cnnlab.cli import main
from tests.support.printed import said

QUICK = ("--dataset", "tiny", "--epochs", 3, "--batch-size", 20, "--learning-rate", 0.05)


@pytest.fixture
def compare(cnnlab):
    return lambda *words: cnnlab("compare", *words, *QUICK, "--jobs", 1)


def test_compare_ends_in_a_verdict_a_table_and_a_report(compare):
    status, out, err = compare("lenet5", "lenet5-relu-max", "--seeds", 3)
    assert status == 0, err
    assert "2 variants x 3 seeds: 6 runs to train, 0 already in runs/compare-tiny-" in said(err)
    assert "6/6 lenet5-relu-max, seed 2: " in said(err)
    assert re.search(r"; mean so far [0-9.]+ % \+/- [0-9.]+ \(3 runs\)", said(err))
    assert re.search(r"; mean so far [0-9.]+ % \(2 runs\)", said(err)), "no interval from 2"
    (report,) = Path("runs").glob("compare-tiny-lenet5-vs-lenet5-relu-max-*/report.html")
    assert f"The report: {report}" in said(out)
    page = report.read_text()
    results = json.loads((report.parent / "results.json").read_text())
    sentence, *others = results["sentences"]
    assert sentence in said(out)
    assert all(each in said(out + err) for each in others)
    assert "How do we know? See the report, or repeat the command with --details." in said(err)
    assert not any(each in said(out + err) for each in results["details"])
    assert not re.search(r" p |interval|Welch", said(out + err))
    assert sentence.replace("'", "&#39;") in said(page)
    assert "http" not in page.replace("http://www.w3.org", "")
    assert "cnnlab compare lenet5 lenet5-relu-max" in page


def test_the_same_command_trains_nothing_twice_and_says_the_same(compare):
    first = compare("lenet5", "lenet5-relu-max", "--seeds", 3, "--json")
    details = compare("lenet5", "lenet5-relu-max", "--seeds", 3, "--details")[1]
    assert all(each in said(details) for each in json.loads(first[1])["details"])
    assert "95 % interval" in details and "p: equal" in details
    again = compare("lenet5", "lenet5-relu-max", "--seeds", 3, "--json")
    assert "0 runs to train, 6 already in" in said(again[2])
    assert json.loads(first[1]) == json.loads(again[1])


def test_json_has_every_number_and_nothing_else_is_on_standard_output(compare):
    _, out, _ = compare("lenet5", "lenet5-relu-max", "--seeds", 3, "--json", "--on", "test")
    found = json.loads(out)
    assert (found["on"], found["images"], found["test_openings"]) == ("test", 100, 1)
    assert [len(each["accuracy_points"]) for each in found["variants"]] == [3, 3]
    assert shlex.split(found["command"])[:2] == ["cnnlab", "compare"]


def test_three_variants_are_each_compared_with_the_first(compare):
    Path("slow.toml").write_text("learning_rate = 0.01\n")
    status, out, err = compare("lenet5", "lenet5-relu-max", "slow.toml", "--seeds", 3)
    assert status == 0, err
    (folder,) = Path("runs").iterdir()
    judged = json.loads((folder / "results.json").read_text())["verdicts"]
    assert [each["name"] for each in judged] == ["lenet5-relu-max", "slow"]
    assert "2 comparisons (Holm)" in said((folder / "report.html").read_text())
    assert len(re.findall(r" lenet5'?s?: ?| lenet5's ", said(out))) == 2


def test_a_users_own_network_is_compared(compare, cnnlab):
    Path("mine.py").write_text(
        "from torch import nn\n"
        "def Small():\n"
        "    return nn.Sequential(nn.Flatten(), nn.Linear(1024, 9), nn.ReLU(), nn.Linear(9, 10))\n"
    )
    status, out, err = compare("lenet5", "mine.py:Small", "--seeds", 3, "--output", "own")
    assert status == 0, err
    assert "mine-Small" in out
    runs = ["own/lenet5/seed-0", "own/mine-Small/seed-0"]
    assert cnnlab("compare", *runs)[0] == 0  # the user's own file is still the same
    Path("mine.py").unlink()
    assert cnnlab("compare", *runs)[0] == 1
    status, out, err = cnnlab("compare", *runs, "--trust")
    assert status == 0, err
    assert "of the 60 validation images than" in said(out)
    assert "McNemar's" not in out
    assert "McNemar's exact p" in said(cnnlab("compare", *runs, "--trust", "--details")[1])
    assert "only about these two trained networks" in said(err)
    source = Path(runs[1], "source.py")
    source.write_text(source.read_text() + "\n# changed\n")
    _, _, err = cnnlab("compare", *runs, "--trust")
    assert "source.py was changed after the training" in said(err)


def test_a_network_that_prints_does_not_spoil_the_json(cnnlab):
    Path("loud.py").write_text(
        "from torch import nn\n"
        "print('read')\n"
        "class Loud(nn.Module):\n"
        "    def __init__(self):\n"
        "        super().__init__()\n"
        "        self.last = nn.Linear(1024, 10)\n"
        "    def forward(self, x):\n"
        "        print(x.shape)\n"
        "        return self.last(x.flatten(1))\n"
    )
    words = ["compare", "lenet5", "loud.py:Loud", *QUICK, "--seeds", 2, "--jobs", 2, "--json"]
    status, out, _ = cnnlab(*words)
    assert status == 0
    assert len(json.loads(out)["variants"]) == 2


def test_with_json_what_other_programs_print_goes_to_standard_error(capfd):
    with main.only_json():
        sys.stdout.write("in Python\n")
        subprocess.run(["echo", "a worker"], check=True)
    sys.stdout.write("the JSON\n")
    out, err = capfd.readouterr()
    assert out == "the JSON\n"
    assert "in Python" in err
    assert "a worker" in err


def test_two_runs_of_one_name_are_told_apart(cnnlab, compare):
    compare("lenet5", "lenet5-relu-max", "--seeds", 1, "--output", "c")
    _, out, _ = cnnlab("compare", "c/lenet5/seed-0", "c/lenet5-relu-max/seed-0")
    assert "c/lenet5/seed-0" in said(out)
    assert "c/lenet5-relu-max/seed-0" in said(out)


def test_again_is_an_a_a_test(compare):
    status, out, err = compare("lenet5", "--again", "--seeds", 3)
    assert status == 0, err
    assert "lenet5 (again)" in out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["lenet5", "lenet5"], "lenet5 and lenet5 are the same: any difference would be chance."),
        (["lenet5"], "A comparison needs two or more variants."),
        (
            ["lenet5", "lenet5-relu-max", "--again"],
            "An A/A test (--again) takes one variant and trains it twice; you named 2.",
        ),
        (["lenet5", "lenet5-relu-max", "--seeds", 0], "seeds is 0; it must be 1 or more"),
        (["lenet5", "lenet5-relu-max", "--matters", 0], "matters is 0; it must be above 0"),
        (["lenet5", "lenet5-relu-max", "--jobs", -1], "jobs is -1; it must be 1 or more"),
        (["lenet5", "lenet5-relu-max", "--jobs", 1, "--cluster", "tcp://x:1"], "leave one out"),
        (["lenet5", "lenet5-max"], "Did you mean 'lenet5-relu-max'"),
        (["lenet5", "gone.toml"], "Cannot read gone.toml (No such file or directory)."),
        (["lenet5", "lenet5-relu-max", "--recipe", "sprnt"], "Did you mean 'sprint'"),
        (["lenet5", "lenet5-relu-max", "--output", "file"], "Cannot write into file"),
    ],
)
def test_mistakes_exit_1_and_leave_no_files(cnnlab, words, message):
    Path("file").write_text("mine")
    status, _, err = cnnlab("compare", *words, "--dataset", "tiny")
    assert status == 1
    assert message in said(err)
    assert "Traceback" not in err
    assert not Path("runs").exists()
    assert Path("file").read_text() == "mine"


def test_a_seed_flag_is_a_mistake_in_the_command(cnnlab):
    assert cnnlab("compare", "lenet5", "lenet5-relu-max", "--seed", 3)[0] == 2


def test_ctrl_c_keeps_finished_runs_and_the_same_command_resumes(compare, monkeypatch):
    from cnnlab.cli.progress import RunsProgress

    shown = RunsProgress.__call__

    def stop(self, finished):
        shown(self, finished)
        if finished.seed == 1:
            raise KeyboardInterrupt

    monkeypatch.setattr(RunsProgress, "__call__", stop)
    status, _, err = compare("lenet5", "lenet5-relu-max", "--seeds", 3)
    assert status == 130
    assert "Stopped. Finished runs are kept in runs/compare-tiny-" in said(err)
    assert "Resume with the same command." in said(err)
    monkeypatch.setattr(RunsProgress, "__call__", shown)
    status, _, err = compare("lenet5", "lenet5-relu-max", "--seeds", 3)
    assert status == 0
    assert "3 runs to train, 3 already in" in said(err)


def test_two_finished_runs_are_compared(cnnlab, compare):
    compare("lenet5", "lenet5-relu-max", "--seeds", 1, "--output", "c")
    one, two = "c/lenet5/seed-0", "c/lenet5-relu-max/seed-0"
    status, out, _ = cnnlab("compare", one, two, "--json")
    assert status == 0
    assert json.loads(out)["runs"] == [one, two]
    assert "are the same run. Name two runs." in said(cnnlab("compare", one, one)[2])
    status, _, err = cnnlab("compare", one, two, one)
    assert status == 1
    assert "compares two finished runs at a time; you named 3. Name two:\n" in err
    assert f"\n  cnnlab compare {one} {two}\nOr train networks on many seeds:\n" in err
    assert err.endswith("\n  cnnlab compare lenet5 lenet5-relu-max\n")
    _, _, err = cnnlab("compare", one)
    assert f"you named 1. Name two:\n  cnnlab compare {one} ANOTHER-RUN\n" in err
    status, _, err = cnnlab("compare", one, "lenet1")
    assert status == 1
    assert f"{one} is a finished run, and lenet1 is a network to train." in said(err)
    assert err.endswith("Or train networks on many seeds:\n  cnnlab compare lenet1 lenet5\n")
    status, _, err = cnnlab("compare", "c", one)
    assert status == 1
    assert "c is not a run folder: it is the folder of a comparison." in said(err)
    assert f"Runs in c: {two}" in said(err) or f"Runs in c: {one}" in said(err)


def test_one_seed_has_no_p_values_and_is_singular(compare):
    status, out, err = compare("lenet5", "lenet5-relu-max", "--seeds", 1, "--json")
    assert status == 0, err
    assert "2 variants x 1 seed: 2 runs to train" in said(err)
    rows = re.findall(r"^lenet5\S* +1 .*", err, re.MULTILINE)
    assert [len(row.split()) for row in rows] == [4, 4], "name, seeds, mean and %: no p-values"
    page = Path(json.loads(out)["report"]).read_text()
    assert "1 run of each" in page


def test_a_comparison_writes_every_share_alike(compare):
    _, _, err = compare("lenet5", "lenet5-relu-max", "--seeds", 3, "--json", "--details")
    assert re.search(r"with probability [0-9]+ % \(95 % interval [0-9]+ % to [0-9]+ %\)", said(err))
    assert not re.search(r"[0-9]%", err)
