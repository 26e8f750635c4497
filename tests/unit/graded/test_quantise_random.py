"""Random float networks, dead channels, outputs of all forms: quantised, integers are the interpreter's."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from spikelet.converters.tflite.file import Subgraph, TfliteFile
from spikelet.converters.tflite.float_run import FloatRun
from spikelet.converters.tflite.quantise import quantise
from spikelet.converters.tflite.reader import parse_tflite
from support.float_networks import same_integers
from support.random_tflite import random_file
from support.tflite_builder import FileBuilder
from support.tflite_bytes import file_bytes
from support.tflite_interpreter import TfliteInterpreter

SAMPLES = 24


def made_float(file: TfliteFile) -> TfliteFile:
    """An int8 file whose tensors hold what their integers stand for; QUANTIZE is an activation of RELU between."""
    return replace(file, subgraphs=tuple(_float_graph(graph) for graph in file.subgraphs))


def _float_graph(graph: Subgraph) -> Subgraph:
    tensors = []
    for tensor in graph.tensors:
        given = tensor.quantisation
        if given is None:
            tensors.append(tensor)
            continue
        shape = [1] * len(tensor.shape)
        if len(given.scale) > 1:
            shape[given.axis] = -1
        data = tensor.data
        if data is not None:
            real = (data.astype(np.float64) - given.zero_point.reshape(shape)) * given.scale.reshape(shape)
            data = real.astype(np.float32)
        tensors.append(replace(tensor, kind="FLOAT32", quantisation=None, data=data))
    operators = [replace(o, kind="RELU", options={}) if o.kind == "QUANTIZE" else o for o in graph.operators]
    return replace(graph, tensors=tuple(tensors), operators=tuple(operators))


@pytest.mark.parametrize("seed", range(24))
def test_random_networks_run_in_float_and_in_integers(seed: int) -> None:
    """Residuals, branches, pieces, padding, variables: in float as the interpreter, then quantised and compared."""
    file = made_float(parse_tflite(random_file(seed, operators=7)))
    generator = np.random.default_rng(seed)
    shapes = [file.subgraphs[0].tensors[index].shape for index in file.subgraphs[0].inputs]
    inputs = [generator.normal(size=(SAMPLES, *shape)).astype(np.float32) for shape in shapes]
    meant, interpreter = FloatRun(file).run(*inputs), TfliteInterpreter(file_bytes(file))
    for k in range(SAMPLES):
        for ours, theirs in zip(meant, interpreter.infer(*(values[k] for values in inputs)), strict=True):
            np.testing.assert_allclose(ours[k], theirs, rtol=0, atol=1e-5 * max(1.0, float(np.abs(theirs).max())))
    made, _ = quantise(file, inputs, weights=(8, 4, 2)[seed % 3])
    assert same_integers(made, [values[:6] for values in inputs]) > 0


def _forms() -> bytes:
    """Outputs of fixed scales beside features, TANH, RELU6 and SQUEEZE alone, weights that two layers share."""
    builder = FileBuilder()
    graph = builder.main
    generator = np.random.default_rng(4)

    def ran(kind: str, inputs: list[int], shape: tuple[int, ...], **options: Any) -> int:
        output = graph.tensor(shape, "float32")
        graph.operator(kind, inputs, [output], **options)
        return output

    weight = graph.constant(generator.normal(size=(6, 6)).astype(np.float32))
    bias = graph.constant(generator.normal(size=6).astype(np.float32))
    x = graph.input((1, 1, 6), "float32")
    flat = ran("SQUEEZE", [x], (1, 6), squeeze_dims=[1])
    first = ran("FULLY_CONNECTED", [flat, weight, bias], (1, 6))
    second = ran("FULLY_CONNECTED", [ran("RELU6", [first], (1, 6)), weight, bias], (1, 6))
    squashed = [ran(kind, [second], (1, 6)) for kind in ("TANH", "LOGISTIC")]
    squashed.append(ran("SOFTMAX", [second], (1, 6), beta=1.0))
    joined = ran("CONCATENATION", [*squashed, second], (1, 24), axis=-1)
    graph.outputs = [ran("LEAKY_RELU", [joined], (1, 24), alpha=0.2), squashed[2], second]
    return builder.build()


@pytest.mark.parametrize("weights", [8, 4, 2])
def test_outputs_of_fixed_scales_and_shared_weights(weights: int) -> None:
    """Integers are the interpreter's, and outputs near what they stand for."""
    file = parse_tflite(_forms())
    values = np.random.default_rng(5).normal(size=(300, 1, 1, 6)).astype(np.float32)
    made, _ = quantise(file, values, weights=weights)
    assert same_integers(made, [values[:20]]) >= 180
    interpreter = TfliteInterpreter(file_bytes(made))
    found = [interpreter.infer(sample) for sample in values]
    for k, meant in enumerate(FloatRun(file).run(values)):
        error = np.stack([row[k] for row in found]) - meant
        assert np.sqrt(np.mean(error**2)) < {8: 0.06, 4: 0.15, 2: 0.6}[weights] * np.std(meant)


@pytest.mark.parametrize("weights", [8, 4, 2])
def test_dead_channels_do_no_harm(weights: int) -> None:
    """Channels of weights near 1e-30, of 0, and with a bias a million times the rest's."""
    generator = np.random.default_rng(6)
    weight = generator.normal(size=(8, 3, 3, 2)).astype(np.float32)
    weight[0], weight[1] = 1e-30, 0.0
    bias = generator.normal(size=8).astype(np.float32)
    bias[0], bias[1], bias[2] = 3.0, -2.0, -1e6
    builder = FileBuilder()
    graph = builder.main
    x = graph.input((1, 5, 5, 2), "float32")
    graph.outputs = [graph.tensor((1, 5, 5, 8), "float32")]
    whole = {"padding": "SAME", "stride_h": 1, "stride_w": 1, "dilation_h_factor": 1, "dilation_w_factor": 1}
    constants = [graph.constant(weight), graph.constant(bias)]
    graph.operator("CONV_2D", [x, *constants], graph.outputs, **whole, fused_activation_function="RELU")
    file = parse_tflite(builder.build())
    values = generator.normal(size=(60, 1, 5, 5, 2)).astype(np.float32)
    made, _ = quantise(file, values, weights=weights)
    assert same_integers(made, [values[:10]]) == 10
    (found,) = TfliteInterpreter(file_bytes(made)).infer(values[0])
    step = FloatRun(file).run(values)[0].max() / 255
    np.testing.assert_allclose(found[..., :3], np.broadcast_to([3.0, 0.0, 0.0], (1, 5, 5, 3)), atol=1.1 * step)
