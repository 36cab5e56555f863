"""Where files are looked for, first to last."""

import pytest

from tests.support.library import obtain, put

pytestmark = pytest.mark.usefixtures("quick")


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
