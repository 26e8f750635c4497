"""AEDAT 2.0, as jAER writes it: DVS128 and the DAVIS family."""

from __future__ import annotations

import numpy as np

from spikelet.recordings.chips import size_of
from spikelet.recordings.files import header, records, unwrap
from spikelet.recordings.recording import Recording, build

__all__ = ["read"]


def read(where: str, data: bytes, size: tuple[int, int] | None) -> Recording:
    """Read lines of text, then address32 and t32, big-endian.

    It is a DVS128 where the header says so, or no address has more than 16 bits; else a DAVIS.
    x and y are those of the addresses: their origin is the lower left corner. Frames, inertial
    measurements and external events are left out.

    Args:
        where: the file, for messages.
        data: its bytes.
        size: width and height, where the header does not name the chip.

    Raises:
        DataError: the last event is not whole, or a pixel is outside the sensor.

    Source: iniVation, AEDAT 2.0; polarity of the DVS128 from jAER (bit 0 is 0 for ON).
    """
    lines, start = header(data, b"#", b"#End Of ASCII Header", where)
    chip = next((line for line in lines if "AEChip" in line or "HardwareInterface" in line), "")
    raw = records(where, data, start, [("address", ">u4"), ("t", ">u4")])
    address = raw["address"].astype(np.uint32)
    t = unwrap(raw["t"], 32)
    is_dvs128 = "DVS128" in chip or (not size_of(chip) and not np.any(address >> np.uint32(16)))
    if is_dvs128:
        kept = np.flatnonzero((address & np.uint32(0x8000)) == 0)
        address = address[kept]
        x, y, p = address >> np.uint32(1) & np.uint32(127), address >> np.uint32(8) & np.uint32(127), ~address
        known: tuple[int, int] | None = (128, 128)
    else:
        kept = np.flatnonzero((address & np.uint32(0x80000400)) == 0)
        address = address[kept]
        x, y, p = address >> np.uint32(12) & np.uint32(1023), address >> np.uint32(22), address >> np.uint32(11)
        known = size_of(chip) or size
    return build(
        where,
        "aedat2",
        t=t[kept],
        x=x,
        y=y,
        polarity=p & np.uint32(1),
        byte=lambda index: start + 8 * int(kept[index]),
        size=known,
    )
