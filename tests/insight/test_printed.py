"""Rounded numbers add up, whatever they are."""

import math
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnnlab.insight.printed import add_up, decimals_of, in_units, rounded, text_of

numbers = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=40)


@given(numbers)
def test_addends_add_up_and_are_within_one_unit(addends):
    total = math.fsum(addends)
    decimals = decimals_of([*addends, total])
    units = in_units(total, decimals)
    found = add_up(addends, units, decimals)
    assert sum(found) == units
    unit = 10.0**-decimals
    assert all(abs(each * unit - x) < unit * 1.001 for each, x in zip(found, addends, strict=True))


@given(st.integers(-(10**9), 10**9), st.integers(1, 9))
def test_a_text_is_its_count_of_units(units, decimals):
    text = text_of(units, decimals)
    assert Decimal(text) == Decimal(units).scaleb(-decimals)
    assert len(text.partition(".")[2]) == decimals


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0.000"), (1.2345, "1.235"), (-1.2345, "-1.234"), (0.05, "0.0500"),
        (-0.00123456, "-0.00123"), (1234.5, "1234.500"), (1e-12, "0.000000000"), (0.1, "0.100"),
        (-0.0001, "-0.000100"), (math.inf, "inf"), (math.nan, "not a number"),
    ],
)  # fmt: skip
def test_a_number_has_three_decimals_or_three_significant_digits(value, text):
    assert rounded(value) == text


def test_thirds_make_a_whole():
    assert add_up([1 / 3, 1 / 3, 1 / 3], 1000, 3) == [334, 333, 333]
    assert add_up([-1 / 3, -1 / 3, -1 / 3], -1000, 3) == [-333, -333, -334]
