"""Networks that do not return ten numbers an image; with what must be said of each."""

import pytest

from tests.support.custom_network import FIRST, FLATTEN, LAST, RETURN

FAULTS = [
    pytest.param(
        [("def forward(self, x):", "def forward(x):")],
        "forward",
        18,
        "cnnlab calls forward with the images only, but forward (line 18) does not accept that. "
        "Write def forward(self, x), and give each further argument a default.",
        id="forward-without-self",
    ),
    pytest.param(
        [("def forward(self, x):", "def forward(self, x, mask):")],
        "forward",
        18,
        "cnnlab calls forward with the images only, but forward (line 18) does not accept that. "
        "Write def forward(self, x), and give each further argument a default.",
        id="forward-of-two",
    ),
    pytest.param(
        [(RETURN, "self.classifier(x)")],
        "output",
        18,
        "forward (line 18) returns nothing, but cnnlab expected the shape (4, 10) for 4 images: "
        "10 numbers per image, one for each class. End it with return x, where x holds those "
        "numbers.",
        id="no-return",
    ),
    pytest.param(
        [(RETURN, "return self.classifier(x), x")],
        "output",
        18,
        "forward (line 18) returns a tuple, but cnnlab expected the shape (4, 10) for 4 images: "
        "10 numbers per image, one for each class. Return only that tensor.",
        id="no-tensor",
    ),
    pytest.param(
        [(LAST, "nn.Linear(120, 12),")],
        "output",
        15,
        "forward (line 18) returns the shape (4, 12), but cnnlab expected the shape (4, 10) for "
        "4 images: 10 numbers per image, one for each class. Write nn.Linear(120, 10) for "
        "classifier.2 (line 15).",
        id="width",
    ),
    pytest.param(
        [(RETURN, "return x")],
        "output",
        18,
        "forward (line 18) returns the shape (4, 400), but cnnlab expected the shape (4, 10) "
        "for 4 images: 10 numbers per image, one for each class. End it with nn.Linear(400, 10).",
        id="no-linear",
    ),
    pytest.param(
        [(FLATTEN, "pass"), (RETURN, "return x")],
        "output",
        18,
        "forward (line 18) returns the shape (4, 16, 5, 5), but cnnlab expected the shape (4, "
        "10) for 4 images: 10 numbers per image, one for each class. End it with "
        ".flatten(start_dim=1) and nn.Linear(400, 10).",
        id="maps",
    ),
    pytest.param(
        [(RETURN, "return self.classifier(x)[:, :, None, None]")],
        "output",
        18,
        "forward (line 18) returns the shape (4, 10, 1, 1), but cnnlab expected the shape (4, "
        "10) for 4 images: 10 numbers per image, one for each class. End it with "
        ".flatten(start_dim=1).",
        id="maps-of-one-pixel",
    ),
    pytest.param(
        [(RETURN, "return self.classifier(x).argmax(dim=1)")],
        "output",
        18,
        "forward (line 18) returns the shape (4,), but cnnlab expected the shape (4, 10) for 4 "
        "images: 10 numbers per image, one for each class. Return all 10 numbers of each image, "
        "not the position of the largest.",
        id="argmax",
    ),
    pytest.param(
        [(FLATTEN, "x = x.view(-1, 100)"), (FIRST, "nn.Linear(100, 120)")],
        "output",
        18,
        "forward (line 18) returns the shape (16, 10), but cnnlab expected the shape (4, 10) "
        "for 4 images: 10 numbers per image, one for each class. A squeeze(), or a view(...) of "
        "the wrong size, mixes the images. Write .flatten(start_dim=1) instead.",
        id="view-that-runs",
    ),
]
