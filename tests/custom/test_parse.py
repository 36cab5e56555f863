"""A file as it is written: its syntax, and which of its classes are networks."""

import pytest

from cnnlab.custom.find import check_network
from tests.support.custom_network import NET, check, only


def test_a_syntax_error_is_said_with_its_line():
    found = check(NET, ("def forward(self, x):", "def forward(self, x)"))
    assert only(found) == (
        "syntax",
        18,
        "mine.py, line 18 is not valid Python: expected ':'. The line is: def forward(self, x)",
    )
    assert not found.is_sound


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (
            "    wrong = [1 2]",
            "mine.py, line 6 is not valid Python: invalid syntax. Perhaps you forgot a comma? "
            "The line is: wrong = [1 2]",
        ),
        (
            "%matplotlib inline",
            "mine.py, line 6 is not valid Python: invalid syntax. The line is: %matplotlib "
            "inline. This is a notebook command: delete it.",
        ),
    ],
)
def test_a_syntax_error_ends_as_a_sentence_does(line, said):
    found = check(NET, ("class Net(", f"{line.strip()}\n\n\nclass Net("))
    assert only(found) == ("syntax", 6, said)


BLOCK = "class Block(nn.Module):\n    pass\n\nclass Net("


def test_of_several_classes_one_must_be_named():
    assert only(check(NET, ("class Net(", BLOCK))) == (
        "which-class",
        None,
        "mine.py has 2 networks: Block, Net. Name one, as in mine.py:Net.",
    )
    assert check_network("mine.py:Net").findings == ()
    assert check(NET, ("class Net(", BLOCK.replace("Block", "_Block"))).name == "mine.py:Net"


def test_what_is_no_network_is_not_taken_for_one():
    text = NET + "\nclass Settings:\n    width = 3\n\ndef make():\n    return Net()\n"
    assert check(text).name == "mine.py:Net"
    assert only(check("class Settings:\n    width = 3\n")) == (
        "which-class",
        None,
        "mine.py has no class that is a network. It has: Settings. If one of them returns a "
        "network, name it, as in mine.py:Settings.",
    )
    assert only(check("import torch\n")) == (
        "no-class",
        None,
        "mine.py has no class or function; cnnlab expected a network, class Net(nn.Module). If "
        "your network is a variable, return it from a function instead: def net(). For an "
        "example: cnnlab new first.py",
    )


def test_a_class_that_derives_from_another_of_the_file_is_a_network():
    text = NET + "\nclass Wider(Net):\n    pass\n\n\ndef late():\n    return Net()\n"
    assert only(check(text))[2] == (
        "mine.py has 2 networks: Net, Wider. Name one, as in mine.py:Wider."
    )
    assert check_network("mine.py:Wider").findings == ()


def test_tabs_among_spaces_are_named_with_the_cure():
    found = check(NET, ("class Net(", "if True:\n        a = 1\n\tb = 2\n\n\nclass Net("))
    assert only(found) == (
        "syntax",
        8,
        "mine.py, line 8 is not valid Python: inconsistent use of tabs and spaces in indentation. "
        "The line is: b = 2. Some lines begin with tabs, others with spaces: let your editor "
        "convert all tabs to spaces.",
    )
