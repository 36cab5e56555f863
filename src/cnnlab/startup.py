"""What must be set before PyTorch is loaded."""

import os


def let_waiting_threads_sleep() -> None:
    """Keep OpenMP's waiting threads from spinning, unless the user has set how they wait.

    GNU OpenMP reads this when PyTorch loads it. By default a waiting thread spins for so long that
    a browser on the other core makes an epoch up to ten times slower.
    """
    if "OMP_WAIT_POLICY" not in os.environ:
        os.environ.setdefault("GOMP_SPINCOUNT", "10000")
