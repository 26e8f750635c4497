"""The work of a tick as terms that have a cost each, by layer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from spikelet.arena import state_arrays
from spikelet.budget_activity import Fired, Step, Tick
from spikelet.budget_layers import NETWORK, Owner
from spikelet.budget_neurons import Neurons
from spikelet.budget_projections import Way
from spikelet.model import Decoder, Encoder, InputPort, Model, OutputKind, OutputPort, PopulationKind

__all__ = ["Terms", "Work"]

#: Terms of each layer.
Terms = dict[Owner, "Counter[str]"]
#: Arrays of a population's state that a new sample clears.
_CLEARED = ("u", "a", "r", "rests", "ring", "place", "v", "head")


class Work:
    """A model on a board with certain kernels: what its ticks cost, in terms.

    Args:
        model: to look at.
        kernels: the board's list of kernel sets.
    """

    def __init__(self, model: Model, kernels: Sequence[str]) -> None:
        self.model = model
        self._neurons = [Neurons(model, index, tuple(kernels)) for index in range(len(model.populations))]
        self._ways = [Way(model, index, tuple(kernels)) for index in range(len(model.projections))]
        self._to: list[list[int]] = [
            [n for n, p in enumerate(model.projections) if p.target == index] for index in range(len(model.populations))
        ]

    def terms(self, tick: Tick) -> Terms:
        """What a tick costs; what pushes its events is not in it."""
        found: Terms = {NETWORK: self._network(tick)}
        if tick.rested:
            return found
        for index, port in enumerate(self.model.inputs):
            found["input", index] = _input(port, tick.inputs[index])
        for index in range(len(self.model.populations)):
            found["population", index] = self._population(index, tick)
        for index, out in enumerate(self.model.outputs):
            size = self.model.populations[out.population].size
            found["output", index] = _output(out, size, tick.updates[out.population].fired)
        return found

    def push(self, step: Step) -> Terms:
        """What handing over a tick's events and frames costs, port by port, in one call each."""
        found: Terms = {NETWORK: self._sample()} if step.began else {}
        for index, events in step.events.items():
            ones = events["value"] == 1
            other = len(events) - int(np.count_nonzero(ones))
            found["input", index] = Counter({"push": 1, "push.event": len(events), "push.value": other})
            found["input", index]["push.last"] = int(ones[-1:].any())
        for index, frame in step.frames.items():
            found["input", index] = Counter({"frame": 1, "frame.neuron": len(frame)})
        return found

    def synops(self, tick: Tick) -> list[int]:
        """Weights that are added in a tick, by population."""
        found = [0] * len(self.model.populations)
        for number, way in enumerate(self._ways):
            found[way.projection.target] += way.synops(self._source(number, tick))
        return found

    def _source(self, number: int, tick: Tick) -> Fired:
        """The events that a projection gets."""
        p = self.model.projections[number]
        if p.from_input:
            return tick.inputs[p.source]
        return tick.updates[p.source].fired if p.source < p.target else tick.before[p.source]

    def _population(self, index: int, tick: Tick) -> Counter[str]:
        population, update = self.model.populations[index], tick.updates[index]
        found: Counter[str] = Counter({"population.way": len(self._to[index])})
        touched = np.zeros(-(-population.size // 2**population.block), bool)
        late = iter(update.waits if population.kind is PopulationKind.LIF else ())
        busy = any(update.waits)
        for number in self._to[index]:
            way, fired = self._ways[number], self._source(number, tick)
            waits = next(late, 0) if way.projection.delays is not None else 0
            found += way.terms(fired, waits)
            busy = busy or len(fired) > 0
            if population.block:
                touched |= way.touched(fired, waits)
        if not update.updated:
            return found + Counter({"population.skipped": 1})
        found["population.updated"] += 1
        if population.kind is PopulationKind.DELAY:
            return found + _line(population.size, update.fired, several=population.choices.several, busy=busy)
        return found + self._neurons[index].terms(update, touched if population.block else None, busy=busy)

    def _network(self, tick: Tick) -> Counter[str]:
        model = self.model
        if tick.rested:
            return Counter({"rest": 1, "rest.input": len(model.inputs), "rest.population": len(model.populations)})
        found = Counter({"tick": 1})
        if tick.asked:
            found += Counter({"asked": 1, "asked.input": len(model.inputs)})
        return found + self._sample() if tick.began else found

    def _sample(self) -> Counter[str]:
        """The beginning of a sample."""
        model = self.model
        sizes = [model.populations[out.population].size for out in model.outputs]
        found = Counter({"sample": 1, "sample.score": sum(sizes), "sample.output": len(sizes)})
        if model.reset_between:
            found += Counter({"sample.population": len(model.populations), "sample.word": self._cleared()})
            found["sample.neuron"] += sum(population.size for population in model.populations)
        return found

    def _cleared(self) -> int:
        """Words of the state that a new sample clears."""
        arrays = (array for array in state_arrays(self.model) if array.owner in {"population", "projection"})
        return sum(array.room for array in arrays if array.name in _CLEARED) // 4


def _input(port: InputPort, fired: Fired) -> Counter[str]:
    if port.encoder is Encoder.EVENTS:
        return Counter({"input.events": 1, "input.event": len(fired), "input.some": len(fired) > 0})
    name = f"encode.{port.encoder.name.lower()}"
    return Counter({"input.frame": 1, f"{name}.neuron": port.size, f"{name}.event": len(fired)})


def _line(size: int, events: Fired, *, several: bool, busy: bool) -> Counter[str]:
    """The tick of a delay line; `busy`: something waits in it."""
    found = Counter({"line": 1})
    fired = events.neurons
    if not busy:
        return found
    if several:
        return found + Counter({"line.values": 1, "line.value": size, "line.value.fired": len(fired)})
    bits = np.zeros(-(-size // 32), np.int64)
    np.maximum.at(bits, fired // 32, fired % 32 + 1)
    return found + Counter(
        {"line.bits": 1, "line.word": len(bits), "line.bit": int(bits.sum()), "line.fired": len(fired)}
    )


def _output(out: OutputPort, size: int, fired: Fired) -> Counter[str]:
    found = Counter({"output": 1})
    if out.kind is OutputKind.EVENTS:
        found["output.events"] += 1
        found["output.event"] += len(fired)
        found["output.value"] += 0 if fired.values is None else len(fired)
    name = f"decode.{out.decoder.name.lower()}"
    if out.decoder is not Decoder.NONE:
        found[name] += 1
        found[f"{name}.each"] += len(fired) if out.decoder in {Decoder.COUNT, Decoder.FIRST} else size
        if fired.values is not None:
            found[f"{name}.values"] += len(fired)
    return found
