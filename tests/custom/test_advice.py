"""An exception of a student's code is explained: its line, and what to write there."""

from tests.support.custom_network import assert_found_alone
from tests.support.faulty_networks import each_of
from tests.support.faulty_networks.advice import FAULTS


@each_of(FAULTS)
def test_a_fault_is_found_alone_and_said_with_its_line(edits, kind, line, message, capfd):
    assert_found_alone(edits, kind, line, message, capfd)
