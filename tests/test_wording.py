import pytest

from cnnlab.wording import with_article


@pytest.mark.parametrize(
    "name", ["nn.ReLU", "Embedding", "LSTM", "Identity", "RNN", "Upsample", "8"]
)
def test_an_comes_before_a_spoken_vowel(name):
    assert with_article(name) == f"an {name}"


@pytest.mark.parametrize(
    "name", ["ReLU", "GRU", "Linear", "SELU", "UNet", "softmax", "number", "7"]
)
def test_a_comes_before_all_other_names(name):
    assert with_article(name) == f"a {name}"
