"""From real scales to the multipliers and shifts of graded layers: docs/reference/graded.md 1.3, 1.6 and 3.3."""

from __future__ import annotations

import math

import numpy as np

from spikelet.errors import ModelError
from spikelet.graded.arithmetic import Int64Array, clamp, scale

__all__ = ["dense_multiplier", "fixed_point", "mean_multiplier", "multiplier_of"]

#: A fully connected layer's multiplier has so many bits, and fewer where sums are longer than a word.
_DENSE_BITS = 62
#: The product of multiplier and largest sum is below 2 to this: no sum of 1.6 wraps then.
_DENSE_PRODUCT = 93
_DENSE_SHIFTS = (33, 95)
#: Parts of 2^-62 by which a multiplier is moved until outputs rise where the interpreter's do. A double has 53 bits,
#: so that ties which it makes by rounding are some 2^8 parts away; ties that are real need any step upwards.
_NUDGES = (0, 1, 2**7, 2**8, 2**9, 2**10, 2**11, 2**12, -(2**8), -(2**9), -(2**10))


def multiplier_of(real: float) -> tuple[int, int]:
    """A real multiplier as multiplier and shift of `requantise`, as the interpreter makes them.

    Args:
        real: at least 0.

    Returns:
        multiplier, 0 or 2^30 .. 2^31 - 1, and shift; both are 0 of what is below 2^-31 or so.

    Raises:
        ModelError: negative or not finite, or above 2^30.
    """
    multiplier, shift = fixed_point(real)
    if shift > 30:
        raise ModelError(f"multiplier: found {real:g}; allowed: below 2^30. Check the scales of the file")
    return (multiplier, shift) if shift >= -31 else (0, 0)


def fixed_point(real: float) -> tuple[int, int]:
    """m and s with m 2^(s - 31) nearest to a real number: 2^30 <= m < 2^31, or both are 0 of 0.

    Raises:
        ModelError: negative or not finite.
    """
    if not (math.isfinite(real) and real >= 0.0):
        raise ModelError(f"multiplier: found {real:g}; allowed: numbers from 0 on. Check the scales of the file")
    if real == 0.0:
        return 0, 0
    fraction, shift = math.frexp(real)
    multiplier = math.floor(fraction * 2.0**31 + 0.5)
    return (multiplier, shift) if multiplier < 2**31 else (2**30, shift + 1)


def mean_multiplier(real: float, taps: int) -> tuple[int, int]:
    """Multiplier and shift of a mean over `taps` elements (3.3).

    Args:
        real: scale of the input by that of the output.
        taps: elements of which the mean is taken, at least 1.

    Raises:
        ModelError: see `multiplier_of`.
    """
    multiplier, shift = multiplier_of(real)
    up = min(taps.bit_length() - 1, 32, 31 + shift)
    return (multiplier << up) // taps, shift - up


def dense_multiplier(real: float, *, low: int, top: int, out_min: int, out_max: int) -> tuple[int, int]:
    """Multiplier and shift of `scale` (1.6) that give what a double multiplication and C's round give.

    Both rise with the sum, and multiply by nearly the same number. So they can only rise at different sums where
    (output - 1/2) / real is within a few parts of 2^53 of a whole number; there, and at both ends, they are compared.

    Args:
        real: the double: scale of the input times that of the weights, by that of the output.
        low: the least sum that the layer can reach, at most 0.
        top: the largest one, at least 0.
        out_min: outputs without their zero point are clamped to out_min .. out_max.
        out_max: see out_min.

    Raises:
        ModelError: no multiplier does it, or a result has no place in a word.
    """
    if not (math.isfinite(real) and real >= 0.0):
        raise ModelError(f"multiplier: found {real:g}; allowed: numbers from 0 on. Check the scales of the file")
    reach = max(-low, top, 1)
    if reach >= 2**52 or reach * real >= 2.0**31 - 1.0:
        raise ModelError(
            f"multiplier: found {real:g} for sums up to {reach}; allowed: results of 31 bits. Check the scales"
        )
    sums = _ties(real, low, top, out_min, out_max)
    wanted = clamp(_rounded(sums, real), out_min, out_max)
    for multiplier, shift in _candidates(real, reach):
        if np.array_equal(wanted, clamp(scale(sums, multiplier, shift), out_min, out_max)):
            return multiplier, shift
    raise ModelError(f"multiplier: found {real!r}, which no integers of graded.md 1.6 equal for sums {low} .. {top}")


def _rounded(sums: Int64Array, real: float) -> Int64Array:
    """What the interpreter does: round(double(sum) * real), halves away from zero."""
    product = sums.astype(np.float64) * real
    whole = np.trunc(product)
    # Exact: product - whole has no more bits than product.
    away = np.where(np.abs(product - whole) >= 0.5, np.copysign(1.0, product), 0.0)
    return (whole + away).astype(np.int64)


def _ties(real: float, low: int, top: int, out_min: int, out_max: int) -> Int64Array:
    """The sums of low .. top next to those where the output of 1.6 may rise elsewhere than `_rounded`, and the ends."""
    ends = np.array([low, top], np.int64)
    first, last = (int(value) for value in clamp(_rounded(ends, real), out_min - 1, out_max))
    if real == 0.0 or last <= first:
        return ends
    rises = (np.arange(first + 1, last + 1) - 0.5) / real
    whole = np.rint(rises)
    # A multiplier is off by half of its last bit, by nudges of 2^-49 at most, and doubles by 2^-52.
    margin = 2.0 ** (4 - min(_bits(max(-low, top, 1)), 52))
    close = whole[np.abs(rises - whole) <= np.abs(rises) * margin]
    near = np.clip(close, low, top).astype(np.int64)
    around = np.concatenate([ends, near - 1, near, near + 1])
    return around[(around >= low) & (around <= top)]


def _bits(reach: int) -> int:
    """Bits of the multiplier for sums of a size."""
    return min(_DENSE_BITS, _DENSE_PRODUCT - reach.bit_length())


def _candidates(real: float, reach: int) -> list[tuple[int, int]]:
    """Multipliers next to a real one, the best first."""
    if real == 0.0:
        return [(0, _DENSE_SHIFTS[0])]
    fraction, exponent = math.frexp(real)
    bits = _bits(reach)
    exact = int(fraction * 2.0**53) << (_DENSE_BITS - 53)
    shift = _DENSE_BITS - exponent
    drop = max(_DENSE_BITS - bits, shift - _DENSE_SHIFTS[1])
    if shift - drop < _DENSE_SHIFTS[0]:
        return []
    if drop > _DENSE_BITS:
        return [(0, _DENSE_SHIFTS[0])]
    moved = (((exact + nudge) + ((1 << drop) >> 1)) >> drop for nudge in _NUDGES)
    found = dict.fromkeys(multiplier for multiplier in moved if 0 <= multiplier < 2**bits)
    return [(multiplier, shift - drop) for multiplier in found]
