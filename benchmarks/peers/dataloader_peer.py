"""Prepared tensors in memory, through PyTorch's DataLoader."""

import torch
from job import BATCH, EVALUATION_BATCH, Job, torch_network, train_torch
from torch.utils.data import DataLoader, TensorDataset


def main() -> None:
    """Run the job."""
    job = Job()
    train, validation = (
        TensorDataset(
            torch.from_numpy(job.array(f"{part}_images")),
            torch.from_numpy(job.array(f"{part}_labels")),
        )
        for part in ("train", "validation")
    )
    train_torch(
        job,
        torch_network(job.weights()),
        lambda order: DataLoader(train, BATCH, sampler=order),
        DataLoader(validation, EVALUATION_BATCH),
    )
    job.report()


main()
