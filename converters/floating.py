"""Runs a network in floating point, tick by tick: what an integer model is compared with."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from spikelet.converters.cells import Array, Cell, Ring
from spikelet.converters.graph import Network, incoming, shapes, topological
from spikelet.converters.linear import bias_of, is_linear, matrix_of
from spikelet.converters.nodes import (
    Affine,
    DelayLine,
    Dense,
    Flatten,
    Identity,
    Input,
    Linear,
    Neurons,
    Node,
    Output,
    Projected,
    Scale,
    Shape,
    size_of,
)
from spikelet.errors import DataError

__all__ = ["Array", "Floating", "Trace"]

_Map = Callable[[Array], Array]


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
    Samples run side by side. What is kept from tick to tick is the neurons' state and what delays hold:
    `ticks` takes no more memory for long inputs.

    Args:
        network: its neurons are Neurons, its delays DelayLines.
        dtype: float64, or float32 to come near a framework's own rounding.
        input_scale: what an input value of 1 stands for (1 for a folded network).
    """

    def __init__(self, network: Network, *, dtype: npt.DTypeLike = np.float64, input_scale: float = 1.0) -> None:
        self._dtype = np.dtype(dtype)
        self._input_scale = np.asarray(input_scale, self._dtype)
        self._order = topological(network)
        self._network = network
        self._sources = incoming(network)
        self._cells = {path: Cell(node, self._dtype) for path, node in network.of(Neurons)}
        shape = shapes(network, "a float run")
        given = {path: shape[sources[0]] if sources else () for path, sources in self._sources.items()}
        self._maps: dict[str, _Map] = {}
        self._lines: dict[str, Ring] = {}
        #: Lines on cycles give what they hold before they take what comes in this tick.
        self._first: dict[str, Ring] = {}
        for path, node in network.nodes.items():
            if isinstance(node, DelayLine):
                lines = self._first if node.breaks else self._lines
                lines[path] = Ring(node.ticks, size_of(shape[path]), self._dtype)
            elif is_linear(node):
                self._maps[path] = _map(path, node, given[path], self._dtype)
            elif not isinstance(node, (Input, Neurons)):
                raise TypeError(f"{path}: {type(node).__name__} does not run; discretise the network first")
            if isinstance(node, Projected) and node.delays is not None:
                self._lines[path] = Ring(node.delays, len(node.delays), self._dtype)
        self.inputs = [path for path, _ in network.of(Input)]
        self.populations = list(self._cells)

    def reset(self, samples: int) -> None:
        """Take the initial state for a number of samples."""
        for cell in self._cells.values():
            cell.reset(samples)
        for line in (*self._lines.values(), *self._first.values()):
            line.reset(samples)

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
            if path in self._first:
                values[path] = self._first[path].late()
            elif not self._sources[path]:
                values[path] = inputs[path].astype(self._dtype) * self._input_scale
            else:
                values[path] = self._value(path, self._given(path, values))
        for path, line in self._first.items():
            line.put(self._given(path, values))
        for line in (*self._lines.values(), *self._first.values()):
            line.step()
        return values

    def _given(self, path: str, values: Mapping[str, Array]) -> Array:
        """The sum of what comes to a node."""
        first, *others = self._sources[path]
        total = values[first]
        for source in others:
            total = total + values[source]
        return total

    def _value(self, path: str, given: Array) -> Array:
        """What a node that is no Input makes of what it is given."""
        if path in self._cells:
            return self._cells[path].tick(given)
        value = self._maps[path](given) if path in self._maps else given
        if path not in self._lines:
            return value
        self._lines[path].put(value)
        return self._lines[path].late()

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


def _map(path: str, node: Node, shape: Shape, dtype: np.dtype[Any]) -> _Map:
    """How a linear node maps its input; samples are rows, shapes are flat."""
    if isinstance(node, (Flatten, Identity, Output)):
        return lambda x: x
    if isinstance(node, Scale):
        scale = node.scale.reshape(-1).astype(dtype)
        return lambda x: x * scale
    bias = bias_of(node, shape)
    offset = np.zeros((), dtype) if bias is None else bias.astype(dtype)
    if isinstance(node, (Affine, Linear)) or (isinstance(node, Dense) and node.source_map is None):
        weight = (node.weight if isinstance(node, Dense) else node.weight.T).astype(dtype)
        return lambda x: x @ weight + offset
    rows = matrix_of(node, shape, path).T.tocsr().astype(dtype)
    return lambda x: (rows @ x.T).T + offset
