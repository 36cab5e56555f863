"""What a kit holds besides the wheels: one list, in one place."""

import gzip
import tempfile
from dataclasses import dataclass
from pathlib import Path

from cnnlab.classroom.kit.sums import read_sums, sha256_of, write_file
from cnnlab.classroom.versions import CHECKOUT
from cnnlab.data.catalog import DATA_SETS, DataFile
from cnnlab.data.library import Library
from cnnlab.data.verify import read_sound
from cnnlab.errors import DataError, DataUnavailableError
from cnnlab.notices import Notify
from cnnlab.training.config import recipe

DATA = ("fashion-mnist", "mnist")
PAGE, SLIDES = "pages/lenet5.html", "slides/slides.html"


@dataclass(frozen=True)
class Material:
    """Files that students or the leader read: the kit's folder, and where they come from."""

    folder: str
    source: str
    pattern: str


MATERIALS = (
    Material("docs", "docs", "*.md"),
    Material("docs/images", "docs/images", "*"),
    Material("notebooks", "notebooks", "*.ipynb"),
    Material("notebooks/source", "notebooks/source", "*.py"),
)
"""What the kit takes from the folder of the sources, as far as it is there.

The exercises and their solutions are in cnnlab itself: ``cnnlab exercise``.
"""


def materials(root: Path | None = CHECKOUT) -> dict[str, Path]:
    """Return the files of `MATERIALS` that are there, by their path in the kit."""
    if root is None:
        return {}
    return {
        f"{each.folder}/{path.name}": path
        for each in MATERIALS
        for path in sorted((root / each.source).glob(each.pattern))
        if path.is_file()
    }


def put_data(folder: Path, data_dir: Path | None, notify: Notify) -> list[str]:
    """Put the data sets of this machine into a kit, packed; return the paths of their files.

    Says which one is not on this machine. Raises `DataError` if a file is damaged.
    """
    names = []
    for data_set in (DATA_SETS[each] for each in DATA):
        raw = folder / "data" / data_set.folder / "raw"
        own = [f"data/{data_set.folder}/raw/{file.name}.gz" for file in data_set.files]
        if not _is_there(raw, data_set.files):
            try:
                files = Library(data_dir, offline=True, notify=notify).obtain(data_set)
            except DataUnavailableError:
                notify(
                    f"{data_set.title} is not on this machine, so the kit does not have it. To add "
                    f"it, get it and make the kit again:\n  cnnlab data get {data_set.name}"
                )
                continue
            for name, content in files.contents.items():
                write_file(raw / f"{name}.gz", gzip.compress(content, 6, mtime=0))
        names += own
    return names


def _is_there(raw: Path, files: tuple[DataFile, ...]) -> bool:
    try:
        return all(read_sound(raw, each) is not None for each in files)
    except DataError:
        return False


def put_pages(folder: Path, data_dir: Path | None, notify: Notify) -> list[str]:
    """Train a LeNet-5 with the recipe sprint; put its page and its slides into a kit.

    Returns their paths. What is there already and whole stays.
    """
    names, known = [PAGE, SLIDES], read_sums(folder)
    found = {name: sha256_of(folder / name) for name in names}
    if all(each and known.get(name, each) == each for name, each in found.items()):
        return names

    from cnnlab.classroom.slides import make_deck, write_deck
    from cnnlab.models.catalog import MODELS
    from cnnlab.playground.page import write_page
    from cnnlab.playground.payload import build_payload
    from cnnlab.runs.job import Job
    from cnnlab.runs.train import train_run

    notify("Training a LeNet-5 for the page and the slides in the kit. This takes half a minute.")
    splits = Library(data_dir, offline=True, notify=lambda _: None).load_default()
    job = Job(MODELS["lenet5"], "sprint", recipe("sprint"), splits.data_set)
    with tempfile.TemporaryDirectory(prefix="cnnlab-kit-") as name:
        run = train_run(Path(name) / "run", job, splits.on("cpu"))
        for each in names:
            (folder / each).parent.mkdir(parents=True, exist_ok=True)
        write_page(folder / PAGE, build_payload(run, splits))
        write_deck(make_deck(run, splits), folder / SLIDES)
    return names
