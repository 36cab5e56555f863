"""Flags that several commands share, and how commands handle them."""

import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, fields, make_dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, get_type_hints

from cyclopts import Group, Parameter, Token

from cnnlab.cli.progress import fetching
from cnnlab.cli.terminal import Terminal
from cnnlab.data.catalog import DATA_SETS, DEFAULT
from cnnlab.errors import ConfigError
from cnnlab.training.config import RECIPES, TrainConfig
from cnnlab.wording import command_line

if TYPE_CHECKING:
    from cnnlab.data.splits import Splits
    from cnnlab.models.catalog import ModelSpec


SETTINGS = Group.create_ordered(
    "Settings: changes to the recipe. In brackets: the value in the recipe workshop"
)


DataDir = Annotated[
    Path | None,
    Parameter(help="Folder of the data sets (torchvision's layout). CNNLAB_DATA sets it too."),
]
Offline = Annotated[bool, Parameter(help="Work offline: never download anything.", negative=())]
Json = Annotated[
    bool,
    Parameter(name="--json", help="Print only the result, as one JSON object.", negative=()),
]
Device = Annotated[
    Literal["auto", "cpu", "cuda", "mps"],
    Parameter(help="Where to compute. auto uses a GPU if there is one."),
]
RunFolder = Annotated[Path, Parameter(help="A run folder, made by cnnlab train.")]
Trust = Annotated[
    bool,
    Parameter(
        help="Run the network's Python code that is stored in the run folder. Read it first: it "
        "can do anything.",
        negative=(),
    ),
]


def _whole_number(_: Any, tokens: Sequence[Token]) -> int:
    """Return the number that was written; cyclopts alone would round 3.5 to 4."""
    number = float(tokens[0].value)
    if not number.is_integer():
        raise ValueError
    return int(number)


WholeNumber = Annotated[int, Parameter(converter=_whole_number)]
_DATA_SETS = f"Data set: {', '.join(DATA_SETS)}, or your own: folder:PATH, npz:FILE, idx:FOLDER."
PublishedName = Annotated[str, Parameter(help=f"Data set: {', '.join(DATA_SETS)}.")]
Dataset = Annotated[str, Parameter(help=_DATA_SETS)]
DatasetOfNew = Annotated[str | None, Parameter(help=f"{_DATA_SETS} Default: {DEFAULT}.")]
AsTheyAre = Annotated[
    bool,
    Parameter(
        help="Of a folder of pictures: only make them grey and 28 x 28. Do not cut, centre or "
        "invert them.",
        negative=(),
    ),
]
RECIPE_HELP = f"A named set of settings: {', '.join(RECIPES)}."


def _changes_class(name: str, without: tuple[str, ...] = ()) -> type:
    """Return a class with the fields of `TrainConfig`; None means the recipe's value."""
    made = make_dataclass(
        name,
        [
            (
                each.name,
                Annotated[
                    _TYPES.get(kind := get_type_hints(TrainConfig)[each.name], kind) | None,
                    Parameter(help=f"{each.metadata['help']} (workshop: {each.default})"),
                ],
                None,
            )
            for each in fields(TrainConfig)
            if each.name not in without
        ],
        frozen=True,
    )
    made.__module__ = __name__  # otherwise cyclopts takes it for a built-in type without flags
    return made


_TYPES: dict[Any, Any] = {int: WholeNumber}
Changes = _changes_class("Changes")
ChangesOfAll = _changes_class("ChangesOfAll", without=("seed",))


def settings_of(changes: Any) -> dict[str, Any]:
    """Return the settings that the user named on the command line."""
    return {name: value for name, value in asdict(changes).items() if value is not None}


@contextmanager
def kept_on_ctrl_c(terminal: Terminal, kept: Callable[[], str]) -> Iterator[None]:
    """If the block is interrupted, say what is kept and how to resume, and exit with 130."""
    try:
        yield
    except KeyboardInterrupt:
        # A second Ctrl-C has nothing left to stop: it would only cut off this message.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        terminal.say(kept())
        sys.exit(130)


def refuse_with_resume(resume: Path | None, what: str, named: dict[str, Any]) -> None:
    """Raise `ConfigError` if a flag beside --resume names something that the run already has."""
    flags = [f"--{name.replace('_', '-')}" for name, value in named.items() if value is not None]
    if resume is not None and flags:
        raise ConfigError(
            f"{what} resumes with its own network, data set, recipe and settings, in its own "
            f"folder. With --resume, leave out {', '.join(flags)}."
        )


def warn_of(networks: "Sequence[ModelSpec]", terminal: Terminal) -> None:
    """Report, once for each network, the problems that do not stop its training."""
    for name, about in {each.name: each.warnings for each in networks}.items():
        if about:
            terminal.say(f"{name}: {' '.join(about)} See:\n  {command_line('check', name)}")


def load(
    name: str | None,
    data_dir: Path | None,
    offline: bool,
    terminal: Terminal,
    as_they_are: bool = False,
) -> "Splits":
    """Load a data set, or the default one; show a bar for each file that is downloaded."""
    from cnnlab.data.library import Library
    from cnnlab.data.own.data_set import as_they_are as named_as_they_are
    from cnnlab.data.own.load import load_splits

    if as_they_are:
        name = named_as_they_are(name or DEFAULT)
    with fetching(terminal) as progress:
        library = Library(data_dir, offline, terminal.say, progress)
        return library.load_default() if name is None else load_splits(library, name)
