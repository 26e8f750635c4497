"""The network as frameworks take it: float weights, one layer after the other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from spikelet.converters.graph import Network, topological
from spikelet.converters.nodes import Dense, Neurons
from spikelet.errors import SpikeletError
from spikelet.model import ResetKind

__all__ = ["Layer", "Predict", "layers_of"]

#: Predictions, int64, of samples: float32 spikes of shape (samples, ticks, inputs), a batch at a time.
Predict = Callable[[npt.NDArray[np.float32], int], npt.NDArray[np.int64]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """A dense layer of leaky neurons: v = beta v + weight x + bias, which fire above 1 and are reset to 0."""

    weight: npt.NDArray[np.float32]  #: shape (outputs, inputs)
    bias: npt.NDArray[np.float32]
    beta: float


def layers_of(network: Network) -> Sequence[Layer]:
    """The layers of a lowered network; thresholds are divided out.

    Raises:
        SpikeletError: it is no chain of such layers.
    """
    return [_layer(network, path) for path in topological(network) if isinstance(network.nodes[path], Neurons)]


def _layer(network: Network, path: str) -> Layer:
    node = network.nodes[path]
    sources = [network.nodes[source] for source in network.sources(path)]
    if len(sources) != 1 or not isinstance(sources[0], Dense) or not isinstance(node, Neurons):
        raise SpikeletError(f"population {path!r}: frameworks are compared on chains of dense layers only")
    choices, beta = node.choices, np.unique(node.decay_v)
    if not (choices.fires and choices.reset_kind is ResetKind.SET and beta.size == 1 and not np.any(node.reset)):
        raise SpikeletError(f"population {path!r}: frameworks are compared on leaky neurons that are reset to 0")
    scale = node.gain / node.threshold
    return Layer(
        weight=np.ascontiguousarray((sources[0].weight * scale).T, np.float32),
        bias=np.asarray(node.bias / node.threshold, np.float32),
        beta=float(beta[0]),
    )
