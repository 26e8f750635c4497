"""The spiking CNN for N-MNIST, and the recording that goes with it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from paths import data
from spikelet.converters import convert, lower
from spikelet.converters.graph import Network
from spikelet.converters.linear import matrix_of
from spikelet.converters.nodes import Projected
from spikelet.events import EventArray, load
from spikelet.model import Model
from spikelet.numbering import engine_order
from spikelet.runner import Result, Variable

__all__ = ["CHOICES", "Work", "cnn", "network", "recording", "work"]

#: sinabs' defaults for IAF; min_v_mem is not in the file, and was not used in training.
CHOICES: dict[str, Any] = {"framework": "sinabs", "reset": "subtract", "several": True, "norm_input": False}
_SHAPE = (2, 34, 34)


def recording(tick_us: int) -> EventArray:
    """Binned from time 0, counts kept."""
    return load(data("events/sample_nmnist.bin")).to_events(tick_us, shape=_SHAPE, start_us=0)


def cnn(v_min: str = "none", **how: Any) -> Model:
    """The converted network; an input of 8 a neuron and tick, 2312 events a tick."""
    return convert(data("nir/cnn_sinabs.nir"), **CHOICES, v_min=v_min, max_value=8, max_sum=4624, **how)


def network(v_min: str = "none") -> Network:
    """The float network."""
    return lower(data("nir/cnn_sinabs.nir"), **CHOICES, v_min=v_min)


@dataclass(frozen=True, kw_only=True)
class Work:
    """What each tick had to do: synaptic operations, events delivered, neurons that had to be updated."""

    synops: np.ndarray
    events: np.ndarray
    neurons: np.ndarray


def work(model: Model, lowered: Network, events: EventArray, run: Result, ticks: int) -> Work:
    """Count what a run had to do, from its spikes and the weights' places alone.

    A neuron had to be updated when an event reached it, and in the first tick, before which none rests. All
    neurons are without leak and bias.
    """
    sent: dict[str, np.ndarray] = {}
    dense = np.zeros((ticks, model.inputs[0].size), bool)
    dense[events["tick"], events["neuron"]] = True
    sent[model.inputs[0].name] = dense
    for index, population in enumerate(model.populations):
        spikes = run.probes[population.name, Variable.EVENTS]
        sent[population.name] = spikes[:, np.argsort(engine_order(model, index))] != 0
    synops, delivered, updated = (np.zeros(ticks) for _ in range(3))
    for path, node in lowered.of(Projected):
        source, target = lowered.sources(path)[0], lowered.targets(path)[0]
        weights = matrix_of(node, ())
        there = sent[source].astype(np.float64)
        # A convolution's weight that happens to be 0 is added like any other: count places, not values.
        places = matrix_of(_ones(node), ())
        synops += there @ np.asarray(places.sum(axis=1)).reshape(-1)
        delivered += there.sum(axis=1)
        updated += ((places.T @ there.T) > 0).sum(axis=0)
        assert weights.shape[1] == next(p.size for p in model.populations if p.name == target)
    updated[0] = sum(p.size for p in model.populations)
    return Work(synops=synops, events=delivered, neurons=updated)


def _ones(node: Any) -> Any:
    return replace(node, weight=np.ones_like(node.weight))
