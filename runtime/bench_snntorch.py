"""A lowered network in snnTorch, for `spikelet bench host`. The only module of runtime/ that imports torch."""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import version
from typing import Any

import numpy as np
import numpy.typing as npt
import snntorch
import torch

from spikelet.converters.graph import Network, topological
from spikelet.converters.nodes import Dense, Neurons
from spikelet.errors import SpikeletError
from spikelet.model import ResetKind

__all__ = ["build"]

_RESETS = {ResetKind.SET: "zero", ResetKind.SUBTRACT: "subtract", ResetKind.NONE: "none"}


def build(network: Network) -> tuple[Callable[[npt.NDArray[np.float32]], npt.NDArray[np.int64]], str]:
    """Make Linear and Leaky layers, on one thread.

    Args:
        network: lowered; a chain of dense projections and LIF neurons with snnTorch's conventions.

    Returns:
        A function that runs samples of shape (samples, ticks, size) one by one and gives predictions,
        and the versions.

    Raises:
        SpikeletError: the network is something else.
    """
    torch.set_num_threads(1)
    layers = [_layer(network, path) for path in topological(network) if isinstance(network.nodes[path], Neurons)]

    def run(samples: npt.NDArray[np.float32]) -> npt.NDArray[np.int64]:
        predictions = []
        with torch.no_grad():
            for sample in torch.from_numpy(samples):
                membranes = [leaky.reset_mem() for _, leaky in layers]
                total: Any = 0
                for tick in sample:
                    spikes = tick[None]
                    for index, (linear, leaky) in enumerate(layers):
                        spikes, membranes[index] = leaky(linear(spikes), membranes[index])
                    total = total + spikes
                predictions.append(int(total.argmax()))
        return np.array(predictions, np.int64)

    return run, f"snntorch {version('snntorch')}, torch {version('torch')}"


def _layer(network: Network, path: str) -> tuple[Any, Any]:
    """The linear map into a population, and its neurons."""
    node = network.nodes[path]
    dense = [network.nodes[source] for source in network.sources(path)]
    if len(dense) != 1 or not isinstance(dense[0], Dense) or not isinstance(node, Neurons):
        raise SpikeletError(f"population {path!r} has {len(dense)} projections; bench compares chains of layers only")
    choices = node.choices
    plain = choices.fires and not (choices.has_u or choices.several or choices.has_a or choices.add_then_decay)
    if not plain or not node.strict or np.any(node.reset != (node.threshold if choices.reset_kind == 1 else 0)):
        raise SpikeletError(f"population {path!r} is no Leaky of snnTorch: bench compares networks from snnTorch")
    weight = dense[0].weight
    linear = torch.nn.Linear(*weight.shape)
    with torch.no_grad():
        linear.weight.copy_(torch.from_numpy((node.gain * weight).T))
        linear.bias.copy_(torch.from_numpy(node.bias))
    return linear, snntorch.Leaky(
        beta=_parameter(node.decay_v), threshold=_parameter(node.threshold), reset_mechanism=_RESETS[choices.reset_kind]
    )


def _parameter(values: npt.NDArray[np.float64]) -> Any:
    """One number where all neurons share it, as snnTorch's users write it."""
    return float(values[0]) if np.all(values == values[0]) else torch.from_numpy(values.astype(np.float32))
