"""Networks at fault in one mode only, or not finite; with what must be said of each."""

import pytest

from tests.support.custom_network import RETURN

FAULTS = [
    pytest.param(
        [(RETURN, "return (self.classifier(x), x) if self.training else self.classifier(x)")],
        "training-mode",
        18,
        "Only in training mode, after network.train(): forward (line 18) gives a tuple; expected "
        "(4, 10), a number for each of 10 classes. Return that one tensor alone.",
        id="training-mode",
    ),
    pytest.param(
        [(RETURN, "return self.classifier(x if self.training else x[:, :50])")],
        "evaluation-mode",
        14,
        "Only in evaluation mode, after network.eval(): The first linear layer, classifier.0 (line "
        "14), takes 400 numbers an image but gets 50: write nn.Linear(50, 120).",
        id="evaluation-mode",
    ),
    pytest.param(
        [(RETURN, "return self.classifier(x) if self.training else x")],
        "evaluation-mode",
        18,
        "Only in evaluation mode, after network.eval(): forward (line 18) gives (4, 400) for 4 "
        "images; expected (4, 10), a number for each of 10 classes. End it with nn.Linear(400, "
        "10).",
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
        "Before any training the output already holds NaN or infinity, first after classifier.1 "
        "(line 14): look for a division by 0, a logarithm or root of what can be 0 or less, or "
        "very large weights.",
        id="nan-of-a-layer",
    ),
    pytest.param(
        [(RETURN, "return self.classifier(x) / 0")],
        "not-finite",
        18,
        "Before any training the output already holds NaN or infinity: look for a division by 0, a "
        "logarithm or root of what can be 0 or less, or very large weights.",
        id="infinity",
    ),
]
