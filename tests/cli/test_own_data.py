"""A data set of one's own goes through every command."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cnnlab.runs.run import open_run
from tests.support.own_data import arrays, blocks, write_folder
from tests.support.printed import said

HOSTILE = ("<img src=x onerror=alert(1)>", "{{7*7}}[red]", "caf\u00e9 \u732b")
RUN = Path("runs/folder-shapes-lenet1-seed-0")
QUICK = ("--model", "lenet1", "--recipe", "sprint", "--epochs", 6, "--batch-size", 8)
TRAIN = ("train", "--dataset", "folder:shapes", *QUICK)
ALL = tuple(f"class {number}" for number in range(26))


@pytest.fixture
def shapes(cnnlab):
    """A folder of three classes with hostile names, in the working folder."""
    return write_folder(Path("shapes"), HOSTILE)


def test_a_folder_goes_through_every_command(cnnlab, shapes):
    status, _, err = cnnlab(*TRAIN)
    assert status == 0, err
    run = open_run(RUN)
    assert run.class_count == 3
    assert run.description["data_set"]["classes"] == sorted(HOSTILE, key=str.casefold)
    assert len(run.description["data_set"]["sha256"]["content"]) == 64
    assert cnnlab(*TRAIN)[2].count("This run is there already") == 1
    assert cnnlab("evaluate", RUN)[0] == 0
    status, out, _ = cnnlab("predict", RUN, shapes / HOSTILE[2] / "0.png", "--json")
    assert status == 0
    (answer,) = json.loads(out)["answers"]
    assert set(answer["probabilities"]) == set(HOSTILE)
    assert HOSTILE[1] in cnnlab("predict", RUN, shapes / HOSTILE[1] / "0.png")[1]
    for words in (("report", RUN), ("export", RUN, "--page")):
        status, out, err = cnnlab(*words)
        assert status == 0, err
    for name in ("report.html", "page.html"):
        page = (RUN / name).read_text("utf-8")
        assert "<img src=x" not in page
        assert "onerror" in page


def test_a_network_has_as_many_outputs_as_the_data_set_has_classes(cnnlab):
    write_folder(Path("many"), ALL, count=4)
    status, _, err = cnnlab("train", "--dataset", "folder:many", "--epochs", 1)
    assert status == 0, err
    run = open_run(Path("runs/folder-many-lenet5-seed-0"))
    assert run.network.build(0).classifier[-1].out_features == 26
    assert "guessing gives 4 %" in said(err)
    assert cnnlab("report", run.folder)[0] == 0


def test_a_changed_folder_is_refused_by_all_that_needs_its_images(cnnlab, shapes):
    assert cnnlab(*TRAIN)[0] == 0
    before = open_run(RUN).description["data_set"]["sha256"]["content"][:12]
    (shapes / HOSTILE[0] / "0.png").unlink()
    for words in (("evaluate", RUN), ("report", RUN), ("export", RUN, "--page")):
        status, _, err = cnnlab(*words)
        assert status == 1
        assert (
            f"The images of folder:shapes are not those that {RUN} was trained on: there were 90 "
            f"(SHA-256 {before}...), now there are 89 ("
        ) in said(err)
        assert "Restore them, or train again: cnnlab train --model lenet1 --dataset" in said(err)
    assert cnnlab("predict", RUN, shapes / HOSTILE[1] / "0.png")[0] == 0


def test_a_folder_that_changed_is_not_resumed(cnnlab, shapes):
    assert cnnlab(*TRAIN)[0] == 0
    config = RUN / "config.json"
    config.write_text(config.read_text().replace('"finished"', '"interrupted"'))
    Image.fromarray(blocks(1, 1, seed=8)[0]).save(shapes / HOSTILE[0] / "new.png")
    status, _, err = cnnlab("train", "--resume", RUN)
    assert status == 1
    assert "The images of folder:shapes are not those that" in said(err)


def test_a_folder_that_is_gone_is_named(cnnlab, shapes):
    assert cnnlab(*TRAIN)[0] == 0
    shapes.rename("elsewhere")
    status, _, err = cnnlab("report", RUN)
    assert status == 1
    assert "There is no folder shapes. cnnlab looked in" in said(err)
    assert cnnlab("predict", RUN, f"elsewhere/{HOSTILE[1]}/0.png")[0] == 0


def test_as_they_are_stays_with_the_run(cnnlab):
    write_folder(Path("shapes"), count=5)
    status, _, err = cnnlab(*TRAIN, "--as-they-are")
    assert status == 0, err
    run = open_run(RUN)
    assert run.data_set.preparation == "as-they-are"
    assert "--dataset folder:shapes --as-they-are" in run.train_command()
    Image.fromarray(np.full((40, 40), 250, np.uint8)).save("light.png")
    assert cnnlab("predict", RUN, "light.png")[0] == 0


def test_an_npz_file_is_compared(cnnlab):
    np.savez("d.npz", **arrays())
    words = ("--dataset", "npz:d.npz", "--seeds", 2, "--epochs", 1, "--jobs", 1)
    status, _, err = cnnlab("compare", "lenet5", "lenet1", *words)
    assert status == 0, err
    (folder,) = Path("runs").glob("compare-npz-d-lenet5-vs-lenet1-*")
    assert (folder / "report.html").exists()


def test_the_workshop_takes_a_folder(cnnlab, shapes):
    status, _, err = cnnlab("workshop", "--dataset", "folder:shapes", "--epochs", 1)
    assert status == 0, err
    assert (Path("runs/workshop-folder-shapes") / "report.html").exists()


NET = """\
from torch import nn


class Net(nn.Module):
    def __init__(self{argument}):
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(1, 4, 5), nn.ReLU(), nn.MaxPool2d(4),
            nn.Flatten(),
            nn.Linear(196, {outputs}),
        )

    def forward(self, x):
        return self.body(x)
"""


def write_net(outputs, argument=""):
    Path("mine.py").write_text(NET.replace("{outputs}", outputs).replace("{argument}", argument))


@pytest.mark.parametrize("argument", [", num_classes=10", ", num_classes", ", *, num_classes=4"])
def test_a_network_of_ones_own_is_given_the_number_of_classes(cnnlab, shapes, argument):
    write_net("num_classes", argument)
    words = ("--model", "mine.py:Net", "--dataset", "folder:shapes", "--epochs", 1)
    assert cnnlab("check", "mine.py:Net", "--dataset", "folder:shapes")[0] == 0
    status, _, err = cnnlab("train", *words)
    assert status == 0, err
    (folder,) = Path("runs").iterdir()
    assert open_run(folder).model_name == "mine.py:Net(num_classes=3)"
    assert cnnlab("evaluate", folder)[0] == 0
    assert cnnlab("train", *words)[2].count("This run is there already") == 1


def test_a_network_of_ones_own_without_num_classes_hears_which_line_to_change(cnnlab, shapes):
    write_net("10")
    message = (
        "forward (line 13) returns the shape (4, 10), but cnnlab expected the shape "
        "(4, 3) for 4 images: 3 numbers per image, one for each class. Write nn.Linear(196, 3) for "
        "body.4 (line 10). Or give __init__ an argument num_classes and write that: cnnlab passes "
        "the number of classes of the data set."
    )
    for words in (("check", "mine.py:Net"), ("train", "--model", "mine.py:Net")):
        status, out, err = cnnlab(*words, "--dataset", "folder:shapes")
        assert status == 1
        assert message in said(out + err)
    write_net("3")
    assert cnnlab("check", "mine.py:Net", "--dataset", "folder:shapes")[0] == 0
