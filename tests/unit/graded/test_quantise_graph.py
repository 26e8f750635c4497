"""Which tensors share a scale, what is folded, and what is no float network."""

from __future__ import annotations

import numpy as np
import pytest

from spikelet.converters.tflite.quantise_graph import folded, grouped
from spikelet.converters.tflite.reader import parse_tflite, read_tflite
from spikelet.errors import ConvertError
from support.float_networks import FOLDER, read
from support.tflite_builder import FileBuilder, GraphBuilder

MAP = (1, 4, 4, 2)


def of(builder: FileBuilder):
    """The file and its groups."""
    return grouped(folded(parse_tflite(builder.build())))


def ran(graph: GraphBuilder, kind: str, inputs: list[int], shape: tuple[int, ...], **options) -> int:
    """Add an operator that writes a float tensor."""
    output = graph.tensor(shape, "float32")
    graph.operator(kind, inputs, [output], **options)
    return output


def test_tensors_that_are_only_moved_share_a_scale() -> None:
    """Pools, pads, reshapes, slices and concatenations; a convolution has one of its own."""
    builder = FileBuilder()
    graph = builder.main
    pool = {"padding": "SAME", "stride_h": 1, "stride_w": 1, "filter_height": 2, "filter_width": 2}
    x = graph.input(MAP, "float32")
    largest = ran(graph, "MAX_POOL_2D", [x], MAP, **pool)
    mean = ran(graph, "AVERAGE_POOL_2D", [largest], MAP, **pool)
    pads = graph.constant(np.zeros((4, 2), np.int32))
    padded = ran(graph, "PAD", [mean, pads], MAP)
    flat = ran(graph, "RESHAPE", [padded], (1, 32))
    bounds = [graph.constant(np.array(values, np.int32)) for values in ((0, 0), (1, 32), (1, 2))]
    sliced = ran(graph, "STRIDED_SLICE", [flat, *bounds], (1, 16))
    other = graph.input((1, 3), "float32")
    joined = ran(graph, "CONCATENATION", [sliced, other], (1, 19), axis=1)
    weight = graph.constant(np.ones((2, 19), np.float32))
    graph.outputs = [ran(graph, "FULLY_CONNECTED", [joined, weight], (1, 2))]
    _, groups = of(builder)
    same = [x, largest, mean, padded, flat, sliced, other, joined]
    assert groups.members(groups.of[x]) == same
    assert groups.of[graph.outputs[0]] not in (groups.of[x], None)
    assert not {pads, *bounds, weight} & set(groups.of)
    assert groups.fixed == {}


def test_probabilities_have_the_scale_that_tensorflow_lite_fixes() -> None:
    """Behind a softmax, a logistic and a tanh, and where these are reshaped."""
    builder = FileBuilder()
    graph = builder.main
    x = graph.input((1, 8), "float32")
    found = [ran(graph, kind, [x], (1, 8)) for kind in ("SOFTMAX", "LOGISTIC", "TANH")]
    graph.outputs = [ran(graph, "RESHAPE", [index], (8,)) for index in found]
    _, groups = of(builder)
    fixed = [groups.fixed[groups.of[index]] for index in graph.outputs]
    assert fixed == [(1 / 256, -128), (1 / 256, -128), (1 / 128, 0)]
    assert groups.of[x] not in groups.fixed


def test_probabilities_beside_features_are_quantised_again() -> None:
    """A concatenation has one scale: a QUANTIZE comes between; probabilities alone are joined as they are."""
    builder = FileBuilder()
    graph = builder.main
    x = graph.input((1, 8), "float32")
    soft, gate = ran(graph, "SOFTMAX", [x], (1, 8)), ran(graph, "LOGISTIC", [x], (1, 8))
    alone = ran(graph, "CONCATENATION", [soft, gate], (1, 16), axis=1)
    mixed = ran(graph, "CONCATENATION", [alone, x], (1, 24), axis=1)
    graph.outputs = [mixed]
    file, groups = of(builder)
    kinds = [operator.kind for operator in file.subgraphs[0].operators]
    assert kinds == ["SOFTMAX", "LOGISTIC", "CONCATENATION", "QUANTIZE", "CONCATENATION"]
    assert groups.of[soft] == groups.of[gate] == groups.of[alone]
    copy = file.subgraphs[0].operators[4].inputs[0]
    assert groups.of[copy] == groups.of[x] == groups.of[mixed]
    assert groups.of[mixed] not in groups.fixed


def test_a_variable_is_read_with_the_scale_that_it_was_assigned_with() -> None:
    """All that is written to it and read from it is one group."""
    file, groups = grouped(folded(read("streaming")))
    kinds = {operator.kind: operator for operator in file.subgraphs[0].operators}
    read_back, assigned = kinds["READ_VARIABLE"].outputs[0], kinds["ASSIGN_VARIABLE"].inputs[1]
    assert groups.of[read_back] == groups.of[assigned] == groups.of[file.subgraphs[0].inputs[0]]


def test_weights_of_float16_are_folded() -> None:
    """DEQUANTIZE of a constant is a constant; what is left computes the same."""
    builder = FileBuilder()
    graph = builder.main
    values = np.random.default_rng(0).normal(size=(3, 4)).astype(np.float16)
    x = graph.input((1, 4), "float32")
    half = graph.tensor((3, 4), "FLOAT16", data=values)
    weight = graph.tensor((3, 4), "float32")
    graph.operator("DEQUANTIZE", [half], [weight])
    graph.outputs = [ran(graph, "FULLY_CONNECTED", [x, weight], (1, 3))]
    file, _ = of(builder)
    assert [operator.kind for operator in file.subgraphs[0].operators] == ["FULLY_CONNECTED"]
    np.testing.assert_array_equal(file.subgraphs[0].tensors[weight].data, values.astype(np.float32))


def test_int8_networks_are_refused() -> None:
    """They are converted as they are."""
    with pytest.raises(ConvertError, match="found INT8; allowed: float32 tensors"):
        folded(read_tflite(FOLDER / "digits_mlp_int8.tflite"))


def test_weights_that_are_computed_are_refused() -> None:
    """By operator and tensor."""
    builder = FileBuilder()
    graph = builder.main
    x, y = graph.input((1, 4), "float32"), graph.input((3, 4), "float32")
    graph.outputs = [ran(graph, "FULLY_CONNECTED", [x, y], (1, 3))]
    with pytest.raises(ConvertError, match=r"operator 0 FULLY_CONNECTED: tensor 1 .* weights that are computed"):
        of(builder)


def test_networks_with_int8_weights_and_float_activations_are_refused() -> None:
    """Those of dynamic range: the interpreter rounds their inputs sample by sample."""
    builder = FileBuilder()
    graph = builder.main
    x = graph.input((1, 4), "float32")
    weight = graph.constant(np.ones((3, 4), np.int8), scale=0.1)
    graph.outputs = [ran(graph, "FULLY_CONNECTED", [x, weight], (1, 3))]
    with pytest.raises(ConvertError, match="found INT8"):
        of(builder)
