"""The fused kernels compute what PyTorch's own layers do, for every kind of stage."""

import os
import pickle
import subprocess
import sys
import warnings
from copy import deepcopy
from dataclasses import replace

import pytest
import torch
from torch import nn

from cnnlab.custom.find import build
from cnnlab.training.engines import chain as chain_module
from cnnlab.training.engines.activations import Activation
from cnnlab.training.engines.choose import engine_for
from cnnlab.training.engines.fused import fusable, fused

CPU = torch.device("cpu")
FUSED = ("lenet1", "lenet5", "lenet5-relu-max", "lenet5-batch-norm", "vgg6")


def results_and_gradients(model, images, weights=None):
    model.zero_grad()
    images = images.clone().requires_grad_()
    results = model(images)
    if weights is None:
        weights = torch.linspace(-1, 1, results.numel()).view_as(results)
    (results * weights).sum().backward()
    return [results.detach(), images.grad, *(p.grad.clone() for p in model.parameters())]


def assert_same(expected, found, tolerance=1e-4):
    for a, b in zip(expected, found, strict=True):
        atol = tolerance * max(1, float(a.abs().max()))
        torch.testing.assert_close(b, a, rtol=tolerance, atol=atol)


def network(*layers):
    torch.manual_seed(0)
    return nn.Sequential(*layers)


STAGES = {
    "tanh, average": lambda: network(nn.Conv2d(1, 6, 5), nn.Tanh(), nn.AvgPool2d(2)),
    "relu, max": lambda: network(nn.Conv2d(1, 6, 5), nn.ReLU(), nn.MaxPool2d(2)),
    "max, relu": lambda: network(nn.Conv2d(2, 6, 3), nn.MaxPool2d(2), nn.ReLU()),
    "tanh, max": lambda: network(nn.Conv2d(1, 5, 3), nn.Tanh(), nn.MaxPool2d(2, 2)),
    "relu, average": lambda: network(nn.Conv2d(3, 4, 5), nn.ReLU(), nn.AvgPool2d(2)),
    "average, relu": lambda: network(nn.Conv2d(3, 4, 5), nn.AvgPool2d(2), nn.ReLU()),
    "no pooling": lambda: network(nn.Conv2d(1, 7, 3), nn.ReLU()),
    "padded": lambda: network(nn.Conv2d(1, 4, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)),
    "a chain": lambda: network(
        nn.Conv2d(1, 8, 3), nn.ReLU(), nn.Conv2d(8, 12, 3), nn.ReLU(), nn.MaxPool2d(2)
    ),
    "between others": lambda: network(
        nn.Conv2d(1, 4, 3, stride=2), nn.BatchNorm2d(4), nn.Conv2d(4, 6, 3), nn.Tanh()
    ),
}


@pytest.mark.parametrize("make", STAGES.values(), ids=STAGES)
def test_a_stage_gives_what_pytorch_gives(make):
    model = make()
    images = torch.randn(21, model[0].in_channels, 15, 16)
    expected = results_and_gradients(model, images)
    with fused(model) as places:
        assert places == 1
        found = results_and_gradients(model, images)
        assert (
            None not in model.forward.chains.values()
        )  # the self-test passed: machine code has run
        with torch.no_grad():
            torch.testing.assert_close(model(images), expected[0], rtol=1e-4, atol=1e-4)
    assert_same(expected, found)
    assert "forward" not in model.__dict__


@pytest.mark.parametrize("name", FUSED)
@pytest.mark.parametrize("count", [1, 15, 16, 17, 384])
def test_a_network_with_any_batch_size(name, count):
    model = build(name, seed=3)
    images = torch.randn(count, 1, 32, 32, generator=torch.Generator().manual_seed(count))
    expected = results_and_gradients(model, images)
    with fused(model):
        found = results_and_gradients(model, images)
    # A gradient sums over all images and places, and its rounding grows with their number; of
    # two nearly equal values in a pooling window rounding may pick the other: few images do.
    images_off = (expected[1] - found[1]).abs().flatten(1).amax(1) > 1e-3
    assert images_off.sum() <= count / 50
    assert_same(expected[:1], found[:1])
    assert_same(expected[2:], found[2:], tolerance=1e-4 * max(1, count / 8))


def test_tanh_over_its_whole_range():
    model = network(nn.Conv2d(1, 1, 1), nn.Tanh())
    with torch.no_grad():
        model[0].weight.fill_(1)
        model[0].bias.fill_(0)
    values = torch.cat([torch.linspace(-50, 50, 2000), torch.logspace(-20, 1, 2000)])
    values = torch.cat([values, torch.tensor([0.0, torch.inf, -torch.inf, torch.nan])])
    values = torch.nn.functional.pad(values, (0, -len(values) % 16)).view(1, 1, -1, 16)
    with fused(model), torch.no_grad():
        found = model(values)
    expected = values.double().tanh()
    torch.testing.assert_close(found.double(), expected, rtol=1e-6, atol=0, equal_nan=True)


@pytest.mark.parametrize("name", FUSED)
def test_nan_comes_through(name):
    model = build(name).eval()  # batch normalisation spreads a NaN over its batch
    images = torch.randn(16, 1, 32, 32)
    images[3] = torch.nan
    with fused(model):
        logits = model(images)
    assert logits[3].isnan().all()
    assert logits[[0, 1, 2, 4]].isfinite().all()


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_the_number_of_threads_changes_no_more_than_the_order_of_sums(threads):
    before = torch.get_num_threads()
    model, images = build("lenet5"), torch.randn(80, 1, 32, 32)
    expected = results_and_gradients(model, images)
    try:
        torch.set_num_threads(threads)
        with fused(model):
            found = results_and_gradients(model, images)
    finally:
        torch.set_num_threads(before)
    assert_same(expected, found)


@pytest.mark.parametrize(
    "layer",
    [
        nn.Conv2d(1, 4, 3, stride=2),
        nn.Conv2d(1, 4, 3, dilation=2),
        nn.Conv2d(1, 4, (3, 5)),
        nn.Conv2d(2, 4, 3, groups=2),
        nn.Conv2d(1, 4, 3, bias=False),
        nn.Conv2d(1, 4, 3).double(),
        nn.Conv2d(1, 4, 3).requires_grad_(False),
        nn.Conv2d(64, 128, 5),
        nn.Conv2d(1, 4, 3),
        nn.utils.parametrizations.weight_norm(nn.Conv2d(1, 4, 3)),
        nn.Linear(4, 4),
    ],
    ids=str,
)
def test_what_does_not_fit_is_left_to_pytorch(layer):
    model = nn.Sequential(layer)
    assert fusable(model) == []
    assert engine_for(model, CPU).reason.startswith("no convolution")
    with engine_for(model, CPU).applied(model, CPU):
        assert "forward" not in model.__dict__


def test_a_hook_still_sees_its_layer():
    model, seen, images = build("lenet5"), [], torch.randn(2, 1, 32, 32)
    expected = model(images)
    model.features[1].register_forward_hook(lambda *given: seen.append(given[2].shape))
    with fused(model):
        torch.testing.assert_close(model(images), expected, rtol=1e-4, atol=1e-4)
    assert seen == [(2, 6, 28, 28)]


@pytest.mark.parametrize("shape", [(2, 3, 32, 32), (2, 1, 4, 4), (2, 32, 32)])
def test_images_of_a_wrong_size_get_pytorchs_own_error(shape):
    model = network(nn.Conv2d(1, 6, 5), nn.ReLU())
    images = torch.zeros(shape)
    try:
        expected = model(images)
    except RuntimeError as error:
        with fused(model), pytest.raises(RuntimeError) as caught:
            model(images)
        assert str(caught.value) == str(error)
    else:
        with fused(model):
            assert model(images).shape == expected.shape


def test_code_that_fails_its_self_test_is_not_used(monkeypatch):
    model = build("lenet5")
    images = torch.randn(4, 1, 32, 32)
    expected = model(images)
    real = chain_module.compile_chain

    def wrong(blocks, processor, input_gradient):
        return real(
            (replace(blocks[0], activation=Activation("relu")), *blocks[1:]),
            processor,
            input_gradient,
        )

    monkeypatch.setattr(chain_module, "compile_chain", wrong)
    with fused(model):
        with pytest.warns(UserWarning, match="own layers, .* slower .* failed their self-test"):
            torch.testing.assert_close(model(images), expected, rtol=0, atol=0)
        assert list(model.features.forward.chains.values()) == [None]


def test_where_nothing_can_be_compiled_pytorchs_layers_run():
    model = build("lenet5")
    images = torch.randn(4, 1, 32, 32)
    expected = model(images)

    def refuse(*_):
        raise RuntimeError("no such processor")

    with pytest.MonkeyPatch.context() as patch, fused(model):
        patch.setattr(chain_module, "compile_chain", refuse)
        with pytest.warns(UserWarning, match="could not be compiled: no such processor"):
            torch.testing.assert_close(model(images), expected, rtol=0, atol=0)


def test_without_the_compiler_pytorchs_layers_run(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    model = build("lenet5")
    assert engine_for(model, CPU).reason == "for fused kernels: pip install 'cnnlab[fast]'"
    with engine_for(model, CPU).applied(model, CPU):
        assert model(torch.zeros(1, 1, 32, 32)).shape == (1, 10)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_forked_child_computes_too():
    script = (
        "import os, torch\n"
        "from cnnlab.custom.find import build\n"
        "from cnnlab.training.engines.fused import fused\n"
        "torch.set_num_threads(2)\n"
        "model, images = build('lenet5'), torch.randn(64, 1, 32, 32)\n"
        "with fused(model), torch.no_grad():\n"
        "    expected = model.features(images)\n"
        "    child = os.fork()\n"
        "    same = torch.equal(model.features(images), expected)\n"
        "    if not child:\n"
        "        os._exit(0 if same else 3)\n"
        "    raise SystemExit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))\n"
    )
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", script], timeout=100, check=False)
    assert done.returncode == 0


@pytest.mark.parametrize("place", range(4))
def test_max_pooling_keeps_nan_at_every_place(place):
    model = network(nn.Conv2d(1, 1, 1), nn.MaxPool2d(2))
    images = torch.zeros(16, 1, 8, 8)
    images[:, :, place // 2, place % 2] = torch.nan
    with fused(model), torch.no_grad():
        found = model(images)
    assert found[:, 0, 0, 0].isnan().all()
    assert found.isnan().sum() == len(images)


def test_a_hook_set_while_fused_is_called():
    model, seen = build("lenet5"), []
    with fused(model):
        model(torch.zeros(2, 1, 32, 32))
        model.features[0].register_forward_hook(lambda *_: seen.append(1))
        model(torch.zeros(2, 1, 32, 32))
    assert seen == [1]


def test_a_weight_frozen_while_fused_gets_no_gradient():
    model = build("lenet5")
    with fused(model):
        model.features[0].bias.requires_grad_(False)
        model(torch.randn(4, 1, 32, 32)).sum().backward()
    assert model.features[0].bias.grad is None
    assert model.features[0].weight.grad.abs().sum() > 0


def test_weights_of_another_type_go_pytorchs_way():
    model = build("lenet5")
    with fused(model):
        model.double()
        with pytest.raises(RuntimeError, match="should be the same"):
            model(torch.zeros(2, 1, 32, 32))
        assert model(torch.zeros(2, 1, 32, 32, dtype=torch.float64)).dtype == torch.float64


def test_no_images_give_no_results():
    model = build("lenet5")
    with fused(model):
        assert model(torch.zeros(0, 1, 32, 32)).shape == (0, 10)


@pytest.mark.parametrize("copied", ["deepcopy", "pickle"])
def test_a_copy_made_while_fused_is_a_network_of_its_own(copied):
    model, images = build("lenet5", seed=1), torch.randn(20, 1, 32, 32)
    expected = model(images).detach()
    with fused(model):
        model(images)
        copy = deepcopy(model) if copied == "deepcopy" else pickle.loads(pickle.dumps(model))
        with torch.no_grad():
            model.features[0].weight.zero_()
        torch.testing.assert_close(copy(images), expected, rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(copy(images), expected, rtol=1e-4, atol=1e-4)
    with fused(copy) as places:
        assert places == 1


def test_a_tie_in_the_self_test_does_not_refuse_sound_code():
    model = build("lenet5-relu-max", seed=451)  # a maximum moves by rounding in the first draw
    with warnings.catch_warnings(), fused(model):
        warnings.simplefilter("error")
        model(torch.randn(16, 1, 32, 32))
        assert None not in model.features.forward.chains.values()
