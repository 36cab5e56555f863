"""A network of one's own, from a class in a Python file: ``mine.py:Net``."""

import ast
import hashlib
import inspect
import linecache
import shlex
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from difflib import get_close_matches
from pathlib import Path
from types import ModuleType

import torch
from torch import nn

from cnnlab.custom.advice import explain
from cnnlab.custom.finding import FaultError, Finding
from cnnlab.custom.parse import network_classes, parse, top_level_names
from cnnlab.custom.probes import SideEffects, record_side_effects
from cnnlab.custom.shapes import with_line
from cnnlab.custom.suggest import suggest_network
from cnnlab.custom.template import free_file_name, is_file_name
from cnnlab.errors import CnnlabError
from cnnlab.models.catalog import SourceCode
from cnnlab.seeding import seeded

MODULE_PREFIX = "cnnlab_custom_"
"""How the name of each module begins that is read from a user's file."""


def is_custom(name: str) -> bool:
    """Return whether a model's name is of the form ``file.py:Class``."""
    return ".py:" in name or name.endswith(".py")


class CustomModule(ModuleType):
    """The names of a file, and what it did when it was run."""

    side_effects: SideEffects


class CustomNetwork(SourceCode):
    """A class in a source file, kept as text: another process or machine builds the same."""

    @property
    def module_name(self) -> str:
        """What its module is called in every process; the path is in it, as lines are of a file."""
        both = f"{self.path}\0{self.text}"
        return f"{MODULE_PREFIX}{hashlib.sha256(both.encode()).hexdigest()[:16]}"

    def __call__(self) -> nn.Module:
        """Return a new network; raise `FaultError` where its code fails or gives no network."""
        make: Callable[[], object] = getattr(self.read(), self.class_name)
        self._refuse_arguments(make)
        with explained(self, f"Making {self.class_name}()"):
            made = make()
            if isinstance(made, nn.Module):
                list(made.modules())  # fails where a part has not called super().__init__()
                return made
        message = (
            f"{with_line(self.class_name, self._line())} is a class but no network: write class "
            f"{self.class_name}(nn.Module): and super().__init__() as the first line of __init__."
            if isinstance(make, type)
            else f"{self.class_name} is no network: expected an nn.Module, found "
            f"{type(made).__name__}. Write class {self.class_name}(nn.Module), or return one from "
            "the function."
        )
        raise FaultError(Finding("not-a-network", message, self._line()), self.path)

    def read(self) -> CustomModule:
        """Return the file's names, after running it where it has not been run in this process."""
        # A module of its own for each source: pickled by another process, read in tracebacks.
        name = self.module_name
        module = sys.modules.get(name)
        if not isinstance(module, CustomModule):
            module = CustomModule(name)
            module.__file__ = self.path
            lines = self.text.splitlines(keepends=True)
            linecache.cache[self.path] = (len(self.text), None, lines, self.path)
            sys.modules[name] = module
            try:
                # The file runs before the first network only: what it draws or seeds must not
                # make the first network another than the second, nor gradients be switched off.
                with (
                    explained(self, "Running the file"),
                    record_side_effects(self.path) as module.side_effects,
                    seeded(0),
                    torch.enable_grad(),
                ):
                    exec(compile(self.text, self.path, "exec"), module.__dict__)  # noqa: S102
            except BaseException:
                del sys.modules[name]
                raise
        return module

    def _line(self) -> int | None:
        """Return the line where the class or function begins."""
        found = [
            each.lineno
            for each in ast.parse(self.text).body
            if isinstance(each, ast.ClassDef | ast.FunctionDef) and each.name == self.class_name
        ]
        return max(found, default=None)

    def _refuse_arguments(self, make: Callable[[], object]) -> None:
        try:
            inspect.signature(make).bind()
        except ValueError:
            return  # it has no signature: the call itself will tell
        except TypeError as error:
            raise FaultError(
                Finding(
                    "arguments",
                    f"cnnlab makes the network as {self.class_name}(), but that is {error}: give "
                    "each argument a default, as in def __init__(self, width=16).",
                    _first_line(make),
                ),
                self.path,
            ) from None


@contextmanager
def explained(source: SourceCode | None, doing: str) -> Iterator[None]:
    """Turn whatever a user's own code raises inside the block into a `FaultError` with its line.

    ``doing`` is what stops then, such as "Training". Without a source nothing is changed: the
    network is cnnlab's own.
    """
    try:
        yield
    except CnnlabError:
        raise  # explained already
    except (Exception, SystemExit) as error:
        if source is None:
            raise
        raise FaultError(explain(error, doing, source.path, source.text), source.path) from None


def _first_line(make: Callable[[], object]) -> int | None:
    """Return the line where a function, or a class's __init__, begins."""
    function = make.__init__ if isinstance(make, type) else make  # type: ignore[misc]
    code = getattr(function, "__code__", None)
    return code.co_firstlineno if code else None


def read_custom(name: str) -> CustomNetwork:
    """Return the network that ``file.py:Class`` names; its code is not run yet.

    Of ``file.py`` alone it is the only network there. Raises `FaultError` where there is no such
    file or class, or the file is no Python.
    """
    file, _, class_name = name.rpartition(":") if not name.endswith(".py") else (name, "", "")
    text = _text(file, name)
    tree = parse(file, text)
    there = top_level_names(tree)
    networks = [each for each in network_classes(tree) if each in there]
    if not class_name and len(networks) == 1:
        class_name = networks[0]
    if class_name not in there:
        raise FaultError(_not_there(file, class_name, there, networks))
    return CustomNetwork(str(Path(file)), class_name, text)


def _text(file: str, name: str) -> str:
    try:
        # Windows' editors begin a text with a mark of its bytes' order, which Python skips too.
        return Path(file).read_text(encoding="utf-8-sig")
    except FileNotFoundError as error:
        fault = f"Cannot read {file} ({error.strerror}).{_instead(file, name)}"
    except OSError as error:
        fault = f"Cannot read {file} ({error.strerror})."
    except UnicodeDecodeError:
        fault = f"Cannot read {file} (it is not text in UTF-8). Save it as UTF-8 in your editor."
    except ValueError as error:  # a name that no file can have
        fault = f"Cannot read {file!r} ({error})."
    raise FaultError(Finding("file", fault))


def _instead(file: str, name: str) -> str:
    """Return what to do where there is no such file, as a command that works when it is pasted."""
    folder = Path(file).parent
    if Path(file).name == "source.py" and (folder / "config.json").is_file():
        return (
            f" It is the code of the run {folder}, and without it its network cannot be made "
            "again: bring it back from a copy, or train anew."
        )
    meant = suggest_network(name)
    if meant:
        return f" Did you mean {meant}?"
    if not folder.is_dir():
        return f" There is no folder {folder}."
    return f" To begin one: cnnlab new {shlex.quote(file)}" if is_file_name(Path(file)) else ""


def _not_there(file: str, class_name: str, there: dict[str, int], networks: list[str]) -> Finding:
    if not there:
        return Finding(
            "no-class",
            f"{file} holds no class or function: expected a network, class Net(nn.Module). To "
            f"see one: cnnlab new {free_file_name('first.py')}",
        )
    if not class_name:
        listed = f"There are: {', '.join(networks or there)}."
        example = (networks or list(there))[-1]
        return Finding(
            "which-class",
            f"{file} holds {len(networks) or 'no'} networks; say which. {listed} Name one, as in "
            f"{file}:{example}.",
        )
    listed = f"There are: {', '.join(there)}."
    near = get_close_matches(class_name, there, n=1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    return Finding(
        "no-class",
        f"{file} has no class or function {class_name!r}.{hint} {listed}",
        there[near[0]] if near else None,
    )
