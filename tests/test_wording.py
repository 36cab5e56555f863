import pytest

from cnnlab.wording import with_article


@pytest.mark.parametrize("name", ["nn.ReLU", "Embedding", "LSTM", "Identity", "RNN", "Upsample"])
def test_an_stands_before_what_is_spoken_with_a_vowel_first(name):
    assert with_article(name) == f"an {name}"


@pytest.mark.parametrize("name", ["ReLU", "GRU", "Linear", "SELU", "UNet", "softmax", "number"])
def test_a_stands_before_all_else(name):
    assert with_article(name) == f"a {name}"
