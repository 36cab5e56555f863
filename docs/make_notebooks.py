"""Make the notebooks from their sources: python docs/make_notebooks.py.

A source is Python in the percent format: "# %%" begins a cell of code, "# %% [markdown]" one of
text. The cell "# FIRST CELL" becomes notebooks/source/install.py, and "# EXERCISE 5 run=run.folder"
the code to start exercise 5 from, with its check on that run. A test holds the notebooks to their
sources.
"""

import re
import tomllib
from pathlib import Path
from urllib.parse import quote

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from cnnlab.classroom.exercises import find

ROOT = Path(__file__).parents[1]
NOTEBOOKS = ROOT / "notebooks"
SOURCES = NOTEBOOKS / "source"
INSTALL = "install"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
_EXERCISE = re.compile(r"# EXERCISE (\w+)(?: (.+))?")
_CELL = re.compile(r"(?m)^# %%( \[markdown\])?\n")


def sources() -> list[Path]:
    """Return the sources of the notebooks, in the order of the lessons."""
    return sorted(path for path in SOURCES.glob("*.py") if path.stem != INSTALL)


def made(source: Path) -> str:
    """Return the notebook of a source, as JSON without outputs."""
    parts = _CELL.split(source.read_text(encoding="utf-8"))[1:]
    cells = []
    for number, (is_text, content) in enumerate(zip(parts[::2], parts[1::2], strict=True)):
        name = f"cell-{number:02}"
        text = content.strip()
        if is_text:
            lines = (line.removeprefix("#").removeprefix(" ") for line in text.splitlines())
            cells.append(new_markdown_cell("\n".join(lines), id=name))
            continue
        if text == "# FIRST CELL":
            text = (SOURCES / f"{INSTALL}.py").read_text(encoding="utf-8").strip()
        elif exercise := _EXERCISE.fullmatch(text):
            text = started(*exercise.groups())
        cells.append(new_code_cell(text, id=name))
    cells[0].source += badges(source.stem, PROJECT.get("urls", {}).get("Repository", ""))
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    notebook = new_notebook(cells=cells, metadata={"kernelspec": kernel})
    nbformat.validate(notebook)
    return str(nbformat.writes(notebook)) + "\n"


def started(number: str, run: str | None) -> str:
    """Return the code that an exercise starts from, and its check."""
    exercise = find(number)
    name = f"ex{number}" if number.isdigit() else number
    given = ", ".join([*exercise.answers, *([run] if run else [])])
    gap = "\n\n" if "def " in exercise.starter else ""
    return f"{exercise.starter.strip()}\n{gap}{name}.check({given})"


def badges(name: str, repository: str) -> str:
    """Return the links that open a notebook in Colab and Kaggle, at the tag of this version.

    ``repository`` is an address on GitHub; without one there are no links.
    """
    if not repository:
        return ""
    file = f"{repository}/blob/v{PROJECT['version']}/notebooks/{name}.ipynb"
    colab = "https://colab.research.google.com/" + file.removeprefix("https://").replace(
        "github.com", "github", 1
    )
    kaggle = f"https://kaggle.com/kernels/welcome?src={quote(file, safe=':/')}"
    return f"\n\n[Open in Colab]({colab}) \u00b7 [Open in Kaggle]({kaggle})"


def main() -> None:
    """Write all notebooks."""
    for source in sources():
        (NOTEBOOKS / f"{source.stem}.ipynb").write_text(made(source), encoding="utf-8")


if __name__ == "__main__":
    main()
