"""The page of a run inside a notebook: Jupyter, VS Code, Colab, Kaggle."""

import html
from dataclasses import dataclass, field

from cnnlab.data.library import Library
from cnnlab.data.own.load import load_splits
from cnnlab.playground.page import render
from cnnlab.playground.payload import build_payload
from cnnlab.runs.run import Run

HEIGHT = 760
"""Pixels: a laptop's screen."""


@dataclass(frozen=True)
class Frame:
    """A page in a frame of a notebook's cell."""

    page: bytes = field(repr=False)

    def _repr_html_(self) -> str:
        """Return the frame, for a notebook.

        The page lies inside it, because notebooks reach no server and strip scripts. It may run its
        own script, and nothing else: it has no access to the notebook.
        """
        text = html.escape(self.page.decode(), quote=True)
        return (
            f'<iframe srcdoc="{text}" sandbox="allow-scripts" width="100%" height="{HEIGHT}" '
            'style="border: 0" title="Inside the network"></iframe>'
        )


def show(run: Run) -> Frame:
    """Return the page of a run, to be the last line of a notebook's cell: see every number inside.

    Loads the run's data set; nothing is downloaded. Raises `ModelError` if the network cannot be
    followed step by step, `DataError` if the data set is not on this machine.
    """
    library = Library(offline=True, notify=lambda _: None)
    splits = load_splits(library, run.data_set_name)
    return Frame(render(build_payload(run, splits)))
