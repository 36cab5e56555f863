"""Mini-batches of tensors that are in memory already, on the device."""

from collections.abc import Iterator
from typing import NamedTuple

import torch

from cnnlab.data.tensors import TensorSet, as_input
from cnnlab.errors import ConfigError


class Batch(NamedTuple):
    """Some images of a set as a network takes them, (N, 1, 32, 32) floats, and their labels."""

    images: torch.Tensor
    labels: torch.Tensor


def check_mirroring(flip: bool, may_mirror: bool) -> None:
    """Raise `ConfigError` if images would be mirrored that must not be: a mirrored 2 is not a 2."""
    if flip and not may_mirror:
        raise ConfigError(
            "augmentation is 'flip', but these images must not be mirrored: a mirrored 2 is not "
            "a 2. Set augmentation to 'none' (--augmentation none)."
        )


class ShuffledBatches:
    """Mini-batches of a set, in a new random order in every pass.

    The last batch of a pass is smaller if the batch size does not divide the set; a single image
    joins the batch before, because batch normalisation cannot learn from one. The order is drawn
    on the CPU from ``seed``, so it is the same on every device. ``flip`` mirrors about half of
    the images left to right, others in every pass. An interrupted pass resumes after the first
    ``given`` batches of the order that ``pass_start`` draws. Raises `ConfigError` if ``flip``
    would mirror images that must not be mirrored.
    """

    def __init__(
        self, tensors: TensorSet, batch_size: int, seed: int, *, flip: bool = False
    ) -> None:
        check_mirroring(flip, tensors.may_mirror)
        self.tensors = tensors
        self.batch_size = batch_size
        self.flip = flip
        self.generator = torch.Generator().manual_seed(seed)
        self.pass_start = self.generator.get_state()
        self.given = 0

    def __len__(self) -> int:
        return len(self._sizes())

    def _sizes(self) -> list[int]:
        """Return how many images each batch of a pass has."""
        full, rest = divmod(len(self.tensors.labels), self.batch_size)
        sizes = [self.batch_size] * full + [rest] * (rest > 0)
        if rest == 1 and full:
            sizes[-2:] = [self.batch_size + 1]
        return sizes

    def __iter__(self) -> Iterator[Batch]:
        images, labels = self.tensors.images, self.tensors.labels
        self.generator.set_state(self.pass_start)
        order = torch.randperm(len(labels), generator=self.generator).to(labels.device)
        before = self.given
        for number, indices in enumerate(order.split(self._sizes()), start=1):
            mirrored = torch.rand(len(indices), generator=self.generator) if self.flip else None
            if number <= before:
                continue
            batch = as_input(images.index_select(0, indices))
            if mirrored is not None:
                chosen = (mirrored < 0.5).nonzero().squeeze(1).to(labels.device)
                batch[chosen] = batch[chosen].flip(3)
            self.given = number
            yield Batch(batch, labels[indices])
        self.pass_start, self.given = self.generator.get_state(), 0
