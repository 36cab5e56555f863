"""What a run's network looks like inside: as a graph, and as it was before training."""

from dataclasses import dataclass

from cnnlab.custom.network import explained
from cnnlab.errors import ModelError
from cnnlab.insight.graph import Graph
from cnnlab.runs.explain import network_graph
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
        after = network_graph(run)
        with explained(run.network.source, "Showing the network"):
            return Inside(after, network_graph(run.network.build(run.config.seed)))
    except ModelError as error:
        return Inside(why_not=str(error))
