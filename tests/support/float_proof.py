"""Holds an integer run against the float runner, tick by tick, within the bound of docs/explanation/bounds.md.

The float network gets the rounded weights, the events that the integers gave, and before each tick the
integers' state; what it makes of the tick must be what the integers made of it, within the bound of one tick.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from spikelet.converters.cells import Array
from spikelet.converters.floating import Floating
from spikelet.converters.graph import Network
from spikelet.converters.nodes import Neurons
from spikelet.converters.quantize import Quantised
from spikelet.model import V_MAX, Model, ResetKind
from spikelet.numbering import engine_order
from spikelet.runner import Result, Variable

__all__ = ["Proof", "prove"]


@dataclass(frozen=True, kw_only=True)
class Proof:
    """How many (tick, neuron) cells were compared, how many spikes they held, and how many were at the threshold."""

    cells: int
    spikes: int
    ties: int


class _Forced(Floating):
    """A float run in which populations start each tick from given states, and send given events."""

    def __init__(self, network: Network) -> None:
        super().__init__(network)
        self.states: dict[str, tuple[Array, Array]] = {}
        self.events: dict[str, Array] = {}
        self.found: dict[str, tuple[Array, Array, Array]] = {}
        self.given: dict[str, Array] = {}

    def _value(self, path: str, given: Array) -> Array:
        if path not in self._cells:
            return super()._value(path, given)
        cell = self._cells[path]
        cell._v, cell._u = self.states[path]
        z = cell.tick(given)
        self.found[path] = (cell._v, cell._u, z)
        self.given[path] = given
        return self.events[path] if cell.fires else z


def prove(
    network: Network, quantised: Mapping[str, Quantised], model: Model, inputs: Mapping[str, Array], run: Result
) -> Proof:
    """Compare; asserts every state word and spike.

    Args:
        network: folded, with weights as rounded.
        quantised: its parts.
        model: made of them.
        inputs: by Input, shape (ticks, size).
        run: of the model, with v, u and events of all populations probed.
    """
    forced = _Forced(network)
    forced.reset(1)
    parts = {path: _Part(index, quantised[path], model, run, network.nodes[path])
             for index, path in enumerate(quantised) if isinstance(network.nodes[path], Neurons)}  # fmt: skip
    ticks = len(next(iter(inputs.values())))
    ties = spikes = cells = 0
    for tick in range(ticks):
        forced.states = {path: part.state(tick - 1) for path, part in parts.items()}
        forced.events = {path: part.z[tick : tick + 1].astype(np.float64) for path, part in parts.items()}
        forced.tick({path: array[tick : tick + 1] for path, array in inputs.items()})
        for path, part in parts.items():
            ties += part.compare(tick, forced.found[path], forced.given[path][0])
            spikes += int(np.sum(part.z[tick] > 0))
            cells += part.z.shape[1]
    return Proof(cells=cells, spikes=spikes, ties=ties)


class _Part:
    """A population's integers in the file's order and the network's units."""

    def __init__(self, index: int, part: Quantised, model: Model, run: Result, node: Any) -> None:
        back = np.argsort(engine_order(model, index))
        population = part.population
        path = population.name
        self._path, self._node, self._population = path, node, population
        self._unit = part.scale / 2.0**population.frac

        def words(variable: Variable, *, there: bool = True) -> Any:
            probed = run.probes.get((path, variable)) if there else None
            return np.zeros((len(run.probes[path, Variable.V]), population.size)) if probed is None else probed[:, back]

        self._v, self._u = words(Variable.V), words(Variable.U, there=population.choices.has_u)
        self.z = words(Variable.EVENTS, there=population.choices.fires)
        self._start = np.broadcast_to(population.parameters.get("v_init", np.zeros(1)), population.size)
        shift = 12 if population.choices.shift12 else 16
        self._factor = 0.5 / 2**shift
        # Sums on the way to a state may be larger than it by a decay: near V_MAX they may have been cut.
        self._saturated = np.any(np.maximum(np.abs(self._v), np.abs(self._u)) >= V_MAX // 4, axis=0)

    def state(self, tick: int) -> tuple[Array, Array]:
        if tick < 0:
            return (self._start * self._unit)[None, :], np.zeros((1, len(self._unit)))
        return (self._v[tick] * self._unit)[None, :], (self._u[tick] * self._unit)[None, :]

    def compare(self, tick: int, found: tuple[Array, Array, Array], given: Array) -> int:
        """docs/explanation/bounds.md, line by line; returns how many neurons were at the threshold."""
        choices, unit, node = self._population.choices, self._unit, self._node
        v0, u0 = (state[0] for state in self.state(tick - 1))
        v, u, z = (words[0] for words in found)
        tiny = 1e-9 * (1 + np.abs(given) + np.abs(v0) + np.abs(u0))
        bias = 0.5 * unit * (node.bias != 0)
        e_u = unit + self._factor * (np.abs(u0) + np.abs(given) + np.abs(node.bias)) + bias + tiny
        e_in = (e_u if choices.has_u else 0) + bias + tiny
        e_v = e_in + unit + self._factor * (np.abs(v0) + np.abs(v) + np.abs(given) + np.abs(u)) + tiny
        reset = 0.5 * unit * (choices.reset_kind is not ResetKind.NONE)
        counted = np.maximum(np.maximum(z, self.z[tick]), 1) if choices.fires else np.ones_like(v)
        late = choices.test_previous or choices.reset_next
        before = (v0 > node.threshold if node.strict else v0 >= node.threshold) if late else np.zeros(len(v), bool)
        e_v = e_v + reset * np.where(before, self._population.max_count, 0)
        tested = v0 if choices.test_previous else self._before_reset(v, z, self._v[tick] * unit, self.z[tick])
        margin = (tiny if choices.test_previous else e_v) + unit * (1 + 0.5 * counted * choices.several)
        tie = self._is_near(tested, margin) | (late & self._is_near(v0, unit * (1 + 0.5 * counted) + tiny))
        skip = tie | self._saturated | (choices.several & (self.z[tick] >= self._population.max_count))
        if choices.fires:
            wrong = (z != self.z[tick]) & ~skip
            assert not wrong.any(), self._message(tick, wrong, z, self.z[tick])
        allowed = e_v + reset * counted + 0.5 * unit
        wrong = (np.abs(v - self._v[tick] * unit) > allowed) & ~skip
        assert not wrong.any(), self._message(tick, wrong, v / unit, self._v[tick])
        wrong = (np.abs(u - self._u[tick] * unit) > e_u) & ~self._saturated & choices.has_u
        assert not wrong.any(), self._message(tick, wrong, u / unit, self._u[tick])
        return int(np.sum(tie))

    def _before_reset(self, v: Array, z: Array, integer: Array, fired: Array) -> Array:
        """What was tested: v, and what a reset of this tick took away; where that is gone, the integers' v."""
        choices, node = self._population.choices, self._node
        if choices.test_previous or choices.reset_next or choices.reset_kind is ResetKind.NONE:
            return v
        if choices.reset_kind is ResetKind.SUBTRACT:
            return v + node.reset * z
        return np.where(z > 0, np.where(fired > 0, np.inf, integer), v)

    def _is_near(self, v: Array, margin: Array) -> Any:
        """Whether v is near a threshold, or, with several spikes, near the one of a further spike."""
        node = self._node
        if not self._population.choices.fires:
            return np.zeros(len(v), bool)
        finite = np.where(np.isfinite(v), v, 0)
        near = np.isfinite(v) & (np.abs(finite - node.threshold) <= margin)
        if self._population.choices.several:
            if self._population.choices.reset_kind is ResetKind.SET:
                return np.ones(len(v), bool)  # how far v was above the threshold is gone
            steps = (finite - node.threshold) / node.count_by
            near |= (np.abs(steps - np.rint(steps)) * node.count_by <= margin) & (steps > -0.5)
        return near

    def _message(self, tick: int, wrong: Any, expected: Any, found: Any) -> str:
        i = int(np.flatnonzero(wrong)[0])
        return f"{self._path}, tick {tick}, neuron {i}: float {expected[i]}, integer {found[i]}: {self._population}"
