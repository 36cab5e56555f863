import pytest

from cnnlab.errors import ConfigError
from cnnlab.training.config import TrainConfig, recipe


def test_workshop_recipe_has_the_workshops_settings():
    config = recipe("workshop")
    assert (config.epochs, config.batch_size, config.evaluation_batch_size) == (25, 512, 256)
    assert (config.learning_rate, config.momentum) == (0.1, 0.9)
    assert (config.schedule, config.plateau_factor, config.plateau_patience) == ("plateau", 0.1, 10)


def test_changes_are_taken():
    assert recipe("workshop", epochs=3).epochs == 3


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"epochs": 0}, "epochs is 0; it must be 1 or more"),
        ({"batch_size": -1}, "batch_size is -1; it must be 1 or more"),
        ({"learning_rate": 0.0}, "learning_rate is 0.0; it must be above 0"),
        ({"learning_rate": float("nan")}, "learning_rate is nan; expected a finite number"),
        ({"momentum": 1.0}, "momentum is 1.0; it must be 0 or more and below 1"),
        ({"seed": -1}, "seed is -1; it must be 0 or more"),
        ({"seed": 2**63}, r"it must be below 2\*\*63"),
        ({"epochs": 2.5}, "epochs is 2.5; expected a whole number"),
        ({"epochs": True}, "epochs is True; expected a whole number"),
        (
            {"schedule": "cosine"},
            "schedule is 'cosine'; expected one of plateau, one-cycle, constant",
        ),
        ({"optimizer": "adam"}, "optimizer is 'adam'; expected one of sgd, adamw"),
        ({"weight_decay": -1.0}, "weight_decay is -1.0; it must be 0 or more"),
        ({"label_smoothing": 1.0}, "label_smoothing is 1.0; it must be 0 or more and below 1"),
        ({"warmup_share": 0.0}, "warmup_share is 0.0; it must be between 0 and 1"),
        ({"plateau_factor": 1}, "plateau_factor is 1; it must be between 0 and 1"),
        ({"lerning_rate": 0.1}, "no setting 'lerning_rate'. Did you mean 'learning_rate'"),
    ],
)
def test_bad_settings_are_named(changes, message):
    with pytest.raises(ConfigError, match=message):
        recipe("workshop", **changes)


def test_an_unknown_recipe_suggests_the_nearest_one():
    with pytest.raises(ConfigError, match=r"no recipe 'workshp'\. Did you mean 'workshop'\?"):
        recipe("workshp")


def test_config_cannot_be_changed():
    with pytest.raises(AttributeError):
        TrainConfig().epochs = 3
