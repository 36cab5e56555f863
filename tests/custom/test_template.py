import stat
import sys
from pathlib import Path

import pytest
import torch

from cnnlab.custom.find import build, check_network
from cnnlab.custom.template import starting_file, write_starting_file
from cnnlab.errors import ModelError
from cnnlab.training.engines.capture import plan_for


def test_the_starting_network_is_sound_and_its_comments_are_true():
    assert write_starting_file("mine.py") == Path("mine.py")
    found = check_network("mine.py")
    assert found.findings == ()
    assert found.name == "mine.py:Net"
    text = Path("mine.py").read_text()
    assert "cnnlab check mine.py" in text
    for layer in found.layers:
        if layer.kind in {"Conv2d", "MaxPool2d"}:
            assert f"-> {' x '.join(map(str, layer.output_shape))}" in text
    assert [layer.output_shape[0] for layer in found.layers if layer.kind == "Linear"] == [64, 10]


def test_fused_kernels_take_both_convolutions_of_the_starting_network():
    write_starting_file("mine.py")
    plan = plan_for(build("mine.py:Net"), torch.zeros(4, 1, 32, 32))
    assert plan.convolutions == {"features.0", "features.3"}
    assert not plan.is_partial


@pytest.mark.parametrize(
    "edits",
    [
        [("nn.Conv2d(8, 16", "nn.Conv2d(8, 32"), ("nn.Linear(16 * 5 * 5", "nn.Linear(32 * 5 * 5")],
        [("nn.ReLU(),  # numbers below 0 become 0", "nn.Tanh(),")],
        [("nn.Linear(64, 10)", "nn.Dropout(0.25), nn.Linear(64, 10)")],
    ],
)
def test_what_it_proposes_to_try_is_sound(edits):
    text = starting_file()
    for old, new in edits:
        assert old in text
        text = text.replace(old, new)
    Path("mine.py").write_text(text)
    assert check_network("mine.py").findings == ()


def test_more_filters_alone_are_answered_with_the_line_to_change():
    Path("mine.py").write_text(starting_file().replace("nn.Conv2d(8, 16", "nn.Conv2d(8, 32"))
    (finding,) = check_network("mine.py").findings
    lines = Path("mine.py").read_text().splitlines()
    assert finding.line == 1 + next(n for n, line in enumerate(lines) if "16 * 5 * 5, 64" in line)
    assert finding.message == (
        f"The first linear layer, classifier.0 (line {finding.line}), takes 400 numbers per "
        "image but gets 800. Write nn.Linear(800, 64)."
    )


def test_it_is_short_and_reads_as_simple_lines():
    lines = starting_file().splitlines()
    assert 35 <= len(lines) <= 50
    assert max(map(len, lines)) <= 100
    assert sum(line.startswith("# -") for line in lines) == 3


def test_a_file_that_is_there_is_left_as_it_is():
    Path("mine.py").write_text("mine")
    with pytest.raises(ModelError) as refused:
        write_starting_file("mine.py")
    assert str(refused.value) == (
        "mine.py already exists, and cnnlab did not change it. Choose another name, as in mine2.py."
    )
    assert Path("mine.py").read_text() == "mine"


@pytest.mark.parametrize(
    "name", ["mine", "mine.txt", "my-net.py", "2nd.py", "class.py", ".py", "my net.py"]
)
def test_a_name_that_is_no_python_files_is_refused(name):
    with pytest.raises(ModelError) as refused:
        write_starting_file(name)
    assert str(refused.value) == (
        f"{name} is not a valid name for a Python file. Use letters, digits and _ (no digit first, "
        "no keyword of Python), then .py, as in mine.py."
    )
    assert list(Path().iterdir()) == []


def test_a_folder_that_is_not_there_is_said():
    with pytest.raises(ModelError) as refused:
        write_starting_file("gone/mine.py")
    assert str(refused.value) == (
        f"Cannot write {Path('gone/mine.py')} (No such file or directory). Choose a folder that "
        "exists and is yours."
    )


def test_the_file_is_whole_and_readable_by_all(monkeypatch):
    def fail(*_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("os.fsync", fail)
        with pytest.raises(ModelError, match="No space left on device"):
            write_starting_file("mine.py")
    assert list(Path().iterdir()) == []
    write_starting_file("mine.py")
    if sys.platform != "win32":
        assert stat.S_IMODE(Path("mine.py").stat().st_mode) == 0o644


def test_it_learns():
    write_starting_file("mine.py")
    network = build("mine.py:Net", 0)
    labels = torch.arange(20) % 10
    images = torch.full((20, 1, 32, 32), -1.0)
    for image, label in zip(images, labels, strict=True):
        image[:, 3 * label : 3 * label + 3] = 1.0
    optimizer = torch.optim.SGD(network.parameters(), 0.05, momentum=0.9)
    losses = []
    for _ in range(30):
        loss = torch.nn.functional.cross_entropy(network(images), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < losses[0] / 2
