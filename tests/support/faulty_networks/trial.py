"""Networks that do not return ten numbers an image; with what must be said of each."""

import pytest

from tests.support.custom_network import FIRST, FLATTEN, LAST, RETURN

FAULTS = [
    pytest.param(
        [("def forward(self, x):", "def forward(x):")],
        "forward",
        18,
        "forward (line 18) cannot be called with images: write def forward(self, x), and give a "
        "default to whatever else it takes.",
        id="forward-without-self",
    ),
    pytest.param(
        [("def forward(self, x):", "def forward(self, x, mask):")],
        "forward",
        18,
        "forward (line 18) cannot be called with images: write def forward(self, x), and give a "
        "default to whatever else it takes.",
        id="forward-of-two",
    ),
    pytest.param(
        [(RETURN, "self.classifier(x)")],
        "output",
        18,
        "forward (line 18) gives nothing back: expected (4, 10), a number for each of 10 classes. "
        "End it with return x, where x holds those numbers.",
        id="no-return",
    ),
    pytest.param(
        [(RETURN, "return self.classifier(x), x")],
        "output",
        18,
        "forward (line 18) gives a tuple; expected (4, 10), a number for each of 10 classes. "
        "Return that one tensor alone.",
        id="no-tensor",
    ),
    pytest.param(
        [(LAST, "nn.Linear(120, 12),")],
        "output",
        15,
        "forward (line 18) gives (4, 12) for 4 images; expected (4, 10), a number for each of 10 "
        "classes. Write nn.Linear(120, 10) for classifier.2 (line 15).",
        id="width",
    ),
    pytest.param(
        [(RETURN, "return x")],
        "output",
        18,
        "forward (line 18) gives (4, 400) for 4 images; expected (4, 10), a number for each of 10 "
        "classes. End it with nn.Linear(400, 10).",
        id="no-linear",
    ),
    pytest.param(
        [(FLATTEN, "pass"), (RETURN, "return x")],
        "output",
        18,
        "forward (line 18) gives (4, 16, 5, 5) for 4 images; expected (4, 10), a number for each "
        "of 10 classes. End it with .flatten(start_dim=1) and nn.Linear(400, 10).",
        id="maps",
    ),
    pytest.param(
        [(RETURN, "return self.classifier(x)[:, :, None, None]")],
        "output",
        18,
        "forward (line 18) gives (4, 10, 1, 1) for 4 images; expected (4, 10), a number for each "
        "of 10 classes. End it with .flatten(start_dim=1).",
        id="maps-of-one-pixel",
    ),
    pytest.param(
        [(RETURN, "return self.classifier(x).argmax(dim=1)")],
        "output",
        18,
        "forward (line 18) gives (4,) for 4 images; expected (4, 10), a number for each of 10 "
        "classes. Return all the numbers of an image, not the place of the largest.",
        id="argmax",
    ),
    pytest.param(
        [(FLATTEN, "x = x.view(-1, 100)"), (FIRST, "nn.Linear(100, 120)")],
        "output",
        18,
        "forward (line 18) gives (16, 10) for 4 images; expected (4, 10), a number for each of 10 "
        "classes. A squeeze(), or a view(...) that does not fit, mixes the images: write "
        ".flatten(start_dim=1).",
        id="view-that-runs",
    ),
]
