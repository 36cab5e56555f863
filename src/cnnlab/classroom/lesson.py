"""How a notebook begins, how it runs a command, and what it says when a cell fails."""

import os
import platform
import re
import shlex
import subprocess
import sys
from importlib.metadata import version
from types import TracebackType
from typing import Any

from cnnlab.errors import CnnlabError
from cnnlab.training.listener import Listener
from cnnlab.views.sentences import epoch_sentence

_COLOURS = {"FORCE_COLOR", "CLICOLOR_FORCE"}
"""A kernel sets these. With them a program draws moving bars, which a cell shows line by line."""
_NO_NAME = re.compile(r"name '(.+?)' is not defined")


def begin(made_for: str) -> None:
    """Say what this notebook runs on; from now on, an error in a cell is a sentence.

    ``made_for`` is the version of cnnlab that the notebook was made for. Another version is said:
    its lessons may differ.
    """
    import torch

    found = version("cnnlab")
    print(
        f"cnnlab {found}, PyTorch {torch.__version__}, Python {platform.python_version()}, "
        f"{torch.get_num_threads()} threads."
    )
    if found != made_for:
        print(
            f"This notebook was made for cnnlab {made_for}, but {found} is installed. If a cell "
            f"fails, get the notebook of version {found}, or install {made_for}:\n"
            f"  pip install cnnlab=={made_for}"
        )
    _explain_errors()


def _explain_errors() -> None:
    """Show cnnlab's errors, and names that no cell has made yet, without a traceback."""
    try:
        from IPython.core.getipython import get_ipython
    except ImportError:
        return  # a plain Python program
    shell: Any = get_ipython()
    if shell is not None:
        shell.set_custom_exc((CnnlabError, NameError), _explain)


def _explain(
    shell: Any,
    kind: type[BaseException],
    error: BaseException,
    trace: TracebackType | None,
    tb_offset: int | None = None,
) -> list[str] | None:
    """Print an error as a sentence."""
    missing = _NO_NAME.match(str(error))
    if isinstance(error, CnnlabError):
        words = str(error)
    elif missing and trace is not None and _is_of_cell(trace):
        words = (
            f"{missing[1]} does not exist yet. A cell further up makes it: run the cells from the "
            "top. Or the name is misspelt."
        )
    else:
        shell.showtraceback((kind, error, trace), tb_offset=tb_offset)
        return None
    print(words, file=sys.stderr)
    return [words]


def _is_of_cell(trace: TracebackType) -> bool:
    """Return whether an error comes from the cell itself, not from a function that it called."""
    return trace.tb_next is None or trace.tb_next.tb_next is None


def terminal(command: str) -> None:
    """Run a command as in a terminal, and show what it prints.

    ``command`` begins with "cnnlab". The cnnlab of this notebook runs, whatever the terminal finds.
    Raises `CnnlabError` if the command fails; what it printed says why.
    """
    name, *words = shlex.split(command)
    if name != "cnnlab":
        raise CnnlabError(f"terminal() runs the commands of cnnlab. Found: {name}")
    plain = {name: value for name, value in os.environ.items() if name not in _COLOURS}
    plain["PYTHONIOENCODING"] = "utf-8"  # a pipe on Windows has another encoding
    with subprocess.Popen(  # noqa: S603 - the command that the notebook shows
        [sys.executable, "-m", "cnnlab", *words],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        env=plain,
    ) as process:
        for line in process.stdout or ():
            print(line, end="")
    if process.returncode:
        raise CnnlabError("The command failed. Its last lines say why.")


def show_epochs(epochs: int) -> Listener:
    """Return a listener that prints the metrics of each of so many epochs."""
    return Listener(epoch=lambda record: print(epoch_sentence(record, epochs)))
