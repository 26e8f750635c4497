"""N-MNIST's .bin files, and those of N-Caltech101: five bytes an event, no header."""

from __future__ import annotations

import numpy as np

from spikelet.recordings.files import records
from spikelet.recordings.recording import Recording, build

__all__ = ["read"]

_SIZE = (34, 34)
#: An event of this row is none: the counter of the time ran over.
_OVERFLOW = 240


def read(where: str, data: bytes, size: tuple[int, int] | None) -> Recording:
    """Read x8, y8, p1 and t23, big-endian.

    Args:
        where: the file, for messages.
        data: its bytes.
        size: width and height of the sensor; default: 34 x 34.

    Raises:
        DataError: the last event is not whole, or a pixel is outside the sensor.

    Source: G. Orchard et al., Converting static image datasets to spiking neuromorphic datasets using saccades (2015).
    """
    raw = records(where, data, 0, [("x", "u1"), ("y", "u1"), ("pt", "u1", 3)])
    pt = raw["pt"].astype(np.int64)
    t = (pt[:, 0] & 127) << 16 | pt[:, 1] << 8 | pt[:, 2]
    over = raw["y"] == _OVERFLOW
    t += np.cumsum(over) << 13
    kept = np.flatnonzero(~over)
    return build(
        where,
        "n-mnist",
        t=t[kept],
        x=raw["x"][kept],
        y=raw["y"][kept],
        polarity=pt[kept, 0] >> 7,
        byte=lambda index: 5 * int(kept[index]),
        size=size or _SIZE,
    )
