"""A network of one's own, from a class in a Python file: ``mine.py:Net``."""

import ast
import hashlib
import linecache
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import torch
from torch import nn

from cnnlab.errors import ModelError

_IMAGES, _CLASSES = (2, 1, 32, 32), 10


def is_own(name: str) -> bool:
    """Return whether a model's name is of the form ``file.py:Class``."""
    return ".py:" in name or name.endswith(".py")


@dataclass(frozen=True)
class OwnNetwork:
    """A class in a source file, kept as text: another process or machine builds the same."""

    path: str
    class_name: str
    text: str

    @property
    def sha256(self) -> str:
        """What tells this source from another of the same name."""
        return hashlib.sha256(self.text.encode()).hexdigest()

    def __call__(self) -> nn.Module:
        """Return a new network; raise `ModelError` where its code fails or gives no network."""
        try:
            made = self._class()()
        except ModelError:
            raise
        except Exception as error:
            raise ModelError(self._told(error)) from None
        if not isinstance(made, nn.Module):
            raise ModelError(
                f"{self.class_name} in {self.path} is no network: expected an nn.Module, found "
                f"{type(made).__name__}."
            )
        return made

    def check(self) -> None:
        """Raise `ModelError` where the network cannot map (N, 1, 32, 32) to (N, 10)."""
        network = self().eval()
        try:
            with torch.no_grad():
                logits = network(torch.zeros(_IMAGES))
        except Exception as error:
            raise ModelError(self._told(error)) from None
        wanted = (_IMAGES[0], _CLASSES)
        found = tuple(logits.shape) if isinstance(logits, torch.Tensor) else type(logits).__name__
        if found != wanted:
            raise ModelError(
                f"{self.class_name} in {self.path} gives {found} for {_IMAGES[0]} images; "
                f"expected {wanted}: a number for each of {_CLASSES} classes."
            )

    def _class(self) -> Callable[[], object]:
        # A module of its own for each source: pickled by another process, read in tracebacks.
        name = f"cnnlab_own_{self.sha256[:16]}"
        if name not in sys.modules:
            module = ModuleType(name)
            module.__file__ = self.path
            lines = self.text.splitlines(keepends=True)
            linecache.cache[self.path] = (len(self.text), None, lines, self.path)
            sys.modules[name] = module
            try:
                exec(compile(self.text, self.path, "exec"), module.__dict__)  # noqa: S102
            except BaseException:
                del sys.modules[name]
                raise
        found: Callable[[], object] = getattr(sys.modules[name], self.class_name)
        return found

    def _told(self, error: Exception) -> str:
        """Return what went wrong, and in which line of the file."""
        line = next(
            (
                frame.lineno
                for frame in reversed(traceback.extract_tb(error.__traceback__))
                if frame.filename == self.path
            ),
            getattr(error, "lineno", None),
        )
        where = f"{self.path}, line {line}" if line else self.path
        return f"{where}: {type(error).__name__}: {error}"


def read_own(name: str) -> OwnNetwork:
    """Return the network that ``file.py:Class`` names; its code is not run yet.

    Raises `ModelError` where there is no such file or class, or the file is no Python.
    """
    file, _, class_name = name.rpartition(":") if not name.endswith(".py") else (name, "", "")
    path = Path(file)
    try:
        text = path.read_text(encoding="utf-8")
        tree = ast.parse(text, file)
    except (OSError, UnicodeDecodeError) as error:
        told = error.strerror if isinstance(error, OSError) else "it is not text in UTF-8"
        raise ModelError(f"Cannot read {file} ({told}).") from None
    except (SyntaxError, ValueError) as error:
        line = f", line {error.lineno}" if isinstance(error, SyntaxError) else ""
        raise ModelError(f"{file}{line} is not Python: {error.args[0]}.") from None
    there = [
        each.name
        for each in tree.body
        if isinstance(each, ast.ClassDef | ast.FunctionDef) and not each.name.startswith("_")
    ]
    if class_name not in there:
        wanted = f"has no class or function {class_name!r}"
        if not class_name:
            wanted = "holds networks; say which"
        example = f" Name one, as in {file}:{there[-1]}." if there else ""
        raise ModelError(f"{file} {wanted}. There are: {', '.join(there) or 'none'}.{example}")
    return OwnNetwork(str(path), class_name, text)
