"""Exercise 6: measure what a shift of 1, 2 or 3 pixels costs."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnnlab.classroom.exercises.attempt import Attempt
from cnnlab.classroom.exercises.exercise import Case, Exercise, Mistake
from cnnlab.classroom.exercises.runs import TrainedNetwork, trained_networks
from cnnlab.experiments.statistics import mcnemar
from cnnlab.insight.shifts import shift

MADE_UP, PLACES, IMAGES = 60, 4, 500
_SIZE, _CLASSES = 28, 10
_GAIN = 4
"""In this case the shift is a gain: its cost is below 0."""
Images = NDArray[Any]


@dataclass(frozen=True)
class Pictures:
    """Images (N, 28, 28), grey levels from 0 (black) to 255, and their labels (N,)."""

    images: NDArray[np.uint8]
    labels: NDArray[np.int64]

    def __post_init__(self) -> None:
        self.images.flags.writeable = self.labels.flags.writeable = False


@dataclass
class Data:
    """The validation and the test images of a data set."""

    validation: Pictures
    test: Pictures


@dataclass
class _Reader:
    """A made-up network whose answer depends on every pixel, so that no other image fits."""

    weights: NDArray[np.int64] = field(repr=False)

    def __call__(self, images: Images) -> NDArray[np.int64]:
        """Return the classes (N,) of grey levels, or of numbers from -1 (black) to 1 (white)."""
        levels = np.asarray(images)
        if levels.dtype.kind == "f" and levels.size and levels.min() < 0:  # normalised
            levels = np.rint((levels + 1) * 255 / 2)
        flat = levels.astype(np.int64).reshape(len(levels), -1)
        found: NDArray[np.int64] = (flat @ self.weights // 101) % _CLASSES
        return found


def _cases(attempt: Attempt) -> list[Case]:
    """Return shifts of made-up images, whose cost is known exactly."""
    random, cases = attempt.random, []
    for place, pixels in enumerate([*range(1, PLACES), *range(1, PLACES)]):
        classify = _Reader(random.integers(1, 1000, size=_SIZE * _SIZE))
        is_gain = place == _GAIN
        moved = pixels if is_gain else 0
        data = Data(*(_made_up(random, classify, moved) for _ in range(2)))
        expected = _cost(classify, data.validation, pixels)
        words = f"pixels = {pixels}, on {MADE_UP} made-up images"
        cases.append(Case((classify, data, pixels), expected, words))
    return cases


def _made_up(
    random: np.random.Generator, classify: Callable[[Images], Any], moved: int
) -> Pictures:
    """Return images whose labels are mostly the classes of these images, ``moved`` to the right."""
    images = random.integers(0, 256, size=(MADE_UP, _SIZE, _SIZE)).astype(np.uint8)
    labels = classify(shift(images, 0, moved))
    is_other = random.random(MADE_UP) < 0.3
    labels = np.where(is_other, random.integers(_CLASSES, size=MADE_UP), labels)
    return Pictures(images, labels)


def _cost(classify: Callable[[Images], Any], of: Pictures, pixels: int) -> float:
    before = classify(of.images) == of.labels
    after = classify(shift(of.images, 0, pixels)) == of.labels
    return 100 * float(before.mean() - after.mean())


@cache
def _correct(network: TrainedNetwork) -> list[NDArray[np.bool_]]:
    """Return which predictions are correct after shifts of 0, 1, 2 and 3 pixels."""
    images, labels = network.images.images[:IMAGES], network.images.labels[:IMAGES]
    return [network.classify(shift(images, 0, pixels)) == labels for pixels in range(PLACES)]


@dataclass(frozen=True)
class _Measured:
    """What shifts cost a real network, and the sentence that the student chose."""

    sentence: str
    accuracies: tuple[float, ...]
    costs_something: bool
    grows: bool


def _judge(attempt: Attempt) -> str:
    sentence = attempt.answer("sentence")
    lines = []
    measured: list[_Measured] = []
    for network in trained_networks(attempt):
        correct = _correct(network)
        worst, more = mcnemar(correct[3], correct[0]), mcnemar(correct[3], correct[1])
        measured.append(
            _Measured(
                str(sentence).strip().lower(),
                tuple(100 * float(each.mean()) for each in correct),
                worst.difference.low > 0,
                more.difference.low > 0,
            )
        )
        lines.append(f"{network.words}, {len(correct[0])} validation images:")
        for pixels in range(1, PLACES):
            cost = mcnemar(correct[pixels], correct[0]).difference
            lines.append(
                f"    shift {pixels}: costs {cost.estimate:.1f} points "
                f"(95 % interval {cost.low:.1f} to {cost.high:.1f})"
            )
    if measured[0].sentence not in {"a", "b", "c"} or not _agrees(measured[0]):
        attempt.refuse(
            measured[0],
            f"cost is right, but sentence is {sentence!r}. Expected one of the letters a, b and c "
            "that agrees with the numbers that cost returns for 1, 2 and 3 pixels.",
        )
    table = "\n".join(line if line.startswith("    ") else f"\n{line}\n" for line in lines).strip()
    return (
        f"cost is right on {len(_cases(attempt))} made-up cases, and the sentence agrees with what "
        f"it measures:\n\n{table}\n\n"
        "Pooling does not make a network blind to shifts."
    )


def _agrees(measured: _Measured) -> bool:
    """Return whether the sentence is one that the numbers do not contradict."""
    if measured.sentence == "b":
        return True
    return measured.sentence == "a" and not measured.costs_something


_RIGHT = """
def cost(classify, data, pixels):
    images, labels = data.validation.images, data.validation.labels
    shifted = 0 * images
    shifted[:, :, pixels:] = images[:, :, :-pixels]
    before = classify(images) == labels
    after = classify(shifted) == labels
    return 100 * (before.mean() - after.mean())


sentence = "b"
"""


def _instead(old: str, new: str) -> str:
    """Return the solution with a mistake in it."""
    return _RIGHT.replace(old, new)


EXERCISE = Exercise(
    number="6",
    title="what does a small shift cost?",
    task=(
        "Write cost(classify, data, pixels): how many percentage points of accuracy a network "
        "loses if each picture is moved to the right by 1, 2 or 3 pixels. The places that become "
        "free on the left are black (0).\n\n"
        "    classify(images)          the predicted class of each image\n"
        "    data.validation.images    N x 28 x 28 grey levels, 0 is black and 255 is white\n"
        "    data.validation.labels    N classes\n"
        "    data.test                 the test images\n\n"
        "If 90 % are correct before and 84 % after, cost is 6. Then call it for your own network, "
        "and choose the sentence that the numbers allow:\n\n"
        '    "a"  a network with pooling does not notice a shift of 3 pixels\n'
        '    "b"  a shift costs accuracy, and a larger shift costs more\n'
        '    "c"  after a shift of 1 pixel a network can only guess\n\n'
        "cnnlab checks cost on made-up images, and the sentence on 500 validation images of your "
        "newest run, of the runs that you name, or of the LeNet-5 that comes with cnnlab. Name two "
        "runs, with and without pooling, to see both."
    ),
    starter='''
def cost(classify, data, pixels):
    """Return how many points of accuracy the shift costs."""
    ...


sentence = ...  # "a", "b" or "c"
''',
    solved=_RIGHT,
    why=(
        "Both accuracies are of the same images, so their difference is the cost. Black is 0 in "
        "grey levels; after the normalisation 0 would be grey. Pooling keeps the largest of 2 x 2 "
        "pixels: a shift of 1 pixel changes some of them, and the linear layers at the end know "
        "each place. So a small shift costs little, a larger one more."
    ),
    hints=(
        "After a shift of 2 pixels to the right, which column of the old picture is in column 5?",
        "Slide 20 shows accuracy against shift, with its interval. In the page of a network, move "
        "a stored picture and watch the answer.",
        "    shifted = 0 * images\n"
        "    shifted[:, :, pixels:] = images[:, :, ...]  # all columns but the last ones\n"
        "    before = (classify(images) == labels).mean()",
    ),
    question="does the cost shrink if the network sees shifted images while it trains?",
    mistakes=(
        Mistake(
            "You rolled the picture: what leaves on the right comes back on the left. Fill the "
            "free places with black (0).",
            _instead(
                "    shifted = 0 * images\n    shifted[:, :, pixels:] = images[:, :, :-pixels]\n",
                "    import numpy as np\n    shifted = np.roll(images, pixels, axis=2)\n",
            ),
        ),
        Mistake(
            "You shifted after the normalisation and filled with 0: there, 0 is grey and black is "
            "-1. So you added a grey bar. Shift the grey levels, before the normalisation.",
            _instead(
                "    images, labels = data.validation.images, data.validation.labels\n",
                "    images, labels = data.validation.images / 127.5 - 1, data.validation.labels\n",
            ),
        ),
        Mistake(
            "You used the test images. Measure on data.validation: the test set is opened once, at "
            "the very end, and each opening counts.",
            _instead("data.validation", "data.test"),
        ),
        Mistake(
            "You moved the pictures to the left. Column 0 of the old picture belongs into column "
            "1, 2 or 3 of the new one.",
            _instead(
                "shifted[:, :, pixels:] = images[:, :, :-pixels]",
                "shifted[:, :, :-pixels] = images[:, :, pixels:]",
            ),
        ),
        Mistake(
            "You moved the pictures down. The axes are images, rows, columns: move the last one.",
            _instead(
                "shifted[:, :, pixels:] = images[:, :, :-pixels]",
                "shifted[:, pixels:] = images[:, :-pixels]",
            ),
        ),
        Mistake(
            "Your sign is turned: a loss of accuracy is a cost above 0. Subtract the accuracy "
            "after the shift from the one before.",
            _instead("before.mean() - after.mean()", "after.mean() - before.mean()"),
        ),
        Mistake(
            "You returned a share, such as 0.06. Percentage points are 100 times that: 6.",
            _instead("100 * (before.mean() - after.mean())", "before.mean() - after.mean()"),
        ),
        Mistake(
            "cost is right, but sentence a does not agree with its numbers: for a shift of 3 "
            "pixels the loss is larger than chance explains. Pooling does not make a network "
            "blind to shifts.",
            _instead('"b"', '"a"'),
            lambda measured: measured.sentence == "a",
        ),
        Mistake(
            "cost is right, but sentence c does not agree with its numbers: guessing would be "
            "correct for 1 image in 10. Look at the accuracy after the shift.",
            _instead('"b"', '"c"'),
            lambda measured: measured.sentence == "c",
        ),
    ),
    answers=("cost", "sentence"),
    cases=_cases,
    judge=_judge,
    needs="run",
)
