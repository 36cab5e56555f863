"""What many seeds reached: accuracies in percent, for the slides on luck.

They are those of benchmarks/results; a test holds them to those files. All but `BOARD` are on
Fashion-MNIST. Runs that learned nothing are left out.
"""

TEST = {
    "lenet5": (
        88.97,
        89.45,
        89.98,
        89.54,
        89.86,
        88.99,
        89.15,
        89.61,
        89.21,
        88.77,
        89.38,
        88.64,
        89.78,
        89.24,
        89.50,
        89.72,
        88.78,
        89.37,
        88.89,
        89.25,
        88.85,
        89.18,
        89.60,
        89.33,
        89.68,
        89.15,
        88.82,
        89.87,
        89.00,
        89.17,
    ),
    "lenet5-relu-max": (
        86.95,
        88.57,
        88.57,
        88.07,
        88.22,
        87.28,
        88.65,
        88.68,
        87.56,
        88.50,
        88.37,
        88.80,
        89.25,
        87.26,
        88.69,
        88.39,
        87.66,
        89.07,
        87.30,
        87.83,
        89.96,
        88.68,
        87.71,
        87.38,
        86.29,
        88.90,
        88.01,
        88.91,
        87.76,
    ),
}
"""Recipe workshop, test images, seeds 0 to 29: question-fashion-mnist.json."""
VALIDATION = {
    "lenet5": (
        89.60,
        89.98,
        90.04,
        89.78,
        90.03,
        89.61,
        89.75,
        90.03,
        89.76,
        89.54,
    ),
    "lenet5-relu-max": (
        87.59,
        89.32,
        88.62,
        88.52,
        88.88,
        87.67,
        89.07,
        89.13,
        88.21,
        88.84,
    ),
}
"""Recipe workshop, validation images, seeds 0 to 9: seeds-fashion-mnist-workshop-*.json."""
SPRINT = {
    "lenet5": (88.39, 88.43, 88.21, 87.99, 88.41),
    "lenet5-relu-max": (89.72, 90.19, 90.22, 90.27, 89.98),
}
"""Recipe sprint, validation images, seeds 0 to 4: seeds-fashion-mnist-sprint-*.json."""
BOARD = {
    "lenet1": (98.38, 98.55, 98.31, 98.49, 98.37),
    "lenet5": (98.78, 98.56, 98.58, 98.64, 98.73),
    "lenet5-relu-max": (99.17, 99.16, 99.03, 99.17, 99.12),
    "lenet5-batch-norm": (99.12, 99.20, 99.16, 99.27, 99.16),
    "mobilenet-small": (99.24, 99.29, 99.17, 99.28, 99.11),
    "resnet8": (99.34, 99.28, 99.33, 99.33, 99.30),
    "vgg6": (99.44, 99.39, 99.42, 99.41, 99.46),
}
"""Recipe sprint on MNIST, validation images, seeds 0 to 4: seeds-mnist-sprint-*.json."""
NOTEBOOK = {"lenet5": 89.33, "lenet5-relu-max": 89.36}
"""What the workshop's notebook published, one run each, test images: workshop/published.py."""
