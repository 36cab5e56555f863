"""Rules: from what a trial showed, as plain data, to what is wrong, the gravest first."""

import ast
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from cnnlab.custom import learning, passes, saving, size
from cnnlab.custom.finding import UNDER_MAIN, Effect, Finding, Kind
from cnnlab.custom.methods import find_misspelt_init
from cnnlab.custom.trial import Trial


@dataclass(frozen=True)
class Rule:
    """What a rule finds, what that does to training, and the function that finds it.

    ``kind`` is None if a failure has a kind of its own, such as "linear-size".
    """

    kind: Kind | None
    effect: Effect
    find: Callable[[Trial], Iterator[Finding]]


def stopped(trial: Trial) -> Iterator[Finding]:
    """Yield what ended the trial before the passes."""
    if trial.stopped:
        yield trial.stopped


def unfinished(trial: Trial) -> Iterator[Finding]:
    """Yield that cnnlab's own code failed, so that nobody knows whether the network is sound."""
    raised = trial.unfinished
    if raised:
        where = f" at line {raised.line}" if raised.line else ""
        yield Finding(
            "unfinished",
            f"cnnlab could not finish its check{where} ({raised.type}: {raised.text}). Train the "
            "network and see whether it learns, and please report this.",
            raised.line,
        )


def top_level(trial: Trial) -> Iterator[Finding]:
    """Yield what the file should do only when the user starts it."""
    line = trial.top_level_trains or trial.top_level_prints
    if line:
        does = "trains" if trial.top_level_trains else "prints"
        message = (
            f"Line {line} {does} each time cnnlab reads the file. Delete it, or put it {UNDER_MAIN}"
        )
        yield Finding("top-level", message, line)


RULES = (
    Rule(None, "stops", stopped),
    Rule("too-large", "stops", size.too_large),
    Rule("lazy", "stops", saving.lazy_layers),
    Rule(None, "stops", saving.hidden_state),
    Rule(None, "stops", passes.failing_pass),
    Rule("not-finite", "stops", passes.not_finite),
    Rule("batch-size", "stops", passes.fixed_batch),
    Rule("detached", "stops", learning.detached),
    Rule(None, "stops", learning.failing_step),
    Rule(None, "stops", saving.not_saved),
    Rule("no-parameters", "stops", saving.nothing_to_train),
    Rule("unfinished", "spoils", unfinished),
    Rule("input-changed", "spoils", passes.input_changed),
    Rule("random", "spoils", passes.random_outputs),
    Rule("batch-dependent", "spoils", passes.batch_dependent),
    Rule(None, "spoils", learning.last_step),
    Rule("dropout", "spoils", learning.dropout_of_outputs),
    Rule("constant", "spoils", learning.constant),
    Rule("equal-filters", "spoils", learning.equal_filters),
    Rule("unused", "spoils", learning.unused),
    Rule("no-gradient", "spoils", learning.no_gradient),
    Rule("seeded", "spoils", learning.seeds_set_inside),
    Rule("log-softmax", "none", learning.log_softmax),
    Rule("frozen", "none", saving.frozen),
    Rule("memory", "none", size.memory),
    Rule("straight", "none", learning.nothing_bends),
    Rule("top-level", "none", top_level),
)
"""All rules, the gravest first. What stops training is certain; what is only likely spoils it."""


def judge(trial: Trial) -> tuple[Finding, ...]:
    """Return all findings about a trial, the gravest first."""
    found = tuple(
        replace(each, effect=rule.effect, message=_message_with_line(each, trial))
        for rule in RULES
        for each in rule.find(trial)
    )
    if any(each.effect == "stops" for each in found):
        # Only together with a failure: by itself such a method may be right.
        misspelt = find_misspelt_init(ast.parse(trial.text), trial.maker)
        return (misspelt,) if misspelt else found
    return found


def _message_with_line(found: Finding, trial: Trial) -> str:
    """Return the message of a finding, with its line before it if it does not name one."""
    if not found.line or re.search(r"\blines? \d", found.message, re.IGNORECASE):
        return found.message
    where = trial.forward if found.line == trial.forward_line else f"Line {found.line}"
    return f"{where}: {found.message}"
