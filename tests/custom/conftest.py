"""A user's networks are files: each test writes its own, and none was read before."""

import pytest

from cnnlab.custom import sandbox
from tests.support.custom_network import forget_files, try_here


@pytest.fixture(autouse=True)
def in_a_folder_of_its_own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    forget_files()


@pytest.fixture(autouse=True)
def tried_in_this_process(request, monkeypatch):
    """A child process loads PyTorch, which takes a second; test_sandbox.py has the child."""
    if request.path.name != "test_sandbox.py":
        monkeypatch.setattr(sandbox, "observe", try_here)
