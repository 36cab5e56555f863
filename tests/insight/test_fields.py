"""Receptive fields: outside them nothing reaches the pixel, inside them something does."""

import numpy as np
import pytest

from cnnlab.errors import ModelError
from cnnlab.insight.explanation import as_maps
from cnnlab.insight.fields import Field, receptive_fields
from cnnlab.insight.interpret import run
from cnnlab.insight.trace import trace
from cnnlab.models.catalog import MODELS
from tests.support.idioms import IDIOMS, lively


def test_the_fields_of_lenet5_grow_as_the_lesson_says():
    graph = trace(MODELS["lenet5"].build(seed=0), (1, 32, 32))
    sizes = {}
    for stage in ("conv1", "pool1", "conv2", "pool2"):
        field = receptive_fields(graph, stage, (1, 2, 2))[0]
        assert field.stage == "input"
        sizes[stage] = (field.bottom - field.top + 1, field.right - field.left + 1)
    assert sizes == {"conv1": (5, 5), "pool1": (6, 6), "conv2": (14, 14), "pool2": (16, 16)}
    fields = receptive_fields(graph, "conv2", (7, 3, 5))
    assert fields[1] == Field("features.1", "conv1", (0, 1, 2, 3, 4, 5), 6, 15, 10, 19)
    assert fields[2] == Field("features.2", "pool1", (0, 1, 2, 3, 4, 5), 3, 7, 5, 9)
    assert receptive_fields(graph, "linear3", (0,))[0] == Field(
        "input", "input", (0,), 0, 31, 0, 31
    )
    assert receptive_fields(graph, "input", (0, 1, 1)) == ()


def test_a_depthwise_convolution_reads_its_own_map():
    graph = trace(lively(IDIOMS["Depthwise"]), (1, 32, 32))
    field = receptive_fields(graph, "depth", (5, 0, 3))[1]
    assert (field.maps, field.top, field.bottom, field.left, field.right) == ((2,), 0, 1, 2, 4)


@pytest.mark.parametrize("name", ["lenet5-relu-max", "mobilenet-small", *IDIOMS])
def test_a_change_outside_the_field_never_reaches_the_pixel(name, images):
    make = IDIOMS[name] if name in IDIOMS else MODELS[name].make
    graph = trace(lively(make), (1, 32, 32))
    generator = np.random.default_rng(0)
    for stage in [*graph.stages.values()][1:]:
        shape = as_maps(stage.last.shape)
        pixel = tuple(int(generator.integers(size)) for size in shape)
        field = receptive_fields(graph, stage.name, pixel)[0]
        inside = np.zeros((1, 32, 32), bool)
        inside[:, field.top : field.bottom + 1, field.left : field.right + 1] = True
        noise = generator.standard_normal(images[:8].shape).astype(np.float32)
        batch = [
            images[:8],
            np.where(inside, images[:8], noise),
            np.where(inside, noise, images[:8]),
        ]
        first, outside, within = (
            run(graph, each)[stage.last.name].reshape(8, *shape)[(slice(None), *pixel)]
            for each in batch
        )
        np.testing.assert_allclose(outside, first, rtol=1e-4, atol=1e-5)
        if first.std() > 0:
            assert not np.array_equal(within, first), stage.name


def test_a_pixel_that_is_not_there_is_refused():
    graph = trace(MODELS["lenet5"].build(seed=0), (1, 32, 32))
    with pytest.raises(
        ModelError, match=r"pool2 has no pixel \(0, 5, 0\): it has 16 maps of 5 x 5"
    ):
        receptive_fields(graph, "pool2", (0, 5, 0))
