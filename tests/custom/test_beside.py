"""The files beside a network's file: found in its text, used by it, kept apart from others'."""

import sys
from pathlib import Path

import pytest
import torch

from cnnlab.custom import beside
from cnnlab.custom.beside import files_beside
from cnnlab.custom.find import build, check_network, find_network
from cnnlab.custom.finding import FaultError

NET = """\
from torch import nn
import sizes
def Net():
    return nn.Sequential(
        nn.Flatten(), nn.Linear(1024, sizes.WIDTH), nn.ReLU(), nn.Linear(sizes.WIDTH, 10)
    )
"""


def named(text: str, *there: str) -> list[str]:
    """Return the names of the files that a text needs, of those that are there."""
    for name in there:
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_text("")
    return [name for name, _ in files_beside(Path("mine.py"), text)]


@pytest.mark.parametrize(
    ("text", "needed"),
    [
        ("import sizes", ["sizes.py"]),
        ("import sizes as s, torch", ["sizes.py"]),
        ("from sizes import WIDTH", ["sizes.py"]),
        ("def Net():\n    import sizes", ["sizes.py"]),
        ("import blocks.small", ["blocks/__init__.py", "blocks/small.py"]),
        ("from blocks import small", ["blocks/__init__.py", "blocks/small.py"]),
        ('open("start.txt")', ["start.txt"]),
        ('Path(__file__).with_name("start.txt")', ["start.txt"]),
        ('Path(__file__).parent / "weights" / "a.pt"', ["weights/a.pt"]),
        ('open("weights/a.pt")', ["weights/a.pt"]),
        ('os.path.join(os.path.dirname(__file__), "weights", "a.pt")', ["weights/a.pt"]),
        ('if __name__ == "__main__":\n    import sizes\n    open("start.txt")', []),
        ('"""start.txt is not opened here."""', []),
        ('open("../start.txt")', []),
        ('open("weights")', []),
        ("import torch", []),
        ("def broken(", []),
    ],
)
def test_what_a_text_imports_or_names_is_found(text, needed):
    there = ("sizes.py", "blocks/__init__.py", "blocks/small.py", "start.txt", "weights/a.pt")
    assert named(text, *there) == needed


def test_what_those_files_need_is_found_too():
    Path("blocks").mkdir()
    Path("blocks/__init__.py").write_text("from .small import Block")
    Path("blocks/small.py").write_text("from . import tiny\nimport sizes\nopen('note.txt')")
    there = ("blocks/tiny.py", "blocks/note.txt", "sizes.py", "other.py")
    assert named("import blocks", *there) == [
        "blocks/__init__.py",
        "blocks/note.txt",
        "blocks/small.py",
        "blocks/tiny.py",
        "sizes.py",
    ]


def test_files_that_are_too_large_to_keep_are_refused_in_words(monkeypatch):
    monkeypatch.setattr(beside, "MOST_BYTES", 2_000_000)
    Path("images.npy").write_bytes(bytes(3_000_000))
    Path("mine.py").write_text(f'{NET}images = "images.npy"\n')
    message = (
        "mine.py names images.npy (3 MB). Each run keeps a copy of the files that its network "
        'needs, at most 2 MB. If the network does not need it, read it under if __name__ == "__main'
        '__": at the end of the file.'
    )
    assert [each.message for each in check_network("mine.py").findings] == [message]
    with pytest.raises(FaultError) as error:
        find_network("mine.py")
    assert str(error.value) == message


def test_a_network_takes_its_files_with_it():
    Path("mine.py").write_text(
        f"{NET}with open('start.txt') as file:\n    len(file.read()) or 1 / 0\n"
    )
    Path("sizes.py").write_text("WIDTH = 3")
    Path("start.txt").write_text("1")
    report = check_network("mine.py:Net")
    assert report.findings == ()
    assert report.files == ("sizes.py", "start.txt")
    network = find_network("mine.py:Net")
    for name in ("mine.py", "sizes.py", "start.txt"):
        Path(name).unlink()
    assert network.build(0)[1].out_features == 3


def test_two_networks_may_have_files_of_one_name():
    for folder, width in (("a", 3), ("b", 4)):
        Path(folder).mkdir()
        Path(folder, "mine.py").write_text(NET)
        Path(folder, "sizes.py").write_text(f"WIDTH = {width}")
    widths = [build(f"{each}/mine.py:Net")[1].out_features for each in ("a", "b", "a")]
    assert widths == [3, 4, 3]
    assert "sizes" not in sys.modules
    one, other = (find_network(f"{each}/mine.py:Net").source for each in ("a", "b"))
    assert one.text == other.text
    assert one.sha256 != other.sha256


def test_forward_may_import_such_a_file():
    Path("flat.py").write_text("def flat(x): return x.flatten(1)")
    Path("mine.py").write_text(
        "from torch import nn\n"
        "class Net(nn.Linear):\n"
        "    def __init__(self): super().__init__(1024, 10)\n"
        "    def forward(self, x):\n"
        "        from flat import flat\n"
        "        return super().forward(flat(x))\n"
    )
    assert check_network("mine.py:Net").findings == ()
    assert build("mine.py:Net")(torch.zeros(2, 1, 32, 32)).shape == (2, 10)
