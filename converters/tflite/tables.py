"""Functions of one int8 number as tables of 256, with the interpreter's float32 (graded.md 3, lut s8)."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from spikelet.graded.arithmetic import requantise

__all__ = ["function_table", "leaky_table", "logistic", "requantise_table", "tanh", "through_float_table"]

Table = npt.NDArray[np.int8]
_NUMBERS = np.arange(-128, 128, dtype=np.int64)


def logistic(x: np.float32) -> np.float32:
    """1 / (1 + exp(-x)) in float32; the exponential is rounded once."""
    with np.errstate(over="ignore"):
        power = np.float32(math.exp(-float(x))) if -float(x) < 700.0 else np.float32(np.inf)
        value: np.float32 = np.float32(1.0) / (np.float32(1.0) + power)
    return value


def tanh(x: np.float32) -> np.float32:
    """The hyperbolic tangent, rounded to float32."""
    rounded: np.float32 = np.float32(math.tanh(float(x)))
    return rounded


def function_table(
    function: Callable[[np.float32], np.float32], *, scale: float, zero: int, out_scale: float, out_zero: int
) -> Table:
    """A real function: numbers become real, the function's values numbers, halves away from zero."""
    inverse = np.float32(1.0) / np.float32(out_scale)
    found = []
    for q in _NUMBERS:
        value = float(function(np.float32(scale) * np.float32(int(q) - zero)) * inverse)
        steps = math.copysign(math.floor(abs(value) + 0.5), value) if math.isfinite(value) else value
        found.append(min(max(steps + out_zero, -128.0), 127.0))
    return np.array(found).astype(np.int8)


def requantise_table(pair: tuple[int, int], *, zero: int, out_zero: int, low: int = -128, high: int = 127) -> Table:
    """Another scale and zero point, clamped: RELU, RELU6 and QUANTIZE."""
    return _clipped(out_zero + requantise(_NUMBERS - zero, *pair), low, high)


def leaky_table(pair: tuple[int, int], alpha: tuple[int, int], *, zero: int, out_zero: int) -> Table:
    """LEAKY_RELU: one multiplier from the zero point on, another (which may be negative) below it."""
    x = _NUMBERS - zero
    return _clipped(out_zero + np.where(x >= 0, requantise(x, *pair), requantise(x, *alpha)), -128, 127)


def through_float_table(*, scale: float, zero: int, out_scale: float, out_zero: int) -> Table:
    """DEQUANTIZE and QUANTIZE: the real number is rounded to float32, its quotient too, halves away from zero."""
    real = (scale * (_NUMBERS - zero).astype(np.float64)).astype(np.float32)
    steps = (real / np.float32(out_scale)).astype(np.float64)
    rounded = np.copysign(np.floor(np.abs(steps) + 0.5), steps) + out_zero
    table: Table = np.clip(rounded, -128, 127).astype(np.int8)
    return table


def _clipped(values: npt.NDArray[np.int64], low: int, high: int) -> Table:
    return np.clip(values, low, high).astype(np.int8)
