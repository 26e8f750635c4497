"""How busy a network is: in its worst tick, in ticks of a data set, or as assumed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from spikelet.budget_activity import Fired, Recorder, Step, Tick, Update
from spikelet.budget_layers import Owner
from spikelet.budget_terms import Terms, Work
from spikelet.datasets import DataSet
from spikelet.events import EVENT, EventArray
from spikelet.fit import worst_case
from spikelet.model import Encoder, InputPort, Model, Population, PopulationKind

__all__ = ["Load", "assumed", "measured", "worst"]

#: Ticks that an assumed rate is drawn for.
_TICKS = 40
#: Ticks until everything fires, beside one for each delay line.
_SETTLE = 4


@dataclass(slots=True)
class Load:
    """What ticks did, summed up: terms and events by layer, weights added by population.

    `handed` are the terms of pushing events and frames.
    """

    ticks: int = 0
    samples: int = 0
    terms: Terms = field(default_factory=dict)
    handed: Terms = field(default_factory=dict)
    events: Counter[Owner] = field(default_factory=Counter)
    synops: Counter[Owner] = field(default_factory=Counter)

    def add(self, work: Work, step: Step) -> None:
        """Add a tick and what was given before it."""
        _join(self.handed, work.push(step))
        self.add_tick(work, step.tick)

    def add_tick(self, work: Work, tick: Tick) -> None:
        """Add a tick."""
        self.ticks += 1
        _join(self.terms, work.terms(tick))
        for index, fired in enumerate(tick.inputs):
            self.events["input", index] += len(fired)
        for index, (update, synops) in enumerate(zip(tick.updates, work.synops(tick), strict=True)):
            self.events["population", index] += len(update.fired) if update.updated else 0
            self.synops["population", index] += synops

    def cost(self, costs: Mapping[str, float]) -> dict[Owner, float]:
        """Instructions of all ticks, by layer."""
        return _priced(self.terms, costs)

    def handed_cost(self, costs: Mapping[str, float]) -> float:
        """Instructions of pushing."""
        return sum(_priced(self.handed, costs).values())


def _join(total: Terms, more: Terms) -> None:
    for owner, terms in more.items():
        total.setdefault(owner, Counter()).update(terms)


def _priced(terms: Terms, costs: Mapping[str, float]) -> dict[Owner, float]:
    return {owner: sum(costs.get(name, 0.0) * n for name, n in own.items()) for owner, own in terms.items()}


def worst(model: Model, work: Callable[[Model], Work], costs: Mapping[str, float]) -> Load:
    """The tick that costs most when every input and every neuron fires, several times where that is allowed."""
    flooded = worst_case(model)
    of_flooded = work(flooded)
    recorder = Recorder(flooded)
    found, most = Load(), -1.0
    lines = sum(population.kind is PopulationKind.DELAY for population in model.populations)
    for tick in range(_SETTLE + lines):
        for index, port in enumerate(flooded.inputs):
            if port.encoder is not Encoder.EVENTS:
                recorder.engine.push_frame(np.full(port.size, 255, np.uint8), index)
            else:
                recorder.engine.push(_flood(port, tick), index)
        for out in range(len(flooded.outputs)):
            recorder.engine.take(out)
        done = recorder.tick()
        assert done is not None
        load = Load()
        load.add_tick(of_flooded, done)
        cost = sum(load.cost(costs).values())
        if cost > most:
            found, most = load, cost
    recorder.close()
    return found


def _flood(port: InputPort, tick: int) -> EventArray:
    """As many events as a port takes in a tick."""
    value = min(2, port.max_value)
    events: EventArray = np.zeros(max(1, min(port.size, port.capacity, port.max_sum // value)), EVENT)
    events["tick"], events["neuron"], events["value"] = tick, np.arange(len(events)), min(value, port.max_sum)
    return events


def measured(
    work: Work,
    data: DataSet,
    *,
    ticks: npt.NDArray[np.int64] | None = None,
    progress: Callable[[int], object] = lambda _: None,
) -> Load:
    """All ticks of a data set's samples, run on this host one after the other.

    Args:
        work: of the model that the data were loaded for.
        data: samples.
        ticks: how many of each sample are run, from the initial state, shape (samples,); None: all, one sample
            behind the other.
        progress: called with 1 after each sample.
    """
    recorder, load = Recorder(work.model), Load()
    for index in range(len(data)):
        if ticks is not None or not work.model.ticks_per_sample:
            recorder.engine.reset()
        length = data.ticks_of(index) if ticks is None else int(ticks[index])
        for step in recorder.sample(data.inputs(index), length):
            load.add(work, step)
        load.samples += 1
        progress(1)
    recorder.close()
    return load


def assumed(work: Work, part: float) -> Load:
    """Ticks in which a part of all inputs and neurons fires, drawn at random (the same each time)."""
    load, rng = Load(), np.random.default_rng(0)
    before = [_some(rng, population, part) for population in work.model.populations]
    for _ in range(_TICKS):
        fired = [_some(rng, population, part) for population in work.model.populations]
        tick = Tick(
            inputs=[Fired(_chosen(rng, port.size, part)) for port in work.model.inputs],
            updates=list(_updates(work.model, fired, before)),
            before=before,
        )
        load.add_tick(work, tick)
        before = fired
    return load


def _updates(model: Model, fired: list[Fired], before: list[Fired]) -> Iterator[Update]:
    for index, population in enumerate(model.populations):
        n_blocks = -(-population.size // 2**population.block)
        late = sum(p.target == index and p.delays is not None for p in model.projections)
        yield Update(
            updated=True,
            fired=fired[index],
            changed=np.ones(population.size, bool),
            due=len(before[index]),
            quiet=len(before[index]) if population.choices.has_refractory else 0,
            rested=np.ones(n_blocks, bool) if population.block else None,
            waits=(1,) * max(late, population.kind is PopulationKind.DELAY),
        )


def _some(rng: np.random.Generator, population: Population, part: float) -> Fired:
    neurons = _chosen(rng, population.size, part if population.choices.fires else 0.0)
    if not population.choices.several:
        return Fired(neurons)
    return Fired(neurons, np.ones(len(neurons), np.int64), ones=False)


def _chosen(rng: np.random.Generator, size: int, part: float) -> npt.NDArray[np.int64]:
    return np.flatnonzero(rng.random(size) < part)
