"""What is compared: each variant a network and its settings, named by a word or a small file."""

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
from cnnlab.runs.job import Job
from cnnlab.training.config import TrainConfig, recipe

AGAIN = " (again)"
"""What is behind the name of the second variant of an A/A check."""


@dataclass(frozen=True)
class Variant:
    """A network with the settings of its training; ``seed_offset`` is added to each seed."""

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
        """Return the settings of the training of that number."""
        return replace(self.config, seed=self.seed_offset + seed)

    def job(self, seed: int, data_set: DataSet) -> Job:
        """Return the training of that number."""
        return Job(self.network, self.recipe_name, self.settings(seed), data_set)

    def content(self) -> dict[str, Any]:
        """Return all that decides a training but its seed: the same content is the same variant."""
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
    again: bool = False,
    notify: Callable[[str], None] = lambda _: None,
) -> list[Variant]:
    """Return the variants that words name: a model, ``file.py:Class``, or a TOML file.

    A recipe and changes hold for all; a file may name its own ``model`` and ``recipe`` and change
    any setting but the seed. With ``again`` the one variant is taken twice, on other seeds: an
    A/A check. ``notify`` is told where a network's own file takes long. Raises `ConfigError` and
    `ModelError`.
    """
    variants = [_read(word, recipe_name, changes, notify) for word in words]
    if again:
        if len(variants) != 1:
            raise ConfigError("An A/A check takes one variant, and trains it twice.")
        (first,) = variants
        second = replace(first, name=first.name + AGAIN, seed_offset=1_000_000)
        return [first, second]
    if len(variants) < 2:
        raise ConfigError(
            "A comparison takes two variants or more. To see what chance alone does to one, "
            f"train it twice on other seeds: cnnlab compare {words[0]} --again"
        )
    for place, variant in enumerate(variants):
        for other in variants[:place]:
            if other.content() == variant.content():
                raise ConfigError(
                    f"{other.name} and {variant.name} are one and the same: any difference would "
                    f"be chance. To see how large chance is: cnnlab compare {words[0]} --again"
                )
            if other.slug.casefold() == variant.slug.casefold():
                raise ConfigError(
                    f"Two variants are named {variant.name}, and are not the same: rename a file."
                )
    return variants


def folder_name(variants: Sequence[Variant], data_set: str) -> str:
    """Return a name for the folder of a comparison: another content, another name."""
    content = json.dumps([data_set, *({each.name: each.content()} for each in variants)])
    names = "-vs-".join(each.slug for each in variants)[:80]
    return f"compare-{data_set}-{names}-{hashlib.sha256(content.encode()).hexdigest()[:6]}"


def _read(
    word: str, recipe_name: str, changes: Mapping[str, Any], notify: Callable[[str], None]
) -> Variant:
    if not word.endswith(".toml"):
        network = find_network(word, notify)
        return Variant(network.slug, network, recipe_name, recipe(recipe_name, **changes))
    path = Path(word)
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise ConfigError(f"Cannot read {word} ({error.strerror}).") from None
    except (ValueError, RecursionError) as error:  # also of numbers and nesting beyond Python's
        raise ConfigError(f"{word} is not TOML: {error}.") from None
    if "seed" in content:
        raise ConfigError(f"{word}: the seeds are the comparison's own: 0, 1, 2 ...; leave it out.")
    model, own_recipe = (
        _word(word, content, key, usual) for key, usual in (("model", "lenet5"), ("recipe", ""))
    )
    if is_custom(model):  # a path in a file is meant from where the file is
        model = str(path.parent / model)
    network = find_network(model, notify)
    try:
        config = recipe(own_recipe or recipe_name, **(dict(changes) | content))
    except ConfigError as error:
        raise ConfigError(f"{word}: {error}") from None
    return Variant(path.stem, network, own_recipe or recipe_name, config)


def _word(file: str, content: dict[str, Any], key: str, usual: str) -> str:
    value = content.pop(key, usual)
    if not isinstance(value, str):
        raise ConfigError(f"{file}: {key} is {value!r}; expected a name in quotes.")
    return value
