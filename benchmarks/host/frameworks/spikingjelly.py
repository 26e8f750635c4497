"""SpikingJelly: LIFNode over all ticks of a layer at once (step mode m), hard reset."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from benchmarks.host.frameworks.layers import Layer, Predict
from benchmarks.host.frameworks.torch_net import linear, predictor
from spikingjelly.activation_based import functional, neuron

__all__ = ["build"]


def build(layers: Sequence[Layer]) -> Predict:
    """The network of Linear and LIFNode."""
    made = [(linear(layer, 1.0), _neurons(layer)) for layer in layers]

    def counts(batch: Any) -> Any:
        x = batch.transpose(0, 1)
        for weights, neurons in made:
            functional.reset_net(neurons)
            x = neurons(weights(x))
        return x.sum(0)

    return predictor(counts)


def _neurons(layer: Layer) -> Any:
    return neuron.LIFNode(
        tau=1 / (1 - layer.beta), decay_input=False, v_threshold=1.0, v_reset=0.0, detach_reset=True, step_mode="m"
    )
