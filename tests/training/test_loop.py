import math
import os

import pytest
import torch
from torch import nn
from torch.nn.functional import cross_entropy

from cnnlab.custom.find import build
from cnnlab.data.own.load import load
from cnnlab.data.tensors import TensorSet, prepare
from cnnlab.errors import DivergedError
from cnnlab.training.config import recipe
from cnnlab.training.listener import Listener
from cnnlab.training.loop import accuracy, evaluate, fit, loss_batch, predict


@pytest.fixture(scope="module")
def tensors():
    """A learnable set: the class is the bright row of the image."""
    generator = torch.Generator().manual_seed(0)
    labels = torch.arange(200) % 10
    images = torch.randn(200, 1, 32, 32, generator=generator) * 0.1
    images[torch.arange(200), 0, labels * 3] = 1.0
    return TensorSet(images, labels)


def test_loss_batch_is_mean_cross_entropy(tensors):
    model = build("lenet5")
    loss, logits = loss_batch(model, tensors.images, tensors.labels)
    probabilities = logits.softmax(dim=1)[torch.arange(200), tensors.labels]
    assert loss.item() == pytest.approx(-probabilities.log().mean().item(), rel=1e-5)


def test_accuracy_is_the_share_of_correct_predictions():
    logits = torch.tensor([[1.0, 2.0], [3.0, 0.0], [0.0, 1.0], [5.0, 4.0]])
    assert accuracy(logits, torch.tensor([1, 1, 1, 0])) == 0.75


def test_evaluate_uses_all_images_with_any_batch_size(tensors):
    model = build("lenet5")
    whole = evaluate(model, tensors, batch_size=200)
    odd = evaluate(model, tensors, batch_size=7)
    assert odd.loss == pytest.approx(whole.loss, rel=1e-5)
    assert odd.accuracy == whole.accuracy


def test_predict_leaves_dropout_out():
    model = nn.Sequential(nn.Flatten(), nn.Dropout(0.5), nn.Linear(4, 2))
    model.train()
    images = torch.ones(3, 1, 2, 2)
    assert torch.equal(predict(model, images), predict(model, images))


def test_fit_learns_and_reports_means_over_the_epoch(tensors):
    model = build("lenet5")
    config = recipe("workshop", epochs=12, batch_size=50, learning_rate=0.05)
    told = []
    history = fit(model, tensors, tensors, config, listener=Listener(epoch=told.append))
    assert told == history
    assert [record.epoch for record in history] == list(range(1, 13))
    assert history[-1].validation_accuracy > 0.95
    assert history[-1].train_loss < history[0].train_loss


def test_training_metrics_are_means_over_all_images(tensors):
    """With a tiny learning rate, the epoch's means are those of the fixed model."""
    model = build("lenet5")
    expected = evaluate(model, tensors)
    config = recipe("workshop", epochs=1, batch_size=64, learning_rate=1e-30)
    (record,) = fit(model, tensors, tensors, config)
    assert record.train_loss == pytest.approx(expected.loss, rel=1e-5)
    assert record.train_accuracy == expected.accuracy


def test_first_steps_are_plain_sgd_with_momentum(tensors):
    """The loop equals the textbook's update: v = 0.9 v + g; w = w - 0.1 v."""
    ours, by_hand = build("lenet5", 3), build("lenet5", 3)
    config = recipe("workshop", epochs=2, batch_size=200, seed=3)
    fit(ours, tensors, tensors, config)
    velocity = [torch.zeros_like(p) for p in by_hand.parameters()]
    generator = torch.Generator().manual_seed(3)
    for _ in range(2):
        order = torch.randperm(200, generator=generator)
        loss = cross_entropy(by_hand(tensors.images[order]), tensors.labels[order])
        gradients = torch.autograd.grad(loss, list(by_hand.parameters()))
        with torch.no_grad():
            for p, v, g in zip(by_hand.parameters(), velocity, gradients, strict=True):
                v.mul_(0.9).add_(g)
                p.sub_(0.1 * v)
    for mine, theirs in zip(ours.parameters(), by_hand.parameters(), strict=True):
        torch.testing.assert_close(mine, theirs, rtol=1e-4, atol=1e-6)


def test_the_same_seed_is_bit_identical_and_another_seed_is_not(tensors):
    config = recipe("workshop", epochs=2, batch_size=32)

    def train(seed):
        model = build("lenet5-relu-max", seed)
        history = fit(
            model, tensors, tensors, recipe("workshop", epochs=2, batch_size=32, seed=seed)
        )
        return model.state_dict(), [(r.train_loss, r.validation_loss) for r in history]

    weights, figures = train(config.seed)
    again, same = train(config.seed)
    assert figures == same
    assert all(torch.equal(weights[name], again[name]) for name in weights)
    assert train(1)[1] != figures


def test_plateau_lowers_the_learning_rate_when_accuracy_stalls(tensors):
    config = recipe("workshop", epochs=6, learning_rate=1e-12, plateau_patience=1)
    history = fit(build("lenet5"), tensors, tensors, config)
    rates = [record.learning_rate for record in history]
    assert rates[:3] == [1e-12] * 3
    assert rates[3] == pytest.approx(1e-13)


def test_constant_schedule_keeps_the_learning_rate(tensors):
    config = recipe("workshop", epochs=4, schedule="constant", learning_rate=1e-12)
    history = fit(build("lenet5"), tensors, tensors, config)
    assert {record.learning_rate for record in history} == {1e-12}


@pytest.mark.parametrize("learning_rate", [1e6, 1e38])
def test_divergence_stops_with_the_last_finite_weights_and_advice(tensors, learning_rate):
    model = build("lenet5-relu-max")
    config = recipe("workshop", batch_size=20, learning_rate=learning_rate)
    with pytest.raises(DivergedError, match=r"diverged.*try --learning-rate") as caught:
        fit(model, tensors, tensors, config)
    assert "epoch 1, batch" in str(caught.value)
    assert all(tensor.isfinite().all() for tensor in model.state_dict().values())
    assert (
        math.isfinite(loss_batch(model, tensors.images, tensors.labels)[0].item())
        or learning_rate == 1e6
    )


def test_nan_in_the_images_is_divergence_at_the_first_step(tensors):
    images = tensors.images.clone()
    images[:, 0, 0, 0] = math.nan
    model = build("lenet5")
    start = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    with pytest.raises(DivergedError, match="loss became nan at epoch 1, batch 1"):
        fit(model, TensorSet(images, tensors.labels), tensors, recipe("workshop"))
    assert all(torch.equal(start[name], tensor) for name, tensor in model.state_dict().items())


@pytest.mark.parametrize(
    ("name", "epochs", "at_least"),
    [
        ("fashion-mnist-sample", 5, 0.70),
        pytest.param("fashion-mnist", 2, 0.80, marks=pytest.mark.real_data),
    ],
)
def test_a_few_epochs_on_real_images_reach_what_they_should(name, epochs, at_least):
    splits = load(name, offline=True)
    train, validation = prepare(splits.train), prepare(splits.validation)
    history = fit(build("lenet5"), train, validation, recipe("workshop", epochs=epochs))
    assert history[-1].validation_accuracy > at_least


def test_a_batch_larger_than_the_set_is_the_whole_set(tensors):
    config = recipe("workshop", epochs=2, batch_size=100_000)
    whole = recipe("workshop", epochs=2, batch_size=200)
    one, other = (fit(build("lenet5"), tensors, tensors, each) for each in (config, whole))
    assert [record.train_loss for record in one] == [record.train_loss for record in other]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_child_forked_from_a_process_with_threads_trains_too(tensors):
    config = recipe("workshop", epochs=1, batch_size=50)
    expected = fit(build("lenet5"), tensors, tensors, config)[0].train_loss
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        torch.set_num_threads(1)  # GNU OpenMP's threads do not survive a fork
        try:
            found = fit(build("lenet5"), tensors, tensors, config)[0].train_loss
            os.write(writer, repr(found).encode())
        finally:
            os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as answer:
        assert float(answer.read()) == pytest.approx(expected, abs=1e-5)
    os.waitpid(child, 0)


def test_dropout_is_drawn_from_the_seed_and_leaves_the_global_generator(tensors):
    def losses(seed):
        torch.manual_seed(0)
        model = nn.Sequential(nn.Flatten(), nn.Dropout(0.5), nn.Linear(1024, 10))
        torch.manual_seed(seed)  # what another program drew before must not matter
        history = fit(model, tensors, tensors, recipe("workshop", epochs=1, seed=3))
        return history[0].train_loss

    assert losses(1) == losses(2)
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    fit(build("lenet5"), tensors, tensors, recipe("workshop", epochs=1))
    assert torch.equal(torch.rand(1), expected)


def test_training_loss_is_plain_cross_entropy_even_with_smoothed_labels(tensors):
    config = recipe("workshop", epochs=1, batch_size=10_000, label_smoothing=0.5)
    model = build("lenet5")
    before = evaluate(model, tensors)
    (record,) = fit(model, tensors, tensors, config)
    assert record.train_loss == pytest.approx(before.loss, abs=1e-5)


def test_a_diverged_training_names_the_requested_learning_rate(tensors):
    config = recipe("sprint", learning_rate=1e30)
    with pytest.raises(
        DivergedError, match=r"learning rate was 1e\+30; try --learning-rate 1e\+29"
    ):
        fit(build("lenet5"), tensors, tensors, config)
