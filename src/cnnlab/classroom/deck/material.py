"""What the slides draw of the leader's run: predictions, kernels, a few batches, shifts."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from cnnlab.classroom.deck import measured
from cnnlab.custom.network import explained
from cnnlab.data.splits import Splits
from cnnlab.data.tensors import prepare, prepare_images
from cnnlab.experiments.statistics import Interval, mean_interval
from cnnlab.insight.graph import Graph, Step
from cnnlab.insight.interpret import Numbers
from cnnlab.insight.interpret import run as interpret
from cnnlab.insight.predictions import Predictions
from cnnlab.insight.shifts import correct_when_shifted
from cnnlab.models.catalog import MODELS
from cnnlab.playground.payload import choose_pictures
from cnnlab.runs.evaluation import compute_logits, predictions_on
from cnnlab.runs.explain import as_numbers, network_graph
from cnnlab.runs.inside import Inside, look_inside
from cnnlab.runs.run import Run
from cnnlab.runs.weights import read_weights
from cnnlab.seeding import seeded
from cnnlab.training.config import TrainConfig, recipe
from cnnlab.training.history import History
from cnnlab.training.loop import train_batch
from cnnlab.training.state import TrainingState
from cnnlab.views.inside_page import first_convolution

DISTANCES = (0, 1, 2, 3, 4)
"""By how many pixels the images are moved."""
_SHIFTED = 2000
"""So many validation images are moved: a few seconds, and an interval of about 1 point."""
_BATCHES = 10
_CPU = torch.device("cpu")


@dataclass(frozen=True)
class BatchStep:
    """One kernel (height, width) after so many batches, and the loss of the last of them."""

    batches: int
    loss: float | None
    kernel: NDArray[np.float32]


@dataclass(frozen=True)
class Pin:
    """A pixel of a stage: which map, row and column, counted from 0."""

    stage: str
    pixel: tuple[int, int, int]

    @property
    def state(self) -> str:
        """The pixel as the address of the page writes it, counted from 1."""
        return f"at={self.stage}." + ".".join(str(each + 1) for each in self.pixel)


@dataclass(frozen=True)
class Material:
    """A run, its images, and what is computed of it when a figure first asks."""

    run: Run
    splits: Splits
    history: History
    inside: Inside
    predictions: Predictions

    @cached_property
    def lenet(self) -> Graph:
        """LeNet-5 as cnnlab runs it, not trained: its stages and sizes are drawn."""
        return network_graph(MODELS["lenet5"].build(seed=0))

    @cached_property
    def shown(self) -> int:
        """The validation image that the slides follow: the one that opens the page."""
        return int(choose_pictures(self.predictions)[0])

    @cached_property
    def values(self) -> dict[str, Numbers]:
        """The numbers of every step of the run's network for the image that is followed."""
        graph = self.inside.after
        return {} if graph is None else interpret(graph, self.numbers)

    @property
    def numbers(self) -> Numbers:
        """The image that is followed, as the network takes it: (1, 1, 32, 32)."""
        return as_numbers(self.predictions.image_set.images[self.shown : self.shown + 1])

    @cached_property
    def first(self) -> Step | None:
        """The convolution that reads the image, or None."""
        graph = self.inside.after
        return None if graph is None else first_convolution(graph)

    def pin(self, step: Step) -> Pin:
        """Return a pixel of the step's stage that is worth explaining: large, not at its limit."""
        assert self.inside.after is not None  # noqa: S101 - a step comes from it
        last = self.inside.after.stages[step.stage].last
        own = np.abs(self.values[last.name][0])
        flat = int(np.abs(own / (own.max() or 1.0) - 0.83).argmin())
        place: tuple[Any, ...] = np.unravel_index(flat, own.shape)
        whole = [*map(int, place), 0, 0]
        return Pin(step.stage, (whole[0], whole[1], whole[2]))

    @cached_property
    def shifted(self) -> list[Interval]:
        """The accuracy in percent with its 95 % interval, for each of `DISTANCES`."""
        part = self.splits.validation.take(np.arange(min(_SHIFTED, len(self.splits.validation))))
        weights = read_weights(self.run)

        def predict(images: NDArray[np.uint8]) -> NDArray[np.int64]:
            logits = compute_logits(self.run, prepare_images(images), weights)
            return np.asarray(logits.argmax(dim=1).numpy())

        shares = correct_when_shifted(predict, part.images, part.labels, DISTANCES)
        return [mean_interval(100 * each) for each in shares]

    @property
    def shifted_images(self) -> int:
        """How many images `shifted` is measured on."""
        return min(_SHIFTED, len(self.splits.validation))

    @cached_property
    def batches(self) -> Sequence[BatchStep]:
        """The first kernel before training, and after each of the first batches of the run.

        The network learns from them again here, from the run's own seed and recipe.
        """
        step, config = self.first, self.run.config
        if step is None or not step.layer:
            return ()
        model = self.run.network.build(config.seed)
        with explained(self.run.network.source, "Training"), seeded(config.seed):
            state = TrainingState(model, prepare(self.splits.train), config)
            state.start_clock()
            model.train()

            def kernel() -> NDArray[np.float32]:
                weight = model.get_submodule(step.layer).weight
                assert isinstance(weight, torch.Tensor)  # noqa: S101
                return weight.detach()[0, 0].numpy().copy()

            found = [BatchStep(0, None, kernel())]
            for number, (images, labels) in enumerate(state.batches, start=1):
                loss, _ = train_batch(model, images, labels, state)
                found.append(BatchStep(number, loss.item(), kernel()))
                if number == _BATCHES:
                    break
        return found

    @property
    def is_measured(self) -> bool:
        """Whether `measured.VALIDATION` is of the same network, data set and settings."""
        settings = TrainConfig(**{**vars(self.run.config), "seed": 0})
        return (
            self.run.data_set_name == "fashion-mnist"
            and self.run.model_name in measured.VALIDATION
            and settings == recipe("workshop")
            and self.run.status == "finished"
        )


def gather(run: Run, splits: Splits) -> Material:
    """Return what the slides draw of a run.

    Raises `RunError` if no epoch has ended, if the weights cannot be read, or if the splits are of
    another data set.
    """
    run.check_data_set(splits)
    history = run.trained_history("draw")
    predictions = predictions_on(run, splits.validation, _CPU)
    return Material(run, splits, history, look_inside(run), predictions)
