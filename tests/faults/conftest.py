import shutil
import tempfile
from pathlib import Path

import pytest
from tiny_training import result_of, start


@pytest.fixture
def memory():
    """A folder in memory where there is one: flushing to a disk takes most of a tiny training."""
    shared = Path("/dev/shm")
    folder = Path(tempfile.mkdtemp(prefix="cnnlab-", dir=shared if shared.is_dir() else None))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def whole(tmp_path_factory):
    """What a training gives that was never stopped."""
    return result_of(start(tmp_path_factory.mktemp("whole") / "run"))
