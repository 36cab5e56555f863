"""A file that does more than define its network; with what must be said of it."""

import pytest

FAULTS = [
    pytest.param(
        [("class Net(", "print('begins')\n\n\nclass Net(")],
        "top-level",
        6,
        "Line 6 prints each time cnnlab reads the file. Delete it, or put it under if __name__ "
        '== "__main__": at the end of the file.',
        id="print-at-top-level",
    ),
]
