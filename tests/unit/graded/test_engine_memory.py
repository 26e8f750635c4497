"""spikelet.graded.memory says what the engine says."""

from __future__ import annotations

import numpy as np
import pytest

from spikelet.graded.engine import GradedEngine
from spikelet.graded.memory import arena_size, layer_scratch, scratch_size
from spikelet.graded.model import CHANNEL, PARAMETERS, GradedModel, LayerKind, TensorType
from support.graded_layers import one_layer, padded
from support.graded_networks import corpus

#: Layers that keep nothing beside their tensors.
WITHOUT = {
    *(LayerKind.MUL_S8, LayerKind.LUT_S8, LayerKind.SOFTMAX_S8, LayerKind.COPY, LayerKind.FILL),
    *(LayerKind.MEAN, LayerKind.RESCALE, LayerKind.ADD_S16, LayerKind.MUL_S16, LayerKind.SOFTMAX_S16),
    *(LayerKind.LOGISTIC_S16, LayerKind.LEAKY_RELU_S16, LayerKind.DENSE_S8),
}


@pytest.mark.parametrize("kind", LayerKind, ids=lambda kind: kind.name)
def test_scratch_of_each_kind_is_what_c_asks_for(kind: LayerKind) -> None:
    """A report of memory before anything is built must be right to the byte."""
    needed = set()
    for model in corpus(60, [kind], 1):
        with GradedEngine(model) as engine:
            assert engine.scratch_size == scratch_size(model)
            assert engine.arena_size == arena_size(model) == model.memory + scratch_size(model)
        needed |= {layer_scratch(la, model.tensors[la.output]) for la in model.layers if la.kind is kind}

    assert (needed == {0}) == (kind in WITHOUT)


def test_scratch_is_the_most_that_a_layer_needs() -> None:
    """Layers run one after the other."""
    for model in corpus(100):
        most = max(layer_scratch(layer, model.tensors[layer.output]) for layer in model.layers)
        with GradedEngine(model) as engine:
            assert most <= engine.scratch_size < most + 8
            assert engine.scratch_size % 8 == 0


def depthwise(channels: int) -> GradedModel:
    """One pixel, one tap."""
    p = dict.fromkeys(PARAMETERS[LayerKind.DEPTHWISE_S8], 1)
    p |= {"in_channels": channels, "out_channels": channels, "groups": channels, "bits": 8}
    p |= {"pad_y": 0, "pad_x": 0, "act_min": -128, "act_max": 127}
    shape = ((channels,), TensorType.INT8)
    weights = padded(np.ones(channels, np.int8))
    return one_layer(
        LayerKind.DEPTHWISE_S8, p, inputs=[shape], output=shape, table=np.zeros(channels, CHANNEL), weights=weights
    )


@pytest.mark.parametrize("channels", [1, 95, 96, 97, 400])
def test_scratch_of_wide_depthwise_layers(channels: int) -> None:
    """What a kernel prepares of channels is only there up to a number of them."""
    with GradedEngine(depthwise(channels)) as engine:
        assert engine.scratch_size == scratch_size(depthwise(channels))
