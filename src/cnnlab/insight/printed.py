"""Numbers as people read them, rounded so that they add up.

The rule, the same in every page: the numbers of one sum have the same number of decimals: 3, or as
many as give the largest of them 3 significant digits. The total is rounded as usual, half upwards.
Each addend is rounded down; then the addends with the largest remainders are raised by one unit of
the last decimal until they add up to the total (largest remainder; the first of equals). So each is
within one unit of its true value, and the sum is right as printed. The products of one kernel are
rounded in the same way, to add up to their printed subtotal. A function's value has as many
decimals as the number it is a function of; if the two numbers are equal, so are their texts.
"""

import math
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

DECIMALS = 3
_MOST_DECIMALS = 9


def decimals_of(values: Iterable[float]) -> int:
    """Return how many decimals the numbers of one sum have."""
    largest = max(map(abs, values), default=0.0)
    if largest == 0 or largest >= 0.1 or not math.isfinite(largest):
        return DECIMALS
    needed = DECIMALS - 1 - math.floor(math.log10(largest))
    return min(_MOST_DECIMALS, needed)


def in_units(value: float, decimals: int) -> int:
    """Return a number as a count of units of its last decimal, half upwards."""
    return math.floor(value * 10.0**decimals + 0.5)


def add_up(
    addends: "Sequence[float] | NDArray[np.float64]", units: int, decimals: int
) -> list[int]:
    """Return the addends in units of the last decimal, so that they add up to ``units``.

    ``units`` is the true sum, up or down to a whole unit.
    """
    scaled: NDArray[np.float64] = np.asarray(addends, np.float64) * 10**decimals
    down = np.floor(scaled)
    missing = min(max(units - int(down.sum()), 0), len(scaled))
    order = np.argsort(down - scaled, kind="stable")
    down[order[:missing]] += 1
    whole = [int(each) for each in down]
    rest = units - sum(whole)  # not 0 only if the numbers are too large for their last decimal
    if rest:
        whole[int(np.abs(scaled).argmax())] += rest
    return whole


def text_of(units: int, decimals: int) -> str:
    """Return a count of units as a decimal number: -130 with 3 decimals is "-0.130"."""
    digits = str(abs(units)).rjust(decimals + 1, "0")
    return f"{'-' if units < 0 else ''}{digits[:-decimals]}.{digits[-decimals:]}"


def decimals_in(text: str) -> int:
    """Return how many decimals a printed number has."""
    return len(text.partition(".")[2]) or DECIMALS


def rounded(value: float, decimals: int | None = None) -> str:
    """Return one number as printed; without ``decimals``, by the rule for a sum of one number."""
    if not math.isfinite(value):
        return "not a number" if math.isnan(value) else f"{value}"
    decimals = decimals_of([value]) if decimals is None else decimals
    return text_of(in_units(value, decimals), decimals)
