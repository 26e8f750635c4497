"""One population of the LIF family, all neurons at once: docs/reference/semantics.md, 3."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from spikelet.model import PARAMETERS, V_MAX, Population, RefractoryMode, ResetKind, Rounding
from spikelet.rules import absent_value

__all__ = ["Lif"]

#: Everything is computed in int64, which no formula of semantics 3.3 can leave (largest: in 2^f < 2^51).
_Words = npt.NDArray[np.int64]


def _clamp(x: _Words) -> _Words:
    return np.minimum(np.maximum(x, -V_MAX), V_MAX)


class Lif:
    """State and update of a population. `z` holds the values of the last tick's events, 0 for none."""

    def __init__(self, population: Population) -> None:
        self.population = population
        self._c = population.choices
        self._shift = 12 if self._c.shift12 else 16
        values = {name: self._full(name) for name in PARAMETERS}
        self._decay_v, self._decay_u, self._decay_a = values["decay_v"], values["decay_u"], values["decay_a"]
        self._fire_above, self._reset, self._bias = values["fire_above"], values["reset"], values["bias"]
        self._v_min, self._v_init = values["v_min"], values["v_init"]
        self._count_by, self._adapt_by = values["count_by"], values["adapt_by"]
        self._refractory = values["refractory"]
        self.start()

    def start(self) -> None:
        """Give all state words their initial values (semantics 2.4)."""
        self.z = np.zeros(self.population.size, np.int64)
        self.v = self._v_init.copy()
        self.u, self.a, self.r = (np.zeros(self.population.size, np.int64) for _ in range(3))
        self.quiescent = False

    def _full(self, name: str) -> _Words:
        """A parameter for each neuron."""
        value = self.population.parameters.get(name, absent_value(name, self._c))
        return np.broadcast_to(np.asarray(value, np.int64), (self.population.size,))

    def update(self, given: _Words, any_event: bool) -> None:
        """Advance by one tick.

        Args:
            given: the sums `in` of semantics 2.1, shape (size,).
            any_event: whether an event came in, even if all sums are 0.
        """
        before = [self.v, self.u, self.a, self.r]
        self._tick(given)
        same = all(np.array_equal(old, new) for old, new in zip(before, [self.v, self.u, self.a, self.r], strict=True))
        self.quiescent = same and not any_event and not self.z.any()

    def _tick(self, given: _Words) -> None:
        """Semantics 3.3, line by line; np.where stands for its conditions a neuron."""
        c = self._c
        current = self._current(given)
        quiet = self.r > 0
        r = np.where(quiet, self.r - 1, self.r)
        if c.refractory_mode is RefractoryMode.IGNORE:
            current = np.where(quiet, 0, current)
        if c.has_a and c.adapt_decay_first:
            self.a = self._decayed(self.a, self._decay_a)
        threshold = _clamp(self._fire_above + self.a)
        late = c.test_previous or c.reset_next
        earlier = self._count(self.v, threshold) if late else np.zeros_like(self.v)
        w = self.v
        if c.reset_before_leak:
            w = np.where(earlier > 0, self._after_reset(w, earlier), w)
        w = self._leaked(w, current)
        if late and not c.reset_before_leak:
            w = np.where(earlier > 0, self._after_reset(w, earlier), w)
        if c.refractory_mode is RefractoryMode.HOLD:
            w = np.where(quiet, self.v, w)
        z = earlier if c.test_previous else self._count(w, threshold)
        z = np.where(quiet, 0, z)
        if not late:
            w = np.where(z > 0, self._after_reset(w, z), w)
        self.v = np.maximum(w, self._v_min)
        self.r = np.where(z > 0, self._refractory, r) if c.has_refractory else r
        if c.has_a:
            decayed = self.a if c.adapt_decay_first else self._decayed(self.a, self._decay_a)
            self.a = _clamp(decayed + self._adapt_by * z)
        self.z = z

    def _current(self, given: _Words) -> _Words:
        """Bring u up to date; returns the current `I` that enters v."""
        c = self._c
        x = _clamp((given << self.population.frac) + (0 if c.bias_to_v else self._bias))
        current = x
        if c.has_u:
            match int(c.u_order):
                case 0:
                    current = self.u = _clamp(self._decayed(self.u, self._decay_u) + x)
                case 1:
                    current = self.u = self._decayed(_clamp(self.u + x), self._decay_u)
                case 2:
                    current = _clamp(self.u + x)
                    self.u = self._decayed(current, self._decay_u)
                case _:
                    current = self.u
                    self.u = _clamp(self._decayed(self.u, self._decay_u) + x)
        return _clamp(current + (self._bias if c.bias_to_v else 0))

    def _leaked(self, w: _Words, current: _Words) -> _Words:
        """Leak and input, in the order of `add_then_decay`."""
        if self._c.add_then_decay:
            return _clamp(self._decayed(_clamp(w + current), self._decay_v))
        return _clamp(self._decayed(w, self._decay_v) + current)

    def _decayed(self, x: _Words, factor: _Words) -> _Words:
        """D(x; k) of semantics 1.4."""
        if self._c.rounding is Rounding.ZERO:
            towards_zero: _Words = np.sign(x) * (np.abs(x) * factor >> self._shift)
            return towards_zero
        half = 1 << self._shift - 1 if self._c.rounding is Rounding.NEAREST else 0
        return x * factor + half >> self._shift

    def _count(self, v: _Words, threshold: _Words) -> _Words:
        """count(v) of semantics 3.3."""
        if not self._c.fires:
            return np.zeros_like(v)
        most = self.population.max_count if self._c.several else 1
        further = np.maximum(v - threshold - 1, 0) // self._count_by
        return np.where(v > threshold, np.minimum(1 + further, most), 0)

    def _after_reset(self, w: _Words, count: _Words) -> _Words:
        """R(w, c) of semantics 3.3; `a` is still the value that the threshold was made with."""
        if self._c.reset_kind is ResetKind.SUBTRACT:
            return _clamp(w - (self._reset + (self.a if self._c.reset_adapted else 0)) * count)
        return self._reset.copy() if self._c.reset_kind is ResetKind.SET else w
