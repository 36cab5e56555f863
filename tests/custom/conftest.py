"""Networks of a student's own are files: each test writes its own, and none was read before."""

import pytest

from tests.support.custom_network import forget_files


@pytest.fixture(autouse=True)
def in_a_folder_of_its_own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    forget_files()
