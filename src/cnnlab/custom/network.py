"""A network of your own, from a class or function in a Python file: ``mine.py:Net``."""

import ast
import hashlib
import inspect
import linecache
import re
import shlex
import shutil
import sys
import weakref
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from difflib import get_close_matches
from itertools import chain
from pathlib import Path
from tempfile import mkdtemp
from types import ModuleType
from typing import Any

import torch
from torch import nn
from torch.nn.parameter import is_lazy

from cnnlab.custom.advice import explain
from cnnlab.custom.beside import PREFIX, files_beside, working_in, write_files
from cnnlab.custom.finding import FaultError, Finding, at_line, with_line
from cnnlab.custom.lines import line_of_attribute, line_of_variable
from cnnlab.custom.parse import (
    functions,
    imported_names,
    network_classes,
    network_variables,
    parse,
    statements,
    top_level_names,
    with_classes,
)
from cnnlab.custom.settings import unchanged_settings
from cnnlab.custom.suggest import suggest_network
from cnnlab.custom.template import free_file_name, is_file_name
from cnnlab.custom.trial import Raised
from cnnlab.errors import CnnlabError
from cnnlab.models.catalog import SourceCode
from cnnlab.models.classes import CLASSES
from cnnlab.seeding import seeded
from cnnlab.wording import with_article

MODULE_PREFIX = "cnnlab_custom_"
"""How the module name of every user's file begins."""


def is_custom(name: str) -> bool:
    """Return whether a model's name is of the form ``file.py:Class``."""
    return ".py:" in name or name.endswith(".py")


class CustomModule(ModuleType):
    """The names that a user's file defines; and the folder with the files that it needs, if any."""

    folder: Path | None = None
    last_made: Callable[[], nn.Module | None] = staticmethod(lambda: None)

    def working(self) -> AbstractContextManager[None]:
        """Return a context in which the module's code can import and open the files it needs."""
        return working_in(self.folder) if self.folder else nullcontext()


class CustomNetwork(SourceCode):
    """A class or function in a file, kept as text, so that any process builds the same network."""

    @property
    def module_name(self) -> str:
        """Its module's name, the same in every process; of the path too, as tracebacks show it."""
        both = f"{self.path}\0{self.sha256}"
        return f"{MODULE_PREFIX}{hashlib.sha256(both.encode()).hexdigest()[:16]}"

    @property
    def maker(self) -> str:
        """The name of the class or function, without arguments."""
        return self.class_name.partition("(")[0]

    def __call__(self) -> nn.Module:
        """Return a new network; raise `FaultError` if the code fails or returns something else.

        Lazy layers get their sizes from a pass of one image, and then their weights: they are drawn
        after all others, from the same seed.
        """
        module = self.read()
        make = getattr(module, self.maker)
        if isinstance(make, nn.Module):
            raise FaultError(self._one_network(), self.path)
        call = self.class_name if "(" in self.class_name else f"{self.class_name}()"
        arguments, named = _arguments(self.class_name)
        self._refuse_arguments(make, call, arguments, named)
        with explained(self, f"Making {call}"), unchanged_settings(), module.working():
            made: object = make(*arguments, **named)
            if isinstance(made, nn.Module):
                if made is module.last_made():
                    raise FaultError(self._same_network(module, made), self.path)
                module.last_made = weakref.ref(made)
                list(made.modules())  # fails if a part has not called super().__init__()
                self._refuse_repeated(made)
                _draw_lazy_layers(made)
                return made
        found = "nothing" if made is None else with_article(type(made).__name__)
        message = (
            f"{with_line(self.maker, self._line())} is a class but not a network. Write class "
            f"{self.maker}(nn.Module): and super().__init__() as the first line of __init__."
            if isinstance(make, type)
            else f"{with_line(self.maker, self._line())} returns {found}, but cnnlab "
            "expected a network, an nn.Module. Return one from it, or write class "
            f"{self.maker}(nn.Module)."
        )
        raise FaultError(Finding("not-a-network", message, self._line()), self.path)

    def read(self) -> CustomModule:
        """Return the names that the file defines; run it first, unless this process has run it."""
        # Each source is a module of its own: processes can pickle it, and tracebacks show it.
        name = self.module_name
        module = sys.modules.get(name)
        if not isinstance(module, CustomModule):
            module = CustomModule(name)
            module.__file__ = self.path
            if self.files:
                module.folder = Path(mkdtemp(prefix=PREFIX))
                weakref.finalize(module, shutil.rmtree, module.folder, ignore_errors=True)
                write_files(module.folder, self.files)
                module.__file__ = str(module.folder / Path(self.path).name)
            lines = self.text.splitlines(keepends=True)
            linecache.cache[self.path] = (len(self.text), None, lines, self.path)
            sys.modules[name] = module
            try:
                # The file runs only before the first network. What it draws or seeds must not make
                # the first network differ from the second, and must not switch gradients off.
                with (
                    explained(self, "Running the file"),
                    seeded(0),
                    unchanged_settings(),
                    module.working(),
                ):
                    exec(compile(self.text, self.path, "exec"), module.__dict__)  # noqa: S102
            except BaseException:
                del sys.modules[name]
                raise
        return module

    def _line(self) -> int | None:
        """Return the line where the class, function or variable begins."""
        return top_level_names(ast.parse(self.text)).get(self.maker)

    def _one_network(self) -> Finding:
        """Return what to write instead of a variable that holds one network."""
        line, value = self._line(), "nn.Sequential(...)"
        for node in statements(ast.parse(self.text).body):
            if isinstance(node, ast.Assign) and node.lineno == line:
                value = f"{ast.unparse(node.value).partition('(')[0]}(...)"
        return Finding(
            "not-a-network",
            f"{with_line(self.maker, line)} is one network, made when cnnlab reads the file, but "
            "each run needs a new one with weights drawn from its seed. Put it into a function:\n"
            f"def {self.maker}():\n    return {value}",
            line,
        )

    def _same_network(self, module: CustomModule, network: nn.Module) -> Finding:
        """Return that a function returns one network each time, and the line that makes it."""
        names = [name for name, each in vars(module).items() if each is network]
        made = line_of_variable(self.text, names[0]) if names else None
        where = f", made in line {made}" if made else ""
        return Finding(
            "same-network",
            f"{with_line(self.maker, self._line())} returns the same network each time{where}, so "
            "each run would begin with the weights of the run before. Make a new one inside it: "
            f"def {self.maker}(): return nn.Sequential(...).",
            made or self._line(),
        )

    def _refuse_repeated(self, network: nn.Module) -> None:
        """Raise `FaultError` if numbers of a parameter are one number: no step can move them."""
        for name, each in network.named_parameters():
            sizes = () if is_lazy(each) else zip(each.stride(), each.shape, strict=True)
            if any(stride == 0 and size > 1 for stride, size in sizes):
                message = (
                    f"{name} repeats the same numbers in memory, as expand() does, and training "
                    "cannot change them one by one. Write .clone() after .expand(...)."
                )
                raise FaultError(at_line(line_of_attribute(self.text, name), message), self.path)

    def _refuse_arguments(
        self, make: Callable[..., object], call: str, arguments: list[Any], named: dict[str, Any]
    ) -> None:
        try:
            inspect.signature(make).bind(*arguments, **named)
        except ValueError:
            return  # it has no signature: the call itself will show
        except TypeError as error:
            cure = (
                "Give each argument a default, as in def __init__(self, width=16)."
                if "missing" in str(error)
                else f"Name only arguments that {self.maker} has."
            )
            raise FaultError(
                at_line(
                    _first_line(make),
                    f"cnnlab makes the network with {call}, but Python says: {error}. {cure}",
                    "arguments",
                ),
                self.path,
            ) from None


def _arguments(class_name: str) -> tuple[list[Any], dict[str, Any]]:
    """Return the arguments in "Net(width=32)"; they are numbers, strings and the like, not code."""
    if "(" not in class_name:
        return [], {}
    try:
        call = ast.parse(class_name, mode="eval").body
        if not isinstance(call, ast.Call):
            raise ValueError
        return (
            [ast.literal_eval(each) for each in call.args],
            {str(each.arg): ast.literal_eval(each.value) for each in call.keywords},
        )
    except (SyntaxError, ValueError):
        message = (
            f"Cannot read the arguments of {class_name}. Write numbers, words in quotes, True or "
            "False, as in Net(width=32)."
        )
        raise FaultError(Finding("arguments", message)) from None


def split_name(name: str) -> tuple[str, str]:
    """Return the file and the class of ``file.py:Class``, the class with its arguments, if any."""
    with_arguments = re.fullmatch(r"(.*\.py):(\w+ *\(.*\))", name, re.DOTALL)
    if with_arguments:
        return with_arguments[1], with_arguments[2]
    file, _, class_name = name.rpartition(":") if not name.endswith(".py") else (name, "", "")
    return file, class_name


def _draw_lazy_layers(network: nn.Module) -> None:
    """Pass one image through a network with lazy layers; what fails then is left as it is."""
    if not any(is_lazy(each) for each in chain(network.parameters(), network.buffers())):
        return
    modes = [(each, each.training) for each in network.modules()]
    with torch.no_grad(), suppress(Exception):
        network.eval()(torch.zeros(1, 1, 32, 32))
    for module, is_training in modes:
        module.training = is_training


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
        raised = Raised.of(error, source.path)
        raise FaultError(explain(raised, doing, source.path, source.text), source.path) from None


def _first_line(make: Callable[[], object]) -> int | None:
    """Return the line where a function, or a class's __init__, begins."""
    function = make.__init__ if isinstance(make, type) else make  # type: ignore[misc]
    code = getattr(function, "__code__", None)
    return code.co_firstlineno if code else None


def read_custom(name: str, classes: int = CLASSES) -> CustomNetwork:
    """Return the network that ``file.py:Class`` names, without running its code.

    ``file.py`` alone names the only network in it. If the class takes ``num_classes``, and its
    default is another number, it gets the number of classes. Raises `FaultError` if there is no
    such file or class, or if the file is not valid Python.
    """
    file, class_name = split_name(name)
    _arguments(class_name)
    text = _text(file, name)
    tree = parse(file, text)
    there = top_level_names(tree)
    networks = [each for each in network_classes(tree) if each in there]
    candidates = networks or network_variables(tree) or functions(tree)
    if not class_name and len(candidates) == 1:
        class_name = candidates[0]
    maker = class_name.partition("(")[0].strip()
    if maker not in there and (not maker or maker not in imported_names(tree)):
        raise FaultError(_not_there(file, maker, there, networks))
    class_name = with_classes(class_name, tree, classes)
    return CustomNetwork(str(Path(file)), class_name, text, files_beside(Path(file), tree), classes)


def _text(file: str, name: str) -> str:
    try:
        # Editors on Windows may begin a file with a byte order mark; Python skips it too.
        return Path(file).read_text(encoding="utf-8-sig")
    except FileNotFoundError as error:
        fault = f"Cannot read {file} ({error.strerror}).{_suggestion(file, name)}"
    except OSError as error:
        fault = f"Cannot read {file} ({error.strerror})."
    except UnicodeDecodeError:
        fault = f"Cannot read {file} (it is not UTF-8 text). Save it as UTF-8 in your editor."
    except ValueError as error:  # a name that no file can have
        fault = f"Cannot read {file!r} ({error})."
    raise FaultError(Finding("file", fault))


def _suggestion(file: str, name: str) -> str:
    """Return what to do if there is no such file; a command in it works when it is pasted."""
    folder = Path(file).parent
    if Path(file).name == "source.py" and (folder / "config.json").is_file():
        return (
            f" It is the network's code of the run {folder}, and cnnlab cannot rebuild the network "
            "without it. Restore it from a copy, or train again."
        )
    meant = suggest_network(name)
    if meant:
        return f" Did you mean {meant}?"
    if not folder.is_dir():
        return f" There is no folder {folder}."
    return f" To create it: cnnlab new {shlex.quote(file)}" if is_file_name(Path(file)) else ""


def _not_there(file: str, class_name: str, there: dict[str, int], networks: list[str]) -> Finding:
    if not there:
        return Finding(
            "no-class",
            f"{file} has no class or function; cnnlab expected a network, class Net(nn.Module). If "
            "your network is a variable, return it from a function instead: def net(). For an "
            f"example: cnnlab new {free_file_name('first.py')}",
        )
    if not class_name:
        name = f"{file}:{(networks or list(there))[-1]}"
        message = (
            f"{file} has {len(networks)} networks: {', '.join(networks)}. Name one, as in {name}."
            if networks
            else f"{file} has no class that is a network. It has: {', '.join(there)}. If one of "
            f"them returns a network, name it, as in {name}."
        )
        return Finding("which-class", message)
    near = get_close_matches(class_name, there, n=1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    return Finding(
        "no-class",
        f"{file} has no class or function {class_name!r}.{hint} It has: {', '.join(there)}.",
        there[near[0]] if near else None,
    )
