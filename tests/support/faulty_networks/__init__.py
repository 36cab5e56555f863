"""Faulty networks: the edits of `NET`, then the kind, line and message of what must be found.

Each file has those whose finding is worded in the file of that name in cnnlab.custom.
"""

import pytest

from tests.support.faulty_networks import (
    advice,
    check,
    learning,
    network,
    probes,
    saving,
    shapes,
    trial,
)

_FILES = (advice, check, learning, network, probes, saving, shapes, trial)
FAULTS = [fault for file in _FILES for fault in file.FAULTS]


def each_of(faults):
    """Run a test once for each fault."""
    return pytest.mark.parametrize(("edits", "kind", "line", "message"), faults)
