"""What a run's network answers; and its test result, each opening of the test set counted."""

from dataclasses import dataclass


@dataclass(frozen=True)
class TestResult:
    """Loss and accuracy on the test set, and how often this run has opened it.

    They are of the weights after ``epochs``, whose digest is kept; 0 and "" are of an earlier
    cnnlab, which kept neither.
    """

    __test__ = False  # pytest: this is no test

    test_loss: float
    test_accuracy: float
    test_openings: int
    epochs: int = 0
    weights_sha256: str = ""
