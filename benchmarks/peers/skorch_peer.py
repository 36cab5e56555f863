"""skorch's NeuralNetClassifier over arrays in memory."""

import torch
from job import BATCH, EVALUATION_BATCH, MOMENTUM, RATE, Job, torch_network
from skorch import NeuralNetClassifier
from skorch.callbacks import Callback
from skorch.dataset import Dataset
from skorch.helper import predefined_split
from torch.utils.data import DataLoader, Sampler

JOB = Job()
ORDERS = iter(JOB.array("orders"))


class Orders(Sampler):
    """The harness's order of each epoch: skorch makes its loader once and goes through it again."""

    def __iter__(self):
        return iter(next(ORDERS).tolist())


class Net(NeuralNetClassifier):
    """skorch's classifier, a step's loss and the training's end told to the job."""

    def get_iterator(self, dataset, training=False):
        if training:
            return DataLoader(dataset, BATCH, sampler=Orders())
        return DataLoader(dataset, EVALUATION_BATCH)

    def train_step(self, batch, **given):
        step = super().train_step(batch, **given)
        JOB.loss(step["loss"].item())
        return step

    def run_single_epoch(self, iterator, training, prefix, step_fn, **given):
        super().run_single_epoch(iterator, training, prefix, step_fn, **given)
        if training:
            JOB.trained()


class Clock(Callback):
    """Marks the epochs."""

    def on_epoch_begin(self, net, **given):
        JOB.start()

    def on_epoch_end(self, net, **given):
        JOB.validated(net.history[-1].get("valid_acc", 0))


def main() -> None:
    """Run the job."""
    arrays = {
        p: (JOB.array(f"{p}_images"), JOB.array(f"{p}_labels")) for p in ("train", "validation")
    }
    net = Net(
        torch_network(JOB.weights()),
        criterion=torch.nn.CrossEntropyLoss,
        optimizer=torch.optim.SGD,
        optimizer__momentum=MOMENTUM,
        lr=RATE,
        max_epochs=JOB.epochs,
        train_split=predefined_split(Dataset(*arrays["validation"])),
        callbacks=[Clock()],
        verbose=0,
    )
    net.fit(*arrays["train"])
    JOB.report()


main()
