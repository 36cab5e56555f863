"""A name that is no network's is answered with what a person most likely meant."""

import shlex
from pathlib import Path

import pytest

from cnnlab.custom.find import find_network
from cnnlab.custom.network import read_custom
from cnnlab.custom.template import write_starting_file
from cnnlab.errors import ModelError


@pytest.fixture(autouse=True)
def mine(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("win").mkdir()
    write_starting_file("mine.py")
    write_starting_file("win/mine.py")


def refusal(name: str) -> str:
    with pytest.raises(ModelError) as refused:
        find_network(name)
    return str(refused.value)


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("Net", "mine.py:Net"),
        ("mine", "mine.py:Net"),
        ("Mine", "mine.py:Net"),
        ("mine:Net", "mine.py:Net"),
        ("mine.Net", "mine.py:Net"),
        ("mine.py Net", "mine.py:Net"),
        ("mine.py::Net", "mine.py:Net"),
        ("mine.txt:Net", "mine.py:Net"),
        ("mine.py.Net", "mine.py:Net"),
        ("mine.PY:net", "mine.py:Net"),
        ("mien.py", "mine.py:Net"),
        ("mien.py:Net", "mine.py:Net"),
        ("other.py:Net", "mine.py:Net"),
        ("win\\mine.py:Net", "win/mine.py:Net"),
        ("win/mine", "win/mine.py:Net"),
        ("win/mien.py:Net", "win/mine.py:Net"),
        ("lenet", "'lenet5'"),
        ("lenet-relu-max", "'lenet5-relu-max'"),
    ],
)
def test_the_network_that_was_meant_is_named_and_there(name, meant):
    assert f" Did you mean {meant}?" in refusal(name)
    assert find_network(meant.strip("'"))


def test_of_several_networks_in_the_file_none_is_guessed():
    Path("mine.py").write_text(Path("mine.py").read_text() + "\n\nclass Wide(Net):\n    pass\n")
    assert "Did you mean mine.py?" in refusal("mine")
    assert "Did you mean mine.py:Wide?" in refusal("mine:wide")


def test_a_class_in_several_files_is_named_in_each():
    write_starting_file("other.py")
    assert "Did you mean mine.py:Net or other.py:Net?" in refusal("Net")


def test_a_notebook_is_to_be_exported():
    Path("nb.ipynb").write_text("{}")
    for name in ("nb.ipynb", "nb.ipynb:Net"):
        assert refusal(name) == (
            "nb.ipynb is a notebook, but cnnlab needs a Python file. Export it with File > Save "
            "and Export Notebook As > Executable Script, or with jupyter nbconvert --to script "
            "nb.ipynb. Then name the class in nb.py, as in nb.py:Net."
        )


@pytest.mark.parametrize("name", ["other.py", "win/other.py", "other.py:Nothing"])
def test_a_command_that_is_proposed_works_when_it_is_pasted(name):
    _, _, command = refusal(name).partition(" To create it: cnnlab new ")
    (file,) = shlex.split(command)
    assert write_starting_file(file).exists()


@pytest.mark.parametrize(
    ("name", "end"),
    [
        ("gone/other.py", " There is no folder gone."),
        ("2nd-net.py", "(No such file or directory)."),
    ],
)
def test_no_command_is_proposed_that_would_be_refused(name, end):
    assert refusal(name).endswith(end)


def test_a_file_name_that_is_proposed_is_free():
    write_starting_file("first.py")
    Path("empty.py").write_text("")
    assert refusal("empty.py:Net").endswith("For an example: cnnlab new first2.py")


def test_a_run_without_its_code_is_said_and_no_new_file_proposed():
    Path("run").mkdir()
    Path("run/config.json").write_text("{}")
    with pytest.raises(ModelError) as refused:
        read_custom("run/source.py:Net")
    assert str(refused.value) == (
        "Cannot read run/source.py (No such file or directory). It is the network's code of the "
        "run run, and cnnlab cannot rebuild the network without it. Restore it from a copy, or "
        "train again."
    )


@pytest.mark.parametrize("name", ["f" * 5000 + "/mine", "f" * 5000 + "/mine.py:Net", "\0/mine"])
def test_a_name_that_no_folder_can_have_is_refused_as_any_other(name):
    assert refusal(name)
