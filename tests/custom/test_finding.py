"""Findings: plain values, and a test for each kind."""

from typing import get_args

from cnnlab.custom.finding import Finding, Kind, join_names
from tests.support.faulty_networks import FAULTS


def test_every_kind_of_finding_has_a_test():
    elsewhere = {"file", "syntax", "which-class", "no-class", "not-a-network", "slow", "crash"}
    elsewhere |= {
        "equal-filters",
        "seeded",
        "hidden-name",
        "lazy",
        "straight",
        "same-network",
        "unfinished",
        "memory",
    }
    tested = {case.values[1] for case in FAULTS}
    assert tested | elsewhere == set(get_args(Kind))
    assert not tested & elsewhere


def test_a_finding_is_a_plain_value():
    assert Finding("frozen", "x", 3) == Finding("frozen", "x", 3)
    assert Finding("output", "x").effect == "stops"


def test_only_the_first_of_many_names_are_joined():
    assert join_names(["a"]) == "a"
    assert join_names(["a", "b", "c"]) == "a, b and c"
    assert join_names([*"abcdefgh"]) == "a, b, c, d, e and 3 more"
