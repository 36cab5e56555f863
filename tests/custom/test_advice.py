"""An exception of a student's code is explained: its line, and what to write there."""

from tests.support.custom_network import NET, assert_found_alone, check, only, write
from tests.support.faulty_networks import each_of
from tests.support.faulty_networks.advice import FAULTS


@each_of(FAULTS)
def test_a_fault_is_found_alone_and_said_with_its_line(edits, kind, line, message, capfd):
    assert_found_alone(edits, kind, line, message, capfd)


def test_another_file_of_the_users_is_not_imported():
    write("width = 3\n", file="widths.py")
    assert only(check(NET, ("import torch\n", "import torch, widths\n"))) == (
        "import",
        1,
        "Line 1 of your file imports widths, another of your files, but cnnlab uses one file "
        "only. Copy what you need from widths.py into mine.py.",
    )
