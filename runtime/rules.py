"""The rules that a model keeps: docs/reference/semantics.md, 2.3, 3 and 5, and docs/reference/image.md.

One list for both ways: `spikelet.image` refuses models and images by it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from spikelet.arena import STATE_MAX, history, state_size
from spikelet.errors import ModelError
from spikelet.layout import SECTIONS, SectionId
from spikelet.model import (
    PARAMETERS,
    V_MAX,
    Decoder,
    Encoder,
    InputPort,
    LifChoices,
    Model,
    OutputKind,
    OutputPort,
    Population,
    PopulationKind,
    Projection,
    ResetKind,
    parameter_names,
)
from spikelet.rules_projections import DELAY_MAX, INPUT_SUM_MAX, Violation, bounds, projection
from spikelet.rules_projections import in_range as _range

__all__ = [
    "INPUT_SUM_MAX",
    "NEEDS",
    "NEVER_TOGETHER",
    "Violation",
    "absent_value",
    "check",
    "ranges",
    "violations",
]

#: What each choice and parameter needs (semantics 3.2).
NEEDS: Mapping[str, str] = {
    "u_order": "has_u",
    "decay_u": "has_u",
    "test_previous": "fires",
    "reset_kind": "fires",
    "several": "fires",
    "has_refractory": "fires",
    "has_a": "fires",
    "fire_above": "fires",
    "reset_next": "reset_kind",
    "reset": "reset_kind",
    "reset_before_leak": "reset_kind",
    "count_by": "several",
    "refractory_mode": "has_refractory",
    "refractory": "has_refractory",
    "adapt_decay_first": "has_a",
    "decay_a": "has_a",
    "adapt_by": "has_a",
    "reset_adapted": "has_a",
}

#: Choices that exclude each other (semantics 3.2).
NEVER_TOGETHER = (
    ("has_refractory", "reset_next"),
    ("has_refractory", "test_previous"),
    ("has_a", "reset_next"),
    ("test_previous", "reset_next"),
)

#: Values of absent parameters (semantics 3.1); absent decays are 2^s.
_ABSENT_VALUES: Mapping[str, int] = {
    "fire_above": V_MAX,
    "reset": 0,
    "bias": 0,
    "v_min": -V_MAX,
    "v_init": 0,
    "count_by": 1,
    "adapt_by": 0,
    "refractory": 0,
}


def absent_value(name: str, choices: LifChoices) -> int:
    """The value of a parameter that is absent."""
    return _ABSENT_VALUES.get(name, 1 << (12 if choices.shift12 else 16))


def ranges(choices: LifChoices) -> dict[str, tuple[int, int]]:
    """Smallest and largest value of each parameter (semantics 3.1); `v_init` is also at least `v_min`."""
    one = 1 << (12 if choices.shift12 else 16)
    full = (-V_MAX, V_MAX)
    return {
        "decay_v": (0, one),
        "decay_u": (0, one),
        "decay_a": (0, one),
        "fire_above": full,
        "reset": (0, V_MAX) if choices.reset_kind is ResetKind.SUBTRACT else full,
        "bias": full,
        "v_min": (-V_MAX, 0),
        "v_init": full,
        "count_by": (1, V_MAX),
        "adapt_by": full,
        "refractory": (0, 65535),
    }


def check(model: Model) -> None:
    """Check all rules.

    Raises:
        ModelError: one is broken.
    """
    for _, sentence in violations(model):
        raise ModelError(sentence)


def violations(model: Model) -> Iterator[Violation]:
    """Find what breaks a rule. Only the first is sure: later checks rely on earlier ones."""
    yield from _model(model)
    for i, population in enumerate(model.populations):
        yield from _population(f"population {i} ({population.name!r})", population)
    for i, port in enumerate(model.inputs):
        yield from _input(f"input {i} ({port.name!r})", port, model.ticks_per_sample)
    for i, p in enumerate(model.projections):
        yield from projection(f"projection {i} ({p.name!r})", p, model)
    yield from _order(model.projections)
    yield from bounds(model)
    for i, out in enumerate(model.outputs):
        yield from _output(f"output {i} ({out.name!r})", out, model)
    yield from _room(model)


def _model(model: Model) -> Iterator[Violation]:
    parts: list[tuple[SectionId, Sequence[Any]]] = [
        (SectionId.POPULATIONS, model.populations),
        (SectionId.PROJECTIONS, model.projections),
        (SectionId.INPUTS, model.inputs),
        (SectionId.OUTPUTS, model.outputs),
    ]
    for section, records in parts:
        limits = SECTIONS[section]
        yield from _range(
            "IMAGE_SECTION", f"the number of {section.name.lower()}", len(records), limits.least, limits.most
        )
        names = [record.name for record in records]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice and section is not SectionId.PROJECTIONS:
            yield "IMAGE_SECTION", f"{section.name.lower()}: the name {twice[0]!r} stands twice"
    yield from _range("IMAGE_MODEL", "ticks_per_sample", model.ticks_per_sample, 0, 65535)
    yield from _range("IMAGE_MODEL", "tick_ns", model.tick_ns, 0, 2**32 - 1)


def _population(where: str, p: Population) -> Iterator[Violation]:
    code = "IMAGE_POPULATION"
    c = p.choices
    yield from _range(code, f"{where}: size", p.size, 1, 65535)
    yield from _range(code, f"{where}: frac", p.frac, 0, 20)
    yield from _range(code, f"{where}: max_count", p.max_count, 1, 32767)
    if p.max_count > 1 and not c.several:
        yield code, f"{where}: max_count is {p.max_count}; without several it is 1"
    unknown = sorted(set(p.parameters) - set(parameter_names(p.kind)))
    if unknown:
        yield code, f"{where}: there is no parameter {unknown[0]!r}"
    if p.kind is PopulationKind.DELAY:
        yield from _delay_line(where, p)
        return
    if p.block and not 3 <= p.block <= 12:
        yield code, f"{where}: block is {p.block}; allowed: 0, or 3 to 12"
    for name, need in NEEDS.items():
        there = name in p.parameters if name in PARAMETERS else bool(getattr(c, name))
        if there and not getattr(c, need):
            yield code, f"{where}: {name} has no meaning without {need}"
    if c.reset_before_leak and not (c.test_previous or c.reset_next):
        yield code, f"{where}: reset_before_leak has no meaning without test_previous or reset_next"
    if c.reset_adapted and c.reset_kind is not ResetKind.SUBTRACT:
        yield code, f"{where}: reset_adapted has no meaning without a reset by subtraction"
    for one, other in NEVER_TOGETHER:
        if getattr(c, one) and getattr(c, other):
            yield code, f"{where}: {one} and {other} exclude each other"
    yield from _parameters(where, p)


def _delay_line(where: str, p: Population) -> Iterator[Violation]:
    """Semantics 3.4."""
    code = "IMAGE_POPULATION"
    if p.choices != LifChoices(several=p.choices.several):
        yield code, f"{where}: a delay line has no choices but fires, which it must have, and several"
    for name in ("frac", "block"):
        if getattr(p, name):
            yield code, f"{where}: {name} is {getattr(p, name)}; in a delay line it is 0"
    if "delay" not in p.parameters:
        yield code, f"{where}: a delay line needs the parameter delay"
        return
    yield from _arrays(where, p)


def _parameters(where: str, p: Population) -> Iterator[Violation]:
    yield from _arrays(where, p)
    v_min = p.parameters.get("v_min", np.array([absent_value("v_min", p.choices)]))
    v_init = p.parameters.get("v_init", np.array([0]))
    if np.any(v_init < v_min):
        neuron = np.flatnonzero(v_init < v_min)[0]
        yield "IMAGE_PARAMETER", f"{where}: v_init is below v_min in neuron {neuron}"


def _arrays(where: str, p: Population) -> Iterator[Violation]:
    """Shape and values of each parameter's array."""
    code = "IMAGE_PARAMETER"
    limits = ranges(p.choices) if p.kind is PopulationKind.LIF else {"delay": (0, DELAY_MAX)}
    for name, array in p.parameters.items():
        if array.dtype != np.int32 or array.shape not in {(1,), (p.size,)}:
            yield code, f"{where}: {name} is {array.dtype} {array.shape}; allowed: int32 (1,) or ({p.size},)"
        low, high = limits[name]
        wrong = np.flatnonzero((array < low) | (array > high))
        if len(wrong):
            yield code, f"{where}: {name}[{wrong[0]}] is {array[wrong[0]]}; allowed: {low} to {high}"


def _input(where: str, port: InputPort, window: int) -> Iterator[Violation]:
    code = "IMAGE_INPUT"
    yield from _range(code, f"{where}: size", port.size, 1, 65535)
    yield from _range(code, f"{where}: max_value", port.max_value, 1, 32767)
    yield from _range(code, f"{where}: capacity", port.capacity, 1, 65535)
    yield from _range(code, f"{where}: max_sum", port.max_sum, 1, INPUT_SUM_MAX)
    yield from _range(code, f"{where}: gain", port.gain, 0, 65536)
    yield from _range(code, f"{where}: seed", port.seed, 0, 2**32 - 1)
    if not port.shape or math.prod(port.shape) != port.size or min(port.shape) < 1:
        yield "IMAGE_SECTION", f"{where}: shape {port.shape} does not hold {port.size} neurons"
    if port.seed and port.encoder is not Encoder.POISSON:
        yield code, f"{where}: seed has no meaning without the encoder poisson"
    if port.encoder is Encoder.EVENTS:
        if port.gain:
            yield code, f"{where}: gain has no meaning without an encoder"
        return
    if port.capacity != port.size:
        yield code, f"{where}: capacity is {port.capacity}; with an encoder it is the size, {port.size}"
    if port.encoder is Encoder.DIRECT:
        yield from _range(code, f"{where}: max_value", port.max_value, 1, 255)
    elif port.max_value != 1:
        yield code, f"{where}: max_value is {port.max_value}; with this encoder it is 1"
    if port.max_sum != port.size * port.max_value:
        yield (
            code,
            f"{where}: max_sum is {port.max_sum}; with an encoder it is size * max_value, {port.size * port.max_value}",
        )
    if port.encoder is Encoder.LATENCY and window == 0:
        yield code, f"{where}: the encoder latency needs ticks_per_sample"


def _order(projections: Sequence[Projection]) -> Iterator[Violation]:
    for i, (before, after) in enumerate(pairwise(projections)):
        if after.target < before.target:
            yield "IMAGE_PROJECTION", f"projection {i + 1} ({after.name!r}): projections are ordered by target"


def _output(where: str, port: OutputPort, model: Model) -> Iterator[Violation]:
    code = "IMAGE_OUTPUT"
    yield from _range(code, f"{where}: population", port.population, 0, len(model.populations) - 1)
    population = model.populations[port.population]
    if port.kind is OutputKind.EVENTS:
        yield from _range(code, f"{where}: capacity", port.capacity, population.size, 65535)
    elif port.capacity:
        yield code, f"{where}: capacity is {port.capacity}; potentials keep no events: 0"
    if port.decoder in {Decoder.COUNT, Decoder.FIRST} and not population.choices.fires:
        yield code, f"{where}: the decoder {port.decoder.name.lower()} needs a population that fires"
    yield from _range(code, f"{where}: gap", port.gap, 0, 2**32 - 1)
    if port.gap:
        yield from _gap(code, where, port, population.size, model)
    if port.labels and len(port.labels) != population.size:
        yield "IMAGE_SECTION", f"{where}: {len(port.labels)} labels for {population.size} neurons"


def _gap(code: str, where: str, port: OutputPort, size: int, model: Model) -> Iterator[Violation]:
    """What an early exit needs: semantics 5.1."""
    if port.decoder is Decoder.NONE or size < 2:
        text = f"{where}: found a gap, {size} neurons and decoder {port.decoder.name.lower()}"
        yield code, f"{text}; an early exit compares scores: 2 neurons or more, with a decoder"
    if not model.ticks_per_sample:
        yield code, f"{where}: found a gap, and no window; a sample that ends early needs ticks_per_sample"
    if not model.reset_between:
        yield code, f"{where}: found a gap, and state that is kept between samples; an early exit needs reset_between"


def _room(model: Model) -> Iterator[Violation]:
    """A state that is too large, by what waits longest."""
    size = state_size(model)
    if size <= STATE_MAX:
        return
    parts: list[tuple[str, Population | Projection, int]] = [
        (f"population {i} ({p.name!r})", p, p.size) for i, p in enumerate(model.populations)
    ]
    parts += [
        (f"projection {i} ({p.name!r})", p, model.populations[p.target].size) for i, p in enumerate(model.projections)
    ]
    where, part, neurons = max(parts, key=lambda entry: history(entry[1], entry[2])[1])
    ticks, length = history(part, neurons)
    text = f"the state would have {size} bytes; allowed: {STATE_MAX}"
    if length:
        text += f". {where}: {ticks} ticks of {neurons} neurons wait in {length} of them: take shorter delays, "
        text += "a longer tick, or split off the neurons that wait long"
    yield "IMAGE_MODEL", text
