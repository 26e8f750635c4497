"""AEDAT 3.1, as cAER writes it."""

from __future__ import annotations

import re
import struct

import numpy as np

from spikelet.errors import DataError
from spikelet.recordings.chips import size_of
from spikelet.recordings.files import cut, header, limit
from spikelet.recordings.recording import Recording, build

__all__ = ["read"]

_END = b"#!END-HEADER"
_PACKET = struct.Struct("<hhiiiiii")
_POLARITY = 1
_EVENT = np.dtype([("data", "<u4"), ("t", "<i4")])


def read(where: str, data: bytes, size: tuple[int, int] | None) -> Recording:
    """Read lines of text, then packets, little-endian; those of other things than polarity are passed over.

    Args:
        where: the file, for messages.
        data: its bytes.
        size: width and height, where the header names no known camera.

    Raises:
        DataError: the file is cut, a packet contradicts itself, there are several cameras, or a pixel
            is outside the sensor.

    Source: iniVation, AEDAT 3.1.
    """
    lines, start = header(data, b"#", _END, where)
    if not lines or not lines[-1].startswith(_END.decode()):
        raise DataError(f"{where}: the header has no line {_END.decode()} up to byte {start}: the file is damaged")
    form = next((line for line in lines if line.startswith("#Format:")), "#Format: RAW")
    if form.split(":")[1].strip() != "RAW":
        raise DataError(f"{where}: {form[1:]!r}; allowed: 'Format: RAW': write it without compression")
    parts, places, source = _packets(where, data, start)
    events = np.concatenate([np.zeros(0, _EVENT), *(np.frombuffer(data, _EVENT, n, at) for at, n, _ in parts)])
    over = np.repeat(np.array([o for _, _, o in parts], np.int64), np.array([n for _, n, _ in parts], np.int64))
    kept = np.flatnonzero(events["data"] & np.uint32(1))
    word, t = events["data"][kept], events["t"][kept].astype(np.int64) + (over[kept] << 31)
    firsts = np.array([first for first, _ in places], np.int64)

    def byte(index: int) -> int:
        event = int(kept[index])
        first, at = places[int(np.searchsorted(firsts, event, side="right")) - 1]
        return at + 8 * (event - first)

    camera = next((line for line in lines if re.match(rf"#Source {source}:", line)), "")
    return build(
        where,
        "aedat3.1",
        t=t,
        x=word >> np.uint32(17),
        y=word >> np.uint32(2) & np.uint32(0x7FFF),
        polarity=word >> np.uint32(1) & np.uint32(1),
        byte=byte,
        size=size_of(camera) or size,
    )


def _packets(where: str, data: bytes, at: int) -> tuple[list[tuple[int, int, int]], list[tuple[int, int]], int]:
    """Find the packets of polarity: (byte, events, overflows), (first event, byte), and the camera's number."""
    parts: list[tuple[int, int, int]] = []
    places: list[tuple[int, int]] = []
    sources: set[int] = set()
    total = 0
    while at < len(data):
        if len(data) - at < _PACKET.size:
            raise cut(where, "the head of a packet", at, at + _PACKET.size - len(data))
        kind, source, length, offset, over, capacity, count, _ = _PACKET.unpack_from(data, at)
        if length < 1 or over < 0 or not 0 <= count <= capacity:
            raise DataError(
                f"{where}: the packet at byte {at} has {count} of {capacity} events of {length} bytes and {over}"
                " overflows of time, which cannot be: the file is damaged"
            )
        body = at + _PACKET.size
        end = body + length * capacity
        if end > len(data):
            raise cut(where, "the packet", at, end - len(data))
        if kind == _POLARITY and count:
            if length != _EVENT.itemsize or offset != 4:
                raise DataError(
                    f"{where}: the packet at byte {at} has events of {length} bytes with the time at {offset}; allowed:"
                    " 8 bytes, time at 4: the file is damaged"
                )
            parts.append((body, count, over))
            places.append((total, body))
            sources.add(source)
            total += count
            limit(where, total)
        at = end
    if len(sources) > 1:
        raise DataError(f"{where}: events of {len(sources)} cameras ({sorted(sources)}): write one file a camera")
    return parts, places, min(sources, default=0)
