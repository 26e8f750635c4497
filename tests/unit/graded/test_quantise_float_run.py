"""Float .tflite networks in numpy: every tensor is the interpreter's, within what float32 can tell."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from spikelet.converters.tflite.file import Operator
from spikelet.converters.tflite.float_run import BATCH, FloatRun
from spikelet.converters.tflite.reader import parse_tflite
from spikelet.errors import ConvertError, DataError
from support.float_networks import FOLDER, NAMES, read
from support.tflite_builder import FileBuilder
from support.tflite_interpreter import TfliteInterpreter

#: Of the largest number of a tensor: sums are in another order than the interpreter's.
CLOSE = 3e-6
SAMPLES = 5


def compare(content: bytes, inputs: list[Any], dtype: Any = np.float32) -> int:
    """Compare every tensor of every sample; gives how many tensors were compared."""
    file = parse_tflite(content)
    run, interpreter = FloatRun(file, dtype=dtype), TfliteInterpreter(content)
    batches = list(run.tensors(*inputs))
    ours = {index: np.concatenate([batch[index] for batch in batches]) for index in batches[0]}
    for k in range(len(inputs[0])):
        interpreter.infer(*(values[k] for values in inputs))
        theirs = interpreter.tensors()
        for index, values in ours.items():
            assert theirs[index].shape == values[k].shape
            largest = max(1.0, float(np.abs(theirs[index]).max(initial=0)))
            np.testing.assert_allclose(values[k], theirs[index], rtol=0, atol=CLOSE * largest, err_msg=f"{index}")
    return len(ours)


def random_inputs(content: bytes, seed: int = 0, samples: int = SAMPLES) -> list[Any]:
    """Of every input."""
    graph = parse_tflite(content).subgraphs[0]
    generator = np.random.default_rng(seed)
    shapes = [graph.tensors[index].shape for index in graph.inputs]
    return [generator.normal(0, 2, (samples, *shape)).astype(np.float32) for shape in shapes]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", [*NAMES, "operators", "streaming"])
def test_every_tensor_is_the_interpreter_s(name: str, dtype: Any) -> None:
    """Networks that TensorFlow wrote; the streaming one remembers what it was given before."""
    content = (FOLDER / f"{name}.tflite").read_bytes()
    assert compare(content, random_inputs(content), dtype) > 4


def one(kind: str, shape: tuple[int, ...], out: tuple[int, ...], *constants: Any, **options: Any) -> bytes:
    """A file with one operator."""
    file = FileBuilder()
    graph = file.main
    given = [graph.input(shape, "float32")]
    given += [graph.constant(value) for value in constants]
    graph.outputs = [graph.tensor(out, "float32")]
    graph.operator(kind, given, graph.outputs, **options)
    return file.build()


def weights(*shape: int) -> Any:
    """Random ones, always the same."""
    return np.random.default_rng(len(shape)).normal(0, 1, shape).astype(np.float32)


def ints(*values: Any) -> Any:
    """A constant of whole numbers."""
    return np.array(values, np.int32)


MAP = (1, 7, 6, 4)
CASES = {
    "convolution with strides": one(
        "CONV_2D", MAP, (1, 3, 2, 5), weights(5, 2, 3, 4), weights(5), padding="VALID", stride_h=2, stride_w=3,
        dilation_h_factor=1, dilation_w_factor=1, fused_activation_function="RELU6",
    ),
    "dilated convolution": one(
        "CONV_2D", MAP, MAP, weights(4, 3, 3, 4),
        weights(4), padding="SAME", stride_h=1, stride_w=1,
        dilation_h_factor=2, dilation_w_factor=3, fused_activation_function="RELU_N1_TO_1",
    ),
    "convolution of groups": one(
        "CONV_2D", MAP, (1, 4, 3, 6), weights(6, 3, 3, 2), weights(6), padding="SAME", stride_h=2, stride_w=2,
        dilation_h_factor=1, dilation_w_factor=1,
    ),
    "depthwise with multiplier": one(
        "DEPTHWISE_CONV_2D", MAP, (1, 4, 3, 12), weights(1, 3, 2, 12), weights(12), padding="SAME", stride_h=2,
        stride_w=2, depth_multiplier=3, dilation_h_factor=1, dilation_w_factor=1, fused_activation_function="RELU",
    ),
    "dilated depthwise": one(
        "DEPTHWISE_CONV_2D", MAP, (1, 3, 2, 4), weights(1, 3, 3, 4), weights(4), padding="VALID", stride_h=1,
        stride_w=1, depth_multiplier=1, dilation_h_factor=2, dilation_w_factor=2,
    ),
    "fully connected rows": one("FULLY_CONNECTED", (1, 6, 8), (6, 3), weights(3, 8), weights(3)),
    "fully connected of a map": one(
        "FULLY_CONNECTED", (1, 2, 3, 4), (1, 5), weights(5, 24), fused_activation_function="RELU"
    ),
    "average pool at borders": one(
        "AVERAGE_POOL_2D", MAP, (1, 4, 6, 4), padding="SAME", stride_h=2, stride_w=1, filter_height=3, filter_width=4,
        fused_activation_function="RELU",
    ),
    "max pool at borders": one(
        "MAX_POOL_2D", MAP, (1, 4, 3, 4), padding="SAME", stride_h=2, stride_w=2, filter_height=3, filter_width=3
    ),
    "add of a row": one("ADD", MAP, MAP, weights(4), fused_activation_function="RELU"),
    "mul that broadcasts": one("MUL", (1, 1, 6, 4), MAP, weights(1, 7, 1, 1), fused_activation_function="RELU6"),
    "pad": one("PAD", MAP, (1, 10, 6, 6), ints((0, 0), (1, 2), (0, 0), (2, 0))),
    "squeeze": one("SQUEEZE", (1, 1, 6, 1), (1, 6), squeeze_dims=[1, 3]),
    "expand dims": one("EXPAND_DIMS", (1, 6), (1, 1, 6), ints(1)),
    "reshape": one("RESHAPE", MAP, (2, 84), ints(2, 84), new_shape=[2, 84]),
    "slice with negative steps": one(
        "STRIDED_SLICE", MAP, (1, 3, 6, 2), ints(0, 5, -1, -4), ints(1, -7, 0, -2), ints(1, -2, -1, 1), begin_mask=1,
        end_mask=4,
    ),
    "slice that drops an axis": one(
        "STRIDED_SLICE", MAP, (1, 6, 4), ints(0, 3, 0, 0), ints(1, 4, 6, 4), ints(1, 1, 1, 1), shrink_axis_mask=2
    ),
    "mean over channels": one("MEAN", MAP, (1, 7, 6, 1), ints(-1), keep_dims=True),
    "mean over the map": one("MEAN", MAP, (1, 4), ints(1, 2)),
    "softmax with beta": one("SOFTMAX", (1, 3, 5), (1, 3, 5), beta=0.7),
    "logistic": one("LOGISTIC", MAP, MAP),
    "tanh": one("TANH", MAP, MAP),
    "relu": one("RELU", MAP, MAP),
    "relu6": one("RELU6", MAP, MAP),
    "leaky relu": one("LEAKY_RELU", MAP, MAP, alpha=0.3),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_every_operator_is_the_interpreter_s(name: str) -> None:
    """Borders, strides, dilations, groups, broadcasting, masks, activations."""
    assert compare(CASES[name], random_inputs(CASES[name])) == 2


def test_steps_of_quantised_tensors_are_the_interpreter_s() -> None:
    """QUANTIZE rounds halves away from zero and clamps; DEQUANTIZE takes scales of axes."""
    file = FileBuilder()
    graph = file.main
    image = graph.input((1, 9), "float32")
    whole = graph.tensor((1, 9), "int8", scale=0.5, zero_point=3)
    graph.outputs = [graph.tensor((1, 9), "float32")]
    graph.operator("QUANTIZE", [image], [whole])
    graph.operator("DEQUANTIZE", [whole], graph.outputs)
    values = np.array([[[0.25, 0.75, -0.25, -0.75, 100, -100, 0.2, 62.0, -65.5]]], np.float32)
    assert compare(file.build(), [values]) == 3


def test_samples_of_a_batch_do_not_mix() -> None:
    """More samples than a batch holds give what each gives alone."""
    run = FloatRun(read("digits_residual"))
    images = np.random.default_rng(1).random((BATCH + 3, 8, 8, 1)).astype(np.float32)
    (together,) = run.run(images)
    alone = np.concatenate([run.run(image[None])[0] for image in images])
    np.testing.assert_allclose(together, alone, atol=1e-6)
    assert together.shape == (BATCH + 3, 1, 10)


def test_a_reset_forgets_what_a_stream_brought() -> None:
    """And without one the stream goes on."""
    run = FloatRun(read("streaming"))
    frames = np.random.default_rng(2).normal(size=(6, 1, 1, 1, 10)).astype(np.float32)
    (whole,) = run.run(frames)
    run.reset()
    first, second = run.run(frames[:3])[0], run.run(frames[3:])[0]
    assert np.array_equal(whole, np.concatenate((first, second)))
    run.reset()
    assert not np.allclose(run.run(frames[3:])[0], second)


def test_an_operator_that_is_not_supported_is_named() -> None:
    """By kind, index and tensor, with the list of what is."""
    file = read("digits_mlp")
    graph = file.subgraphs[0]
    other = Operator(index=1, kind="HARD_SWISH", inputs=graph.operators[1].inputs, outputs=graph.operators[1].outputs)
    changed = replace(graph, operators=(graph.operators[0], other, *graph.operators[2:]))
    with pytest.raises(ConvertError, match=r"operator 1 HARD_SWISH writing tensor \d+ .*CONV_2D.*TANH"):
        FloatRun(replace(file, subgraphs=(changed,)))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ((), "found 0 arrays; allowed: 1"),
        ((np.zeros((2, 8, 7, 1)),), r"found shape \(2, 8, 7, 1\)"),
        ((np.zeros((0, 8, 8, 1)),), "at least one sample"),
        ((np.full((2, 8, 8, 1), np.nan),), "found NaN"),
    ],
)
def test_data_that_do_not_fit_are_refused(given: Any, message: str) -> None:
    """With what was found and what is allowed."""
    with pytest.raises(DataError, match=message):
        FloatRun(read("digits_mlp")).run(*given)


def test_inputs_of_unlike_numbers_are_refused() -> None:
    """Each sample needs all inputs."""
    with pytest.raises(DataError, match=r"found \[2, 3\] samples"):
        FloatRun(read("operators")).run(np.zeros((2, 1, 6)), np.zeros((3, 1, 11, 9, 3)))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (one("CONV_2D", MAP, (1, 7, 6, 5), weights(5, 3, 3, 3), stride_h=1, stride_w=1), "divisor as last axis"),
        (one("CONV_2D", MAP, (1, 9, 6, 5), weights(5, 3, 3, 4), stride_h=1, stride_w=1), "along axis 1"),
        (one("DEPTHWISE_CONV_2D", MAP, (1, 7, 6, 6), weights(1, 3, 3, 6), stride_h=1, stride_w=1), "a multiple"),
        (one("FULLY_CONNECTED", (1, 9), (1, 3), weights(3, 8)), "a divisor"),
        (one("RESHAPE", MAP, (1, 9)), "as many values"),
        (one("ADD", MAP, MAP, weights(4), fused_activation_function="TANH"), "RELU_N1_TO_1"),
        (one("STRIDED_SLICE", MAP, MAP, *[ints(0, 0, 0, 0)] * 3, ellipsis_mask=2), "ellipsis_mask"),
    ],
)
def test_operators_that_contradict_themselves_are_refused(content: bytes, message: str) -> None:
    """Never a wrong answer."""
    with pytest.raises(ConvertError, match=message):
        FloatRun(parse_tflite(content)).run(*random_inputs(content))
