"""What frameworks on torch have in common: linear layers, a loop over ticks, batches."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from benchmarks.host.frameworks.layers import Layer, Predict

__all__ = ["predictor", "stepped"]


def linear(layer: Layer, gain: float) -> Any:
    """weight x + bias, times gain."""
    made = torch.nn.Linear(*layer.weight.T.shape)
    with torch.no_grad():
        made.weight.copy_(torch.from_numpy(layer.weight * gain))
        made.bias.copy_(torch.from_numpy(layer.bias * gain))
    return made


def stepped(layers: Sequence[Layer], gain: Callable[[Layer], float], neurons: Callable[[Layer], Any]) -> Predict:
    """A network of neurons called as (x, state) -> (spikes, state), tick by tick, from the state None."""
    made = [(linear(layer, gain(layer)), neurons(layer)) for layer in layers]

    def counts(batch: Any) -> Any:
        states: list[Any] = [None] * len(made)
        total: Any = 0
        for tick in batch.unbind(1):
            spikes = tick
            for index, (weights, cell) in enumerate(made):
                spikes, states[index] = cell(weights(spikes), states[index])
            total = total + spikes
        return total

    return predictor(counts)


def predictor(counts: Callable[[Any], Any]) -> Predict:
    """From a function that gives the output spikes (batch, outputs) of a batch (batch, ticks, inputs)."""

    def predict(samples: npt.NDArray[np.float32], batch: int) -> npt.NDArray[np.int64]:
        with torch.no_grad():
            parts = [counts(part).argmax(1) for part in torch.from_numpy(samples).split(batch)]
        return np.asarray(torch.cat(parts).numpy(), np.int64)

    return predict
