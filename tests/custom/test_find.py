"""A name to a network: what is refused, and what only warns."""

import pytest

from cnnlab.custom.find import check_network, find_network
from cnnlab.errors import ModelError
from tests.support.custom_network import NET, check, forget_files
from tests.support.faulty_networks import FAULTS, each_of


def test_an_unknown_name_is_refused():
    with pytest.raises(ModelError, match=r"There is no model 'lenet'\. Did you mean 'lenet5'"):
        check_network("lenet")


@each_of(FAULTS)
def test_only_what_stops_training_keeps_a_network_from_being_found(edits, kind, line, message):
    (finding,) = check(NET, *edits, name="mine.py:Net").findings
    forget_files()
    lets_pass = {
        *("top-level", "frozen", "log-softmax", "softmax", "squashed", "no-gradient", "unused"),
        *("random", "batch-dependent", "input-changed", "constant", "dropout"),
    }
    assert (finding.effect == "stops") == (kind not in lets_pass)
    if kind in lets_pass:
        assert find_network("mine.py:Net").name == "mine.py:Net"
        return
    with pytest.raises(ModelError) as refused:
        find_network("mine.py:Net")
    assert str(refused.value) == f"mine.py: {finding.message}"
