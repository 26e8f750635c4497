"""One delay line: docs/reference/semantics.md, 3.4."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from spikelet.model import Population

__all__ = ["DelayLine"]

_Words = npt.NDArray[np.int64]


class DelayLine:
    """State and update of a delay line, in the form of Lif; v, u, a and r are 0."""

    def __init__(self, population: Population) -> None:
        self.population = population
        self._delay = np.broadcast_to(population.parameters["delay"].astype(np.int64), (population.size,))
        self.v = self.u = self.a = self.r = np.zeros(population.size, np.int64)
        self.start()

    def start(self) -> None:
        """Nothing waits (semantics 2.4)."""
        self.z = np.zeros(self.population.size, np.int64)
        self.quiescent = False
        self._now = 0
        #: By the update in which they leave: sums by neuron; none is 0.
        self._waiting: dict[int, dict[int, int]] = {}

    def update(self, given: _Words, any_event: bool) -> None:
        """Advance by one tick.

        Args:
            given: for each neuron the sum of the values that were handed in, shape (size,).
            any_event: whether an event came in, even if all sums are 0.
        """
        waited = bool(self._waiting)
        for neuron in np.flatnonzero(given).tolist():
            due = self._now + int(self._delay[neuron])
            self._waiting.setdefault(due, {})[neuron] = int(given[neuron])
        self.z = np.zeros(self.population.size, np.int64)
        for neuron, value in self._waiting.pop(self._now, {}).items():
            self.z[neuron] = value if self.population.choices.several else 1
        self._now += 1
        self.quiescent = not waited and not any_event
