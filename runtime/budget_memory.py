"""Bytes of a model by layer, in flash and in RAM: they add up to its image and to its arena."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

from spikelet.arena import state_arrays
from spikelet.budget_layers import NETWORK, Owner, layer_of
from spikelet.image import encode
from spikelet.layout import (
    ABSENT,
    HAS_DELAYS,
    HAS_MAP,
    HEADER,
    INPUT,
    MAP,
    OUTPUT,
    POPULATION,
    PROJECTION,
    SECTION,
    SectionId,
)
from spikelet.memory import scratch_arrays
from spikelet.model import Encoder, Model, parameter_names

__all__ = ["Bytes", "flash_by_layer", "ram_by_layer"]


@dataclass(slots=True, kw_only=True)
class Bytes:
    """Bytes of a layer by what they are for, and those that it uses but another layer counts."""

    items: dict[str, int] = field(default_factory=dict)
    shared: int = 0

    @property
    def total(self) -> int:
        """Bytes that this layer counts."""
        return sum(self.items.values())

    def add(self, name: str, size: int) -> None:
        """Count bytes; none are no item."""
        if size:
            self.items[name] = self.items.get(name, 0) + size


@dataclass(frozen=True, slots=True)
class _Use:
    """An array in DATA that a record points to."""

    owner: Owner
    name: str
    offset: int
    size: int


def flash_by_layer(model: Model) -> dict[Owner, Bytes]:
    """Bytes of the image: of each layer its records, weights, parameters, maps and delays.

    Equal arrays are stored once, and counted for the first layer that uses them; the others tell them as
    shared. NETWORK has the header, what is for people (META), and gaps.

    Raises:
        ModelError: the model breaks a rule.
    """
    image = encode(model)
    found: defaultdict[Owner, Bytes] = defaultdict(Bytes)
    for projection in model.projections:
        found["population", projection.target].add("records", PROJECTION.size)
    for kind, parts, record in (
        ("population", model.populations, POPULATION),
        ("input", model.inputs, INPUT),
        ("output", model.outputs, OUTPUT),
    ):
        for index in range(len(parts)):
            found[kind, index].add("records", record.size)
    known: set[int] = set()
    for use in _uses(model, image):
        if use.offset in known:
            found[use.owner].shared += use.size
        else:
            known.add(use.offset)
            found[use.owner].add(use.name, use.size)
    found[NETWORK].add("for people", _sections(image)[SectionId.META][1])
    found[NETWORK].add("header", len(image) - sum(part.total for part in found.values()))
    return dict(found)


def _sections(image: bytes) -> dict[int, tuple[int, int]]:
    """Offset and length of each section."""
    count = HEADER.unpack(image, 0)["n_sections"]
    entries = (SECTION.unpack(image, HEADER.size + index * SECTION.size) for index in range(count))
    return {entry["id"]: (entry["offset"], entry["length"]) for entry in entries}


def _uses(model: Model, image: bytes) -> Iterator[_Use]:
    """What the records of an image point to, in order."""
    sections = _sections(image)
    for index, population in enumerate(model.populations):
        owner: Owner = ("population", index)
        record = POPULATION.unpack(image, sections[SectionId.POPULATIONS][0] + index * POPULATION.size)
        for name, offset in zip(parameter_names(population.kind), record["parameters"], strict=False):
            if offset != ABSENT:
                yield _Use(owner, "parameters", offset, 4 * len(population.parameters[name]))
    for index, projection in enumerate(model.projections):
        owner = ("population", projection.target)
        record = PROJECTION.unpack(image, sections[SectionId.PROJECTIONS][0] + index * PROJECTION.size)
        if record["weights_length"]:
            yield _Use(owner, "weights", record["weights"], record["weights_length"])
        if record["flags"] & HAS_MAP:
            yield _Use(owner, "maps", record["map"], MAP.size)
        if record["flags"] & HAS_DELAYS:
            yield _Use(owner, "delays", record["delays"], 4 * model.populations[projection.target].size)


#: What the arrays of the state are for.
_STATE = {
    "u": "neurons",
    "a": "neurons",
    "r": "neurons",
    "v": "neurons",
    "rests": "neurons",
    "events": "events",
    "values": "events",
    "ring": "delays",
    "place": "delays",
    "queue": "queues",
    "held": "queues",
    "scores": "scores",
}


def ram_by_layer(model: Model) -> dict[Owner, Bytes]:
    """Bytes of the arena: of each layer its state and its tables; NETWORK has the clock and what all share.

    The frame that a board gathers beside the arena (spikelet.memory.work_size) is NETWORK's too.
    """
    found: defaultdict[Owner, Bytes] = defaultdict(Bytes)
    for array in state_arrays(model):
        found[layer_of(model, array.owner, array.index)].add(_STATE.get(array.name, "heads"), array.room)
    for scratch in scratch_arrays(model):
        found[layer_of(model, scratch.owner, scratch.index)].add(scratch.name, scratch.size)
    frames = [port.size for port in model.inputs if port.encoder is not Encoder.EVENTS]
    found[NETWORK].add("frame", max(frames, default=0))
    return dict(found)
