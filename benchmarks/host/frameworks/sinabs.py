"""sinabs: LIF over all ticks of a layer at once, with one spike a tick and a reset to 0."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from benchmarks.host.frameworks.layers import Layer, Predict
from benchmarks.host.frameworks.torch_net import linear, predictor
from sinabs.activation import MembraneReset, SingleSpike
from sinabs.layers import LIF

__all__ = ["build"]


def build(layers: Sequence[Layer]) -> Predict:
    """The network of Linear and LIF."""
    made = [(linear(layer, 1.0), _neurons(layer)) for layer in layers]

    def counts(batch: Any) -> Any:
        for weights, neurons in made:
            neurons.reset_states()
            batch = neurons(weights(batch))
        return batch.sum(1)

    return predictor(counts)


def _neurons(layer: Layer) -> Any:
    return LIF(
        tau_mem=-1 / math.log(layer.beta),
        spike_threshold=1.0,
        spike_fn=SingleSpike,
        reset_fn=MembraneReset(),
        norm_input=False,
    )
