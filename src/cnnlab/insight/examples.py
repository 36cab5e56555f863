"""In which images a map answers most, and where: real images say what a kernel looks for."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from cnnlab.data.tensors import as_input, prepare_images
from cnnlab.errors import ModelError
from cnnlab.insight.graph import Graph, Stage, Step

if TYPE_CHECKING:
    from torch import nn

_BATCH = 512


@dataclass(frozen=True)
class Example:
    """The place in an image where a map is largest, counted from 0, and how large it is there."""

    image: int
    row: int
    column: int
    value: float


def before_activation(graph: Graph, stage: Stage) -> Step:
    """Return the step that ranks a stage's examples: after tanh, thousands of numbers are 1.00."""
    last = stage.last
    return graph.by_name[last.inputs[0]] if last.op == "activation" else last


def best_examples(
    network: "nn.Module", layer: str, images: NDArray[np.uint8], count: int
) -> list[list[Example]]:
    """Return, for each map of a layer, the images with the largest numbers: one place of each.

    ``images`` are grey levels (N, height, width). The first list is that of map 0; the largest
    number is first. Raises `ModelError` if the network has no layer of that name with maps.
    """
    import torch

    layers = dict(network.named_modules())
    found: list[torch.Tensor] = []
    if layer not in layers:
        raise ModelError(
            f"{layer} is not a layer of its own, so cnnlab cannot look for it in many images."
        )
    handle = layers[layer].register_forward_hook(lambda _, __, made: found.append(made))
    values, places, shape = [], [], torch.Size()
    try:
        with torch.inference_mode():
            for at in range(0, len(images), _BATCH):
                network(as_input(prepare_images(images[at : at + _BATCH])))
                shape = found[0].shape[2:]  # a layer may be used again: its first use counts
                largest = found[0].flatten(start_dim=2).max(dim=2)
                values.append(largest.values)
                places.append(largest.indices)
                found.clear()
    finally:
        handle.remove()
    value, place = torch.cat(values).numpy(), torch.cat(places).numpy()
    order = np.argsort(-value, axis=0, kind="stable")[:count]
    return [
        [
            Example(int(each), *divmod(int(place[each, map_]), shape[1]), float(value[each, map_]))
            for each in order[:, map_]
        ]
        for map_ in range(value.shape[1])
    ]
