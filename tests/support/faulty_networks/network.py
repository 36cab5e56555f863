"""A network that cannot be made without arguments; with what must be said of it."""

import pytest

FAULTS = [
    pytest.param(
        [("def __init__(self):", "def __init__(self, width):")],
        "arguments",
        7,
        "Line 7: cnnlab makes the network with Net(), but Python says: missing a required "
        "argument: 'width'. Give each argument a default, as in def __init__(self, width=16).",
        id="arguments",
    ),
]
