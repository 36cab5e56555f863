"""A run on the sample that comes with cnnlab, for all tests of the classroom."""

from pathlib import Path

import pytest

from cnnlab.cli.main import run


def pytest_collection_modifyitems(items):
    for item in items:
        if "browser" in getattr(item, "fixturenames", ()):
            item.add_marker("browser")


@pytest.fixture(scope="session")
def folder(tmp_path_factory) -> Path:
    """Return a LeNet-5 that was trained for one epoch on the sample."""
    folder = tmp_path_factory.mktemp("slides") / "run"
    settings = "--dataset fashion-mnist-sample --recipe sprint --epochs 1 --offline"
    run(["train", *settings.split(), "--output", str(folder)])
    return folder
