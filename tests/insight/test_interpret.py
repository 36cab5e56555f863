"""Each operation with odd settings: NumPy computes what PyTorch computes."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812

from cnnlab.errors import ModelError
from cnnlab.insight.graph import OPERATIONS
from cnnlab.insight.interpret import (
    _FUNCTIONS,
    FUNCTIONS,
    check_agreement,
    logits_of,
)
from cnnlab.insight.trace import trace

SHAPE = (6, 11, 9)


class Side(nn.Module):
    """Several functions of the same maps, their results one after the other."""

    def __init__(self, functions):
        super().__init__()
        self.functions = functions
        self.layers = nn.ModuleList(each for each in functions if isinstance(each, nn.Module))

    def forward(self, x):
        return torch.cat([each(x).flatten(1) for each in self.functions], dim=1)


def compare(functions, shape=SHAPE, scale=2.0):
    """Return the operations used; assert that every function is computed as PyTorch does it."""
    network = Side(functions).eval()
    generator = np.random.default_rng(1)
    images = (scale * generator.standard_normal((3, *shape))).astype(np.float32)
    graph = trace(network, shape)
    with torch.no_grad():
        expected = network(torch.from_numpy(images)).numpy()
    found = logits_of(graph, images)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)
    return {step.op for step in graph.steps}, graph


def options(seed, **choices):
    """Yield 20 draws of a value for each name."""
    generator = np.random.default_rng(seed)
    for _ in range(20):
        yield {name: values[generator.integers(len(values))] for name, values in choices.items()}


def convolutions():
    torch.manual_seed(0)
    for each in options(
        0,
        kernel_size=[1, 2, 3, 5, (1, 3), (4, 2)],
        stride=[1, 2, 3, (2, 1), (1, 3)],
        padding=[0, 1, 2, (0, 2), (3, 1)],
        dilation=[1, 2, (1, 2), (2, 1)],
        groups=[1, 2, 3, 6],
        bias=[True, False],
        padding_mode=["zeros", "zeros", "reflect", "replicate", "circular"],
    ):
        yield nn.Conv2d(6, 12, **each)
    for padding in ("same", "valid"):
        yield nn.Conv2d(6, 4, (4, 3), padding=padding, dilation=(1, 2))


def poolings():
    for each in options(
        1,
        kernel_size=[2, 3, (3, 2), (2, 5)],
        stride=[None, 1, 2, 3, (1, 2)],
        padding=[0, 1, (1, 0)],
        ceil_mode=[True, False],
    ):
        yield nn.MaxPool2d(**each, dilation=1)
        yield nn.AvgPool2d(**each, count_include_pad=True)
        yield nn.AvgPool2d(**each, count_include_pad=False)
        yield nn.AvgPool2d(**each, divisor_override=3)
    yield nn.MaxPool2d(3, 2, 1, dilation=2)
    yield nn.MaxPool2d((2, 3), 1, (1, 1), dilation=(2, 3), ceil_mode=True)
    yield lambda x: F.max_pool2d(x, 2, return_indices=True)[0]
    for size in (1, 2, 4, (3, 5), (None, 2), 11, (13, 12)):
        yield nn.AdaptiveAvgPool2d(size)
        yield nn.AdaptiveMaxPool2d(size)


def reductions():
    yield from (
        lambda x: x.mean((2, 3)), lambda x: x.mean(-1), lambda x: x.mean(dim=1, keepdim=True),
        lambda x: x.sum((1, 3)), lambda x: torch.sum(x, [-1, -2], keepdim=True),
        lambda x: x.amax(dim=(2, 3)), lambda x: torch.amax(x, 1), lambda x: x.max(dim=2)[0],
        lambda x: torch.max(x, 1, keepdim=True).values, lambda x: x.flatten(2).mean(2),
    )  # fmt: skip


ACTIVATIONS = [
    nn.ReLU(), nn.ReLU(inplace=False), nn.ReLU6(), nn.Hardtanh(-0.5, 2), nn.LeakyReLU(0.2),
    nn.RReLU(), nn.PReLU(), nn.PReLU(6, init=0.1), nn.ELU(), nn.ELU(0.3), nn.SELU(), nn.CELU(0.7),
    nn.GELU(), nn.GELU(approximate="tanh"), nn.SiLU(), nn.Mish(), nn.Sigmoid(), nn.Tanh(),
    nn.Softplus(), nn.Softplus(2, 3), nn.Hardswish(), nn.Hardsigmoid(), nn.LogSigmoid(),
    nn.Softsign(), nn.Tanhshrink(), lambda x: torch.clamp(x, -1, 1), lambda x: x.clamp(min=0.3),
    lambda x: x.clip(max=0.3), F.relu, torch.relu, torch.tanh, lambda x: x.sigmoid(), F.silu,
    lambda x: x.abs().sqrt(), lambda x: x**2, lambda x: x.square(), lambda x: torch.exp(-x),
    lambda x: (x.abs() + 1).log(), lambda x: torch.rsqrt(x.abs() + 1),
    lambda x: (x.abs() + 1).reciprocal(), lambda x: x.pow(3), lambda x: -x,
]  # fmt: skip


def normalisations():
    torch.manual_seed(2)
    layers = [
        nn.BatchNorm2d(6), nn.BatchNorm2d(6, affine=False, eps=0.1), nn.GroupNorm(3, 6),
        nn.GroupNorm(1, 6, affine=False), nn.InstanceNorm2d(6), nn.LayerNorm((6, 11, 9)),
        nn.InstanceNorm2d(6, affine=True, track_running_stats=True), nn.LayerNorm(9, eps=0.01),
        nn.LayerNorm([11, 9], elementwise_affine=False),
    ]  # fmt: skip
    with torch.no_grad():
        for layer in layers:
            for name, tensor in (*layer.named_parameters(), *layer.named_buffers()):
                if tensor.is_floating_point():
                    tensor.uniform_(0.3, 2) if "var" in name else tensor.normal_()
    yield from layers
    yield nn.Sequential(nn.Flatten(2), nn.BatchNorm1d(6))
    yield nn.Sequential(nn.Flatten(), nn.BatchNorm1d(594))


ARITHMETIC = [
    lambda x: x + x.mean((2, 3), keepdim=True), lambda x: torch.add(x, x, alpha=-0.5),
    lambda x: x - 2, lambda x: 2 - x, lambda x: torch.sub(x, x.abs(), alpha=3), lambda x: x * 0.1,
    lambda x: x / 3, lambda x: 1 / (x.abs() + 1), lambda x: x * torch.sigmoid(x),
    lambda x: x / (x.abs() + 1), lambda x: torch.maximum(x, -x), lambda x: torch.minimum(x, -x),
    lambda x: torch.max(x, x.mean(1, keepdim=True)), lambda x: x * torch.arange(9.0),
    lambda x: x * torch.arange(6.0).view(1, 6, 1, 1), lambda x: x + torch.ones(6, 1, 9),
    lambda x: x[:, :2] * x[:, 2:4], lambda x: x.add(1).mul(2).div(3).sub(4),
]  # fmt: skip
COPIES = [
    lambda x: x.view(-1, 594), lambda x: x.view(x.size(0), 6, -1), lambda x: x.permute(0, 3, 1, 2),
    lambda x: x.transpose(1, 3), lambda x: x.reshape(len(x), 9, 66), lambda x: x.flatten(2),
    lambda x: x.mT, lambda x: x[:, ::2, 1:-1], lambda x: x[:, 3], lambda x: x[:, :, None, -1],
    lambda x: x.chunk(4, dim=1)[2], lambda x: torch.split(x, 2, 2)[1], lambda x: x.unbind(1)[4],
    lambda x: x.unsqueeze(1).squeeze(1), lambda x: x.flip((2, 3)), lambda x: x.roll(2, 3),
    lambda x: F.pad(x, (1, 2, 0, 3)), lambda x: F.pad(x, (1, 2), value=0.7), nn.ZeroPad2d(2),
    nn.ReflectionPad2d(2), nn.ReplicationPad2d((1, 0, 2, 3)), nn.ConstantPad2d(1, -0.5),
    nn.CircularPad2d(2), lambda x: torch.cat([x, x[:, :1]], 1), nn.PixelShuffle(1),
    lambda x: torch.stack([x, -x], dim=-1), lambda x: torch.stack((x, x * 2), 1).sum(1),
    nn.ChannelShuffle(3), nn.Upsample(scale_factor=2), nn.Unfold(3, padding=1, stride=2),
    lambda x: F.interpolate(x, size=(5, 20)), lambda x: x.expand(-1, -1, -1, -1),
    lambda x: x.repeat(1, 2, 1, 3), lambda x: x.index_select(1, torch.tensor([5, 0, 0])),
    lambda x: x.movedim(1, -1), lambda x: x.narrow(3, 2, 4), lambda x: x.unflatten(1, (2, 3)),
    lambda x: torch.concat([x, torch.zeros(len(x), 2, 11, 9)], dim=1), nn.Identity(),
    nn.Dropout(), nn.Dropout2d(), nn.AlphaDropout(), lambda x: x.contiguous().clone().detach(),
    lambda x: x.to(torch.float32).float(), lambda x: x.tile(1, 1, 2, 1), nn.Flatten(1, 2),
    lambda x: x.swapaxes(1, 2), lambda x: torch.squeeze(x[:, :1], 1), lambda x: x.view_as(x),
]  # fmt: skip


def linears():
    torch.manual_seed(3)
    matrix = torch.randn(9, 4)
    yield from (nn.Linear(9, 5), nn.Linear(9, 1, bias=False))
    yield nn.Sequential(nn.Flatten(), nn.Linear(594, 7))
    yield nn.Sequential(nn.Flatten(2), nn.Linear(99, 3))
    yield lambda x: x @ matrix
    yield lambda x: torch.addmm(torch.ones(4), x[:, 0, 0], matrix)
    yield lambda x: F.linear(x, matrix.t())


SOFTMAXES = [
    nn.Softmax(dim=1), nn.LogSoftmax(dim=-1), lambda x: x.softmax(2),
    lambda x: F.log_softmax(x.flatten(1), dim=1),
]  # fmt: skip

EVERY = {
    "convolutions": (convolutions, {"conv2d", "copy"}),
    "poolings": (poolings, {"pool"}),
    "reductions": (reductions, {"pool", "copy"}),
    "activations": (lambda: ACTIVATIONS, {"activation"}),
    "normalisations": (normalisations, {"batch_norm", "standardise"}),
    "arithmetic": (
        lambda: ARITHMETIC,
        {"add", "subtract", "multiply", "divide", "maximum", "minimum", "constant"},
    ),
    "copies": (lambda: COPIES, {"copy", "concatenate"}),
    "linears": (linears, {"linear"}),
    "softmaxes": (lambda: SOFTMAXES, {"softmax"}),
}


@pytest.mark.parametrize("kind", EVERY)
def test_numpy_computes_what_pytorch_computes(kind):
    make, expected = EVERY[kind]
    used, _ = compare(list(make()))
    assert used >= expected


def test_every_operation_and_every_function_is_tried():
    assert {"input"}.union(*(expected for _, expected in EVERY.values())) == OPERATIONS
    _, graph = compare(ACTIVATIONS)
    used = {step.settings["function"] for step in graph.steps if step.op == "activation"}
    assert used == FUNCTIONS == {*_FUNCTIONS, "prelu"}


def test_numbers_far_from_zero_stay_what_they_are():
    compare(ACTIVATIONS[:25], scale=60.0)
    compare(SOFTMAXES, scale=60.0)


def test_one_dimensional_pooling_is_refused():
    with pytest.raises(ModelError, match="avg_pool1d, which cnnlab cannot show"):
        trace(Side([lambda x: F.avg_pool1d(x.flatten(2), 3)]), SHAPE)


def test_images_of_another_shape_are_refused(images):
    graph = trace(Side([nn.Identity()]), (1, 28, 28))
    with pytest.raises(ModelError, match=r"takes images of \('N', 1, 28, 28\); found \(64, 1, 32"):
        logits_of(graph, images)


def test_logits_that_differ_are_refused(images):
    graph = trace(Side([nn.AdaptiveAvgPool2d((2, 5))]), (1, 32, 32))
    logits = logits_of(graph, images)
    assert check_agreement(graph, images, logits).largest_difference == 0
    with pytest.raises(ModelError, match=r"is 0.002; expected at most 0.001. Other predicted .* 0"):
        check_agreement(graph, images, logits + np.float32(0.002))
    with pytest.raises(ModelError, match="largest difference of a logit is nan"):
        check_agreement(graph, images, logits * np.float32(np.nan))
    swapped = logits.copy()
    swapped[0, swapped[0].argmax()] -= 1e-3
    swapped[0] = np.sort(logits[0]) if np.ptp(logits[0]) < 1e-3 else swapped[0]
    with pytest.raises(ModelError, match="the result is not PyTorch's"):
        check_agreement(graph, images, np.roll(logits, 1, axis=1))
