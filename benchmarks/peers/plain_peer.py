"""Plain PyTorch tuned by hand: tensors in memory, indexed, channels-last, memory kept."""

import torch
from job import BATCH, EVALUATION_BATCH, Job, torch_network, train_torch


def main() -> None:
    """Run the job; the harness has told the C library and OpenMP what cnnlab tells them."""
    job = Job()
    images, labels, held_images, held_labels = (
        torch.from_numpy(job.array(f"{part}_{kind}"))
        for part in ("train", "validation")
        for kind in ("images", "labels")
    )

    def batches(order):
        for indices in torch.tensor(order).split(BATCH):
            yield images[indices], labels[indices]

    network = torch_network(job.weights()).to(memory_format=torch.channels_last)
    held = zip(
        held_images.split(EVALUATION_BATCH), held_labels.split(EVALUATION_BATCH), strict=True
    )
    train_torch(job, network, batches, list(held))
    job.report()


main()
