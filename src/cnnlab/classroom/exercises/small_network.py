"""The bonus: beat lenet5-relu-max with fewer than 62,000 parameters."""

from dataclasses import dataclass

from cnnlab.classroom.exercises.attempt import Attempt
from cnnlab.classroom.exercises.calls import NotYetError
from cnnlab.classroom.exercises.exercise import Exercise, Mistake
from cnnlab.classroom.exercises.runs import Compared, comparisons
from cnnlab.runs.layout import CONFIG
from cnnlab.runs.store import read_json
from cnnlab.wording import command_line

BASELINE, LIMIT = "lenet5-relu-max", 62_000
_COMMAND = command_line("compare", BASELINE, "mine.py:Net", "--recipe", "sprint")


@dataclass(frozen=True)
class _Claim:
    """A comparison, what the student says about it, and the number of parameters counted."""

    compared: Compared
    network: str
    size: object
    counted: int

    @property
    def is_named(self) -> bool:
        """Whether the comparison is of the named network against the baseline."""
        return self.compared.names == (BASELINE, self.network)

    @property
    def is_turned(self) -> bool:
        """Whether the comparison has the baseline second."""
        return self.compared.names == (self.network, BASELINE)


def _judge(attempt: Attempt) -> str:
    network, size = str(attempt.answer("network")), attempt.answer("size")
    found = comparisons(attempt, lambda each: BASELINE in each.names, _COMMAND)[0]
    claim = _Claim(found, network, size, _count(found))
    is_right = (
        claim.is_named
        and size == claim.counted < LIMIT
        and found.results["on"] == "validation"
        and found.decision == "helped"
    )
    if not is_right:
        attempt.refuse(
            claim,
            f"{found.folder.name} compares {' and '.join(found.names)}, but network is "
            f"{network!r}. Expected the name of the second one, as in the report; the first must "
            f"be {BASELINE}.",
        )
    low, high = found.interval
    return (
        f"{network} beats {BASELINE} by {low:+.2f} to {high:+.2f} points, with {claim.counted:,} "
        f"parameters of fewer than {LIMIT:,}. You changed a network, and you know that it helped."
    )


def _count(compared: Compared) -> int:
    """Return the number of parameters of the second variant, from one of its runs."""
    for path in sorted(compared.folder.glob(f"*/seed-*/{CONFIG}")):
        content = read_json(path, ["model", "parameters"])
        if content["model"] == compared.results["variants"][1]["model"]:
            return int(content["parameters"])
    raise NotYetError(
        f"{compared.folder} holds no run of {compared.names[1]}. Compare again:\n\n    {_COMMAND}"
    )


EXERCISE = Exercise(
    number="bonus",
    title="beat lenet5-relu-max below 62,000 parameters",
    task=(
        f"Build a network with fewer than {LIMIT:,} parameters that beats {BASELINE} (61,706), and "
        "show it with a comparison on the validation images, 10 seeds each:\n\n"
        "    cnnlab new mine.py\n"
        f"    {_COMMAND}\n\n"
        "Then write its name as in the report, and its number of parameters. The check reads the "
        "comparison: the verdict must be that your network helped."
    ),
    starter="""
network = ...  # its name, as in the report of the comparison
size = ...  # its number of parameters
""",
    solved="""
network = "vgg6"
size = 52_582
""",
    why=(
        "vgg6 has six convolutions of 3 x 3: two of them see 5 x 5 pixels, with 18 numbers in "
        "place of 25, and with an activation more. Its only linear layer is small, because the "
        f"pictures are small by then. Compare it yourself:\n\n    "
        f"{command_line('compare', BASELINE, 'vgg6', '--recipe', 'sprint')}"
    ),
    hints=(
        "Where are most of the 61,706 parameters? (Exercise 4.) Do they have to be there?",
        "docs/networks.md tells what each network of cnnlab reaches, and with how many parameters.",
        "    Replace each 5 x 5 convolution by two of 3 x 3, and let a third pooling\n"
        "    leave only ... x ... pixels for a single linear layer.",
    ),
    question="is it still better with the recipe best? Decide the number of seeds first.",
    mistakes=(
        Mistake(
            f"Your network is too large: it must have fewer than {LIMIT:,} parameters.",
            'network = "resnet8"\nsize = 77_754',
            lambda c: c.is_named and c.counted >= LIMIT,
        ),
        Mistake(
            "You compared on the test images. Choose on the validation images; the test set is "
            "opened once, at the very end.",
            'network = "vgg6"\nsize = 52_582',
            lambda c: c.is_named and c.compared.results["on"] == "test",
        ),
        Mistake(
            f"You compared the other way round: name {BASELINE} first, then your network.",
            'network = "vgg6"\nsize = 52_582',
            lambda c: c.is_turned,
        ),
        Mistake(
            "The size is not what cnnlab counted. cnnlab check prints it: all weights and all "
            "biases.",
            'network = "vgg6"\nsize = 52_000',
            lambda c: c.is_named and c.size != c.counted,
        ),
        Mistake(
            "The comparison does not say that your network helped. Read its report: a higher mean "
            "is not enough, and more seeds settle more.",
            'network = "vgg6"\nsize = 52_582',
            lambda c: c.is_named and c.compared.decision != "helped",
        ),
    ),
    answers=("network", "size"),
    judge=_judge,
    needs="comparison",
)
