"""Images as a network takes them: 32 x 32, on a device, made floats at the last moment."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from cnnlab.data.images import ImageSet
from cnnlab.errors import DataError

if TYPE_CHECKING:
    import torch

IMAGE_SIZE = 32
"""Height and width, in pixels, of the images that a network takes."""
MEAN, STANDARD_DEVIATION = 0.5, 0.5
"""The workshop's normalisation of levels in [0, 1]."""


@dataclass(frozen=True)
class TensorSet:
    """Images (N, 1, 32, 32), grey levels or floats, and labels (N,) int64, on one device.

    ``may_mirror``: an image mirrored left to right still shows its class.
    """

    images: "torch.Tensor"
    labels: "torch.Tensor"
    may_mirror: bool = True


def resize(images: NDArray[np.uint8], size: int = IMAGE_SIZE) -> NDArray[np.uint8]:
    """Return the images (N, height, width) enlarged to (N, size, size), bilinear, uint8.

    Rows first, then columns, each rounded to a grey level, as Pillow does it: the result is
    within one grey level of Pillow's ``resize(..., BILINEAR)``. Only enlarges.
    """
    height, width = images.shape[1:]
    if size < max(height, width):
        raise DataError(
            f"These images are too large: found {height} x {width} pixels, expected at most "
            f"{size} x {size}. Make them smaller first: resize only enlarges."
        )
    across, down = _interpolation(width, size), _interpolation(height, size)
    resized = np.empty((len(images), size, size), np.uint8)
    for start in range(0, len(images), 4096):
        block = images[start : start + 4096].astype(np.float32)
        widened = np.floor((block.reshape(-1, width) @ across.T + 0.5).reshape(-1, height, size))
        resized[start : start + 4096] = np.floor(down @ widened + 0.5)
    return resized


def _interpolation(old: int, new: int) -> NDArray[np.float32]:
    """Return the (new, old) matrix of bilinear weights, pixel centres at half-integers."""
    centres = (np.arange(new) + 0.5) * old / new - 0.5
    distance = np.abs(centres[:, None] - np.arange(old)[None, :])
    weights = np.clip(1 - distance, 0, None)
    return np.asarray(weights / weights.sum(axis=1, keepdims=True), np.float32)


def prepare(image_set: ImageSet, device: "str | torch.device" = "cpu") -> TensorSet:
    """Return a whole set as tensors on the device; see `prepare_images`."""
    import torch

    labels = torch.from_numpy(image_set.labels).to(device)
    return TensorSet(prepare_images(image_set.images, device), labels, image_set.may_mirror)


def prepare_images(
    images: NDArray[np.uint8], device: "str | torch.device" = "cpu"
) -> "torch.Tensor":
    """Return images (N, height, width) as (N, 1, 32, 32), enlarged by `resize`, still uint8.

    Bytes take a quarter of the memory of floats, and half the time: gathering a batch of bytes
    and making floats of it (`as_input`) is faster than gathering floats.
    """
    import torch

    return torch.from_numpy(resize(images)).unsqueeze(1).to(device)


def as_input(images: "torch.Tensor") -> "torch.Tensor":
    """Return grey levels (uint8) as a network takes them: floats, (level / 255 - 0.5) / 0.5.

    Images that are floats already are returned unchanged.
    """
    import torch

    if images.dtype != torch.uint8:
        return images
    return images.float().div_(255).sub_(MEAN).div_(STANDARD_DEVIATION)
