"""A mistake in the command ends with status 2, and with what to write instead."""

import pytest

from tests.support.printed import said


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("train mine.py", "Write --model mine.py: cnnlab train --model mine.py"),
        ("train mine.py:Net --epochs 5", "Write --model mine.py:Net:"),
        ("train mnist", "Write --dataset mnist: cnnlab train --dataset mnist"),
        ("train sprint", "Write --recipe sprint: cnnlab train --recipe sprint"),
        ("train 5", "Write --epochs 5: cnnlab train --epochs 5"),
        ("train fast.toml", "compare takes settings: cnnlab compare lenet5 fast.toml"),
        ("new my net.py", "Write no spaces in the name: cnnlab new my_net.py"),
        ("check mine.py Net", 'cannot use "Net". One is enough here. Example: cnnlab check'),
        ("report runs/a runs/b", "One is enough here. Example: cnnlab report runs/"),
        ("train --lr 0.1", "cnnlab train has no option --lr. Write --learning-rate."),
        ("train --lr=0.1", "has no option --lr. Write --learning-rate."),
        ("train --LR 0.1", "Write --learning-rate."),
        ("train --batch 64", "Write --batch-size."),
        ("train --epoch 3", "Write --epochs."),
        ("train --gpu", "Write --device cuda."),
        ("train --fast", "Write --recipe sprint."),
        ("train --learning-rat 1", "Did you mean --learning-rate?"),
        ("train --seeds 3", "train makes one run, with one --seed. For many seeds:"),
        ("train --jobs 3", "--jobs belongs to cnnlab compare."),
        ("compare a b --seed 3", "compare uses the seeds 0, 1, 2 ... Say how many:"),
        ("compare --model lenet5", "Write the networks alone: cnnlab compare lenet5 mine.py:Net"),
        (
            "workshop --model mine.py:Net",
            "workshop trains its own two networks; use cnnlab train --model: cnnlab train --model",
        ),
        ("workshop --learning-rate 1", "--learning-rate belongs to cnnlab compare and cnnlab tra"),
        (
            "train --device gpu",
            '--device cannot be "gpu". Write cuda, or auto. Choose from: auto, cpu, cuda, mps.',
        ),
        ("train --optimizer adam", '--optimizer cannot be "adam". Write adamw.'),
        ("train --learning-rate 0,05", '"0,05". Write 0.05, with a point.'),
        ("train --epochs 3.5", '--epochs cannot be "3.5". Write a whole number, such as 5.'),
        (
            "train --batch-size inf",
            '--batch-size cannot be "inf". Write a whole number, such as 5.',
        ),
        (
            "compare lenet5 lenet1 --seeds 2.5",
            '--seeds cannot be "2.5". Write a whole number, such as 5.',
        ),
        (
            "compare lenet5 lenet1 --jobs 1,5",
            '--jobs cannot be "1,5". Write a whole number, such as 5.',
        ),
        ("train --epochs many", '--epochs cannot be "many". Write a whole number, such as 5.'),
        ("train --learning-rate high", '--learning-rate cannot be "high". Write a number.'),
        ("train --epochs", "--epochs needs a value: Passes over the training images."),
        ("test runs/a", "There is no command test. Did you mean evaluate? Example: cnnlab evalu"),
        ("eval", "Did you mean evaluate? Example: cnnlab evaluate runs/"),
        ("show runs/a", "Did you mean report? Example: cnnlab report runs/"),
        ("draw", "Did you mean predict? Example: cnnlab predict runs/"),
        ("trian", "Did you mean train? Example: cnnlab train --model"),
        ("download mnist", "Did you mean data get? Example: cnnlab data get mnist"),
        ("data gte", "There is no command data gte. Did you mean data get? Example:"),
        ("mine.py", "Check a network of your own, or train it: cnnlab check mine.py cnnlab train"),
        ("--model lenet5", "Write a command first, such as: cnnlab train --model lenet5"),
        ("help train", "There is no command help. See: cnnlab train --help"),
        ("frobnicate", "There is no command frobnicate. There are: data list, data get, data ch"),
        ("check", "cnnlab check needs MODEL: Your own network as file.py:Class, or a model's"),
        ("check", "Example: cnnlab check mine.py:Net"),
        ("compare", "Example: cnnlab compare lenet5 lenet5-relu-max"),
        (
            "predict runs/a",
            "cnnlab predict needs IMAGES: Pictures: PNG, JPEG, GIF",
        ),
        ("report", "cnnlab report needs RUN: A run folder, made by cnnlab train. Example:"),
    ],
)
def test_a_mistake_in_the_command_is_answered_with_what_was_meant(cnnlab, words, message):
    status, out, err = cnnlab(*words.split())
    assert (status, out) == (2, "")
    assert err.startswith("Error: ")
    assert message in said(err)


def test_a_command_to_paste_stands_on_its_own_line(cnnlab):
    assert "\n  cnnlab train --model mine.py\n" in cnnlab("train", "mine.py")[2]


@pytest.mark.parametrize(
    ("name", "meant"), [("fast", "sprint"), ("good", "best"), ("default", "workshop")]
)
def test_a_recipe_by_another_name_is_understood(cnnlab, name, meant):
    status, _, err = cnnlab("train", "--recipe", name)
    assert status == 1
    assert f"There is no recipe '{name}'. Did you mean '{meant}'?" in said(err)
