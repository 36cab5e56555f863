"""See inside: how one number of a run's network, or of your own network, came about."""

from collections.abc import Sequence
from functools import cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from cnnlab.custom.network import explained
from cnnlab.data.catalog import DEFAULT_SAMPLE
from cnnlab.data.library import Library
from cnnlab.data.tensors import as_input, prepare_images
from cnnlab.insight.explain import explain_pixel
from cnnlab.insight.explanation import Explanation
from cnnlab.insight.graph import Graph
from cnnlab.insight.interpret import Numbers, run
from cnnlab.insight.trace import PROOF_IMAGES, graph_of
from cnnlab.runs.evaluation import load_model
from cnnlab.runs.run import Run


def explain(
    network: Run | nn.Module | Graph,
    image: NDArray[np.uint8],
    stage: str,
    pixel: Sequence[int],
) -> Explanation:
    """Return how a pixel of a stage came about for an image, number by number.

    ``image`` is grey levels (height, width), as in `ImageSet`. ``stage`` is a name such as "conv2";
    a wrong name's error lists them all. ``pixel`` is (map, row, column), counted from 0; for a
    vector (unit,). To explain many pixels, make the graph once, with
    `cnnlab.runs.explain.network_graph`, and pass it as the network. Raises
    `ModelError` if cnnlab cannot show the network, and `RunError` if its weights cannot be read.
    """
    graph = network if isinstance(network, Graph) else network_graph(network)
    return explain_pixel(graph, run(graph, as_numbers(image[None])), stage, pixel)


def network_graph(network: Run | nn.Module) -> Graph:
    """Return a network as a graph, after proof on 64 images of the sample that cnnlab includes.

    Raises `ModelError` if cnnlab cannot show the network: it names the line.
    """
    if isinstance(network, nn.Module):
        return graph_of(network, proof_images())
    model = load_model(network, torch.device("cpu"))
    with explained(network.network.source, "Showing the network"):
        return graph_of(model, proof_images())


@cache
def proof_images() -> Numbers:
    """Return the images of the proof; to unpack the sample takes longer than the proof itself."""
    sample = Library(offline=True, notify=lambda _: None).load(DEFAULT_SAMPLE).validation
    return as_numbers(sample.images[:PROOF_IMAGES])


def as_numbers(images: NDArray[np.uint8]) -> Numbers:
    """Return images (N, height, width) as the network takes them: (N, 1, 32, 32), float32."""
    numbers: Numbers = as_input(prepare_images(images)).numpy()
    return numbers
