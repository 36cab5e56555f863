"""Freed memory is kept, unless the user said otherwise."""

import platform
import subprocess
import sys

import pytest


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="glibc only")
@pytest.mark.parametrize(
    ("variable", "value", "told"),
    [
        ("UNRELATED", "131072", True),
        ("MALLOC_TRIM_THRESHOLD_", "131072", False),
        ("MALLOC_TRIM_THRESHOLD_", "65536", True),  # by Dask, for every worker
    ],
)
def test_allocator_is_told_unless_the_user_told_it(variable, value, told):
    code = "from cnnlab.training.engines.memory import keep_freed_memory as k; print(k())"
    result = subprocess.run(
        [sys.executable, "-c", code],
        env={variable: value, "PATH": ""},
        capture_output=True,
        text=True,
        check=True,
    )
    assert result.stdout.strip() == str(told)
