"""The tables of softmax and of the logistic function of int16 (docs/reference/graded.md 3.2, 3.4, 3.5, 4.6).

They hold what the interpreter computes while it runs or prepares; the engine only looks things up.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from spikelet.errors import ModelError
from spikelet.graded.arithmetic import Int64Array, halve, high, word
from spikelet.graded.multipliers import fixed_point, multiplier_of

__all__ = [
    "logistic_s16_multiplier",
    "logistic_s16_table",
    "softmax_s8_table",
    "softmax_s16_multiplier",
    "softmax_s16_tables",
]

#: Differences are words with 26 fraction bits: 0 .. -31.
_DIFFERENCE_BITS = 26
#: exp(-1/4), exp(-1/2), ... exp(-16) with 31 fraction bits.
_POWERS = tuple(round(math.exp(-(2.0**k)) * 2**31) for k in range(-2, 5))
_EXP_EIGHTH = round(math.exp(-0.125) * 2**31)
_THIRD = round(2**31 / 3)
_ONE = 2**31 - 1

#: Steps of a table of int16, and of the exponential's argument, -10 .. 0, from one end to the other.
_STEPS = 512
_RANGE = 65535


def softmax_s8_table(beta: float, scale: float) -> npt.NDArray[np.int32]:
    """The table of softmax s8: exp(-k beta scale) with 31 fraction bits, as far as it counts.

    Args:
        beta: the operator's, as float32 has it.
        scale: the input's.

    Returns:
        int32, 1 .. 256 entries; a row's largest input has the first one.

    Raises:
        ModelError: beta times scale is 2^-26 or less.
    """
    real = min(beta * scale * 2.0**_DIFFERENCE_BITS, 2.0**31 - 1.0)
    if not real > 1.0:
        raise ModelError(f"softmax: found beta times scale {beta * scale:g}; allowed: above 2^-26. Check the scale")
    multiplier, shift = fixed_point(real)
    farthest = math.floor(31.0 * 2.0**_DIFFERENCE_BITS / 2.0**shift)
    differences = -np.arange(min(farthest, 255) + 1, dtype=np.int64)
    table: npt.NDArray[np.int32] = _exp(high(word(differences << shift), multiplier)).astype(np.int32)
    return table


def _exp(difference: Int64Array) -> Int64Array:
    """exp of words of 26 fraction bits, none above 0, with 31 fraction bits.

    What is left of -1/4 .. 0 goes through a polynomial around -1/8, the rest is a product of powers.
    """
    quarter = 1 << (_DIFFERENCE_BITS - 2)
    part = (difference & (quarter - 1)) - quarter
    result = _exp_quarter(part << (31 - _DIFFERENCE_BITS))
    rest = part - difference
    for k, power in enumerate(_POWERS):
        result = np.where(rest & (quarter << k), high(result, power), result)
    return np.where(difference == 0, _ONE, result)


def _exp_quarter(x: Int64Array) -> Int64Array:
    """exp of -1/4 .. 0, both with 31 fraction bits: exp(-1/8) (1 + y + y^2 / 2 + y^3 / 6 + y^4 / 24), y = x + 1/8."""
    y = x + (1 << 28)
    square = high(y, y)
    cube, fourth = high(square, y), high(square, square)
    rest = halve(high(halve(fourth, 2) + cube, _THIRD) + square, 1)
    return np.minimum(_EXP_EIGHTH + high(y + rest, _EXP_EIGHTH), _ONE)


def softmax_s16_multiplier(beta: float, scale: float) -> tuple[int, int]:
    """Multiplier and shift of softmax s16: they bring differences of 10 to 65535.

    Args:
        beta: the operator's, as float32 has it.
        scale: the input's.

    Raises:
        ModelError: see `multiplier_of`.
    """
    return multiplier_of(float(np.float32(scale) * np.float32(beta)) / (10.0 / _RANGE))


def softmax_s16_tables() -> npt.NDArray[np.int16]:
    """The two tables of softmax s16: exp of -10 .. 0, and 1 / (1 + x) of 0 .. 1, both with 15 fraction bits.

    Returns:
        int16, shape (2, 513).
    """
    return np.stack([_interpolated(math.exp, -10.0, 0.0), _interpolated(lambda x: 1.0 / (1.0 + x), 0.0, 1.0)])


def _interpolated(function: Callable[[float], float], first: float, last: float) -> npt.NDArray[np.int16]:
    """A function's values at the ends of 512 steps, each moved by half of the chord's error in its step's middle."""
    step = (last - first) / _STEPS
    unit = 2.0**15
    values = []
    for k in range(_STEPS):
        value = _half_away(function(first + k * step) * unit)
        middle = _half_away(function(first + k * step + step / 2.0) * unit)
        chord = _half_away((function(first + (k + 1) * step) * unit + value) / 2.0)
        values.append(value - _half_away((chord - middle) / 2.0))
    values.append(_half_away(function(last) * unit))
    return np.clip(values, -32768, 32767).astype(np.int16)


def _half_away(x: float) -> float:
    return math.copysign(math.floor(abs(x) + 0.5), x)


def logistic_s16_table() -> npt.NDArray[np.uint16]:
    """The table of logistic s16: 2^16 / (1 + exp(-i / 24)), each moved by half of the chord's error in its step.

    Returns:
        uint16, shape (256,); the last one stands for all that is farther out.
    """
    steps = np.arange(513) / 48.0
    values = 65536.0 / (1.0 + np.exp(-steps))
    error = (values[0:-2:2] + values[2::2]) / 2.0 - values[1::2]
    table = np.floor(values[0:-2:2] - error / 2.0 + 0.5)
    table[255] = 65535.0
    return table.astype(np.uint16)


def logistic_s16_multiplier(scale: float) -> tuple[int, int]:
    """Multiplier and shift of logistic s16: they bring an input to steps of 1 / (3 * 4096).

    Args:
        scale: the input's. One within a thousandth of an octave of 2^-12 counts as 2^-12, as in the interpreter.

    Raises:
        ModelError: the scale is too large or too small for a multiplier of 16 bits.
    """
    octave = np.log(np.float32(scale)) * (np.float32(1.0) / np.log(np.float32(2.0)))
    if abs(octave + np.float32(12.0)) < np.float32(1e-3):
        return 3, 0
    real = scale * 4096.0 * 3.0
    shift = 0
    while real <= 32767.0 / 2.0 and shift <= 30:
        real, shift = real * 2.0, shift + 1
    if not 1.0 <= real < 65536.0:
        raise ModelError(f"logistic: found an input scale of {scale:g}; allowed: 2^-44 .. 5. Check the file")
    return int(real), shift
