"""Fetching into a place: where the files lie then, one process at a time, no source left."""

import gzip
import pickle
import subprocess
import sys
import threading

import numpy as np
import pytest

from cnnlab.data import places
from cnnlab.data.catalog import find_data_set
from cnnlab.data.idx import write_idx
from cnnlab.errors import DataError, DataUnavailableError
from tests.support.library import IMAGES, get, names, obtain
from tests.support.mirror import PORTAL, Answer, body, status

pytestmark = pytest.mark.usefixtures("quick")


def test_a_fetched_set_lies_uncompressed_in_torchvisions_layout(tiny, mirror, cache, told):
    found = obtain(told)
    assert found.contents == tiny[1]
    assert {path.name: path.read_bytes() for path in cache.iterdir() if path.is_file()} == {
        ".lock": b"",
        **tiny[1],
    }
    assert cache == places.cache_root() / "Tiny" / "raw"
    assert told == [f"Tiny is now in {cache}, from {mirror.url}."]
    assert found.source == f"{mirror.url}, saved in the cache ({cache})"


def test_a_second_run_uses_the_cache(mirror, cache):
    obtain()
    assert len(mirror.seen) == 4
    assert obtain().source == f"the cache ({cache})"
    assert len(mirror.seen) == 4


def test_a_fetch_goes_to_the_named_folder(tiny, mirror, tmp_path, cache):
    found = get(data_dir=tmp_path / "named")
    raw = tmp_path / "named" / "Tiny" / "raw"
    assert found.place.folder == raw
    assert found.source == f"{mirror.url}, saved in the folder you named ({raw})"
    assert names(raw) == sorted(tiny[1])
    assert not cache.exists()


def test_all_mirrors_down_names_each_reason_and_leaves_nothing(mirrors, cache):
    mirrors[0].answer = status(404)
    mirrors[1].answer = body(PORTAL)
    with pytest.raises(DataUnavailableError) as caught:
        obtain()
    said = str(caught.value)
    assert said.startswith("Tiny could not be downloaded:\n  - ")
    assert f"  - {mirrors[0].url}{IMAGES}.gz: the server answered 404 Not Found." in said
    assert f"  - {mirrors[1].url}{IMAGES}.gz is a web page" in said
    assert "Try again with another internet connection, or copy the files" in said
    assert not cache.parent.exists()


@pytest.mark.parametrize("kept", ["Tiny/raw", "Tiny", "other/Tiny"])
def test_a_failed_get_removes_only_the_folders_that_it_made(mirror, tmp_path, kept):
    mirror.answer = status(404)
    (tmp_path / "stick" / kept).mkdir(parents=True)
    before = sorted((tmp_path / "stick").rglob("*"))
    with pytest.raises(DataUnavailableError):
        get(data_dir=tmp_path / "stick")
    assert sorted((tmp_path / "stick").rglob("*")) == before
    with pytest.raises(DataUnavailableError):
        get(data_dir=tmp_path / "new" / "stick")
    assert not (tmp_path / "new").exists()


def test_a_get_that_broke_off_keeps_what_it_has_to_resume(mirror, tmp_path):
    mirror.answer = Answer.half
    with pytest.raises(DataUnavailableError, match="cut off after"):
        get(data_dir=tmp_path / "stick")
    raw = tmp_path / "stick" / "Tiny" / "raw"
    assert names(raw) == [f"{IMAGES}.gz.part"]


def test_who_waits_for_one_that_fails_then_fetches_itself(tiny, mirror, cache, told):
    asked, go = threading.Event(), threading.Event()
    failed = []

    def fail():
        try:
            obtain()
        except DataUnavailableError as error:
            failed.append(error)

    mirror.answer_first(lambda request: (asked.set(), go.wait(30), request.send(b"no", 404)))
    first = threading.Thread(target=fail)
    first.start()
    assert asked.wait(30)
    found = obtain(lambda line: (told.append(line), go.set()))
    first.join()
    assert len(failed) == 1
    assert told[0] == "Another cnnlab is downloading the same data. Waiting for it ..."
    assert found.contents == tiny[1]
    assert names(cache) == sorted(tiny[1])


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
    worker.join(60)
    assert not worker.is_alive()
    assert "waiting" not in str(told)
    assert kept.value


def test_a_damaged_cache_is_passed_over_told_and_fetched_again(tiny, mirror, cache, told):
    obtain()
    (cache / IMAGES).write_bytes(tiny[1][IMAGES][:-1])
    assert obtain(told).contents == tiny[1]
    assert told[0].startswith(
        f"Skipping the cache ({cache}): {cache / IMAGES} is cut off or damaged"
    )
    assert len(mirror.ranges) == 2
    assert (cache / IMAGES).read_bytes() == tiny[1][IMAGES]


def test_a_folder_below_a_file_cannot_be_written(tiny, mirror, tmp_path):
    (tmp_path / "file").touch()
    said = r"Cannot write to .*file/Tiny/raw \(Not a directory\)\. Name a folder of your own"
    with pytest.raises(DataError, match=said):
        get(data_dir=tmp_path / "file")
    assert mirror.seen == []


CHILD = """
import pickle, sys
from cnnlab.data.library import Library
data_set = pickle.load(open(sys.argv[1], "rb"))
found = Library(sys.argv[2]).get(data_set)
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
    assert waiting == "Another cnnlab is downloading the same data. Waiting for it ...\n"
    assert outputs[0][0] == f"4 {mirror.url}, saved in the folder you named ({raw})\n"
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
    assert told == ["Another cnnlab is downloading the same data. Waiting for it ..."]
    assert found.source == f"the cache ({cache})"
    assert len(mirror.seen) == 4
