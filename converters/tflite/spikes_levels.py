"""How large a spike is: the largest value of each population on data, and thresholds made of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from spikelet.converters.graph import Network, incoming, shapes, topological
from spikelet.converters.linear import matrix_of
from spikelet.converters.nodes import (
    Convolution,
    FloatArray,
    Input,
    Linear,
    Neurons,
    Node,
    Output,
    Scale,
    Shape,
    size_of,
)
from spikelet.converters.pipeline import lower
from spikelet.converters.tflite.spikes_wiring import Plan

__all__ = ["Levels", "Static", "balanced", "in_order", "levels", "static_of", "with_levels"]

#: By path of the population, shape (channels,): the value that a spike in every tick stands for.
Levels = Mapping[str, FloatArray]
_BATCH = 64
#: Most values that are kept for one population.
_MOST = 2**25
#: Part of a layer's level that a channel's has at least: quieter channels would only make noise louder.
_LEAST = 1 / 16
_TINY = 1e-9
#: A channel's largest weight is at most so many times the median of its layer's: they share one weight unit.
_SPREAD = 2.0


class Static:
    """A network without time: each population gives what its ReLU gives.

    Args:
        network: of a plan, or a lowered one.
        most: the largest value of populations, by path.
    """

    def __init__(self, network: Network, most: Mapping[str, float]) -> None:
        self._most = most
        self._order, self._sources, self._network = topological(network), incoming(network), network
        shape = shapes(network, "a static run")
        self.maps = {
            path: _map(node, shape[self._sources[path][0]], path)
            for path, node in network.nodes.items()
            if not isinstance(node, (Input, Neurons, Output))
        }

    def run(self, frames: npt.ArrayLike) -> dict[str, npt.NDArray[np.float32]]:
        """The values of the input and of all populations, shape (samples, size).

        Args:
            frames: in the numbering of the network, shape (samples, size).
        """
        values: dict[str, npt.NDArray[np.float32]] = {}
        for path in self._order:
            node, sources = self._network.nodes[path], self._sources[path]
            if isinstance(node, Input):
                values[path] = np.asarray(frames, np.float32)
                continue
            given = values[sources[0]]
            for source in sources[1:]:
                given = given + values[source]
            if isinstance(node, Neurons):
                given = given + node.bias.astype(np.float32)
                values[path] = np.clip(given, 0, self._most.get(path, np.inf)) if node.choices.fires else given
            elif not isinstance(node, Output):
                values[path] = self.maps[path](given)
        return {path: values[path] for path, _ in self._network.of(Input, Neurons)}


def _map(node: Node, shape: Shape, path: str) -> Callable[[npt.NDArray[np.float32]], npt.NDArray[np.float32]]:
    if isinstance(node, Scale) and node.scale.size == 1:
        factor = np.float32(node.scale.item())
        return lambda x: x * factor
    if isinstance(node, Linear):
        weight = node.weight.T.astype(np.float32)
        return lambda x: x @ weight
    rows = matrix_of(node, shape, path).T.tocsr().astype(np.float32)
    return lambda x: (rows @ x.T).T


def in_order(plan: Plan, frames: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Frames as the port takes them, in the numbering of the network."""
    ((_, node),) = plan.network.of(Input)
    flat = frames.reshape(len(frames), -1)
    if not node.channels_last:
        return flat
    channels, height, width = node.shape
    moved: npt.NDArray[np.uint8] = flat.reshape(-1, height * width, channels).transpose(0, 2, 1)
    return moved.reshape(len(frames), -1)


def static_of(plan: Plan) -> Static:
    """The network of a plan without time; values end where the file's tensors do."""
    return Static(plan.network, {path: role.ceiling for path, role in plan.roles.items()})


def levels(plan: Plan, frames: npt.NDArray[np.uint8], *, percentile: float, channels: bool) -> Levels:
    """The largest value of each population, but for outliers.

    Args:
        plan: the network.
        frames: of calibration, as the port takes them.
        percentile: of all values of a layer (or channel) that is still reached.
        channels: whether each channel has its own.
    """
    static, given = static_of(plan), in_order(plan, frames)
    kept: dict[str, list[npt.NDArray[np.float32]]] = {path: [] for path in plan.roles}
    for values in _batches(static, given):
        for path, rows in kept.items():
            rows.append(values[path][:: _step(len(given), values[path].shape[1])])
    found: dict[str, FloatArray] = {}
    for path, role in plan.roles.items():
        node = plan.network.nodes[path]
        assert isinstance(node, Neurons)
        if not role.like:
            level = _level(np.concatenate(kept[path]), node.shape, percentile, channels=channels)
            found[path] = np.minimum(level, role.ceiling)
    return {path: found[role.like or path] for path, role in plan.roles.items()}


def _step(samples: int, size: int) -> int:
    return max(1, samples * size // _MOST)


def _batches(static: Static, frames: npt.NDArray[np.uint8]) -> Iterator[dict[str, npt.NDArray[np.float32]]]:
    for start in range(0, len(frames), _BATCH):
        yield static.run(frames[start : start + _BATCH])


def _level(values: npt.NDArray[np.float32], shape: Shape, percentile: float, *, channels: bool) -> FloatArray:
    """One number for each channel."""
    whole = float(np.percentile(values, percentile))
    whole = whole if whole > _TINY else max(float(np.max(values, initial=0.0)), 1.0)
    if not channels:
        return np.full(shape[0], whole)
    own = np.percentile(
        values.reshape(len(values), shape[0], -1).transpose(1, 0, 2).reshape(shape[0], -1), percentile, axis=1
    )
    kept: FloatArray = np.maximum(own, _LEAST * whole)
    return kept


def balanced(plan: Plan, found: Levels) -> Levels:
    """Levels with which the channels of a map can share one weight unit of 8 bits.

    A channel whose weights are large for what it gives gets a higher level, that is smaller weights and fewer spikes.
    """
    for _ in range(2):  # a higher level makes the weights of later layers larger
        network = lower(with_levels(plan, found, burst=1, start=0.0))
        raised = dict(found)
        for path, role in plan.roles.items():
            shape = plan.network.nodes[path].shape  # type: ignore[attr-defined]
            if role.like or len(shape) < 3:
                continue
            largest = _largest_weights(network, path)
            limit = _SPREAD * np.median(largest[largest > 0]) if np.any(largest > 0) else np.inf
            raised[path] = found[path] * np.maximum(largest / limit, 1.0)
        found = {path: raised[role.like or path] for path, role in plan.roles.items()}
    return found


def _largest_weights(network: Network, path: str) -> FloatArray:
    """Of each channel of a map."""
    largest: list[FloatArray] = []
    for name in network.sources(path):
        node = network.nodes[name]
        if isinstance(node, Convolution):
            largest.append(np.abs(node.weight).reshape(len(node.weight), -1).max(axis=1))
    return np.max(largest, axis=0) if largest else np.zeros(1)


def with_levels(plan: Plan, found: Levels, *, burst: int, start: float) -> Network:
    """Neurons with thresholds: potentials are counted in thresholds, spikes are worth `level / burst`.

    Args:
        plan: the network.
        found: of all populations that fire.
        burst: most spikes of a tick.
        start: initial potential, in thresholds.
    """
    nodes = dict(plan.network.nodes)
    for path, level in found.items():
        node = nodes[path]
        assert isinstance(node, Neurons)
        worth = np.repeat(level / burst, size_of(node.shape[1:]))
        nodes[path] = replace(
            node,
            choices=replace(node.choices, several=burst > 1),
            gain=1 / worth,
            bias=node.bias / worth,
            v_init=np.full(node.size, start),
            most=burst if burst > 1 else 0,
        )
        nodes[f"{path}.value"] = Scale(scale=worth.reshape(node.shape) if np.any(worth != worth[0]) else worth[:1])
    return Network(nodes=nodes, edges=plan.network.edges, meta=plan.network.meta)
