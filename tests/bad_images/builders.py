"""A good image that shows every feature, and ways to break one thing in it."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any

import numpy as np

from spikelet.image import encode
from spikelet.layout import (
    FLAG_BITS,
    HEADER,
    INPUT,
    MAP,
    MODEL,
    OUTPUT,
    POPULATION,
    PROJECTION,
    SECTION,
    Record,
    SectionId,
    crc_of,
)
from spikelet.model import (
    PARAMETERS,
    Decoder,
    Encoder,
    InputPort,
    Int32Array,
    LifChoices,
    Model,
    OutputKind,
    OutputPort,
    Population,
    Projection,
    ResetKind,
)

__all__ = ["Patch", "good_image", "good_model", "repaired"]

#: Populations of the good model by what they show.
LIF, CURRENT, ADAPTING, REFRACTORY, COUNTING, READOUT = range(6)
#: Input ports. Only the first has projections, so that the others can change size.
EVENTS, RATE, POISSON, LATENCY, DIRECT, UNUSED = range(6)
RECORDS: dict[SectionId, Record] = {
    SectionId.MODEL: MODEL,
    SectionId.POPULATIONS: POPULATION,
    SectionId.PROJECTIONS: PROJECTION,
    SectionId.INPUTS: INPUT,
    SectionId.OUTPUTS: OUTPUT,
}


def good_model() -> Model:
    """Small, and with every parameter, encoder, decoder and kind of output."""

    def one(value: int) -> Int32Array:
        return np.array([value], np.int32)

    several = LifChoices(reset_kind=ResetKind.SUBTRACT, several=True)
    populations = (
        Population(
            name="lif",
            size=5,
            frac=6,
            choices=LifChoices(reset_kind=ResetKind.SUBTRACT, reset_next=True),
            parameters={
                "decay_v": one(60000),
                "fire_above": np.arange(5, dtype=np.int32) * 64,
                "reset": one(64),
                "bias": one(3),
                "v_min": one(-100),
                "v_init": one(-100),
            },
        ),
        Population(name="current", size=3, frac=6, choices=LifChoices(has_u=True), parameters={"decay_u": one(40000)}),
        Population(
            name="adapting",
            size=2,
            frac=6,
            choices=LifChoices(has_a=True, test_previous=True, shift12=True),
            parameters={"decay_a": one(4000), "adapt_by": one(5)},
        ),
        Population(
            name="refractory",
            size=2,
            frac=6,
            choices=LifChoices(has_refractory=True, reset_kind=ResetKind.SET),
            parameters={"refractory": one(2)},
        ),
        Population(name="counting", size=4, frac=6, choices=several, parameters={"count_by": one(64)}, max_count=9),
        Population(name="readout", size=3, frac=6, choices=LifChoices(fires=False)),
    )

    def weights(rows: int, columns: int) -> Any:
        return (np.arange(rows * columns) % 7 - 3).astype(np.int8).reshape(rows, columns)

    def frames(name: str, encoder: Encoder, **more: int) -> InputPort:
        return InputPort(name=name, size=4, shape=(2, 2), encoder=encoder, capacity=4, **{"max_sum": 4, **more})

    return Model(
        populations=populations,
        projections=(
            Projection(name="a", source=0, from_input=True, target=LIF, weights=weights(6, 5)),
            Projection(name="b", source=0, from_input=True, target=CURRENT, weights=weights(6, 3)),
            Projection(name="c", source=LIF, from_input=False, target=CURRENT, weights=weights(5, 3)),
        ),
        inputs=(
            InputPort(name="events", size=6, shape=(6,), max_value=4, max_sum=24, capacity=10),
            frames("rate", Encoder.RATE, gain=257),
            frames("poisson", Encoder.POISSON, gain=257, seed=7),
            frames("latency", Encoder.LATENCY, gain=257),
            frames("direct", Encoder.DIRECT, gain=257, max_value=3, max_sum=12),
            InputPort(name="unused", size=6, shape=(6,), max_value=4, max_sum=24, capacity=10),
        ),
        outputs=(
            OutputPort(name="events", population=LIF, capacity=20),
            OutputPort(name="values", population=READOUT, kind=OutputKind.POTENTIALS, decoder=Decoder.LAST, capacity=0),
        ),
        ticks_per_sample=10,
    )


def good_image() -> bytes:
    """The image of good_model."""
    return encode(good_model())


def repaired(data: bytes | bytearray) -> bytes:
    """Length and CRC made right again."""
    image = bytearray(data)
    HEADER.put(image, 0, "length", len(image))
    HEADER.put(image, 0, "crc", crc_of(image))
    return bytes(image)


class Patch:
    """A good image, to be changed in place; `done` gives the bytes with length and CRC made right."""

    def __init__(self, image: bytes | None = None) -> None:
        self.data = bytearray(good_image() if image is None else image)

    def table(self, section: int) -> int:
        """Where the table's entry of a section starts."""
        n = HEADER.unpack(bytes(self.data), 0)["n_sections"]
        for index in range(n):
            at = HEADER.size + SECTION.size * index
            if SECTION.unpack(bytes(self.data), at)["id"] == section:
                return at
        raise KeyError(section)

    def entry(self, section: int) -> dict[str, Any]:
        """The table's entry of a section."""
        return SECTION.unpack(bytes(self.data), self.table(section))

    def field(self, section: SectionId, index: int, name: str, value: Any) -> Patch:
        """Set a field of a record."""
        record = RECORDS[section]
        record.put(self.data, self.entry(section)["offset"] + index * record.size, name, value)
        return self

    def record(self, section: SectionId, index: int) -> dict[str, Any]:
        """A record as it is now."""
        record = RECORDS[section]
        return record.unpack(bytes(self.data), self.entry(section)["offset"] + index * record.size)

    def header(self, name: str, value: Any) -> Patch:
        """Set a field of the header."""
        HEADER.put(self.data, 0, name, value)
        return self

    def section(self, section: int, name: str, value: int) -> Patch:
        """Set a field of the section table."""
        SECTION.put(self.data, self.table(section), name, value)
        return self

    def add_section(self, number: int, flags: int, content: bytes = b"") -> Patch:
        """Put one more section at the end; all others move by one entry of the table."""
        n = HEADER.unpack(bytes(self.data), 0)["n_sections"]
        end = HEADER.size + SECTION.size * n
        for index in range(n):
            at = HEADER.size + SECTION.size * index
            offset = SECTION.unpack(bytes(self.data), at)["offset"]
            SECTION.put(self.data, at, "offset", offset + SECTION.size)
        start = len(self.data) + SECTION.size
        entry = SECTION.pack(id=number, flags=flags, offset=start, length=len(content), count=len(content))
        self.data[end:end] = entry
        self.data += content + bytes(-len(content) % 4)
        return self.header("n_sections", n + 1)

    def drop_section(self, section: SectionId) -> Patch:
        """Take a section out, its bytes and its entry."""
        at, entry = self.table(section), self.entry(section)
        padded = -(-entry["length"] // 4) * 4
        n = HEADER.unpack(bytes(self.data), 0)["n_sections"]
        for index in range(n):
            other = HEADER.size + SECTION.size * index
            offset = SECTION.unpack(bytes(self.data), other)["offset"]
            behind = padded if offset > entry["offset"] else 0
            SECTION.put(self.data, other, "offset", offset - behind - SECTION.size)
        del self.data[entry["offset"] : entry["offset"] + padded]
        del self.data[at : at + SECTION.size]
        return self.header("n_sections", n - 1)

    def resize(self, section: SectionId, change: Callable[[bytes], bytes], *, count: int | None = None) -> Patch:
        """Give a section other content; the ones behind it move."""
        entry = self.entry(section)
        start, padded = entry["offset"], -(-entry["length"] // 4) * 4
        content = change(bytes(self.data[start : start + entry["length"]]))
        grown = content + bytes(-len(content) % 4)
        for index in range(HEADER.unpack(bytes(self.data), 0)["n_sections"]):
            at = HEADER.size + SECTION.size * index
            offset = SECTION.unpack(bytes(self.data), at)["offset"]
            if offset > start:
                SECTION.put(self.data, at, "offset", offset + len(grown) - padded)
        self.data[start : start + padded] = grown
        self.section(section, "length", len(content))
        return self.section(section, "count", len(content) // RECORDS[section].size if count is None else count)

    def choice(self, population: int, name: str, value: int) -> Patch:
        """Set a choice in the flags of a population."""
        bit, width = FLAG_BITS[name]
        flags = self.record(SectionId.POPULATIONS, population)["flags"] & ~((1 << width) - 1 << bit)
        return self.field(SectionId.POPULATIONS, population, "flags", flags | value << bit)

    def place(self, population: int, name: str, offset: int) -> Patch:
        """Set where a parameter's array lies in DATA."""
        offsets = list(self.record(SectionId.POPULATIONS, population)["parameters"])
        offsets[PARAMETERS.index(name)] = offset
        return self.field(SectionId.POPULATIONS, population, "parameters", tuple(offsets))

    def value(self, population: int, name: str, value: int) -> Patch:
        """Give a population its own array of a parameter, with this value, at the end of DATA."""
        end = self.entry(SectionId.DATA)["length"]
        n = self.record(SectionId.POPULATIONS, population)["per_neuron"] >> PARAMETERS.index(name) & 1
        size = self.record(SectionId.POPULATIONS, population)["size"] if n else 1
        array = [0 if name != "count_by" else 1] * (size - 1) + [value]
        self.resize(SectionId.DATA, lambda data: data + struct.pack(f"<{size}i", *array), count=end + 4 * size)
        return self.place(population, name, end)

    def more_data(self, content: bytes) -> int:
        """Put bytes at the end of DATA; gives their offset there."""
        end = self.entry(SectionId.DATA)["length"]
        self.resize(SectionId.DATA, lambda data: data + content, count=end + len(content))
        return int(end)

    def data_of(self, projection: int, name: str, length: int) -> bytes:
        """So many bytes of DATA that a field of a projection points to."""
        at = self.entry(SectionId.DATA)["offset"] + self.record(SectionId.PROJECTIONS, projection)[name]
        return bytes(self.data[at : at + length])

    def own(self, projection: int, name: str, content: bytes) -> Patch:
        """Give a projection its own bytes of DATA for a field that points there."""
        return self.field(SectionId.PROJECTIONS, projection, name, self.more_data(content))

    def map_field(self, projection: int, name: str, value: Any) -> Patch:
        """Give a projection its own map with this value in a field."""
        changed = bytearray(self.data_of(projection, "map", MAP.size))
        MAP.put(changed, 0, name, value)
        return self.own(projection, "map", bytes(changed))

    def done(self) -> bytes:
        """The image with length and CRC made right."""
        return repaired(self.data)
