"""What many seeds reached: the accuracies of benchmarks/results, in percent, for the slides on luck.

A test holds them to those files. All are on Fashion-MNIST; runs that learned nothing are left out.
"""

TEST = {
    "lenet5": (
        88.97, 89.45, 89.98, 89.54, 89.86, 88.99, 89.15, 89.61, 89.21, 88.77, 89.38, 88.64,
        89.78, 89.24, 89.50, 89.72, 88.78, 89.37, 88.89, 89.25, 88.85, 89.18, 89.60, 89.33,
        89.68, 89.15, 88.82, 89.87, 89.00, 89.17,
    ),
    "lenet5-relu-max": (
        86.95, 88.57, 88.57, 88.07, 88.22, 87.28, 88.65, 88.68, 87.56, 88.50, 88.37, 88.80,
        89.25, 87.26, 88.69, 88.39, 87.66, 89.07, 87.30, 87.83, 89.96, 88.68, 87.71, 87.38,
        86.29, 88.90, 88.01, 88.91, 87.76,
    ),
}
"""Recipe workshop, test images, seeds 0 to 29: question-fashion-mnist.json."""
VALIDATION = {
    "lenet5": (
        89.60, 89.98, 90.04, 89.78, 90.03, 89.61, 89.75, 90.03, 89.76, 89.54,
    ),
    "lenet5-relu-max": (
        87.59, 89.32, 88.62, 88.52, 88.88, 87.67, 89.07, 89.13, 88.21, 88.84,
    ),
}
"""Recipe workshop, validation images, seeds 0 to 9: seeds-fashion-mnist-workshop-*.json."""
SPRINT = {
    "lenet1": (
        87.11, 87.06, 87.30, 87.22, 86.94,
    ),
    "lenet5": (
        88.39, 88.43, 88.21, 87.99, 88.41,
    ),
    "lenet5-relu-max": (
        89.72, 90.19, 90.22, 90.27, 89.98,
    ),
    "lenet5-batch-norm": (
        90.30, 90.71, 90.58, 90.70, 90.56,
    ),
    "mobilenet-small": (
        91.56, 91.58, 91.20, 91.24, 91.31,
    ),
    "resnet8": (
        91.75, 91.80, 91.62, 91.77, 91.84,
    ),
    "vgg6": (
        92.05, 92.15, 92.34, 92.22, 91.98,
    ),
}
"""Recipe sprint, validation images, seeds 0 to 4: seeds-fashion-mnist-sprint-*.json."""
