"""What integers ask for: biases that make up for rounded weights, fraction bits with which potentials have room."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from spikelet.converters.graph import Network
from spikelet.converters.integers import rounded_network
from spikelet.converters.nodes import FloatArray, Neurons, Node, Shape, size_of
from spikelet.converters.quantize import Quantised
from spikelet.converters.tflite.spikes_levels import Static
from spikelet.model import V_MAX

__all__ = ["corrected", "fraction_bits"]

#: Samples that means are taken over.
_SAMPLES = 256
#: Part of a threshold that the rounding of a bias may add up to in a sample.
_ERROR = 1 / 32


def fraction_bits(parts: Mapping[str, Quantised], window: int) -> int:
    """Fraction bits with which no potential saturates in a sample, unless biases need more to be exact enough.

    Neurons that get more in each tick than they can send keep the rest: up to the window times their largest input.

    Args:
        parts: the integers of a network with thresholds of 1, with fraction bits of their own.
        window: of a sample [ticks].
    """
    room, need, most = 30, 0, 30
    for part in parts.values():
        bound = max(float(part.report["input_bound"]), 1.0)
        room = min(room, int(np.floor(np.log2(V_MAX / (1.1 * window * bound)))))
        most = min(most, part.population.frac)
        if part.population.choices.fires:
            unit = float(np.max(part.scale))
            need = max(need, int(np.ceil(np.log2(max(window / 2 * unit / _ERROR, 1.0)))))
    return max(0, min(most, max(room, need)))


def corrected(
    network: Network, parts: Mapping[str, Quantised], shapes: Mapping[str, Shape], frames: npt.NDArray[np.uint8]
) -> Network:
    """The network with biases that keep the mean input of each neuron, weights being rounded as they will be.

    An input whose 0 is a frame's 211, say, needs it most: its error is 211 times that of the weights.

    Args:
        network: lowered, with thresholds of 1.
        parts: its integers.
        shapes: of the input and the populations, as maps where they are maps: means are those of channels.
        frames: of calibration, in the numbering of the network.
    """
    rounded = rounded_network(network, parts)
    most = {path: float(node.most or 1) for path, node in network.of(Neurons)}
    before, after = Static(network, most), Static(rounded, most)
    means = _means(before.run(frames[:: -(-len(frames) // _SAMPLES)]), shapes)
    nodes: dict[str, Node] = dict(network.nodes)
    for path, node in network.of(Neurons):
        lost: FloatArray = np.zeros(node.size)
        for name in network.sources(path):
            mean = means[network.sources(name)[0]]
            lost += (before.maps[name](mean) - after.maps[name](mean))[0]
        nodes[path] = replace(node, bias=node.bias + lost)
    return replace(network, nodes=nodes)


def _means(
    values: Mapping[str, npt.NDArray[np.float32]], shapes: Mapping[str, Shape]
) -> dict[str, npt.NDArray[np.float32]]:
    """The mean of each channel, for all its neurons; shape (1, size)."""
    found = {}
    for path, given in values.items():
        shape = shapes[path]
        mean = given.mean(axis=0).reshape(shape[0], -1).mean(axis=1)
        found[path] = np.repeat(mean, size_of(shape[1:]))[None].astype(np.float32)
    return found
