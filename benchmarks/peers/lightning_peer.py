"""Lightning's Trainer over prepared tensors, with everything optional switched off."""

import logging
import warnings

import torch
from job import BATCH, EVALUATION_BATCH, MOMENTUM, RATE, Job, torch_network
from lightning.pytorch import LightningModule, Trainer
from torch.nn.functional import cross_entropy
from torch.utils.data import DataLoader, TensorDataset

JOB = Job()
ORDERS = iter(JOB.array("orders"))


class Module(LightningModule):
    """The network with its steps, which tell the job where an epoch's parts end."""

    def __init__(self):
        super().__init__()
        self.network = torch_network(JOB.weights())
        self.right = 0
        self.count = 0

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=RATE, momentum=MOMENTUM)

    def training_step(self, batch, at):
        if not at:
            JOB.start()
        loss = cross_entropy(self.network(batch[0]), batch[1])
        JOB.loss(loss.item())
        return loss

    def on_validation_epoch_start(self):
        JOB.trained()
        self.right = self.count = 0

    def validation_step(self, batch, at):
        logits = self.network(batch[0])
        cross_entropy(logits, batch[1])
        self.right += (logits.argmax(1) == batch[1]).sum().item()
        self.count += len(batch[1])

    def on_validation_epoch_end(self):
        JOB.validated(self.right / self.count)


class Loaders(DataLoader):
    """A loader whose order is the harness's next one at each epoch."""

    def __iter__(self):
        order = torch.from_numpy(next(ORDERS)).tolist()
        return iter(DataLoader(self.dataset, BATCH, sampler=order))


def main() -> None:
    """Run the job."""
    warnings.filterwarnings("ignore")
    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
    train, validation = (
        TensorDataset(
            torch.from_numpy(JOB.array(f"{part}_images")),
            torch.from_numpy(JOB.array(f"{part}_labels")),
        )
        for part in ("train", "validation")
    )
    trainer = Trainer(
        accelerator="cpu",
        max_epochs=JOB.epochs,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        num_sanity_val_steps=0,
    )
    trainer.fit(Module(), Loaders(train, BATCH), DataLoader(validation, EVALUATION_BATCH))
    JOB.report()


main()
