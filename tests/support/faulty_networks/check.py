"""Networks at fault in one mode only, or not finite; with what must be said of each."""

import pytest

from tests.support.custom_network import RETURN

FAULTS = [
    pytest.param(
        [(RETURN, "return (self.classifier(x), x) if self.training else self.classifier(x)")],
        "training-mode",
        18,
        "Only in training mode (after network.train()): forward (line 18) returns a tuple, but "
        "cnnlab expected the shape (4, 10) for 4 images: 10 numbers per image, one for each "
        "class. Return only that tensor.",
        id="training-mode",
    ),
    pytest.param(
        [(RETURN, "return self.classifier(x if self.training else x[:, :50])")],
        "evaluation-mode",
        14,
        "Only in evaluation mode (after network.eval()): The first linear layer, classifier.0 "
        "(line 14), takes 400 numbers per image but gets 50. Write nn.Linear(50, 120).",
        id="evaluation-mode",
    ),
    pytest.param(
        [(RETURN, "return self.classifier(x) if self.training else x")],
        "evaluation-mode",
        18,
        "Only in evaluation mode (after network.eval()): forward (line 18) returns the shape "
        "(4, 400), but cnnlab expected the shape (4, 10) for 4 images: 10 numbers per image, "
        "one for each class. End it with nn.Linear(400, 10).",
        id="evaluation-mode-of-another-shape",
    ),
    pytest.param(
        [
            (
                "nn.Linear(400, 120), nn.ReLU(),",
                "nn.Linear(400, 120), nn.Threshold(9, float('nan')),",
            )
        ],
        "not-finite",
        14,
        "The output contains NaN or infinity before any training, first after classifier.1 (line "
        "14). Look for a division by 0, a logarithm or square root of numbers that can be 0 or "
        "negative, or very large weights.",
        id="nan-of-a-layer",
    ),
    pytest.param(
        [(RETURN, "return self.classifier(x) / 0")],
        "not-finite",
        21,
        "The output contains NaN or infinity before any training, first after div in line 21."
        " A division needs a number other than 0: add a small number, as in x / (y + 1e-6).",
        id="infinity",
    ),
]
