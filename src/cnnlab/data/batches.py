"""Mini-batches of tensors that already lie in memory, on the device."""

import math
from collections.abc import Iterator

import torch

from cnnlab.data.tensors import TensorSet, as_input


class ShuffledBatches:
    """Mini-batches of a set in a new random order at every pass.

    The last batch of a pass is smaller where the size does not divide the set. The order is
    drawn on the CPU from ``seed``, so it is the same on every device. With ``flip`` half of
    the images, drawn anew at every pass, are mirrored left to right. A pass that was left goes
    on where it was: after ``given`` batches of the order that ``pass_start`` draws.
    """

    def __init__(
        self, tensors: TensorSet, batch_size: int, seed: int, *, flip: bool = False
    ) -> None:
        self.tensors = tensors
        self.batch_size = batch_size
        self.flip = flip
        self.generator = torch.Generator().manual_seed(seed)
        self.pass_start = self.generator.get_state()
        self.given = 0

    def __len__(self) -> int:
        return math.ceil(len(self.tensors.labels) / self.batch_size)

    def __iter__(self) -> Iterator[TensorSet]:
        images, labels = self.tensors
        self.generator.set_state(self.pass_start)
        order = torch.randperm(len(labels), generator=self.generator).to(labels.device)
        before = self.given
        for number, indices in enumerate(order.split(self.batch_size), start=1):
            mirrored = torch.rand(len(indices), generator=self.generator) if self.flip else None
            if number <= before:
                continue
            batch = as_input(images.index_select(0, indices))
            if mirrored is not None:
                chosen = (mirrored < 0.5).nonzero().squeeze(1).to(labels.device)
                batch[chosen] = batch[chosen].flip(3)
            self.given = number
            yield TensorSet(batch, labels[indices])
        self.pass_start, self.given = self.generator.get_state(), 0
