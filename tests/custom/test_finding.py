"""Findings: plain values, and a test for each kind."""

from typing import get_args

from cnnlab.custom.finding import Finding, Kind
from tests.support.faulty_networks import FAULTS


def test_every_kind_of_finding_has_a_test():
    elsewhere = {"file", "syntax", "which-class", "no-class", "not-a-network", "slow", "crash"}
    elsewhere |= {"equal-filters", "seeded", "hidden-name", "lazy", "straight"}
    tested = {case.values[1] for case in FAULTS}
    assert tested | elsewhere == set(get_args(Kind))
    assert not tested & elsewhere


def test_a_finding_is_a_plain_value():
    assert Finding("frozen", "x", 3) == Finding("frozen", "x", 3)
    assert Finding("output", "x").effect == "stops"
