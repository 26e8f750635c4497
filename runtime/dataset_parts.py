"""Samples of a data set that are made when they are asked for."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from spikelet.encoders import encode_tick
from spikelet.errors import DataError
from spikelet.events import EventArray, from_dense, merge
from spikelet.model import Encoder, InputPort

__all__ = ["MAX_TICKS", "Cut", "Dense", "Encoded", "Encoding", "Lazy", "Slice", "bounded"]

#: Most ticks of a sample.
MAX_TICKS = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Encoding:
    """How frames become events on the host, for a port that takes events (semantics 4)."""

    encoder: Encoder
    ticks: int
    gain: int = 257
    seed: int = 0


class Lazy(Sequence[EventArray]):
    """Samples that are made when asked for."""

    def __getitem__(self, index: Any) -> Any:
        if not 0 <= index < len(self):
            raise IndexError(index)
        return self.sample(index)

    def __iter__(self) -> Iterator[EventArray]:
        return (self.sample(index) for index in range(len(self)))

    @abstractmethod
    def sample(self, index: int) -> EventArray:
        """Events of one sample."""


class Slice(Lazy):
    """The first samples of a sequence."""

    def __init__(self, part: Sequence[Any], samples: int) -> None:
        self._part, self._samples = part, samples

    def __len__(self) -> int:
        return self._samples

    def sample(self, index: int) -> Any:
        """See Lazy."""
        return self._part[index]


class Cut(Lazy):
    """Events of all samples in one array, cut at `edges`."""

    def __init__(self, where: str, port: InputPort, events: EventArray, edges: npt.NDArray[np.intp]) -> None:
        self._where, self._port, self._events, self._edges = where, port, events, edges

    def __len__(self) -> int:
        return len(self._edges) - 1

    def sample(self, index: int) -> EventArray:
        """See Lazy."""
        events = merge(self._events[self._edges[index] : self._edges[index + 1]])
        return bounded(f"{self._where}: sample {index}", self._port, events)


class Dense(Lazy):
    """Counts of shape (samples, ticks, size)."""

    def __init__(self, where: str, port: InputPort, x: npt.NDArray[Any], length: int) -> None:
        self.ticks = x.shape[1]
        if length and self.ticks > length:
            raise DataError(f"{where}: x has {self.ticks} ticks a sample; the window is {length} ticks")
        if self.ticks > MAX_TICKS:
            raise DataError(f"{where}: x has {self.ticks} ticks a sample; at most {MAX_TICKS}")
        self._where, self._port, self._x = where, port, x

    def __len__(self) -> int:
        return len(self._x)

    def sample(self, index: int) -> EventArray:
        """See Lazy."""
        return bounded(f"{self._where}: sample {index}", self._port, from_dense(self._x[index]))


class Encoded(Lazy):
    """Events that the host makes of frames."""

    def __init__(self, port: InputPort, frames: npt.NDArray[np.uint8], encoding: Encoding) -> None:
        if not 1 <= encoding.ticks <= MAX_TICKS:
            raise DataError(f"frames of {encoding.ticks} ticks; allowed: 1 to {MAX_TICKS} (--ticks N)")
        self._port = replace(port, encoder=encoding.encoder, gain=encoding.gain, seed=encoding.seed)
        self._frames, self._ticks = frames, encoding.ticks

    def __len__(self) -> int:
        return len(self._frames)

    def sample(self, index: int) -> EventArray:
        """See Lazy."""
        frame, window = self._frames[index], self._ticks
        ticks = [encode_tick(self._port, frame, tick=t, sample_tick=t, window=window) for t in range(window)]
        return from_dense(np.stack(ticks))


def bounded(where: str, port: InputPort, events: EventArray) -> EventArray:
    """Refuse what the port would refuse.

    Args:
        where: what the events are, for messages.
        port: what they are for.
        events: dtype EVENT, sorted by tick, one a neuron and tick.

    Raises:
        DataError: a value or the sum of a tick is above the port's limit.
    """
    if len(events) == 0:
        return events
    size = np.abs(events["value"].astype(np.int64))
    most = int(size.max())
    if most > port.max_value:
        tick, neuron, _ = events[int(np.argmax(size))].tolist()
        raise DataError(
            f"{where}: tick {tick}, neuron {neuron} has a value of {most}; the input takes {port.max_value}: convert"
            f" with --max-value {most}, or use a shorter tick"
        )
    ticks, which = np.unique(events["tick"], return_inverse=True)
    sums = np.bincount(which, weights=size).astype(np.int64)
    most = int(sums.max())
    if most > port.max_sum:
        raise DataError(
            f"{where}: tick {ticks[int(np.argmax(sums))]} has {most}, more than {port.max_sum} spikes: convert with"
            f" --max-sum {most}, or use a shorter tick"
        )
    return events
