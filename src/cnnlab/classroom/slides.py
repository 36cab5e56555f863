"""The slides of a run: the source, the values, the figures, and the files that they become."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from cnnlab.classroom.deck import by_hand, measured, of_images, of_network, of_run, of_seeds, worked
from cnnlab.classroom.deck.html import deck_html
from cnnlab.classroom.deck.items import Item
from cnnlab.classroom.deck.material import Material, gather
from cnnlab.classroom.deck.powerpoint import deck_pptx
from cnnlab.classroom.deck.source import Slide, read_slides
from cnnlab.custom.network import split_name
from cnnlab.data.splits import Splits
from cnnlab.errors import ModelError
from cnnlab.insight.graph import Step
from cnnlab.playground.page import render
from cnnlab.playground.payload import build_payload
from cnnlab.runs.run import Run
from cnnlab.views.page import write_file
from cnnlab.wording import counted, percent

SOURCE = Path(__file__).with_name("slides.md")
MOST_BYTES = 1_000_000
"""The largest HTML file. Weights become half as precise, or the live part is left out, before it
is larger."""

_BY_HAND: Mapping[str, Callable[[], Item]] = {
    "convolution": by_hand.convolution,
    "padding": by_hand.padding,
    "stride": by_hand.stride,
    "paper": by_hand.paper,
    "colour": by_hand.colour,
    "activation": by_hand.activation,
    "pooling": by_hand.pooling,
}
_OF_RUN: Mapping[str, Callable[[Material], Item]] = {
    "answer": of_images.answer,
    "numbers": of_images.numbers,
    "guess": of_images.guess,
    "shuffled": of_images.shuffled,
    "scale": of_network.scale,
    "crowd": of_images.crowd,
    "pixel": of_run.pixel,
    "three_kernels": of_images.three_kernels,
    "channels": of_network.channels,
    "kernels": of_run.kernels,
    "seen": of_network.seen,
    "lenet": of_network.lenet,
    "shifts": of_run.shifts,
    "batches": of_run.batches,
    "learning": of_run.learning,
    "luck": of_seeds.luck,
    "mistakes": of_run.mistakes,
    "helped": of_seeds.helped,
    "board": of_seeds.board,
}


@dataclass(frozen=True)
class Deck:
    """The slides of a run with their figures; ``page`` is the live page, None with ``why_not``."""

    title: str
    slides: list[Slide]
    figures: Mapping[str, Item]
    states: Mapping[str, str]
    page: bytes | None
    why_not: str = ""

    def html(self) -> bytes:
        """Return the slides as one HTML file."""
        return deck_html(self.title, self.slides, self.figures, self.states, self.page)

    def powerpoint(self) -> bytes:
        """Return the slides as a PowerPoint file; raise `ConfigError` without python-pptx."""
        return deck_pptx(self.title, self.slides, self.figures)


def make_deck(run: Run, splits: Splits, *, link: str = "", is_live: bool = True) -> Deck:
    """Return the slides, drawn from a run; without ``is_live`` they have no live page.

    ``link`` is an address for the class: a slide shows it as a QR code.

    Raises `RunError` if no epoch has ended, if the weights cannot be read, or if the splits are of
    another data set. A network that cnnlab cannot show live has still pictures of its images.
    """
    material = gather(run, splits)
    slides = read_slides(SOURCE.read_text(encoding="utf-8"), values_of(material))
    figures = {name: make() for name, make in _BY_HAND.items()}
    figures |= {name: make(material) for name, make in _OF_RUN.items()}
    figures["turn"] = of_images.turn(link)
    title = f"Convolutional networks: {name_of(run)} on {splits.data_set.title}"
    deck = Deck(title, slides, figures, live_states(material), None)
    return _with_page(deck, run, splits) if is_live else deck


def _with_page(deck: Deck, run: Run, splits: Splits) -> Deck:
    """Return the deck with the page of the run, if there is one that is small enough."""
    for half in (False, True):
        try:
            page = render(build_payload(run, splits, half=half))
        except ModelError as error:
            return Deck(**{**vars(deck), "why_not": str(error)})
        whole = Deck(**{**vars(deck), "page": page})
        if len(whole.html()) <= MOST_BYTES:
            return whole
    size = f"{len(page) / 1e6:.1f} MB"
    why_not = f"The page of this network is {size}; the slides may have {MOST_BYTES / 1e6:.0f} MB."
    return Deck(**{**vars(deck), "why_not": why_not})


def write_deck(deck: Deck, path: Path, *, is_powerpoint: bool = False) -> int:
    """Write the slides as HTML or PowerPoint, whole or not at all, and return the bytes.

    Raises `RunError` if the file cannot be written, and `ConfigError` if python-pptx is missing.
    """
    content = deck.powerpoint() if is_powerpoint else deck.html()
    write_file(path, content)
    return len(content)


def name_of(run: Run) -> str:
    """Return the name of the run's network without any folder."""
    if run.network.source is None:
        return run.network.title
    file, class_name = split_name(run.model_name)
    return f"{Path(file).name}:{class_name}"


def of_every_run() -> dict[str, str]:
    """Return the values that are the same for every run, as text."""
    convolution = worked.convolve(worked.PICTURE, worked.KERNEL)
    return {
        "guess.images": str(of_images.GUESSES),
        "worked.convolution": ", ".join(f"{each:g}" for each in convolution.flat),
    }


def values_of(material: Material) -> dict[str, str]:
    """Return the values that the source may name, as text."""
    lenet = material.lenet
    _, largest = of_network.largest_stage(lenet)
    total = of_network.lenet_numbers(lenet)
    history, run = material.history, material.run
    return of_every_run() | {
        "run.accuracy": percent(history[-1].validation_accuracy),
        "run.network": name_of(run),
        "run.data_set": material.splits.data_set.title,
        "run.epochs": counted(len(history), "epoch"),
        "run.batch": str(run.config.batch_size),
        "guess.correct": str(of_images.guesses_correct(material)),
        "lenet.parameters": f"{total:,}",
        "lenet.share": percent(largest / total, 0),
        "shift.images": f"{material.shifted_images:,}",
        "luck.words": of_seeds.luck_words(material),
        "notebook.first": percent(measured.NOTEBOOK["lenet5"] / 100),
        "notebook.second": percent(measured.NOTEBOOK["lenet5-relu-max"] / 100),
        "helped.seeds": str(len(measured.TEST["lenet5"])),
    }


def live_states(material: Material) -> dict[str, str]:
    """Return the address of the page for each name that a slide calls live."""
    graph = material.inside.after
    if graph is None:
        return {}
    states = {"draw": "tab=draw", "mistakes": "tab=mistakes"}
    steps = graph.steps
    second = [each for each in steps if each.op == "conv2d" and each is not material.first]
    maps = [stage.last for stage in graph.stages.values() if len(stage.last.shape) == 3]
    wanted: dict[str, Step | None] = {
        "pixel": material.first,
        "channels": next(iter(second), None),
        "pooling": next((each for each in steps if each.op == "pool"), None),
        "reach": maps[-1] if len(maps) > 1 else None,
    }
    return states | {
        name: f"tab=see&{material.pin(step).state}" if step else "tab=see"
        for name, step in wanted.items()
    }
