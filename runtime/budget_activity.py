"""What happens in a tick, as far as it costs instructions: told by the host engine, tick by tick."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from spikelet.arena import StateArray, state_arrays
from spikelet.converters.emit.kernels import is_if
from spikelet.engine import Engine
from spikelet.events import EventArray
from spikelet.model import Encoder, Int32Array, Model, Population, PopulationKind, ResetKind

__all__ = ["Fired", "Recorder", "Step", "Tick", "Update"]

_Index = npt.NDArray[np.int64]
_Mask = npt.NDArray[np.bool_]
_TYPES = {"statistics": "<u8", "events": "<u2", "values": "<i2", "r": "<u2", "v": "<i4", "u": "<i4", "a": "<i4"}


@dataclass(frozen=True, slots=True)
class Fired:
    """Events of a source in a tick: neurons, and values where not all are 1 for certain.

    `ones`: the engine knows that they are all 1.
    """

    neurons: _Index = field(default_factory=lambda: np.zeros(0, np.int64))
    values: _Index | None = None
    ones: bool = True

    def __len__(self) -> int:
        return len(self.neurons)


@dataclass(frozen=True, slots=True, kw_only=True)
class Update:
    """What a population did in a tick.

    Args:
        updated: it was not skipped.
        fired: its events.
        changed: which neurons' state changed; None: it has no neurons of its own (a delay line).
        low: which neurons ended at v_min.
        negative: neurons that ended below 0.
        bits: of the quotients by which several spikes are counted.
        due: neurons that were above their threshold before the tick (late resets).
        quiet: neurons in their refractory time.
        rested: which blocks rested before the tick; None: it has no blocks.
        waits: ticks until the ring of each late projection is empty, in order; for a delay line values that wait.
    """

    updated: bool
    fired: Fired
    changed: _Mask | None = None
    low: _Mask | None = None
    negative: int = 0
    bits: int = 0
    due: int = 0
    quiet: int = 0
    rested: _Mask | None = None
    waits: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    """What happened in a tick: events of the input ports, updates of the populations, events of the tick before.

    `rested`: the engine passed over it, as nothing could happen; `began`: a sample began with it;
    `asked`: before it ran, it was found out that not all could be passed over (nothing was awake).
    """

    inputs: Sequence[Fired]
    updates: Sequence[Update]
    before: Sequence[Fired]
    rested: bool = False
    began: bool = False
    asked: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A tick and what was given before it, by port; `began`: a frame began a new sample."""

    tick: Tick
    events: Mapping[int, EventArray]
    frames: Mapping[int, npt.NDArray[np.uint8]]
    began: bool


class Recorder:
    """Runs a model on the host and tells what each tick did.

    Args:
        model: to run; inputs are given to `engine` as to any runner.
    """

    def __init__(self, model: Model) -> None:
        self.model, self.engine = model, Engine(model)
        self._places: dict[tuple[str, int, str], list[tuple[int, StateArray]]] = {}
        at = 0
        for array in state_arrays(model):
            self._places.setdefault((array.owner, array.index, array.name), []).append((at, array))
            at += array.room
        self._thresholds = [_threshold(population) for population in model.populations]
        #: Blocks without leak rest at first, unless a neuron is above its threshold; then a bit means the opposite.
        self._calm = [
            is_if(model, index) and bool(np.all(_each(population, "v_init", 0) <= self._thresholds[index]))
            for index, population in enumerate(model.populations)
        ]
        self._floors = [_each(population, "v_min", -(2**30)) for population in model.populations]

    def close(self) -> None:
        """Give the engine back."""
        self.engine.close()

    def tick(self) -> Tick | None:
        """Do a tick; None: an output queue is full."""
        before = _State(self, self.engine.state)
        if self.engine.advance(1) == 0:
            return None
        after = _State(self, self.engine.state)
        window = self.model.ticks_per_sample
        began = window > 0 and int(before.get("clock", 0, "clock")[1]) >= window
        rested = self._rests(before, began=began)
        fresh = began and self.model.reset_between
        return Tick(
            inputs=[_NONE if rested else after.port(index) for index in range(len(self.model.inputs))],
            updates=[self._update(index, before, after, fresh=fresh) for index in range(len(self.model.populations))],
            before=[_NONE if fresh else before.fired(index) for index in range(len(self.model.populations))],
            rested=rested,
            began=began,
            asked=int(before.get("clock", 0, "clock")[3]) == 0 and int(after.get("clock", 0, "clock")[1]) != 1,
        )

    def sample(self, given: Mapping[str, Any], ticks: int) -> Iterator[Step]:
        """Run a sample, behind those before it; what comes out is taken away.

        Args:
            given: by port events, whose ticks are the sample's, or a frame.
            ticks: length of the sample.
        """
        start, frames = self.engine.tick_number, {}
        events: dict[int, EventArray] = {}
        clock = _State(self, self.engine.state).get("clock", 0, "clock")
        due = 0 < self.model.ticks_per_sample <= int(clock[1])
        for index, port in enumerate(self.model.inputs):
            if port.encoder is not Encoder.EVENTS:
                frames[index] = np.ascontiguousarray(given[port.name], np.uint8).reshape(-1)
                self.engine.push_frame(frames[index], index)
                continue
            events[index] = given[port.name].copy()
            events[index]["tick"] += start
        for number in range(ticks):
            now = {index: own[own["tick"] == start + number] for index, own in events.items()}
            for index, own in now.items():
                self.engine.push(own, index)
            for out in range(len(self.model.outputs)):
                self.engine.take(out)
            tick = self.tick()
            assert tick is not None, "output queues that were emptied hold a tick"
            first = number == 0 and bool(frames)
            yield Step(
                tick=tick,
                events={index: own for index, own in now.items() if len(own)},
                frames=frames if first else {},
                began=first and due,
            )

    def _rests(self, before: _State, *, began: bool) -> bool:
        """Whether spkl_rest passed over the tick: as it decides itself."""
        clock = before.get("clock", 0, "clock")
        if clock[3] != 0 or began or clock[1] == 0:
            return False
        for index, port in enumerate(self.model.inputs):
            n_events, kind = before.get("input", index, "head")
            queue = before.get("input", index, "queue")
            if n_events or kind:
                return False
            if port.encoder is Encoder.EVENTS and queue[0] != queue[1]:
                held = before.get("input", index, "held")
                if int(held[2 * (int(queue[0]) % port.capacity)]) - int(clock[0]) <= 0:
                    return False
        return True

    def _update(self, index: int, before: _State, after: _State, *, fresh: bool) -> Update:
        population = self.model.populations[index]
        owner = ("population", index)
        skipped = int(after.get(*owner, "statistics")[2] - before.get(*owner, "statistics")[2])
        waits = () if fresh else before.waits(index)
        if population.kind is PopulationKind.DELAY:
            return Update(updated=not skipped, fired=after.fired(index), waits=waits)
        new = after.get(*owner, "v")
        old = _each(population, "v_init", 0) if fresh else before.get(*owner, "v")
        changed = np.broadcast_to(old, new.shape) != new
        for name in ("u", "a", "r"):
            if len(after.get(*owner, name)):
                start = 0 if fresh else before.get(*owner, name)
                changed = changed | (after.get(*owner, name) != start)
        rested = None
        if population.block:
            n_blocks = -(-population.size // 2**population.block)
            bits = np.unpackbits(before.get(*owner, "rests").view("<u1"), bitorder="little")[:n_blocks]
            rested = (bits & (not fresh)).astype(bool) != self._calm[index]
        quiet = 0
        if population.choices.has_refractory and not fresh:
            quiet = int(np.count_nonzero(before.get(*owner, "r")))
        return Update(
            updated=not skipped,
            fired=after.fired(index),
            changed=changed,
            low=new == self._floors[index],
            negative=int(np.count_nonzero(new < 0)),
            bits=self._bits(population, after.fired(index), new, self._thresholds[index]),
            due=int(np.count_nonzero(old > self._thresholds[index])),
            quiet=quiet,
            rested=rested,
            waits=waits,
        )

    @staticmethod
    def _bits(population: Population, fired: Fired, v: Int32Array, threshold: Int32Array) -> int:
        """Bits of the quotients (v - threshold - 1) / count_by of the neurons that fired; v was before the reset."""
        if fired.values is None or not len(fired):
            return 0
        at = fired.neurons
        above = np.broadcast_to(threshold, population.size)[at].astype(np.int64)
        by = np.broadcast_to(_each(population, "count_by", 1), population.size)[at].astype(np.int64)
        kind = population.choices.reset_kind
        if kind is ResetKind.SET:
            quotient = fired.values - 1
        else:
            reset = np.broadcast_to(_each(population, "reset", 0), population.size)[at].astype(np.int64)
            was = v[at] + (reset * fired.values if kind is ResetKind.SUBTRACT else 0)
            quotient = np.maximum(was - above - 1, 0) // by
        return int(sum(int(q).bit_length() for q in quotient))


_NONE = Fired()


class _State:
    """The arrays of a copy of the state."""

    def __init__(self, recorder: Recorder, data: bytes) -> None:
        self._recorder, self._data = recorder, data

    def get(self, owner: str, index: int, name: str, number: int = 0) -> Any:
        """An array, of the type that its name says, else of words."""
        at, array = self._recorder._places[owner, index, name][number]
        kind = np.dtype(_TYPES.get(name, "<u4"))
        return np.frombuffer(self._data, kind, array.size // kind.itemsize, at)

    def fired(self, index: int) -> Fired:
        """Events of a population's last tick."""
        n = int(self.get("population", index, "head")[0])
        neurons = self.get("population", index, "events")[:n].astype(np.int64)
        if not self._recorder.model.populations[index].choices.several:
            return Fired(neurons)
        return Fired(neurons, self.get("population", index, "values")[:n].astype(np.int64), ones=False)

    def port(self, index: int) -> Fired:
        """Events of an input port's last tick."""
        n, kind = (int(word) for word in self.get("input", index, "head"))
        neurons = self.get("input", index, "events")[:n].astype(np.int64)
        return Fired(neurons, self.get("input", index, "values")[:n].astype(np.int64), ones=kind == 1)

    def waits(self, index: int) -> tuple[int, ...]:
        """What waits in the rings of a population: its own, or those of its late projections."""
        model = self._recorder.model
        if model.populations[index].kind is PopulationKind.DELAY:
            return (int(self.get("population", index, "place")[1]),)
        late = [n for n, p in enumerate(model.projections) if p.target == index and p.delays is not None]
        return tuple(int(self.get("projection", number, "place")[1]) for number in late)


def _each(population: Population, name: str, absent: int) -> npt.NDArray[np.int32]:
    return np.asarray(population.parameters.get(name, np.array([absent])), np.int32)


def _threshold(population: Population) -> npt.NDArray[np.int32]:
    """Where it fires; one that does not fire has the largest."""
    return _each(population, "fire_above", 2**30 - 1)
