"""What a run's network looks like inside: as a graph, and as it was before training."""

from dataclasses import dataclass

import torch

from cnnlab.custom.network import explained
from cnnlab.errors import ModelError
from cnnlab.insight.graph import Graph
from cnnlab.insight.trace import graphs_of
from cnnlab.runs.evaluation import load_model
from cnnlab.runs.explain import proof_images
from cnnlab.runs.run import Run


@dataclass(frozen=True)
class Inside:
    """A network after and before training; ``why_not`` is a sentence if it cannot be shown."""

    after: Graph | None = None
    before: Graph | None = None
    why_not: str = ""


def look_inside(run: Run) -> Inside:
    """Return the graphs of a run's network: with its trained weights, and with its first ones.

    A network that cnnlab cannot show has none, but says why. Raises `RunError` if the weights of
    the run cannot be read.
    """
    try:
        trained = load_model(run, torch.device("cpu"))
        with explained(run.network.source, "Showing the network"):
            networks = [trained, run.network.build(run.config.seed)]
            after, before = graphs_of(networks, proof_images())
            return Inside(after, before)
    except ModelError as error:
        return Inside(why_not=str(error))
