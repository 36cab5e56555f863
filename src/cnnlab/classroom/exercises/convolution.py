"""Exercise 1: convolve an image with a kernel, by loops."""

import numpy as np
from numpy.typing import NDArray

from cnnlab.classroom.exercises.attempt import Attempt
from cnnlab.classroom.exercises.cases import as_words
from cnnlab.classroom.exercises.exercise import Case, Exercise, Mistake

CASES = 50


def _cases(attempt: Attempt) -> list[Case]:
    """Return the slide's case, then random ones, small before large."""
    image, kernel = np.arange(9.0).reshape(3, 3), np.arange(4.0).reshape(2, 2)
    pairs = [(image, kernel)]
    for place in range(CASES):
        height, width = attempt.random.integers(1, 10, size=2)
        if place >= 2 and height == width:
            width = height % 9 + 1  # most are not square
        tall, wide = attempt.random.integers(1, (min(height, 5) + 1, min(width, 5) + 1))
        numbers = attempt.random.integers(-20, 21, size=height * width + tall * wide) / 4
        pairs.append(
            (
                numbers[: height * width].reshape(height, width),
                numbers[height * width :].reshape(tall, wide),
            )
        )
    first, *others = (_case(*pair) for pair in pairs)
    return [first, *sorted(others, key=lambda case: sum(each.size for each in case.arguments))]


def _case(image: NDArray[np.float64], kernel: NDArray[np.float64]) -> Case:
    import torch
    from torch.nn.functional import conv2d

    given, by = torch.from_numpy(image), torch.from_numpy(kernel)
    expected = conv2d(given[None, None], by[None, None])[0, 0].numpy()
    words = f"image:\n{as_words(image)}\nkernel:\n{as_words(kernel)}"
    return Case((image, kernel), expected, words)


def _judge(_: Attempt) -> str:
    return (
        f"The slide's numbers 19, 25, 37, 43 and {CASES} random images agree with PyTorch. A "
        "convolution is only this: multiply, add, move on. conv1 does it with 6 kernels, and adds "
        "a bias to each sum."
    )


EXERCISE = Exercise(
    number="1",
    title="convolve an image by two loops",
    task=(
        "Write convolve(image, kernel). Put the kernel on every place where it lies wholly inside "
        "the image. There, multiply each number of the image by the number of the kernel above it, "
        "and add the products. Return the sums as rows.\n\n"
        "An image has rows of numbers: image[row][column]; len(image) is its height, len(image[0]) "
        "its width. The kernel is the same, only smaller. Neither needs to be square.\n\n"
        "For the slide's image and kernel, the result is 19, 25, 37, 43:\n\n"
        "    image = [[0, 1, 2], [3, 4, 5], [6, 7, 8]]\n"
        "    kernel = [[0, 1], [2, 3]]"
    ),
    starter='''
def convolve(image, kernel):
    """Return the sums as rows: a list of lists, or an array."""
    ...
''',
    solved="""
def convolve(image, kernel):
    height, width = len(kernel), len(kernel[0])
    sums = []
    for row in range(len(image) - height + 1):
        sums.append([])
        for column in range(len(image[0]) - width + 1):
            total = 0
            for i in range(height):
                for j in range(width):
                    total += image[row + i][column + j] * kernel[i][j]
            sums[row].append(total)
    return sums
""",
    why=(
        "The kernel fits len(image) - height + 1 times below itself: that is the + 1 that most "
        "forget. With NumPy, the two inner loops are one line: "
        "(image[row:row + height, column:column + width] * kernel).sum()."
    ),
    hints=(
        "An image has 3 rows and the kernel has 2. On how many rows can the kernel begin?",
        "Slide 7 works the first sum by hand: 0*0 + 1*1 + 3*2 + 4*3 = 19. In the page of a "
        "network, hold one pixel of conv1: it shows the same products.",
        "    for row in range(...):  # on how many rows can the kernel begin?\n"
        "        for column in range(len(image[0]) - len(kernel[0]) + 1):\n"
        "            # add image[row + i][column + j] * kernel[i][j] for all i and j",
    ),
    question="how large is the result if the kernel moves two places at a time? (Exercise 2)",
    mistakes=(
        Mistake(
            "You turned the kernel: that is the mathematicians' convolution. Networks do not turn "
            "it: the first number of the kernel lies on the first number of the patch.",
            """
def convolve(image, kernel):
    turned = [row[::-1] for row in kernel[::-1]]
    height, width = len(kernel), len(kernel[0])
    return [
        [
            sum(image[r + i][c + j] * turned[i][j] for i in range(height) for j in range(width))
            for c in range(len(image[0]) - width + 1)
        ]
        for r in range(len(image) - height + 1)
    ]
""",
        ),
        Mistake(
            "You swapped rows and columns: it works for square images only. len(image) is the "
            "number of rows, len(image[0]) the number of columns.",
            """
def convolve(image, kernel):
    height, width = len(kernel), len(kernel[0])
    return [
        [
            sum(image[r + i][c + j] * kernel[i][j] for i in range(height) for j in range(width))
            for c in range(len(image) - width + 1)
        ]
        for r in range(len(image[0]) - height + 1)
    ]
""",
        ),
        Mistake(
            "Your rows are columns: the result is turned on its side. The first list holds the "
            "sums of the first row.",
            """
def convolve(image, kernel):
    height, width = len(kernel), len(kernel[0])
    return [
        [
            sum(image[r + i][c + j] * kernel[i][j] for i in range(height) for j in range(width))
            for r in range(len(image) - height + 1)
        ]
        for c in range(len(image[0]) - width + 1)
    ]
""",
        ),
        Mistake(
            "Your result is as large as the image: you added zeros around it (padding). Here, use "
            "only places where the kernel lies wholly inside the image.",
            """
def convolve(image, kernel):
    rows, columns = len(image), len(image[0])
    height, width = len(kernel), len(kernel[0])
    top, left = (height - 1) // 2, (width - 1) // 2
    return [
        [
            sum(
                image[r + i - top][c + j - left] * kernel[i][j]
                for i in range(height)
                for j in range(width)
                if 0 <= r + i - top < rows and 0 <= c + j - left < columns
            )
            for c in range(columns)
        ]
        for r in range(rows)
    ]
""",
        ),
        Mistake(
            "One place is missing at the end of each row and column: a kernel of 2 fits into 3 "
            "numbers twice. Add 1 to the ends of your loops.",
            """
def convolve(image, kernel):
    height, width = len(kernel), len(kernel[0])
    return [
        [
            sum(image[r + i][c + j] * kernel[i][j] for i in range(height) for j in range(width))
            for c in range(len(image[0]) - width)
        ]
        for r in range(len(image) - height)
    ]
""",
        ),
        Mistake(
            "Your loops run over the kernel only, so you have one sum, that of the first place. "
            "Move the kernel over the image with two more loops.",
            """
def convolve(image, kernel):
    return sum(
        image[i][j] * kernel[i][j] for i in range(len(kernel)) for j in range(len(kernel[0]))
    )
""",
        ),
        Mistake(
            "You used only the first number of the kernel. Multiply all its numbers, and add the "
            "products.",
            """
def convolve(image, kernel):
    return [
        [image[r][c] * kernel[0][0] for c in range(len(image[0]) - len(kernel[0]) + 1)]
        for r in range(len(image) - len(kernel) + 1)
    ]
""",
        ),
    ),
    cases=_cases,
    judge=_judge,
    answers=("convolve",),
)
