"""Random chains of blocks compute what PyTorch's functions do, and the same gradients."""

import random

import pytest
import torch
from torch.nn import functional

from cnnlab.training.engines.activations import Activation
from cnnlab.training.engines.blocks import Block
from cnnlab.training.engines.chain import Chain
from cnnlab.training.engines.lanes import Processor, this_processor

ACTIVATIONS = {
    Activation("relu"): functional.relu,
    Activation("relu6"): functional.relu6,
    Activation("leaky_relu", 0.1): lambda x: functional.leaky_relu(x, 0.1),
    Activation("elu", 0.8): lambda x: functional.elu(x, 0.8),
    Activation("elu", 1.6732632423543772, 1.0507009873554805): functional.selu,
    Activation("tanh"): torch.tanh,
    Activation("sigmoid"): torch.sigmoid,
    Activation("gelu"): functional.gelu,
    Activation("gelu_tanh"): lambda x: functional.gelu(x, approximate="tanh"),
    Activation("silu"): functional.silu,
    Activation("mish"): functional.mish,
    Activation("hardswish"): functional.hardswish,
}

# Code for weaker processors runs on this one too, where it is of their family.
PROCESSORS = [pytest.param(this_processor(), id="this")]
if "+avx2" in this_processor().features:
    PROCESSORS += [
        pytest.param(Processor("haswell", "", 8, 16), id="AVX2"),
        pytest.param(Processor("x86-64", "", 4, 16), id="SSE2"),
    ]


def random_blocks(draw):
    """Return one to three blocks in a row, of any sizes and kinds."""
    channels, height, width = draw.choice((1, 2, 3, 16)), draw.randint(9, 17), draw.randint(9, 17)
    blocks = []
    for _ in range(draw.randint(1, 3)):
        block = Block(
            channels_in=channels,
            height=height,
            width=width,
            channels_out=draw.choice((1, 3, 4, 6, 10, 16)),
            kernel=draw.choice((1, 2, 3, 3, 5)),
            padding=draw.choice((0, 0, 1, 2)),
            stride=draw.choice((1, 1, 1, 2)),
            has_bias=draw.random() < 0.7,
            activation=draw.choice((None, *ACTIVATIONS)),
            pooling=draw.choice((None, "max", "average")),
        )
        if min(block.rows_out, block.columns_out) < 2:
            break
        blocks.append(block)
        channels, height, width = block.channels_out, block.rows_out, block.columns_out
    return blocks or random_blocks(draw)


def plainly(images, blocks, parameters):
    """Compute blocks by PyTorch's functions."""
    for block, (weight, bias) in zip(
        blocks, zip(parameters[::2], parameters[1::2], strict=True), strict=True
    ):
        images = functional.conv2d(images, weight, bias, block.stride, block.padding)
        if block.activation is not None:
            images = ACTIVATIONS[block.activation](images)
        if block.pooling == "max":
            images = functional.max_pool2d(images, 2)
        elif block.pooling == "average":
            images = functional.avg_pool2d(images, 2)
    return images


def random_parameters(blocks, generator):
    for block in blocks:
        shape = (block.channels_out, block.channels_in, block.kernel, block.kernel)
        scale = (2 / (block.weights / block.channels_out)) ** 0.5
        yield (scale * torch.randn(shape, generator=generator)).requires_grad_()
        bias = 0.1 * torch.randn(block.channels_out, generator=generator)
        yield bias.requires_grad_() if block.has_bias else None


def distance(expected, found):
    return float((expected - found).detach().norm() / (expected.detach().norm() + 1e-6))


@pytest.mark.parametrize("processor", PROCESSORS)
@pytest.mark.parametrize("seed", range(6))
def test_a_random_chain_computes_what_pytorch_does(seed, processor):
    draw, generator = random.Random(seed), torch.Generator().manual_seed(seed)
    blocks = random_blocks(draw)
    shape = (draw.choice((1, 5, 16, 17, 40)), *blocks[0].input_shape)
    images = torch.randn(shape, generator=generator).requires_grad_()
    parameters = list(random_parameters(blocks, generator))
    values = [each if each is None else each.detach() for each in parameters]
    sources = [images, *(each for each in parameters if each is not None)]
    chain = Chain(blocks, processor, input_gradient=True)
    expected, found = plainly(images, blocks, parameters), chain(images, parameters, values)
    weights = torch.randn(expected.shape, generator=generator)
    pairs = zip(
        torch.autograd.grad(expected, sources, weights),
        torch.autograd.grad(found, sources, weights),
        strict=True,
    )
    with torch.no_grad():
        assert distance(expected, chain(images, parameters, values)) < 1e-5
    assert distance(expected, found) < 1e-5
    assert max(distance(*pair) for pair in pairs) < 1e-5


@pytest.mark.parametrize("pooling", [None, "max", "average"])
def test_every_activation_computes_what_pytorch_does(pooling):
    levels = torch.cat([torch.linspace(-40, 40, 700), torch.linspace(-4, 4, 320), torch.zeros(4)])
    images = levels[torch.randperm(1024, generator=torch.Generator().manual_seed(0))]
    images = images.view(1, 1, 32, 32).requires_grad_()
    weight = torch.ones(1, 1, 1, 1, requires_grad=True)
    values = [weight.detach(), None]
    for activation in ACTIVATIONS:
        blocks = [Block(1, 32, 32, 1, 1, 0, 1, False, activation, pooling)]
        found = Chain(blocks, this_processor(), input_gradient=True)(images, [weight, None], values)
        expected = plainly(images, blocks, [weight, None])
        assert distance(expected, found) < 1e-6, activation
        (a,), (b,) = (torch.autograd.grad(each.sum(), [images]) for each in (expected, found))
        assert distance(a, b) < 1e-6, activation


def run_alone(activation, pooling, values, rows):
    """Return what one block computes whose convolution changes nothing."""
    images = values.view(-1, 1, rows, rows)
    blocks = [Block(1, rows, rows, 1, 1, 0, 1, False, activation, pooling)]
    with torch.no_grad():
        weight = [torch.ones(1, 1, 1, 1), None]
        return Chain(blocks, this_processor(), input_gradient=False)(images, weight, weight)


def test_tanh_over_its_whole_range():
    values = torch.cat([torch.linspace(-50, 50, 2000), torch.logspace(-20, 1, 2000)])
    values = torch.cat([values, torch.tensor([0.0, torch.inf, -torch.inf, torch.nan])])
    values = functional.pad(values, (0, -len(values) % 64))
    found = run_alone(Activation("tanh"), None, values, 8).flatten()
    expected = values.double().tanh()
    torch.testing.assert_close(found.double(), expected, rtol=1e-6, atol=0, equal_nan=True)


def test_every_activation_keeps_nan():
    for activation in ACTIVATIONS:
        assert run_alone(activation, None, torch.full((64,), torch.nan), 8).isnan().all()


@pytest.mark.parametrize("place", range(4))
def test_max_pooling_keeps_nan_at_every_place(place):
    images = torch.zeros(16, 1, 8, 8)
    images[:, :, place // 2, place % 2] = torch.nan
    found = run_alone(None, "max", images, 8)
    assert found[:, 0, 0, 0].isnan().all()
    assert found.isnan().sum() == len(images)
