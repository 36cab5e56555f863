"""A folder of pictures: what is read, what is left out and named, what is refused."""

import os
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cnnlab.data.own import load as loading
from tests.support.own_data import blocks, write_folder

SHAPES = Path("shapes")
NAME = "folder:shapes"


def test_a_folder_of_pictures_becomes_three_splits(load, told):
    write_folder(SHAPES)
    splits = load(NAME)
    assert splits.data_set.classes == ("cat", "dog", "owl")
    assert splits.data_set.title == "shapes"
    assert [len(each) for each in (splits.train, splits.validation, splits.test)] == [57, 15, 18]
    assert splits.train.images.shape[1:] == (28, 28)
    assert np.bincount(splits.test.labels).tolist() == [6, 6, 6]
    assert told == [
        "shapes: 90 images in 3 classes, from shapes.",
        "There are only 15 validation images: one image more or less changes the accuracy by 6.7 "
        "points. More images tell more.",
    ]


def test_classes_are_in_the_order_of_people(load):
    write_folder(SHAPES, ("10", "9", "Zebra", "ant", "2"), count=4)
    assert load(NAME).data_set.classes == ("2", "9", "10", "ant", "Zebra")


def test_another_file_name_changes_nothing_and_another_picture_does(load):
    write_folder(SHAPES, count=5)
    before = load(NAME)
    (SHAPES / "cat" / "0.png").rename(SHAPES / "cat" / "zzz.PNG")
    renamed = load(NAME)
    assert renamed.data_set == before.data_set
    assert np.array_equal(renamed.train.images, before.train.images)
    Image.fromarray(blocks(0, 1, seed=9)[0]).save(SHAPES / "cat" / "zzz.PNG")
    assert load(NAME).data_set.sha256 != before.data_set.sha256


def test_pictures_are_read_once(load, told, monkeypatch):
    write_folder(SHAPES, count=5)
    (SHAPES / "cat" / "torn.png").write_bytes(b"\x89PNG")
    first = load(NAME)
    heard = list(told)
    told.clear()
    monkeypatch.setattr(loading, "read_folder", lambda *_: pytest.fail("read again"))
    again = load(NAME)
    assert told == heard
    assert again.data_set == first.data_set
    assert np.array_equal(again.test.images, first.test.images)


@pytest.mark.parametrize("damage", [b"", b"PK\3\4", b'{"images": 3}'])
def test_a_damaged_cache_is_read_again(load, damage, tmp_path):
    write_folder(SHAPES, count=5)
    first = load(NAME)
    (kept,) = (tmp_path / "cache" / "data" / "own").iterdir()
    kept.write_bytes(damage)
    assert load(NAME).data_set == first.data_set


def test_mixed_sizes_and_kinds_are_cut_centred_and_inverted_unless_they_stay_as_they_are(load):
    write_folder(SHAPES, count=5)
    large = np.full((90, 60), 250, np.uint8)
    large[30:60, 20:40] = 10
    Image.fromarray(large).save(SHAPES / "cat" / "large.jpg")
    images = load(NAME).stored.images
    assert images.shape[1:] == (28, 28)
    kept = load("folder-as-they-are:shapes")
    whole = np.concatenate([kept.stored.images, kept.test.images])
    assert kept.data_set.preparation == "as-they-are"
    light = whole[np.argmax(whole[:, 0].mean(axis=1))]
    assert light[0].min() > 240
    assert light[14, 14] < 20


@pytest.mark.parametrize(
    ("classes", "preparation"),
    [(("0", "1", "12"), "digit"), (("a", "b"), "digit"), (("cat", "dog"), "article")],
)
def test_single_letters_and_numbers_are_prepared_as_handwriting(load, classes, preparation):
    write_folder(SHAPES, classes, count=4)
    assert load(NAME).data_set.preparation == preparation


def test_what_cannot_be_read_is_named_and_left_out(load, told):
    write_folder(SHAPES, count=5)
    (SHAPES / "cat" / "notes.txt").write_text("a tabby")
    (SHAPES / "cat" / "Thumbs.db").write_bytes(b"x")
    (SHAPES / "cat" / ".hidden").write_bytes(b"x")
    splits = load(NAME)
    assert len(splits.stored) + len(splits.test) == 15
    assert told[:2] == [
        f"Left out: {SHAPES / 'cat' / 'notes.txt'} is not a picture that can be read: found text; "
        "expected one of PNG, JPEG, GIF, BMP, WebP, TIFF or PPM. Save it as PNG or JPEG.",
        "1 file of the folder cannot be used and is left out.",
    ]


def test_only_five_of_many_faults_are_told(load, told):
    write_folder(SHAPES, count=5)
    for number in range(7):
        (SHAPES / "cat" / f"{number}.txt").write_text("x")
    load(NAME)
    assert str(told).count("Left out: ") == 5
    assert told[5] == (
        "7 files of the folder cannot be used and are left out. The first 5 are above."
    )


def test_a_huge_picture_is_named_and_never_unpacked(load, told):
    write_folder(SHAPES, count=5)
    Image.new("1", (20_000, 20_000)).save(SHAPES / "cat" / "huge.png")
    load(NAME)
    assert f"{SHAPES / 'cat' / 'huge.png'} is too large: found " in told[0]


@pytest.mark.skipif(os.name == "nt", reason="Windows lets few users make links")
def test_links_out_of_the_folder_are_not_followed(load, told, tmp_path):
    write_folder(SHAPES, count=5)
    secret = tmp_path / "secret.png"
    Image.fromarray(blocks(0, 1, seed=5)[0]).save(secret)
    (SHAPES / "cat" / "link.png").symlink_to(secret)
    (SHAPES / "cat" / "same.png").symlink_to("0.png")
    splits = load(NAME)
    assert len(splits.stored) + len(splits.test) == 16
    assert told[0] == (
        f"{SHAPES / 'cat' / 'link.png'} leads out of the folder, so cnnlab does not read it: copy "
        "it into the folder."
    )


def test_the_same_picture_in_two_classes_stays_in_one_split(load, told):
    write_folder(SHAPES, count=8)
    for name in ("cat", "dog"):
        Image.fromarray(blocks(7, 1)[0]).save(SHAPES / name / "both.png")
    splits = load(NAME)
    picture = blocks(7, 1)[0]
    found = [
        (each.images == picture).all(axis=(1, 2)).sum()
        for each in (splits.train, splits.validation, splits.test)
    ]
    assert sorted(found) == [0, 0, 2]
    assert told[0] == (
        "shapes: 26 images in 3 classes, from shapes. 1 image is almost the same as another one."
    )


def test_names_are_plain_text(load):
    write_folder(SHAPES, ("<img src=x>", "caf\u00e9", "\u732b", "\u202eevil", "l" * 90), count=4)
    assert sorted(load(NAME).data_set.classes) == sorted(
        ["<img src=x>", "caf\u00e9", "\u732b", "?evil", f"{'l' * 37}..."]
    )


def write_zip(path):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("cat/1.png", b"x" * 99)


REFUSED = {
    "none": (
        lambda: None,
        "There is no folder shapes. cnnlab looked in {here}. Expected a folder that has a folder "
        "for each class. Check the name.",
    ),
    "empty": (
        SHAPES.mkdir,
        f"shapes has no class folders; expected a folder for each class, with its pictures in it, "
        f"as in {Path('shapes', 'cat', '1.png')}. Make one for each class.",
    ),
    "one class": (
        lambda: write_folder(SHAPES, ("cat",), 5),
        "shapes has 1 class (cat); expected 2 to 100.",
    ),
    "101 classes": (
        lambda: write_folder(SHAPES, tuple(map(str, range(101))), 1),
        "shapes has 101 classes (0, 1, 2, 3, 4, ...); expected 2 to 100.",
    ),
    "empty class": (
        lambda: write_folder(SHAPES, count=5) and (SHAPES / "emu").mkdir(),
        f"The class folder {SHAPES / 'emu'} has no pictures. Put pictures into it, or delete it.",
    ),
    "class of text": (
        lambda: (
            (write_folder(SHAPES, count=5) and (SHAPES / "emu").mkdir())
            or (SHAPES / "emu" / "a.txt").write_text("x")
        ),
        "No picture of the class emu can be read. Save its pictures as PNG or JPEG, or delete its "
        "folder.",
    ),
    "5 pictures": (
        lambda: write_folder(SHAPES, ("cat", "dog"), 3) and (SHAPES / "dog" / "0.png").unlink(),
        "The class dog has 2 different images (2 in all); expected at least 3: one to train on, "
        "one for validation, one for the test. Images that are almost the same count as one. Add "
        "more.",
    ),
    "splits": (
        lambda: write_folder(SHAPES, ("train", "test"), 3),
        "shapes has the folders test, train: these are splits, not classes. Name the one that has "
        f"a folder for each class, as in folder:{SHAPES / 'train'}. cnnlab splits the pictures "
        "itself.",
    ),
    "letter case": (
        lambda: write_folder(SHAPES, ("Cat", "cat"), 3),
        "shapes has two classes that look the same: 'Cat' and 'cat'. On Windows and on a Mac they "
        "would be one folder. Rename one of them.",
    ),
    "zip": (
        lambda: write_zip(SHAPES),
        "shapes is a file (a ZIP file or an office document); expected a folder that has a folder "
        "for each class. Unpack it first, and name the folder.",
    ),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_what_is_not_such_a_folder_is_refused(refusal, kind, tmp_path):
    make, message = REFUSED[kind]
    make()
    assert refusal(NAME) == message.replace("{here}", str(tmp_path))


def test_a_folder_without_its_kind_is_pointed_out(refusal):
    SHAPES.mkdir()
    assert refusal("shapes").startswith(
        "There is no data set 'shapes'. For the pictures in the folder of that name, write "
        "folder:shapes. Choose from: fashion-mnist, "
    )
    assert refusal("folder:") == (
        "--dataset folder: names no path. Write it after the colon: folder:PATH."
    )
