"""AEDAT 4.0, as iniVation's DV writes it."""

from __future__ import annotations

import struct
from xml.etree import ElementTree

import numpy as np

from spikelet.errors import DataError
from spikelet.recordings.compression import unpack
from spikelet.recordings.files import cut, limit
from spikelet.recordings.flatbuffer import root
from spikelet.recordings.recording import MAX_EVENTS, Recording, build

__all__ = ["read"]

_START = 14
_PACKET = struct.Struct("<ii")
_EVENT = np.dtype([("t", "<i8"), ("x", "<i2"), ("y", "<i2"), ("on", "u1"), ("pad", "u1", 3)])
#: Most bytes of the description of the streams.
_MAX_TEXT = 2**22
#: Most bytes of all packets, unpacked.
_MAX_UNPACKED = MAX_EVENTS * _EVENT.itemsize + 2**28


def read(where: str, data: bytes, size: tuple[int, int] | None) -> Recording:
    """Read the head, then packets of events; frames, triggers and inertial measurements are passed over.

    Args:
        where: the file, for messages.
        data: its bytes.
        size: width and height, where the file does not say.

    Raises:
        DataError: the file is cut or contradicts itself, has no stream of events or several, needs a
            library that is not installed, or a pixel is outside the sensor.

    Source: iniVation, AEDAT 4.0; FlatBuffers, internals.
    """
    if len(data) < _START + 4:
        raise cut(where, "the head", _START, _START + 4 - len(data))
    first = _START + 4 + int(struct.unpack_from("<I", data, _START)[0])
    if first > len(data):
        raise cut(where, "the head", _START, first - len(data))
    head = root(f"{where}: the head", data[_START:first], b"IOHE")
    method, table = head.i32(0, 0), head.i64(1, -1)
    if table != -1 and not first <= table <= len(data):
        raise DataError(f"{where}: the table of packets is said to be at byte {table}: the file is cut or damaged")
    stream, known = _stream(where, head.text(2))
    events, places = _events(where, data[: len(data) if table == -1 else table], first, stream, method)
    firsts = np.array([index for index, _ in places], np.int64)
    return build(
        where,
        "aedat4",
        t=events["t"].astype(np.int64),
        x=events["x"],
        y=events["y"],
        polarity=events["on"] != 0,
        byte=lambda index: places[int(np.searchsorted(firsts, index, side="right")) - 1][1],
        size=known or size,
    )


def _stream(where: str, text: bytes) -> tuple[int, tuple[int, int] | None]:
    """Number of the stream of events, and the size of its sensor, out of the description in XML."""
    if len(text) > _MAX_TEXT or b"<!" in text:
        raise DataError(f"{where}: the description of the streams is too long or has declarations: the file is damaged")
    try:
        tree = ElementTree.fromstring(text)
    except (ElementTree.ParseError, ValueError, RecursionError, LookupError) as error:
        raise DataError(f"{where}: the description of the streams is damaged ({error})") from error
    found = {}
    for node in tree.findall("./node[@name='outInfo']/node"):
        if node.findtext("attr[@key='typeIdentifier']") == "EVTS":
            sides = [node.findtext(f"node[@name='info']/attr[@key='size{side}']") or "" for side in "XY"]
            is_said = all(side.isascii() and side.isdigit() and len(side) < 7 for side in sides)
            found[node.get("name", "")] = (int(sides[0]), int(sides[1])) if is_said else None
    if len(found) != 1:
        raise DataError(f"{where} has {len(found)} streams of events: write a file with one (DV's recorder can)")
    name, known = found.popitem()
    if not name.isascii() or not name.isdigit() or len(name) > 9:
        raise DataError(f"{where}: a stream is numbered {name!r}: the file is damaged")
    return int(name), known


def _events(
    where: str, data: bytes, at: int, stream: int, method: int
) -> tuple[np.ndarray[tuple[int], np.dtype[np.void]], list[tuple[int, int]]]:
    """Events of all packets of a stream; (first event, byte) of each packet."""
    parts = [np.zeros(0, _EVENT)]
    places: list[tuple[int, int]] = []
    total = unpacked = 0
    while at < len(data):
        if len(data) - at < _PACKET.size:
            raise cut(where, "the head of a packet", at, at + _PACKET.size - len(data))
        number, length = _PACKET.unpack_from(data, at)
        end = at + _PACKET.size + length
        if length < 0:
            raise DataError(f"{where}: the packet at byte {at} has {length} bytes: the file is damaged")
        if end > len(data):
            raise cut(where, "the packet", at, end - len(data))
        if number == stream:
            name = f"{where}: the packet at byte {at}"
            packet = unpack(name, data[at + _PACKET.size : end], method)
            unpacked += len(packet)
            if unpacked > _MAX_UNPACKED:
                raise DataError(f"{where} unpacks to more than {_MAX_UNPACKED} bytes: cut the recording into pieces")
            start, count = root(name, packet, b"EVTS").vector(0, _EVENT.itemsize)
            places.append((total, at))
            parts.append(np.frombuffer(packet, _EVENT, count, start))
            total += count
            limit(where, total)
        at = end
    return np.concatenate(parts), places
