"""IDX bytes: what is written is read again, and whatever is malformed is refused."""

import gzip
import lzma
import random
import struct
import sys
import tracemalloc
from contextlib import contextmanager

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as stn

from cnnlab.data.idx import decompress, looks_like_html, read_idx, unpack, write_idx
from cnnlab.errors import DataError

ARRAYS = stn.arrays(np.uint8, stn.array_shapes(min_dims=1, max_dims=3, min_side=0, max_side=6))
PATIENT = settings(deadline=None, max_examples=300)
EXTENTS = st.one_of(st.integers(0, 4), st.sampled_from([2**16, 2**31, 2**32 - 1]))


def header(*shape, type_code=0x08, first=0, dimensions=None):
    count = len(shape) if dimensions is None else dimensions
    return struct.pack(f">HBB{len(shape)}I", first, type_code, count, *shape)


@st.composite
def mutated_files(draw):
    content = bytearray(write_idx(draw(ARRAYS)))
    for change in draw(st.lists(st.sampled_from(["flip", "cut", "add", "head"]), max_size=4)):
        if change == "flip" and content:
            place = draw(st.integers(0, len(content) - 1))
            content[place] ^= 1 << draw(st.integers(0, 7))
        elif change == "cut":
            del content[draw(st.integers(0, len(content))) :]
        elif change == "add":
            content += draw(st.binary(max_size=20))
        elif change == "head":
            made_up = header(*draw(st.lists(EXTENTS, min_size=1, max_size=4)))
            content[: len(made_up)] = made_up
    return bytes(content)


@contextmanager
def at_most(byte_count):
    """Fail where the block takes more memory than that at once."""
    tracemalloc.start()
    try:
        yield
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak <= byte_count


def reads_exactly_or_refuses(content):
    with at_most(50_000):
        try:
            array = read_idx(content)
        except DataError:
            return
    start = 4 + 4 * array.ndim
    assert array.shape == struct.unpack(f">{array.ndim}I", content[4:start])
    assert array.tobytes() == content[start:]


@PATIENT
@given(ARRAYS)
def test_what_is_written_is_read_again(array):
    again = read_idx(write_idx(array))
    assert again.dtype == np.uint8
    assert again.shape == array.shape
    assert np.array_equal(again, array)


def test_bytes_on_disk_are_lecuns_format():
    array = np.array([[1, 2, 3], [4, 5, 6]], np.uint8)
    assert write_idx(array) == bytes([0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 3, 1, 2, 3, 4, 5, 6])


def test_an_array_that_is_not_contiguous_is_written_in_reading_order():
    array = np.arange(6, dtype=np.uint8).reshape(2, 3).T
    assert np.array_equal(read_idx(write_idx(array)), array)


def test_the_array_is_a_read_only_view():
    array = read_idx(write_idx(np.zeros(3, np.uint8)))
    with pytest.raises(ValueError, match="read-only"):
        array[0] = 1


@PATIENT
@given(st.binary(max_size=100))
def test_any_bytes_are_read_exactly_or_refused(content):
    reads_exactly_or_refuses(content)


@PATIENT
@given(mutated_files())
def test_mutated_files_are_read_exactly_or_refused(content):
    reads_exactly_or_refuses(content)


@PATIENT
@given(st.lists(EXTENTS, min_size=1, max_size=3), st.binary(max_size=70))
def test_made_up_headers_are_read_exactly_or_refused(shape, data):
    reads_exactly_or_refuses(header(*shape) + data)


def test_a_header_that_promises_terabytes_is_refused_with_little_memory():
    content = header(60_000, 28_000, 28_000) + bytes(100)
    with (
        at_most(50_000),
        pytest.raises(DataError, match=r"announces 47,040,000,000,000 bytes .* but 100 follow"),
    ):
        read_idx(content)


@pytest.mark.parametrize("empty", [0, 1, 2])
def test_an_empty_array_of_impossible_dimensions_is_refused(empty):
    shape = [2**32 - 1] * 3
    shape[empty] = 0
    with pytest.raises(DataError, match=r"a\.idx has impossible dimensions .*4,294,967,295"):
        read_idx(header(*shape), "a.idx")


def test_a_wrong_magic_number_is_named():
    with pytest.raises(DataError, match=r"a\.idx has a wrong magic number: .* found 89 50"):
        read_idx(b"\x89PNG\r\n", "a.idx")


def test_another_element_type_is_named():
    with pytest.raises(DataError, match=r"a\.idx has element type 0x0d; expected 0x08"):
        read_idx(header(1, type_code=0x0D) + bytes(4), "a.idx")


@pytest.mark.parametrize("dimensions", [0, 4, 255])
def test_a_wrong_number_of_dimensions_is_named(dimensions):
    with pytest.raises(DataError, match=rf"a\.idx has {dimensions} dimensions; expected 1"):
        read_idx(header(1, 1, 1, 1, dimensions=dimensions) + b"\0", "a.idx")


@pytest.mark.parametrize("data", [b"\1\2\3", b"\1\2\3\4\5"], ids=["short", "long"])
def test_a_wrong_length_is_named(data):
    said = rf"a\.idx .*: its header announces 4 bytes of data \(2 x 2\), but {len(data)} follow\."
    with pytest.raises(DataError, match=said):
        read_idx(header(2, 2) + data, "a.idx")


def test_a_file_that_ends_inside_its_header_is_named():
    with pytest.raises(
        DataError, match=r"a\.idx ends inside its header: it has 10 of 16 bytes\. Down"
    ):
        read_idx(header(2, 2, 2)[:10], "a.idx")


@pytest.mark.parametrize("content", [b"", b"\0\0\x08"])
def test_a_file_too_short_for_a_header_is_named(content):
    with pytest.raises(DataError, match=rf"a\.idx is {len(content)} bytes long: too short"):
        read_idx(content, "a.idx")


@pytest.mark.parametrize(
    "page",
    [b"<!DOCTYPE html><title>Log in</title>", b"\r\n  <HTML>", b"\xef\xbb\xbf<?xml version='1'?>"],
)
def test_a_web_page_is_called_one(page):
    with pytest.raises(DataError, match=r"a\.idx is a web page, not an IDX file.* log in to"):
        read_idx(page, "a.idx")


def test_an_idx_file_does_not_look_like_a_web_page():
    assert not looks_like_html(write_idx(np.frombuffer(b"<html>", np.uint8)))


@pytest.mark.parametrize(
    ("array", "found"),
    [
        (np.zeros(2, np.int64), "int64 of 1"),
        (np.zeros((), np.uint8), "uint8 of 0"),
        (np.zeros((1, 1, 1, 1), np.uint8), "uint8 of 4"),
    ],
)
def test_only_unsigned_bytes_of_one_to_three_dimensions_are_written(array, found):
    with pytest.raises(DataError, match=f"holds uint8 of 1 to 3 dimensions; found {found}"):
        write_idx(array)


# --- gzip and xz ----------------------------------------------------------------------------


def xz(content):
    return lzma.compress(content, preset=0)


MAGIC_BYTES = {"gzip": 2, "xz": 6}
PACKERS = pytest.mark.parametrize(
    ("pack", "kind"), [(gzip.compress, "gzip"), (xz, "xz")], ids=list(MAGIC_BYTES)
)


@PACKERS
@PATIENT
@given(content=st.binary(max_size=300))
def test_a_packed_file_is_unpacked_up_to_its_limit(pack, kind, content):
    assert decompress(pack(content), len(content), "a.gz") == content


def test_bytes_that_are_not_packed_pass_unchanged():
    assert decompress(b"\0\0\x08\1", 1, "a") == b"\0\0\x08\1"


@PACKERS
def test_every_truncation_of_a_packed_file_is_refused(pack, kind):
    packed = pack(random.Random(1).randbytes(100))
    for size in range(MAGIC_BYTES[kind], len(packed)):
        with pytest.raises(DataError, match=rf"a is a truncated {kind} file: .* of 100 unpacked"):
            decompress(packed[:size], 100, "a")


def test_a_gzip_file_with_a_wrong_checksum_is_refused():
    packed = bytearray(gzip.compress(bytes(100)))
    packed[-6] ^= 1
    with pytest.raises(DataError, match=r"a\.gz is a damaged gzip file \(.*incorrect data check"):
        decompress(bytes(packed), 100, "a.gz")


def test_an_xz_file_with_a_wrong_checksum_is_refused():
    packed = bytearray(xz(bytes(100)))
    packed[30] ^= 1
    with pytest.raises(DataError, match=r"^a\.xz is a damaged xz file \(Corrupt input data\)\. D"):
        decompress(bytes(packed), 100, "a.xz")


@PACKERS
@PATIENT
@given(data=st.data())
def test_a_damaged_packed_file_gives_its_content_or_is_refused(pack, kind, data):
    content = bytes(range(100))
    packed = bytearray(pack(content))
    packed[data.draw(st.integers(MAGIC_BYTES[kind], len(packed) - 1))] ^= 1 << data.draw(
        st.integers(0, 7)
    )
    try:
        assert decompress(bytes(packed), 100, "a") == content
    except DataError as error:
        assert str(error).startswith("a ")


@PACKERS
def test_one_byte_above_the_limit_is_refused(pack, kind):
    with pytest.raises(
        DataError, match=r"a\.gz unpacks to more than the expected 99 bytes: it is not"
    ):
        decompress(pack(bytes(100)), 99, "a.gz")


@PACKERS
def test_a_packed_bomb_takes_no_more_memory_than_the_limit(pack, kind):
    limit = 1_000_000
    bomb = pack(bytes(64 * limit))
    with (
        at_most(2 * limit + 500_000),  # blocks, the string joined from them, xz's dictionary
        pytest.raises(DataError, match=r"more than the expected 1,000,000 bytes: it is not"),
    ):
        decompress(bomb, limit, "bomb.gz")


def test_an_xz_file_that_asks_for_much_memory_is_refused():
    huge = lzma.compress(bytes(100), preset=9)  # a dictionary of 64 MiB
    with pytest.raises(DataError, match=r"a\.xz is a damaged xz file \(Memory usage limit"):
        decompress(huge, 100, "a.xz")


def test_a_python_without_lzma_is_told(monkeypatch):
    monkeypatch.setitem(sys.modules, "lzma", None)
    said = "^a.xz cannot be unpacked: this Python has no module lzma. Install Python from "
    with pytest.raises(DataError, match=said):
        decompress(xz(b"a"), 1, "a.xz")


@PACKERS
def test_a_large_packed_file_can_be_read_in_pieces_with_little_memory(pack, kind):
    packed = pack(bytes(50_000_000))
    with at_most(1_000_000):  # a piece, what is left of the packed one, xz's dictionary
        assert sum(map(len, unpack(packed, 50_000_000, "a"))) == 50_000_000
