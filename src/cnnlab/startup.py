"""Settings that must be made before PyTorch is loaded."""

import os


def let_waiting_threads_sleep() -> None:
    """Let OpenMP's waiting threads sleep, unless the user has set how they wait.

    GNU OpenMP reads this setting when PyTorch loads it. By default a waiting thread keeps its core
    busy for so long that a browser on the other core makes an epoch up to ten times slower.
    """
    if "OMP_WAIT_POLICY" not in os.environ:
        os.environ.setdefault("GOMP_SPINCOUNT", "10000")
