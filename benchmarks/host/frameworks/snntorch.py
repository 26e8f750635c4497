"""snnTorch: Leaky is reset before the leak of the next tick, which gives the spikes of a reset at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import snntorch
from benchmarks.host.frameworks.layers import Layer, Predict
from benchmarks.host.frameworks.torch_net import stepped

__all__ = ["build"]


def build(layers: Sequence[Layer]) -> Predict:
    """The network of Linear and Leaky."""
    return stepped(layers, lambda _: 1.0, _neurons)


def _neurons(layer: Layer) -> Any:
    leaky = snntorch.Leaky(beta=layer.beta, threshold=1.0, reset_mechanism="zero")
    return lambda x, state: leaky(x, leaky.reset_mem() if state is None else state)
