"""What cost is held against: dense networks, ours beside plain C's, one quantity at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from benchmarks.instructions.budget import Bare
from benchmarks.plain.layout import CHOICES
from benchmarks.spiking.plain import PlainNet

from spikelet.bench_scaling import CURVES, Point
from spikelet.events import EVENT, EventArray
from spikelet.model import V_MAX, InputPort, Model, OutputPort, Population, Projection, ProjectionKind
from spikelet.reference import Reference
from spikelet.runner import Variable

__all__ = ["points"]

_OUTPUTS = 10
#: Ticks after which a network rests whatever it was given.
_SETTLED = 500
#: Plain C does every tick; beyond so many it would only take long.
_PLAIN_TICKS = 4096


@dataclass(frozen=True, slots=True)
class _Setting:
    """A network of so many inputs and hidden neurons; what a tick is given; whether it comes after a long rest."""

    inputs: int
    hidden: int
    events: int
    ticks: int = 1


#: A curve's settings, by its quantity.
_SETTINGS: Mapping[str, Callable[[int], _Setting]] = {
    "input events": lambda x: _Setting(1024, 128, x),
    "fan-out": lambda x: _Setting(64, x, 64),
    "neurons": lambda x: _Setting(16, x, 1),
    "neurons at rest": lambda x: _Setting(16, x, 0),
    "idle ticks": lambda x: _Setting(16, 128, 0, x),
}


def points(core: str, compiler: str, curve: str) -> Iterator[Point]:
    """Count a curve of CURVES; all membranes of both sides are compared with the numpy reference."""
    for x in CURVES[curve]:
        setting = _SETTINGS[curve](x)
        model = _network(setting.inputs, setting.hidden)
        events = _events(setting.inputs, setting.events)
        ours = _ours(core, compiler, model, events, setting.ticks)
        plain = _plain(core, compiler, model, events, setting.ticks) if setting.ticks <= _PLAIN_TICKS else None
        yield Point(x=x, ours=ours, plain=plain)


def _ours(core: str, compiler: str, model: Model, events: EventArray, ticks: int) -> int:
    """Instructions of the ticks with these events in the first; without events the network rests before."""
    bare, reference = Bare(core, compiler, model), Reference(model)
    before = 1 if len(events) else _SETTLED
    bare.machine.call("bare_ticks", before)
    reference.advance(before)
    bare.machine.clear()
    if len(events):
        bare.push(events, ticks)
    else:
        done = bare.machine.call("bare_ticks", ticks)
        assert done == ticks
    total = sum(bare.machine.counts().values())
    reference.run(events, ticks, reset=False)
    for index in range(len(model.populations)):
        assert reference.probe(index, Variable.V).tolist() == bare.probe(index)
    return total


def _plain(core: str, compiler: str, model: Model, events: EventArray, ticks: int) -> int:
    """The same of plain C, which is at rest before."""
    net, reference = PlainNet(core, compiler, model), Reference(model)
    net.run(events, ticks)
    reference.run(events, ticks)
    for index in range(len(model.populations)):
        assert reference.probe(index, Variable.V).tolist() == net.membranes(index)
    return sum(net.machine.counts().values())


def _network(inputs: int, hidden: int) -> Model:
    """Two dense layers that leak and never fire, so that nothing but the quantity asked for varies."""
    rng = np.random.default_rng(inputs * 8192 + hidden)
    sizes = (inputs, hidden, _OUTPUTS)
    return Model(
        populations=tuple(_population(f"p{i}", n) for i, n in enumerate(sizes[1:])),
        projections=tuple(
            Projection(
                name=f"w{i}",
                source=0,
                from_input=i == 0,
                target=i,
                weights=rng.integers(-127, 128, sizes[i : i + 2]).astype(np.int8),
                kind=ProjectionKind.DENSE,
            )
            for i in range(2)
        ),
        inputs=(InputPort(name="in", size=inputs, shape=(inputs,), max_value=1, max_sum=inputs, capacity=inputs),),
        outputs=(OutputPort(name="out", population=1, capacity=2 * _OUTPUTS),),
    )


def _population(name: str, size: int) -> Population:
    parameters = {"decay_v": np.array([58982], np.int32), "fire_above": np.full(size, V_MAX, np.int32)}
    return Population(name=name, size=size, frac=8, choices=CHOICES, parameters=parameters)


def _events(inputs: int, n: int) -> EventArray:
    """So many events of one tick, of neurons next to each other."""
    events = np.zeros(n, EVENT)
    events["neuron"], events["value"] = np.arange(n) % inputs, 1
    return events
