"""Weights and inputs of the golden networks of make_nir.py, and how their runs are kept."""

from __future__ import annotations

from typing import Any

import nir
import numpy as np
import numpy.typing as npt

TICKS, INPUTS, HIDDEN, OUTPUTS = 60, 12, 16, 5
Array = npt.NDArray[np.float32]
#: What a framework gave: the graph, then by layer spikes and (where it keeps them) potentials, (ticks, size).
Made = tuple[nir.NIRGraph, dict[str, Array]]


def weights(case: str) -> tuple[Array, Array, Array, Array, Array]:
    """Input and weights of a case, the same for each run and machine.

    Weights are multiples of 1/64 that 8 bits hold, so that conversion loses nothing of them.
    """
    generator = np.random.default_rng(sum(case.encode()))
    x = (generator.random((TICKS, INPUTS)) < 0.3).astype(np.float32)
    first = on_grid(generator.normal(0.15, 0.45, (HIDDEN, INPUTS)))
    second = on_grid(generator.normal(0.1, 0.5, (OUTPUTS, HIDDEN)))
    biases = on_grid(generator.normal(0.03, 0.05, HIDDEN + OUTPUTS))
    return x, first, biases[:HIDDEN], second, biases[HIDDEN:]


def on_grid(values: npt.NDArray[np.float64]) -> Array:
    """Multiples of 1/64."""
    return (np.clip(np.rint(values * 64), -127, 127) / 64).astype(np.float32)


def per_neuron(case: str, n: int, low: float, high: float) -> Array:
    """A parameter for each neuron."""
    return np.random.default_rng(sum(case.encode()) + n).uniform(low, high, n).astype(np.float32)


def linears(case: str) -> tuple[Any, Any, Any]:
    """Input and two torch Linear layers."""
    import torch

    x, w1, b1, w2, b2 = weights(case)
    layers = []
    for w, b in ((w1, b1), (w2, b2)):
        layer = torch.nn.Linear(w.shape[1], w.shape[0])
        layer.weight.data, layer.bias.data = torch.tensor(w), torch.tensor(b)
        layers.append(layer)
    return torch.tensor(x), layers[0], layers[1]


def collect(rows: list[list[Any]]) -> dict[str, Array]:
    """Tensors by tick as arrays (ticks, size): spikes of all layers, then potentials of all or none."""
    names = {2: ["z1", "z2"], 4: ["z1", "z2", "v1", "v2"], 6: ["z1", "z2", "z3", "v1", "v2", "v3"]}[len(rows[0])]
    columns = zip(*rows, strict=True)
    return {
        name: np.stack(
            [np.asarray(getattr(value, "detach", lambda v=value: v)()).reshape(-1) for value in column]
        ).astype(np.float32)
        for name, column in zip(names, columns, strict=True)
    }
