"""Random numbers from a seed inside a block. After it, every generator is as it was before."""

import math
import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

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


def plain_states() -> dict[str, torch.Tensor]:
    """Return the states of Python's and NumPy's global generators, as tensors to be saved."""
    _, numbers, gauss = random.getstate()
    state: Any = np.random.get_state()
    _, keys, *others = state
    none = float("nan")
    return {
        "python": torch.tensor([*numbers, none if gauss is None else gauss], dtype=torch.float64),
        "numpy": torch.tensor([*keys.tolist(), *map(float, others)], dtype=torch.float64),
    }


def set_plain_states(python: torch.Tensor, numpy: torch.Tensor) -> None:
    """Set Python's and NumPy's generators to states from `plain_states`.

    Raises `ValueError` or `OverflowError` if they are none.
    """
    *numbers, gauss = python.tolist()
    random.setstate((3, tuple(map(int, numbers)), None if math.isnan(gauss) else gauss))
    *keys, place, has_gauss, gauss = numpy.tolist()
    whole = np.array(keys, dtype=np.uint32)
    np.random.set_state(("MT19937", whole, int(place), int(has_gauss), gauss))
