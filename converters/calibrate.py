"""What data tell about a network: how its inputs hang together, and what rounding cost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from spikelet.converters.floating import Array, Floating
from spikelet.converters.graph import Network
from spikelet.converters.nodes import Dense, FloatArray, Neurons, Output
from spikelet.converters.rounding import MAX_MOMENT

__all__ = ["agreement", "moments", "with_weights"]

_BATCH = 64


def moments(network: Network, inputs: Mapping[str, Array]) -> dict[str, FloatArray]:
    """Second moments of what each source sends, seen through the membranes that it feeds.

    A membrane adds up what came in over its time constant, so each source's spikes are traced with
    the mean decay of its targets before products are taken.

    Args:
        network: lowered.
        inputs: by path of the Input, shape (samples, ticks, size).

    Returns:
        By path of the source, float64, shape (size, size), 1 in the mean of the diagonal; sources above
        2048 neurons are left out.
    """
    decays = _target_decays(network)
    found: dict[str, FloatArray] = {}
    samples = len(next(iter(inputs.values())))
    runner = Floating(network)
    for start in range(0, samples, _BATCH):
        traces: dict[str, Array] = {}
        for values in runner.ticks({path: array[start : start + _BATCH] for path, array in inputs.items()}):
            for path, decay in decays.items():
                traces[path] = values[path] + decay * traces.get(path, 0.0)
                found[path] = found.get(path, 0.0) + traces[path].T @ traces[path]
    return {path: moment / np.mean(np.diag(moment)) for path, moment in found.items() if np.any(moment)}


def _target_decays(network: Network) -> dict[str, float]:
    result: dict[str, list[float]] = {}
    for path, node in network.of(Dense):
        source, target = network.sources(path)[0], network.targets(path)[0]
        neurons = network.nodes[target]
        if isinstance(neurons, Neurons) and node.weight.shape[0] <= MAX_MOMENT:
            result.setdefault(source, []).append(float(np.mean(neurons.decay_v)))
    return {path: float(np.mean(decays)) for path, decays in result.items()}


def with_weights(network: Network, weights: Mapping[tuple[str, str], FloatArray]) -> Network:
    """The network with other weights, by (source, target)."""
    nodes = dict(network.nodes)
    for path, node in network.of(Dense):
        key = (network.sources(path)[0], network.targets(path)[0])
        nodes[path] = replace(node, weight=weights[key])
    return Network(nodes=nodes, edges=network.edges, meta=network.meta)


def agreement(network: Network, other: Network, inputs: Mapping[str, Array]) -> dict[str, Any]:
    """Run two networks on the same inputs: how often outputs are equal.

    Returns:
        "samples"; "predictions_equal", part of the samples whose largest summed output is the same,
        over all Outputs; "spikes_equal", part of all (tick, neuron) cells with the same count, by
        population.
    """
    first, second = Floating(network), Floating(other)
    outputs = [path for path, _ in network.of(Output)]
    firing = [path for path, node in network.of(Neurons) if node.choices.fires]
    samples = len(next(iter(inputs.values())))
    same = dict.fromkeys(firing, 0.0)
    equal, cells = 0, dict.fromkeys(firing, 0)
    for start in range(0, samples, _BATCH):
        batch = {path: array[start : start + _BATCH] for path, array in inputs.items()}
        sums: list[dict[str, Array]] = [{}, {}]
        for pair in zip(first.ticks(batch), second.ticks(batch), strict=True):
            for total, values in zip(sums, pair, strict=True):
                for path in outputs:
                    total[path] = values[path] + total.get(path, 0.0)
            for path in firing:
                same[path] += float(np.sum(pair[0][path] == pair[1][path]))
                cells[path] += pair[0][path].size
        predictions = [np.stack([np.argmax(total[path], axis=1) for path in outputs]) for total in sums]
        equal += int(np.sum(np.all(predictions[0] == predictions[1], axis=0)))
    return {
        "samples": samples,
        "predictions_equal": round(equal / samples, 6),
        "spikes_equal": {path: round(same[path] / cells[path], 6) for path in firing},
    }
