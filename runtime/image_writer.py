"""Builds the bytes of an image from a model that keeps all rules."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from spikelet.arena import state_size
from spikelet.image_meta import write_meta
from spikelet.layout import (
    ABSENT,
    FLAG_BITS,
    FROM_INPUT,
    HEADER,
    INPUT,
    MAGIC,
    MODEL,
    OUTPUT,
    POPULATION,
    PROJECTION,
    SECTION,
    SECTIONS,
    VERSION,
    ZERO_WEIGHT,
    SectionId,
    crc_of,
)
from spikelet.model import PARAMETERS, LifChoices, Model, Population, Projection

__all__ = ["assemble", "build"]


def build(model: Model) -> bytes:
    """The image of a model.

    Raises:
        ModelError: `meta` cannot be written as JSON.
    """
    data = _Data()
    populations = b"".join(_population(p, data) for p in model.populations)
    projections = b"".join(_projection(p, data) for p in model.projections)
    inputs = b"".join(
        INPUT.pack(
            size=p.size,
            encoder=p.encoder,
            max_value=p.max_value,
            capacity=p.capacity,
            max_sum=p.max_sum,
            gain=p.gain,
            seed=p.seed,
        )
        for p in model.inputs
    )
    outputs = b"".join(
        OUTPUT.pack(population=p.population, kind=p.kind, decoder=p.decoder, capacity=p.capacity) for p in model.outputs
    )
    record = MODEL.pack(
        flags=int(model.reset_between),
        ticks_per_sample=model.ticks_per_sample,
        tick_ns=model.tick_ns,
        state_size=state_size(model),
    )
    return assemble(
        {
            SectionId.MODEL: record,
            SectionId.POPULATIONS: populations,
            SectionId.PROJECTIONS: projections,
            SectionId.INPUTS: inputs,
            SectionId.OUTPUTS: outputs,
            SectionId.DATA: bytes(data.bytes),
            SectionId.META: write_meta(model),
        }
    )


def assemble(sections: dict[SectionId, bytes]) -> bytes:
    """Header, table and sections; length and CRC filled in."""
    table, body = b"", b""
    start = HEADER.size + SECTION.size * len(sections)
    for section, content in sections.items():
        about = SECTIONS[section]
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


class _Data:
    """The DATA section as it grows; equal arrays are stored once."""

    def __init__(self) -> None:
        self.bytes = bytearray()
        self._known: dict[bytes, int] = {}

    def add(self, array: npt.NDArray[Any]) -> int:
        """Store an array of a multiple of 4 bytes; returns its offset."""
        content = array.tobytes()
        if content not in self._known:
            self._known[content] = len(self.bytes)
            self.bytes += content
        return self._known[content]


def _flags(choices: LifChoices) -> int:
    """The flags word of semantics 3.2."""
    return sum(int(getattr(choices, name)) << bit for name, (bit, _) in FLAG_BITS.items())


def _rows(weights: npt.NDArray[np.int8]) -> npt.NDArray[np.uint8]:
    """Layout 0: a row a source, weight + 128, padded to a multiple of 4 with weight 0."""
    n_source, n_target = weights.shape
    rows = np.full((n_source, -(-n_target // 4) * 4), ZERO_WEIGHT, np.uint8)
    rows[:, :n_target] = weights.astype(np.int16) + ZERO_WEIGHT
    return rows


def _population(p: Population, data: _Data) -> bytes:
    offsets, per_neuron = [], 0
    for index, name in enumerate(PARAMETERS):
        array = p.parameters.get(name)
        offsets.append(ABSENT if array is None else data.add(array.astype("<i4")))
        if array is not None and len(array) > 1:
            per_neuron |= 1 << index
    return POPULATION.pack(
        kind=1,
        frac=p.frac,
        size=p.size,
        flags=_flags(p.choices),
        per_neuron=per_neuron,
        max_count=p.max_count,
        parameters=tuple(offsets),
    )


def _projection(p: Projection, data: _Data) -> bytes:
    rows = _rows(p.weights)
    return PROJECTION.pack(
        kind=1,
        source=p.source | (FROM_INPUT if p.from_input else 0),
        target=p.target,
        weights=data.add(rows),
        weights_length=rows.size,
        stride=rows.shape[1],
    )
