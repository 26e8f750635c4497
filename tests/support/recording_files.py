"""Writes small recordings of every format, byte by byte, with nothing of the readers."""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from typing import Any

__all__ = [
    "EVENTS",
    "WRITERS",
    "aedat4",
    "aedat4_head",
    "aedat31",
    "dat",
    "davis",
    "dvs128",
    "evt2",
    "evt3",
    "evts",
    "nmnist",
]

#: Time [us], x, y, polarity; for all formats, so below 34 x 34.
Event = tuple[int, int, int, int]
EVENTS: tuple[Event, ...] = (
    (5, 0, 0, 0),
    (5, 33, 1, 1),
    (70, 1, 33, 1),
    (4096, 12, 13, 0),
    (4097, 13, 13, 0),
    (4097, 24, 13, 0),
    (9000, 7, 8, 1),
)


def nmnist(events: Sequence[Event]) -> bytes:
    """Five bytes an event."""
    return b"".join(bytes([x, y]) + (p << 23 | t).to_bytes(3, "big") for t, x, y, p in events)


def dat(events: Sequence[Event], version: int = 2, head: str | None = None) -> bytes:
    """Prophesee's .dat."""
    text = f"% Data file\n% Version {version}\n% Height 34\n% Width 34\n" if head is None else head
    shifts = (14, 28) if version == 2 else (9, 17)
    words = [struct.pack("<II", t, x | y << shifts[0] | p << shifts[1]) for t, x, y, p in events]
    return text.encode() + b"\x0c\x08" + b"".join(words)


def dvs128(events: Sequence[Event], head: str = "# AEChip: ch.unizh.ini.jaer.chip.retina.DVS128\r\n") -> bytes:
    """AEDAT 2.0 of a DVS128."""
    words = [struct.pack(">II", y << 8 | x << 1 | 1 - p, t) for t, x, y, p in events]
    external = struct.pack(">II", 0x8000, 6)
    return f"#!AER-DAT2.0\r\n{head}".encode() + external + b"".join(words)


def davis(events: Sequence[Event]) -> bytes:
    """AEDAT 2.0 of a DAVIS, with a sample of a frame in front."""
    head = "#!AER-DAT2.0\r\n# AEChip: eu.seebetter.ini.chips.davis.Davis240C\r\n"
    words = [struct.pack(">II", y << 22 | x << 12 | p << 11, t) for t, x, y, p in events]
    return head.encode() + struct.pack(">II", 0x80000000, 6) + b"".join(words)


def aedat31(events: Sequence[Event], camera: str = "DVS128", over: int = 0) -> bytes:
    """AEDAT 3.1: a packet of special events, then two of polarity with an invalid event at the end."""
    head = f"#!AER-DAT3.1\r\n#Format: RAW\r\n#Source 1: {camera}\r\n#Start-Time: 2020-01-01\r\n#!END-HEADER\r\n"
    data = head.encode() + struct.pack("<hhiiiiii", 0, 1, 8, 4, 0, 1, 1, 1) + struct.pack("<Ii", 1, 0)
    for part in (events[:2], events[2:]):
        n = len(part) + 1
        data += struct.pack("<hhiiiiii", 1, 1, 8, 4, over, n, n, n - 1)
        data += b"".join(struct.pack("<Ii", x << 17 | y << 2 | p << 1 | 1, t) for t, x, y, p in part)
        data += struct.pack("<Ii", 3 << 17, 1)
    return data


def evts(events: Sequence[tuple[int, int, int, int]], name: bytes = b"EVTS") -> bytes:
    """A packet of events as a FlatBuffer with its length in front."""
    # Where the root is, the name, its fields (one, 4 bytes from it), the root, the vector's length.
    data = struct.pack("<I4sHHHHiII", 16, name, 6, 8, 4, 0, 8, 4, len(events))
    data += b"".join(struct.pack("<qhh?3x", *event) for event in events)
    return struct.pack("<I", len(data)) + data


def aedat4_head(
    method: int = 0, table: int = -1, width: int = 34, kinds: Sequence[str] = ("EVTS", "FRME"), xml: str = ""
) -> bytes:
    """Up to the first packet."""
    nodes = "".join(
        f'<node name="{i}"><attr key="typeIdentifier" type="string">{kind}</attr><node name="info">'
        f'<attr key="sizeX" type="int">{width}</attr><attr key="sizeY" type="int">34</attr></node></node>'
        for i, kind in enumerate(kinds)
    )
    text = (xml or f'<dv version="2.0"><node name="outInfo" path="/">{nodes}</node></dv>').encode()
    fields = struct.pack("<HHHHH2x", 10, 20, 4, 12, 8) + struct.pack("<iiIq", 12, method, 12, table)
    data = struct.pack("<I", 20) + b"IOHE" + fields + struct.pack("<I", len(text)) + text
    return b"#!AER-DAT4.0\r\n" + struct.pack("<I", len(data)) + data


def aedat4(events: Sequence[Event], method: int = 0, pack: Callable[[bytes], bytes] = bytes) -> bytes:
    """AEDAT 4.0: two packets of events, one of a frame between, and a table at the end."""
    parts = [(0, pack(evts(events[:3]))), (1, b"not looked at"), (0, pack(evts(events[3:])))]
    body = b"".join(struct.pack("<ii", stream, len(part)) + part for stream, part in parts)
    head = aedat4_head(method)
    return aedat4_head(method, table=len(head) + len(body)) + body + b"a table of packets"


def evt2(events: Sequence[Event], head: str = "% evt 2.0\n% format EVT2;height=34;width=34\n% end\n") -> bytes:
    """EVT 2.0, with a trigger and a lost event in front."""
    words = [1 << 28 | 5 << 11 | 5, 8 << 28, 0xA << 28]
    for t, x, y, p in events:
        words += [8 << 28 | t >> 6, p << 28 | (t & 63) << 22 | x << 11 | y]
    return head.encode() + struct.pack(f"<{len(words)}I", *words)


def evt3(events: Sequence[Event], head: str = "% evt 3.0\n% geometry 34x34\n% end\n") -> bytes:
    """EVT 3.0, one word of everything for each event, with a trigger and lost events in front."""
    words = [2 << 12 | 5, 4 << 12 | 0xFFF, 0xA << 12]
    for t, x, y, p in events:
        words += [8 << 12 | t >> 12, 6 << 12 | t & 0xFFF, y, 2 << 12 | p << 11 | x]
    return head.encode() + struct.pack(f"<{len(words)}H", *words)


#: Name of the format in spikelet, suffix, writer, size of the sensor that the reader finds.
WRITERS: dict[str, tuple[str, str, Any, tuple[int, int]]] = {
    "n-mnist": ("n-mnist", ".bin", nmnist, (34, 34)),
    "dat 2": ("dat", ".dat", dat, (34, 34)),
    "dat 1": ("dat", ".dat", lambda events: dat(events, version=1), (34, 34)),
    "aedat 2, DVS128": ("aedat2", ".aedat", dvs128, (128, 128)),
    "aedat 2, no chip": ("aedat2", ".aedat", lambda events: dvs128(events, head=""), (128, 128)),
    "aedat 2, DAVIS": ("aedat2", ".aedat", davis, (240, 180)),
    "aedat 3.1": ("aedat3.1", ".aedat", aedat31, (128, 128)),
    "aedat 4": ("aedat4", ".aedat4", aedat4, (34, 34)),
    "evt 2": ("evt2", ".raw", evt2, (34, 34)),
    "evt 3": ("evt3", ".raw", evt3, (34, 34)),
}
