"""Tensors in files: loading returns exactly what was written, or raises an error."""

import pytest
import safetensors.torch
import torch

from cnnlab.errors import RunError
from cnnlab.runs.tensors import load_tensors, save_tensors

TENSORS = {
    "halves": torch.arange(6, dtype=torch.bfloat16).reshape(2, 3) / 2,
    "count": torch.tensor(7),
    "nothing": torch.zeros(0, 4),
    "mask": torch.tensor([True, False]),
}
ABOUT = {"epoch": 3, "learning_rate": 0.1 + 0.2}


@pytest.fixture
def path(tmp_path):
    save_tensors(tmp_path / "tensors", TENSORS, ABOUT)
    return tmp_path / "tensors"


def test_what_was_written_is_loaded(path):
    tensors, about = load_tensors(path)
    assert about == ABOUT
    assert tensors.keys() == TENSORS.keys()
    assert all(torch.equal(tensors[name], each) for name, each in TENSORS.items())
    assert all(tensors[name].dtype == each.dtype for name, each in TENSORS.items())


def test_each_bit_of_a_tensor_counts(path):
    honest = path.read_bytes()
    first = 8 + int.from_bytes(honest[:8], "little")
    assert len(honest) - first == 12 + 8 + 2
    for at in range(first, len(honest)):
        for bit in range(8):
            content = bytearray(honest)
            content[at] ^= 1 << bit
            path.write_bytes(content)
            with pytest.raises(RunError, match="tensors is damaged: its contents do not match"):
                load_tensors(path)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'epoch\\": 3', b'epoch\\": 4'),
        (b'sha256\\": \\"', b'sha256\\":\\"0'),
        (b'"shape":[2,3]', b'"shape":[3,2]'),
        (b'"dtype":"BF16"', b'"dtype": "F16"'),
        (b"halves", b"halved"),
    ],
)
def test_what_the_header_says_counts(path, old, new):
    honest = path.read_bytes()
    assert honest.count(old) == 1
    path.write_bytes(honest.replace(old, new))
    with pytest.raises(RunError, match="tensors is damaged: its contents do not match its check"):
        load_tensors(path)


def test_a_file_without_a_checksum_opens(path):
    path.write_bytes(safetensors.torch.save(TENSORS, {"cnnlab": '{"epoch": 3}'}))
    assert load_tensors(path)[1] == {"epoch": 3}


def test_the_same_is_written_to_the_same_bytes(path):
    written = path.read_bytes()
    for _ in range(20):
        save_tensors(path, dict(reversed(TENSORS.items())), ABOUT)
        assert path.read_bytes() == written


def test_one_layer_under_two_names_is_saved_under_both(tmp_path):
    weight = torch.arange(4.0)
    save_tensors(tmp_path / "tensors", {"one": weight, "two": weight, "part": weight[:2]}, ABOUT)
    tensors, _ = load_tensors(tmp_path / "tensors")
    assert [tensors[name].tolist() for name in ("one", "two", "part")] == [
        [0, 1, 2, 3],
        [0, 1, 2, 3],
        [0, 1],
    ]
