import pytest
import torch

from cnnlab.custom.find import build, find_network
from cnnlab.errors import ModelError
from cnnlab.models.catalog import count_parameters


@pytest.mark.parametrize("name", ["lenet5", "lenet5-relu-max"])
def test_parameter_counts_are_the_papers_arithmetic(name):
    model = build(name)
    layers = [
        layer
        for part in (model.features, model.classifier)
        for layer in part
        if count_parameters(layer)
    ]
    by_hand = [
        (5 * 5 * 1 + 1) * 6,
        (5 * 5 * 6 + 1) * 16,
        (16 * 5 * 5 + 1) * 120,
        (120 + 1) * 84,
        (84 + 1) * 10,
    ]
    assert [count_parameters(layer) for layer in layers] == by_hand
    assert by_hand == [156, 2_416, 48_120, 10_164, 850]
    assert count_parameters(model) == 61_706


def test_variants_differ_in_activation_and_pooling_only():
    first, second = str(build("lenet5")), str(build("lenet5-relu-max"))
    assert first.count("Tanh") == 4
    assert first.count("AvgPool2d") == 2
    assert second.count("ReLU") == 4
    assert second.count("MaxPool2d") == 2


def test_logits_have_a_row_an_image():
    assert build("lenet5")(torch.zeros(3, 1, 32, 32)).shape == (3, 10)


def test_seed_draws_the_weights_and_leaves_the_global_generator_alone():
    before = torch.random.get_rng_state()
    one, same, other = (build("lenet5", seed).state_dict() for seed in (1, 1, 2))
    assert torch.equal(torch.random.get_rng_state(), before)
    assert all(torch.equal(one[name], same[name]) for name in one)
    assert not torch.equal(one["features.0.weight"], other["features.0.weight"])


def test_unknown_model_is_answered_with_the_nearest():
    with pytest.raises(ModelError, match=r"no model 'lenet-5'\. Did you mean 'lenet5'\?"):
        find_network("lenet-5")
