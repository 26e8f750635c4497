"""What happens in the integers of a model on data: spikes, saturation, neurons that never or always fire."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from spikelet.model import V_MAX, Encoder, InputPort, Population

__all__ = ["ActivitySums", "InputActivity", "InputSums", "PopulationActivity"]

#: Neurons that are named.
_NAMED = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class PopulationActivity:
    """The integer reference in one population.

    `spikes` is the sum of all counts, `saturated` the part of (sample, tick, neuron) cells in which v or u
    is at V_MAX, `at_v_min` the part in which v rests on a clamp of its own, `at_max_count` the part of the
    events that have the largest count a tick can have (0 unless there may be several). `never` and `always`
    are how many neurons fire in no or in every tick, and `never_first`, `always_first` name some of them.
    """

    population: str
    size: int
    fires: bool
    spikes: int
    saturated: float
    at_v_min: float
    at_max_count: float
    never: int
    never_first: tuple[int, ...]
    always: int
    always_first: tuple[int, ...]


class ActivitySums:
    """Adds up one population, chunk by chunk."""

    def __init__(self, population: Population) -> None:
        self._population, self._several = population, population.choices.several and population.max_count > 1
        v_min = np.asarray(population.parameters.get("v_min", [-V_MAX]))
        self._v_min = np.where(v_min > -V_MAX, v_min, -V_MAX - 1)
        self._firing = np.zeros(population.size, np.int64)
        self._ticks = self._spikes = self._events = self._full = self._saturated = self._at_v_min = 0

    def add(self, v: Any, u: Any, z: Any) -> None:
        """Take some ticks, arrays of shape (ticks, size) or None."""
        self._ticks += len(z if z is not None else v)
        if v is not None:
            full = np.abs(v) >= V_MAX
            self._saturated += int(np.count_nonzero(full if u is None else full | (np.abs(u) >= V_MAX)))
            self._at_v_min += int(np.count_nonzero(v == self._v_min))
        if z is not None:
            self._firing += np.count_nonzero(z, axis=0)
            self._spikes += int(z.sum(dtype=np.int64))
            self._events += int(np.count_nonzero(z))
            self._full += int(np.count_nonzero(z >= self._population.max_count)) if self._several else 0

    def result(self) -> PopulationActivity:
        """All of it."""
        fires, cells = self._population.choices.fires, max(self._ticks * self._population.size, 1)
        never = np.flatnonzero(self._firing == 0) if fires else np.zeros(0, np.int64)
        always = np.flatnonzero(self._firing == self._ticks) if fires else np.zeros(0, np.int64)
        return PopulationActivity(
            population=self._population.name,
            size=self._population.size,
            fires=fires,
            spikes=self._spikes,
            saturated=self._saturated / cells,
            at_v_min=self._at_v_min / cells,
            at_max_count=self._full / max(self._events, 1),
            never=len(never),
            never_first=tuple(never[:_NAMED].tolist()),
            always=len(always),
            always_first=tuple(always[:_NAMED].tolist()),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class InputActivity:
    """What data bring to an input port.

    `at_limit` is the part of the events with the largest value that the port takes (0 where that is 1), for a
    port with an encoder the part of the pixels that the gain lifts so far that darker ones reach a full rate too.
    """

    port: str
    encoder: str
    values: int
    at_limit: float


class InputSums:
    """Adds up one input port over samples."""

    def __init__(self, port: InputPort) -> None:
        self._port = port
        self._values = self._full = 0

    def add(self, inputs: Mapping[str, Any]) -> None:
        """Take a sample as Runner.run does."""
        given = inputs[self._port.name]
        if self._port.encoder is Encoder.EVENTS:
            size: npt.NDArray[np.int64] = np.abs(given["value"].astype(np.int64))
            full = size == self._port.max_value if self._port.max_value > 1 else np.zeros(len(size), bool)
        else:
            size = np.asarray(given, np.int64).reshape(-1)
            full = (size - 1) * self._port.gain >= 65536
        self._values += int(np.count_nonzero(size))
        self._full += int(np.count_nonzero(full))

    def result(self) -> InputActivity:
        """All of it."""
        return InputActivity(
            port=self._port.name,
            encoder=self._port.encoder.name.lower(),
            values=self._values,
            at_limit=self._full / max(self._values, 1),
        )
