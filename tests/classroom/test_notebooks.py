"""The notebooks: made from their sources, run from top to bottom, and clear when a cell fails."""

from importlib.metadata import version
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_notebook

from cnnlab.classroom.lesson import begin, terminal
from cnnlab.errors import CnnlabError
from docs.make_notebooks import NOTEBOOKS, badges, made, sources

_MOST_LINES = 12
SOURCES = sources()
SHORT = (("--recipe sprint", "--recipe sprint --epochs 1"), ("--seeds 5", "--seeds 2"))
"""The same commands, shorter."""


def run(notebook, folder, seconds=300):
    """Run a notebook's cells in a folder; return it with its outputs."""
    NotebookClient(notebook, timeout=seconds, resources={"metadata": {"path": folder}}).execute()
    return notebook


def read(source):
    return nbformat.reads(made(source), as_version=4)


def printed(notebook):
    """Return everything that the cells printed."""
    outputs = [each for cell in notebook.cells for each in cell.get("outputs", ())]
    return "".join(each.get("text", "") for each in outputs)


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.stem)
def test_it_is_made_from_its_source_and_has_no_outputs(source):
    path = NOTEBOOKS / f"{source.stem}.ipynb"
    assert path.read_text(encoding="utf-8") == made(source), "run: python docs/make_notebooks.py"
    for cell in read(source).cells:
        assert not cell.get("outputs")
        if cell.cell_type == "code" and ".check(" not in cell.source:
            assert len(cell.source.splitlines()) <= _MOST_LINES
    assert f'begin("{version("cnnlab")}")' in made(source).replace("\\", "")


def test_every_notebook_has_a_source():
    assert sorted(path.stem for path in NOTEBOOKS.glob("*.ipynb")) == [
        each.stem for each in SOURCES
    ]


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.stem)
def test_every_cell_runs_from_the_top(source, tmp_path):
    notebook = read(source)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.source = cell.source.replace('"fashion-mnist"', '"fashion-mnist-sample"')
            for long, short in SHORT:
                cell.source = cell.source.replace(long, short)
    assert f"cnnlab {version('cnnlab')}, PyTorch" in printed(run(notebook, tmp_path))


@pytest.mark.real_data
def test_the_first_notebook_runs_on_real_data(tmp_path):
    words = printed(run(read(SOURCES[0]), tmp_path))  # benchmarks/lesson.py runs all of them
    assert "48000 images to train on, 12000 for validation" in words
    assert "It recognises 8" in words or "It recognises 9" in words


def failing(*codes):
    """Return a notebook that begins as the lessons do, and the text of its cells' errors."""
    first = 'from cnnlab.classroom import lesson\nlesson.begin("0.0.1")'
    cells = [new_code_cell(each) for each in (first, *codes)]
    for cell in cells:
        cell.metadata["tags"] = ["raises-exception"]
    return new_notebook(cells=cells)


def test_a_cell_that_fails_says_why_in_a_sentence(tmp_path):
    notebook = run(
        failing(
            "network",
            'lesson.terminal("cnnlab train --model nothing --epochs 1")',
            'lesson.terminal("ls")',
            "def f():\n    return missing\nf()",
            "1 / 0",
        ),
        tmp_path,
    )
    begun, unmade, failed, other, own, division = (
        "".join(each.get("text", "") for each in cell.outputs) for cell in notebook.cells
    )
    assert f"This notebook was made for cnnlab 0.0.1, but {version('cnnlab')} is installed" in begun
    assert "network does not exist yet. A cell further up makes it: run the cells from" in unmade
    assert "There is no model 'nothing'" in failed
    assert "The command failed. Its last lines say why." in failed
    assert "terminal() runs the commands of cnnlab. Found: ls" in other
    assert own == division == ""  # mistakes of the student's own code keep their traceback
    tracebacks = [
        "".join(each.traceback) for each in notebook.cells[5].outputs if each.output_type == "error"
    ]
    assert "ZeroDivisionError" in tracebacks[0]


def test_what_a_command_prints_is_read_whatever_the_system_writes(monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("PYTHONIOENCODING", "cp1252")  # as a pipe on Windows
    monkeypatch.chdir(tmp_path)
    terminal("cnnlab exercise 3 start mine.py")
    with pytest.raises(CnnlabError, match=r"The command failed\. Its last lines say why\."):
        terminal("cnnlab exercise 3 check mine.py")
    assert "\u2026 Not tried: Exercise 3" in capsys.readouterr().out


def test_the_right_version_says_no_more_than_the_versions(capsys):
    begin(version("cnnlab"))
    assert capsys.readouterr().out.count("\n") == 1


def test_badges_point_to_the_tag_of_this_version():
    links = badges("00-start", "https://github.com/somebody/cnnlab")
    tag = f"v{version('cnnlab')}/notebooks/00-start.ipynb"
    assert f"https://colab.research.google.com/github/somebody/cnnlab/blob/{tag}" in links
    assert f"?src=https://github.com/somebody/cnnlab/blob/{tag}" in links
    assert badges("00-start", "") == ""


@pytest.mark.parametrize("kit", [True, False])
def test_without_cnnlab_and_without_internet_the_first_cell_says_what_to_do(
    kit, tmp_path, monkeypatch
):
    import importlib.util
    import subprocess

    asked = []

    class Failed:
        returncode = 1

    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    monkeypatch.setattr(subprocess, "run", lambda words: asked.append(words) or Failed())
    wheels = tmp_path / "kit" / "wheels"
    monkeypatch.setattr(Path, "glob", lambda *_: iter([wheels] if kit else []))
    code = (SOURCES[0].parent / "install.py").read_text(encoding="utf-8")
    with pytest.raises(SystemExit, match=r"Switch the internet on, or attach the kit\."):
        exec(compile(code, "install.py", "exec"), {})
    assert ("--no-index" in asked[0]) == kit
