"""Any number of any network, explained: it adds up as printed, and it is the number of the map."""

import json
from dataclasses import asdict
from decimal import Decimal

import numpy as np
import pytest
import torch
from torch import nn

from cnnlab.errors import ModelError
from cnnlab.insight.explain import explain_pixel
from cnnlab.insight.explanation import (
    Combined,
    Copied,
    Function,
    Largest,
    Share,
    Sum,
    as_maps,
    flat_of,
)
from cnnlab.insight.interpret import run
from cnnlab.insight.printed import decimals_in
from cnnlab.insight.trace import trace
from cnnlab.models.catalog import MODELS
from tests.support.idioms import IDIOMS, lively

EVERY = {name: spec.make for name, spec in MODELS.items()} | IDIOMS


def explained(make, images):
    """Return a lively network's graph, and its values for one image."""
    graph = trace(lively(make), images.shape[1:])
    return graph, run(graph, images[:1])


def assert_adds_up(part):
    """Assert that the sum as shown is the value as shown."""
    if isinstance(part, Sum):
        shown = [Decimal(patch.subtotal) for patch in part.patches]
        shown += [] if part.bias is None else [Decimal(part.bias)]
        assert sum(shown) == Decimal(part.printed)
        assert len({decimals_in(part.printed), *(decimals_in(str(each)) for each in shown)}) == 1
        for patch in part.patches:
            products = [Decimal(each) for row in patch.products for each in row]
            assert sum(products) == Decimal(patch.subtotal)
    elif isinstance(part, Largest):
        cells = [(n, p) for ns, ps in zip(part.patch.numbers, part.patch.products, strict=True)
                 for n, p in zip(ns, ps, strict=True)]  # fmt: skip
        assert part.value == max(number for number, _ in cells if number is not None)
        assert (part.value, part.printed) in cells
    elif isinstance(part, Share):
        assert sum(map(Decimal, part.addends)) == Decimal(part.total)
    elif isinstance(part, Copied) and part.source:
        assert part.printed == part.source.printed


def assert_explained(graph, values, where, pixel, last):
    found = explain_pixel(graph, values, where, pixel)
    true = float(values[last.name][0].reshape(as_maps(last.shape))[pixel])
    assert found.value == pytest.approx(true, rel=1e-4, abs=1e-5)
    half = Decimal(10) ** -decimals_in(found.printed) / 2
    assert abs(Decimal(found.printed) - Decimal(found.value)) <= half * Decimal("1.0001")
    for part in found.parts:
        assert_adds_up(part)
    for before, after in zip(found.parts, found.parts[1:], strict=False):
        if isinstance(after, Function):
            assert after.source.printed == before.printed
    return found


@pytest.mark.parametrize("name", ["lenet5", "lenet5-relu-max"])
def test_1000_pixels_of_every_stage_add_up_as_printed(name, images):
    graph, values = explained(EVERY[name], images)
    generator = np.random.default_rng(0)
    for stage in graph.stages.values():
        count = min(1000, int(np.prod(stage.last.shape)))
        for flat in generator.permutation(int(np.prod(stage.last.shape)))[:count]:
            pixel = np.unravel_index(flat, as_maps(stage.last.shape))
            assert_explained(graph, values, stage.name, tuple(map(int, pixel)), stage.last)


@pytest.mark.parametrize("name", EVERY)
def test_pixels_of_every_step_and_stage_add_up_as_printed(name, images):
    graph, values = explained(EVERY[name], images)
    generator = np.random.default_rng(1)
    places = {each.name: each for each in graph.steps if each.op != "constant"}
    places |= {stage.name: stage.last for stage in graph.stages.values()}
    for where, last in places.items():
        for _ in range(3):
            pixel = tuple(int(generator.integers(size)) for size in as_maps(last.shape))
            assert_explained(graph, values, where, pixel, last)


def test_a_convolution_is_explained_channel_by_channel(images):
    graph, values = explained(EVERY["lenet5"], images)
    found = explain_pixel(graph, values, "conv2", (7, 3, 5))
    total, tanh = found.parts
    assert isinstance(total, Sum)
    assert [patch.map for patch in total.patches] == [0, 1, 2, 3, 4, 5]
    assert {(patch.step, patch.row, patch.column) for patch in total.patches} == {
        ("features.2", 3, 5)
    }
    pool = values["features.2"][0]
    assert np.array_equal(total.patches[4].numbers, pool[4, 3:8, 5:10])
    weight = graph.tensor(graph.by_name["features.3"], "weight")
    assert np.array_equal(total.patches[4].kernel, weight[7, 4])
    assert isinstance(tanh, Function)
    assert (tanh.function, tanh.source.step, tanh.source.pixel) == (
        "tanh",
        "features.3",
        (7, 3, 5),
    )
    assert found.value == tanh.value == pytest.approx(np.tanh(total.value), abs=1e-6)
    assert json.loads(json.dumps(asdict(found)))["parts"][1]["function"] == "tanh"


def test_padding_is_no_number_and_groups_read_their_own_map(images):
    graph, values = explained(EVERY["Depthwise"], images)
    total = explain_pixel(graph, values, "depth", (5, 0, 0)).parts[0]
    (patch,) = total.patches
    assert (patch.map, patch.row, patch.column) == (2, -1, -1)
    assert patch.numbers[0] == (None, None, None)
    assert patch.products[0] == ("0.000",) * 3
    assert len(list(total.contributions())) == 4


def test_a_linear_layer_is_seen_as_the_maps_that_flatten_read(images):
    graph, values = explained(EVERY["lenet5"], images)
    total = explain_pixel(graph, values, "linear1", (3,)).parts[0]
    assert {patch.step for patch in total.patches} == {"features.5"}
    assert [patch.map for patch in total.patches] == list(range(16))
    assert np.shape(total.patches[0].kernel) == (5, 5)
    total = explain_pixel(graph, values, "linear3", (3,)).parts[0]
    assert len(total.patches) == 84
    assert np.shape(total.patches[0].kernel) == (1, 1)


def test_batch_normalisation_is_a_part_with_its_four_numbers(images):
    graph, values = explained(EVERY["resnet8"], images)
    conv, norm, relu = explain_pixel(graph, values, "conv1", (2, 4, 5)).parts
    assert (conv.call, norm.call, relu.call) == ("conv2d", "batch_norm", "relu")
    four, z = norm.normalised, norm.patches[0].numbers[0][0]
    by_hand = (z - four.mean) / four.deviation * four.gain + four.shift
    assert norm.value == pytest.approx(by_hand)
    assert norm.patches[0].kernel[0][0] == pytest.approx(four.gain / four.deviation)
    assert relu.value == pytest.approx(max(norm.value, 0), abs=1e-6)
    if norm.value > 0:
        assert relu.printed == norm.printed


def test_pooling_addition_and_the_shares_of_a_softmax(images):
    graph, values = explained(EVERY["lenet5"], images)
    (mean,) = explain_pixel(graph, values, "pool1", (0, 2, 3)).parts
    assert mean.patches[0].kernel == ((0.25, 0.25), (0.25, 0.25))
    graph, values = explained(EVERY["FunctionalLeNet"], images)
    (largest,) = explain_pixel(graph, values, "pool1", (0, 2, 3)).parts
    assert largest.winner[1] in {4, 5}
    assert largest.winner[2] in {6, 7}
    graph, values = explained(EVERY["resnet8"], images)
    added = explain_pixel(graph, values, "add1", (0, 2, 3)).parts[0]
    assert [patch.step for patch in added.patches] == ["features.2", "features.3.residual.4"]
    graph, values = explained(EVERY["sequential"], images)
    share = explain_pixel(graph, values, "softmax1", (4,)).parts[0]
    assert share.log
    assert share.value == pytest.approx(float(values[graph.answer][0, 4]), abs=1e-6)
    assert share.place == 4
    assert max(share.addends, key=Decimal) == "1.000"


def test_squeeze_and_excitation_multiplies_two_numbers(images):
    graph, values = explained(EVERY["SqueezeExcite"], images)
    product = explain_pixel(graph, values, "mul", (2, 3, 4)).parts[0]
    assert isinstance(product, Combined)
    assert [each.pixel for each in product.sources] == [(2, 3, 4), (2, 3, 4)]
    (wide,) = explain_pixel(graph, values, product.sources[1].step, (2, 3, 4)).parts
    assert (wide.call, wide.source.pixel) == ("expand_as", (2, 0, 0))
    assert product.value == pytest.approx(product.sources[0].value * product.sources[1].value)


def test_numbers_that_are_not_finite_are_explained_too(images):
    network = nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU(), nn.Flatten(), nn.Linear(1800, 10))
    with torch.no_grad():
        network[0].bias[0] = float("nan")
        network[0].bias[1] = float("inf")
    graph = trace(network, (1, 32, 32))
    values = run(graph, images[:1])
    broken = explain_pixel(graph, values, "conv1", (0, 1, 1)).parts[0]
    assert (broken.printed, broken.bias) == ("not a number", "not a number")
    assert explain_pixel(graph, values, "conv1", (1, 1, 1)).printed == "inf"


def test_a_place_that_is_not_there_is_refused(images):
    graph, values = explained(EVERY["lenet5"], images)
    with pytest.raises(
        ModelError, match=r"has no stage 'conv3'. Its stages are: input, conv1, poo"
    ):
        explain_pixel(graph, values, "conv3", (0, 0, 0))
    for pixel in [(6, 0, 0), (0, -1, 0), (0, 0, 28), (0,), (0, 0, 0, 0)]:
        with pytest.raises(
            ModelError, match=r"conv1 has no pixel .* it has 6 maps of 28 x 28. Give"
        ):
            explain_pixel(graph, values, "conv1", pixel)
    assert flat_of((6, 28, 28), (1, 1, 2)) == 28 * 28 + 28 + 2
