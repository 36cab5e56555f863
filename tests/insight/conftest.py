"""Real images for the tests of a room: 64 of the sample that cnnlab includes."""

import numpy as np
import pytest

from cnnlab.data.own.load import load
from cnnlab.data.tensors import as_input, prepare


@pytest.fixture(scope="session")
def images() -> np.ndarray:
    """Return (64, 1, 32, 32) float32, as a network takes them."""
    sample = load("fashion-mnist-sample", notify=lambda _: None).validation
    return as_input(prepare(sample.take(np.arange(64))).images).numpy()
