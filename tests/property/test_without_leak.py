"""Networks of neurons that only sum, in blocks: what rests, and what the fast kernel does, changes no result."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from agreement import assert_agreement
from spikelet.engine import Engine
from spikelet.model import Int32Array, LifChoices, Model, Population, PopulationKind, ResetKind
from spikelet.reference import Reference
from strategies import corpus


def _change(rng: np.random.Generator, population: Population) -> Population:
    """A population without leak, of the same size; often one of several spikes, of few neurons a block."""
    if population.kind is PopulationKind.DELAY:
        return population
    kind = ResetKind(int(rng.integers(3)))
    # A source of so large counts as before, so that bounds hold.
    several = population.max_count > 1 or bool(rng.integers(2))
    frac = int(rng.integers(0, 4))
    unit = 40 << frac

    def some(low: int, high: int) -> Int32Array:
        return rng.integers(low, high, 1 if rng.random() < 0.5 else population.size, endpoint=True).astype(np.int32)

    numbers = {"fire_above": some(-unit // 8 if rng.random() < 0.2 else 0, unit)}
    if rng.random() < 0.6:
        numbers["v_min"] = some(-unit, 0)
    if kind is not ResetKind.NONE:
        numbers["reset"] = some(0 if kind is ResetKind.SUBTRACT else -unit, unit)
    if rng.random() < 0.3:
        numbers["v_init"] = some(0, unit + unit // 2)
    if several:
        numbers["count_by"] = some(1, unit)
    return dataclasses.replace(
        population,
        frac=frac,
        choices=LifChoices(several=several, reset_kind=kind, add_then_decay=rng.random() < 0.2),
        parameters=numbers,
        block=int(rng.choice([0, 3, 3, 4])),
    )


def _model(seed: int, model: Model) -> Model:
    rng = np.random.default_rng(seed)
    return dataclasses.replace(model, populations=tuple(_change(rng, p) for p in model.populations))


@pytest.mark.parametrize("part", range(4))
def test_networks_without_leak_agree(part: int) -> None:
    """Semantics 3.3, after every tick: several spikes, resets of all kinds, blocks that rest and wake."""
    fired = 0
    for seed, (model, calls) in enumerate(corpus(120)):
        if seed % 4 == part:
            changed = _model(seed, model)
            with Engine(changed) as engine:
                assert_agreement(Reference(changed), engine, calls)
                fired += sum(stats.events for stats in engine.stats())

    assert fired > 300
