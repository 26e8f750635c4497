"""Runs a network in floating point, tick by tick: what an integer model is compared with."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from spikelet.converters.graph import Network, topological
from spikelet.converters.nodes import (
    Affine,
    Dense,
    Flatten,
    Identity,
    Input,
    Linear,
    Neurons,
    Node,
    Output,
    Scale,
)
from spikelet.errors import DataError
from spikelet.model import ResetKind, UOrder

__all__ = ["Array", "Floating", "Trace"]

Array = npt.NDArray[np.floating[Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """What a run gave: by path of the population, arrays of shape (samples, ticks, size).

    `v` is the potential after each tick in the network's units, `spikes` the counts of each tick,
    and `outputs` what came to each Output.
    """

    v: Mapping[str, Array]
    spikes: Mapping[str, Array]
    outputs: Mapping[str, Array]


class Floating:
    """A discretised network (before or after folding) in floating point.

    The same recurrence as docs/reference/semantics 3.3 with real numbers, without saturation.
    Samples run side by side.

    Args:
        network: its neurons are Neurons.
        dtype: float64, or float32 to come near a framework's own rounding.
        input_scale: what an input value of 1 stands for (1 for a folded network).
    """

    def __init__(self, network: Network, *, dtype: npt.DTypeLike = np.float64, input_scale: float = 1.0) -> None:
        self._dtype = np.dtype(dtype)
        self._input_scale = np.asarray(input_scale, self._dtype)
        self._order = topological(network)
        self._network = network
        self._sources = {path: network.sources(path) for path in self._order}
        self._cells = {path: _Cell(node, self._dtype) for path, node in network.of(Neurons)}
        self._linear = {
            path: _LINEAR[type(node)](node, self._dtype)
            for path, node in network.nodes.items()
            if type(node) in _LINEAR
        }
        self.inputs = [path for path, _ in network.of(Input)]
        self.populations = list(self._cells)

    def reset(self, samples: int) -> None:
        """Take the initial state for a number of samples."""
        for cell in self._cells.values():
            cell.reset(samples)

    def tick(self, inputs: Mapping[str, Array]) -> dict[str, Array]:
        """Advance by one tick.

        Args:
            inputs: by path of the Input, shape (samples, size).

        Returns:
            The value of every node, shape (samples, size): spike counts of neurons that fire,
            potentials of those that do not.
        """
        values: dict[str, Array] = {}
        for path in self._order:
            sources = self._sources[path]
            if not sources:
                values[path] = inputs[path].astype(self._dtype) * self._input_scale
                continue
            total = values[sources[0]]
            for source in sources[1:]:
                total = total + values[source]
            values[path] = self._cells[path].tick(total) if path in self._cells else self._linear[path](total)
        return values

    def potentials(self, path: str) -> Array:
        """Membranes of a population in the network's units, shape (samples, size)."""
        return self._cells[path].potentials()

    def ticks(self, inputs: Any) -> Iterator[dict[str, Array]]:
        """Run from the initial state and give the values of each tick.

        Args:
            inputs: shape (samples, ticks, size), or a mapping of such arrays by path of the Input.

        Raises:
            DataError: an input is missing or has another size.
        """
        arrays = inputs if isinstance(inputs, Mapping) else dict.fromkeys(self.inputs[:1], np.asarray(inputs))
        if set(arrays) != set(self.inputs):
            raise DataError(f"the network has the inputs {', '.join(self.inputs)}: give a mapping with all of them")
        for path, array in arrays.items():
            node = self._network.nodes[path]
            size = int(np.prod(node.shape)) if isinstance(node, Input) else 0
            if array.ndim != 3 or array.shape[2] != size:
                raise DataError(f"input {path!r} takes shape (samples, ticks, {size}), not {array.shape}")
        samples, n_ticks = next(iter(arrays.values())).shape[:2]
        self.reset(samples)
        for tick in range(n_ticks):
            yield self.tick({path: array[:, tick] for path, array in arrays.items()})

    def run(self, inputs: Any) -> Trace:
        """Run from the initial state and record everything; `inputs` as for `ticks`."""
        outputs = [path for path, _ in self._network.of(Output)]
        v: dict[str, list[Array]] = {path: [] for path in self.populations}
        spikes: dict[str, list[Array]] = {path: [] for path, cell in self._cells.items() if cell.fires}
        out: dict[str, list[Array]] = {path: [] for path in outputs}
        for values in self.ticks(inputs):
            for path, rows in v.items():
                rows.append(self.potentials(path))
            for path, rows in [*spikes.items(), *out.items()]:
                rows.append(values[path])
        return Trace(v=_stacked(v), spikes=_stacked(spikes), outputs=_stacked(out))


def _stacked(rows: Mapping[str, list[Array]]) -> dict[str, Array]:
    return {path: np.stack(list_, axis=1) for path, list_ in rows.items() if list_}


class _Cell:
    """The state of a population and its update."""

    def __init__(self, node: Neurons, dtype: np.dtype[Any]) -> None:
        self._choices, self._strict, self._size = node.choices, node.strict, node.size
        self.fires = node.choices.fires
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
        self._v = np.tile(self._v_init, (samples, 1))
        self._u = np.zeros_like(self._v)

    def potentials(self) -> Array:
        return self._v + self._offset

    def tick(self, given: Array) -> Array:
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
        return np.where(fired, np.maximum(counts, 1), 0).astype(v.dtype)

    def _after_spikes(self, v: Array, count: Array) -> Array:
        if self._choices.reset_kind is ResetKind.SUBTRACT:
            return v - self._reset * count
        if self._choices.reset_kind is ResetKind.SET:
            return np.where(count > 0, self._reset, v)
        return v


_Map = Callable[[Array], Array]


def _affine(node: Affine, dtype: np.dtype[Any]) -> _Map:
    weight, bias = node.weight.T.astype(dtype), node.bias.astype(dtype)
    return lambda x: x @ weight + bias


def _linear(node: Linear, dtype: np.dtype[Any]) -> _Map:
    weight = node.weight.T.astype(dtype)
    return lambda x: x @ weight


def _dense(node: Dense, dtype: np.dtype[Any]) -> _Map:
    weight = node.weight.astype(dtype)
    return lambda x: x @ weight


def _scale(node: Scale, dtype: np.dtype[Any]) -> _Map:
    scale = node.scale.reshape(-1).astype(dtype)
    return lambda x: x * scale


def _same(_: Node, __: np.dtype[Any]) -> _Map:
    return lambda x: x


#: How nodes without state map their input; samples are rows, shapes are flat.
_LINEAR: Mapping[type[Node], Callable[[Any, np.dtype[Any]], _Map]] = {
    Affine: _affine,
    Linear: _linear,
    Dense: _dense,
    Scale: _scale,
    Flatten: _same,
    Identity: _same,
    Output: _same,
}
