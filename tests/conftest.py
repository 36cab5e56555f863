"""Shared by all tests: no test touches the user's folders, settings or network by accident."""

import gzip
import hashlib
import os
import shutil
import signal
import sys
import tempfile
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from cnnlab.cli.main import main
from cnnlab.data import catalog
from cnnlab.data.catalog import DataFile, DataSet, SplitRule
from cnnlab.data.idx import write_idx
from cnnlab.data.images import ImageSet
from cnnlab.data.library import Library
from cnnlab.data.splits import PreparedSplits, Splits
from cnnlab.data.tensors import TensorSet
from cnnlab.startup import let_waiting_threads_sleep
from tests.support.browser import CHROMIUM
from tests.support.tiny import tiny_arrays

let_waiting_threads_sleep()  # as the command line does it, before PyTorch is loaded
if "PYTEST_XDIST_WORKER" in os.environ:  # as many processes as cores: each computes in one thread
    os.environ.setdefault("OMP_NUM_THREADS", "1")


@cache
def has_fashion_mnist() -> bool:
    """Return whether this machine has the whole data set; nothing is downloaded."""
    return Library().find_folder(catalog.DATA_SETS["fashion-mnist"]) is not None


def pytest_collection_modifyitems(items):
    """Mark what opens pages in the browser."""
    for item in items:
        if "browser" in getattr(item, "fixturenames", ()):
            item.add_marker("browser")


def pytest_runtest_setup(item):
    """Skip a test of the real data sets on a machine that does not have them."""
    if item.get_closest_marker("real_data") and not has_fashion_mnist():
        pytest.skip("Fashion-MNIST is not on this machine. Run: cnnlab data get fashion-mnist")


@pytest.fixture(autouse=True)
def own_folders(tmp_path, monkeypatch, request):
    """Give each test its own cache and no Debian folder; real-data tests keep the machine's."""
    if request.node.get_closest_marker("real_data"):
        return
    monkeypatch.delenv("CNNLAB_DATA", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr("cnnlab.data.places.cache_root", lambda: tmp_path / "cache" / "data")
    monkeypatch.setattr("cnnlab.data.places.DEBIAN_FOLDER", tmp_path / "debian")


@pytest.fixture(scope="module")
def prepared() -> PreparedSplits:
    """Return 320 training and 80 validation images of `tiny_arrays`, as a network takes them."""
    classes = catalog.DATA_SETS["fashion-mnist"].classes
    made = [
        ImageSet(images, labels.astype(np.int64), classes)
        for images, labels in (tiny_arrays(320, 1), tiny_arrays(80, 2))
    ]
    train, validation = made
    data_set = catalog.DATA_SETS["fashion-mnist"]
    return Splits(data_set, train, train, validation, validation, "made here").on("cpu")


@pytest.fixture(scope="module")
def sets(prepared) -> list[TensorSet]:
    """Return the training and validation images of `prepared`."""
    return [prepared.train, prepared.validation]


@pytest.fixture
def tiny(monkeypatch) -> tuple[DataSet, dict[str, bytes]]:
    """Register a data set ``tiny``: 240 train, 60 validation, 100 test; and its bytes."""
    train_images, train_labels = tiny_arrays(300, seed=1)
    test_images, test_labels = tiny_arrays(100, seed=2)
    files, contents = [], {}
    for name, array in (
        ("train-images-idx3-ubyte", train_images),
        ("train-labels-idx1-ubyte", train_labels),
        ("t10k-images-idx3-ubyte", test_images),
        ("t10k-labels-idx1-ubyte", test_labels),
    ):
        contents[name] = write_idx(array)
        files.append(DataFile(name, hashlib.sha256(contents[name]).hexdigest(), array.shape))
    data_set = replace(
        catalog.DATA_SETS["fashion-mnist"],
        name="tiny",
        title="Tiny",
        folder="Tiny",
        train_images=files[0],
        train_labels=files[1],
        test_images=files[2],
        test_labels=files[3],
        split=SplitRule(seed=42, validation=60),
        mirrors=(),
        debian_package=None,
    )
    monkeypatch.setitem(catalog.DATA_SETS, "tiny", data_set)
    return data_set, contents


@pytest.fixture
def tiny_folder(tiny, tmp_path, monkeypatch) -> Path:
    """Write ``tiny`` as gzip files in torchvision's layout, and name the folder."""
    data_set, contents = tiny
    root = tmp_path / "named"
    raw = root / data_set.folder / "raw"
    raw.mkdir(parents=True)
    for name, content in contents.items():
        (raw / f"{name}.gz").write_bytes(gzip.compress(content))
    monkeypatch.setenv("CNNLAB_DATA", str(root))
    return root


@pytest.fixture
def cnnlab(monkeypatch, capsys, tmp_path, tiny_folder):
    """Run the command line in an empty folder; return its exit status, output and errors."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")

    def call(*arguments):
        monkeypatch.setattr(sys, "argv", ["cnnlab", *map(str, arguments)])
        status, before = 0, signal.getsignal(signal.SIGINT)
        try:
            main()
        except SystemExit as stop:
            status = stop.code or 0
        finally:
            signal.signal(signal.SIGINT, before)  # a stopped command leaves it ignored
        out, err = capsys.readouterr()
        return status, out, err

    return call


@pytest.fixture
def memory():
    """A folder in memory where there is one: flushing to a disk takes most of a tiny training."""
    shared = Path("/dev/shm")
    folder = Path(tempfile.mkdtemp(prefix="cnnlab-", dir=shared if shared.is_dir() else None))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def whole(tmp_path_factory):
    """What the training of tests/faults gives that was never stopped."""
    from tests.support.tiny_training import result_of, start

    return result_of(start(tmp_path_factory.mktemp("whole") / "run"))


@pytest.fixture(scope="session")
def browser():
    """Return the system's Chromium, started once."""
    if CHROMIUM is None:
        pytest.skip("no Chromium on this system")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield started
        started.close()


@pytest.fixture(scope="module")
def one_thread():
    """Compute in one thread: with so few images, several mostly wait for each other."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
