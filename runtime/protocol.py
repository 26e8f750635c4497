"""Frames and packets of the wire protocol: docs/reference/wire.md."""

from __future__ import annotations

import re
import struct
import zlib
from dataclasses import dataclass
from enum import IntEnum
from functools import cache

from cobs import cobs

from spikelet._data import path as data_path

__all__ = [
    "ANSWER",
    "BODY_MAX",
    "EARLY",
    "EVENTS_MAX",
    "FRAME_MAX",
    "FRAME_PIECE_MAX",
    "HEADER",
    "PACKET_MAX",
    "PIECE_MAX",
    "PROBE_MAX",
    "READ_MAX",
    "TICKS_MAX",
    "VERSION",
    "WRITE_MAX",
    "Answer",
    "Command",
    "FrameReader",
    "Hello",
    "Kind",
    "Place",
    "Status",
    "encode",
    "request",
    "sentence",
]

VERSION = 2
FRAME_MAX = 256
PACKET_MAX = 250
HEADER = 4
BODY_MAX = 246
ANSWER = 128
EVENTS_MAX = 30
PIECE_MAX = 240
FRAME_PIECE_MAX = 234
PROBE_MAX = 61
TICKS_MAX = 65535
EARLY = 1
WRITE_MAX = 238
READ_MAX = 240
_HELLO = struct.Struct("<HBB6I4x16s32s")


class Command(IntEnum):
    """Requests (wire.md 4)."""

    HELLO = 1
    LOAD_BEGIN = 2
    LOAD_PIECE = 3
    LOAD_END = 4
    RESET = 5
    PUSH = 6
    FRAME = 7
    ADVANCE = 8
    TAKE = 9
    SCORES = 10
    PROBE = 11
    STATS = 12
    COUNTERS = 13
    WRITE = 14
    RUN = 15
    READ = 16


class Status(IntEnum):
    """The protocol's own status codes (wire.md 3)."""

    COMMAND = -100
    LENGTH = -101
    SEQUENCE = -102
    NO_SESSION = -103
    NO_MODEL = -104
    NO_ROOM = -105
    ORDER = -106
    FLASH = -107
    KIND = -108
    BUSY = -109


class Place(IntEnum):
    """Where a model lies (wire.md 5)."""

    NONE = 0
    EMBEDDED = 1
    RAM = 2
    SLOT = 3


class Kind(IntEnum):
    """What kind of network a model is (wire.md 4.1)."""

    NONE = 0
    SPIKING = 1
    GRADED = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An answer whose frame was whole."""

    sequence: int
    command: int
    status: int
    credit: int
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Hello:
    """What a board says of itself (wire.md 4.1); sizes in bytes."""

    version: int
    place: Place
    outputs: int
    crc: int
    length: int
    arena: int
    ram: int
    slot: int
    kind: Kind
    core: str
    board: str

    @classmethod
    def parse(cls, body: bytes) -> Hello:
        """Read the body of an answer to HELLO.

        Raises:
            ValueError: it is none.
        """
        if len(body) != _HELLO.size:
            raise ValueError(f"a HELLO of {len(body)} bytes")
        version, place, outputs, crc, length, arena, ram, slot, kind, core, board = _HELLO.unpack(body)
        return cls(
            version=version,
            place=Place(place),
            outputs=outputs,
            crc=crc,
            length=length,
            arena=arena,
            ram=ram,
            slot=slot,
            kind=Kind(kind),
            core=core.rstrip(b"\0").decode("ascii"),
            board=board.rstrip(b"\0").decode("ascii"),
        )


def encode(packet: bytes) -> bytes:
    """Put a packet into a frame."""
    return cobs.encode(packet + zlib.crc32(packet).to_bytes(4, "little")) + b"\0"  # type: ignore[no-any-return]


def request(sequence: int, command: Command, body: bytes) -> bytes:
    """The frame of a request."""
    return encode(bytes([sequence, command, 0, 0]) + body)


class FrameReader:
    """Cuts a stream of bytes into packets; `damaged` counts what was dropped."""

    def __init__(self) -> None:
        self.damaged = 0
        self._bytes = bytearray()

    def feed(self, data: bytes) -> list[bytes]:
        """Take bytes; returns the packets that they complete."""
        packets = []
        self._bytes += data
        *whole, rest = self._bytes.split(b"\0")
        for frame in whole:
            packet = _packet(bytes(frame))
            if packet is not None:
                packets.append(packet)
            elif frame:
                self.damaged += 1
        # Noise without an end must not fill the memory.
        self._bytes = bytearray(rest[: FRAME_MAX + 1])
        return packets

    def answers(self, data: bytes) -> list[Answer]:
        """Take bytes; returns the answers that they complete."""
        return [
            Answer(
                sequence=packet[0],
                command=packet[1] - ANSWER,
                status=int.from_bytes(packet[2:3], "little", signed=True),
                credit=packet[3],
                body=packet[HEADER:],
            )
            for packet in self.feed(data)
        ]


def _packet(frame: bytes) -> bytes | None:
    """The packet of a frame without its delimiter, or None: it is damaged."""
    if not frame or len(frame) > FRAME_MAX - 1:
        return None
    try:
        data = cobs.decode(frame)
    except cobs.DecodeError:
        return None
    packet, crc = data[:-4], data[-4:]
    if not HEADER <= len(packet) <= PACKET_MAX or zlib.crc32(packet).to_bytes(4, "little") != crc:
        return None
    return bytes(packet)


@cache
def _sentences() -> dict[int, str]:
    """Sentences of all status codes, from the lists that the C sources are made from."""
    pattern = re.compile(r'^SPKL_(?:ERR|STATUS)\(\w+, (-\d+),\s*"([^"]*)"\)', re.MULTILINE)
    files = (
        data_path("csrc") / "include" / "spkl_err.def",
        data_path("firmware") / "include" / "spkl_status.def",
    )
    return {int(code): text for file in files for code, text in pattern.findall(file.read_text())}


def sentence(status: int) -> str:
    """What a status means."""
    return _sentences().get(status, f"status {status}")
