"""An .npz file as a data set: both layouts, any numbers; and what is refused."""

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest

from tests.support.own_data import arrays

FILE = Path("d.npz")
NAME = "npz:d.npz"
MEDMNIST = "{split}_images/{split}_labels"


def sizes(splits):
    return [len(each) for each in (splits.train, splits.validation, splits.test)]


def test_kerass_layout_keeps_its_test_images(load, told):
    given = arrays()
    np.savez(FILE, **given)
    splits = load(NAME)
    assert splits.data_set.classes == tuple("0123456789")
    assert sizes(splits) == [50, 10, 20]
    assert np.array_equal(splits.test.images, given["x_test"])
    assert told[0] == "d: 80 images in 10 classes, from d.npz."


def test_medmnists_layout_keeps_its_validation_images(load):
    given = arrays(MEDMNIST, train=60, val=20, test=20)
    for name in ("train_labels", "val_labels", "test_labels"):
        given[name] = given[name][:, None]
    np.savez_compressed(FILE, **given)
    splits = load(NAME)
    assert sizes(splits) == [60, 20, 20]
    assert np.array_equal(splits.validation.images, given["val_images"])


def test_labels_need_not_start_at_0_and_classes_may_have_names(load):
    given = arrays()
    np.savez(FILE, x_train=given["x_train"], y_train=given["y_train"].astype(float) * 7 - 7)
    assert load(NAME).data_set.classes[:3] == ("-7", "0", "7")
    names = np.array([f"class {each}" for each in range(10)])
    np.savez(FILE, **given, class_names=names)
    assert load(NAME).data_set.classes[2] == "class 2"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda x: x / np.float32(255), "x_train: 0 to 1 became 0 to 255."),
        (lambda x: x / 127.5 - 1, "x_train: -1 to 1 became 0 to 255."),
        (lambda x: x.astype(np.int64), None),
        (lambda x: x[..., None].repeat(3, axis=3), "x_train: colours became grey."),
    ],
)
def test_numbers_of_any_usual_range_become_the_same_bytes(load, told, change, said):
    images, labels = (arrays()[each] for each in ("x_train", "y_train"))
    images[0, 0, :2] = 0, 255
    np.savez(FILE, x_train=images, y_train=labels)
    plain = load(NAME).train.images
    told.clear()
    np.savez(FILE, x_train=change(images), y_train=labels)
    assert np.array_equal(load(NAME).train.images, plain)
    assert said is None or told[0] == said


def test_large_images_become_28_by_28(load, told):
    images, labels = (arrays()[each] for each in ("x_train", "y_train"))
    np.savez(FILE, x_train=np.kron(images, np.ones((3, 2), np.uint8)), y_train=labels)
    assert load(NAME).train.images.shape[1:] == (28, 28)
    assert told[0] == "x_train: 84 x 56 pixels became 28 x 28."


def saved(**changes):
    given = {name: each for name, each in (arrays() | changes).items() if each is not None}
    np.savez(FILE, **given)


def bomb():
    """Write a file whose header announces 9 TB."""
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        header, {"descr": "|u1", "fortran_order": False, "shape": (10**9, 100, 100)}
    )
    with zipfile.ZipFile(FILE, "w") as archive:
        archive.writestr("x_train.npy", header.getvalue())


def cut_off():
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        header, {"descr": "|u1", "fortran_order": False, "shape": (60, 28, 28)}
    )
    with zipfile.ZipFile(FILE, "w") as archive:
        archive.writestr("x_train.npy", header.getvalue() + b"x")


ZEROS = np.zeros(60, np.int64)
REFUSED = {
    "none": (lambda: None, "There is no file d.npz. cnnlab looked in {here}. Check the name."),
    "folder": (FILE.mkdir, "d.npz is a folder; expected an .npz file. For pictures write folder:"),
    "text": (lambda: FILE.write_text("x" * 99), "d.npz is not an .npz file that can be read ("),
    "names": (
        lambda: np.savez(FILE, a=ZEROS),
        "d.npz has the arrays a; expected train_images and train_labels (as in MedMNIST) or "
        "x_train and y_train (as in Keras).",
    ),
    "no labels": (
        lambda: saved(y_train=None),
        "d.npz has no array y_train; expected x_train and y_train.",
    ),
    "pickle": (
        lambda: saved(x_train=np.array([{"a": 1}] * 60, object)),
        "d.npz: the array x_train holds Python objects (a pickle), which can run code when they "
        "are read. cnnlab never reads them. Save plain numbers, as in array.astype(numpy.uint8).",
    ),
    "bomb": (
        bomb,
        "d.npz: the array x_train needs 10,000.0 GB of memory; expected at most 4 GB. Make its "
        "images smaller, or use fewer.",
    ),
    "cut off": (
        cut_off,
        "d.npz: the array x_train is cut off: its header announces 47,040 bytes, but the file has ",
    ),
    "shape": (
        lambda: saved(x_train=np.zeros((60, 784), np.uint8)),
        "d.npz: x_train has the shape (60, 784); expected (images, height, width) for grey images "
        "or (images, height, width, 3) for coloured ones.",
    ),
    "one-hot": (
        lambda: saved(y_train=np.eye(60)),
        "d.npz: y_train has the shape (60, 60); expected one class number for each image. Write "
        "numpy.argmax(labels, axis=1).",
    ),
    "counts": (
        lambda: saved(y_train=np.zeros(59, np.int64)),
        "d.npz: x_train has 60 images, but y_train has 59 labels. Expected one label for each "
        "image.",
    ),
    "text labels": (
        lambda: saved(y_train=np.array(["a"] * 60)),
        "d.npz: y_train holds <U1; expected whole numbers, one class number for each image.",
    ),
    "half labels": (
        lambda: saved(y_train=np.full(60, 0.5)),
        "d.npz: y_train holds float64; expected whole numbers, one class number for each image.",
    ),
    "one class": (
        lambda: np.savez(FILE, x_train=np.zeros((60, 28, 28), np.uint8), y_train=ZEROS),
        "d.npz has 1 class (0); expected 2 to 100.",
    ),
    "many classes": (
        lambda: np.savez(FILE, x_train=np.zeros((101, 28, 28), np.uint8), y_train=np.arange(101)),
        "d.npz has 101 different labels; expected 2 to 100 classes. Are the labels class numbers?",
    ),
    "out of range": (
        lambda: saved(classes=np.array(["a", "b"])),
        "d.npz has the label 9, but names of 2 classes; expected labels from 0 to 1.",
    ),
    "names of numbers": (
        lambda: saved(classes=np.arange(10)),
        "d.npz: classes holds int64 of shape (10,); expected the names of the classes as text, one "
        "after the other.",
    ),
    "16 bits": (
        lambda: saved(x_train=np.full((60, 28, 28), 4000, np.uint16)),
        "d.npz: x_train holds numbers from 4000 to 4000; expected 0 to 255, 0 to 1 or -1 to 1. "
        "Change them before you save them.",
    ),
    "nan": (
        lambda: saved(x_train=np.full((60, 28, 28), np.nan)),
        "d.npz: x_train holds NaN or infinity; expected numbers from 0 to 255.",
    ),
    "complex": (
        lambda: saved(x_train=np.zeros((60, 28, 28), complex)),
        "d.npz: x_train holds complex128; expected numbers from 0 to 255.",
    ),
    "no images": (
        lambda: np.savez(FILE, x_train=np.zeros((0, 28, 28), np.uint8), y_train=ZEROS[:0]),
        "d.npz has no images.",
    ),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_what_is_not_such_a_file_is_refused(refusal, kind, tmp_path):
    make, message = REFUSED[kind]
    make()
    assert refusal(NAME).startswith(message.replace("{here}", str(tmp_path)))


def test_a_changed_byte_is_refused(refusal):
    np.savez_compressed(FILE, **arrays())
    content = bytearray(FILE.read_bytes())
    content[400] ^= 0xFF
    FILE.write_bytes(content)
    assert refusal(NAME).startswith(("d.npz is damaged (", "d.npz is not an .npz file"))


def test_only_folders_can_be_used_as_they_are(cnnlab):
    status, _, err = cnnlab("train", "--dataset", NAME, "--as-they-are")
    assert status == 1
    assert (
        "--as-they-are is about a folder of pictures: --dataset folder:PATH. The images of "
        "npz:d.npz are always used as they are." in err
    )
