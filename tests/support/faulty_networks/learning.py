"""Networks that learn badly, or mix up the images; with what must be said of each."""

import pytest

from tests.support.custom_network import FLATTEN, LAST, RETURN

FAULTS = [
    pytest.param(
        [(FLATTEN, "x = x.view(4, -1)")],
        "batch-size",
        14,
        "The last batch may be one image, and that fails. The first linear layer, classifier.0 "
        "(line 14), gets 4 rows for 1 image. A squeeze(), or a view(...) or reshape(...) of a "
        "fixed size, mixes the images. Write .flatten(start_dim=1) instead.",
        id="fixed-batch-size",
    ),
    pytest.param(
        [(RETURN, "return self.classifier(x).squeeze()")],
        "batch-size",
        18,
        "The last batch may be one image, and that fails. forward (line 18) returns the shape "
        "(10,), but cnnlab expected the shape (1, 10) for 1 image: 10 numbers per image, one "
        "for each class. A squeeze(), or a view(...) of the wrong size, mixes the images. Write "
        ".flatten(start_dim=1) instead.",
        id="squeeze",
    ),
    pytest.param(
        [
            (
                RETURN,
                "y = x.exp()\n        y.mul_(2)\n        y2 = y * y\n        y.add_(1)\n"
                "        return self.classifier(y2)",
            )
        ],
        "in-place",
        18,
        "forward (line 18) changes a tensor in place, but the backward pass still needs its old "
        "values. Look for +=, a function whose name ends in _, or inplace=True. Make a new "
        "tensor instead, as in x = x + 1.",
        id="in-place",
    ),
    pytest.param(
        [("x = self.features(x)", "x += 1\n        x = self.features(x)")],
        "input-changed",
        18,
        "forward (line 18) changes its input images in place. Look for +=, a function whose name "
        "ends in _, or inplace=True in the first layer. Make a new tensor instead, as in x = x + "
        "1.",
        id="input-changed",
    ),
    pytest.param(
        [(FLATTEN, "x = F.dropout(x.flatten(start_dim=1), 0.5)")],
        "random",
        18,
        "forward (line 18): In evaluation mode the same images get a different output each "
        "time. F.dropout needs training=self.training, and layers must be made in __init__, "
        "not in forward.",
        id="dropout-in-evaluation",
    ),
    pytest.param(
        [(FLATTEN, "x = x.flatten(start_dim=1)\n        x = x - x.mean(dim=0)")],
        "batch-dependent",
        18,
        "forward (line 18): In evaluation mode the output for an image depends on the other "
        "images of its batch. It must depend on that image only. Look for a mean or softmax "
        "over dim=0, or a batch normalisation with track_running_stats=False.",
        id="batch-dependent",
    ),
    pytest.param(
        [(LAST, "nn.Linear(120, 10), nn.Softmax(dim=1),")],
        "softmax",
        15,
        "The last step is a softmax (line 15). The training loss, cross-entropy, already "
        "contains one, and after a second one no class can get more than 23 %. Delete it: return "
        "the numbers before it.",
        id="softmax-layer",
    ),
    pytest.param(
        [(RETURN, "return F.softmax(self.classifier(x), dim=1)")],
        "softmax",
        21,
        "The last step is a softmax (line 21). The training loss, cross-entropy, already "
        "contains one, and after a second one no class can get more than 23 %. Delete it: return "
        "the numbers before it.",
        id="softmax-function",
    ),
    pytest.param(
        [(RETURN, "x = self.classifier(x).exp()\n        return x / x.sum(dim=1, keepdim=True)")],
        "softmax",
        18,
        "forward (line 18): The 10 numbers of each image sum to 1, as after a softmax. The "
        "training loss, cross-entropy, already contains one, and after a second one no class "
        "can get more than 23 %. Delete it: return the numbers before it.",
        id="softmax-by-hand",
    ),
    pytest.param(
        [(RETURN, "return F.log_softmax(self.classifier(x), dim=1)")],
        "log-softmax",
        21,
        "The last step is a log-softmax (line 21). The training loss, cross-entropy, already "
        "contains one. It does no harm, but you do not need it: you can delete it.",
        id="log-softmax",
    ),
    pytest.param(
        [(LAST, "nn.Linear(120, 10), nn.Dropout(0.2),")],
        "dropout",
        15,
        "The last step, classifier.3 (line 15), is a dropout: in training it sets scores of "
        "classes to 0 at random. Delete it, or put it before the last linear layer.",
        id="last-dropout",
    ),
    pytest.param(
        [(RETURN, "x = self.classifier(x)\n        return x - x.logsumexp(1, keepdim=True)")],
        "log-softmax",
        18,
        "forward (line 18): The exponentials of the 10 numbers of each image sum to 1, as "
        "after a log-softmax. The training loss, cross-entropy, already contains one. It does"
        " no harm, but you do not need it: you can delete it.",
        id="log-softmax-by-hand",
    ),
    pytest.param(
        [(LAST, "nn.Linear(120, 10), nn.Sigmoid(),")],
        "squashed",
        15,
        "The last step is a sigmoid (line 15). It puts all numbers between 0 and 1, and then the "
        "training loss can give no class more than 23 %. Delete it.",
        id="sigmoid",
    ),
    pytest.param(
        [(RETURN, "return torch.tanh(self.classifier(x))")],
        "squashed",
        21,
        "The last step is a tanh (line 21). It puts all numbers between -1 and 1, and then "
        "the training loss can give no class more than 45 %. Delete it, or multiply its "
        "result by a scale, as in 10 * x.",
        id="tanh",
    ),
    pytest.param(
        [(RETURN, "return F.relu(self.classifier(x), inplace=True)")],
        "squashed",
        21,
        "The last step is a ReLU (line 21). It cuts every score below 0 to 0, and training "
        "cannot improve a score that was cut. Delete it.",
        id="relu",
    ),
    pytest.param(
        [(RETURN, "return self.classifier(x).detach()")],
        "detached",
        18,
        "No gradient can flow back from the output, so the network cannot learn. Delete "
        "torch.no_grad(), .detach(), .data, .numpy() or torch.tensor() from forward (line 18).",
        id="detached",
    ),
    pytest.param(
        [(FLATTEN, "x = x.detach().flatten(1)")],
        "no-gradient",
        10,
        "Line 10: features.0.weight, features.0.bias, features.3.weight and features.3.bias "
        "get no gradient, so training does not change them. Either the output does not use "
        "them, or .detach(), .data, torch.no_grad() or a multiplication by 0 blocks the "
        "gradient.",
        id="no-gradient",
    ),
    pytest.param(
        [
            (
                "self.features = ",
                "self.scale = nn.Parameter(torch.ones(1))\n        self.features = ",
            )
        ],
        "no-gradient",
        9,
        "Line 9: scale gets no gradient, so training does not change it. Either the output "
        "does not use it, or .detach(), .data, torch.no_grad() or a multiplication by 0 "
        "blocks the gradient.",
        id="no-gradient-of-a-parameter",
    ),
    pytest.param(
        [
            (
                "self.features = ",
                "self.extra = nn.Linear(400, 10)\n        self.features = ",
            ),
            (RETURN, "return self.classifier(x) + 0 * self.extra(x)"),
        ],
        "no-gradient",
        9,
        "Line 9: extra.weight and extra.bias get no gradient, so training does not change "
        "them. Either the output does not use them (write x = self.extra(x)), or .detach(), "
        ".data, torch.no_grad() or a multiplication by 0 blocks the gradient.",
        id="no-gradient-past-a-zero",
    ),
    pytest.param(
        [("nn.Linear(400, 120), nn.ReLU(),", "nn.Linear(400, 120), nn.Dropout(1.0),")],
        "constant",
        14,
        "classifier.1 (line 14) drops every number in training, so the network cannot learn from "
        "the images. The number in its brackets is the fraction to drop: write nn.Dropout(0.5).",
        id="dropout-of-all",
    ),
    pytest.param(
        [
            (
                LAST,
                f"{LAST}\n        )\n        for each in self.parameters():\n"
                "            nn.init.zeros_(each",
            )
        ],
        "constant",
        10,
        "Every image gets the same output, even after some training steps, so the network cannot "
        "learn from the images. All weights of features.0 (line 10), features.3 (line 11), "
        "classifier.0 (line 14) and classifier.2 (line 15) are 0. Keep the random weights that "
        "PyTorch draws.",
        id="zeros",
    ),
    pytest.param(
        [(FLATTEN, "x = 0 * x.flatten(1)")],
        "constant",
        18,
        "forward (line 18): Every image gets the same output, even after some training steps,"
        " so the network cannot learn from the images. Look for a multiplication by 0, or a "
        "step that makes all numbers the same.",
        id="features-times-0",
    ),
    pytest.param(
        [("self.features = ", "self.extra = nn.Linear(3, 4)\n        self.features = ")],
        "unused",
        9,
        "extra (line 9) is made but never used. Call it in forward, or delete it.",
        id="unused",
    ),
    pytest.param(
        [
            (
                "self.features = ",
                "self.one = nn.Linear(3, 4)\n        self.two = nn.Conv2d(1, 2, 3)\n"
                "        self.features = ",
            )
        ],
        "unused",
        9,
        "one (line 9) and two (line 10) are made but never used. Call them in forward, or delete "
        "them.",
        id="two-unused",
    ),
]
