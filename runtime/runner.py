"""What the host engine, the reference, emulated and real boards have in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from spikelet.errors import DataError
from spikelet.events import EVENT, EventArray, as_events, counts
from spikelet.model import Encoder, InputPort, Int32Array, Model, OutputKind

__all__ = ["Output", "PopulationStats", "Result", "Runner", "Variable"]


_Self = TypeVar("_Self", bound="Runner")
_TICKS = 2**32


class Variable(IntEnum):
    """What `probe` can read (enum spkl_variable)."""

    V = 0
    U = 1
    A = 2
    R = 3
    EVENTS = 4
    QUIET = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class PopulationStats:
    """Statistics of a population since start (semantics 6)."""

    events: int
    synops: int
    quiet_ticks: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """What an output port gave in a run.

    `events` has dtype EVENT with ticks counted from the run's start; `counts` is int64, shape
    (size,); `scores` int32, shape (size,), empty without a decoder; `prediction` is the index of
    the largest score, -1 without a decoder.
    """

    events: EventArray
    counts: npt.NDArray[np.int64]
    scores: Int32Array
    prediction: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What a run gave. `probes[(population, variable)]` is int32, shape (ticks, size).

    `ticks` are those that were done: fewer than asked for where a sample ended early.
    """

    outputs: Mapping[str, Output]
    stats: Sequence[PopulationStats]
    ticks: int
    probes: Mapping[tuple[str, Variable], Int32Array] = field(default_factory=dict)

    @property
    def first(self) -> Output:
        """The first output port's output."""
        return next(iter(self.outputs.values()))

    @property
    def events(self) -> EventArray:
        """Events of the first output port."""
        return self.first.events

    @property
    def counts(self) -> npt.NDArray[np.int64]:
        """Counts of the first output port."""
        return self.first.counts

    @property
    def prediction(self) -> int:
        """Prediction of the first output port."""
        return self.first.prediction


class Runner(ABC):
    """A network that runs somewhere. Subclasses give the primitive calls; `run` is the same for all."""

    model: Model

    @abstractmethod
    def push(self, events: EventArray, port: int = 0) -> None:
        """Put events (dtype EVENT, absolute ticks, in order) into a port's queue: all or none.

        Raises:
            EngineError: with the engine's code; nothing was pushed.
        """

    @abstractmethod
    def push_frame(self, frame: npt.NDArray[np.uint8], port: int = 0) -> None:
        """Give a port with an encoder its frame, uint8, shape (size,)."""

    @abstractmethod
    def advance(self, ticks: int) -> int:
        """Run at most `ticks` ticks; returns those done (output queues may be full)."""

    @abstractmethod
    def advance_early(self, ticks: int) -> int:
        """Run at most `ticks` ticks, up to the one that decides the sample, which then ends (semantics 5.1).

        Returns those done; `tick_number` tells also of those that passed.
        """

    @abstractmethod
    def take(self, port: int = 0) -> EventArray:
        """Take all events out of an output port's queue, oldest first."""

    @abstractmethod
    def scores(self, port: int = 0) -> Int32Array:
        """Scores of an output port, int32, shape (size,); empty without a decoder."""

    @abstractmethod
    def reset(self) -> None:
        """Back to the initial state, tick 0."""

    @abstractmethod
    def probe(self, population: int, variable: Variable) -> Int32Array:
        """A variable of all neurons of a population, int32, shape (size,)."""

    @abstractmethod
    def stats(self) -> list[PopulationStats]:
        """Statistics of all populations."""

    @property
    @abstractmethod
    def tick_number(self) -> int:
        """Number of the next tick."""

    def close(self) -> None:  # noqa: B027 - most hold nothing
        """Give back what the runner holds (processes, ports)."""

    def __enter__(self: _Self) -> _Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def run(
        self,
        inputs: Any,
        ticks: int | None = None,
        *,
        reset: bool = True,
        early: bool = True,
        probe: Sequence[tuple[str, Variable]] = (),
    ) -> Result:
        """Run a sample and collect all outputs.

        A sample of a model with a gap ends when its outputs decide it; events of ticks that are not run are dropped.

        Args:
            inputs: for a port that takes events: events, or a dense (ticks, neurons) array; for a
                port with an encoder: a uint8 frame. For several ports a mapping by port name.
            ticks: how many [ticks]; default: the model's window, or up to the last event.
            reset: start from the initial state; otherwise go on.
            early: let samples of a model with a gap end early; False: run all ticks.
            probe: (population name, variable) pairs to record after each tick.

        Raises:
            DataError: inputs do not match the ports.
            EngineError: an event is refused by its port.
        """
        if reset:
            self.reset()
        start = self.tick_number
        queues, last = self._prepare(inputs, start)
        n_ticks = ticks if ticks is not None else self.model.ticks_per_sample or last
        end = start + n_ticks
        indices = {p.name: i for i, p in enumerate(self.model.populations)}
        unknown = [name for name, _ in probe if name not in indices]
        if unknown:
            raise DataError(f"no population {unknown[0]!r}; there are: {', '.join(indices)}")
        taken: list[list[EventArray]] = [[] for _ in self.model.outputs]
        recorded: dict[tuple[str, Variable], list[Int32Array]] = {key: [] for key in probe}
        now, used = start, 0
        go = self.advance_early if early and any(port.gap for port in self.model.outputs) else self.advance
        while now < end:
            horizon = min([end, *(queue.fill(self, now, end) for queue in queues)])
            while now < horizon:
                used += go(1 if recorded else horizon - now)
                now = start + (self.tick_number - start) % _TICKS
                for (name, variable), rows in recorded.items():
                    rows.append(self.probe(indices[name], variable))
                self._drain(taken)
        return Result(
            outputs={port.name: self._output(i, taken[i], start) for i, port in enumerate(self.model.outputs)},
            stats=self.stats(),
            ticks=used,
            probes={key: np.stack(rows) for key, rows in recorded.items() if rows},
        )

    def _prepare(self, inputs: Any, start: int) -> tuple[list[_Queue], int]:
        """Push frames, cut events into queues; returns them and the last event's tick + 1."""
        if isinstance(inputs, Mapping):
            unknown = set(inputs) - {port.name for port in self.model.inputs}
            if unknown:
                raise DataError(
                    f"no input port {min(unknown)!r}; there are: {', '.join(p.name for p in self.model.inputs)}"
                )
            by_port = [inputs.get(port.name) for port in self.model.inputs]
        elif len(self.model.inputs) == 1:
            by_port = [inputs]
        else:
            raise DataError(f"the model has {len(self.model.inputs)} inputs: give a mapping by port name")
        queues, last = [], 0
        for index, (port, data) in enumerate(zip(self.model.inputs, by_port, strict=True)):
            if data is None:
                continue
            if port.encoder is not Encoder.EVENTS:
                self.push_frame(_frame(port, data), index)
                continue
            events = as_events(data)
            if len(events):
                if int(events["neuron"].max()) >= port.size:
                    raise DataError(
                        f"input {port.name!r} has {port.size} neurons; an event names neuron {events['neuron'].max()}"
                    )
                last = max(last, int(events["tick"][-1]) + 1)
            queues.append(_Queue(index, port.capacity, events, start))
        return queues, last

    def _drain(self, taken: list[list[EventArray]]) -> None:
        for index, port in enumerate(self.model.outputs):
            if port.kind is OutputKind.EVENTS:
                taken[index].append(self.take(index))

    def _output(self, index: int, taken: list[EventArray], start: int) -> Output:
        port = self.model.outputs[index]
        events = np.concatenate([np.zeros(0, EVENT), *taken])
        events["tick"] -= np.uint32(start)
        scores = self.scores(index)
        return Output(
            events=events,
            counts=counts(events, self.model.populations[port.population].size),
            scores=scores,
            prediction=int(np.argmax(scores)) if len(scores) else -1,
        )


def _frame(port: InputPort, data: Any) -> npt.NDArray[np.uint8]:
    """Check a frame for a port with an encoder."""
    array = np.asarray(data)
    if array.size != port.size:
        raise DataError(f"input {port.name!r} takes a frame of {port.size} values, not of shape {array.shape}")
    if array.dtype != np.uint8 and (np.any(array != np.rint(array)) or np.any(array < 0) or np.any(array > 255)):
        raise DataError(f"input {port.name!r} takes a frame of whole numbers from 0 to 255 (uint8)")
    return np.ascontiguousarray(array.reshape(-1), np.uint8)


class _Queue:
    """Events of one port, pushed in pieces that fit into the port's queue."""

    def __init__(self, port: int, capacity: int, events: EventArray, start: int) -> None:
        self._port, self._capacity, self._start = port, capacity, start
        self._pieces: Iterator[EventArray] = iter(_by_capacity(events, capacity))
        self._next: EventArray | None = next(self._pieces, None)

    def fill(self, runner: Runner, now: int, end: int) -> int:
        """Push the piece that begins now; returns the tick up to which all events are pushed."""
        if self._next is not None and self._start + int(self._next["tick"][0]) <= now:
            ticks = self._next["tick"]
            piece = self._next[(ticks >= now - self._start) & (ticks < end - self._start)]
            piece["tick"] += np.uint32(self._start)  # modulo 2^32, as ticks count
            runner.push(piece, self._port)
            self._next = next(self._pieces, None)
        return end if self._next is None else self._start + int(self._next["tick"][0])


def _by_capacity(events: EventArray, capacity: int) -> Iterator[EventArray]:
    """Cut events into runs of whole ticks of at most `capacity` events."""
    first = 0
    while first < len(events):
        stop = min(first + capacity, len(events))
        if stop < len(events):
            tick = events["tick"][stop]
            stop = int(np.searchsorted(events["tick"], tick))
            if stop <= first:
                n = int(np.searchsorted(events["tick"], tick, side="right")) - first
                raise DataError(
                    f"tick {tick} has {n} events, the port's queue holds {capacity}: convert with a larger queue"
                )
        yield events[first:stop]
        first = stop
