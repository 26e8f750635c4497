"""Builds the bytes of an image from a model that keeps all rules."""

from __future__ import annotations

from spikelet.arena import state_size
from spikelet.image_meta import write_meta
from spikelet.image_projections import write_projection
from spikelet.image_sections import assemble
from spikelet.layout import (
    ABSENT,
    FLAG_BITS,
    INPUT,
    MODEL,
    N_PARAMETERS,
    OUTPUT,
    POPULATION,
    SECTIONS,
    SectionId,
)
from spikelet.model import LifChoices, Model, Population, parameter_names

__all__ = ["DataSection", "build"]


def build(model: Model) -> bytes:
    """The image of a model.

    Raises:
        ModelError: `meta` cannot be written as JSON.
    """
    data = DataSection()
    populations = b"".join(_population(p, data) for p in model.populations)
    projections = b"".join(write_projection(p, data.add) for p in model.projections)
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
        OUTPUT.pack(population=p.population, kind=p.kind, decoder=p.decoder, capacity=p.capacity, gap=p.gap)
        for p in model.outputs
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
        },
        SECTIONS,
    )


class DataSection:
    """The DATA section as it grows; equal arrays are stored once."""

    def __init__(self) -> None:
        self.bytes = bytearray()
        self._known: dict[bytes, int] = {}

    def add(self, content: bytes) -> int:
        """Store an array of a multiple of 4 bytes; returns its offset."""
        if content not in self._known:
            self._known[content] = len(self.bytes)
            self.bytes += content
        return self._known[content]


def _flags(choices: LifChoices) -> int:
    """The flags word of semantics 3.2."""
    return sum(int(getattr(choices, name)) << bit for name, (bit, _) in FLAG_BITS.items())


def _population(p: Population, data: DataSection) -> bytes:
    offsets, per_neuron = [ABSENT] * N_PARAMETERS, 0
    for index, name in enumerate(parameter_names(p.kind)):
        array = p.parameters.get(name)
        if array is not None:
            offsets[index] = data.add(array.astype("<i4").tobytes())
            per_neuron |= (len(array) > 1) << index
    return POPULATION.pack(
        kind=p.kind,
        frac=p.frac,
        size=p.size,
        flags=_flags(p.choices),
        per_neuron=per_neuron,
        max_count=p.max_count,
        parameters=tuple(offsets),
        block=p.block,
    )
