"""Float networks to int8 and below: integers are the interpreter's, and answers stay those of the float network.

What is said of accuracy is of the integers: the quantised file in TensorFlow Lite's interpreter, which the graded
network is compared with, byte by byte.
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from paths import data
from spikelet.converters.tflite import convert_tflite
from spikelet.converters.tflite.float_run import FloatRun
from spikelet.converters.tflite.quantise import quantise
from spikelet.converters.tflite.reader import parse_tflite
from spikelet.errors import ConvertError, DataError
from spikelet.graded.reference import GradedReference
from support.float_networks import (
    DIGITS,
    FOLDER,
    MNIST,
    accuracy,
    answers,
    calibration,
    quantised,
    read,
    same_integers,
    unseen,
)
from support.tflite_builder import FileBuilder
from support.tflite_bytes import file_bytes
from support.tflite_interpreter import TfliteInterpreter

BITS = (8, 4, 2)
ALL = [*DIGITS, *(pytest.param(name, marks=pytest.mark.slow) for name in MNIST)]


@pytest.mark.parametrize("weights", [*BITS, "auto"])
@pytest.mark.parametrize("name", DIGITS)
def test_integers_of_every_layer_are_the_interpreter_s(name: str, weights: int | str) -> None:
    """Lowered like a file that was int8 from the start: also with weights of 4 and 2 bits."""
    file, _ = quantised(name, weights)
    images = unseen(name).x[:20, None]
    assert same_integers(file, [images]) >= 20 * len(quantised(name)[1]["layers"])


@pytest.mark.parametrize("name", ALL)
def test_eight_bits_lose_no_more_than_tensorflow_s_own(name: str) -> None:
    """On test samples, within what chance moves: twice the standard error of their difference, plus a sample."""
    samples = unseen(name)
    ours = np.argmax(answers(file_bytes(quantised(name)[0]), samples.x), axis=-1).reshape(-1)
    theirs = np.argmax(answers((FOLDER / f"{name}_int8.tflite").read_bytes(), samples.x), axis=-1).reshape(-1)
    difference = (ours == samples.y).astype(float) - (theirs == samples.y)
    assert difference.sum() >= -1 - 2 * np.sqrt(np.sum(difference**2))


@pytest.mark.parametrize(("weights", "allowed"), [(8, 0.5), (4, 1.5), (2, 6.0)])
@pytest.mark.parametrize("name", ALL)
def test_few_bits_keep_the_accuracy(name: str, weights: int, allowed: float) -> None:
    """Points of test accuracy that all layers at so many bits lose, without any training."""
    samples = unseen(name)
    float_answers = FloatRun(read(name)).run(samples.x)[0]
    lost = accuracy(float_answers, samples.y) - accuracy(
        answers(file_bytes(quantised(name, weights)[0]), samples.x), samples.y
    )
    assert lost <= allowed


@pytest.mark.slow
@pytest.mark.parametrize("name", MNIST)
def test_images_of_mnist_give_the_interpreter_s_integers(name: str) -> None:
    """Of a few test images, all layers."""
    data("mnist/test5k.npz")
    assert same_integers(quantised(name, 4)[0], [unseen(name).x[:3, None]]) > 0


@pytest.mark.parametrize("name", DIGITS)
def test_fewer_bits_take_fewer_bytes(name: str) -> None:
    """Bytes are those of the image's weights and tables; the float file has four times those of 8 bits or more."""
    reports = [quantised(name, bits)[1] for bits in BITS]
    sizes = [report["bytes"] for report in reports]
    assert sizes == sorted(sizes, reverse=True)
    assert len(set(sizes)) == 3
    model = convert_tflite(quantised(name)[0])
    arrays = [a for layer in model.layers if layer.weights is not None for a in (layer.weights, layer.table)]
    assert sizes[0] == sum(a.nbytes for a in arrays if a is not None)
    assert reports[0]["float_bytes"] > 2 * sizes[0]


def test_a_report_tells_layers_accuracy_and_what_was_chosen() -> None:
    """Data that JSON holds; samples that were fitted to and those that were not add up."""
    report = json.loads(json.dumps(quantised("digits_separable", 4)[1]))
    assert report["samples"] == {"fitted": 199, "held_out": 100}
    assert report["held_out"]["samples"] == 100
    assert set(report["held_out"]["accuracy"]) == {"float", "integers"}
    assert [row["bits"] for row in report["layers"]] == [4, 8, 4, 8, 4, 4]
    assert all(0 <= row["error"] < 0.1 for row in report["layers"])
    losses = [tried["loss"] for tried in report["tried"]]
    chosen = [t for t in report["tried"] if {k: v for k, v in t.items() if k != "loss"} == report["settings"]]
    assert chosen[0]["loss"] == min(losses)
    assert len({tuple(v for k, v in t.items() if k != "loss") for t in report["tried"]}) == len(losses)


def test_the_reported_accuracy_is_that_of_the_integers() -> None:
    """Found again with the interpreter on the held-out third."""
    from spikelet.converters.precision import halves

    samples = calibration("digits_cnn")
    held = halves(len(samples.x))[1]
    file, report = quantised("digits_cnn", 2)
    found = accuracy(answers(file_bytes(file), samples.x[held]), samples.y[held])
    assert report["held_out"]["accuracy"]["integers"] == round(found, 3)


def test_auto_takes_the_fewest_bytes_within_the_loss() -> None:
    """The fewest bits where all may be lost; one line of the table is chosen; held-out samples confirm it."""
    samples = calibration("digits_mlp")
    sizes = {}
    for allowed in (0.0, 2.0, 100.0):
        _, report = quantise(read("digits_mlp"), samples.x, weights="auto", labels=samples.y, max_loss=allowed)
        sizes[allowed] = report["bytes"]
        assert [line for line in report["table"] if line[-1] == "chosen"]
        assert {str(row["layer"]): row["bits"] for row in report["layers"]} == report["choice"]
        loss = report["held_out"]["accuracy"]["float"] - report["held_out"]["accuracy"]["integers"]
        assert loss <= max(allowed, 1.0)
        assert report["bytes"] < quantised("digits_mlp")[1]["bytes"]
    assert sizes[100.0] < min(sizes[0.0], sizes[2.0])
    assert set(report["choice"].values()) == {2}


def test_bits_can_be_said_for_each_layer() -> None:
    """By index of the operator or by name of the tensor that it writes; the others have 8."""
    file = read("digits_cnn")
    name = file.subgraphs[0].tensors[file.subgraphs[0].operators[2].outputs[0]].name
    made, report = quantise(file, calibration("digits_cnn").x[:60], weights={"0": 2, name: 4})
    assert [row["bits"] for row in report["layers"]] == [2, 4, 8]
    weights = [made.subgraphs[0].tensors[o.inputs[1]] for o in made.subgraphs[0].operators if o.kind == "CONV_2D"]
    assert [w.quantisation.bits for w in weights] == [2, 4]


def test_the_same_data_give_the_same_file() -> None:
    """Twice the same, in bytes."""
    first, second = (quantise(read("digits_mlp"), calibration("digits_mlp").x[:50], weights=4)[0] for _ in range(2))
    assert file_bytes(first) == file_bytes(second)


def test_ports_stay_float_or_become_int8() -> None:
    """With QUANTIZE and DEQUANTIZE at the ends, or without; the integers are the same."""
    images = calibration("digits_mlp").x[:50]
    float_ports, _ = quantise(read("digits_mlp"), images)
    int8_ports, _ = quantise(read("digits_mlp"), images, float_ports=False)
    kinds = [[operator.kind for operator in file.subgraphs[0].operators] for file in (float_ports, int8_ports)]
    assert kinds[0] == ["QUANTIZE", *kinds[1], "DEQUANTIZE"]
    outer = [convert_tflite(file) for file in (float_ports, int8_ports)]
    assert [model.inputs[0].is_float for model in outer] == [True, False]
    assert outer[0].inputs[0].name == outer[1].inputs[0].name
    found = [GradedReference(model).infer_float(images[0][None])[0] for model in outer]
    assert np.array_equal(found[0], found[1])


@pytest.mark.parametrize("weights", BITS)
def test_every_operator_can_be_quantised(weights: int) -> None:
    """Two inputs, two outputs; integers as the interpreter's, and near to what they stand for."""
    file = read("operators")
    shapes = [file.subgraphs[0].tensors[index].shape for index in file.subgraphs[0].inputs]
    inputs = [np.random.default_rng(k).normal(size=(200, *shape)).astype(np.float32) for k, shape in enumerate(shapes)]
    made, report = quantise(file, inputs, weights=weights)
    assert same_integers(made, [values[:5] for values in inputs]) > 50
    meant = FloatRun(file).run(*inputs)
    interpreter = TfliteInterpreter(file_bytes(made))
    found = [interpreter.infer(*(values[k] for values in inputs)) for k in range(200)]
    for k, output in enumerate(meant):
        error = np.stack([row[k] for row in found]) - output
        assert np.sqrt(np.mean(error**2)) < {8: 0.03, 4: 0.1, 2: 0.4}[weights] * np.std(output)
    named = {
        file.subgraphs[0].tensors[index].name: values
        for index, values in zip(file.subgraphs[0].inputs, inputs, strict=True)
    }
    assert file_bytes(quantise(file, named, weights=weights)[0]) == file_bytes(made)
    assert report["held_out"]["samples"] == 67


def test_a_streaming_network_keeps_its_state_in_int8() -> None:
    """Each call brings a frame; what is remembered is rounded once; outputs stay near those of the float network."""
    file = read("streaming")
    frames = np.random.default_rng(3).normal(size=(200, 1, 1, 1, 10)).astype(np.float32)
    made, _ = quantise(file, frames)
    assert same_integers(made, [frames[:30]]) > 30
    run, interpreter = FloatRun(file), TfliteInterpreter(file_bytes(made))
    meant = run.run(frames)[0]
    found = np.stack([interpreter.infer(frame)[0] for frame in frames])
    assert np.sqrt(np.mean((found - meant) ** 2)) < 0.03 * np.std(meant)


def channels_apart(seed: int) -> bytes:
    """Two convolutions; between them channels have ranges from 1/30 to 30, which the second takes back."""
    generator = np.random.default_rng(seed)
    factors = np.geomspace(1 / 30, 30, 12).astype(np.float32)
    generator.shuffle(factors)
    first = generator.normal(size=(12, 3, 3, 2)).astype(np.float32) * factors[:, None, None, None]
    second = generator.normal(size=(6, 3, 3, 12)).astype(np.float32) / factors
    builder = FileBuilder()
    graph = builder.main
    whole = {"padding": "SAME", "stride_h": 1, "stride_w": 1, "dilation_h_factor": 1, "dilation_w_factor": 1}
    x = graph.input((1, 6, 6, 2), "float32")
    middle, graph.outputs = graph.tensor((1, 6, 6, 12), "float32"), [graph.tensor((1, 6, 6, 6), "float32")]
    bias = [graph.constant(np.zeros(n, np.float32)) for n in (12, 6)]
    graph.operator("CONV_2D", [x, graph.constant(first), bias[0]], [middle], **whole, fused_activation_function="RELU")
    graph.operator("CONV_2D", [middle, graph.constant(second), bias[1]], graph.outputs, **whole)
    return builder.build()


def test_channels_of_unlike_ranges_are_equalised() -> None:
    """Where it pays: with one scale for all channels the small ones would be lost."""
    file = parse_tflite(channels_apart(0))
    images = np.random.default_rng(1).normal(size=(40, 1, 6, 6, 2)).astype(np.float32)
    made, report = quantise(file, images)
    assert report["settings"]["equalised"]
    assert all(row["error"] < 0.001 for row in report["layers"])
    losses = [[t["loss"] for t in report["tried"] if t["equalised"] == way] for way in (True, False)]
    assert min(losses[0]) < min(losses[1]) / 100
    assert same_integers(made, [images[:4]]) == 8


def test_few_samples_are_for_everything() -> None:
    """And the report says that none was held out."""
    _, report = quantise(read("digits_mlp"), calibration("digits_mlp").x[:5])
    assert report["samples"] == {"fitted": 5, "held_out": 0}
    assert report["held_out"]["samples"] == 5


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"weights": 3}, "found 3; allowed: 8, 4, 2 or auto"),
        ({"weights": 1}, "found 1; allowed"),
        ({"weights": "few"}, "found 'few'"),
        ({"weights": {"9": 4}}, "found '9'; allowed:\n  0: "),
        ({"weights": {"0": 3}}, "found 3 for '0'"),
        ({"weights": {"1": 4}}, "a depthwise layer"),
    ],
)
def test_bits_that_cannot_be_are_refused(options: Any, message: str) -> None:
    """With what is allowed."""
    with pytest.raises(ConvertError, match=message):
        quantise(read("digits_separable"), calibration("digits_separable").x[:20], **options)


@pytest.mark.parametrize(
    ("given", "labels", "message"),
    [
        (np.zeros((20, 8, 8)), None, "allowed: \\(samples, 1, 8, 8, 1\\)"),
        (np.zeros((0, 8, 8, 1)), None, "at least one sample"),
        (np.full((20, 8, 8, 1), np.inf), None, "found NaN or infinity"),
        (np.zeros((20, 8, 8, 1)), np.zeros(19, int), "labels: found int64 of shape"),
        (np.zeros((20, 8, 8, 1)), np.full(20, 10), "labels: found 10 .. 10; allowed: 0 .. 9"),
        (np.zeros((20, 8, 8, 1)), np.full(20, 0.5), "labels: found float64"),
        ({"other": np.zeros((20, 8, 8, 1))}, None, "Name each input"),
    ],
)
def test_calibration_data_that_do_not_fit_are_refused(given: Any, labels: Any, message: str) -> None:
    """With what is allowed."""
    with pytest.raises(DataError, match=message):
        quantise(read("digits_mlp"), given, labels=labels)


def test_silent_data_still_give_a_network() -> None:
    """Nothing but zeros: scales are what they can be, no number overflows, and integers are the interpreter's."""
    images = np.zeros((20, 1, 8, 8, 1), np.float32)
    for name in DIGITS:
        made, _ = quantise(read(name), images, weights=4)
        assert same_integers(made, [unseen(name).x[:2, None]]) > 0
