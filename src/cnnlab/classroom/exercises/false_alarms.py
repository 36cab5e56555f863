"""Exercise 11: the same network against itself, and how often a test finds something."""

import numpy as np

from cnnlab.classroom.exercises.attempt import Attempt
from cnnlab.classroom.exercises.calls import NotYetError
from cnnlab.classroom.exercises.exercise import Case, Exercise, Mistake
from cnnlab.classroom.exercises.runs import comparisons
from cnnlab.wording import command_line, counted

CASES, LEVEL = 40, 0.05
_COMMAND = command_line("compare", "lenet1", "--again", "--recipe", "sprint")


def _cases(attempt: Attempt) -> list[Case]:
    """Return lists of p-values, short before long, with some near 0.05 and one exactly there."""
    random = attempt.random
    lists = [[0.5], [0.01], [0.05], [0.049, 0.05, 0.051]]
    for size in np.sort(random.integers(2, 40, size=CASES)):
        near = random.uniform(0.03, 0.07, size=int(size))
        wide = random.random(int(size))
        lists.append([round(float(each), 3) for each in np.where(wide < 0.4, near, wide)])
    cases = []
    for each in lists:
        found = sum(value < LEVEL for value in each)
        cases.append(Case((each,), found, f"p_values = {each}"))
    return cases


def _judge(attempt: Attempt) -> str:
    in_100, reason = attempt.answer("in_100"), attempt.answer("reason")
    if isinstance(in_100, bool) or not isinstance(in_100, int | float) or not 0 <= in_100 <= 100:
        raise NotYetError(f"in_100 is {in_100!r}. Expected a number from 0 to 100.")
    if str(reason).strip().lower() not in {"a", "b", "c"}:
        raise NotYetError(f"reason is {reason!r}. Expected one of the letters a, b and c.")
    chosen = (in_100, str(reason).strip().lower())
    if chosen != (100 * LEVEL, "b"):
        attempt.refuse(
            chosen,
            f"in_100 is {in_100:g}. A test at the level 0.05 accepts a certain rate of false "
            "alarms: which one?",
        )
    found = comparisons(attempt, lambda each: each.is_again, _COMMAND)
    for each in found:
        if not each.is_again:
            raise NotYetError(
                f"{each.folder.name} compares two different networks: {' and '.join(each.names)}. "
                f"An A/A test compares a network with itself:\n\n    {_COMMAND}"
            )
    values = [each.p_value for each in found]
    alarms = sum(value < LEVEL for value in values)
    listed = ", ".join(f"{value:.3g}" for value in values)
    return (
        f"{counted(len(values), 'A/A test')}, p = {listed}: {alarms} found something, though there "
        f"is nothing to find. About {LEVEL * len(values):.1f} are expected: false alarms are a "
        "rate. Put the folders of the whole class together (--run several times), and count again."
    )


_RIGHT = """
def false_alarms(p_values):
    count = 0
    for p in p_values:
        if p < 0.05:
            count += 1
    return count


in_100 = 5
reason = "b"
"""


def _instead(old: str, new: str) -> str:
    """Return the solution with a mistake in it."""
    return _RIGHT.replace(old, new)


EXERCISE = Exercise(
    number="11",
    title="the same network against itself",
    task=(
        "Everybody in the class compares a network with itself, on other seeds: an A/A test.\n\n"
        f"    {_COMMAND}\n\n"
        "Each test has a p-value (--details shows it). A test finds something if p is below 0.05. "
        "Here there is nothing to find, so each find is a false alarm. Write "
        "false_alarms(p_values): how many of these tests found something?\n\n"
        "Then write in_100: how many of 100 A/A tests find something, on average. And reason, the "
        "letter of what a find means here:\n\n"
        '    "a"  that network is really better, its seeds were just better\n'
        '    "b"  nothing: a test at 0.05 raises a false alarm at a known rate\n'
        '    "c"  the test is broken, a good one never finds anything here\n\n'
        "The check reads your newest A/A test in runs, or all that you name."
    ),
    starter='''
def false_alarms(p_values):
    """Return how many of the p-values are below 0.05."""
    ...


in_100 = ...  # how many of 100 A/A tests find something, on average
reason = ...  # "a", "b" or "c"
''',
    solved=_RIGHT,
    why=(
        "If there is no difference, a p-value is below 0.05 in 5 of 100 tests: that is what the "
        "0.05 means. So in a class of 20, one student finds a difference that is not there. "
        "Whoever tries 20 changes, and tells only of the one that worked, does the same."
    ),
    hints=(
        "Everybody in your class throws a die with 20 sides. How many get a 1?",
        "Slide 22 (luck) and docs/verdicts.md: what a p-value promises.",
        "    count = 0\n"
        "    for p in p_values:\n"
        "        if ...:  # when does a test find something?\n"
        "            count += 1",
    ),
    question="you try 20 changes and one has p = 0.03. What do you do next?",
    mistakes=(
        Mistake(
            "You counted the tests that found nothing. A small p-value is a find: chance alone "
            "seldom makes one so small.",
            _instead("p < 0.05", "p >= 0.05"),
        ),
        Mistake(
            "You counted p = 0.05 too. A find is a p-value below 0.05.",
            _instead("p < 0.05", "p <= 0.05"),
        ),
        Mistake(
            "You used 0.5 as the limit. The level of the test is 0.05: 5 of 100.",
            _instead("p < 0.05", "p < 0.5"),
        ),
        Mistake(
            "You returned a share. Return how many tests found something.",
            _instead("return count", "return count / len(p_values)"),
        ),
        Mistake(
            "false_alarms is right, but a does not hold: both sides are the same network with the "
            'same recipe. "Mine is better, I had luck" is only luck: with other seeds it is gone.',
            _instead('reason = "b"', 'reason = "a"'),
            lambda chosen: chosen[1] == "a",
        ),
        Mistake(
            "false_alarms is right, but c does not hold: no test can be right always. This one "
            "says beforehand how often it raises a false alarm.",
            _instead('reason = "b"', 'reason = "c"'),
            lambda chosen: chosen[1] == "c",
        ),
        Mistake(
            "false_alarms is right, but in_100 is not: one of the two is always ahead, but a find "
            "needs a difference that chance seldom makes.",
            _instead("in_100 = 5", "in_100 = 50"),
            lambda chosen: chosen[0] == 50,
        ),
        Mistake(
            "false_alarms is right, but in_100 is not: with no difference at all, chance still "
            "makes some p-values small.",
            _instead("in_100 = 5", "in_100 = 0"),
            lambda chosen: chosen[0] == 0,
        ),
    ),
    answers=("false_alarms", "in_100", "reason"),
    cases=_cases,
    judge=_judge,
    needs="comparison",
)
