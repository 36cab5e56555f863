"""Networks of the collection are trained as a user types it: sound ones train, broken ones stop."""

import json
from pathlib import Path

import pytest

from cnnlab.cli.progress import TrainingProgress
from cnnlab.custom import sandbox
from tests.support.custom_network import forget_files, try_here
from tests.support.networks.case import Broken, Sound, Wanted, write
from tests.support.networks.collection import BROKEN, SOUND
from tests.support.networks.wanted import NOT_YET_ACCEPTED, WANTED
from tests.support.printed import said

pytestmark = pytest.mark.usefixtures("one_thread")

pytestmark = pytest.mark.filterwarnings("ignore")  # a network may use what is deprecated

QUICK = ("--dataset", "tiny", "--recipe", "sprint", "--batch-size", 64)

TRAINED = (
    # The flatten of tutorials, and layers in every style of writing.
    "view-minus-1-by-number",
    "view-size-0",
    "view-named-sizes",
    "view-after-relu-in-place",
    "view-then-batch-norm",
    "permute-then-reshape",
    "pooled-and-squeezed",
    "pooled-by-mean-of-tuple",
    "size-by-a-dry-pass",
    "lenet-functional",
    "lenet-as-a-sequential-class",
    "function-that-returns-a-sequential",
    "book-with-self-net",
    "book-vgg-block",
    "bootcamp-tiny-vgg",
    "quickstart-linear-relu-stack",
    "competition-with-batch-norm",
    "competition-with-dropout-2d",
    "own-base-class",
    "dataclass-config",
    "forward-with-extra-arguments",
    "prints-in-forward",
    "lazy-layers-made-real-in-init",
    "umlauts-and-other-letters",
    # Blocks.
    "resnet-basic-block",
    "resnet-pre-activation",
    "inception",
    "dense-net",
    "squeeze-net-fire",
    "shuffle-net",
    "mobile-net-depthwise-separable",
    "convnext-block",
    "squeeze-excitation",
    "all-convolutional",
    "pixel-unshuffle",
    "transposed-convolution",
    "spatial-pyramid",
    "generalized-mean-pooling",
    "normalised-in-forward",
    # Sequences.
    "vit-with-class-token",
    "transformer-encoder-layer-first-token",
    "multihead-attention",
    "self-attention-over-pixels",
    "mlp-mixer",
    "lstm-over-rows",
    "gru-over-rows-both-ways",
    "recurrent-by-hand",
    # Activations, norms and dropouts.
    "parametric-relu",
    "own-backward",
    "layer-norm",
    "own-batch-norm",
    "stochastic-depth",
    # Weights of every kind.
    "kaiming-by-a-loop-over-modules",
    "last-layer-of-zeros",
    "functional-convolution-with-own-weights",
    "parameter-dictionary",
    "codebook-moved-by-hand",
    "weight-norm",
    "spectral-norm",
    "layers-under-two-names",
    "tied-by-assignment",
    "several-heads-averaged",
    "mixture-of-experts-by-mask",
    "gradient-checkpointing",
    "fixed-gabor-filters",
    "frozen-random-first-layer",
    "complex-parameter",
    "bfloat16-layers",
    "double-precision-to-the-end",
    # What looks like a mistake.
    "plain-list-of-layers-that-are-registered",
    "mask-kept-by-batch-size",
    "train-mode-of-its-own",
    "sparse-gradients",
    "parameter-that-is-a-slice",
    "buffer-of-another-kind",
)
COMPARED = ("linear-only", *TRAINED[::10])
"""Those that are also compared with each other."""
TO_TRAIN = {name: SOUND[name] for name in TRAINED if name != "half-precision-layer"} | {
    name: case for name, case in WANTED.items() if name not in NOT_YET_ACCEPTED
}
"""What is trained through the command line, by name."""

EXPLAINED = (
    "missing-colon",
    "tabs-and-spaces",
    "nn-not-imported",
    "layer-in-other-capitals",
    "package-not-installed",
    "asks-at-the-top",
    "argparse-at-the-top",
    "no-super",
    "forward-misspelt",
    "no-return",
    "argument-without-a-default",
    "attribute-train",
    "method-train",
    "attribute-to",
    "layer-without-self",
    "layer-applied-while-it-is-made",
    "list-in-a-sequential",
    "far-too-large",
    "sizes-of-28-pixels-reshaped",
    "view-of-64-images",
    "no-flatten",
    "three-channels",
    "norm-of-maps-on-rows",
    "pooled-until-nothing-is-left",
    "shortcut-of-other-channels",
    "one-output",
    "tuple",
    "detached",
    "all-frozen",
    "plain-list-of-layers",
    "layer-made-in-forward",
    "in-place-on-what-is-needed",
    "recurrent-state-that-keeps-its-graph",
    "not-a-number-in-the-gradient",
    "parameter-that-is-expanded",
    "moved-to-a-gpu-in-init",
)


@pytest.fixture(autouse=True)
def checked_in_this_process(monkeypatch):
    """Try each network in this process before it trains, which is quicker than in a child."""
    monkeypatch.setattr(sandbox, "observe", try_here)
    forget_files()


def train(cnnlab, case: Sound | Broken | Wanted, *words: object) -> tuple[int, str, str]:
    return cnnlab("train", "--model", write(case), *QUICK, *words)


def statuses() -> list[str]:
    """Return how each run below the working folder ended."""
    return [json.loads(each.read_text())["status"] for each in Path().rglob("config.json")]


def test_enough_networks_are_trained():
    assert len(TRAINED) >= 50
    assert len(EXPLAINED) >= 15


@pytest.mark.parametrize("name", TO_TRAIN)
def test_a_network_is_trained_stopped_resumed_and_evaluated(cnnlab, name, monkeypatch):
    case, words = TO_TRAIN[name], ("--epochs", 2, "--output")
    status, _, err = train(cnnlab, case, *words, "whole")
    assert status == 0, err
    with monkeypatch.context() as patch:
        patch.setattr(TrainingProgress, "batch", stop_in_the_second_epoch)
        status, _, err = train(cnnlab, case, *words, "stopped")
    assert status == 130, err
    forget_files()
    status, _, err = cnnlab("train", "--resume", "stopped")
    assert status == 0, err
    assert statuses() == ["finished", "finished"]
    whole, resumed = (Path(each, "model.safetensors").read_bytes() for each in ("whole", "stopped"))
    assert whole == resumed
    forget_files()
    status, out, err = cnnlab("evaluate", "stopped")
    assert status == 0, err
    assert "on 100 images of Tiny." in said(out)


def stop_in_the_second_epoch(_progress, epoch, _batch, _batches):
    if epoch == 2:
        raise KeyboardInterrupt


def test_half_precision_trains_by_sgd_and_is_refused_in_words_with_adamw(cnnlab):
    case = SOUND["half-precision-layer"]
    status, _, err = train(cnnlab, case, "--epochs", 1, "--optimizer", "adamw")
    assert status == 1
    assert "AdamW cannot train" in said(err)
    assert statuses() == ["failed"]
    status, _, err = train(
        cnnlab, case, "--epochs", 1, "--optimizer", "sgd", "--learning-rate", 0.01
    )
    assert status == 0, err


def test_networks_are_compared(cnnlab):
    models = [write(SOUND[name], f"net_{number}.py") for number, name in enumerate(COMPARED)]
    words = (*QUICK, "--epochs", 1, "--seeds", 1, "--jobs", 1, "--json")
    status, out, err = cnnlab("compare", *models, *words)
    assert status == 0, err
    variants = json.loads(out)["variants"]
    assert len(variants) == len(COMPARED)
    ended = [each for variant in variants for each in variant["failures"].values()]
    assert not any(each.startswith(("failed", "diverged")) for each in ended), ended


def test_a_last_batch_of_one_image_trains(cnnlab):
    model = write(SOUND["view-then-batch-norm"])
    words = ("--dataset", "tiny", "--epochs", 1, "--batch-size", 239)  # of 240 images
    status, _, err = cnnlab("train", "--model", model, *words)
    assert status == 0, err
    assert statuses() == ["finished"]


@pytest.mark.parametrize("name", EXPLAINED)
def test_a_broken_network_is_explained_before_or_while_it_trains(cnnlab, name):
    case = BROKEN[name]
    status, _, err = train(cnnlab, case, "--epochs", 1)
    assert status == 1, err
    assert "running" not in statuses()
    assert case.is_explained_by("stops", said(err)), err


@pytest.mark.parametrize("name", ["softmax-layer", "layer-that-is-not-called", "relu-layer"])
def test_what_spoils_training_is_said_before_it(cnnlab, name):
    case = BROKEN[name]
    status, _, err = train(cnnlab, case, "--epochs", 1)
    assert status == 0, err
    assert case.is_explained_by("spoils", said(err)), err
