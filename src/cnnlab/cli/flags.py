"""Flags that several commands share, and what commands do with them alike."""

import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, fields, make_dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, get_type_hints

from cyclopts import Group, Parameter

from cnnlab.cli.progress import fetching
from cnnlab.cli.terminal import Terminal
from cnnlab.data.catalog import DATA_SETS, DEFAULT
from cnnlab.errors import ConfigError
from cnnlab.training.config import RECIPES, TrainConfig
from cnnlab.wording import command_line

if TYPE_CHECKING:
    from cnnlab.data.splits import Splits
    from cnnlab.models.catalog import ModelSpec


SETTINGS = Group.create_ordered("Settings (changes to the recipe)")


DataDir = Annotated[
    Path | None,
    Parameter(help="Folder with data sets in torchvision's layout; also CNNLAB_DATA."),
]
Offline = Annotated[bool, Parameter(help="Touch no network.", negative=())]
Json = Annotated[
    bool,
    Parameter(
        name="--json", help="Print one JSON object, and only that, on standard output.", negative=()
    ),
]
Device = Annotated[
    Literal["auto", "cpu", "cuda", "mps"],
    Parameter(help="Where to compute; auto takes a GPU where there is one."),
]
RunFolder = Annotated[Path, Parameter(help="A run folder, as cnnlab train made it.")]
Trust = Annotated[
    bool, Parameter(help="Run the code that the folder carries: read it first.", negative=())
]
Dataset = Annotated[str, Parameter(help=f"Data set: {', '.join(DATA_SETS)}.")]
DatasetOfNew = Annotated[
    str | None, Parameter(help=f"Data set: {', '.join(DATA_SETS)}. ({DEFAULT})")
]
RECIPE_HELP = f"Settings by name: {', '.join(RECIPES)}."


def _changes_class(name: str, without: tuple[str, ...] = ()) -> type:
    """Return a class of the fields of `TrainConfig`, each None where the recipe's value stays."""
    made = make_dataclass(
        name,
        [
            (
                each.name,
                Annotated[
                    get_type_hints(TrainConfig)[each.name] | None,
                    Parameter(help=f"{each.metadata['help']} (workshop: {each.default})"),
                ],
                None,
            )
            for each in fields(TrainConfig)
            if each.name not in without
        ],
        frozen=True,
    )
    made.__module__ = __name__  # else it passes for a built-in type, and has no flags
    return made


Changes = _changes_class("Changes")
ChangesOfAll = _changes_class("ChangesOfAll", without=("seed",))


def settings_of(changes: Any) -> dict[str, Any]:
    """Return the settings that were named on the command line."""
    return {name: value for name, value in asdict(changes).items() if value is not None}


@contextmanager
def kept_on_ctrl_c(terminal: Terminal, kept: Callable[[], str]) -> Iterator[None]:
    """Where the body is interrupted, say what is kept and how to go on, and exit 130."""
    try:
        yield
    except KeyboardInterrupt:
        # A second Ctrl-C has nothing left to stop: it would only silence what is said here.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        terminal.say(kept())
        sys.exit(130)


def refuse_with_resume(resume: Path | None, what: str, named: dict[str, Any]) -> None:
    """Raise `ConfigError` where something is named beside --resume that it has already."""
    flags = [f"--{name.replace('_', '-')}" for name, value in named.items() if value is not None]
    if resume is not None and flags:
        raise ConfigError(
            f"{what} goes on with its own network, data, recipe and settings, in its own folder: "
            f"with --resume leave out {', '.join(flags)}."
        )


def warn_of(networks: "Sequence[ModelSpec]", terminal: Terminal) -> None:
    """Say, once a network, what was found wrong with it that does not stop its training."""
    for name, about in {each.name: each.warnings for each in networks}.items():
        if about:
            terminal.say(f"{name}: {' '.join(about)} See:\n  {command_line('check', name)}")


def load(name: str | None, data_dir: Path | None, offline: bool, terminal: Terminal) -> "Splits":
    """Load a data set, or the default one; show a bar for each file that is downloaded."""
    from cnnlab.data.library import Library

    with fetching(terminal) as progress:
        library = Library(data_dir, offline, terminal.say, progress)
        return library.load_default() if name is None else library.load(name)
