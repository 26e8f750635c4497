"""Brian2's C++ standalone: all samples in one run of the program that it writes and compiles.

A spike acts in the step after it, so each layer runs a step later than the one before it; outside of the ticks of its
samples a layer stays at 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from tempfile import TemporaryDirectory

import brian2 as b2
import numpy as np
import numpy.typing as npt
from benchmarks.host.frameworks.layers import Layer

__all__ = ["run"]

_STEP = "(timestep(t, dt) % {period})"
_UPDATE = f"v = int({_STEP} >= {{first}}) * int({_STEP} < {{end}}) * (beta * v + x + bias)\nx = 0"


def run(layers: Sequence[Layer], samples: npt.NDArray[np.float32]) -> tuple[npt.NDArray[np.int64], float]:
    """Predictions of samples, float32, shape (samples, ticks, inputs), and the seconds of the program's run."""
    n, ticks, inputs = samples.shape
    period = ticks + len(layers) + 1
    with TemporaryDirectory() as folder:
        b2.set_device("cpp_standalone", directory=folder, build_on_run=True)
        b2.device.reinit()
        b2.device.activate(directory=folder, build_on_run=True)
        b2.defaultclock.dt = 1 * b2.ms
        index, tick, neuron = np.nonzero(samples)
        source = b2.SpikeGeneratorGroup(inputs, neuron, (index * period + tick) * b2.ms)
        made = [source]
        for first, layer in enumerate(layers, 1):
            update = _UPDATE.format(period=period, first=first, end=first + ticks)
            made += _layer(layer, made[-2] if len(made) > 1 else source, update)
        spikes = b2.SpikeMonitor(made[-2])
        b2.Network(*made, spikes).run(n * period * b2.ms)
        counts = np.zeros((n, len(layers[-1].bias)), np.int64)
        steps = np.round(np.asarray(spikes.t / b2.ms)).astype(int)
        np.add.at(counts, (steps // period, np.asarray(spikes.i)), 1)
        return counts.argmax(1), float(b2.device._last_run_time)


def _layer(layer: Layer, source: b2.Group, update: str) -> list[b2.BrianObject]:
    """Neurons and the synapses into them."""
    equations = "v : 1\nx : 1\nbias : 1 (constant)\nbeta : 1 (shared, constant)"
    neurons = b2.NeuronGroup(len(layer.bias), equations, threshold="v > 1", reset="v = 0")
    neurons.bias, neurons.beta = layer.bias, layer.beta
    neurons.run_regularly(update, when="groups")
    synapses = b2.Synapses(source, neurons, "w : 1", on_pre="x_post += w")
    synapses.connect()
    synapses.w = layer.weight.T.ravel()
    return [neurons, synapses]
