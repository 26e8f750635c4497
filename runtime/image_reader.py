"""Parses the bytes of an image; trusts nothing. What a model must keep beyond its bytes is in rules.py."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, TypeVar

import numpy as np

from spikelet.codes import refuse_image as _refuse
from spikelet.image_meta import read_meta
from spikelet.image_projections import read_projection
from spikelet.layout import (
    ABSENT,
    FLAG_BITS,
    FROM_INPUT,
    HEADER,
    INPUT,
    LENGTH_MAX,
    MAGIC,
    MODEL,
    OUTPUT,
    POPULATION,
    PROJECTION,
    SECTION,
    SECTIONS,
    SECTIONS_MAX,
    VERSION,
    Record,
    SectionId,
    crc_of,
)
from spikelet.model import (
    Decoder,
    Encoder,
    InputPort,
    Int32Array,
    LifChoices,
    Model,
    OutputKind,
    OutputPort,
    Population,
    PopulationKind,
    Projection,
    RefractoryMode,
    ResetKind,
    Rounding,
    UOrder,
    parameter_names,
)

__all__ = ["CHOICE_TYPES", "parse"]

_Choice = TypeVar("_Choice", Encoder, Decoder, OutputKind)
CHOICE_TYPES: dict[str, Any] = {
    "u_order": UOrder,
    "reset_kind": ResetKind,
    "refractory_mode": RefractoryMode,
    "rounding": Rounding,
}


def parse(data: bytes) -> tuple[Model, int]:
    """Read the model and the state_size that its image names; the model's rules are not checked here.

    Raises:
        ImageError: the bytes are not as image.md says.
    """
    _check_header(data)
    parser = _Parser(data, _sections(data))
    record = next(parser.records(SectionId.MODEL, MODEL))[1]
    if record["flags"] > 1:
        _refuse("IMAGE_MODEL", f"model record: flags 0x{record['flags']:x} have unknown bits")
    populations, inputs = tuple(parser.populations()), tuple(parser.inputs())
    model = Model(
        populations=populations,
        projections=tuple(parser.projections(populations, inputs)),
        inputs=inputs,
        outputs=tuple(parser.outputs()),
        ticks_per_sample=record["ticks_per_sample"],
        reset_between=bool(record["flags"]),
        tick_ns=record["tick_ns"],
        meta=parser.meta["meta"],
    )
    return model, record["state_size"]


def _check_header(data: bytes) -> None:
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


def _sections(data: bytes) -> dict[SectionId, slice]:
    """Where each known section lies; the whole table is checked."""
    n = HEADER.unpack(data, 0)["n_sections"]
    end = HEADER.size + n * SECTION.size
    if end > len(data):
        _refuse("IMAGE_SECTION", f"the table of {n} sections is longer than the image")
    found: dict[SectionId, slice] = {}
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
        if _is_read(entry, where):
            found[SectionId(last)] = slice(entry["offset"], end)
    if len(data) - end > 3:
        _refuse("IMAGE_SECTION", f"{len(data) - end} bytes follow the last section; allowed: 3")
    _check_gap(data, end, len(data), "the end")
    missing = [section.name for section, about in SECTIONS.items() if about.critical and section not in found]
    if missing:
        _refuse("IMAGE_SECTION", f"the section {missing[0]} is missing")
    return found


def _check_gap(data: bytes, start: int, stop: int, where: str) -> None:
    if any(data[start:stop]):
        _refuse("IMAGE_SECTION", f"the gap before {where} holds something else than zeros")


def _is_read(entry: dict[str, Any], where: str) -> bool:
    """Whether this reader knows the section; refuses one that it should know."""
    known = {int(section): about for section, about in SECTIONS.items()}.get(entry["id"])
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


class _Parser:
    """The records of an image whose table is right."""

    def __init__(self, data: bytes, sections: dict[SectionId, slice]) -> None:
        self._data, self._sections = data, sections
        self._values = data[sections[SectionId.DATA]]
        counts = {s: (where.stop - where.start) // SECTIONS[s].record for s, where in sections.items()}
        self.meta = read_meta(data[sections[SectionId.META]] if SectionId.META in sections else None, counts)

    def records(self, section: SectionId, record: Record) -> Iterator[tuple[str, dict[str, Any]]]:
        """All records of a section, with words for messages."""
        where = self._sections[section]
        name = section.name.removesuffix("S").lower()
        for index, at in enumerate(range(where.start, where.stop, record.size)):
            fields = record.unpack(self._data, at)
            if any(_is_set(value) for field, value in fields.items() if field.startswith("reserved")):
                _refuse(f"IMAGE_{name.upper()}", f"{name} {index}: reserved bytes are not 0")
            yield f"{name} {index}", fields

    def populations(self) -> Iterator[Population]:
        """The POPULATIONS section."""
        for index, (where, r) in enumerate(self.records(SectionId.POPULATIONS, POPULATION)):
            if r["kind"] not in {int(kind) for kind in PopulationKind}:
                _refuse("UNSUPPORTED", f"{where}: kind {r['kind']} is unknown")
            yield Population(
                name=self.meta["populations"][index],
                size=r["size"],
                frac=r["frac"],
                choices=_choices(where, r["flags"]),
                parameters=dict(self._parameters(where, r)),
                max_count=r["max_count"],
                kind=PopulationKind(r["kind"]),
                block=r["block"],
            )

    def _parameters(self, where: str, r: dict[str, Any]) -> Iterator[tuple[str, Int32Array]]:
        names = parameter_names(PopulationKind(r["kind"]))
        if r["per_neuron"] >> len(names):
            _refuse("IMAGE_POPULATION", f"{where}: per_neuron 0x{r['per_neuron']:x} has unknown bits")
        if any(offset != ABSENT for offset in r["parameters"][len(names) :]):
            _refuse("IMAGE_POPULATION", f"{where}: it has a parameter behind {names[-1]}, its last")
        for index, (name, offset) in enumerate(zip(names, r["parameters"], strict=False)):
            per_neuron = bool(r["per_neuron"] >> index & 1)
            if offset == ABSENT:
                if per_neuron:
                    _refuse("IMAGE_POPULATION", f"{where}: per_neuron names {name}, which is absent")
                continue
            length = 4 * (r["size"] if per_neuron else 1)
            content = self._array("IMAGE_PARAMETER", f"{where}: {name}", offset, length)
            yield name, np.frombuffer(content, "<i4").astype(np.int32)

    def _array(self, name: str, where: str, offset: int, length: int) -> bytes:
        if offset % 4 or offset + length > len(self._values):
            room = len(self._values)
            _refuse(
                name, f"{where}: offset {offset}, length {length}: outside DATA ({room} bytes), or no multiple of 4"
            )
        return self._values[offset : offset + length]

    def inputs(self) -> Iterator[InputPort]:
        """The INPUTS section."""
        for (where, r), described in zip(self.records(SectionId.INPUTS, INPUT), self.meta["inputs"], strict=True):
            yield InputPort(
                name=described["name"],
                size=r["size"],
                shape=tuple(described["shape"] or [r["size"]]),
                encoder=_known(Encoder, where, "encoder", r["encoder"]),
                max_value=r["max_value"],
                max_sum=r["max_sum"],
                capacity=r["capacity"],
                gain=r["gain"],
                seed=r["seed"],
            )

    def outputs(self) -> Iterator[OutputPort]:
        """The OUTPUTS section."""
        for (where, r), described in zip(self.records(SectionId.OUTPUTS, OUTPUT), self.meta["outputs"], strict=True):
            yield OutputPort(
                name=described["name"],
                population=r["population"],
                kind=_known(OutputKind, where, "kind", r["kind"]),
                decoder=_known(Decoder, where, "decoder", r["decoder"]),
                capacity=r["capacity"],
                labels=tuple(described["labels"]),
            )

    def projections(self, populations: Sequence[Population], inputs: Sequence[InputPort]) -> Iterator[Projection]:
        """The PROJECTIONS section."""
        for index, (where, r) in enumerate(self.records(SectionId.PROJECTIONS, PROJECTION)):
            from_input = bool(r["source"] & FROM_INPUT)
            source = r["source"] & ~FROM_INPUT
            sources: Sequence[Population | InputPort] = inputs if from_input else populations
            if r["target"] >= len(populations) or source >= len(sources):
                text = f"source 0x{r['source']:04x} or target {r['target']} is not there"
                _refuse("IMAGE_PROJECTION", f"{where}: {text}")
            n_source, n_target = sources[source].size, populations[r["target"]].size
            yield Projection(
                name=self.meta["projections"][index],
                source=source,
                from_input=from_input,
                target=r["target"],
                **read_projection(where, r, n_source, n_target, self._projection_bytes),
            )

    def _projection_bytes(self, where: str, offset: int, length: int) -> bytes:
        return self._array("IMAGE_PROJECTION", where, offset, length)


def _is_set(value: int | bytes) -> bool:
    return any(value) if isinstance(value, bytes) else value != 0


def _choices(where: str, flags: int) -> LifChoices:
    """The flags word of semantics 3.2."""
    values: dict[str, Any] = {}
    for name, (bit, width) in FLAG_BITS.items():
        value = flags >> bit & (1 << width) - 1
        kind = CHOICE_TYPES.get(name, bool)
        if kind is not bool and value >= len(kind):
            _refuse("IMAGE_POPULATION", f"{where}: {name} {value} is unknown")
        values[name] = kind(value)
        flags &= ~((1 << width) - 1 << bit)
    if flags:
        _refuse("IMAGE_POPULATION", f"{where}: flags 0x{flags:x} are unknown bits")
    return LifChoices(**values)


def _known(kind: type[_Choice], where: str, field: str, value: int) -> _Choice:
    if value >= len(kind):
        _refuse("UNSUPPORTED", f"{where}: {field} {value} is unknown")
    return kind(value)
