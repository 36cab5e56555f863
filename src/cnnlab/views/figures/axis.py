"""An axis: which numbers it shows, and where a value lies on it."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor, isfinite, log10


@dataclass(frozen=True)
class Axis:
    """A range of values, and the numbers written beside it; ``unit`` follows each of them."""

    low: float
    high: float
    ticks: tuple[float, ...]
    unit: str = ""
    signed: bool = False

    def at(self, value: float) -> float:
        """Return where a value lies, in percent of the axis from its low end."""
        return 100 * (value - self.low) / (self.high - self.low)

    def label(self, tick: float) -> str:
        """Return a tick as text, with as many decimals as the ticks need."""
        step = self.ticks[1] - self.ticks[0] if len(self.ticks) > 1 else 1.0
        digits = max(0, -floor(log10(step) + 1e-9))
        text = f"{tick:{'+' if self.signed and abs(tick) > step / 2 else ''}.{digits}f}"
        return text.replace("-", "\u2212") + self.unit


def axis_of(
    values: Sequence[float],
    *,
    unit: str = "",
    most: int = 5,
    within: tuple[float, float] = (float("-inf"), float("inf")),
    signed: bool = False,
) -> Axis:
    """Return an axis for finite values, a little wider than they are, with at most 2 more ticks.

    ``within`` are limits that it does not cross, such as 0 and 100 for shares in percent.
    """
    finite = [value for value in values if isfinite(value)] or [0.0, 1.0]
    low, high = min(finite), max(finite)
    if high - low < 1e-9:
        low, high = low - 0.5, high + 0.5
    margin = 0.06 * (high - low)
    low, high = max(within[0], low - margin), min(within[1], high + margin)
    step = _step((high - low) / most)
    fine = step / 5  # so that a cut axis begins at a number that is easily read
    low = max(within[0], round(floor(low / fine + 1e-9) * fine, 10))
    ticks = [n * step for n in range(ceil(low / step - 1e-9), floor(high / step + 1e-9) + 1)]
    return Axis(low, high, tuple(round(tick, 10) for tick in ticks), unit, signed)


def whole_numbers(last: int, most: int = 6) -> list[int]:
    """Return the whole numbers to write beside an axis from 1 to ``last``, both of them too."""
    if last <= most:
        return list(range(1, last + 1))
    step = max(1, round(_step(last / (most - 1))))
    inner = [n for n in range(step, last, step) if 1 < n <= last - step / 2]
    return [1, *inner, last]


def _step(wanted: float) -> float:
    """Return the first of 1, 2, 5, 10 and so on, times a power of ten, that is large enough."""
    power = 10.0 ** floor(log10(wanted))
    return next(factor * power for factor in (1, 2, 5, 10) if factor * power >= wanted * (1 - 1e-9))
