"""Rules: from what a trial showed, as plain data, to what is wrong."""

from collections.abc import Callable, Iterator

from cnnlab.custom.finding import Finding
from cnnlab.custom.learning import LAST_STEPS
from cnnlab.custom.shapes import with_line
from cnnlab.custom.trial import Trial

_NEAR = 1e-3


def judge(trial: Trial) -> tuple[Finding, ...]:
    """Return all findings about a trial: those that stop training come first."""
    found = [*trial.findings, *(each for rule in RULES for each in rule(trial))]
    order = ("stops", "spoils", "none")
    return tuple(sorted(found, key=lambda each: order.index(each.effect)))


def seeds_set_inside(trial: Trial) -> Iterator[Finding]:
    """Yield where the network sets the seed of PyTorch's random numbers itself."""
    if "making" in trial.same_draws:
        line = trial.lines.get("seed-making")
        yield Finding(
            "seeded",
            f"{_where(line)} sets the seed when the network is made, so all runs start from the "
            "same weights, and training with several seeds tells no more than with one. Delete it. "
            "cnnlab draws the weights from --seed.",
            line,
        )
    if "forward" in trial.same_draws:
        line = trial.lines.get("seed-forward")
        yield Finding(
            "seeded",
            f"{_where(line)} sets the seed in forward, so each batch gets the same random numbers, "
            "such as the same dropout mask. Delete it. cnnlab sets the seed once, before training.",
            line,
        )


def _where(line: int | None) -> str:
    return f"Line {line}" if line else "The file"


def hidden_squashing(trial: Trial) -> Iterator[Finding]:
    """Yield what keeps all outputs between two numbers, even with weights that are much larger."""
    known = {"softmax", "log-softmax", "squashed", "constant"}
    outputs = trial.outputs
    if outputs is None or any(each.kind in known for each in trial.findings):
        return
    if outputs.lowest >= 0 and abs(outputs.least_sum - 1) < _NEAR > abs(outputs.largest_sum - 1):
        step, what = "softmax", "The 10 numbers of each image sum to 1, as after a softmax"
    elif outputs.lowest >= 0 and outputs.highest <= 1:
        step, what = "sigmoid", "All outputs are between 0 and 1, as after a sigmoid"
    elif outputs.lowest >= -1 and outputs.highest <= 1:
        step, what = "tanh", "All outputs are between -1 and 1, as after a tanh"
    else:
        return
    kind, why = LAST_STEPS[step]
    line = trial.lines.get(step)
    yield Finding(kind, f"{with_line(what, line)}. {why}", line)


def nothing_bends(trial: Trial) -> Iterator[Finding]:
    """Yield two layers with nothing between them that bends a straight line."""
    for first, second in trial.straight_pairs:
        names = [with_line(each, trial.lines.get(f"layer {each}")) for each in (first, second)]
        yield Finding(
            "straight",
            f"Nothing bends between {names[0]} and {names[1]}: without an activation the two can "
            "compute no more than one layer. Put one between them, such as nn.ReLU().",
            trial.lines.get(f"layer {second}"),
        )


RULES: tuple[Callable[[Trial], Iterator[Finding]], ...] = (
    seeds_set_inside,
    hidden_squashing,
    nothing_bends,
)
"""The rules about plain data, the gravest first; they need no network."""
