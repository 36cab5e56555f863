"""Random numbers from a seed inside a block. After it, every generator is as it was before."""

import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np
import torch


@contextmanager
def seeded(seed: int, cuda_devices: Sequence[torch.device] = ()) -> Iterator[None]:
    """Seed PyTorch's, NumPy's and Python's global random generators inside the block."""
    python, numpy = random.getstate(), np.random.get_state()
    with torch.random.fork_rng(list(cuda_devices)):
        torch.manual_seed(seed)
        random.seed(seed)
        np.random.seed(seed % 2**32)
        try:
            yield
        finally:
            random.setstate(python)
            np.random.set_state(numpy)
