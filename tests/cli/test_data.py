"""The commands about data sets: list, get, check."""

import json

import pytest

from cnnlab.wording import command_line
from tests.support.library import IMAGES, LABELS, put


@pytest.fixture
def stick(tmp_path):
    folder = tmp_path / "stick"
    folder.mkdir()
    return folder


def test_list_tells_where_each_data_set_is(cnnlab, tiny_folder):
    _, out, _ = cnnlab("data", "list", "--json")
    folders = {each["name"]: each["folder"] for each in json.loads(out)["data_sets"]}
    assert folders["tiny"] == str(tiny_folder / "Tiny" / "raw")
    assert folders["mnist"] is None
    assert folders["fashion-mnist-sample"].endswith("fashion-mnist")


def test_list_prints_each_path_and_command_whole_on_its_own_line(cnnlab, tiny, stick, monkeypatch):
    deep = stick / ("a folder with a long name " * 5).strip()
    put(deep, tiny[1])
    monkeypatch.setenv("FORCE_COLOR", "1")  # as on a terminal,
    monkeypatch.setenv("TERM", "dumb")  # of 80 columns
    out = cnnlab("data", "list", "--data-dir", deep)[1]
    lines = out.splitlines()
    assert lines[lines.index("tiny: 400 images, licence MIT; on this machine:") + 1] == f"  {deep}"
    assert f"  {command_line('data', 'get', 'mnist', '--data-dir', str(deep))}" in lines
    checked = cnnlab("data", "check", "tiny", "--data-dir", deep)[1].splitlines()
    assert checked[:2] == ["complete  Tiny", f"          {deep}"]


def test_get_fills_a_new_folder_or_leaves_none(cnnlab, tmp_path, monkeypatch):
    new = tmp_path / "new" / "stick"
    status, out, _ = cnnlab("data", "get", "fashion-mnist-sample", "--data-dir", new)
    assert status == 0
    assert out.startswith("Fashion-MNIST sample (10,000 images): 4 verified files. Source: copied")
    assert cnnlab("data", "check", "fashion-mnist-sample", "--data-dir", new)[1].startswith(
        f"complete  Fashion-MNIST sample (10,000 images)\n"
        f"          {new / 'FashionMNISTSample' / 'raw'}\n"
    )
    status, _, err = cnnlab("data", "get", "tiny", "--data-dir", tmp_path / "other")
    assert status == 1
    assert "Tiny could not be downloaded" in err
    assert not (tmp_path / "other").exists()


def test_check_lists_each_data_set_and_passes_if_all_asked_for_are_complete(cnnlab, tiny_folder):
    raw = tiny_folder / "Tiny" / "raw"
    status, out, err = cnnlab("data", "check", "tiny")
    assert (status, err) == (0, "")
    assert (
        out == f"complete  Tiny\n          {raw}\nAll data sets that you asked for are complete.\n"
    )
    status, out, err = cnnlab("data", "check")
    assert status == 1
    for line in (f"complete  Tiny\n          {raw}", "missing   Fashion-MNIST", "missing   MNIST"):
        assert f"{line}\n" in out
    assert err == (
        "Error: Not complete: Fashion-MNIST, MNIST. Run:\n  cnnlab data get fashion-mnist\n"
        "  cnnlab data get mnist\n"
    )


def test_check_of_a_folder_looks_there_alone(cnnlab, tiny, tiny_folder, stick):
    status, out, err = cnnlab("data", "check", "tiny", "--data-dir", stick)
    assert (status, out) == (1, "missing   Tiny\n")
    assert err == f"Error: Not complete: Tiny. Run:\n  cnnlab data get tiny --data-dir {stick}\n"
    put(stick, tiny[1])
    status, out, _ = cnnlab("data", "check", "tiny", "--data-dir", stick)
    assert (status, out.splitlines()[:2]) == (0, ["complete  Tiny", f"          {stick}"])


def test_check_of_a_folder_that_does_not_exist_is_an_error(cnnlab, tmp_path):
    status, out, err = cnnlab("data", "check", "--data-dir", tmp_path / "nowhere")
    assert (status, out) == (1, "")
    assert f"The folder {tmp_path / 'nowhere'} does not exist. You named it with --data-dir." in err


def test_check_names_the_damaged_and_the_missing_file(cnnlab, tiny_folder):
    raw = tiny_folder / "Tiny" / "raw"
    damaged = raw / f"{LABELS}.gz"
    damaged.write_bytes(damaged.read_bytes()[:-9])
    (raw / f"{IMAGES}.gz").unlink()
    status, out, err = cnnlab("data", "check", "tiny")
    assert status == 1
    first, folder, missing, cut = out.splitlines()
    assert (first, folder) == ("damaged   Tiny", f"          {raw}")
    assert missing == f"          {raw / IMAGES} is missing."
    assert cut.startswith(f"          {damaged} is a truncated gzip file")
    assert (
        "Not complete: Tiny. Delete the damaged files, then run:\n  cnnlab data get tiny\n" in err
    )


def test_check_in_json(cnnlab, tiny_folder):
    raw = tiny_folder / "Tiny" / "raw"
    status, out, _ = cnnlab("data", "check", "tiny", "mnist", "--json")
    found = json.loads(out)
    assert status == 1
    assert found["data_sets"] == [
        {"name": "tiny", "state": "complete", "folder": str(raw)},
        {"name": "mnist", "state": "missing", "folder": None},
    ]
    assert found["files"][0] == {
        "path": str(raw / f"{IMAGES}.gz"),
        "state": "complete",
        "fault": None,
    }
