"""Fused networks compute what PyTorch's own layers do, however their code is written."""

import os
import pickle
import subprocess
import sys
import warnings
from contextlib import nullcontext
from copy import deepcopy
from dataclasses import replace

import pytest
import torch
from torch import nn
from torch.nn import functional

from cnnlab.custom.find import build
from cnnlab.training.engines import capture as capture_module
from cnnlab.training.engines import chain as chain_module
from cnnlab.training.engines.activations import Activation
from cnnlab.training.engines.capture import Plan, fused, plan_for
from cnnlab.training.engines.choose import engine_for

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
    "no pooling": lambda: network(nn.Conv2d(1, 7, 3), nn.ReLU(), nn.Conv2d(7, 3, 3)),
    "padded": lambda: network(nn.Conv2d(1, 4, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)),
    "a chain": lambda: network(
        nn.Conv2d(1, 8, 3), nn.ReLU(), nn.Conv2d(8, 12, 3), nn.ReLU(), nn.MaxPool2d(2)
    ),
    "between others": lambda: network(
        nn.Conv2d(1, 4, 3, dilation=2), nn.Softplus(), nn.Conv2d(4, 6, 3), nn.MaxPool2d(2)
    ),
}


@pytest.mark.parametrize("make", STAGES.values(), ids=STAGES)
def test_a_stage_gives_what_pytorch_gives(make):
    model = make()
    images = torch.randn(21, model[0].in_channels, 15, 16)
    expected = results_and_gradients(model, images)
    with fused(model) as capture:
        found = results_and_gradients(model, images)
        assert any(capture.chains.values())  # the self-test passed: machine code has run
        with torch.no_grad():
            torch.testing.assert_close(model(images), expected[0], rtol=1e-4, atol=1e-4)
    assert_same(expected, found)
    assert all("forward" not in each.__dict__ for each in model.modules())


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


@pytest.mark.parametrize("name", FUSED)
def test_nan_comes_through(name):
    model = build(name).eval()  # batch normalisation spreads a NaN over its batch
    images = torch.randn(16, 1, 32, 32)
    images[3] = torch.nan
    with fused(model):
        logits = model(images)
    assert logits[3].isnan().all()
    assert logits[[0, 1, 2, 4]].isfinite().all()


def test_the_number_of_threads_does_not_change_a_bit():
    before, found = torch.get_num_threads(), []
    images = torch.randn(80, 1, 32, 32)
    try:
        for threads in (1, 2, 3):
            torch.set_num_threads(threads)
            model = build("lenet5").features
            with fused(model):
                found.append(results_and_gradients(model, images))
    finally:
        torch.set_num_threads(before)
    for others in found[1:]:
        assert all(torch.equal(a, b) for a, b in zip(found[0], others, strict=True))


@pytest.mark.parametrize(
    "layers",
    [
        [nn.Conv2d(1, 4, 3, stride=3)],
        [nn.Conv2d(1, 4, 3, dilation=2)],
        [nn.Conv2d(1, 4, (3, 5))],
        [nn.Conv2d(1, 4, 3, padding=1, padding_mode="reflect")],
        [nn.Conv2d(1, 4, 1)],
        [nn.Conv2d(1, 4, 3).requires_grad_(False)],
        [nn.Conv2d(1, 64, 3, stride=2), nn.Conv2d(64, 128, 5)],
        [nn.utils.parametrizations.weight_norm(nn.Conv2d(1, 4, 3))],
        [nn.Flatten(), nn.Linear(1024, 4)],
    ],
    ids=str,
)
def test_what_does_not_fit_is_left_to_pytorch(layers):
    model = nn.Sequential(*layers, nn.ReLU(), nn.Softplus())
    engine = engine_for(model, CPU)
    assert str(engine) == "PyTorch's own layers (no convolution gains by a fused kernel)"
    with engine.applied(model, CPU):
        assert all("forward" not in each.__dict__ for each in model.modules())
    images = torch.randn(3, 1, 32, 32)
    expected = model(images)
    with fused(model) as capture:
        assert distance(expected, model(images)) < 1e-6
        assert not any(capture.chains.values())


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
    with fused(model) as capture:
        with pytest.warns(UserWarning, match="own layers, .* slower .* failed their self-test"):
            torch.testing.assert_close(model(images), expected, rtol=0, atol=0)
        assert list(capture.chains.values()) == [None]


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
        "from cnnlab.training.engines.capture import fused\n"
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
    with fused(copy) as capture:
        torch.testing.assert_close(copy(images), expected, rtol=1e-4, atol=1e-4)
        assert len(capture.chains) == 1


def test_a_tie_in_the_self_test_does_not_refuse_sound_code():
    model = build("lenet5-relu-max", seed=451)  # a maximum moves by rounding in the first draw
    with warnings.catch_warnings(), fused(model) as capture:
        warnings.simplefilter("error")
        model(torch.randn(16, 1, 32, 32))
        assert None not in capture.chains.values()


def distance(expected, found):
    return float(((expected - found).norm() / expected.norm()).detach())


def assert_near(expected, found, tolerance=1e-5):
    """Compare results, and all gradients as one: some are nothing but rounding."""
    assert distance(expected[0], found[0]) < tolerance
    gradients = (torch.cat([each.flatten() for each in own[1:]]) for own in (expected, found))
    assert distance(*gradients) < tolerance


class Functional(nn.Module):
    """Two convolutions, and whatever a test does between them."""

    def __init__(self, between=lambda self, x: x, **options):
        super().__init__()
        torch.manual_seed(0)
        self.conv1 = nn.Conv2d(1, 6, 5, **options)
        self.conv2 = nn.Conv2d(6, 6, 3, padding=1, **options)
        self.relu, self.inplace, self.fc = nn.ReLU(), nn.ReLU(inplace=True), nn.Linear(294, 10)
        self.between = between

    def forward(self, x):
        x = functional.max_pool2d(self.between(self, self.conv1(x)), 2)
        x = functional.max_pool2d(functional.gelu(self.conv2(x)), (2, 2))
        return self.fc(x.view(x.size(0), -1))


def branched(self, x):
    return torch.tanh(x) if x.mean() > 100 else torch.relu(x)


def normalised(self, x):
    x = functional.batch_norm(x, None, None, training=True)
    return functional.relu(x, inplace=True)


def changed_where_it_is(self, x):
    self.inplace(x)
    return x


def without_gradient(self, x):
    with torch.no_grad():
        mask = torch.sigmoid(x)
    return torch.relu(x) * mask


def in_half_precision(self, x):
    with torch.autocast("cpu", dtype=torch.bfloat16):
        return self.conv2(functional.relu(x)).float()


class Doubling(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return 2 * x + x * x

    @staticmethod
    def backward(ctx, gradient):
        (x,) = ctx.saved_tensors
        return gradient * (2 + 2 * x)


BETWEEN = {
    "nothing": lambda self, x: x,
    "an activation": lambda self, x: functional.leaky_relu(x, 0.2),
    "one in place": lambda self, x: self.inplace(x),
    "one in place, its result not taken": changed_where_it_is,
    "a residual": lambda self, x: functional.relu(self.conv2(x)) + x,
    "a residual in place": lambda self, x: self.conv2(torch.relu(x)).add_(x),
    "a value used, then changed": lambda self, x: torch.relu(x) + x.mul_(0.5),
    "a layer used twice": lambda self, x: torch.tanh(self.conv2(torch.tanh(self.conv2(x)))),
    "branches": lambda self, x: torch.relu(self.conv2(x)) + torch.tanh(self.conv2(x)),
    "a list": lambda self, x: torch.stack([x, torch.relu(x)]).sum(0),
    "a condition": branched,
    "normalisation": normalised,
    "an autograd function": lambda self, x: Doubling.apply(x),
    "one after an activation": lambda self, x: Doubling.apply(self.inplace(x)),
    "no gradient": without_gradient,
    "autocast": in_half_precision,
    "detach": lambda self, x: torch.relu(x) + x.detach(),
    "an index": lambda self, x: torch.relu(x)[:, [5, 4, 3, 2, 1, 0]],
    "softmax": lambda self, x: x.softmax(1),
}


@pytest.mark.parametrize("between", BETWEEN.values(), ids=BETWEEN)
def test_whatever_a_network_does_between_its_convolutions(between):
    images = torch.randn(19, 1, 32, 32, generator=torch.Generator().manual_seed(1))
    plainly, fast = Functional(between), Functional(between)
    expected = [results_and_gradients(plainly, images) for _ in range(2)]
    with torch.no_grad():
        expected_alone = plainly(images)
    with warnings.catch_warnings(), fused(fast):
        warnings.simplefilter("error")
        found = [results_and_gradients(fast, images) for _ in range(2)]
        with torch.inference_mode():
            found_alone = fast(images)
    tolerance = 0.1 if between is in_half_precision else 1e-5
    for a, b in zip(expected, found, strict=True):
        assert_near(a, b, tolerance)
    assert distance(expected_alone, found_alone) < tolerance
    assert type(found_alone) is torch.Tensor


def test_a_value_used_twice_is_computed_where_it_is_from_then_on():
    model, images = Functional(BETWEEN["a residual"]), torch.randn(19, 1, 32, 32)
    with fused(model, tested=False) as capture:
        model(images)
        assert capture.shared == {("conv1",)}
    assert plan_for(model, images).shared == {("conv1",)}


def test_hooks_on_layers_and_on_gradients_are_called():
    model, images, seen = Functional(lambda self, x: self.relu(x)), torch.randn(19, 1, 32, 32), []
    expected = results_and_gradients(model, images)
    model.conv1.register_full_backward_hook(lambda *given: seen.append(given[2][0].norm()))
    model.relu.register_full_backward_hook(lambda *given: seen.append(given[1][0].norm()))
    model.relu.register_forward_hook(lambda *given: seen.append(given[2].norm()))
    for make in (nullcontext, lambda: fused(model, tested=False)):
        with make():
            found = results_and_gradients(model, images)
        assert_near(expected, found)
    torch.testing.assert_close(seen[:3], seen[3:], rtol=1e-4, atol=1e-5)


def test_an_input_changed_in_place_is_refused_with_gradients_and_right_without():
    model, images = (
        nn.Sequential(nn.Conv2d(1, 6, 5), nn.ReLU(), nn.MaxPool2d(2)),
        torch.randn(19, 1, 32, 32),
    )
    with torch.no_grad():
        expected = model(images)
    with fused(model, tested=False):
        with torch.no_grad():
            given = images.clone()
            maps = model[0](given)
            given.zero_()
            torch.testing.assert_close(model[2](model[1](maps)), expected, rtol=1e-4, atol=1e-4)
        given = images.clone()
        maps = model[0](given)
        given.zero_()
        with pytest.raises(RuntimeError, match="modified by an inplace operation: the input of 0"):
            maps.sum()


class Hidden(nn.Module):
    """Changes what a convolution was given, where no version number tells."""

    def __init__(self):
        super().__init__()
        self.conv, self.fc, self.changes = nn.Conv2d(1, 6, 5), nn.Linear(1176, 10), True

    def forward(self, x):
        x = x + 1
        y = self.conv(x)
        if self.changes:
            x.data.zero_()
        return self.fc(functional.max_pool2d(torch.relu(y), 2).flatten(1))


def test_a_change_that_only_its_result_tells_stops_the_kernels_at_the_first_batch():
    model, images = Hidden(), torch.randn(40, 1, 32, 32)
    expected = model(images)
    with fused(model) as capture:
        with pytest.warns(
            UserWarning, match=r"slower .* In step 1 .* without. Does its code .*`.data`"
        ):
            found = model(images)
        assert not capture.is_trusted
        assert torch.equal(model(images), expected)
    assert torch.equal(found, expected)


def test_such_a_change_is_found_later_too():
    model, images = Hidden(), torch.randn(40, 1, 32, 32)
    model.changes = False
    with fused(model) as capture, pytest.MonkeyPatch.context() as patch:
        patch.setattr(capture_module, "_STEPS_UNTESTED", 3)
        for _ in range(3):
            model(images)
        model.changes = True
        with pytest.warns(UserWarning, match="In step 4 this network computed something else"):
            model(images)
        assert not capture.is_trusted


@pytest.mark.filterwarnings("ignore")
def test_a_compiled_network_is_left_alone():
    model, images = Functional(), torch.randn(5, 1, 32, 32)
    expected = model(images)
    model.conv2 = torch.compile(model.conv2, backend="eager")
    with fused(model):
        assert "forward" not in model.conv1.__dict__
        assert distance(expected, model(images)) < 1e-5


def test_a_plan_names_what_is_fused():
    model = build("lenet5-batch-norm")
    assert plan_for(model, torch.zeros(4, 1, 32, 32)) == Plan(
        ("features.0", "features.4"), is_partial=False, others=59178
    )


def test_kernels_run_in_functional_code_and_around_a_residual():
    model, images = Functional(BETWEEN["a residual"]), torch.randn(19, 1, 32, 32)
    with fused(model, plan=plan_for(model, images)) as capture:
        model(images)
    assert [len(key[0]) for key, chain in capture.chains.items() if chain] == [1, 1]


@pytest.mark.parametrize("last", [nn.MaxPool2d(2), nn.Softplus()], ids=["a chain", "PyTorch"])
def test_weights_changed_after_a_convolution_do_not_change_its_result(last):
    model, images = network(nn.Conv2d(1, 6, 5), nn.ReLU(), last), torch.randn(19, 1, 32, 32)
    with torch.no_grad():
        expected = model(images)
        with fused(model, tested=False):
            maps = model[0](images)
            model[0].weight.mul_(2)
            model[0].bias.mul_(2)
            assert distance(expected, last(torch.relu(maps))) < 1e-5


def test_weights_changed_where_no_version_number_tells_do_not_change_a_chains_result():
    model = network(nn.Conv2d(1, 6, 5), nn.ReLU(), nn.MaxPool2d(2))
    images, own = torch.randn(19, 1, 32, 32), list(model.parameters())

    def run(change):
        maps = model[0](images)
        model[0].weight.data.mul_(change)
        results = model[2](torch.relu(maps))
        found = [results.detach(), *torch.autograd.grad(results.square().sum(), own)]
        model[0].weight.data.div_(change)
        return found

    expected = run(1)
    with fused(model, tested=False):
        assert_near(expected, run(2))
