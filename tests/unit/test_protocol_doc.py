"""docs/reference/wire.md, the C headers and runtime/protocol.py say the same numbers."""

from __future__ import annotations

import re
import struct
from pathlib import Path

import pytest

from spikelet import protocol

ROOT = Path(__file__).resolve().parents[2]
DOC = (ROOT / "docs" / "reference" / "wire.md").read_text()
HEADER = (ROOT / "firmware" / "include" / "spkl_wire.h").read_text()


def table(first_column: str) -> list[list[str]]:
    """The rows of the table whose header begins so."""
    lines = DOC[DOC.index(f"| {first_column}") :].splitlines()
    rows = []
    for line in lines[2:]:
        if not line.startswith("|"):
            break
        rows.append([cell.strip() for cell in line.strip("|").split("|")])
    return rows


def c_numbers(prefix: str) -> dict[str, int]:
    """Constants of the header."""
    return {name: int(value) for name, value in re.findall(rf"SPKL_{prefix}_(\w+) = (\d+)", HEADER)}


def test_sizes_of_frames_agree() -> None:
    """Wire 1."""
    said = {name: int(value) for _, name, value in table("quantity | name")}

    assert said == {name: c_numbers("WIRE")[name] for name in said}
    assert said == {name: getattr(protocol, name) for name in said}


def test_commands_agree() -> None:
    """Wire 4."""
    said = {name: int(number) for number, name, _, _ in table("command | name")}

    assert said == c_numbers("COMMAND")
    assert said == {command.name: command.value for command in protocol.Command}


def test_places_agree() -> None:
    """Wire 5."""
    said = {name: int(number) for number, name, _ in table("place | name")}

    assert said == c_numbers("PLACE")
    assert said == {place.name: place.value for place in protocol.Place}


def test_kinds_agree() -> None:
    """Wire 4.1."""
    said = re.search(r"of the running model: (\d) spiking, (\d) graded", DOC)

    assert said is not None
    kinds = {"NONE": 0, "SPIKING": int(said.group(1)), "GRADED": int(said.group(2))}
    assert kinds == c_numbers("KIND")
    assert kinds == {kind.name: kind.value for kind in protocol.Kind}


def test_status_codes_agree() -> None:
    """Wire 3."""
    said = {name: (int(number), text) for number, name, text in table("status | name")}
    listed = (ROOT / "firmware" / "include" / "spkl_status.def").read_text()
    found = {n: (int(v), t) for n, v, t in re.findall(r'SPKL_STATUS\((\w+), (-\d+),\s*"([^"]*)"\)', listed)}

    assert said == found
    assert {name: number for name, (number, _) in said.items()} == {s.name: s.value for s in protocol.Status}
    assert all(protocol.sentence(number) == text for number, text in said.values())


def test_no_status_code_is_also_the_engines() -> None:
    """One byte holds both: the protocol's are below -99."""
    listed = (ROOT / "csrc" / "include" / "spkl_err.def").read_text()

    assert all(-100 < int(code) < 0 for code in re.findall(r"SPKL_ERR\(\w+, (-\d+)", listed))
    assert all(-128 <= status <= -100 for status in protocol.Status)


def test_the_fields_of_hello_follow_each_other() -> None:
    """Wire 4.1: offsets are the sums of the sizes."""
    sizes = {"u8": 1, "u16": 2, "u32": 4, "u8[4]": 4, "char[16]": 16, "char[32]": 32}
    at = 0
    for offset, kind, _, _ in table("offset | type | name | meaning"):
        assert at == int(offset)
        at += sizes[kind]

    assert at == c_numbers("WIRE")["HELLO"]
    assert at == protocol._HELLO.size


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("EVENTS_MAX", r"0 to (\d+) events"),
        ("FRAME_PIECE_MAX", r"pieces of 1 to (\d+) bytes"),
        ("PIECE_MAX", r"brings 4 to (\d+) bytes"),
        ("PROBE_MAX", r"`n` is 1 to (\d+)"),
        ("SCORES_MAX", r"up to (\d+); `size`"),
        ("TICKS_MAX", r"at most ([\d,]+) ticks"),
        ("WRITE_MAX", r"1 to (\d+) bytes of the tensor of an input port"),
        ("READ_MAX", r"1 to (\d+) bytes of a tensor"),
    ],
)
def test_limits_of_bodies_agree(name: str, text: str) -> None:
    """Wire 4: what the text says is what C and Python do."""
    said = re.search(text, DOC)

    assert said is not None
    number = int(said.group(1).replace(",", ""))
    assert number == c_numbers("WIRE")[name]
    assert number == getattr(protocol, name, number)


def test_the_longest_bodies_fit_into_a_packet() -> None:
    """Wire 4: header and entries of each list."""
    wire = c_numbers("WIRE")
    bodies = {
        "EVENTS_MAX": 4 + 8 * wire["EVENTS_MAX"],
        "FRAME_PIECE_MAX": 12 + wire["FRAME_PIECE_MAX"],
        "PIECE_MAX": 4 + wire["PIECE_MAX"],
        "PROBE_MAX": 4 * wire["PROBE_MAX"],
        "SCORES_MAX": 8 + 4 * wire["SCORES_MAX"],
        "ADVANCE": 8 + 2 * 16,
        "WRITE_MAX": 8 + wire["WRITE_MAX"],
        "READ_MAX": wire["READ_MAX"],
        "STATS": struct.calcsize("<3Q"),
    }

    assert all(size <= wire["BODY_MAX"] for size in bodies.values()), bodies
