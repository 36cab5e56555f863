"""Let the C library keep freed memory, so that the next step can reuse it."""

import ctypes
import os
import platform
import sys
from functools import cache

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3
_DASKS_OWN = "65536"  # what Dask sets for each of its workers: a person did not choose it
_KEEP_BYTES = (1 << 30, 1 << 25)  # older versions of glibc refuse the larger


@cache
def keep_freed_memory() -> bool:
    """Let glibc's allocator reuse large blocks of memory; return whether that worked.

    By default glibc returns each freed activation to the kernel and requests it again in the
    next step; the page faults cost a third of an epoch. With this setting the process keeps its
    peak of memory until it ends. Nothing else changes. Without glibc, this does nothing. A process
    that set ``MALLOC_MMAP_THRESHOLD_`` or ``MALLOC_TRIM_THRESHOLD_`` keeps its own setting.
    """
    if not sys.platform.startswith("linux") or platform.libc_ver()[0] != "glibc":
        return False
    names = ("MALLOC_MMAP_THRESHOLD_", "MALLOC_TRIM_THRESHOLD_")
    if any(os.environ.get(name, _DASKS_OWN) != _DASKS_OWN for name in names):
        return False
    mallopt = ctypes.CDLL(None).mallopt
    done = [
        any(mallopt(parameter, size) for size in _KEEP_BYTES)
        for parameter in (_M_MMAP_THRESHOLD, _M_TRIM_THRESHOLD)
    ]
    return all(done)
