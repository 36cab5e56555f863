"""fastai's Learner over prepared tensors."""

from functools import partial

import torch
from fastai.callback import progress  # noqa: F401  (gives the learner no_bar)
from fastai.callback.core import Callback
from fastai.data.core import DataLoaders
from fastai.data.load import DataLoader
from fastai.learner import Learner
from fastai.metrics import accuracy
from fastai.optimizer import OptimWrapper
from job import BATCH, EVALUATION_BATCH, MOMENTUM, RATE, Job, torch_network
from torch.utils.data import TensorDataset

JOB = Job()
ORDERS = iter(JOB.array("orders"))


class Ordered(DataLoader):
    """fastai's loader in the harness's order."""

    def get_idxs(self):
        return next(ORDERS).tolist()


class Clock(Callback):
    """Marks the epochs and tells each step's loss."""

    def before_train(self):
        JOB.start()

    def after_step(self):
        JOB.loss(self.learn.loss.item())

    def after_train(self):
        JOB.trained()

    def after_validate(self):
        JOB.validated(self.learn.recorder.metrics[0].value.item())


def main() -> None:
    """Run the job."""
    train, validation = (
        TensorDataset(
            torch.from_numpy(JOB.array(f"{part}_images")),
            torch.from_numpy(JOB.array(f"{part}_labels")),
        )
        for part in ("train", "validation")
    )
    loaders = DataLoaders(
        Ordered(train, bs=BATCH), DataLoader(validation, bs=EVALUATION_BATCH), device="cpu"
    )
    learner = Learner(
        loaders,
        torch_network(JOB.weights()),
        loss_func=torch.nn.CrossEntropyLoss(),
        opt_func=partial(OptimWrapper, opt=torch.optim.SGD, momentum=MOMENTUM),
        lr=RATE,
        metrics=accuracy,
        cbs=[Clock()],
    )
    with learner.no_bar(), learner.no_logging():
        learner.fit(JOB.epochs)
    JOB.report()


main()
