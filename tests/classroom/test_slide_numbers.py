"""Every number on a slide: worked out by hand, counted in LeNet-5, or measured elsewhere."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn.functional import conv2d

from cnnlab.classroom.deck import by_hand, measured, of_network, of_seeds, worked
from cnnlab.models.catalog import MODELS
from cnnlab.runs.explain import network_graph
from cnnlab.workshop.published import RUNS

RESULTS = Path(__file__).parents[2] / "benchmarks" / "results"


@pytest.fixture(scope="module")
def lenet():
    return network_graph(MODELS["lenet5"].build(seed=0))


def by_torch(picture, kernel, **settings):
    images, kernels = (torch.from_numpy(each)[None, None] for each in (picture, kernel))
    return conv2d(images, kernels, **settings)[0, 0].numpy()


def test_the_convolution_of_the_workshop():
    assert worked.convolve(worked.PICTURE, worked.KERNEL).tolist() == [[19, 25], [37, 43]]
    sums = [worked.products(worked.PICTURE, worked.KERNEL, *at) for at in ((0, 0), (1, 1))]
    assert sums == [
        "0\u00d70 + 1\u00d71 + 3\u00d72 + 4\u00d73",
        "4\u00d70 + 5\u00d71 + 7\u00d72 + 8\u00d73",
    ]


def test_the_padded_convolution_of_the_workshop():
    padded = worked.convolve(worked.PICTURE, worked.KERNEL, padding=1)
    assert padded.tolist() == [[0, 3, 8, 4], [9, 19, 25, 10], [21, 37, 43, 16], [6, 7, 8, 0]]


@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("padding", [0, 2])
@pytest.mark.parametrize("shape", [(5, 5), (4, 7), (9, 3)])
def test_convolutions_are_pytorchs(shape, padding, stride):
    random = np.random.default_rng(1)
    picture, kernel = random.normal(size=shape), random.normal(size=(3, 2))
    found = worked.convolve(picture, kernel, padding=padding, stride=stride)
    np.testing.assert_allclose(
        found, by_torch(picture, kernel, padding=padding, stride=stride), atol=1e-12
    )
    sizes = [
        worked.output_size(size, side, padding, stride)
        for size, side in zip(shape, kernel.shape, strict=True)
    ]
    assert list(found.shape) == sizes


def test_the_sizes_to_work_out_on_paper():
    assert [worked.output_size(*each) for each in by_hand.PAPER] == [28, 28, 14, 6, 3]


def test_pooling():
    assert worked.pool(by_hand.POOLED, 2, 2, np.max).tolist() == [[6, 2], [2, 8]]
    assert worked.pool(by_hand.POOLED, 2, 2, np.mean).tolist() == [[3.75, 1.25], [1, 6]]
    assert worked.pool(worked.PICTURE, 2, 1, np.max).tolist() == [[4, 5], [7, 8]]


def test_two_convolutions_are_one_and_relu_between_makes_them_two():
    first, second = by_hand.ACTIVATION_KERNELS
    row = by_hand.ACTIVATION_ROW
    between = worked.convolve(row, first)
    twice = worked.convolve(between, second)
    assert twice.tolist() == worked.convolve(row, by_hand.joined_kernel(first, second)).tolist()
    assert worked.convolve(np.maximum(between, 0), second).tolist() != twice.tolist()


def test_the_colours_add_up():
    total = sum(worked.convolve(picture, kernel)[0, 0] for _, picture, kernel in by_hand.COLOURS)
    assert total == 19 + 37 + 2


def test_the_numbers_of_lenet(lenet):
    assert of_network.lenet_numbers(lenet) == 61_706
    assert of_network.first_numbers(lenet) == 156
    assert of_network.largest_stage(lenet) == ("linear1", 48_120)
    inputs, outputs, side = of_network.second_convolution(lenet)
    assert (inputs, outputs, side) == (6, 16, 5)
    assert worked.kernel_numbers(inputs, outputs, side) == 2_400
    assert worked.linear_parameters(784, 10) == 7_850
    assert of_network.billion() == 1_000_000_000


def test_what_a_pixel_of_lenet_sees(lenet):
    assert worked.seen_widths(lenet) == {"conv1": 5, "pool1": 6, "conv2": 14, "pool2": 16}


def results(name, key="validation_accuracy", count=None):
    runs = json.loads((RESULTS / f"{name}.json").read_text())["runs"]
    return tuple(round(100 * each[key], 2) for each in runs if not each.get("fault"))[:count]


def test_the_accuracies_of_many_seeds_are_those_of_the_benchmarks():
    question = json.loads((RESULTS / "question-fashion-mnist.json").read_text())["variants"]
    assert {
        each["name"]: tuple(round(value, 2) for value in each["accuracy_points"])
        for each in question
    } == measured.TEST
    for name, found in measured.VALIDATION.items():
        assert found == results(f"seeds-fashion-mnist-workshop-{name}")
    for name, found in measured.SPRINT.items():
        assert found == results(f"seeds-fashion-mnist-sprint-{name}", count=5)
    for name, found in measured.BOARD.items():
        assert found == results(f"seeds-mnist-sprint-{name}", count=5)


def test_the_change_hurt_with_one_recipe_and_helped_with_the_other():
    hurt, helped = (of_seeds.difference(each) for each in (measured.TEST, measured.SPRINT))
    assert round(hurt.estimate, 2) == -1.11
    assert (round(hurt.low, 2), round(hurt.high, 2)) == (-1.43, -0.78)
    assert helped.low > 0
    published = {name: round(100 * each.test_accuracy, 2) for name, each in RUNS.items()}
    assert published == measured.NOTEBOOK


def test_a_rank_is_a_group_and_a_tie_names_everybody():
    assert of_seeds.groups(measured.BOARD) == [
        ["vgg6"],
        ["resnet8"],
        ["lenet5-batch-norm", "lenet5-relu-max", "mobilenet-small"],
        ["lenet5"],
        ["lenet1"],
    ]
    same = {"b": (90.0, 90.2), "a": (90.1, 90.1), "c": (90.2, 90.0)}
    assert of_seeds.groups(same) == [["a", "b", "c"]]


def test_a_number_that_rounds_to_0_has_no_minus():
    assert worked.as_text(np.array([[-0.04, -1.26, 2.0]]), 1) == [["0.0", "\u22121.3", "2.0"]]
