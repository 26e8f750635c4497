"""Graded networks of one layer, and the bytes of their weights: packed here from the document, not by the converter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from spikelet.graded.model import GradedModel, GradedPort, GradedTensor, Layer, LayerKind, TensorType

__all__ = ["coded", "one_layer", "padded"]

Shaped = tuple[Sequence[int], TensorType]


def one_layer(
    kind: LayerKind,
    parameters: Mapping[str, int],
    *,
    inputs: Sequence[Shaped],
    output: Shaped,
    table: npt.NDArray[Any] | None = None,
    weights: npt.NDArray[np.uint8] | None = None,
) -> GradedModel:
    """A network that is one layer; its tensors lie one after the other."""
    tensors = []
    at = 0
    for index, (shape, kind_of_tensor) in enumerate((*inputs, output)):
        tensors.append(GradedTensor(name=f"t{index}", shape=tuple(shape), type=kind_of_tensor, at=at))
        at += -(-tensors[-1].size * kind_of_tensor // 8) * 8
    layer = Layer(
        name=kind.name,
        kind=kind,
        inputs=tuple(range(len(inputs))),
        output=len(inputs),
        parameters=parameters,
        table=table,
        weights=weights,
    )
    return GradedModel(
        tensors=tuple(tensors),
        layers=(layer,),
        inputs=tuple(GradedPort(name=f"in{index}", tensor=index) for index in range(len(inputs))),
        outputs=(GradedPort(name="out", tensor=len(inputs)),),
        memory=at,
    )


def padded(values: npt.NDArray[np.int8]) -> npt.NDArray[np.uint8]:
    """Signed bytes in the order they have, padded with 0 to a multiple of 4."""
    flat = np.ascontiguousarray(values).reshape(-1).view(np.uint8)
    return np.concatenate([flat, np.zeros(-flat.size % 4, np.uint8)])


def coded(weights: npt.NDArray[np.int8], groups: int = 1, bits: int = 8) -> npt.NDArray[np.uint8]:
    """Weights (outputs, inputs of a group) in the layout of conv s8, element by element (graded.md 4.7)."""
    per_group = weights.shape[0] // groups
    multiple = 16 if bits == 2 else 8
    stream: list[int] = []
    for group in range(groups):
        for first in range(0, per_group, 64):
            block = weights[group * per_group + first : group * per_group + min(first + 64, per_group)]
            width = -(-len(block) // multiple) * multiple
            for row in range(weights.shape[1]):
                codes = [int(block[channel, row]) if channel < len(block) else 0 for channel in range(width)]
                word = sum((code + 2 ** (bits - 1)) << (k * bits) for k, code in enumerate(codes))
                stream.extend(word.to_bytes(width * bits // 8, "little"))
    return np.array(stream, np.uint8)
