"""What has a state in a float run: neurons and delays."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from spikelet.converters.nodes import Neurons, Ticks
from spikelet.model import ResetKind, UOrder

__all__ = ["Array", "Cell", "Ring"]

Array = npt.NDArray[np.floating[Any]]


class Ring:
    """The values of the last ticks, for delays; before the first tick all are 0.

    Args:
        ticks: how late each element is, shape (size,), or (1,) for all.
        size: elements.
        dtype: of the values.
    """

    def __init__(self, ticks: Ticks, size: int, dtype: np.dtype[Any]) -> None:
        self._ticks = ticks[0] if np.all(ticks == ticks[0]) else ticks
        self._depth = int(np.max(ticks)) + 1
        self._size, self._dtype, self._now = size, dtype, 0
        self.reset(1)

    def reset(self, samples: int) -> None:
        """Forget everything."""
        self._rows = np.zeros((self._depth, samples, self._size), self._dtype)
        self._now = 0

    def late(self) -> Array:
        """What is due in this tick; elements without a delay must have been put in."""
        due = (self._now - self._ticks) % self._depth
        found: Array = self._rows[due].copy() if due.ndim == 0 else self._rows[due, :, np.arange(self._size)].T
        return found

    def put(self, values: Array) -> None:
        """This tick's values."""
        self._rows[self._now] = values

    def step(self) -> None:
        """Go to the next tick."""
        self._now = (self._now + 1) % self._depth


class Cell:
    """The state of a population and its update; samples are rows."""

    def __init__(self, node: Neurons, dtype: np.dtype[Any]) -> None:
        self._choices, self._strict, self._size = node.choices, node.strict, node.size
        self.fires = node.choices.fires
        self._most = node.most or np.inf
        for name in (
            "decay_v",
            "decay_u",
            "gain",
            "threshold",
            "reset",
            "count_by",
            "bias",
            "v_min",
            "v_init",
            "offset",
        ):
            setattr(self, f"_{name}", getattr(node, name).astype(dtype))
        self._v = self._u = np.zeros((1, node.size), dtype)

    _decay_v: Array
    _decay_u: Array
    _gain: Array
    _threshold: Array
    _reset: Array
    _count_by: Array
    _bias: Array
    _v_min: Array
    _v_init: Array
    _offset: Array

    def reset(self, samples: int) -> None:
        """Take the initial state for a number of samples."""
        self._v = np.tile(self._v_init, (samples, 1))
        self._u = np.zeros_like(self._v)

    def potentials(self) -> Array:
        """Membranes in the network's units."""
        return self._v + self._offset

    def tick(self, given: Array) -> Array:
        """Advance by a tick; gives spike counts, or potentials of neurons that do not fire."""
        choices = self._choices
        current = self._current(self._gain * given + (0 if choices.bias_to_v else self._bias))
        if choices.bias_to_v:
            current = current + self._bias
        late = choices.test_previous or choices.reset_next
        before = self._count(self._v) if late else None
        w = self._v
        if before is not None and choices.reset_before_leak:
            w = self._after_spikes(w, before)
        w = self._decay_v * (w + current) if choices.add_then_decay else self._decay_v * w + current
        if before is not None and not choices.reset_before_leak:
            w = self._after_spikes(w, before)
        count = before if before is not None and choices.test_previous else self._count(w)
        if not late:
            w = self._after_spikes(w, count)
        self._v = np.maximum(w, self._v_min)
        return count if choices.fires else self._v + self._offset

    def _current(self, x: Array) -> Array:
        if not self._choices.has_u:
            return x
        order, u = self._choices.u_order, self._u
        if order is UOrder.DECAY_ADD_USE:
            self._u = self._decay_u * u + x
            return self._u
        if order is UOrder.ADD_DECAY_USE:
            self._u = self._decay_u * (u + x)
            return self._u
        if order is UOrder.ADD_USE_DECAY:
            self._u = self._decay_u * (u + x)
            return u + x
        self._u = self._decay_u * u + x
        return u

    def _count(self, v: Array) -> Array:
        """Spikes of potentials; trunc(v / threshold) where several are allowed."""
        if not self._choices.fires:
            return np.zeros_like(v)
        fired = v > self._threshold if self._strict else v >= self._threshold
        if not self._choices.several:
            return fired.astype(v.dtype)
        steps = v / self._count_by + (1 - self._threshold / self._count_by)
        counts = np.ceil(steps) - 1 if self._strict else np.floor(steps)
        return np.where(fired, np.clip(counts, 1, self._most), 0).astype(v.dtype)

    def _after_spikes(self, v: Array, count: Array) -> Array:
        if self._choices.reset_kind is ResetKind.SUBTRACT:
            return v - self._reset * count
        if self._choices.reset_kind is ResetKind.SET:
            return np.where(count > 0, self._reset, v)
        return v
