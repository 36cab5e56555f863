"""The sizes of one block: a convolution, its activation, and its pooling."""

from dataclasses import dataclass
from typing import Literal

from cnnlab.training.engines.activations import Activation


@dataclass(frozen=True)
class Block:
    """One convolution, its activation, and its pooling by 2 x 2.

    ``height`` and ``width`` are of the input without the ``padding`` around it. Max pooling runs
    before an activation that only rises, because the result is the same, and after any other.
    Output rows and columns that pooling would leave out are not computed.
    """

    channels_in: int
    height: int
    width: int
    channels_out: int
    kernel: int
    padding: int = 0
    stride: int = 1
    has_bias: bool = True
    activation: Activation | None = None
    pooling: Literal["average", "max"] | None = None

    @property
    def input_shape(self) -> tuple[int, int, int]:
        """Channels, height and width of the input, without its padding."""
        return self.channels_in, self.height, self.width

    @property
    def pool(self) -> int:
        """Side of the pooling window: 2, or 1 without pooling."""
        return 2 if self.pooling else 1

    @property
    def padded_height(self) -> int:
        """Height of the input with its padding."""
        return self.height + 2 * self.padding

    @property
    def padded_width(self) -> int:
        """Width of the input with its padding."""
        return self.width + 2 * self.padding

    @property
    def rows_out(self) -> int:
        """Height of the output."""
        return ((self.padded_height - self.kernel) // self.stride + 1) // self.pool

    @property
    def columns_out(self) -> int:
        """Width of the output."""
        return ((self.padded_width - self.kernel) // self.stride + 1) // self.pool

    @property
    def output_shape(self) -> tuple[int, int, int]:
        """Channels, height and width of the output."""
        return self.channels_out, self.rows_out, self.columns_out

    @property
    def pixels(self) -> int:
        """Values of one image before the block."""
        return self.channels_in * self.height * self.width

    @property
    def inputs(self) -> int:
        """Values of one image before the block, with the padding."""
        return self.channels_in * self.padded_height * self.padded_width

    @property
    def outputs(self) -> int:
        """Values of one image after the block."""
        return self.channels_out * self.rows_out * self.columns_out

    @property
    def sums(self) -> int:
        """Values of one image before pooling."""
        return self.outputs * self.pool**2

    @property
    def weights(self) -> int:
        """Weights, without biases."""
        return self.channels_out * self.channels_in * self.kernel**2

    @property
    def keeps_slope(self) -> bool:
        """Whether the backward pass needs the slopes of the activation, kept by the forward."""
        return self.activation is not None and not self.activation.rises

    @property
    def kept_bytes(self) -> int:
        """Bytes for one image that say which of four values was the largest."""
        return self.outputs if self.pooling == "max" else 0

    @property
    def kept_values(self) -> int:
        """Values of one image that the backward pass needs besides the output.

        They are slopes, or, with average pooling, what came before it.
        """
        if self.pooling == "average" and self.activation is not None:
            return self.sums
        return self.outputs if self.keeps_slope else 0
