"""A mistake in a command: say what was meant. Tables hold what people type."""

import re
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Literal, get_args, get_origin

from cyclopts import App, CycloptsError
from cyclopts.exceptions import (
    CoercionError,
    MissingArgumentError,
    UnknownCommandError,
    UnknownOptionError,
    UnusedCliTokensError,
)

from cnnlab.cli.app import app
from cnnlab.data.catalog import DATA_SETS
from cnnlab.training.config import RECIPES, SETTING_SYNONYMS
from cnnlab.wording import command_line

COMMANDS = {
    "train": "fit learn run training resume continue",
    "evaluate": "test eval score accuracy",
    "report": "show view open see plot result results",
    "predict": "draw look guess classify recognise recognize ask",
    "compare": "diff vs versus against",
    "new": "init create make template",
    "check": "verify validate inspect summary",
    "workshop": "start begin demo tutorial course",
    "doctor": "diagnose ready health laptop",
    "kit": "offline bundle wheels stick usb serve",
    "data get": "get download fetch",
    "data list": "list ls datasets",
}
"""What people type instead of each command."""

OPTIONS = {
    "--dataset": "--data --data-set",
    "--model": "--net --network --arch --file",
    "--output": "--out -o --folder --dir --name --save",
    "--resume": "--continue --restart --checkpoint",
    "--device cuda": "--gpu --cuda",
    "--device cpu": "--cpu",
    "--recipe sprint": "--fast --sprint --quick",
    "--recipe best": "--best",
    "--jobs": "--workers --processes --threads -j",
    "--seeds": "--runs --repeats -n",
    "--matters": "--margin",
    "--details": "--verbose -v",
    **{
        f"--{name}".replace("_", "-"): " ".join(f"--{word}" for word in words.split())
        for name, words in SETTING_SYNONYMS.items()
    },
}
"""What people type instead of each option."""

VALUES = {
    "--device": {"gpu": "cuda, or auto", "nvidia": "cuda, or auto", "cuda:0": "cuda"},
    "--optimizer": {"adam": "adamw"},
    "--schedule": {"cosine": "one-cycle", "step": "plateau"},
    "--augmentation": {"mirror": "flip", "no": "none", "off": "none"},
    "--on": {"train": "validation", "val": "validation"},
}
"""What people type for each option's values, and what to write."""

_OWN_TWO = "workshop trains its own two networks; use cnnlab train --model"
SENTENCES = {
    ("workshop", "--model"): f"{_OWN_TWO}:\n  cnnlab train --model mine.py:Net",
    ("compare", "--model"): "Write the networks alone:\n  cnnlab compare lenet5 mine.py:Net",
    ("compare", "--seed"): (
        "compare uses the seeds 0, 1, 2 ... Say how many:\n"
        "  cnnlab compare lenet5 lenet5-relu-max --seeds 10"
    ),
    ("train", "--seeds"): (
        "train makes one run, with one --seed. For many seeds:\n"
        "  cnnlab compare lenet5 lenet5-relu-max --seeds 10"
    ),
}
"""What to do instead of an option that a command cannot have, by command and option."""


def explain_usage(error: CycloptsError) -> str:
    """Return what is wrong with a command, and what to write instead."""
    chain = tuple(error.command_chain or ())
    command, unused = " ".join(chain), error.unused_tokens or [""]
    if isinstance(error, UnknownCommandError):
        return _unknown_command(chain, *unused)
    if isinstance(error, UnknownOptionError):
        return _unknown_option(command, error.token.keyword or error.token.value)
    if isinstance(error, UnusedCliTokensError):
        return _unused(command, unused[0])
    if isinstance(error, MissingArgumentError) and error.argument is not None:
        name, about = error.keyword or error.argument.name, error.argument.parameter.help
        lacking = f"{name} needs a value" if name[0] == "-" else f"cnnlab {command} needs {name}"
        return f"{lacking}: {about} {_example(command)}"
    if isinstance(error, CoercionError) and error.token is not None:
        option = error.token.keyword or "The value"
        return _wrong_value(option, error.token.value, error.target_type, str(error))
    return f"{error} {_example(command)}"


def _unknown_command(chain: tuple[str, ...], word: str, *rest: str) -> str:
    told = f"There is no command {' '.join([*chain, word])}."
    known = list(_commands(app[chain[0]] if chain else app, before=" ".join(chain)))
    if word == "help":
        return f"{told} See:\n  {command_line(*rest[:1], '--help')}"
    if not chain and _is_file(word):
        check, train = command_line("check", word), command_line("train", "--model", word)
        return f"{told} Check a network of your own, or train it:\n  {check}\n  {train}"
    if not chain and word.startswith("-"):
        return f"{told} Write a command first, such as:\n  {command_line('train', word, *rest)}"
    meant = [_meant(word.lower(), COMMANDS)] if not chain else []
    names = [" ".join([*chain, word.lower()]), f"data {word.lower()}"]
    near = [each for name in names for each in get_close_matches(name, known, n=1, cutoff=0.7)]
    for command in (*filter(None, meant), *near):
        return f"{told} Did you mean {command}? {_example(command)}"
    return f"{told} There are: {', '.join(known)}. See:\n  {command_line(*chain, '--help')}"


def _unknown_option(command: str, option: str) -> str:
    option = option.partition("=")[0]
    told = f"cnnlab {command} has no option {option}."
    normal = option.lower().replace("_", "-")
    meant = _meant(normal, OPTIONS) or normal
    name, own = meant.split()[0], _options(command)
    if (command, name) in SENTENCES:
        return f"{told} {SENTENCES[command, name]}"
    if name in own:
        return f"{told} Write {meant}. {_example(command)}"
    owners = [f"cnnlab {each}" for each in _commands(app) if name in _options(each)]
    if owners:
        return f"{told} {meant} belongs to {' and '.join(owners)}. {_see(command)}"
    near = get_close_matches(normal, sorted(own), n=1, cutoff=0.6)
    return f"{told} Did you mean {near[0]}? {_see(command)}" if near else f"{told} {_see(command)}"


def _unused(command: str, word: str) -> str:
    told = f'cnnlab {command} cannot use "{word}".'
    if command == "new":
        return f"{told} Write no spaces in the name:\n  {command_line('new', 'my_net.py')}"
    if command == "workshop" and _is_file(word):
        return f"{told} {_OWN_TWO}:\n  {command_line('train', '--model', word)}"
    if command == "train" and word.endswith(".toml"):
        return f"{told} compare takes settings:\n  {command_line('compare', 'lenet5', word)}"
    option = _option_for(word)
    if option in _options(command):
        line = command_line(*command.split(), option, word)
        return f"{told} Write {option} {word}:\n  {line}"
    return f"{told} One is enough here. {_example(command)}"


def _option_for(word: str) -> str:
    """Return the option that takes a value like this."""
    if word.lower() in DATA_SETS:
        return "--dataset"
    if word.lower() in RECIPES:
        return "--recipe"
    return "--epochs" if word.isdigit() else "--model"


def _wrong_value(option: str, value: str, expected: object, otherwise: str) -> str:
    told = f'{option} cannot be "{value}".'
    expected = next((each for each in get_args(expected) if each in (int, float)), expected)
    if get_origin(expected) is Literal:
        choices = [str(each) for each in get_args(expected)]
        meant = VALUES.get(option, {}).get(value.lower())
        near = get_close_matches(value.lower(), choices, n=1, cutoff=0.6)
        hint = f" Write {meant or near[0]}." if meant or near else ""
        return f"{told}{hint} Choose from: {', '.join(choices)}."
    if expected is int:
        return f"{told} Write a whole number, such as 5."
    if expected is float and re.fullmatch(r"-?\d+,\d+", value):
        return f"{told} Write {value.replace(',', '.')}, with a point."
    if expected is float:
        return f"{told} Write a number."
    return otherwise


def _example(command: str) -> str:
    """Return the example in a command's help."""
    found = app
    for word in command.split():
        found = found[word]
    example = re.search(r"Example: (.*)", found.help)
    return f"Example:\n  {example.group(1)}" if example else _see(command)


def _see(command: str) -> str:
    return f"See:\n  {command_line(*command.split(), '--help')}"


def _meant(word: str, table: Mapping[str, str]) -> str:
    return next((meant for meant, words in table.items() if word in words.split()), "")


def _is_file(word: str) -> bool:
    return word.endswith(".py") or ".py:" in word


def _commands(parent: App, before: str = "") -> Iterator[str]:
    """Yield every command that does something, by its full name."""
    for word in parent:
        name = f"{before} {word}".strip()
        if word.startswith("-"):
            continue
        if parent[word].default_command is None:
            yield from _commands(parent[word], name)
        else:
            yield name


def _options(command: str) -> set[str]:
    found = app
    for word in command.split():
        found = found[word]
    if found.default_command is None:
        return set()
    return {name for each in found.assemble_argument_collection() for name in each.names}
