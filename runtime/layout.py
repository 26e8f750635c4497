"""Records and constants of the image format: docs/reference/image.md, sections 1 to 7."""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from spikelet.model import ProjectionKind

__all__ = [
    "ABSENT",
    "FLAG_BITS",
    "FROM_INPUT",
    "HAS_DELAYS",
    "HAS_MAP",
    "HEADER",
    "INPUT",
    "LAYOUTS",
    "LENGTH_MAX",
    "MAGIC",
    "MAP",
    "MODEL",
    "N_PARAMETERS",
    "OUTPUT",
    "POPULATION",
    "PROJECTION",
    "SECTION",
    "SECTIONS",
    "SECTIONS_MAX",
    "VERSION",
    "Record",
    "Section",
    "SectionId",
    "crc_of",
]

MAGIC = b"SPKL"
VERSION = 1
SECTIONS_MAX = 16
LENGTH_MAX = 2**30
#: Places for parameters in a population's record.
N_PARAMETERS = 11
#: The offset of a parameter that is absent.
ABSENT = 0xFFFFFFFF
#: Bit of a projection's source: an input port.
FROM_INPUT = 0x8000
#: Flags of a projection: it has a map; it has delays.
HAS_MAP, HAS_DELAYS = 1, 2

_TYPES = {"u8": "B", "u16": "H", "i16": "h", "u32": "I", "i32": "i"}
_FIELD = re.compile(r"(\w+) (u8|u16|i16|u32|i32)(?:\[(\d+)\])?")


class Record:
    """A record of fields without gaps, little-endian.

    Args:
        fields: "name type, name type, ..." with the types u8, u16, i16, u32, i32 and arrays like u8[4]. Fields
            called `reserved` hold zeros.
    """

    def __init__(self, fields: str) -> None:
        self.fields: list[tuple[int, str, str]] = []
        self._formats: dict[str, tuple[int, str]] = {}
        offset = 0
        for field in fields.split(", "):
            match = _FIELD.fullmatch(field)
            assert match is not None, field
            name, kind, count = match.groups()
            form = f"{count}s" if kind == "u8" and count else f"{count or ''}{_TYPES[kind]}"
            self.fields.append((offset, kind + (f"[{count}]" if count else ""), name))
            self._formats[name] = (offset, form)
            offset += struct.calcsize("<" + form)
        self.size = offset

    def offset(self, name: str) -> int:
        """Where a field starts in the record."""
        return self._formats[name][0]

    def pack(self, **values: Any) -> bytes:
        """The bytes of a record; fields that are not given are 0."""
        data = bytearray(self.size)
        for name, value in values.items():
            self.put(data, 0, name, value)
        return bytes(data)

    def put(self, data: bytearray, at: int, name: str, value: Any) -> None:
        """Write one field of the record that starts at `at`; an array's value is a tuple or bytes."""
        offset, form = self._formats[name]
        struct.pack_into("<" + form, data, at + offset, *(value if isinstance(value, tuple) else (value,)))

    def unpack(self, data: bytes, at: int) -> dict[str, Any]:
        """All fields of the record that starts at `at`; arrays as tuples, of u8 as bytes."""
        found: dict[str, Any] = {}
        for name, (offset, form) in self._formats.items():
            values = struct.unpack_from("<" + form, data, at + offset)
            found[name] = values if form[:-1] and form[-1] != "s" else values[0]
        return found


HEADER = Record("magic u8[4], version u16, n_sections u16, length u32, crc u32, reserved u8[16]")
SECTION = Record("id u16, flags u16, offset u32, length u32, count u32")
MODEL = Record("flags u32, ticks_per_sample u32, tick_ns u32, state_size u32, reserved u8[16]")
POPULATION = Record(
    "kind u8, frac u8, size u16, flags u32, per_neuron u16, max_count u16, "
    f"parameters u32[{N_PARAMETERS}], block u8, reserved u8[7]"
)
PROJECTION = Record(
    "kind u8, layout u8, flags u16, source u16, target u16, delay u16, reserved u16, weights u32, "
    "weights_length u32, stride u32, map u32, delays u32"
)
MAP = Record(
    "channels u16, height u16, width u16, planar u8, out_planar u8, pool_y u16, pool_x u16, out_channels u16, "
    "out_height u16, out_width u16, groups u16, kernel_y u16, kernel_x u16, stride_y u16, stride_x u16, pad_y i16, "
    "pad_x i16, dilation_y u16, dilation_x u16, reserved u8[4]"
)
INPUT = Record(
    "size u16, encoder u8, reserved u8, max_value u16, capacity u16, max_sum u32, gain u32, seed u32, reserved2 u8[12]"
)
OUTPUT = Record("population u16, kind u8, decoder u8, capacity u16, reserved u16, gap u32, reserved2 u32")


class SectionId(IntEnum):
    """Ids of sections."""

    MODEL = 1
    POPULATIONS = 2
    PROJECTIONS = 3
    INPUTS = 4
    OUTPUTS = 5
    DATA = 6
    META = 7
    LEARNED = 8
    SIGNATURE = 9


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """What a section holds: `record` bytes a record, `least` to `most` of them."""

    critical: bool
    record: int = 1
    least: int = 0
    most: int = LENGTH_MAX


#: The sections that this version reads.
SECTIONS: Mapping[SectionId, Section] = {
    SectionId.MODEL: Section(critical=True, record=MODEL.size, least=1, most=1),
    SectionId.POPULATIONS: Section(critical=True, record=POPULATION.size, least=1, most=256),
    SectionId.PROJECTIONS: Section(critical=True, record=PROJECTION.size, most=1024),
    SectionId.INPUTS: Section(critical=True, record=INPUT.size, least=1, most=16),
    SectionId.OUTPUTS: Section(critical=True, record=OUTPUT.size, least=1, most=16),
    SectionId.DATA: Section(critical=True),
    SectionId.META: Section(critical=False),
}

#: Choices of semantics 3.2: first bit, number of bits.
FLAG_BITS: Mapping[str, tuple[int, int]] = {
    "has_u": (0, 1),
    "u_order": (1, 2),
    "bias_to_v": (3, 1),
    "add_then_decay": (4, 1),
    "fires": (5, 1),
    "test_previous": (6, 1),
    "reset_kind": (7, 2),
    "reset_next": (9, 1),
    "reset_before_leak": (10, 1),
    "several": (11, 1),
    "refractory_mode": (12, 2),
    "has_refractory": (14, 1),
    "has_a": (15, 1),
    "adapt_decay_first": (16, 1),
    "reset_adapted": (17, 1),
    "rounding": (18, 2),
    "shift12": (20, 1),
}


#: How weights are stored (image 5.1): by kind and bits.
LAYOUTS: Mapping[tuple[ProjectionKind, int], int] = {
    (ProjectionKind.DENSE, 8): 0,
    (ProjectionKind.DENSE, 4): 1,
    (ProjectionKind.DENSE, 2): 2,
    (ProjectionKind.DENSE, 1): 3,
    (ProjectionKind.CONV, 8): 4,
    (ProjectionKind.CONV, 4): 1,
    (ProjectionKind.CONV, 2): 2,
    (ProjectionKind.CONV, 1): 3,
    (ProjectionKind.SPARSE, 8): 5,
    (ProjectionKind.SPARSE4, 8): 6,
    (ProjectionKind.FEED, 8): 0,
}


def crc_of(data: bytes | bytearray) -> int:
    """CRC-32 of an image with its own CRC taken as 0."""
    at = HEADER.offset("crc")
    return zlib.crc32(data[at + 4 :], zlib.crc32(bytes(4), zlib.crc32(data[:at])))
