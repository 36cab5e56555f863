"""cnnlab's own loop, as the command line runs it."""

from unittest.mock import patch

import torch
from job import Job, torch_network

from cnnlab.data.tensors import TensorSet
from cnnlab.models.lenet5 import LeNet5
from cnnlab.training import loop
from cnnlab.training.config import recipe


def main() -> None:
    """Run the job; the order of batches comes from the harness's seed, which is the same."""
    job = Job()
    parts = {
        part: TensorSet(
            torch.from_numpy(job.array(f"{part}_levels")),
            torch.from_numpy(job.array(f"{part}_labels")),
        )
        for part in ("train", "validation")
    }
    model = LeNet5()
    model.load_state_dict(torch_network(job.weights()).state_dict())
    plain_loss, plain_evaluate = loop.loss_batch, loop.evaluate

    def loss_batch(*arguments):
        loss, logits = plain_loss(*arguments)
        job.loss(loss.item())
        return loss, logits

    def evaluate(*arguments):
        job.trained()
        result = plain_evaluate(*arguments)
        job.validated(result.accuracy)
        job.start()
        return result

    with patch.object(loop, "loss_batch", loss_batch), patch.object(loop, "evaluate", evaluate):
        job.start()
        loop.fit(model, *parts.values(), recipe("workshop", epochs=job.epochs))
    job.report()


main()
