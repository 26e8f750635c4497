"""Input and output ports in numpy: docs/reference/semantics.md, 2.1, 4 and 5."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from spikelet.codes import code, sentence
from spikelet.encoders import encode_tick
from spikelet.errors import EngineError
from spikelet.events import EVENT, EventArray
from spikelet.model import Decoder, Encoder, InputPort, Int32Array, OutputKind, OutputPort

__all__ = ["Input", "Output", "refuse"]

_TICKS = 2**32
_LARGEST = 2**31 - 1


def refuse(name: str, where: str) -> EngineError:
    """The error of a refused call."""
    return EngineError(f"{where}: {sentence(code(name))}", code=code(name))


class Input:
    """An input port. `neurons` and `values` are those of the last tick's events, one entry each."""

    def __init__(self, port: InputPort) -> None:
        self._port = port
        self._queue: list[tuple[int, int, int]] = []
        self._frame: npt.NDArray[np.uint8] | None = None
        self.neurons = self.values = np.zeros(0, np.int64)

    def push(self, events: EventArray, now: int) -> None:
        """Put events into the queue: all, or none."""
        where = f"input {self._port.name!r}"
        if self._port.encoder is not Encoder.EVENTS:
            raise refuse("ENCODER", where)
        if len(self._queue) + len(events) > self._port.capacity:
            raise refuse("FULL", where)
        new: list[tuple[int, int, int]] = [(int(e["tick"]), int(e["neuron"]), int(e["value"])) for e in events]
        last_age, total = 0, 0
        if self._queue:
            last = self._queue[-1][0]
            last_age = (last - now) % _TICKS
            total = sum(abs(value) for tick, _, value in self._queue if tick == last)
        for tick, neuron, value in new:
            age = (tick - now) % _TICKS
            if age >= _TICKS // 2 or age < last_age:
                raise refuse("TICK", where)
            if neuron >= self._port.size:
                raise refuse("NEURON", where)
            total = abs(value) + (total if age == last_age else 0)
            if value == 0 or abs(value) > self._port.max_value or total > self._port.max_sum:
                raise refuse("VALUE", where)
            last_age = age
        self._queue += new

    def set_frame(self, frame: npt.NDArray[np.uint8]) -> None:
        """Take a frame that check_frame has let through."""
        self._frame = frame.copy()

    def check_frame(self, frame: npt.NDArray[np.uint8]) -> None:
        """Refuse a frame that this port cannot take."""
        where = f"input {self._port.name!r}"
        if self._port.encoder is Encoder.EVENTS:
            raise refuse("ENCODER", where)
        if frame.shape != (self._port.size,):
            raise refuse("ARGUMENT", where)

    def forget_frame(self) -> None:
        """A new sample begins."""
        self._frame = None

    def drop(self, now: int) -> None:
        """Drop what was pushed for ticks before this one."""
        self._queue = [event for event in self._queue if (event[0] - now) % _TICKS < _TICKS // 2]

    def update(self, tick: int, sample_tick: int, window: int) -> None:
        """Make the events of a tick."""
        self.neurons = self.values = np.zeros(0, np.int64)
        if self._port.encoder is Encoder.EVENTS:
            due = [event for event in self._queue if event[0] == tick]
            self._queue = self._queue[len(due) :]
            self.neurons = np.array([neuron for _, neuron, _ in due], np.int64)
            self.values = np.array([value for _, _, value in due], np.int64)
        elif self._frame is not None:
            made = encode_tick(self._port, self._frame, tick=tick, sample_tick=sample_tick, window=window)
            self.neurons = np.flatnonzero(made)
            self.values = made[self.neurons]


class Output:
    """An output port."""

    def __init__(self, port: OutputPort, size: int) -> None:
        self._port, self._size = port, size
        self._queue: list[tuple[int, int, int]] = []
        self.clear()

    @property
    def is_full(self) -> bool:
        """Whether the events of a tick might not fit."""
        return self._port.kind is OutputKind.EVENTS and self._port.capacity - len(self._queue) < self._size

    def clear(self) -> None:
        """A new sample begins."""
        start = -_LARGEST - 1 if self._port.decoder is Decoder.LARGEST else 0
        self._scores = np.full(self._size, start, np.int64)

    def update(self, z: npt.NDArray[np.int64], v: npt.NDArray[np.int64], tick: int, sample_tick: int) -> None:
        """Take the events and potentials of a tick."""
        if self._port.kind is OutputKind.EVENTS:
            self._queue += [(tick, int(neuron), int(z[neuron])) for neuron in np.flatnonzero(z)]
        match self._port.decoder:
            case Decoder.COUNT:
                self._scores = np.clip(self._scores + z, -_LARGEST - 1, _LARGEST)
            case Decoder.LAST:
                self._scores = v.copy()
            case Decoder.LARGEST:
                self._scores = np.maximum(self._scores, v)
            case Decoder.FIRST:
                first = (z != 0) & (self._scores == 0)
                self._scores = np.where(first, _LARGEST - min(sample_tick, _LARGEST - 1), self._scores)
            case Decoder.NONE:
                pass

    def take(self) -> EventArray:
        """Take all events out of the queue."""
        taken = np.array(self._queue, EVENT)
        self._queue = []
        return taken

    def gap(self) -> int:
        """How far the second largest score is behind the largest; 0 where there is only one."""
        if self._size < 2:
            return 0
        second, first = np.sort(self._scores)[-2:]
        return int(first - second)

    def scores(self) -> Int32Array:
        """The scores; empty without a decoder."""
        return self._scores.astype(np.int32) if self._port.decoder is not Decoder.NONE else np.zeros(0, np.int32)
