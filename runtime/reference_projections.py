"""What events bring to a population, by kind of projection: docs/reference/semantics.md, 2.5, 2.6 and 6."""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np

from spikelet.maps import Index, pooled_places, row_of, tap_places
from spikelet.model import Model, Projection, ProjectionKind, SparseWeights
from spikelet.rows import weights_of_rows

__all__ = ["Bringer", "Late", "bringer"]


class Bringer(ABC):
    """A projection at work."""

    @abstractmethod
    def bring(self, neurons: Index, values: Index) -> tuple[Index, int]:
        """What events of these source neurons with these values bring.

        Returns:
            For each target the sum of a tick, int64, shape (size,); and the number of weights added.
        """


def bringer(projection: Projection, model: Model) -> Bringer:
    """The projection at work."""
    n_target = model.populations[projection.target].size
    sources = model.inputs if projection.from_input else model.populations
    n_source = sources[projection.source].size
    match projection.kind:
        case ProjectionKind.DENSE:
            return _Dense(projection, n_source, n_target)
        case ProjectionKind.CONV:
            return _Conv(projection, n_target)
        case ProjectionKind.SPARSE | ProjectionKind.SPARSE4:
            return _Sparse(projection, n_source, n_target)
        case ProjectionKind.FEED:
            return _Feed(n_target)


class _Dense(Bringer):
    """in[i] += w[row(j), i] x for all i, if row(j) exists."""

    def __init__(self, p: Projection, n_source: int, n_target: int) -> None:
        assert isinstance(p.weights, np.ndarray)
        self._row, self._n = row_of(p.source_map, n_source), n_target
        self._weights = p.weights.astype(np.int64)

    def bring(self, neurons: Index, values: Index) -> tuple[Index, int]:
        """See Bringer."""
        rows = self._row[neurons]
        there = rows >= 0
        brought: Index = values[there] @ self._weights[rows[there]]
        return brought, int(np.count_nonzero(there)) * self._n


class _Conv(Bringer):
    """in[target(oc, oy, ox)] += w[oc, c mod (channels / groups), ky, kx] x, tap by tap for all events at once."""

    def __init__(self, p: Projection, n_target: int) -> None:
        assert isinstance(p.weights, np.ndarray)
        assert p.source_map is not None
        assert p.target_map is not None
        self._n, self._target, self._weights = n_target, p.target_map, p.weights.astype(np.int64)
        self._c, self._y, self._x, self._there = pooled_places(p.source_map)
        self._in_group = p.source_map.channels // p.target_map.groups

    def bring(self, neurons: Index, values: Index) -> tuple[Index, int]:
        """See Bringer."""
        t = self._target
        brought, added = np.zeros(self._n, np.int64), 0
        here = self._there[neurons]
        neurons, values = neurons[here], values[here]
        c, y, x = self._c[neurons], self._y[neurons], self._x[neurons]
        outs = t.channels // t.groups
        for ky in range(t.kernel[0]):
            oy, there_y = tap_places(y, ky, t, 0)
            for kx in range(t.kernel[1]):
                ox, there_x = tap_places(x, kx, t, 1)
                hit = there_y & there_x
                if not hit.any():
                    continue
                # (events that hit, output channels of their groups)
                oc = (c[hit] // self._in_group * outs)[:, None] + np.arange(outs)
                to = self._place(oc, oy[hit][:, None], ox[hit][:, None])
                weights = self._weights[oc, (c[hit] % self._in_group)[:, None], ky, kx]
                np.add.at(brought, to, weights * values[hit][:, None])
                added += oc.size
        return brought, added

    def _place(self, oc: Index, oy: Index, ox: Index) -> Index:
        """target(oc, oy, ox)."""
        t = self._target
        return (oc * t.height + oy) * t.width + ox if t.planar else (oy * t.width + ox) * t.channels + oc


class _Sparse(Bringer):
    """in[i] += w[row(j), i] x for the stored (row(j), i)."""

    def __init__(self, p: Projection, n_source: int, n_target: int) -> None:
        assert isinstance(p.weights, SparseWeights)
        self._row, self._n, self._weights = row_of(p.source_map, n_source), n_target, p.weights
        self._adds = weights_of_rows(p.kind, p.weights)

    def bring(self, neurons: Index, values: Index) -> tuple[Index, int]:
        """See Bringer."""
        brought, added = np.zeros(self._n, np.int64), 0
        for neuron, value in zip(neurons, values, strict=True):
            row = self._row[neuron]
            if row >= 0:
                stored = slice(self._weights.start[row], self._weights.start[row + 1])
                np.add.at(brought, self._weights.targets[stored], self._weights.values[stored] * value)
                added += int(self._adds[row])
        return brought, added


class _Feed(Bringer):
    """Hands x to the delay line."""

    def __init__(self, n_target: int) -> None:
        self._n = n_target

    def bring(self, neurons: Index, values: Index) -> tuple[Index, int]:
        """See Bringer."""
        brought = np.zeros(self._n, np.int64)
        np.add.at(brought, neurons, values)
        return brought, 0


class Late:
    """Sums that wait for their tick (semantics 2.6)."""

    def __init__(self, delays: Index) -> None:
        self._delays = delays
        self.start()

    def start(self) -> None:
        """Nothing waits (semantics 2.4)."""
        self._now, self._last_event = 0, -(2**32)
        self._waiting: dict[int, Index] = {}

    def pass_on(self, brought: Index, any_event: bool) -> tuple[Index, bool]:
        """One tick: what was brought now goes in.

        Returns:
            What comes out; and whether there is an incoming event (semantics 2.2).
        """
        if any_event:
            self._last_event = self._now
        for delay in np.unique(self._delays[brought != 0]):
            due = self._now + int(delay)
            here = self._delays == delay
            self._waiting.setdefault(due, np.zeros(len(self._delays), np.int64))[here] += brought[here]
        out = self._waiting.pop(self._now, np.zeros(len(self._delays), np.int64))
        incoming = self._now - self._last_event <= int(self._delays.max())
        self._now += 1
        return out, incoming
