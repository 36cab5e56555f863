"""Exercise 2: the size of what a convolution makes."""

from cnnlab.classroom.exercises.attempt import Attempt
from cnnlab.classroom.exercises.exercise import Case, Exercise, Mistake

CASES = 200


def _cases(attempt: Attempt) -> list[Case]:
    """Return the slides' sizes and random ones, each with what PyTorch makes; small first."""
    import torch
    from torch.nn.functional import conv1d

    sizes = [(3, 2, 0, 1), (32, 5, 0, 1), (28, 2, 0, 2)]
    for _ in range(CASES):
        padding, stride = (int(each) for each in attempt.random.integers((0, 1), (4, 5)))
        size = int(attempt.random.integers(1, 65))
        kernel = int(attempt.random.integers(1, min(11, size + 2 * padding) + 1))
        sizes.append((size, kernel, padding, stride))
    cases = []
    for size, kernel, padding, stride in sorted(sizes):
        row, weights = torch.zeros(1, 1, size), torch.zeros(1, 1, kernel)
        expected = conv1d(row, weights, padding=padding, stride=stride).shape[-1]
        words = f"n = {size}, k = {kernel}, p = {padding}, s = {stride}"
        cases.append(Case((size, kernel, padding, stride), expected, words))
    return cases


def _judge(_: Attempt) -> str:
    return (
        f"{CASES} sizes agree with what PyTorch really makes, also where the stride leaves a "
        "remainder. "
        "Now you can follow LeNet-5 on paper: 32, 28, 14, 10, 5."
    )


EXERCISE = Exercise(
    number="2",
    title="how large is the output?",
    task=(
        "Write output_size(n, k, p, s): a row of n pixels, p zeros added at each of its two ends "
        "(padding), and a kernel of k numbers that moves s pixels at a time (stride). Return how "
        "many numbers come out. If the last step does not fit, it is left out.\n\n"
        "    output_size(32, 5, 0, 1) is 28\n"
        "    output_size(28, 2, 0, 2) is 14"
    ),
    starter='''
def output_size(n, k, p, s):
    """Return a whole number."""
    ...
''',
    solved="""
def output_size(n, k, p, s):
    return (n + 2 * p - k) // s + 1
""",
    why=(
        "With padding, the row has n + 2p pixels. From the first place to the last the kernel "
        "moves over n + 2p - k pixels, in steps of s: // leaves out a step that does not fit. The "
        "+ 1 is the place where it begins."
    ),
    hints=(
        "How far can the kernel move, if it begins at the left end and stops at the right end?",
        "Slide 10 (padding) and slide 11 (stride 1 beside stride 2). Draw 7 pixels, a kernel of 3 "
        "and a stride of 2, and count.",
        "    def output_size(n, k, p, s):\n"
        "        length = n + 2 * p      # the row with its padding\n"
        "        steps = ...             # how many steps of s fit between the first place and the "
        "last?\n"
        "        return steps + 1",
    ),
    question="which p keeps the size of the row, for s = 1 and a kernel of 3, 5, 7?",
    mistakes=(
        Mistake(
            "You divided with /, so a step that does not fit counts in part. Half a pixel does not "
            "exist: divide with //.",
            """
def output_size(n, k, p, s):
    return (n + 2 * p - k) / s + 1
""",
        ),
        Mistake(
            "You rounded up: a last step that does not fit is left out, it does not count.",
            """
def output_size(n, k, p, s):
    return -((n + 2 * p - k) // -s) + 1
""",
        ),
        Mistake(
            "You added 1 before you divided. The 1 is the first place; only the steps after it are "
            "divided by s.",
            """
def output_size(n, k, p, s):
    return (n + 2 * p - k + 1) // s
""",
        ),
        Mistake(
            "You counted the padding once. p zeros are added at both ends.",
            """
def output_size(n, k, p, s):
    return (n + p - k) // s + 1
""",
        ),
        Mistake(
            "The first place is missing: after 0 steps there is already one number. Add 1 at the "
            "end.",
            """
def output_size(n, k, p, s):
    return (n + 2 * p - k) // s
""",
        ),
        Mistake(
            "You left out the stride. It moves s pixels at a time.",
            """
def output_size(n, k, p, s):
    return n + 2 * p - k + 1
""",
        ),
    ),
    cases=_cases,
    judge=_judge,
    answers=("output_size",),
)
