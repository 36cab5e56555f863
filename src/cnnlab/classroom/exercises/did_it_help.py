"""Exercise 10: did your change help? Read the interval."""

from dataclasses import dataclass

from cnnlab.classroom.exercises.attempt import Attempt
from cnnlab.classroom.exercises.calls import NotTriedError, NotYetError
from cnnlab.classroom.exercises.exercise import Exercise, Mistake
from cnnlab.classroom.exercises.runs import Compared, comparisons
from cnnlab.wording import command_line

INTERVALS = 200
SENTENCES = {
    "helped": "the change helped",
    "hurt": "the change hurt",
    "no difference that matters": "there is no difference that matters",
    "cannot tell yet": "these runs cannot tell yet",
}
_COMMAND = command_line("compare", "lenet5", "lenet5-relu-max", "--recipe", "sprint")


@dataclass(frozen=True)
class _Reading:
    """An interval, its margin, what it means, and what the student said."""

    low: float
    high: float
    matters: float
    expected: str
    found: str


def _meaning(low: float, high: float, matters: float) -> str:
    """Return the sentence that a 95 % interval allows: cnnlab's own rule, in its order."""
    if -matters < low and high < matters:
        return "no difference that matters"
    if low > 0:
        return "helped"
    return "hurt" if high < 0 else "cannot tell yet"


def _judge(attempt: Attempt) -> str:
    for low, high, matters in _intervals(attempt):
        said = attempt.call("read", low, high, matters)
        reading = _Reading(low, high, matters, _meaning(low, high, matters), _as_sentence(said))
        if reading.found != reading.expected:
            case = f"low = {low:g}, high = {high:g}, matters = {matters:g}"
            where = f"The first interval that fails:\n\n    {case}\n\nFound: {said!r}."
            _refuse(attempt, reading, where)
    compared = comparisons(attempt, lambda each: not each.is_again, _COMMAND)[0]
    _judge_sentence(attempt, compared)
    first, second = compared.names
    low, high = compared.interval
    return (
        f"read is right on {INTERVALS} intervals, and you read your own comparison as cnnlab does. "
        f"{second} minus {first}: {low:+.2f} to {high:+.2f} points, so "
        f"{SENTENCES[compared.decision]}. One run of each has no interval: it cannot tell how far "
        "the seed alone moves the accuracy."
    )


def _refuse(attempt: Attempt, reading: _Reading, where: str) -> None:
    if not reading.found:
        raise NotYetError(
            f"read must return one of four sentences: {', '.join(map(repr, SENTENCES))}.\n\n{where}"
        )
    try:
        attempt.refuse(reading, "The sentence does not follow from this interval.")
    except NotYetError as error:
        raise NotYetError(f"{error}\n\n{where}") from None


def _intervals(attempt: Attempt) -> list[tuple[float, float, float]]:
    """Return intervals of each of the four kinds, none of them near a border."""
    random = attempt.random
    made: list[tuple[float, float, float]] = []
    while len(made) < INTERVALS:
        matters = float(random.choice([0.1, 0.2, 0.5]))
        wanted = list(SENTENCES)[len(made) % len(SENTENCES)]
        middle, half = float(random.normal(0, 0.7)), float(random.uniform(0.02, 0.9))
        low, high = round(middle - half, 2), round(middle + half, 2)
        borders = (low, high, low + matters, high - matters, low - matters, high + matters)
        if _meaning(low, high, matters) == wanted and all(abs(each) > 0.011 for each in borders):
            made.append((low, high, matters))
    return made


def _as_sentence(said: object) -> str:
    """Return the one of the four sentences that a student wrote; empty if none."""
    words = " ".join(str(said).lower().strip().rstrip(".").split())
    return words if words in SENTENCES else ""


def _judge_sentence(attempt: Attempt, compared: Compared) -> None:
    answer = attempt.answer("sentence")
    found = _as_sentence(answer)
    if not found:
        raise NotYetError(
            f"read is right, but sentence is {answer!r}. Expected one of: "
            f"{', '.join(map(repr, SENTENCES))}."
        )
    if compared.decision == "no verdict":
        raise NotTriedError(
            f"{compared.folder} has no verdict yet: it has too few seeds. Repeat the command with "
            "--seeds 10."
        )
    low, high = compared.interval
    # The verdict's test for "no difference" is a little stronger than the 95 % interval shows.
    if found not in {compared.decision, _meaning(low, high, compared.matters)}:
        reading = _Reading(low, high, compared.matters, compared.decision, found)
        try:
            attempt.refuse(reading, "Your sentence is not what the interval says.")
        except NotYetError as error:
            raise NotYetError(
                f"read is right, but sentence is not, for {compared.folder.name}. {error}\n\n"
                "Its interval is in the report, and with: cnnlab compare ... --details. Call your "
                "own read with it. If you want another result, ask a wider question first: more "
                "seeds, or a larger --matters, decided before you look."
            ) from None


_RIGHT = """
def read(low, high, matters):
    if -matters < low and high < matters:
        return "no difference that matters"
    if low > 0:
        return "helped"
    if high < 0:
        return "hurt"
    return "cannot tell yet"


sentence = SENTENCE
"""


def _instead(old: str, new: str, sentence: str = '"cannot tell yet"') -> str:
    """Return the solution with a mistake in it."""
    return _RIGHT.replace(old, new).replace("SENTENCE", sentence)


EXERCISE = Exercise(
    number="10",
    title="did your change help?",
    task=(
        "Compare a network with your change to it: 10 seeds each, about a minute.\n\n"
        f"    {_COMMAND}\n\n"
        "The comparison tells an interval of the difference, from low to high, in points. It is "
        "above 0 if the change is better. matters is the smallest difference that you care about "
        "(0.1 points). Write read(low, high, matters): which of four sentences is true?\n\n"
        '    "helped"                      chance does not explain it, and it is better\n'
        '    "hurt"                        chance does not explain it, and it is worse\n'
        '    "no difference that matters"  every value in the interval is too small to matter\n'
        '    "cannot tell yet"             chance alone may explain it\n\n'
        "If all of the interval is too small to matter, say so first. Then write the sentence for "
        "your own comparison: the newest in runs, or the one that you name."
    ),
    starter='''
def read(low, high, matters):
    """Return one of the four sentences."""
    ...


sentence = ...  # one of the four, about your own comparison
''',
    solved=_RIGHT.replace("SENTENCE", '"cannot tell yet"'),
    why=(
        "The interval holds all differences that the runs allow. If 0 is in it, there may be no "
        "difference at all: the runs cannot tell. That is not the same as no difference: only an "
        "interval that lies wholly between -matters and +matters shows that. sentence is whatever "
        "read returns for the interval of your own comparison; here it is an example."
    ),
    hints=(
        "The interval goes from -0.2 to +0.8. Is a difference of 0 possible? Is one of +0.5?",
        "Slide 24, docs/verdicts.md, and the dots in the report of your comparison: the band in "
        "the middle is what does not matter.",
        "    def read(low, high, matters):\n"
        "        if -matters < low and high < matters:\n"
        '            return "no difference that matters"\n'
        "        if ...:  # all of the interval is above 0\n"
        '            return "helped"\n'
        "        ...",
    ),
    question="how many seeds would settle it? The report says so; decide before you look again.",
    mistakes=(
        Mistake(
            'You said "helped" although 0 is in the interval. The mean may be higher, but chance '
            "alone may explain it: these runs cannot tell.",
            _instead("if low > 0:", "if low + high > 0:"),
            lambda r: r.found == "helped" and r.expected == "cannot tell yet",
        ),
        Mistake(
            'You said "no difference that matters" although the interval reaches beyond matters. '
            "Not to see a difference is not the same as to see that there is none.",
            _instead('"cannot tell yet"\n\n', '"no difference that matters"\n\n'),
            lambda r: r.found == "no difference that matters" and r.expected == "cannot tell yet",
        ),
        Mistake(
            "The whole interval is too small to matter, and that is an answer: say so first, "
            "even if 0 is not in it.",
            _instead("-matters < low and high < matters", "False"),
            lambda r: r.expected == "no difference that matters",
        ),
        Mistake(
            "You swapped helped and hurt: above 0 the change is better.",
            _instead("low > 0", "high < 0 ").replace("high < 0:", "low > 0:"),
            lambda r: {r.found, r.expected} == {"helped", "hurt"},
        ),
        Mistake(
            'You said "hurt" although 0 is in the interval. The mean may be lower, but chance '
            "alone may explain it: these runs cannot tell.",
            _instead("high < 0", "low + high < 0"),
            lambda r: r.found == "hurt" and r.expected == "cannot tell yet",
        ),
        Mistake(
            'You said "cannot tell yet" although the whole interval lies on one side of 0: chance '
            "does not explain it.",
            _instead("low > 0", "low > matters"),
            lambda r: r.found == "cannot tell yet",
        ),
    ),
    answers=("read", "sentence"),
    judge=_judge,
    needs="comparison",
)
