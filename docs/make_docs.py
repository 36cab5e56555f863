"""Write what the code says about itself into the documents: python docs/make_docs.py.

docs/reference.md comes from the commands' own help; the tree in README.md from the first line of
each file's docstring; the slides in docs/leading.md from the notes of their source. Tests hold all
of them to the code.
"""

import ast
import io
import re
import textwrap
from collections.abc import Iterator
from pathlib import Path

from cyclopts import App
from rich.console import Console

from cnnlab.classroom.deck.source import read_slides
from cnnlab.classroom.slides import SOURCE as SOURCE_OF_SLIDES
from cnnlab.classroom.slides import of_every_run
from cnnlab.cli.main import app

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "cnnlab"
README = ROOT / "README.md"
REFERENCE = ROOT / "docs" / "reference.md"
GUIDE = ROOT / "docs" / "leading.md"
BEGIN_SLIDES, END_SLIDES = "<!-- slides -->\n", "<!-- /slides -->\n"
BEGIN, END = "<!-- tree -->\n", "<!-- /tree -->\n"
WIDTH, COLUMN = 100, 22
ROOMS = (
    *("errors", "files", "notices", "wording", "seeding", "startup"),
    *("data", "models", "custom", "training", "insight", "runs", "experiments", "views"),
    *("playground", "classroom", "workshop", "cli"),
)
"""The order to read the package in; inside a room its docstring gives the order."""


def commands(parent: App = app, name: str = "cnnlab") -> Iterator[tuple[str, App]]:
    """Yield every command that does something, with its full name."""
    for word in sorted(parent):
        if word.startswith("-"):
            continue
        command = parent[word]
        if command.default_command is None:
            yield from commands(command, f"{name} {word}")
        else:
            yield f"{name} {word}", command


def reference() -> str:
    """Return the text of the command reference."""
    lines = [
        "# Command reference",
        "",
        "Each command's own `--help`. Exit status: 0 done; 1 an error that you can fix, with a "
        "message; 2 a mistake in the command; 130 interrupted, everything so far is kept. "
        "`--json` prints one JSON object on standard output; everything else goes to standard "
        "error.",
        "",
        "`python docs/make_docs.py` writes this page; a test holds it to the commands.",
    ]
    for name, _ in commands():
        console = Console(file=io.StringIO(), width=96, color_system=None, force_terminal=False)
        app.help_print(name.split()[1:], console=console)
        text = "\n".join(line.rstrip() for line in console.file.getvalue().strip().splitlines())
        lines += ["", f"## {name}", "", "```text", text, "```"]
    return "\n".join(lines) + "\n"


def with_tree(readme: str) -> str:
    """Return the README's text with the tree of the code as it is now."""
    return between(readme, BEGIN, f"```text\n{tree()}\n```\n", END)


def with_slides(guide: str) -> str:
    """Return the leader's guide with what to say and to ask at each slide."""
    slides = read_slides(SOURCE_OF_SLIDES.read_text(encoding="utf-8"), AnyRun(of_every_run()))
    blocks = []
    for slide in slides:
        lines = [f"### {slide.number}. {slide.title}", ""]
        lines += [f"- **{name}**: {words}" for name, words in slide.notes.items()]
        blocks.append("\n".join(lines))
    return between(guide, BEGIN_SLIDES, "\n" + "\n\n".join(blocks) + "\n\n", END_SLIDES)


class AnyRun(dict[str, str]):
    """Values for slides without a run: what differs from run to run is three points."""

    def __contains__(self, name: object) -> bool:
        """Return that there is every value."""
        return True

    def __missing__(self, name: str) -> str:
        """Return three points."""
        return "..."


def between(text: str, begin: str, content: str, end: str) -> str:
    """Return a text with new content between two marks."""
    before, _, rest = text.partition(begin)
    _, _, after = rest.partition(end)
    return f"{before}{begin}{content}{end}{after}"


def tree() -> str:
    """Return every folder of the package as a heading line, and under it a line for each file."""
    blocks = []
    for folder in folders(SOURCE):
        name = "src/cnnlab" if folder == SOURCE else folder.relative_to(SOURCE).as_posix()
        lines = entry(f"{name}/", folder / "__init__.py")
        for path in in_reading_order(folder):
            if path.is_file():
                lines += entry(f"  {path.name}", path)
        blocks.append("\n".join(lines))
    return "\n\n".join(blocks)


def folders(folder: Path) -> Iterator[Path]:
    """Yield a folder of the package, and those in it."""
    yield folder
    for path in in_reading_order(folder):
        if path.is_dir():
            yield from folders(path)


def in_reading_order(folder: Path) -> list[Path]:
    """Return a folder's files and folders of code, those that nobody gave a place last."""
    _, _, order = docstring(folder / "__init__.py").partition("Read:")
    words = ROOMS if folder == SOURCE else re.findall(r"\w+", order)
    paths = [path for path in folder.glob("*.py") if path.name != "__init__.py"]
    paths += [path.parent for path in folder.glob("*/__init__.py")]
    places = {word: place for place, word in reversed([*enumerate(words)])}
    return sorted(paths, key=lambda path: (places.get(path.stem, len(words)), path.name))


def entry(name: str, path: Path) -> list[str]:
    """Return a name and the first line of a file's docstring, which may need more than one line."""
    first = docstring(path).partition("\n")[0].removesuffix(".").replace("``", "`")
    return textwrap.wrap(
        first,
        WIDTH,
        initial_indent=name.ljust(COLUMN),
        subsequent_indent=" " * COLUMN,
    )


def docstring(path: Path) -> str:
    """Return what a file says about itself."""
    return ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""


if __name__ == "__main__":
    REFERENCE.write_text(reference(), encoding="utf-8")
    for path, renewed in ((README, with_tree), (GUIDE, with_slides)):
        path.write_text(renewed(path.read_text(encoding="utf-8")), encoding="utf-8")
