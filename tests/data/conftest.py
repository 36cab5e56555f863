"""``tiny`` on mirrors, in the cache, in every place; and no network."""

import dataclasses

import pytest

from cnnlab.data import catalog, download, places, sources
from cnnlab.data.catalog import find_data_set
from cnnlab.data.own.load import load
from tests.support.library import Told, put
from tests.support.mirror import Mirror


@pytest.fixture
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


@pytest.fixture
def told():
    return Told()


@pytest.fixture
def everywhere(tiny, tmp_path, cache, monkeypatch):
    """Put ``tiny`` in a named folder, the cache and the Debian folder."""
    data_set = dataclasses.replace(tiny[0], debian_package="dataset-tiny")
    monkeypatch.setitem(catalog.DATA_SETS, "tiny", data_set)
    folders = [tmp_path / "named" / "Tiny" / "raw", cache, places.DEBIAN_FOLDER / "tiny"]
    for folder in folders:
        put(folder, tiny[1], compressed=True)
    return folders


@pytest.fixture(scope="module")
def fashion():
    return load("fashion-mnist", offline=True, notify=[].append)


@pytest.fixture(scope="module")
def sample():
    return load("fashion-mnist-sample", offline=True, notify=[].append)
