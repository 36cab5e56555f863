"""The settings of a run, as one frozen record; and the named recipes."""

import sys
from dataclasses import asdict, dataclass, field, fields, replace
from difflib import get_close_matches
from typing import Any, Literal, get_args, get_origin, get_type_hints

from cnnlab.errors import ConfigError

Optimizer = Literal["sgd", "adamw"]
Schedule = Literal["plateau", "one-cycle", "constant"]
Augmentation = Literal["none", "flip"]


def _setting(default: Any, help_text: str) -> Any:
    return field(default=default, metadata={"help": help_text})


@dataclass(frozen=True)
class TrainConfig:
    """The settings of one run; the defaults are the workshop's.

    A field's name is its flag, its JSON key and its table heading. Raises `ConfigError` if a
    value has the wrong type or is out of range.
    """

    epochs: int = _setting(25, "Passes over the training images.")
    batch_size: int = _setting(512, "Images in a mini-batch.")
    optimizer: Optimizer = _setting("sgd", "Optimizer: sgd or adamw.")
    learning_rate: float = _setting(
        0.1, "Learning rate: the step size; for one-cycle, its highest value."
    )
    momentum: float = _setting(0.9, "Momentum (adamw: beta1).")
    weight_decay: float = _setting(0.0, "Weight decay: shrinks all weights slightly at every step.")
    schedule: Schedule = _setting(
        "plateau",
        "How the learning rate changes. plateau: down when validation accuracy stops rising. "
        "one-cycle: up, then down to zero. constant: not at all.",
    )
    plateau_factor: float = _setting(0.1, "plateau multiplies the learning rate by this number.")
    plateau_patience: int = _setting(
        10, "plateau waits for this many epochs without a better validation accuracy."
    )
    warmup_share: float = _setting(
        0.3, "Warm-up fraction: one-cycle raises the learning rate in this share of the run."
    )
    label_smoothing: float = _setting(
        0.0, "Label smoothing: spreads this share of each label over all classes."
    )
    augmentation: Augmentation = _setting(
        "none", "Random changes to training images. flip: mirrors half of them (not for digits)."
    )
    evaluation_batch_size: int = _setting(256, "Images in a mini-batch when evaluating.")
    seed: int = _setting(0, "Random seed: decides the first weights and the images' order.")

    def __post_init__(self) -> None:
        hints = get_type_hints(type(self))
        for each in fields(self):
            _check_type(each.name, getattr(self, each.name), hints[each.name])
        for name in ("epochs", "batch_size", "evaluation_batch_size"):
            _check_range(name, getattr(self, name), "1 or more", getattr(self, name) >= 1)
        for name in ("plateau_patience", "seed"):
            _check_range(name, getattr(self, name), "0 or more", getattr(self, name) >= 0)
        for each in fields(self):
            if hints[each.name] is int:
                value = getattr(self, each.name)
                _check_range(each.name, value, "below 2**63", value < 2**63)
        _check_range("learning_rate", self.learning_rate, "above 0", self.learning_rate > 0)
        _check_range("weight_decay", self.weight_decay, "0 or more", self.weight_decay >= 0)
        for name in ("momentum", "label_smoothing"):
            value = getattr(self, name)
            _check_range(name, value, "0 or more and below 1", 0 <= value < 1)
        _check_range(
            "warmup_share", self.warmup_share, "between 0 and 1", 0 < self.warmup_share < 1
        )
        _check_range(
            "plateau_factor", self.plateau_factor, "between 0 and 1", 0 < self.plateau_factor < 1
        )


SETTING_SYNONYMS = {
    "epochs": "epoch ep passes",
    "batch_size": "bs batch batchsize",
    "optimizer": "opt optim optimiser",
    "learning_rate": "lr rate alpha eta learningrate",
    "weight_decay": "wd decay l2",
    "schedule": "scheduler lr-schedule",
    "plateau_patience": "patience",
    "plateau_factor": "factor gamma",
    "label_smoothing": "smoothing",
    "augmentation": "augment aug transform",
    "seed": "random-seed",
}
"""What people write instead of each setting."""
_RECIPE_SYNONYMS = {
    "sprint": "fast quick short speed",
    "best": "good long slow accurate",
    "workshop": "default normal standard",
}


def _check_type(name: str, value: Any, expected: Any) -> None:
    if get_origin(expected) is Literal:
        choices = get_args(expected)
        if value not in choices:
            raise ConfigError(f"{name} is {value!r}; expected one of {', '.join(choices)}.")
        return
    allowed = (int, float) if expected is float else (expected,)
    if isinstance(value, bool) or not isinstance(value, allowed):
        number = "a number" if expected is float else "a whole number"
        quotes = ", without quotes" if isinstance(value, str) else ""
        raise ConfigError(f"{name} is {value!r}; expected {number}{quotes}.")
    if not abs(value) <= sys.float_info.max:  # an int may be too large for a float
        raise ConfigError(f"{name} is {value!r}; expected a finite number.")


def _check_range(name: str, value: Any, allowed: str, is_allowed: bool) -> None:
    if not is_allowed:
        raise ConfigError(f"{name} is {value!r}; it must be {allowed}.")


RECIPES: dict[str, TrainConfig] = {
    "workshop": TrainConfig(),
    "sprint": TrainConfig(
        epochs=4,
        batch_size=256,
        optimizer="adamw",
        learning_rate=0.02,
        weight_decay=0.1,
        schedule="one-cycle",
        label_smoothing=0.05,
    ),
    "best": TrainConfig(
        epochs=25,
        batch_size=128,
        optimizer="adamw",
        learning_rate=0.006,
        weight_decay=0.1,
        schedule="one-cycle",
        label_smoothing=0.1,
        augmentation="flip",
    ),
}
"""Settings by name, for the 61,706 weights of LeNet-5 with ReLU and max pooling.

``workshop``: SGD with momentum 0.9, as in the workshop's notebook. ``sprint``: reaches the
workshop's accuracy in the fewest seconds. ``best``: the highest accuracy in 25 epochs. The last
two were chosen on Fashion-MNIST's validation images (docs/log.md).
"""


def recipe(name: str, /, **changes: Any) -> TrainConfig:
    """Return a named recipe with some fields changed.

    Raises `ConfigError` for an unknown recipe or field, and suggests the nearest name.
    """
    if name not in RECIPES:
        raise ConfigError(_unknown("recipe", name, list(RECIPES)))
    known = [each.name for each in fields(TrainConfig)]
    for change in changes:
        if change not in known:
            raise ConfigError(_unknown("setting", change, known))
    return replace(RECIPES[name], **changes)


def changes_to(recipe_name: str, config: TrainConfig) -> dict[str, Any]:
    """Return the settings that differ from a recipe's (from the workshop's if it is unknown)."""
    usual = asdict(RECIPES.get(recipe_name, RECIPES["workshop"]))
    return {name: value for name, value in asdict(config).items() if value != usual[name]}


def _unknown(kind: str, name: str, known: list[str]) -> str:
    table = _RECIPE_SYNONYMS if kind == "recipe" else SETTING_SYNONYMS
    word = name.lower().replace("_", "-").replace(" ", "-")
    near = [meant for meant, words in table.items() if word in words.split()]
    near = near or get_close_matches(name.lower(), known, n=1, cutoff=0.4)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    return f"There is no {kind} {name!r}.{hint} There are: {', '.join(known)}."
