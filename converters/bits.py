"""Bits of weights, layer by layer: as said, or the fewest bytes within a loss; both fitted to calibration data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from spikelet.converters.floating import Array, Floating
from spikelet.converters.graph import Network
from spikelet.converters.lowbits_layers import Layer, LayerRounder, with_layers
from spikelet.converters.nodes import Neurons, Output, Sparse, Weighted
from spikelet.converters.precision import Choice, Loss, choose_bits, halves, loss_between, table
from spikelet.errors import ConvertError

__all__ = ["AUTO", "chosen_layers", "predictions", "said_bits"]

#: Bits are chosen by the loss on calibration data.
AUTO = "auto"
_LOW = (4, 2, 1)
_BATCH = 64


def said_bits(network: Network, weights: Mapping[str, int], weight_bits: int) -> dict[str, int]:
    """Bits of each population.

    Raises:
        ConvertError: a name is no population.
    """
    paths = [path for path, _ in network.of(Neurons)]
    for path in weights:
        if path not in paths:
            raise ConvertError(
                "convert", "weights", found=repr(path), allowed=", ".join(paths), hint="Name populations."
            )
    return {path: weights.get(path, weight_bits) for path in paths}


def chosen_layers(
    network: Network,
    inputs: Mapping[str, Array],
    bits: Mapping[str, int],
    *,
    compared: frozenset[str],
    max_loss: float,
    labels: npt.ArrayLike | None = None,
) -> tuple[dict[str, Layer], dict[str, Any]]:
    """Round layers of few bits to calibration data; with no bits said, choose them.

    Args:
        network: folded.
        inputs: by path of the Input, shape (samples, ticks, size).
        bits: by population; empty: choose, losing at most `max_loss` points.
        compared: populations with one scale.
        max_loss: points of accuracy [percent]; without labels of predictions unlike the float network's.
        labels: of the samples, shape (samples,).

    Returns:
        Layers of 4, 2 or 1 bits, and for the record the bits and the table that they were chosen from.
    """
    rounder = LayerRounder(network, inputs, compared=compared)
    if bits:
        low = {path: bits[path] for path in rounder.paths if bits[path] in _LOW}
        return rounder.round(low), {}
    choice = _choose(network, inputs, compared, max_loss, None if labels is None else np.asarray(labels))
    low = {path: n for path, n in choice.bits.items() if n in _LOW}
    return rounder.round(low), {"bits": dict(choice.bits), "table": [list(row) for row in table(choice)]}


def _choose(
    network: Network,
    inputs: Mapping[str, Array],
    compared: frozenset[str],
    max_loss: float,
    labels: npt.NDArray[np.int64] | None,
) -> Choice:
    """Search on a part of the data, which codes are fitted to as well; the rest has not been seen by either."""
    search, check = halves(len(next(iter(inputs.values()))))
    rounder = LayerRounder(network, {path: array[search] for path, array in inputs.items()}, compared=compared)
    meant = predictions(network, inputs)

    def loss(which: npt.NDArray[np.intp], bits: Mapping[str, int]) -> Loss:
        layers = rounder.round({path: n for path, n in bits.items() if n in _LOW})
        part = {path: array[which] for path, array in inputs.items()}
        found = predictions(with_layers(network, layers), part)
        return loss_between(found, meant[which], None if labels is None else labels[which])

    sizes = {
        path: sum(_weights(network.nodes[name]) for name in network.sources(path)) for path in rounder.paths
    }  # fmt: skip
    return choose_bits(
        lambda bits: loss(search, bits),
        rounder.paths,
        lambda bits: sum(-(-sizes[path] * n // 8) for path, n in bits.items()),
        max_loss,
        check=lambda bits: loss(check, bits),
    )


def _weights(node: object) -> int:
    assert isinstance(node, Weighted)
    return 0 if isinstance(node, Sparse) else int(node.weight.size)


def predictions(network: Network, inputs: Mapping[str, Array]) -> npt.NDArray[np.int64]:
    """The largest summed value of the first Output, of each sample."""
    runner, output = Floating(network), next(path for path, _ in network.of(Output))
    found = []
    for start in range(0, len(next(iter(inputs.values()))), _BATCH):
        batch = {path: array[start : start + _BATCH] for path, array in inputs.items()}
        found.append(np.argmax(sum(values[output] for values in runner.ticks(batch)), axis=1))
    return np.concatenate(found)
