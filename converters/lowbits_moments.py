"""What the membranes of a population see of its sources, in a float network and in a rounded one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from scipy.sparse import csr_array

from spikelet.converters.cells import Array
from spikelet.converters.floating import Floating
from spikelet.converters.graph import Network
from spikelet.converters.linear import matrix_of
from spikelet.converters.nodes import Convolution, Dense, FloatArray, Neurons, Weighted
from spikelet.converters.rounding import MAX_MOMENT, weight_moment

__all__ = ["Columns", "Seen", "columns_of", "seen"]

_BATCH = 64
#: Numbers that are kept before their products are taken.
_KEPT = 2**22
#: Positions of a map that are looked at.
_POSITIONS = 64
#: Multiplications up to which each target gets moments of its own.
_OWN = 2**34
#: Samples that the estimate from the weights is worth; more data count for more.
_WORTH = 100


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Columns:
    """The weights into a population as matrices of shape (sources, targets), one for each group of a convolution.

    `paths` are the projections, whose sources follow each other in the rows; `weights` has one
    matrix for each group; `patches` maps the source of a convolution to (group, row, position).
    """

    paths: tuple[str, ...]
    weights: tuple[FloatArray, ...]
    patches: csr_array | None = None

    def rows(self, values: Sequence[Array]) -> list[Array]:
        """What the rows get, for each group, shape (samples * positions, rows), from values of the sources."""
        if self.patches is None:
            return [np.concatenate(values, axis=1)]
        n, groups = self.weights[0].shape[0], len(self.weights)
        found = (self.patches @ values[0].T).T.reshape(len(values[0]), groups, n, -1)
        return [found[:, group].transpose(0, 2, 1).reshape(-1, n) for group in range(groups)]

    def split(self, network: Network, matrices: Sequence[FloatArray]) -> dict[str, Weighted]:
        """The projections with other weights, by path: the way back from matrices of the same shapes."""
        first = network.nodes[self.paths[0]]
        if isinstance(first, Convolution):
            weight = np.concatenate([matrix.T for matrix in matrices]).reshape(first.weight.shape)
            return {self.paths[0]: replace(first, weight=weight)}
        result: dict[str, Weighted] = {}
        start = 0
        for path in self.paths:
            node = network.nodes[path]
            assert isinstance(node, Dense)
            result[path] = replace(node, weight=matrices[0][start : start + len(node.weight)])
            start += len(node.weight)
        return result


def columns_of(network: Network, path: str) -> Columns | None:
    """The weights into a population, where they are matrices from plain sources or one convolution; None for others."""
    paths = tuple(network.sources(path))
    nodes = [network.nodes[name] for name in paths]
    if len(nodes) == 1 and isinstance(nodes[0], Convolution):
        return _convolution(paths, nodes[0])
    dense = [node for node in nodes if isinstance(node, Dense) and node.source_map is None]
    if not dense or len(dense) < len(nodes):
        return None
    return Columns(paths=paths, weights=(np.concatenate([node.weight for node in dense]),))


def _convolution(paths: tuple[str, ...], node: Convolution) -> Columns:
    """Patches are what a convolution with one-hot kernels would give."""
    target, n = node.target_map, int(np.prod(node.weight.shape[1:]))
    groups = target.groups
    one_hot = np.tile(np.eye(n).reshape(n, *node.weight.shape[1:]), (groups, 1, 1, 1))
    looking = replace(node, weight=one_hot, target_map=replace(target, channels=groups * n))
    patches = csr_array(matrix_of(looking, (node.source_map.size,)).T)
    area = target.height * target.width
    keep = np.arange(0, area, -(-area // _POSITIONS))
    rows = (np.arange(groups * n)[:, None] * area + keep).reshape(-1)
    weights = node.weight.reshape(groups, -1, n)
    return Columns(paths=paths, weights=tuple(part.T.copy() for part in weights), patches=csr_array(patches[rows]))


@dataclass(slots=True, eq=False)
class Seen:
    """Moments of what membranes hold of each row, the last row being a constant input.

    `own` is E[y y^T] of the rounded network, shape (k, rows + 1, rows + 1); `meant` E[y x^T] with x of
    the float network, shape (k, rows + 1, rows); k is 1, or the number of targets.
    """

    own: FloatArray
    meant: FloatArray
    _left: list[tuple[Array, Array, Array | None]] = field(default_factory=list)

    def add(self, own: Array, meant: Array, weight: Array | None) -> None:
        """Keep rows of both networks, shape (samples, rows [+ 1]), and how much they count for each target."""
        self._left.append((own, meant, weight))
        if sum(part[0].size for part in self._left) > _KEPT:
            self.flush()

    def flush(self) -> None:
        """Take the products."""
        if not self._left:
            return
        own, meant = (np.concatenate([part[i] for part in self._left]) for i in (0, 1))
        weights = [part[2] for part in self._left if part[2] is not None]
        for k in range(len(self.own)):
            counted = own.T * np.concatenate(weights)[:, k] if weights else own.T
            self.own[k] += counted @ own
            self.meant[k] += counted @ meant
        self._left.clear()

    def target(self, weight: FloatArray, k: int, *, offset: bool, damping: float) -> tuple[FloatArray, FloatArray]:
        """The real weights that make up best for what earlier layers lost, and the moment of errors around them.

        Args:
            weight: of the float network, shape (rows, targets).
            k: which moments.
            offset: whether a constant input may be added, chosen afterwards by `offset_for`.
            damping: how much the float network's weights are kept, in parts of the mean moment.

        Returns:
            Weights, shape (rows, targets), and a damped moment, shape (rows, rows).
        """
        own, meant = self.own[k, :-1, :-1], self.meant[k, :-1]
        if offset:
            constant = self.own[k, :-1, -1] / self.own[k, -1, -1]
            own = own - np.outer(constant, self.own[k, -1, :-1])
            meant = meant - np.outer(constant, self.meant[k, -1])
        kept = damping * float(np.mean(np.diag(own))) or 1.0
        damped = np.asarray(own + kept * np.eye(len(own)), np.float64)
        if np.array_equal(own, meant):
            return weight, damped
        return np.asarray(np.linalg.solve(damped, meant @ weight + kept * weight), np.float64), damped

    def offset_for(self, weight: FloatArray, rounded: FloatArray, k: int) -> FloatArray:
        """The constant input that keeps the mean of what membranes hold, shape (targets,)."""
        found: FloatArray = (self.meant[k, -1] @ weight - self.own[k, -1, :-1] @ rounded) / self.own[k, -1, -1]
        return found


def seen(
    network: Network, other: Network, path: str, columns: Columns, inputs: Mapping[str, Array], *, single: bool
) -> list[Seen]:
    """Run a float network and a rounded one side by side: what a population's membranes see in each.

    Every source is traced with the mean decays of the population. Where it is cheap, each target has
    its own moments, in which ticks count by 1 / (1 + d^2), d being how far the potential is from the
    threshold, in thresholds: an error far below changes nothing.

    Args:
        network: folded.
        other: the same with weights and biases rounded as far as it is known.
        path: of the population.
        columns: its weights.
        inputs: by path of the Input, shape (samples, ticks, size).
        single: one moment for all targets, in any case.

    Returns:
        One for each group.
    """
    node = network.nodes[path]
    assert isinstance(node, Neurons)
    n, targets = columns.weights[0].shape
    samples, ticks = next(iter(inputs.values())).shape[:2]
    cheap = columns.patches is None and samples * ticks * n * n * targets <= _OWN
    weighted = node.choices.fires and cheap and not single
    k = targets if weighted else 1
    found = [Seen(np.zeros((k, n + 1, n + 1)), np.zeros((k, n + 1, n))) for _ in columns.weights]
    for start in range(0, samples, _BATCH):
        batch = {name: values[start : start + _BATCH] for name, values in inputs.items()}
        for own, meant, constant, near in _traces(network, other, path, columns, batch):
            pairs = zip(found, columns.rows(own), columns.rows(meant), strict=True)
            for moments, given, wanted in pairs:
                whole = np.concatenate([given, np.full((len(given), 1), constant)], axis=1)
                moments.add(whole, wanted, near if weighted else None)
        for moments in found:
            moments.flush()
    for moments, weight in zip(found, columns.weights, strict=True):
        _add_estimate(moments, weight, _WORTH / samples if columns.patches is None else 0.0)
    return found


def _traces(
    network: Network, other: Network, path: str, columns: Columns, batch: Mapping[str, Array]
) -> Iterator[tuple[list[Array], list[Array], float, Array]]:
    """Of each tick: traces of the sources in the rounded and in the float network, of a constant 1, and nearness."""
    node = network.nodes[path]
    assert isinstance(node, Neurons)
    sources = [network.sources(name)[0] for name in columns.paths]
    runs = [Floating(other), Floating(network)]
    traces = [[_Trace(node, through_u=True) for _ in sources] for _ in runs]
    one = _Trace(node, through_u=not node.choices.bias_to_v)
    height = np.where(np.isfinite(node.threshold) & (node.threshold != 0), np.abs(node.threshold), 1.0)
    threshold = np.where(np.isfinite(node.threshold), node.threshold, 0.0)
    for pair in zip(runs[0].ticks(batch), runs[1].ticks(batch), strict=True):
        own, meant = (
            [trace.add(values[source]) for trace, source in zip(row, sources, strict=True)]
            for row, values in zip(traces, pair, strict=True)
        )
        distance = (runs[1].potentials(path) - node.offset - threshold) / height
        near = np.where(pair[1][path] > 0, 1.0, 1 / (1 + distance**2)) if node.choices.fires else distance
        yield own, meant, float(one.add(np.ones((1, 1)))[0, 0]), near


class _Trace:
    """A membrane without threshold, with the mean decays of a population."""

    def __init__(self, node: Neurons, *, through_u: bool) -> None:
        self._v, self._u = float(np.mean(node.decay_v)), float(np.mean(node.decay_u))
        self._through_u = through_u and node.choices.has_u
        self._current: Array = np.zeros((1, 1))
        self._held: Array = np.zeros((1, 1))

    def add(self, values: Array) -> Array:
        """Take the input of a tick, give what is held after it."""
        if self._through_u:
            values = self._current = self._u * self._current + values
        self._held = self._v * self._held + values
        return self._held


def _add_estimate(moments: Seen, weight: FloatArray, share: float) -> None:
    """A bit of what the weights alone say, so that few data are not taken for all there is."""
    n = len(weight)
    if share == 0 or n > MAX_MOMENT or weight.size < 1024:
        return
    estimate = weight_moment(weight)
    for k in range(len(moments.own)):
        more = share * float(np.mean(np.diag(moments.own[k, :-1, :-1]))) * estimate
        moments.own[k, :-1, :-1] += more
        moments.meant[k, :-1] += more
