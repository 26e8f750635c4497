"""Parses the bytes of an image; trusts nothing. What a model must keep beyond its bytes is in rules.py."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, TypeVar

import numpy as np

from spikelet.codes import refuse_image as _refuse
from spikelet.image_meta import read_meta
from spikelet.image_projections import read_projection
from spikelet.image_sections import check_header, find_sections
from spikelet.layout import (
    ABSENT,
    FLAG_BITS,
    FROM_INPUT,
    INPUT,
    MODEL,
    OUTPUT,
    POPULATION,
    PROJECTION,
    SECTIONS,
    Record,
    SectionId,
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
    check_header(data)
    parser = _Parser(data, find_sections(data, SECTIONS))
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
                gap=r["gap"],
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
