"""Small networks that set the costs of ports, samples, statistics and rest apart."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import product

import numpy as np
from benchmarks.costs.networks import Rng, events, frames, population, port, potentials, spikes
from benchmarks.costs.runs import Case

from spikelet.model import Decoder, Encoder, LifChoices, Model, OutputPort, Projection, ResetKind

__all__ = ["ports"]

_TICKS = (0, 4, 0, 0, 0, 9, 1, 0, 12, 3, 0, 0, 0, 0, 0, 0, 0, 5)
_FIRES = LifChoices(reset_kind=ResetKind.SET)


def ports(rng: Rng) -> Iterator[Case]:
    """Inputs, encoders, outputs, decoders; samples; populations and projections that rest."""
    for n_inputs, n_parts in product((1, 2, 4), (1, 2, 3, 6)):
        yield _chain(f"chain {n_inputs} {n_parts}", rng, n_inputs, n_parts)
    for decoder in Decoder:
        for n in (3, 17, 40):
            yield _decoded(f"decode {decoder.name} {n}", rng, decoder, n, several=False)
            yield _decoded(f"decode several {decoder.name} {n}", rng, decoder, n, several=True)
    for encoder in (Encoder.RATE, Encoder.POISSON, Encoder.LATENCY, Encoder.DIRECT):
        for n in (6, 30, 90):
            yield _encoded(f"encode {encoder.name} {n}", rng, encoder, n)
    for n in (5, 30):
        for keep in (False, True):
            yield _windows(f"samples {n} {keep}", rng, n, keep)


def _chain(name: str, rng: Rng, n_inputs: int, n_parts: int) -> Case:
    """Inputs to the first of several populations, which come to rest one by one."""
    inputs = tuple(port(20, name=f"in{i}") for i in range(n_inputs))
    parts = tuple(population(8, _FIRES, decay_v=30000, fire_above=900) for _ in range(n_parts))
    ways = [_way(rng, i, 0, 20, 8, from_input=True) for i in range(n_inputs)]
    for target in range(1, n_parts):
        ways += [_way(rng, source, target, 8, 8) for source in range(max(0, target - 2), target)]
    outputs = tuple(potentials(i) for i in range(0, n_parts, 2))
    model = Model(populations=parts, projections=tuple(ways), inputs=inputs, outputs=outputs)
    given = [events(rng, inputs, (*_TICKS, *[0] * 60)), events(rng, inputs, _TICKS)]
    return Case(name=name, model=_named(model), samples=given[:1], ticks=len(_TICKS) + 60)


def _named(model: Model) -> Model:
    """With names of their own."""
    return replace(
        model,
        populations=tuple(replace(part, name=f"p{i}") for i, part in enumerate(model.populations)),
        projections=tuple(replace(way, name=f"w{i}") for i, way in enumerate(model.projections)),
        outputs=tuple(replace(out, name=f"out{i}") for i, out in enumerate(model.outputs)),
    )


def _way(rng: Rng, source: int, target: int, n: int, to: int, *, from_input: bool = False) -> Projection:
    made = rng.integers(-10, 60, (n, to)).astype(np.int8)
    return Projection(name="w", source=source, from_input=from_input, target=target, weights=made)


def _decoded(name: str, rng: Rng, decoder: Decoder, n: int, *, several: bool) -> Case:
    choices = replace(_FIRES, several=several, shift12=True)
    more = {"count_by": 500} if several else {}
    part = population(n, choices, decay_v=3000, fire_above=900, **more)
    outputs: tuple[OutputPort, ...] = (spikes(0, n, decoder), potentials(0, decoder))
    model = Model(
        populations=(part,), projections=(_way(rng, 0, 0, 20, n, from_input=True),), inputs=(port(20),), outputs=outputs
    )
    return Case(name=name, model=_named(model), samples=[events(rng, model.inputs, _TICKS)], ticks=len(_TICKS))


def _encoded(name: str, rng: Rng, encoder: Encoder, n: int) -> Case:
    inputs = (frames(n, encoder),)
    part = population(8, _FIRES, decay_v=30000, fire_above=900)
    model = Model(
        populations=(part,),
        projections=(_way(rng, 0, 0, n, 8, from_input=True),),
        inputs=inputs,
        outputs=(potentials(),),
        ticks_per_sample=9,
    )
    return Case(name=name, model=_named(model), samples=[events(rng, inputs) for _ in range(3)], ticks=9)


def _windows(name: str, rng: Rng, n: int, keep: bool) -> Case:
    """Samples of a window, from the initial state or not."""
    inputs = (port(20),)
    parts = (
        population(n, replace(_FIRES, has_u=True), decay_v=30000, fire_above=900, decay_u=30000),
        population(10, _FIRES, decay_v=30000, fire_above=900),
    )
    ways = (_way(rng, 0, 0, 20, n, from_input=True), _way(rng, 0, 1, n, 10))
    model = Model(
        populations=parts,
        projections=ways,
        inputs=inputs,
        outputs=(spikes(1, 10), potentials(0, Decoder.LARGEST)),
        ticks_per_sample=6,
        reset_between=not keep,
    )
    given = [
        events(rng, inputs, densities) for densities in ((0, 4, 9, 0, 0, 1), (5, 0, 0, 0, 0, 0), (0, 0, 0, 8, 8, 0))
    ]
    return Case(name=name, model=_named(model), samples=given, ticks=6)
