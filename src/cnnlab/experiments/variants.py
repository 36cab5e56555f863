"""What to compare: each variant is a network with its settings, named by a word or a file."""

import hashlib
import json
import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from cnnlab.custom.find import find_network
from cnnlab.custom.network import is_custom
from cnnlab.data.catalog import DataSet
from cnnlab.errors import ConfigError
from cnnlab.models.catalog import ModelSpec
from cnnlab.models.classes import CLASSES
from cnnlab.runs.job import Job
from cnnlab.training.config import TrainConfig, recipe

_SETTING = re.compile(
    r"\s*(?P<name>[A-Za-z][\w\s-]*?)\s*(?P<sign>[=:])\s*(?P<value>[^\s#]+)\s*(#.*)?"
)
"""A line that sets something, as people write it who do not know TOML."""
_TOML_WORDS, _CURLY = ("true", "false", "inf", "nan"), "\u201c\u201d\u201e\u2018\u2019`"
AGAIN = " (again)"
"""The end of the name of the second variant in an A/A test."""


@dataclass(frozen=True)
class Variant:
    """A network with its settings; ``seed_offset`` is added to each seed."""

    name: str
    network: ModelSpec
    recipe_name: str
    config: TrainConfig
    seed_offset: int = 0

    @property
    def slug(self) -> str:
        """The name as a folder's name, on every system."""
        return re.sub(r"[^A-Za-z0-9_]+", "-", self.name).strip("-") or "variant"

    def settings(self, seed: int) -> TrainConfig:
        """Return the settings of the run on a seed."""
        return replace(self.config, seed=self.seed_offset + seed)

    def job(self, seed: int, data_set: DataSet) -> Job:
        """Return the job of the run on a seed."""
        return Job(self.network, self.recipe_name, self.settings(seed), data_set)

    def content(self) -> dict[str, Any]:
        """Return everything but the seed that decides a run: same content, same variant."""
        source = self.network.source
        settings = asdict(self.config)
        del settings["seed"]
        return {
            "model": source.class_name if source else self.network.name,
            "source_sha256": source and source.sha256,
            "first_seed": self.seed_offset,
            "config": settings,
        }


def read_variants(
    words: Sequence[str],
    recipe_name: str,
    changes: Mapping[str, Any],
    *,
    classes: int = CLASSES,
    again: bool = False,
    notify: Callable[[str], None] = lambda _: None,
) -> list[Variant]:
    """Return the variants that words name: a model, ``file.py:Class``, or a TOML file.

    The recipe and the changes are for all variants. A TOML file may name its own ``model`` and
    ``recipe``, and change any setting but the seed. Each network has one output for each of the
    ``classes``. With ``again``, the one variant is used twice
    with different seeds: an A/A test. ``notify`` hears if the file of a user's own network takes
    long. Raises `ConfigError` and `ModelError`.
    """
    variants = [_read(word, recipe_name, changes, classes, notify) for word in words]
    if again:
        if len(variants) != 1:
            raise ConfigError(
                f"An A/A test (--again) takes one variant and trains it twice; you named "
                f"{len(variants)}."
            )
        (first,) = variants
        second = replace(first, name=first.name + AGAIN, seed_offset=1_000_000)
        return [first, second]
    if len(variants) < 2:
        raise ConfigError(
            "A comparison needs two or more variants. To see what chance alone does to one "
            f"variant, train it twice on different seeds: cnnlab compare {words[0]} --again"
        )
    for place, variant in enumerate(variants):
        for other in variants[:place]:
            if other.content() == variant.content():
                raise ConfigError(
                    f"{other.name} and {variant.name} are the same: any difference would be "
                    "chance. To see how large differences by chance are: "
                    f"cnnlab compare {words[0]} --again"
                )
            if other.slug.casefold() == variant.slug.casefold():
                raise ConfigError(
                    f"Two different variants have the name {variant.name}. Rename one of the files."
                )
    return variants


def folder_name(variants: Sequence[Variant], data_set: DataSet) -> str:
    """Return a name for the folder of a comparison; it differs if the content differs."""
    content = json.dumps([data_set.name, *({each.name: each.content()} for each in variants)])
    names = "-vs-".join(each.slug for each in variants)[:80]
    return f"compare-{data_set.slug}-{names}-{hashlib.sha256(content.encode()).hexdigest()[:6]}"


def _read(
    word: str,
    recipe_name: str,
    changes: Mapping[str, Any],
    classes: int,
    notify: Callable[[str], None],
) -> Variant:
    if not word.endswith(".toml"):
        network = find_network(word, notify, classes)
        return Variant(network.slug, network, recipe_name, recipe(recipe_name, **changes))
    path = Path(word)
    text = ""
    try:
        text = path.read_text(encoding="utf-8-sig")
        content = tomllib.loads(text)
    except OSError as error:
        raise ConfigError(f"Cannot read {word} ({error.strerror}).") from None
    except (ValueError, RecursionError) as error:  # also for too large numbers and too deep nesting
        cure = _cure(text)
        if cure:
            raise ConfigError(f"{word}, {cure}") from None
        raise ConfigError(
            f"{word} is not valid TOML: {error}. Write each setting on a line of its own, names in "
            'quotes and numbers with a point: model = "lenet5", learning_rate = 0.05.'
        ) from None
    if "seed" in content:
        raise ConfigError(
            f"{word} sets a seed, but a comparison sets the seeds itself: 0, 1, 2 ... Delete this "
            "line."
        )
    model, own_recipe = (
        _word(word, content, key, usual) for key, usual in (("model", "lenet5"), ("recipe", ""))
    )
    if is_custom(model):  # a path in a TOML file starts at the folder of that file
        model = str(path.parent / model)
    network = find_network(model, notify, classes)
    try:
        config = recipe(own_recipe or recipe_name, **(dict(changes) | content))
    except ConfigError as error:
        raise ConfigError(f"{word}: {error}") from None
    return Variant(path.stem, network, own_recipe or recipe_name, config)


def _cure(text: str) -> str:
    """Return the first line that is not TOML as people often write it, and how to write it."""
    for number, line in enumerate(text.splitlines(), start=1):
        found = _SETTING.fullmatch(line)
        if found is None:
            continue
        name, sign, value = found["name"], found["sign"], found["value"].rstrip(",;")
        right_name, right_value = re.sub(r"[\s-]+", "_", name).lower(), value
        faults = []
        if re.search(r"\s", name):
            faults.append(f"write {right_name}, with _")
        if sign == ":":
            faults.append("write = instead of :")
        if value != found["value"]:
            faults.append(f"delete the {found['value'][-1]} at the end")
        if re.fullmatch(r"-?\d*[.,]\d+", value) and not re.fullmatch(r"-?\d+\.\d+", value):
            right_value = re.sub(r"^(-?)\.", r"\g<1>0.", value.replace(",", "."))
            faults.append(f"write {right_value}, with a point")
        elif re.fullmatch(r"[^\W\d][\w.:/\\-]*", value) and value not in _TOML_WORDS:
            right_value = f'"{value}"'
            faults.append(f"put quotes around {value}")
        elif value[:1] in _CURLY:
            right_value = f'"{value.strip(_CURLY)}"'
            faults.append("write straight quotes")
        if faults:
            return f"line {number}: {'; '.join(faults)}:\n  {right_name} = {right_value}"
    return ""


def _word(file: str, content: dict[str, Any], key: str, usual: str) -> str:
    value = content.pop(key, usual)
    if not isinstance(value, str):
        raise ConfigError(f"{file}: {key} is {value!r}; expected a name in quotes.")
    return value
