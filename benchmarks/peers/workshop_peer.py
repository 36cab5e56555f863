"""The workshop's own pipeline: torchvision's data set and transforms at every access."""

import torch
from job import BATCH, EVALUATION_BATCH, Job, torch_network, train_torch
from torch.utils.data import DataLoader, Subset

# torchvision's compiled operators may be built for another torch and fail to load. The pipeline
# uses none of them, but importing torchvision would describe them to torch.compile.
torch.library.register_fake = lambda *_, **__: lambda function: function

from torchvision import datasets, transforms  # noqa: E402


def main() -> None:
    """Run the job."""
    job = Job()
    transform = transforms.Compose(
        [transforms.Resize((32, 32)), transforms.ToTensor(), transforms.Normalize((0.5,), (0.5,))]
    )
    images = datasets.FashionMNIST(str(job.folder), train=True, transform=transform)
    train, validation = (
        Subset(images, job.array(f"{part}_indices").tolist()) for part in ("train", "validation")
    )
    train_torch(
        job,
        torch_network(job.weights()),
        lambda order: DataLoader(train, BATCH, sampler=order),
        DataLoader(validation, EVALUATION_BATCH),
    )
    job.report()


main()
