"""The float networks of tests/golden/tflite_float, their data, and what quantising makes of them, each made once."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from golden.float_data import Samples, digits, mnist
from paths import ROOT, data
from spikelet.converters.tflite import convert_tflite
from spikelet.converters.tflite.file import TfliteFile
from spikelet.converters.tflite.quantise import quantise
from spikelet.converters.tflite.reader import read_tflite
from spikelet.graded.reference import GradedReference
from spikelet.graded.runner import quantised as integers_of
from support.tflite_bytes import file_bytes
from support.tflite_interpreter import TfliteInterpreter

__all__ = [
    "DIGITS",
    "FOLDER",
    "MNIST",
    "NAMES",
    "accuracy",
    "answers",
    "calibration",
    "quantised",
    "read",
    "same_integers",
    "unseen",
]

FOLDER = ROOT / "tests" / "golden" / "tflite_float"
DIGITS = ("digits_mlp", "digits_cnn", "digits_separable", "digits_residual")
MNIST = ("mnist_mlp", "mnist_cnn", "mnist_separable", "mnist_residual")
NAMES = (*DIGITS, *MNIST)


@cache
def read(name: str) -> TfliteFile:
    """A float file."""
    return read_tflite(FOLDER / f"{name}.tflite")


@cache
def _samples(name: str) -> tuple[Samples, Samples]:
    return digits() if name.startswith("digits") else mnist(data("mnist/train10k.npz").parent)


def calibration(name: str) -> Samples:
    """Of the training part of what a network was trained with; skips the test where MNIST is not there."""
    return _samples(name)[0].calibration()


def unseen(name: str) -> Samples:
    """Samples that nothing was trained with or chosen on."""
    return _samples(name)[1]


@cache
def quantised(name: str, weights: int | str = 8, **options: Any) -> tuple[TfliteFile, dict[str, Any]]:
    """The int8 file and the report, with labels."""
    samples = calibration(name)
    return quantise(read(name), samples.x, weights=weights, labels=samples.y, **options)


def answers(content: bytes, images: Any) -> Any:
    """Outputs of an int8 or float file in TensorFlow Lite's interpreter, shape (samples, classes)."""
    interpreter = TfliteInterpreter(content)
    (detail,) = interpreter.input_details
    scale, zero = detail["quantization"]
    if detail["dtype"] == np.int8:
        images = np.clip(np.rint(images / np.float32(scale)) + zero, -128, 127).astype(np.int8)
    return np.concatenate([interpreter.infer(image[None])[0] for image in images])


def accuracy(outputs: Any, labels: Any) -> float:
    """Percent of samples whose largest output is the label."""
    return 100 * float(np.mean(np.argmax(outputs.reshape(len(outputs), -1), axis=1) == labels))


def same_integers(file: TfliteFile, inputs: list[Any]) -> int:
    """Compare every tensor that the graded network's layers write with the interpreter; gives how many there were."""
    model = convert_tflite(file)
    reference, interpreter = GradedReference(model), TfliteInterpreter(file_bytes(file))
    # Several layers may write one tensor, such as the parts of a concatenation: the last one has it whole.
    last = {layer.output: index for index, layer in enumerate(model.layers)}
    # What nothing reads is not made whole.
    graph, compared = file.subgraphs[0], 0
    needed = {*graph.outputs, *(index for operator in graph.operators for index in operator.inputs)}
    for k in range(len(inputs[0])):
        interpreter.infer(*(values[k] for values in inputs))
        tensors = [model.tensors[port.tensor] for port in model.inputs]
        steps = [integers_of(values[k], tensor, "") for values, tensor in zip(inputs, tensors, strict=True)]
        ours = dict(reference.layers(*steps))
        for output, index in last.items():
            number = model.meta["tensors"][output]
            theirs = interpreter.tensor(number) if number in needed else np.zeros(0)
            if theirs.dtype == ours[index].dtype and theirs.size == ours[index].size:
                message = f"sample {k}, tensor {number}, {model.layers[index].name}"
                assert np.array_equal(ours[index].reshape(-1), theirs.reshape(-1)), message
                compared += 1
    return compared
