"""A file that does more than define its network; with what must be said of it."""

import pytest

FAULTS = [
    pytest.param(
        [("class Net(", "print('begins')\n\n\nclass Net(")],
        "top-level",
        6,
        "Line 6 prints whenever the file is read: put what is to run only when the file is started "
        'itself under if __name__ == "__main__": at its end.',
        id="print-at-top-level",
    ),
]
