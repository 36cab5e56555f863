"""Exercise 9: the most confused pair of classes, and what you would have said."""

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnnlab.classroom.exercises.attempt import Attempt
from cnnlab.classroom.exercises.calls import NotYetError
from cnnlab.classroom.exercises.exercise import Case, Exercise, Mistake
from cnnlab.classroom.exercises.runs import TrainedNetwork, trained_networks
from cnnlab.insight.mistakes import most_confused
from cnnlab.views.figures.markup import join, tag
from cnnlab.views.figures.pictures import image_address

MATRICES, IMAGES = 30, 20
_SIZES = (3, 11)
_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>What do you see? - cnnlab</title>
<style>
html { font-size: clamp(16px, 1.25vw, 28px); }
body { margin: 1rem; font: 1rem/1.5 system-ui, "Segoe UI", Roboto, sans-serif; color: #1a1f26; }
main { display: grid; grid-template-columns: repeat(auto-fill, minmax(9rem, 1fr)); gap: 1rem; }
.image { display: grid; gap: .25rem; }
img { width: 100%; image-rendering: pixelated; background: #000; }
button { font: inherit; padding: .25rem; border: 1px solid #5b6570; border-radius: 10px;
  background: #fff; color: #0b57d0; }
button[aria-pressed=true] { background: #0b57d0; color: #fff; }
output { font: 1.25rem ui-monospace, Menlo, Consolas, monospace; overflow-wrap: anywhere; }
</style>
</head>
<body>
<h1>What do you see?</h1>
<p>Click a or b below each of the COUNT images. Then copy this line into your file:</p>
<p><output id="line">labels = "..."</output></p>
<main>IMAGES</main>
<script>
const images = [...document.querySelectorAll(".image")];
for (const image of images) {
  image.addEventListener("click", (event) => {
    if (!event.target.dataset.letter) return;
    image.dataset.chosen = event.target.dataset.letter;
    for (const each of image.querySelectorAll("button")) {
      each.setAttribute("aria-pressed", String(each === event.target));
    }
    const letters = images.map((each) => each.dataset.chosen || ".").join("");
    document.getElementById("line").value = `labels = "${letters}"`;
  });
}
</script>
</body>
</html>
"""


@dataclass(frozen=True)
class Doubtful:
    """Images of the pair that a network confuses most: some that it got right, some that not."""

    network: TrainedNetwork
    pair: tuple[int, int]
    places: NDArray[np.int64]
    predicted: NDArray[np.int64]

    @property
    def names(self) -> tuple[str, str]:
        """The two classes, the true one first."""
        classes = self.network.images.classes
        return classes[self.pair[0]], classes[self.pair[1]]

    @property
    def labels(self) -> NDArray[np.int64]:
        """The true class of each image."""
        found: NDArray[np.int64] = self.network.images.labels[self.places]
        return found


def doubtful(attempt: Attempt) -> Doubtful:
    """Return 20 images of the pair that the student's network confuses most, always the same.

    Half of them are mistakes of the network, as far as there are so many.
    """
    return _doubtful(trained_networks(attempt)[0])


@cache
def _doubtful(network: TrainedNetwork) -> Doubtful:
    predicted, labels = network.classify(network.images.images), network.images.labels
    true, other, _ = most_confused(_matrix(predicted, labels, len(network.images.classes)))
    of_pair = np.isin(labels, (true, other)) & np.isin(predicted, (true, other))
    wrong, correct = (
        np.flatnonzero(of_pair & (predicted != labels)),
        np.flatnonzero(of_pair & (predicted == labels)),
    )
    some = wrong[: IMAGES // 2]
    places = np.concatenate([some, correct[: IMAGES - len(some)]])
    places = np.random.default_rng(9).permutation(places)
    return Doubtful(network, (true, other), places, predicted[places])


def _matrix(
    predicted: NDArray[np.int64], labels: NDArray[np.int64], classes: int
) -> NDArray[np.int64]:
    return np.bincount(labels * classes + predicted, minlength=classes**2).reshape(classes, -1)


def _cases(attempt: Attempt) -> list[Case]:
    """Return matrices without ties among their mistakes, small before large."""
    cases = []
    for place in range(MATRICES):
        size = int(np.linspace(*_SIZES, MATRICES)[place])
        draw = attempt.random.permutation(size * size * 3)[: size * size]
        matrix = draw.reshape(size, size) + 1
        matrix[np.diag_indices(size)] += size * size * 3
        true, predicted, _ = most_confused(matrix)
        rows = "\n".join(" ".join(f"{each:4d}" for each in row) for row in matrix)
        cases.append(Case((matrix,), [true, predicted], f"matrix:\n{rows}"))
    return cases


def sheet_of(chosen: Doubtful) -> str:
    """Return a page with the images, without labels; its buttons write the letters."""
    first, second = chosen.names
    cells = [
        tag(
            "div",
            tag("img", src=image_address(chosen.network.images.images[place]), alt=f"image {n}"),
            *(
                tag("button", f"{letter}: {name}", type="button", data_letter=letter)
                for letter, name in zip("ab", (first, second), strict=True)
            ),
            class_="image",
        )
        for n, place in enumerate(chosen.places, 1)
    ]
    return _PAGE.replace("COUNT", str(len(cells))).replace("IMAGES", str(join(*cells)))


def _judge(attempt: Attempt) -> str:
    given, chosen = attempt.answer("labels"), doubtful(attempt)
    first, second = chosen.names
    labels = _read(given, chosen)
    right = labels == chosen.labels
    net = chosen.predicted == chosen.labels
    with_net = labels == chosen.predicted
    return (
        f"most_confused is right on {MATRICES} matrices. {chosen.network.words} most often takes "
        f"{first} for {second}. Of {len(labels)} such images:\n\n"
        f"    you and the label agree on          {right.sum()}\n"
        f"    the network and the label agree on  {net.sum()}\n"
        f"    you and the network agree on        {with_net.sum()}\n\n"
        "Half of them were chosen because the network is wrong there. If you often err on the same "
        "images, the picture does not show its class: no network can be right on all of them."
    )


def _read(given: Any, chosen: Doubtful) -> NDArray[np.int64]:
    """Return the student's labels as classes; raise `NotYetError` if they are not 20 of the two."""
    first, second = chosen.names
    form = f'Write {len(chosen.places)} letters, such as "abba...": a is {first}, b is {second}.'
    if not isinstance(given, str):
        raise NotYetError(f"labels must be text; found a {type(given).__name__}. {form}")
    letters = "".join(given.lower().split())
    if set(letters) - set("ab"):
        wrong = sorted(set(letters) - set("ab"))[0]
        raise NotYetError(f"labels holds {wrong!r}. {form}")
    if len(letters) != len(chosen.places):
        raise NotYetError(f"labels has {len(letters)} letters. {form}")
    return np.array([chosen.pair["ab".index(letter)] for letter in letters])


_RIGHT = """
def most_confused(matrix):
    most, pair = -1, None
    for true in range(len(matrix)):
        for predicted in range(len(matrix)):
            if true != predicted and matrix[true][predicted] > most:
                most, pair = matrix[true][predicted], (true, predicted)
    return pair


labels = "aabababbaababbabaabb"
"""


def _instead(old: str, new: str) -> str:
    """Return the solution with a mistake in it."""
    return _RIGHT.replace(old, new)


EXERCISE = Exercise(
    number="9",
    title="the most confused pair",
    task=(
        "matrix[true][predicted] counts images: the row is the true class, the column is what the "
        "network said. Write most_confused(matrix): return (true, predicted), the numbers of the "
        "two classes with the most frequent mistake.\n\n"
        "Then look at 20 images of the pair that your own network confuses most, without labels, "
        "and say for each what you see: a or b. Show them in a notebook with ex9.sheet(), or write "
        "them as a page:\n\n"
        "    cnnlab exercise 9 sheet images.html\n\n"
        "Click, and copy the letters that the page writes for you."
    ),
    starter='''
def most_confused(matrix):
    """Return (true, predicted): the numbers of two different classes."""
    ...


labels = ...  # 20 letters: "abba..."
''',
    solved=_RIGHT,
    why=(
        "The diagonal counts what is correct, so it must not take part. Rows are true classes: a "
        "shirt taken for a T-shirt and a T-shirt taken for a shirt are two numbers. The letters "
        "are yours: nobody can say what you must see, only how often you agree."
    ),
    hints=(
        "Which cells of the matrix are mistakes? Which cells must you skip?",
        "Slide 23, and the matrix in a run's report: click a cell to see its images.",
        "    for true in range(len(matrix)):\n"
        "        for predicted in range(len(matrix)):\n"
        "            if ... and matrix[true][predicted] > most:  # which cells are mistakes?\n"
        "                most, pair = matrix[true][predicted], (true, predicted)",
    ),
    question="which of the 20 labels do you think is wrong? Look at that image in the report.",
    mistakes=(
        Mistake(
            "You swapped rows and columns: the row is the true class, the column is what the "
            "network said.",
            _instead("return pair", "return pair[::-1]"),
        ),
        Mistake(
            "You took a cell of the diagonal. The diagonal counts correct predictions.",
            _instead("true != predicted and ", ""),
        ),
        Mistake(
            "You added both directions. A shirt taken for a coat is one mistake, a coat taken for "
            "a shirt another: look for the largest single cell.",
            _instead(
                "matrix[true][predicted]", "(matrix[true][predicted] + matrix[predicted][true])"
            ),
        ),
        Mistake(
            "You looked for the rarest mistake. Take the largest number.",
            _instead("-1, None", "10**9, None").replace(" > most", " < most"),
        ),
        Mistake(
            "You looked above the diagonal only. A mistake may be below it too.",
            _instead("true != predicted", "true < predicted"),
        ),
    ),
    answers=("most_confused", "labels"),
    cases=_cases,
    judge=_judge,
    needs="run",
    sheet=lambda attempt: sheet_of(doubtful(attempt)),
)
