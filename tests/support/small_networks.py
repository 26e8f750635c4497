"""Networks of a few neurons whose numbers can be followed by hand: one input, sums, relays and delay lines."""

from __future__ import annotations

from typing import Any

import numpy as np

from spikelet.events import EVENT
from spikelet.model import (
    Decoder,
    InputPort,
    LifChoices,
    Model,
    OutputPort,
    Population,
    PopulationKind,
    Projection,
    ProjectionKind,
)
from spikelet.runner import Runner, Variable

__all__ = ["join", "line", "network", "push", "relay", "sums", "traced"]


def sums(name: str, size: int, **fields: Any) -> Population:
    """Neurons whose potential is what came in in this tick."""
    return Population(
        name=name,
        size=size,
        frac=0,
        choices=LifChoices(fires=False),
        parameters={"decay_v": np.zeros(1, np.int32)},
        **fields,
    )


def relay(name: str, size: int, **fields: Any) -> Population:
    """Neurons that fire as many times as what came in in this tick, at most 9 times."""
    numbers = {"decay_v": [0], "fire_above": [0]}
    return Population(
        name=name,
        size=size,
        frac=0,
        choices=LifChoices(several=True),
        parameters={key: np.array(values, np.int32) for key, values in numbers.items()},
        max_count=9,
        **fields,
    )


def line(name: str, delay: list[int], size: int, max_count: int = 100) -> Population:
    """A delay line."""
    return Population(
        name=name,
        size=size,
        frac=0,
        choices=LifChoices(several=max_count > 1),
        parameters={"delay": np.array(delay, np.int32)},
        max_count=max_count,
        kind=PopulationKind.DELAY,
    )


def join(source: int | str, target: int, weights: Any = None, **fields: Any) -> Projection:
    """A projection from a population, or from the input; without weights a feed."""
    kind = ProjectionKind.FEED if weights is None else ProjectionKind.DENSE
    if isinstance(weights, list):
        weights = np.array(weights, np.int8)
    of = {"source": 0 if source == "in" else source, "from_input": source == "in"}
    return Projection(
        **{"name": f"{source}-{target}", "target": target, "weights": weights, "kind": kind} | of | fields
    )


def network(
    populations: list[Population], projections: list[Projection], n_in: int, max_sum: int = 100, **fields: Any
) -> Model:
    """One input of events; the last population has the output."""
    last = len(populations) - 1
    return Model(
        populations=tuple(populations),
        projections=tuple(projections),
        inputs=(
            InputPort(name="in", size=n_in, shape=(n_in,), max_value=min(max_sum, 50), max_sum=max_sum, capacity=500),
        ),
        outputs=(OutputPort(name="out", population=last, capacity=9 * populations[last].size, decoder=Decoder.NONE),),
        **fields,
    )


def push(running: Runner, *rows: tuple[int, int, int]) -> None:
    """Events (tick, neuron, value)."""
    running.push(np.array(list(rows), EVENT))


def traced(running: Runner, ticks: int, population: int = 0, variable: Variable = Variable.V) -> list[list[int]]:
    """A variable of all neurons after each tick."""
    found = []
    for _ in range(ticks):
        assert running.advance(1) == 1
        found.append(running.probe(population, variable).tolist())
    return found
