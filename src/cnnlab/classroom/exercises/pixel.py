"""Exercise 5: compute one pixel of the second convolution of your own network again."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnnlab.classroom.exercises.attempt import Attempt
from cnnlab.classroom.exercises.exercise import Case, Exercise, Mistake
from cnnlab.classroom.exercises.runs import TrainedNetwork, trained_networks
from cnnlab.errors import ModelError
from cnnlab.insight.graph import Stage, Step

IMAGES, PIXELS = 3, 4
Numbers = NDArray[np.float32]


@dataclass(frozen=True)
class Layer:
    """What a convolution of a network reads, for one image, and what it learned.

    ``picture`` (32, 32) is the image as the network takes it, ``maps`` (C, H, W) what the
    convolution reads, ``kernels`` (K, C, h, w) and ``biases`` (K,) what it learned, ``function``
    its activation.
    """

    picture: Numbers
    maps: Numbers
    kernels: Numbers
    biases: Numbers
    function: Callable[[Any], Any]


_FUNCTIONS: dict[str, Callable[[Any], Any]] = {
    "tanh": np.tanh,
    "relu": lambda x: np.maximum(x, 0),
    "": lambda x: x,
}


def _cases(attempt: Attempt) -> list[Case]:
    """Return pixels of several images, most of them not 0, each with the network's own number."""
    from cnnlab.insight.interpret import run
    from cnnlab.runs.explain import as_numbers

    network = trained_networks(attempt)[0]
    stage = _plain_convolution(network)
    convolution = stage.steps[0]
    cases = []
    for number in attempt.random.integers(len(network.images), size=IMAGES):
        values = run(network.graph, as_numbers(network.images.images[number][None]))
        made = values[stage.last.name][0]
        layer = _layer(network, stage, {name: each[0] for name, each in values.items()})
        alive = np.argwhere(made != 0)
        for place in range(PIXELS):
            k, row, column = (int(attempt.random.integers(size)) for size in made.shape)
            if place and len(alive):  # 0 can be right by chance
                k, row, column = (int(each) for each in attempt.random.choice(alive))
            words = (
                f"validation image no. {number}, {convolution.stage}: map k = {k}, row {row}, "
                f"column {column}"
            )
            cases.append(Case((layer, k, row, column), float(made[k, row, column]), words))
    return cases


def _plain_convolution(network: TrainedNetwork) -> Stage:
    """Return the first stage that is a plain convolution of several maps, and its activation."""
    for stage in network.graph.stages.values():
        first, *others = stage.steps
        reads = first.tensors.get("weight")
        if first.op != "conv2d" or reads is None or len(others) > 1:
            continue
        plain = {
            "stride": [1, 1],
            "padding": [0, 0, 0, 0],
            "dilation": [1, 1],
            "groups": 1,
        }
        found = {name: _as_list(first.settings[name]) for name in plain}
        if found == plain and network.graph.tensors[reads].shape[1] > 1 and _has_function(others):
            return stage
    raise ModelError(
        f"Exercise 5 cannot use {network.words}: it has no convolution with "
        "several input maps, stride 1, no padding, then tanh, ReLU or nothing. Name a run of "
        "lenet5 or lenet5-relu-max with --run (in a notebook: run=...)."
    )


def _as_list(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _has_function(others: list[Step]) -> bool:
    return all(
        each.op == "activation" and each.settings["function"] in _FUNCTIONS for each in others
    )


def _layer(network: TrainedNetwork, stage: Stage, values: dict[str, Numbers]) -> Layer:
    convolution, graph = stage.steps[0], network.graph
    kernels = np.asarray(graph.tensor(convolution, "weight"), np.float32)
    bias = graph.tensor(convolution, "bias")
    biases = np.zeros(len(kernels), np.float32) if bias is None else np.asarray(bias, np.float32)
    function = str(stage.last.settings.get("function", "")) if len(stage.steps) > 1 else ""
    maps = values[convolution.inputs[0]]
    arrays = [values[graph.input.name][0], maps, kernels, biases]
    for place, each in enumerate(arrays):
        arrays[place] = each.copy()
        arrays[place].flags.writeable = False
    picture, maps, kernels, biases = arrays
    return Layer(picture, maps, kernels, biases, _FUNCTIONS[function])


def _judge(attempt: Attempt) -> str:
    network = trained_networks(attempt)[0]
    _, channels, height, width = _cases(attempt)[0].arguments[0].kernels.shape
    return (
        f"{IMAGES * PIXELS} pixels of {network.words} agree with the network's own numbers. "
        f"Each is a sum over {channels} maps: {channels} x {height} x {width} = "
        f"{channels * height * width} products. The maps add up; that is why 16 kernels make 16 "
        "maps, and not 16 x 6."
    )


_RIGHT = """
def pixel(net, k, row, column):
    height, width = net.kernels.shape[2:]
    patch = net.maps[:, row:row + height, column:column + width]
    return net.function((patch * net.kernels[k]).sum() + net.biases[k])
"""


def _instead(old: str, new: str) -> str:
    """Return the solution with a mistake in it."""
    return _RIGHT.replace(old, new)


EXERCISE = Exercise(
    number="5",
    title="one pixel of conv2 of your own network",
    task=(
        "Write pixel(net, k, row, column): one number of map k of your network's second "
        "convolution, computed by you. You are given, for one image, in net:\n\n"
        "    net.picture   the image, 32 x 32\n"
        "    net.maps      what conv2 reads: 6 maps of 14 x 14 (after the first pooling)\n"
        "    net.kernels   what it learned: 16 x 6 x 5 x 5\n"
        "    net.biases    16 numbers\n"
        "    net.function  its activation: tanh or ReLU\n\n"
        "(The sizes are LeNet-5's.) The network is your newest run, or the one that you name; "
        "without a run it is the LeNet-5 that comes with cnnlab. In a notebook, "
        "ex5.example() returns a net, k, row and column to try."
    ),
    starter='''
def pixel(net, k, row, column):
    """Return one number of map k, after the activation."""
    ...
''',
    solved=_RIGHT,
    why=(
        "Kernel k has one layer of 5 x 5 numbers for each of the 6 maps. It lies on all 6 maps at "
        "the same place; all 150 products are added to one number. Then comes the bias, then the "
        "activation."
    ),
    hints=(
        "net.kernels[k] has 3 sizes: 6, 5 and 5. How many products make one pixel?",
        "Slide 13: channels add. In the page of your network, hold a pixel of conv2: it shows all "
        "6 patches, the products, the bias and the activation.",
        "    def pixel(net, k, row, column):\n"
        "        height, width = net.kernels.shape[2:]\n"
        "        patch = net.maps[:, row:row + height, column:column + width]  # of all 6 maps\n"
        "        total = ...  # products of the patch and net.kernels[k], added, and the bias\n"
        "        return net.function(total)",
    ),
    question="how many pixels of the picture does this one number depend on? (slide 18)",
    mistakes=(
        Mistake(
            "You used one map only. Each kernel of conv2 reads all the maps, and their sums add up "
            "to one number: that is why 6 maps and 16 kernels make 16 maps, not 96.",
            _instead("(patch * net.kernels[k]).sum()", "(patch[0] * net.kernels[k][0]).sum()"),
        ),
        Mistake(
            "You took the patch from the picture. conv2 does not see the picture: it reads "
            "net.maps, what is left after the first convolution and pooling.",
            _instead("net.maps[:, row", "net.picture[row"),
        ),
        Mistake(
            "The bias is missing. Add net.biases[k] before the activation.",
            _instead(" + net.biases[k]", ""),
        ),
        Mistake(
            "The activation is missing: your number is that before net.function.",
            _instead("net.function", ""),
        ),
        Mistake(
            "You added the bias after the activation. The activation comes last.",
            _instead(
                "net.function((patch * net.kernels[k]).sum() + net.biases[k])",
                "net.function((patch * net.kernels[k]).sum()) + net.biases[k]",
            ),
        ),
        Mistake(
            "You swapped row and column.",
            _instead(
                "net.maps[:, row:row + height, column:column + width]",
                "net.maps[:, column:column + height, row:row + width]",
            ),
        ),
        Mistake(
            "You turned the kernel. Networks do not turn it.",
            _instead("net.kernels[k])", "net.kernels[k][:, ::-1, ::-1])"),
        ),
    ),
    answers=("pixel",),
    cases=_cases,
    judge=_judge,
    tolerance=1e-5,
    needs="run",
)
