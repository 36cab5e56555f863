"""Exercise 3: design a kernel that finds left edges but not top edges."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnnlab.classroom.exercises.attempt import Attempt
from cnnlab.classroom.exercises.calls import NotYetError
from cnnlab.classroom.exercises.cases import as_result, as_words
from cnnlab.classroom.exercises.exercise import Exercise, Mistake

EDGES, SIZE, RATIO = 100, 12, 3.0
_NOTHING = 1e-6
_MOST = 7


@dataclass(frozen=True)
class _Seen:
    """What a kernel answers, as shares of its largest number times the step of grey.

    To a flat white picture; and, each the largest answer on one of 100 edges: at left edges, at
    right edges, and at top edges whatever the sign.
    """

    kernel: NDArray[np.float64]
    flat: float
    left: NDArray[np.float64]
    right: NDArray[np.float64]
    top: NDArray[np.float64]

    @property
    def is_blur(self) -> bool:
        """Whether no number is below 0."""
        return bool((self.kernel >= 0).all())

    @property
    def finds_left(self) -> bool:
        """Whether each left edge gets at least three times the answer of the top edge."""
        return bool((self.left > _NOTHING).all() and (self.left >= RATIO * self.top).all())


def _look(kernel: NDArray[np.float64], random: np.random.Generator) -> _Seen:
    """Return what a kernel answers at 100 edges of random grey, each at a random place."""
    scale = float(np.abs(kernel).max()) or 1.0
    columns = []
    for _ in range(EDGES):
        dark, bright = np.sort(random.random(2))
        bright = max(bright, dark + 0.05)
        picture = np.full((SIZE, SIZE), dark)
        picture[:, int(random.integers(4, SIZE - 4)) :] = bright
        step = scale * (bright - dark)
        left, right, top = (
            _answers(kernel, each) / step for each in (picture, picture[:, ::-1], picture.T)
        )
        columns.append((left.max(), right.max(), np.abs(top).max()))
    left, right, top = np.array(columns).T
    return _Seen(kernel, abs(float(kernel.sum())) / scale, left, right, top)


def _answers(kernel: NDArray[np.float64], picture: NDArray[np.float64]) -> NDArray[np.float64]:
    patches = np.lib.stride_tricks.sliding_window_view(picture, kernel.shape)
    made: NDArray[np.float64] = np.einsum("rcij,ij->rc", patches, kernel)
    return made


def _read(answer: Any) -> NDArray[np.float64]:
    """Return a kernel as rows of numbers; raise `NotYetError` if it is not a kernel."""
    form = "Write it as rows, such as [[1, 2, 3], [4, 5, 6], [7, 8, 9]]."
    result = as_result("kernel", answer)
    if result.numbers is None:
        raise NotYetError(f"kernel must be rows of numbers, all of the same length. {form}")
    kernel = result.numbers
    if kernel.ndim != 2 or not kernel.size >= 1 or max(kernel.shape) > _MOST:
        found = " x ".join(map(str, kernel.shape)) or "one number"
        raise NotYetError(f"kernel must have 1 to {_MOST} rows and columns; found {found}. {form}")
    if not np.isfinite(kernel).all():
        raise NotYetError("kernel holds a number that is infinite or NaN. Use plain numbers.")
    return kernel


def _judge(attempt: Attempt) -> str:
    seen = _look(_read(attempt.answer("kernel")), attempt.random)
    if seen.flat > _NOTHING or not seen.finds_left:
        worst = int((seen.left - RATIO * seen.top).argmin())
        attempt.refuse(
            seen,
            "At the worst of 100 edges, your kernel answers "
            f"{seen.left[worst]:.2g} at the left edge and {seen.top[worst]:.2g} at the top edge "
            f"(as shares of its largest number). Expected at least {RATIO:g} times as much at the "
            "left edge.",
        )
    return (
        f"On {EDGES} edges of random grey, your kernel finds every left edge, and a flat picture "
        f"leaves it silent.\n\n{_indent(as_words(seen.kernel))}\n\n"
        "Networks learn kernels like this one by themselves: look at conv1 of your own network."
    )


def _indent(text: str) -> str:
    return "\n".join(f"    {line}" for line in text.split("\n"))


EXERCISE = Exercise(
    number="3",
    title="a kernel for left edges",
    task=(
        "Design a kernel that finds left edges but not top edges. A left edge is where the picture "
        "gets brighter from left to right; a top edge is where it gets brighter from above to "
        "below.\n\n"
        "At a left edge the largest sum must be at least 3 times as far above 0 as any sum at a "
        "top edge is above or below 0. The top edge is that of the same picture, on its side. On a "
        "flat picture, all of one grey, each sum must be 0. "
        "Black is 0 and white is 1."
    ),
    starter="""
kernel = ...  # rows of numbers, such as [[1, 2, 3], [4, 5, 6], [7, 8, 9]]
""",
    solved="""
kernel = [[-1, 0, 1], [-1, 0, 1], [-1, 0, 1]]
""",
    why=(
        "What lies left counts as negative, what lies right as positive: if both are equal they "
        "cancel, and if the right is brighter the sum is above 0. At a top edge, each row sees one "
        "grey only, so each row cancels by itself. This is Prewitt's kernel (1970). [[-1, 1]] "
        "alone works too; three rows average, so that noise counts less."
    ),
    hints=(
        "What must the numbers of the kernel add up to, so that a flat region gives 0?",
        "Slide 9 shows a vertical, a horizontal and a blurring kernel on one image. In the page of "
        "a network, hold a pixel of conv1 on the left edge of a shirt.",
        "    kernel = [\n"
        "        [-1, 0, ...],  # the same in each row: what must the last number be?\n"
        "        [-1, 0, ...],\n"
        "        [-1, 0, ...],\n"
        "    ]",
    ),
    question="which kernel finds right edges? And which one finds both?",
    mistakes=(
        Mistake(
            "All numbers of your kernel are 0: it answers nothing, not even at edges.",
            "kernel = [[0, 0, 0], [0, 0, 0], [0, 0, 0]]",
            lambda seen: not seen.kernel.any(),
        ),
        Mistake(
            "This kernel blurs: no number is below 0, so it averages, and brightness alone gives a "
            "large sum. To see a change, it must subtract one side from the other.",
            "kernel = [[1, 2, 1], [2, 4, 2], [1, 2, 1]]",
            lambda seen: seen.is_blur,
        ),
        Mistake(
            "Your kernel does not sum to 0, so it answers to plain brightness: on a flat white "
            "picture its sum is not 0.",
            "kernel = [[-1, 0, 2], [-1, 0, 2], [-1, 0, 2]]",
            lambda seen: seen.flat > _NOTHING,
        ),
        Mistake(
            "Your kernel found right edges only: at left edges its sum is below 0. Turn the "
            "sign of each number.",
            "kernel = [[1, 0, -1], [1, 0, -1], [1, 0, -1]]",
            lambda seen: bool(
                (seen.left <= _NOTHING).all() and (seen.right > RATIO * seen.top).all()
            ),
        ),
        Mistake(
            "Your kernel finds top or bottom edges, and no left edges: it compares what is above "
            "with what is below. Turn it by a quarter.",
            "kernel = [[-1, -1, -1], [0, 0, 0], [1, 1, 1]]",
            lambda seen: bool((seen.top > RATIO * np.abs(seen.left)).all()),
        ),
        Mistake(
            "Your kernel answers at every edge, whatever its direction: the same in rows as in "
            "columns. Let only left and right differ.",
            "kernel = [[-1, -1, -1], [-1, 8, -1], [-1, -1, -1]]",
            lambda seen: bool(np.allclose(seen.left, seen.top, rtol=0.3)),
        ),
    ),
    judge=_judge,
    answers=("kernel",),
)
