"""A look at a data set: its classes, near-twins and doubtful labels; in the terminal, as a page."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.support.own_data import arrays, blocks, write_folder
from tests.support.printed import said

PAGE = Path("folder-shapes-look.html")


@pytest.fixture
def shapes(cnnlab):
    """Three classes of 40 clear pictures; one cat has the label owl, one dog is there twice."""
    folder = write_folder(Path("shapes"), ("cat", "<b>dog", "owl"), count=40)
    (folder / "cat" / "0.png").rename(folder / "owl" / "not-an-owl.png")
    Image.open(folder / "<b>dog" / "1.png").save(folder / "<b>dog" / "again.bmp")
    return folder


def test_wrong_labels_and_twins_are_found_and_named(cnnlab, shapes):
    status, out, err = cnnlab("data", "look", "folder:shapes")
    assert status == 0, err
    text = said(out)
    assert "Class Training Validation Test" in text
    assert (
        "121 images in 3 classes: 77 training, 20 validation and 24 test images. 1 pair of images "
        "is almost the same. Each pair is in one split, so none makes the accuracy look better."
    ) in text
    assert "A quick network learned from two thirds of the 97 training and validation" in text
    page = PAGE.read_text("utf-8")
    assert "&lt;b&gt;dog/again.bmp" in page
    assert "<b>dog" not in page
    assert "1 label is doubtful: the network is sure of another class." in text
    assert "owl/not-an-owl.png owl cat" in text


def test_json_has_everything(cnnlab, shapes):
    status, out, _ = cnnlab("data", "look", "folder:shapes", "--no-labels", "--json")
    assert status == 0
    found = json.loads(out)
    assert sum(found["classes"]["owl"].values()) == 41
    assert len(found["twins"]) == 1
    assert found["doubtful"] == []
    assert found["sentences"]["labels"] == ["The labels were not checked (--no-labels)."]
    assert found["page"] == str(PAGE)


def test_twins_across_the_splits_of_an_author_are_told(cnnlab):
    given = arrays()
    given["x_test"][:3] = given["x_train"][:3]
    given["y_test"][2] = 9
    np.savez("d.npz", **given)
    status, out, err = cnnlab("data", "look", "npz:d.npz", "--no-labels", "--output", "d.html")
    assert status == 0, err
    assert (
        "3 pairs of images are almost the same. 3 pairs in two different splits: the network may "
        "have learned the answer by heart. Then its accuracy looks better than it is on new "
        "images. 1 pair with two different labels: one of the two is wrong."
    ) in said(out)
    assert Path("d.html").exists()


def test_a_network_that_cannot_learn_doubts_nothing(cnnlab):
    random = np.random.default_rng(0)
    images = random.integers(0, 255, (60, 28, 28), dtype=np.uint8)
    np.savez("noise.npz", x_train=images, y_train=random.permutation(np.arange(60) % 3))
    status, out, err = cnnlab("data", "look", "npz:noise.npz")
    assert status == 0, err
    assert "That is too few to doubt a label because of them." in said(out)


def test_classes_of_very_different_sizes_are_told(cnnlab, shapes):
    for number, image in enumerate(blocks(2, 60, seed=3)):
        Image.fromarray(image).save(shapes / "owl" / f"more{number}.png")
    out = cnnlab("data", "look", "folder:shapes", "--no-labels")[1]
    assert (
        "owl has the most images (101), cat the fewest (39). A network that always says owl would "
        "be correct for 56 %. Compare your accuracy with that."
    ) in said(out)


def test_a_published_data_set_is_shown_too(cnnlab):
    status, out, err = cnnlab("data", "look", "tiny", "--no-labels")
    assert status == 0, err
    assert "400 images in 10 classes: 240 training, 60 validation and 100 test images." in out
    assert Path("tiny-look.html").exists()
