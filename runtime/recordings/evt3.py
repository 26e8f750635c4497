"""EVT 3.0, the encoding of Prophesee's .raw files in which words say only what changed."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from spikelet.errors import DataError
from spikelet.recordings.evt import evt_header
from spikelet.recordings.files import limit, records, unwrap
from spikelet.recordings.recording import Recording, build

__all__ = ["read"]

_ADDR_Y, _ADDR_X, _BASE_X, _VECT_12, _VECT_8, _TIME_LOW, _TIME_HIGH = 0, 2, 3, 4, 5, 6, 8
#: Words of no pixel: triggers, others, and what continues them.
_PASSED = (0x7, 0xA, 0xE, 0xF)
_KINDS = (_ADDR_Y, _ADDR_X, _BASE_X, _VECT_12, _VECT_8, _TIME_LOW, _TIME_HIGH, *_PASSED)
#: Number of pixels that a vector of 12 bits names.
_BITS = np.array([bin(mask).count("1") for mask in range(4096)], np.int64)
_Index = npt.NDArray[np.int64]


def read(where: str, data: bytes, size: tuple[int, int] | None) -> Recording:
    """Read lines of text, then words of 16 bits, little-endian.

    A new value of the high time sets the low time to 0. Events before the first word of time, of the
    row or of a vector's base are left out: nobody knows where or when they were.

    Args:
        where: the file, for messages.
        data: its bytes.
        size: width and height, where the file does not say.

    Raises:
        DataError: the last word is not whole, a word is unknown, or a pixel is outside the sensor.

    Source: Prophesee, EVT 3.0 format.
    """
    known, start = evt_header(where, data)
    word = records(where, data, start, "<u2")
    kind = (word >> np.uint16(12)).astype(np.uint8)
    value = word & np.uint16(0xFFF)
    wrong = np.flatnonzero(~np.isin(kind, _KINDS))
    if len(wrong):
        bad = int(wrong[0])
        raise DataError(f"{where}: a word of kind {kind[bad]:#x} at byte {start + 2 * bad}: the file is damaged")
    at, x, polarity = _pixels(where, kind, value)
    order = np.argsort(at, kind="stable")
    at, x, polarity = at[order], x[order], polarity[order]
    row_at = np.flatnonzero(kind == _ADDR_Y)
    row, t = np.searchsorted(row_at, at) - 1, _times(kind, value, at)
    kept = (row >= 0) & (t >= 0)
    at = at[kept]
    return build(
        where,
        "evt3",
        t=t[kept],
        x=x[kept],
        y=value[row_at[row[kept]]] & np.uint16(2047),
        polarity=polarity[kept],
        byte=lambda index: start + 2 * int(at[index]),
        size=known or size,
    )


def _pixels(where: str, kind: npt.NDArray[np.uint8], value: npt.NDArray[Any]) -> tuple[_Index, _Index, _Index]:
    """Word, column and polarity of each event: of the single ones, then of the vectors."""
    single = np.flatnonzero(kind == _ADDR_X)
    every = np.flatnonzero((kind == _VECT_12) | (kind == _VECT_8))
    base = np.flatnonzero(kind == _BASE_X)
    is_12 = kind[every] == _VECT_12
    mask = np.where(is_12, value[every], value[every] & np.uint16(0xFF))
    limit(where, len(single) + int(_BITS[mask].sum()))
    # Each vector goes on where the one before it ended, up to the next base.
    before = np.concatenate([np.zeros(1, np.int64), np.cumsum(np.where(is_12, 12, 8))])
    last = np.searchsorted(base, every) - 1
    kept = np.flatnonzero(last >= 0)
    vector, mask, last = every[kept], mask[kept], base[last[kept]]
    head = value[last].astype(np.int64)
    column = (head & 2047) + before[kept] - before[np.searchsorted(every, last)]
    which, bit = np.nonzero(mask[:, None] >> np.arange(12, dtype=np.uint16) & np.uint16(1))
    one = value[single].astype(np.int64)
    return (
        np.concatenate([single, vector[which]]),
        np.concatenate([one & 2047, column[which] + bit]),
        np.concatenate([one >> 11, head[which] >> 11]),
    )


def _times(kind: npt.NDArray[np.uint8], value: npt.NDArray[Any], at: _Index) -> _Index:
    """Time at each word [us]; -1 before the first high part."""
    high_at = np.flatnonzero(kind == _TIME_HIGH)
    is_new = np.ones(len(high_at), bool)
    is_new[1:] = value[high_at[1:]] != value[high_at[:-1]]
    high_at = high_at[is_new]
    if len(high_at) == 0:
        return np.full(len(at), -1, np.int64)
    high = unwrap(value[high_at], 12)
    low_at = np.concatenate([np.full(1, -1, np.int64), np.flatnonzero(kind == _TIME_LOW)])
    last, low = np.searchsorted(high_at, at) - 1, low_at[np.searchsorted(low_at, at) - 1]
    t = (high[last] << 12) + np.where(low > high_at[last], value[low], 0)
    return np.where(last >= 0, t, -1)
