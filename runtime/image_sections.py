"""Header and table of sections of an image, of any kind of network: docs/reference/image.md 1 and 2."""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum
from typing import Any, TypeVar

from spikelet.codes import refuse_image as _refuse
from spikelet.layout import (
    HEADER,
    LENGTH_MAX,
    MAGIC,
    SECTION,
    SECTIONS_MAX,
    VERSION,
    Section,
    crc_of,
)

__all__ = ["assemble", "check_header", "find_sections"]

_Id = TypeVar("_Id", bound=IntEnum)


def assemble(sections: Mapping[_Id, bytes], known: Mapping[_Id, Section]) -> bytes:
    """Header, table and sections; length and CRC filled in."""
    table, body = b"", b""
    start = HEADER.size + SECTION.size * len(sections)
    for section, content in sections.items():
        about = known[section]
        table += SECTION.pack(
            id=section,
            flags=int(about.critical),
            offset=start + len(body),
            length=len(content),
            count=len(content) // about.record,
        )
        body += content + bytes(-len(content) % 4)
    header = HEADER.pack(magic=MAGIC, version=VERSION, n_sections=len(sections), length=start + len(body))
    image = bytearray(header + table + body)
    HEADER.put(image, 0, "crc", crc_of(image))
    return bytes(image)


def check_header(data: bytes) -> None:
    """Check header and CRC.

    Raises:
        ImageError: one of them is wrong.
    """
    if len(data) < HEADER.size:
        _refuse("IMAGE_SIZE", f"{len(data)} bytes are too few for an image: its header has {HEADER.size}")
    header = HEADER.unpack(data, 0)
    if header["magic"] != MAGIC:
        _refuse(
            "IMAGE_MAGIC",
            f"this is not a spikelet image: it begins with {header['magic'].hex(' ')}, not {MAGIC.hex(' ')}",
        )
    if header["version"] != VERSION:
        _refuse("IMAGE_VERSION", f"the image has format version {header['version']}, this reader knows {VERSION}")
    if header["length"] != len(data) or len(data) % 4 or len(data) > LENGTH_MAX:
        said = f"the header says {header['length']} (a multiple of 4, at most {LENGTH_MAX})"
        _refuse("IMAGE_SIZE", f"the image has {len(data)} bytes, but {said}: copy or convert it again")
    if header["crc"] != crc_of(data):
        _refuse(
            "IMAGE_CRC", f"the image is damaged: its CRC is {crc_of(data):08x}, the header says {header['crc']:08x}"
        )
    if any(header["reserved"]):
        _refuse("IMAGE_SECTION", "header: reserved bytes are not 0")
    if not 1 <= header["n_sections"] <= SECTIONS_MAX:
        _refuse("IMAGE_SECTION", f"header: n_sections is {header['n_sections']}; allowed: 1 to {SECTIONS_MAX}")


def find_sections(data: bytes, known: Mapping[_Id, Section]) -> dict[_Id, slice]:
    """Where each known section lies; the whole table of an image with a right header is checked.

    Raises:
        ImageError: the table is wrong, or has a critical section that is not known.
    """
    n = HEADER.unpack(data, 0)["n_sections"]
    end = HEADER.size + n * SECTION.size
    if end > len(data):
        _refuse("IMAGE_SECTION", f"the table of {n} sections is longer than the image")
    ids = {int(section): section for section in known}
    found: dict[_Id, slice] = {}
    last = 0
    for index in range(n):
        entry = SECTION.unpack(data, HEADER.size + index * SECTION.size)
        where = f"section {index} (id {entry['id']})"
        if entry["id"] <= last:
            _refuse("IMAGE_SECTION", f"{where}: ids ascend from 1, each once; the one before is {last}")
        if entry["flags"] > 1:
            _refuse("IMAGE_SECTION", f"{where}: flags 0x{entry['flags']:x} have unknown bits")
        if entry["offset"] % 4 or not 0 <= entry["offset"] - end <= 3 or entry["length"] > len(data) - entry["offset"]:
            place = f"offset {entry['offset']}, length {entry['length']}"
            _refuse("IMAGE_SECTION", f"{where}: {place} is not the next multiple of 4 after {end}, or leaves the image")
        _check_gap(data, end, entry["offset"], where)
        last, end = entry["id"], entry["offset"] + entry["length"]
        if _is_read(entry, where, None if last not in ids else known[ids[last]]):
            found[ids[last]] = slice(entry["offset"], end)
    if len(data) - end > 3:
        _refuse("IMAGE_SECTION", f"{len(data) - end} bytes follow the last section; allowed: 3")
    _check_gap(data, end, len(data), "the end")
    missing = [section.name for section, about in known.items() if about.critical and section not in found]
    if missing:
        _refuse("IMAGE_SECTION", f"the section {missing[0]} is missing")
    return found


def _check_gap(data: bytes, start: int, stop: int, where: str) -> None:
    if any(data[start:stop]):
        _refuse("IMAGE_SECTION", f"the gap before {where} holds something else than zeros")


def _is_read(entry: dict[str, Any], where: str, known: Section | None) -> bool:
    """Whether this reader knows the section; refuses one that it should know."""
    if known is None:
        if entry["flags"]:
            _refuse("IMAGE_CRITICAL", f"{where} is critical and unknown: a newer spikelet may read this image")
        return False
    if entry["flags"] != known.critical:
        _refuse("IMAGE_SECTION", f"{where}: the critical bit is {entry['flags']}, not {int(known.critical)}")
    if entry["count"] * known.record != entry["length"] or not known.least <= entry["count"] <= known.most:
        text = f"count {entry['count']}, length {entry['length']}: records have {known.record} bytes"
        _refuse("IMAGE_SECTION", f"{where}: {text}, and there are {known.least} to {known.most}")
    return True
