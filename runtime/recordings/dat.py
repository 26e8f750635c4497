"""Prophesee's .dat files, version 1 and 2."""

from __future__ import annotations

import numpy as np

from spikelet.errors import DataError
from spikelet.recordings.files import cut, header, number, records, unwrap
from spikelet.recordings.recording import Recording, build

__all__ = ["read"]

#: Types whose records are pixels that changed: old files say 0.
_CHANGES = (0x00, 0x0C)


def read(where: str, data: bytes, size: tuple[int, int] | None) -> Recording:
    """Read lines of text, a type, a size, then t32 and a word of x, y and polarity, little-endian.

    Args:
        where: the file, for messages.
        data: its bytes.
        size: width and height, where the file does not say.

    Raises:
        DataError: the file is cut, another version or type, or a pixel is outside the sensor.

    Source: Prophesee, DAT file format.
    """
    lines, at = header(data, b"%", b"% end", where)
    version = number(lines, r"^%\s*Version\s+(\d+)") or 1
    if version > 2:
        raise DataError(f"{where}: version {version} of the .dat format; allowed: 1 and 2: write it as version 2")
    if len(data) < at + 2:
        raise cut(where, "the header", at, at + 2 - len(data))
    kind, length = data[at], data[at + 1]
    if kind not in _CHANGES or length != 8:
        raise DataError(
            f"{where}: records of type {kind:#04x} and {length} bytes at byte {at}; allowed: {_CHANGES[1]:#04x}"
            " (changes of pixels) with 8 bytes: choose the file with these, often called *_td.dat"
        )
    start = at + 2
    raw = records(where, data, start, [("t", "<u4"), ("word", "<u4")])
    word = raw["word"]
    x_bits, y_bits, p_at = (14, 14, 28) if version == 2 else (9, 8, 17)
    width, height = number(lines, r"^%\s*Width\s+(\d+)"), number(lines, r"^%\s*Height\s+(\d+)")
    return build(
        where,
        "dat",
        t=unwrap(raw["t"], 32),
        x=word & np.uint32(2**x_bits - 1),
        y=word >> np.uint32(x_bits) & np.uint32(2**y_bits - 1),
        polarity=(word >> np.uint32(p_at) & np.uint32(15)) != 0,
        byte=lambda index: start + 8 * index,
        size=size if width is None or height is None else (width, height),
    )
