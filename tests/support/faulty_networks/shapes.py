"""Networks of layers that do not fit each other; with what must be said of each."""

import pytest

from tests.support.custom_network import FIRST, FLATTEN, LAST

FAULTS = [
    pytest.param(
        [(FIRST, "nn.Linear(576, 120)")],
        "linear-size",
        14,
        "The first linear layer, classifier.0 (line 14), takes 576 numbers per image but gets "
        "400. Write nn.Linear(400, 120).",
        id="first-linear",
    ),
    pytest.param(
        [(LAST, "nn.Linear(84, 10, bias=False),")],
        "linear-size",
        15,
        "The linear layer, classifier.2 (line 15), takes 84 numbers per image but gets 120. "
        "Write nn.Linear(120, 10, bias=False).",
        id="second-linear",
    ),
    pytest.param(
        [(FLATTEN, "x = x.view(-1, 576)")],
        "linear-size",
        20,
        "Line 20 asks for the shape [-1, 576], but each image has 400 numbers there. Write "
        ".flatten(start_dim=1), and nn.Linear(400, ...) after it.",
        id="view",
    ),
    pytest.param(
        [(FLATTEN, "pass")],
        "flatten",
        14,
        "The first linear layer, classifier.0 (line 14), takes one row of numbers per image but "
        "gets maps of 16 x 5 x 5. Flatten them before it, with .flatten(start_dim=1) or "
        "nn.Flatten().",
        id="no-flatten",
    ),
    pytest.param(
        [(FLATTEN, "pass"), (FIRST, "nn.Linear(256, 120)")],
        "flatten",
        14,
        "The first linear layer, classifier.0 (line 14), takes one row of numbers per image but "
        "gets maps of 16 x 5 x 5. Flatten them before it, with .flatten(start_dim=1) or "
        "nn.Flatten(). It then gets 400 numbers: write nn.Linear(400, 120).",
        id="no-flatten-and-wrong-size",
    ),
    pytest.param(
        [(FLATTEN, "pass"), (FIRST, "nn.Linear(5, 120)")],
        "flatten",
        14,
        "The first linear layer, classifier.0 (line 14), takes one row of numbers per image but "
        "gets maps of 16 x 5 x 5. Flatten them before it, with .flatten(start_dim=1) or "
        "nn.Flatten(). It then gets 400 numbers: write nn.Linear(400, 120).",
        id="no-flatten-that-runs",
    ),
    pytest.param(
        [(FLATTEN, "x = x.flatten()")],
        "flatten",
        14,
        "The first linear layer, classifier.0 (line 14), gets all images in one row of 1600 "
        "numbers. Flatten each image separately, with .flatten(start_dim=1).",
        id="flatten-of-all",
    ),
    pytest.param(
        [("x = self.features(x)", "x = self.features(x.flatten(1))")],
        "flatten",
        10,
        "The convolution features.0 (line 10) takes maps but gets 1024 numbers per image. Put it "
        "before the step that flattens the maps.",
        id="flatten-too-early",
    ),
    pytest.param(
        [("nn.Conv2d(6, 16, 5)", "nn.Conv2d(8, 16, 5)")],
        "channels",
        11,
        "The convolution features.3 (line 11) takes 8 channels but gets 6. Write nn.Conv2d(6, "
        "16, ...).",
        id="channels",
    ),
    pytest.param(
        [("nn.Conv2d(1, 6, 5)", "nn.Conv2d(3, 6, 5)")],
        "channels",
        10,
        "The convolution features.0 (line 10) takes 3 channels but gets 1, because the images "
        "are grey. Write nn.Conv2d(1, 6, ...).",
        id="channels-of-images",
    ),
    pytest.param(
        [("nn.Conv2d(6, 16, 5), nn.ReLU()", "nn.Conv2d(6, 16, 5), nn.BatchNorm2d(6)")],
        "channels",
        11,
        "The batch normalisation features.4 (line 11) takes 6 channels but gets 16. Write "
        "nn.BatchNorm2d(16).",
        id="channels-of-normalisation",
    ),
    pytest.param(
        [("nn.Conv2d(6, 16, 5), nn.ReLU()", "nn.Conv2d(6, 16, 5), nn.BatchNorm1d(16)")],
        "flatten",
        11,
        "The batch normalisation features.4 (line 11) takes rows of numbers but gets maps of 16 "
        "x 10 x 10. Write nn.BatchNorm2d(16).",
        id="normalisation-of-rows",
    ),
    pytest.param(
        [("nn.Linear(400, 120), nn.ReLU(),", "nn.Linear(400, 120), nn.BatchNorm2d(120),")],
        "flatten",
        14,
        "The batch normalisation classifier.1 (line 14) takes maps but gets a row of 120 numbers "
        "per image. Write nn.BatchNorm1d(120).",
        id="normalisation-of-maps",
    ),
    pytest.param(
        [("nn.Conv2d(6, 16, 5)", "nn.Conv2d(6, 16, 15)")],
        "too-small",
        11,
        "The maps are only 14 x 14 when they reach features.3 (line 11), but its kernel is 15 x "
        "15. Delete a pooling layer before it, use a smaller kernel, or add padding to the "
        "convolutions before it.",
        id="too-small-for-a-convolution",
    ),
    pytest.param(
        [("nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2)", "nn.MaxPool2d(9), nn.AvgPool2d(2)")],
        "too-small",
        11,
        "The maps are only 1 x 1 when they reach features.4 (line 11), but its kernel is 2 x 2. "
        "Delete a pooling layer before it, use a smaller kernel, or add padding to the "
        "convolutions before it.",
        id="too-small-for-a-pooling",
    ),
    pytest.param(
        [(FLATTEN, "x = F.max_pool2d(x, 6).flatten(1)")],
        "too-small",
        20,
        "The maps are too small for the kernel in line 20. Delete a pooling layer before it, use "
        "a smaller kernel, or add padding to the convolutions before it.",
        id="too-small-for-a-function",
    ),
    pytest.param(
        [(FLATTEN, "x = x.view(64, -1)")],
        "flatten",
        14,
        "The first linear layer, classifier.0 (line 14), gets 64 rows for 4 images. A squeeze(), "
        "or a view(...) or reshape(...) of a fixed size, mixes the images. Write "
        ".flatten(start_dim=1) instead.",
        id="fixed-batch-size-of-64",
    ),
]
