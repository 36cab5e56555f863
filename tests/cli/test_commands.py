import json
import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cnnlab.data import catalog
from cnnlab.data.own.load import load
from cnnlab.models.catalog import MODELS
from cnnlab.runs.evaluation import predictions_on
from tests.support.printed import said


@pytest.fixture
def run(cnnlab):
    status, out, err = cnnlab(
        "train", "--dataset", "tiny", "--epochs", 4, "--batch-size", 40, "--output", "run"
    )
    assert status == 0, err
    assert "The run is saved in run." in out
    return Path("run")


def test_train_evaluate_report_and_predict(cnnlab, run):
    status, out, err = cnnlab("evaluate", run)
    assert status == 0
    assert "on 100 images of Tiny" in out
    assert "evaluated on the test set once." in err
    assert "evaluated on the test set 2 times." in cnnlab("evaluate", run)[2]
    status, out, _ = cnnlab("report", run)
    assert (status, (run / "report.html").exists()) == (0, True)
    assert "report.html" in out


def test_an_evaluation_brings_an_older_report_up_to_date(cnnlab, run):
    assert "report" not in cnnlab("evaluate", run)[2]
    assert not (run / "report.html").exists()
    cnnlab("report", run)
    assert "The test set was opened once" in (run / "report.html").read_text()
    _, _, err = cnnlab("evaluate", run)
    assert "Its report now shows this too: run/report.html" in said(err)
    assert "The test set was opened 2 times" in (run / "report.html").read_text()


def test_the_same_training_is_not_done_twice(cnnlab):
    words = ["train", "--dataset", "tiny", "--epochs", 1]
    assert json.loads(cnnlab(*words, "--json")[1])["trained"] is True
    status, out, err = cnnlab(*words)
    assert status == 0
    assert "This run is there already: runs/tiny-lenet5-seed-0. The network," in said(err)
    assert "so the numbers would be the same too. Nothing was trained." in said(err)
    assert "after 1 epoch. The run is saved in runs/tiny-lenet5-seed-0." in said(out)
    assert "cnnlab report runs/tiny-lenet5-seed-0" in err
    assert (
        "\n  cnnlab train --model lenet5 --dataset tiny --recipe workshop --epochs 1 --seed 1\n"
        in err
    )
    assert [each.name for each in Path("runs").iterdir()] == ["tiny-lenet5-seed-0"]
    assert json.loads(cnnlab(*words, "--json")[1])["trained"] is False
    assert json.loads(cnnlab(*words, "--json", "--output", "runs/more")[1])["trained"] is True
    config = Path("runs/tiny-lenet5-seed-0/config.json")
    config.write_text(config.read_text().replace('"finished"', '"interrupted"'))
    assert "This run is there already: runs/more." in said(cnnlab(*words)[2])
    Path("runs/more/config.json").write_text("{")
    assert json.loads(cnnlab(*words, "--json")[1])["run"] == "runs/tiny-lenet5-seed-0-2"


def test_a_changed_setting_or_network_is_trained(cnnlab):
    network = (
        "from torch import nn\n"
        "def Small():\n"
        "    return nn.Sequential(nn.Flatten(), nn.Linear(1024, 9), nn.ReLU(), nn.Linear(9, 10))\n"
    )
    Path("mine.py").write_text(network)
    words = ["train", "--model", "mine.py:Small", "--dataset", "tiny", "--epochs", 1, "--json"]

    def trained(*more):
        status, out, err = cnnlab(*words, *more)
        assert status == 0, err
        return json.loads(out)["trained"]

    assert [trained(), trained(), trained("--seed", 1), trained()] == [True, False, True, False]
    assert "cnnlab train --model mine.py:Small --dataset tiny" in cnnlab(*words)[2]
    Path("mine.py").write_text(network.replace("9", "8"))
    assert [trained(), trained()] == [True, False]


@pytest.mark.parametrize("flag", [["--json"]])
@pytest.mark.parametrize("command", ["evaluate", "report", "predict"])
def test_json_is_one_object_and_all_else_goes_to_standard_error(cnnlab, run, command, flag):
    picture = Path("picture.png")
    image = load("tiny", notify=lambda _: None).test.images[3]
    Image.fromarray(image).save(picture)
    _, out, err = cnnlab(command, run, *([picture] if command == "predict" else []), *flag)
    answer = json.loads(out)
    assert answer["run"] == "run"
    assert err
    if command == "predict":
        assert sum(answer["answers"][0]["probabilities"].values()) == pytest.approx(1, abs=1e-5)


def test_train_prints_json_with_the_epochs_names(cnnlab):
    _, out, _ = cnnlab("train", "--dataset", "tiny", "--epochs", 1, "--json", "--output", "a")
    assert json.loads(out)["status"] == "finished"
    assert json.loads(out)["epoch"] == 1


def test_predict_shows_the_networks_own_prediction_for_a_data_set_image(cnnlab, run):
    from cnnlab.runs.run import open_run

    splits = load("tiny", notify=lambda _: None)
    Image.fromarray(splits.test.images[7]).save("seven.png")
    _, out, _ = cnnlab("predict", run, "seven.png", "--json")
    assert json.loads(out)["data_set"] == "tiny"
    import torch

    expected = predictions_on(open_run(run), splits.test, torch.device("cpu")).probabilities[7]
    probabilities = json.loads(out)["answers"][0]["probabilities"]
    np.testing.assert_allclose(list(probabilities.values()), expected, atol=1e-6)


def test_predict_shows_what_the_network_sees(cnnlab, run):
    Image.fromarray(np.pad(np.full((8, 8), 255, np.uint8), 10)).save("square.png")
    status, out, _ = cnnlab("predict", run, "square.png")
    assert status == 0
    assert out.startswith("LeNet-5 (tanh, average), trained on Tiny.\n\nsquare.png\n")
    rows = [line for line in out.splitlines() if "@" in line]
    assert len(rows) in range(4, 14)


def test_predict_recognises_good_pictures_and_then_names_the_bad_ones(cnnlab, run):
    Image.fromarray(np.pad(np.full((8, 8), 255, np.uint8), 10)).save("square.png")
    Path("bad.png").write_text("no picture")
    status, out, err = cnnlab("predict", run, "bad.png", "square.png")
    assert status == 1
    assert "square.png" in out and "Probability" in out
    assert "Error: bad.png is not a picture" in err
    status, out, _ = cnnlab("predict", run, "bad.png", "square.png", "--json")
    answer = json.loads(out)
    assert (status, len(answer["answers"]), len(answer["faults"])) == (1, 1, 1)
    assert cnnlab("predict", run, "bad.png")[1] == ""


def test_predict_expands_patterns_where_the_shell_does_not(cnnlab, run):
    Path("img").mkdir()
    for name in ("img/b.png", "img/a.png", "img/[1].png"):
        Image.fromarray(np.pad(np.full((8, 8), 255, np.uint8), 10)).save(name)
    status, out, err = cnnlab("predict", run, "img/?.png", "img/[1].png", "--json")
    assert status == 0, err
    assert [each["image"] for each in json.loads(out)["answers"]] == [
        str(Path(name)) for name in ("img/a.png", "img/b.png", "img/[1].png")
    ]
    status, _, err = cnnlab("predict", run, "img/*.jpg")
    assert status == 1
    assert f"No file matches {Path('img/*.jpg')}. Name a picture, such as my-seven.png." in said(
        err
    )


@pytest.mark.parametrize("encoding", ["cp1252", "ascii", "cp437"])
def test_a_code_page_that_lacks_a_letter_shows_a_question_mark(tmp_path, encoding):
    environment = {**os.environ, "PYTHONIOENCODING": encoding, "COLUMNS": "300"}
    for words in (["predict", "\u0141\u00f3d\u017a", "\u4e03.png"], ["check", "\u0141.py:Net"]):
        result = subprocess.run(
            [sys.executable, "-m", "cnnlab", *words],
            capture_output=True,
            cwd=tmp_path,
            env=environment,
            check=False,
        )
        text = (result.stdout + result.stderr).decode(encoding)
        assert result.returncode == 1, text
        assert "Traceback" not in text
        assert re.search(r"^Error: .*\?\S*", text)


@pytest.mark.parametrize("command", ["train", "workshop"])
def test_an_existing_folder_is_refused_before_data_is_read(cnnlab, command, monkeypatch):
    monkeypatch.setattr("cnnlab.data.library.Library.load", None)
    status, _, err = cnnlab(command, "--dataset", "tiny", "--output", ".")
    assert status == 1
    assert ". already exists. Nothing was changed. Name another folder with --output." in said(err)


def test_one_is_singular_and_recipes_are_named(cnnlab):
    _, out, err = cnnlab("train", "--dataset", "tiny", "--epochs", 1, "--output", "one")
    assert "seed 0, 1 epoch;" in err
    assert "after 1 epoch." in out
    for command in ("train", "compare"):
        assert "workshop, sprint, best" in " ".join(cnnlab(command, "--help")[1].split())


def test_workshop_goes_from_images_to_a_report(cnnlab):
    status, out, err = cnnlab("workshop", "--dataset", "tiny", "--epochs", 2)
    assert status == 0, err
    folder = Path("runs/workshop-tiny")
    assert sorted(p.name for p in folder.iterdir()) == [
        ".lock",
        "handout.html",
        "lenet5",
        "lenet5-relu-max",
        "report.html",
        "results.json",
        "workshop.json",
    ]
    for words in (
        "1  The images",
        "Training and validation",
        "61,706",
        "Before training",
        "An idea to improve it: LeNet-5 (ReLU, max)",
        "Is the second network really better?",
    ):
        assert words in out
    results = json.loads((folder / "results.json").read_text())
    assert {each["test_openings"] for each in results.values()} == {1}
    assert "89.33" not in out, "published figures belong to Fashion-MNIST alone"
    assert cnnlab("workshop", "--dataset", "tiny", "--epochs", 1)[0] == 0
    assert Path("runs/workshop-tiny-2/report.html").exists()


def test_the_same_seed_gives_bit_identical_metrics(cnnlab):
    metrics = []
    for name in "ab":
        cnnlab("train", "--dataset", "tiny", "--epochs", 2, "--output", name)
        lines = Path(name, "metrics.jsonl").read_text().splitlines()
        metrics.append([{**json.loads(line), "seconds": 0} for line in lines])
    assert metrics[0] == metrics[1]
    assert Path("a/model.safetensors").read_bytes() == Path("b/model.safetensors").read_bytes()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["train", "--model", "lenet"], "There is no model 'lenet'. Did you mean 'lenet5'?"),
        (["train", "--dataset", "fashion"], "Did you mean 'fashion-mnist'?"),
        (["train", "--recipe", "worksop"], "Did you mean 'workshop'?"),
        (["train", "--epochs", "0"], "epochs is 0; it must be 1 or more"),
        (["workshop", "--epochs", "-3"], "epochs is -3; it must be 1 or more"),
        (["workshop", "--dataset", "fashion-mnist", "--offline"], "--offline forbids downloading"),
        (["train", "--dataset", "mnist", "--offline"], "--dataset fashion-mnist-sample"),
        (["compare", "lenet1", "lenet5", "--offline"], "--dataset fashion-mnist-sample"),
        (["evaluate", "nowhere"], "nowhere is not a run folder"),
        (["report", "nowhere"], "nowhere is not a run folder"),
        (["predict", "nowhere", "a.png"], "nowhere is not a run folder"),
        (["data", "get", "cifar"], "There is no data set 'cifar'"),
        (["data", "check", "mnist"], "Not complete: MNIST. Run: cnnlab data get mnist"),
        (["data", "list", "--data-dir", "/no/where"], "The folder /no/where does not exist."),
        (["train", "--dataset", "tiny", "--output", "/dev/null/run"], "Cannot create the folder"),
        (["train", "--dataset", "tiny", "--output", "."], "already exists"),
    ],
)
def test_mistakes_exit_1_with_a_message_and_no_traceback(cnnlab, arguments, message):
    status, out, err = cnnlab(*arguments)
    assert status == 1
    assert message in " ".join(err.split())
    assert "Traceback" not in err
    assert "Error" not in out


@pytest.mark.parametrize(
    "arguments", [["train", "--epoch", "3"], ["trian"], ["train", "--seed", "x"]]
)
def test_usage_errors_exit_2(cnnlab, arguments):
    assert cnnlab(*arguments)[0] == 2


def test_diverging_training_exits_1_and_names_the_setting(cnnlab):
    status, _, err = cnnlab(
        *("train", "--dataset", "tiny", "--model", "lenet5-relu-max", "--learning-rate", "1e20")
    )
    assert status == 1
    assert "try --learning-rate 1e+19" in " ".join(err.split())


def test_ctrl_c_exits_130_and_says_how_to_see_what_is_saved(cnnlab, monkeypatch):
    from cnnlab.cli.progress import TrainingProgress

    def stop(self, record):
        if record.epoch == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(TrainingProgress, "epoch", stop)
    status, _, err = cnnlab("train", "--dataset", "tiny", "--output", "run")
    assert status == 130
    assert "Stopped after 2 of 25 epochs. The run is saved in run. Resume with:\n" in err
    assert "\n  cnnlab train --resume run\n" in err
    assert "\n  cnnlab report run\n" in err
    assert cnnlab("report", "run")[0] == 0


def test_without_a_data_set_train_goes_on_with_the_sample_and_labels_it(cnnlab):
    status, out, err = cnnlab("train", "--offline", "--epochs", 1, "--json")
    assert status == 0, err
    places = [
        err.index("Fashion-MNIST is not on this machine"),
        err.index("Do not compare results on the sample"),
        err.index(" on Fashion-MNIST sample (10,000 images): 8,000 images to train on"),
    ]
    assert places == sorted(places)
    run = json.loads(out)["run"]
    assert run.endswith("fashion-mnist-sample-lenet5-seed-0")
    assert "Fashion-MNIST sample (10,000 images)" in cnnlab("evaluate", run)[1]


def test_without_a_data_set_the_workshop_goes_on_with_the_sample(cnnlab):
    status, out, err = cnnlab("workshop", "--offline", "--epochs", 1)
    assert status == 0, err
    assert "Until then cnnlab uses Fashion-MNIST sample (10,000 images)" in err
    assert "The report: runs/workshop-fashion-mnist-sample/report.html" in out
    page = Path("runs/workshop-fashion-mnist-sample/report.html").read_text()
    for text in (out, page):
        assert "This is a sample" in text
        assert "89.33" not in text, "published figures belong to Fashion-MNIST alone"
    assert "Test images no. 0, 1539" in page
    assert "notebook" not in page


def test_the_help_names_every_data_set(cnnlab):
    for command in (["train"], ["workshop"], ["compare"], ["data", "get"]):
        words = cnnlab(*command, "--help")[1].replace(",", " ").replace(".", " ").split()
        assert {"fashion-mnist", "fashion-mnist-sample", "mnist", "mnist-sample"} <= set(words)


def test_the_help_names_every_network(cnnlab):
    words = cnnlab("train", "--help")[1].replace(",", " ").split()
    assert set(MODELS) <= set(words)


def test_help_is_quick_because_it_imports_no_torch():
    code = (
        "import sys; sys.argv = ['cnnlab', '--help']\n"
        "from cnnlab.cli.main import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "print('HEAVY', [m for m in ('torch', 'numpy', 'matplotlib', 'PIL') if m in sys.modules])"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert "HEAVY []" in result.stdout


def test_no_traceback_if_the_reader_of_the_output_ends(tiny_folder):
    command = f"{sys.executable} -m cnnlab data list | true"
    result = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize("mirror", [True, False])
def test_digits_are_not_mirrored(cnnlab, tiny, monkeypatch, mirror):
    data_set = replace(tiny[0], may_mirror=mirror)
    monkeypatch.setitem(catalog.DATA_SETS, "tiny", data_set)
    status, _, err = cnnlab(
        "train", "--dataset", "tiny", "--recipe", "best", "--epochs", 1, "--output", "mirrored"
    )
    assert status == (0 if mirror else 1)
    assert ("a mirrored 2 is not a 2" in said(err)) is not mirror
    assert Path("mirrored").exists() is mirror
