"""One address: everything that can go wrong on the way, and resuming."""

import dataclasses
import gzip
import io
import re
import ssl
import urllib.error
from pathlib import Path

import numpy as np
import pytest

from cnnlab.data import catalog, download
from cnnlab.data.catalog import find_data_set
from cnnlab.data.idx import write_idx
from cnnlab.errors import DataError, DataUnavailableError
from tests.support.library import FULL, IMAGES, LABELS, names, no_space, obtain
from tests.support.mirror import PORTAL, Answer, body, status

pytestmark = pytest.mark.usefixtures("quick")


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
        (body(PORTAL), "is a web page, not an IDX file. A login page", 1),
        (body(gzip.compress(PORTAL)), "is a web page, not an IDX file. A login page", 1),
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
            "unpacks to more than the expected 235,216 bytes: it is not",
            1,
        ),
        (
            body(b"short", length=2**42),
            "announced 4,398,046,511,104 bytes; expected at most 235,216",
            1,
        ),
        (body(bytes(300_000), length=0), "the server sent more than the expected 235,216 bytes", 1),
        (Answer.half, "cut off after", 3),
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
    assert found.source == f"{second.url}, saved in the cache ({cache})"


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
    assert obtain(told).source.startswith(mirrors[1].url)
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


@pytest.fixture
def distrusted(monkeypatch):
    """Let mirrors with ``word`` in their address show a certificate that nobody trusts."""

    class Asked(list):
        word = "http"

    asked, real = Asked(), download.urllib.request.urlopen

    def urlopen(request, **settings):
        asked.append(request.full_url)
        if asked.word not in request.full_url:
            return real(request, **settings)
        fault = ssl.SSLCertVerificationError(1, "certificate verify failed")
        fault.verify_message = "unable to get local issuer certificate"
        raise urllib.error.URLError(fault)

    monkeypatch.setattr(download.urllib.request, "urlopen", urlopen)
    return asked


def test_a_certificate_that_is_not_trusted_is_tried_once_and_the_cure_is_named(
    mirrors, distrusted, cache
):
    with pytest.raises(DataUnavailableError) as caught:
        obtain()
    assert distrusted == [f"{mirror.url}{IMAGES}.gz" for mirror in mirrors]
    first, second = (
        f"  - {mirror.url}{IMAGES}.gz: this computer does not trust the server's certificate "
        "(unable to get local issuer certificate)."
        for mirror in mirrors
    )
    assert str(caught.value).splitlines() == [
        "Tiny could not be downloaded:",
        first,
        second,
        "Trying again does not help as long as this computer does not trust the certificate. "
        "Causes and what to do:",
        "  - Python from python.org on a Mac: open Applications > Python 3.x and run "
        "'Install Certificates.command'.",
        "  - A school's or a company's network shows its own certificate: ask for its file (PEM) "
        "and set the environment variable SSL_CERT_FILE to that file.",
        "  - The date of this computer is wrong: set it.",
        "Or copy the files from another computer with a USB stick, and name their folder with "
        "--data-dir.",
    ]
    assert not cache.parent.exists()


def test_another_mirror_helps_where_one_is_not_trusted(tiny, mirrors, distrusted, told):
    distrusted.word = mirrors[0].url
    assert obtain(told).contents == tiny[1]
    assert told[0].startswith(f"Mirror failed: {mirrors[0].url}{IMAGES}.gz: this computer does not")


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
    assert not cache.parent.exists()
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
    assert not cache.parent.exists()
    assert mirrors[1].seen == []
