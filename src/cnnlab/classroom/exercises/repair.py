"""Exercise 7: repair a broken network."""

import ast
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import nn

from cnnlab.classroom.exercises.attempt import Attempt
from cnnlab.classroom.exercises.calls import NotTriedError, NotYetError
from cnnlab.classroom.exercises.exercise import Exercise, Mistake, names_in
from cnnlab.classroom.exercises.runs import sample
from cnnlab.custom.network import CustomNetwork
from cnnlab.custom.observe import observe_here
from cnnlab.custom.rules import judge
from cnnlab.data.tensors import as_input, prepare_images
from cnnlab.experiments.statistics import welch
from cnnlab.seeding import seeded

IMAGES, VALIDATION, BATCH, SEEDS = 3000, 1000, 25, 3

_SOUND = '''\
import torch
from torch import nn

BROKEN = "NAME"
LEARNING_RATE = 0.05
EPOCHS = 1


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 6, kernel_size=5)
        self.conv2 = nn.Conv2d(6, 16, kernel_size=5)
        self.pool = nn.MaxPool2d(2)
        self.linear1 = nn.Linear(400, 120)
        self.linear2 = nn.Linear(120, 10)

    def forward(self, x):
        x = self.pool(torch.relu(self.conv1(x)))
        x = self.pool(torch.relu(self.conv2(x)))
        x = x.flatten(start_dim=1)
        x = torch.relu(self.linear1(x))
        return self.linear2(x)


def batch(images, labels, places):
    """Return the images and the labels of one batch; places are their numbers."""
    return images[places], labels[places]
'''
_FAULTS: dict[str, tuple[tuple[str, str], ...]] = {
    "ant": tuple(
        (f"torch.relu(self.{name}(x))", f"self.{name}(x)") for name in ("conv1", "conv2", "linear1")
    ),
    "bee": (("return self.linear2(x)", "return self.linear2(x).softmax(dim=1)"),),
    "cat": (("LEARNING_RATE = 0.05", "LEARNING_RATE = 10"),),
    "dog": (("labels[places]", "labels[places][torch.randperm(len(places))]"),),
    "eel": (("(1, 6, kernel_size=5)", "(1, 6, kernel_size=5, stride=8, padding=96)"),),
    "fox": (("x.flatten(start_dim=1)", "x.reshape(400, len(x)).T"),),
}
"""What is broken in each of the six, as edits of the sound program."""


def sound(name: str) -> str:
    """Return the program of that name after its repair."""
    return _SOUND.replace("NAME", name)


def broken(name: str) -> str:
    """Return the broken program of that name."""
    text = sound(name)
    for old, new in _FAULTS[name]:
        text = text.replace(old, new)
    return text


def _judge(attempt: Attempt) -> str:
    name = attempt.answer("BROKEN")
    if not isinstance(name, str) or name not in _FAULTS:
        raise NotYetError(
            f"BROKEN is {name!r}. Expected the name of the network that you repair, one of: "
            f"{', '.join(_FAULTS)}. Keep that line as it was."
        )
    if not attempt.text:
        raise NotYetError(
            "This exercise is checked as a file. In a notebook, write %%writefile mine.py as the "
            'first line of the cell, and then check the file: ex7.check("mine.py").'
        )
    if ast.dump(ast.parse(attempt.text)) == ast.dump(ast.parse(broken(name))):
        raise NotTriedError(
            f"Your turn: {name} is still as broken as it was. Begin with: "
            f"cnnlab check {attempt.path or 'mine.py'}:Net"
        )
    changed = _look(attempt, name)
    if changed.is_other_network or changed.is_other_recipe:
        attempt.refuse(changed, "Change only the line that is broken.")
    _call_batch(attempt)
    _check(attempt)
    accuracies = _train_both(attempt, name)
    difference = welch(*accuracies)
    table = "\n".join(
        f"    {which}: {', '.join(f'{each:.1f}' for each in found)} % correct"
        for which, found in zip(("broken", "yours"), accuracies, strict=True)
    )
    if not difference.low > 0:
        raise NotYetError(
            f"Your network is not better than the broken one by more than chance:\n\n{table}\n\n"
            "cnnlab check finds nothing, so look at what happens around the network: the learning "
            "rate, the labels of a batch, what the first convolution sees."
        )
    return (
        f"{name} learns. {SEEDS} seeds, one epoch on {IMAGES:,} images:\n\n{table}\n\n"
        f"The difference is {difference.low:.0f} to {difference.high:.0f} points (95 % interval). "
        "A broken network seldom raises an error: it only learns badly."
    )


@dataclass(frozen=True)
class _Change:
    """What a student changed beside the fault."""

    is_other_network: bool
    is_other_recipe: bool
    has_more_epochs: bool


def _look(attempt: Attempt, name: str) -> _Change:
    ours = names_in(sound(name))
    try:
        with attempt.limited(), seeded(0):
            theirs = attempt.answer("Net")()
        found = _layers(theirs)
    except Exception as error:
        raise NotYetError(_said(error, attempt)) from None
    rate, epochs = attempt.answer("LEARNING_RATE"), attempt.answer("EPOCHS")
    is_number = isinstance(rate, int | float) and not isinstance(rate, bool) and rate > 0
    if not is_number:
        raise NotYetError(f"LEARNING_RATE is {rate!r}. Expected a number above 0.")
    may_change_rate = name == "cat"
    return _Change(
        is_other_network=found != _layers(ours["Net"]()),
        is_other_recipe=(rate != ours["LEARNING_RATE"] and not may_change_rate) or epochs != 1,
        has_more_epochs=epochs != 1,
    )


def _layers(network: nn.Module) -> list[tuple[int, ...]]:
    return [tuple(each.shape) for each in network.parameters()]


def _said(error: Exception, attempt: Attempt) -> str:
    from cnnlab.classroom.exercises.calls import Code, why_failed

    return why_failed(error, "Net", Code(attempt.path, attempt.text))


def _call_batch(attempt: Attempt) -> None:
    """Raise `NotYetError` unless batch returns the images with their own labels."""
    random = attempt.random
    labels = torch.from_numpy(random.integers(1000, size=40))
    images = labels.float().reshape(-1, 1, 1, 1).expand(-1, 1, 2, 2)
    for _ in range(3):
        places = torch.from_numpy(random.permutation(40)[:12])
        made = attempt.call("batch", images, labels, places)
        if not isinstance(made, tuple | list) or len(made) != 2:
            raise NotYetError("batch must return two things: the images, and their labels.")
        found, of = made
        is_whole = getattr(found, "shape", None) == (12, 1, 2, 2)
        if not is_whole or not torch.equal(found[:, 0, 0, 0].long(), torch.as_tensor(of)):
            raise NotYetError(
                "batch does not return each image with its own label. Expected the images at "
                "places, and the labels at the same places, in the same order."
            )


def _check(attempt: Attempt) -> None:
    """Raise `NotYetError` if `cnnlab check` finds something."""
    trial = observe_here(CustomNetwork(attempt.path or "mine.py", "Net", attempt.text))
    findings = [each for each in judge(trial) if each.effect != "none" or each.kind == "straight"]
    if findings:
        raise NotYetError(f"cnnlab check still finds something:\n\n{findings[0].message}")


def _train_both(attempt: Attempt, name: str) -> tuple[list[float], list[float]]:
    """Return the accuracies in points of the broken and of the student's network, by seed."""
    theirs = names_in(broken(name))
    seeds = [int(each) for each in attempt.random.integers(2**31, size=SEEDS)]
    first = [_train(theirs["Net"], theirs["batch"], theirs["LEARNING_RATE"], s) for s in seeds]
    answers = (attempt.answer(each) for each in ("Net", "batch", "LEARNING_RATE"))
    with attempt.limited():
        make, batch, rate = answers
        second = [_train(make, batch, rate, seed) for seed in seeds]
    return first, second


def _train(
    make: Callable[[], nn.Module], batch: Callable[..., Any], rate: float, seed: int
) -> float:
    """Return the validation accuracy in points after one epoch."""
    images, labels, others, their_labels = _images()
    with seeded(seed):
        network = make()
        optimizer = torch.optim.SGD(network.parameters(), lr=rate, momentum=0.9)
        for places in torch.randperm(IMAGES).split(BATCH):
            given, wanted = batch(images, labels, places)
            loss = nn.functional.cross_entropy(network(as_input(given)), wanted)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    with torch.inference_mode():
        predicted = network.eval()(as_input(others)).argmax(dim=1)
    return 100 * float((predicted == their_labels).float().mean())


def _images() -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    splits = sample()
    train = splits.train.take(np.arange(IMAGES))
    validation = splits.validation.take(np.arange(VALIDATION))
    return (
        prepare_images(train.images),
        torch.from_numpy(train.labels),
        prepare_images(validation.images),
        torch.from_numpy(validation.labels),
    )


EXERCISE = Exercise(
    number="7",
    title="repair a broken network",
    task=(
        "Each of six networks has one mistake: ant, bee, cat, dog, eel and fox. None raises an "
        "error; each learns badly, or not at all. Take one, find the mistake, and repair it. "
        "Change nothing else: not the layers, not the number of epochs, and the learning rate only "
        "if that is the mistake.\n\n"
        "In a terminal, write its file with:\n\n"
        "    cnnlab exercise 7 start mine.py --which bee\n\n"
        f"The check trains the broken network and yours, one epoch with {SEEDS} seeds each, and "
        "compares. It takes some seconds. Below is bee."
    ),
    starter=broken("bee"),
    variants={name: broken(name) for name in _FAULTS},
    solved=sound("bee"),
    why=(
        "bee: the loss (cross-entropy) already contains a softmax; after a second one no class can "
        "get more than 23 %. Delete it. ant: without an activation, all layers together are one "
        "linear layer. Put torch.relu around conv1, conv2 and linear1. cat: a step of 10 jumps out "
        "of every valley; take 0.05. dog: the labels are shuffled again, so they belong to other "
        "images. eel: padding 96 with stride 8 shows the network almost only zeros; delete both. "
        "fox: reshape(400, N).T mixes the images; write x.flatten(start_dim=1)."
    ),
    hints=(
        "Is the mistake in the network, in the recipe, or in the data? Which of the three can you "
        "test alone?",
        "cnnlab check mine.py:Net tries the network on a few images, and names what is wrong with "
        "it. If it finds nothing, look at the lines outside of the class.",
        "    Follow one image with its sizes: 1 x 32 x 32 -> 6 x 28 x 28 -> 6 x 14 x 14\n"
        "    -> 16 x 10 x 10 -> 16 x 5 x 5 -> 400 -> 120 -> 10.\n"
        "    Which line does something else than the slides, or does it twice?",
    ),
    question="which of the six would you have found without a second network to compare with?",
    mistakes=(
        Mistake(
            "You hid the symptom: EPOCHS must stay 1. A broken network that trains longer is still "
            "broken.",
            broken("bee").replace("EPOCHS = 1", "EPOCHS = 10"),
            lambda change: change.has_more_epochs,
        ),
        Mistake(
            "You changed the recipe: the learning rate was not the mistake of this network. Set "
            "LEARNING_RATE back to 0.05, and look at the network.",
            broken("bee").replace("0.05", "0.5"),
            lambda change: change.is_other_recipe,
        ),
        Mistake(
            "This is another network: its layers have other sizes. Keep the layers, and repair the "
            "one line that is broken.",
            sound("bee").replace("(400, 120)", "(400, 200)").replace("(120, 10)", "(200, 10)"),
            lambda change: change.is_other_network,
        ),
    ),
    answers=("BROKEN", "LEARNING_RATE", "EPOCHS", "Net", "batch"),
    judge=_judge,
    seconds=60.0,
)
