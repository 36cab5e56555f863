"""Who may import whom, and that every command and every file is documented."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import cnnlab

SOURCE = Path(cnnlab.__file__).parent
GROUND = {"errors", "files", "notices", "wording", "seeding"}
FLOORS = {
    "data": GROUND,
    "models": GROUND,
    "custom": GROUND | {"models", "data", "training"},  # a network is tried as it is trained
    "training": GROUND | {"data"},
    "insight": GROUND | {"data"},
}
FLOORS["runs"] = GROUND | {*FLOORS}
FLOORS["experiments"] = FLOORS["runs"] | {"runs"}
FLOORS["views"] = (FLOORS["experiments"] | {"experiments"}) - {"custom"}  # runs no user's code
FLOORS["playground"] = FLOORS["views"] | {"views", "custom"}
FLOORS["classroom"] = FLOORS["views"] | {"views", "custom", "playground"}
FLOORS["workshop"] = FLOORS["views"] | {"views", "custom"}
FLOORS["cli"] = FLOORS["workshop"] | {"workshop", "playground", "classroom", "startup"}
ALLOWED = {name: set() for name in GROUND | {"startup"}} | FLOORS
"""Which rooms a room may import from; nothing imports the command line."""


def imports(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module:
            if node.module == "cnnlab":
                found |= {f"cnnlab.{alias.name}" for alias in node.names}
            else:
                found.add(node.module)
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
    return found


def room(path: Path) -> str:
    return path.relative_to(SOURCE).parts[0].removesuffix(".py")


FILES = [p for p in SOURCE.rglob("*.py") if room(p) not in {"__init__", "__main__"}]


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(SOURCE)))
def test_imports_go_only_where_the_design_allows(path):
    own = room(path)
    used = {name.split(".")[1] for name in imports(path) if name.startswith("cnnlab.")}
    assert used - {own} <= ALLOWED[own]


def circles(arrows: dict[str, set[str]]) -> list[str]:
    """Return the names that can be reached from themselves."""

    def reached(start):
        found, waiting = set(), [start]
        while waiting:
            new = arrows.get(waiting.pop(), set()) - found
            found |= new
            waiting += new
        return found

    return sorted(name for name in arrows if name in reached(name))


def module(path: Path) -> str:
    return ".".join(["cnnlab", *path.relative_to(SOURCE).with_suffix("").parts])


def test_no_file_and_no_folder_imports_itself_by_a_detour():
    files = {module(path): path for path in FILES}
    arrows = {name: imports(path) & {*files} - {name} for name, path in files.items()}
    assert circles(arrows) == []
    folders: dict[str, set[str]] = {}
    for name, used in arrows.items():
        own = name.rpartition(".")[0]
        folders.setdefault(own, set()).update({each.rpartition(".")[0] for each in used} - {own})
    assert circles(folders) == []


def test_circles_are_found():
    assert circles({"a": {"b"}, "b": {"c"}, "c": {"b"}, "d": {"a"}}) == ["b", "c"]


def test_no_file_holds_more_than_400_lines():
    long = {module(path) for path in FILES if len(path.read_text().splitlines()) > 400}
    assert long == set()


@pytest.mark.parametrize(
    "name",
    [
        *("cli.main", "views.plots", "experiments.statistics", "experiments.verdict"),
        *("insight.graph", "insight.interpret", "insight.explain", "insight.fields"),
        *("insight.saliency", "playground.server"),
        "custom.rules",  # and the rules by topic: they know a trial as plain data only
    ],
)
def test_what_must_be_quick_loads_no_torch(name):
    script = f"import sys, cnnlab.{name}; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0


def test_statistics_know_only_statistics():
    for name in ("statistics", "verdict"):
        used = imports(SOURCE / f"experiments/{name}.py")
        own = {each for each in used if each.startswith("cnnlab")}
        assert own <= {"cnnlab.experiments.statistics"}


def test_training_knows_no_terminal_plots_or_web():
    for path in (SOURCE / "training").glob("*.py"):
        assert not {name.split(".")[0] for name in imports(path)} & {
            "rich",
            "matplotlib",
            "cyclopts",
        }


def test_every_public_name_can_be_imported():
    for name in cnnlab.__all__:
        assert getattr(cnnlab, name).__doc__
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = cnnlab.nothing


def test_the_command_reference_is_what_the_commands_say():
    from docs.make_docs import REFERENCE, reference

    assert REFERENCE.read_text(encoding="utf-8") == reference(), "run: python docs/make_docs.py"


def test_the_tree_in_the_readme_is_what_the_files_say():
    from docs.make_docs import README, with_tree

    readme = README.read_text(encoding="utf-8")
    assert readme == with_tree(readme), "run: python docs/make_docs.py"


def test_the_slides_in_the_guide_are_those_of_their_source():
    from docs.make_docs import GUIDE, with_slides

    guide = GUIDE.read_text(encoding="utf-8")
    assert guide == with_slides(guide), "run: python docs/make_docs.py"
    assert guide.count("- **Say**: ") == 26


def test_the_tree_names_every_file_once_in_reading_order():
    from docs.make_docs import tree

    lines = tree().splitlines()
    assert max(map(len, lines)) <= 100
    names = [line.split()[0] for line in lines if line and not line.startswith(" " * 3)]
    folders = {path.parent for path in SOURCE.rglob("__init__.py")}
    files = [path.name for path in SOURCE.rglob("*.py") if path.name != "__init__.py"]
    assert sorted(names) == sorted(
        files
        + [f"{path.relative_to(SOURCE).as_posix()}/" for path in folders - {SOURCE}]
        + ["src/cnnlab/"]
    )
    rooms = [name.removesuffix(".py") for name in names[1:6]]
    assert rooms == ["errors", "files", "notices", "wording", "seeding"]
    places = [names.index(f"{room}/") for room in FLOORS]
    assert places == sorted(places)
    assert names.index("lenet5.py") < names.index("small.py") < names.index("layers.py")


def test_every_command_has_help_and_an_example():
    from docs.make_docs import commands

    for name, command in commands():
        assert f"Example: {name}" in command.help, name
