"""EVT 2.0, the older encoding of Prophesee's .raw files."""

from __future__ import annotations

import numpy as np

from spikelet.errors import DataError
from spikelet.recordings.evt import evt_header
from spikelet.recordings.files import records, unwrap
from spikelet.recordings.recording import Recording, build

__all__ = ["read"]

_OFF, _ON, _TIME_HIGH = 0, 1, 8
#: Words of no pixel: triggers, others, and what continues them.
_PASSED = (0xA, 0xE, 0xF)


def read(where: str, data: bytes, size: tuple[int, int] | None) -> Recording:
    """Read lines of text, then words of 32 bits, little-endian.

    Events before the first word of time are left out: nobody knows when they were.

    Args:
        where: the file, for messages.
        data: its bytes.
        size: width and height, where the file does not say.

    Raises:
        DataError: the last word is not whole, a word is unknown, or a pixel is outside the sensor.

    Source: Prophesee, EVT 2.0 format.
    """
    known, start = evt_header(where, data)
    word = records(where, data, start, "<u4")
    kind = (word >> np.uint32(28)).astype(np.uint8)
    wrong = np.flatnonzero(~np.isin(kind, (_OFF, _ON, _TIME_HIGH, *_PASSED)))
    if len(wrong):
        bad = int(wrong[0])
        raise DataError(f"{where}: a word of kind {kind[bad]:#x} at byte {start + 4 * bad}: the file is damaged")
    high_at = np.flatnonzero(kind == _TIME_HIGH)
    high = unwrap(word[high_at] & np.uint32(2**28 - 1), 28)
    at = np.flatnonzero(kind <= _ON)
    last = np.searchsorted(high_at, at) - 1
    at, last = at[last >= 0], last[last >= 0]
    event = word[at]
    return build(
        where,
        "evt2",
        t=high[last] << 6 | (event >> np.uint32(22) & np.uint32(63)),
        x=event >> np.uint32(11) & np.uint32(2047),
        y=event & np.uint32(2047),
        polarity=kind[at],
        byte=lambda index: start + 4 * int(at[index]),
        size=known or size,
    )
