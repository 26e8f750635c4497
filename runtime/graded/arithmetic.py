"""The arithmetic of graded networks on numpy arrays: docs/reference/graded.md 1, in the most direct form.

All take and give int64 arrays, of any shapes that broadcast.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = [
    "Int64Array",
    "clamp",
    "halve",
    "high",
    "leading_zeros",
    "lookup",
    "requantise",
    "requantise64",
    "scale",
    "word",
]

Int64Array = npt.NDArray[np.int64]
_Numbers = Int64Array | int

_LOW = 0xFFFFFFFF


def _int64(values: _Numbers) -> Int64Array:
    return np.asarray(values, np.int64)


def word(x: _Numbers) -> Int64Array:
    """The 32-bit word that equals x modulo 2^32."""
    shifted: Int64Array = ((_int64(x) + 2**31) & _LOW) - 2**31
    return shifted


def high(a: _Numbers, b: _Numbers) -> Int64Array:
    """Graded 1.1, of words."""
    product = _int64(a) * _int64(b)
    nudged = product + np.where(product >= 0, 2**30, 1 - 2**30)
    quotient: Int64Array = np.where(nudged >= 0, nudged >> 31, -(-nudged >> 31))
    return quotient


def halve(x: _Numbers, e: _Numbers) -> Int64Array:
    """Graded 1.2, of words."""
    number, bits = _int64(x), _int64(e)
    kept = np.minimum(bits, 31)
    size = np.where(bits > 31, 0, (np.abs(number) + ((np.int64(1) << kept) >> 1)) >> kept)
    result: Int64Array = np.where(number < 0, -size, size)
    return result


def requantise(x: _Numbers, m: _Numbers, s: _Numbers) -> Int64Array:
    """Graded 1.3, of words."""
    shift = _int64(s)
    return halve(high(word(_int64(x) << np.maximum(shift, 0)), m), np.maximum(-shift, 0))


def clamp(x: _Numbers, low: int, top: int) -> Int64Array:
    """Graded 1.4."""
    clamped: Int64Array = np.minimum(np.maximum(_int64(x), low), top)
    return clamped


def requantise64(x: _Numbers, m: _Numbers, s: _Numbers) -> Int64Array:
    """Graded 1.5, of 64 bits; products and sums that leave them wrap."""
    multiplier, shift = _int64(m), _int64(s)
    reduced = np.where(multiplier < 0x7FFF0000, (multiplier + 2**15) >> 16, 0x7FFF)
    with np.errstate(over="ignore"):
        product = _int64(x) * reduced + (np.int64(1) << (14 - shift))
    return word(product >> (15 - shift))


def scale(x: _Numbers, m: _Numbers, s: _Numbers) -> Int64Array:
    """Graded 1.6, of 64 bits; sums that leave them wrap."""
    number, multiplier, shift = _int64(x), _int64(m), _int64(s)
    x_low, m_low = (number & _LOW).astype(np.uint64), (multiplier & _LOW).astype(np.uint64)
    below = ((x_low * m_low) >> np.uint64(32)).astype(np.int64)
    with np.errstate(over="ignore"):
        quotient = (number >> 32) * multiplier + (number & _LOW) * (multiplier >> 32) + below
        rounded: Int64Array = (quotient + (np.int64(1) << (shift - 33))) >> (shift - 32)
    return rounded


def lookup(table: Int64Array, v: Int64Array) -> Int64Array:
    """Graded 1.7: a table of 513 numbers, and int16."""
    index = 256 + (v >> 7)
    step = table[index + 1] - table[index]
    values: Int64Array = table[index] + ((step * (v & 127) + 64) >> 7)
    return values


def leading_zeros(x: Int64Array) -> Int64Array:
    """How many zeros stand above the highest one of a positive word."""
    # Words are exact in float64, and frexp's exponent is the number of bits.
    zeros: Int64Array = 32 - np.frexp(x.astype(np.float64))[1].astype(np.int64)
    return zeros
