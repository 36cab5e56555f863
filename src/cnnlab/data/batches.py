"""Mini-batches of tensors that already lie in memory, on the device."""

import math
from collections.abc import Iterator

import torch

from cnnlab.data.images import TensorSet, as_input


class ShuffledBatches:
    """Mini-batches of a set in a new random order at every pass.

    The last batch of a pass is smaller where the size does not divide the set. The order is
    drawn on the CPU from ``seed``, so it is the same on every device. With ``flip`` half of
    the images, drawn anew at every pass, are mirrored left to right.
    """

    def __init__(
        self, tensors: TensorSet, batch_size: int, seed: int, *, flip: bool = False
    ) -> None:
        self.tensors = tensors
        self.batch_size = batch_size
        self.flip = flip
        self.generator = torch.Generator().manual_seed(seed)

    def __len__(self) -> int:
        return math.ceil(len(self.tensors.labels) / self.batch_size)

    def __iter__(self) -> Iterator[TensorSet]:
        images, labels = self.tensors
        order = torch.randperm(len(labels), generator=self.generator).to(labels.device)
        for indices in order.split(self.batch_size):
            batch = as_input(images.index_select(0, indices))
            if self.flip:
                mirrored = torch.rand(len(batch), generator=self.generator) < 0.5
                chosen = mirrored.nonzero().squeeze(1).to(labels.device)
                batch[chosen] = batch[chosen].flip(3)
            yield TensorSet(batch, labels[indices])
