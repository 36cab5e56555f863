"""A run on the sample that comes with cnnlab, for all tests of the classroom."""

from pathlib import Path

import pytest

from tests.support.trained import train_on_sample


@pytest.fixture(scope="session")
def folder(tmp_path_factory) -> Path:
    """Return a LeNet-5 that was trained for one epoch on the sample."""
    return train_on_sample(tmp_path_factory.mktemp("slides") / "run")
