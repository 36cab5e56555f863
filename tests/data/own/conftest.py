"""Own data sets in an empty folder, and what loading one says."""

import pytest

from cnnlab.data.own.load import load as load_images
from cnnlab.errors import DataError
from tests.support.library import Told


@pytest.fixture(autouse=True)
def empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def load(told):
    return lambda name: load_images(name, notify=told)


@pytest.fixture
def told():
    return Told()


@pytest.fixture
def refusal(load):
    """Return the words with which a data set is refused."""

    def refuse(name):
        with pytest.raises(DataError) as refused:
            load(name)
        return str(refused.value)

    return refuse
