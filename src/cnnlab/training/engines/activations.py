"""The activations that kernels compute: each one's value, and its slope for the way back.

A new one is a row of the table at the end, and in `steps` the functions of PyTorch that it is.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from cnnlab.training.engines.lanes import Lanes


@dataclass(frozen=True)
class Activation:
    """A function of one value, by its name in the table.

    ``alpha`` is what leaky ReLU multiplies negative values by, and ELU their exponential less 1;
    ELU's result is also multiplied by ``scale``: SELU is such an ELU.
    """

    name: str
    alpha: float = 0.0
    scale: float = 1.0

    @property
    def rises(self) -> bool:
        """Whether a larger value has no smaller result: a maximum may then be taken before it.

        The slope of such an activation follows from its result; that of the others is kept.
        """
        return self.name in _RISING


def activated(code: Lanes, activation: Activation | None, x: Any) -> Any:
    """Return the result of an activation; None changes nothing."""
    if activation is None:
        return x
    if activation.rises:
        return _RISING[activation.name][0](code, activation, x)
    return _OTHERS[activation.name](code, x)[0]


def activated_with_slope(code: Lanes, activation: Activation, x: Any) -> tuple[Any, Any]:
    """Return the result of an activation that does not only rise, and its slope there."""
    value, slope = _OTHERS[activation.name](code, x)
    return value, slope()


def times_slope(code: Lanes, activation: Activation | None, gradient: Any, result: Any) -> Any:
    """Return the gradient before an activation that rises, from that after it and its result."""
    if activation is None:
        return gradient
    return _RISING[activation.name][1](code, activation, gradient, result)


def _relu(code: Lanes, _: Activation, x: Any) -> Any:
    return code.relu(x)


def _relu_back(code: Lanes, _: Activation, gradient: Any, result: Any) -> Any:
    return code.where(code.above_zero(result), gradient, code.constant(0))


def _relu6(code: Lanes, _: Activation, x: Any) -> Any:
    return code.smaller(code.relu(x), code.constant(6))


def _relu6_back(code: Lanes, _: Activation, gradient: Any, result: Any) -> Any:
    below = code.where(code.below(result, 6), gradient, code.constant(0))
    return code.where(code.above_zero(result), below, code.constant(0))


def _leaky(code: Lanes, own: Activation, x: Any) -> Any:
    return code.where(code.below(x, 0), code.multiply(x, code.constant(own.alpha)), x)


def _leaky_back(code: Lanes, own: Activation, gradient: Any, result: Any) -> Any:
    less = code.multiply(gradient, code.constant(own.alpha))
    return code.where(code.above_zero(result), gradient, less)


def _elu(code: Lanes, own: Activation, x: Any) -> Any:
    less = code.subtract(code.exponential(x), code.constant(1))
    value = code.where(code.below(x, 0), code.multiply(code.constant(own.alpha), less), x)
    return code.multiply(value, code.constant(own.scale))


def _elu_back(code: Lanes, own: Activation, gradient: Any, result: Any) -> Any:
    slope = code.add(result, code.constant(own.scale * own.alpha))
    slope = code.where(code.above_zero(result), code.constant(own.scale), slope)
    return code.multiply(gradient, slope)


def _tanh(code: Lanes, _: Activation, x: Any) -> Any:
    return code.tanh(x)


def _tanh_back(code: Lanes, _: Activation, gradient: Any, result: Any) -> Any:
    slope = code.subtract(code.constant(1), code.multiply(result, result))
    return code.multiply(gradient, slope)


def _sigmoid(code: Lanes, _: Activation, x: Any) -> Any:
    return code.sigmoid(x)


def _sigmoid_back(code: Lanes, _: Activation, gradient: Any, result: Any) -> Any:
    slope = code.multiply(result, code.subtract(code.constant(1), result))
    return code.multiply(gradient, slope)


WithSlope = tuple[Any, Callable[[], Any]]
"""A result, and what writes the instructions for the slope there."""


def _gelu(code: Lanes, x: Any) -> WithSlope:
    """Return x times the normal distribution's share below x, within 2e-7.

    Abramowitz and Stegun, Handbook of Mathematical Functions, 7.1.26.
    """
    one, half = code.constant(1), code.constant(0.5)
    is_negative = code.below(x, 0)
    size = code.where(is_negative, code.subtract(code.constant(0), x), x)
    density = code.exponential(code.multiply(code.multiply(x, x), code.constant(-0.5)))
    t = code.divide(one, code.multiply_add(size, code.constant(0.3275911 / math.sqrt(2)), one))
    terms = [0.254829592, -0.284496736, 1.421413741, -1.453152027, 1.061405429]
    tail = code.multiply(code.multiply(code.multiply(t, code.polynomial(t, terms)), density), half)
    share = code.where(is_negative, tail, code.subtract(one, tail))

    def slope() -> Any:
        rise = code.constant(1 / math.sqrt(2 * math.pi))
        return code.multiply_add(code.multiply(x, density), rise, share)

    return code.multiply(x, share), slope


def _gelu_tanh(code: Lanes, x: Any) -> WithSlope:
    one, half, inner = code.constant(1), code.constant(0.5), math.sqrt(2 / math.pi)
    square = code.multiply(x, x)
    bent = code.tanh(code.multiply(x, code.polynomial(square, [inner, 0.044715 * inner])))
    share = code.multiply_add(half, bent, half)

    def slope() -> Any:
        steep = code.polynomial(square, [inner, 3 * 0.044715 * inner])
        rest = code.multiply(half, code.subtract(one, code.multiply(bent, bent)))
        return code.multiply_add(code.multiply(x, rest), steep, share)

    return code.multiply(x, share), slope


def _silu(code: Lanes, x: Any) -> WithSlope:
    share = code.sigmoid(x)
    value = code.multiply(x, share)
    return value, lambda: code.multiply_add(value, code.subtract(code.constant(1), share), share)


def _mish(code: Lanes, x: Any) -> WithSlope:
    """Return x tanh(log(1 + e)) with e = exp(x), for which no logarithm is needed."""
    one, two = code.constant(1), code.constant(2)
    e = code.exponential(code.smaller(x, code.constant(20)))
    n = code.multiply(e, code.add(e, two))
    share = code.divide(n, code.add(n, two))

    def slope() -> Any:
        rest = code.subtract(one, code.multiply(share, share))
        return code.multiply_add(code.multiply(x, rest), code.divide(e, code.add(e, one)), share)

    return code.multiply(x, share), slope


def _hardswish(code: Lanes, x: Any) -> WithSlope:
    zero, one, half = code.constant(0), code.constant(1), code.constant(0.5)
    share = code.multiply_add(x, code.constant(1 / 6), half)
    share = code.smaller(code.where(code.below(share, 0), zero, share), one)

    def slope() -> Any:
        inside = code.multiply_add(x, code.constant(1 / 3), half)
        inside = code.where(code.larger(x, code.constant(3)), one, inside)
        return code.where(code.below(x, -3), zero, inside)

    return code.multiply(x, share), slope


_RISING: dict[str, tuple[Callable[..., Any], Callable[..., Any]]] = {
    "relu": (_relu, _relu_back),
    "relu6": (_relu6, _relu6_back),
    "leaky_relu": (_leaky, _leaky_back),
    "elu": (_elu, _elu_back),
    "tanh": (_tanh, _tanh_back),
    "sigmoid": (_sigmoid, _sigmoid_back),
}
_OTHERS: dict[str, Callable[[Lanes, Any], WithSlope]] = {
    "gelu": _gelu,
    "gelu_tanh": _gelu_tanh,
    "silu": _silu,
    "mish": _mish,
    "hardswish": _hardswish,
}
