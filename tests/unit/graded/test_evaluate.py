"""Evaluation of graded networks: accuracy, confusions, errors, skipped work; each against a count by hand."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from spikelet.errors import DataError
from spikelet.graded.data import GradedDataSet, load
from spikelet.graded.evaluate import GradedEvaluation, Task, evaluate, separation, task_of
from spikelet.graded.model import GradedModel, LayerKind, TensorType
from spikelet.graded.reference import GradedReference
from spikelet.graded.report_macs import Zeros, is_depthwise, macs, multiplies, weights_of
from support.graded_layers import one_layer
from support.tflite_cases import CASES

INT8 = TensorType.INT8
_ONES = {f"{name}_{i}": 1 for name in ("size", "in_step", "out_step") for i in range(5)}


def copying(size: int, start: int = 0, count: int | None = None) -> GradedModel:
    """A network that copies `count` elements from `start` on."""
    count = count or size
    parameters = {**_ONES, "size_4": count, "in_start": start, "out_start": 0}
    made = one_layer(LayerKind.COPY, parameters, inputs=[((1, size), INT8)], output=((1, count), INT8))
    return replace(made, tensors=tuple(replace(tensor, scale=0.5, zero_point=-3) for tensor in made.tensors))


def data_of(folder: Path, model: GradedModel, x: object, y: object = None) -> GradedDataSet:
    """Arrays as a data set."""
    labels = {} if y is None else {"y": np.asarray(y)}
    np.savez(folder / "data.npz", x=np.asarray(x), **labels)  # type: ignore[arg-type]
    return load(folder / "data.npz", model)


def run(model: GradedModel, data: GradedDataSet, **said: object) -> GradedEvaluation:
    """Evaluate on the reference."""
    with GradedReference(model) as runner:
        return evaluate(runner, data, **said)  # type: ignore[arg-type]


def test_the_largest_output_is_the_class_and_the_lowest_of_equals(tmp_path: Path) -> None:
    """Accuracy, top-k and confusions of ten samples that are counted by hand."""
    model = copying(5, 1, 4)
    x = np.array([[9, 1, 2, 3, 4], [9, 4, 4, 0, 0], [9, 0, 5, 5, 1], [9, -9, -8, -9, -9]], np.int8)
    done: list[int] = []
    result = run(model, data_of(tmp_path, model, x, [3, 1, 1, 0]), progress=done.append)

    assert result.task is Task.CLASSES
    assert result.predictions.tolist() == [3, 0, 1, 1]
    assert (result.correct, result.accuracy) == (2, 0.5)
    assert result.ranks.tolist() == [0, 1, 0, 1]
    assert (result.top(1), result.top(2)) == (0.5, 1.0)
    assert result.confusion.tolist() == [[0, 1, 0, 0], [1, 1, 0, 0], [0, 0, 0, 0], [0, 0, 0, 1]]
    assert result.confidence.tolist() == [(4 + 3) / 2, 3.5, 4.0, -2.5]
    assert done == [1] * 4


def test_without_labels_there_are_predictions_only(tmp_path: Path) -> None:
    """No accuracy is made up."""
    model = copying(5, 1, 4)
    result = run(model, data_of(tmp_path, model, np.zeros((2, 5), np.int8)))

    assert (result.predictions.tolist(), len(result.ranks)) == ([0, 0], 0)
    assert math.isnan(result.accuracy)
    assert math.isnan(result.top(2))
    assert math.isnan(result.skipped)


def test_one_output_is_class_one_above_a_half(tmp_path: Path) -> None:
    """A logistic output: two classes; these are 0, 0.5 and 1 in real numbers."""
    model = copying(2, 1, 1)
    result = run(model, data_of(tmp_path, model, np.array([[0, -3], [0, -2], [0, -1]], np.int8), [0, 0, 1]))

    assert (result.n_classes, result.predictions.tolist(), result.accuracy) == (2, [0, 0, 1], 1.0)


def test_an_auto_encoder_has_errors_and_an_area(tmp_path: Path) -> None:
    """Errors are in real numbers, against the data before they were rounded."""
    model = copying(4)
    x = np.array([[0.1, 0.0, 0.0, 0.0], [0.2, 0.2, 0.0, 0.0], [0.0, 0.0, 0.0, 0.0]])
    result = run(model, data_of(tmp_path, model, x, [1, 1, 0]))

    assert task_of(model) is result.task is Task.RECONSTRUCTION
    assert result.errors == pytest.approx([0.01 / 4, 0.08 / 4, 0.0])
    assert result.auc == 1.0
    assert result.n_classes == len(result.predictions) == 0
    classes = run(model, data_of(tmp_path, model, x, [1, 1, 0]), task=Task.CLASSES)
    assert classes.n_classes == 4


def test_the_area_under_the_curve_is_that_of_all_pairs() -> None:
    """Equal scores count by half."""
    rng = np.random.default_rng(5)
    for _ in range(20):
        scores, positive = rng.integers(0, 6, 30).astype(float), rng.random(30) < 0.4
        pairs = [(p > n) + (p == n) / 2 for p in scores[positive] for n in scores[~positive]]

        assert separation(scores, positive) == pytest.approx(np.mean(pairs))


def test_labels_and_outputs_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    """A label that is no class; an output that is neither classes nor as large as the input."""
    model = copying(5, 1, 4)
    with pytest.raises(DataError, match="label 4; the network has 4 classes"):
        run(model, data_of(tmp_path, model, np.zeros((1, 5), np.int8), [4]))
    with pytest.raises(DataError, match="no auto-encoder"):
        run(model, data_of(tmp_path, model, np.zeros((1, 5), np.int8)), task=Task.RECONSTRUCTION)
    square = replace(model, tensors=(model.tensors[0], replace(model.tensors[1], shape=(1, 2, 2))))
    with pytest.raises(DataError, match="a number a class is needed"):
        run(square, data_of(tmp_path, square, np.zeros((1, 5), np.int8)))


def adding() -> GradedModel:
    """A network that adds its input to a variable, which is its output, too."""
    steps = {f"{name}_step_{i}": 1 for name in "ab" for i in range(5)}
    whole = {
        f"{name}_{part}": value for name in ("a", "b", "out") for part, value in (("multiplier", 2**30), ("shift", 1))
    }
    parameters = {
        **{f"size_{i}": 1 for i in range(4)}, "size_4": 3, **steps, **whole, "a_zero": 0, "b_zero": 0, "out_zero": 0,
        "left_shift": 0, "act_min": -128, "act_max": 127,
    }  # fmt: skip
    made = one_layer(LayerKind.ADD_S8, parameters, inputs=[((1, 3), INT8)] * 2, output=((1, 3), INT8))
    variable, given, _ = made.tensors
    tensors = (replace(variable, at=0), replace(given, at=8), replace(variable, at=0))
    return replace(
        made,
        tensors=tensors,
        inputs=(replace(made.inputs[1]),),
        memory=16,
        variables=8,
        initial=np.zeros(8, np.uint8),
    )


def test_a_sample_of_several_steps_ends_with_its_last(tmp_path: Path) -> None:
    """Each sample begins anew, unless the state is kept."""
    model = adding()
    x = np.array([[[1, 0, 0], [0, 3, 0]], [[0, 0, 1], [2, 0, 0]]], np.int8)
    data = data_of(tmp_path, model, x, [1, 0])
    result = run(model, data, task=Task.CLASSES)

    assert (result.predictions.tolist(), result.confidence.tolist()) == ([1, 0], [3.0, 2.0])
    assert result.inferences == 4
    kept = run(model, data, task=Task.CLASSES, keep_state=True)
    assert (kept.predictions.tolist(), kept.confidence.tolist()) == ([1, 0], [3.0, 3.0])


def counted(model: GradedModel, values: np.ndarray) -> tuple[int, int]:
    """Multiply-accumulates of the only layer, and those on a zero: tap by tap, as graded.md 3 says."""
    (layer,) = model.layers
    p = layer.parameters
    if "outputs" in p:
        zeros = int(np.sum(values == p["in_zero"]))
        return values.size * p["outputs"], zeros * p["outputs"]
    maps = values.reshape(p["in_height"], p["in_width"], p["in_channels"])
    done = skipped = 0
    each = p["out_channels"] // p["groups"]
    for o in range(p["out_channels"]):
        if is_depthwise(layer):
            channels = range(o * p["in_channels"] // p["out_channels"], o * p["in_channels"] // p["out_channels"] + 1)
        else:
            width = p["in_channels"] // p["groups"]
            channels = range(o // each * width, (o // each + 1) * width)
        for oy, ox, ky, kx in np.ndindex(p["out_height"], p["out_width"], p["kernel_y"], p["kernel_x"]):
            y = oy * p["stride_y"] + ky * p["dilation_y"] - p["pad_y"]
            x = ox * p["stride_x"] + kx * p["dilation_x"] - p["pad_x"]
            if 0 <= y < p["in_height"] and 0 <= x < p["in_width"]:
                done += len(channels)
                skipped += sum(int(maps[y, x, c] == p["in_zero"]) for c in channels)
    return done, skipped


MULTIPLYING = [name for name in CASES if multiplies(CASES[name](np.random.default_rng(0)).model.layers[0])]


@pytest.mark.parametrize("name", MULTIPLYING)
def test_multiply_accumulates_are_those_that_are_counted_tap_by_tap(name: str) -> None:
    """Of random windows, strides, dilations, groups and paddings; and how many have a zero."""
    for seed in range(6):
        rng = np.random.default_rng(seed)
        model = CASES[name](rng).model
        (layer,) = model.layers
        tensor = model.tensors[model.inputs[0].tensor]
        zero = layer.parameters["in_zero"]
        values = np.where(rng.random(tensor.shape) < 0.5, zero, zero + 1).astype(tensor.type.dtype)
        done, skipped = counted(model, values)
        zeros = Zeros(model)
        zeros.begin((values,))
        with GradedReference(model) as runner:
            for index, output in runner.layers(values):
                zeros.add(index, output)

        assert macs(layer) == done
        assert zeros.skipped == {0: skipped}
        assert zeros.share == pytest.approx(skipped / done)


def test_weights_are_counted_without_their_padding() -> None:
    """At most as many as are stored."""
    assert {"conv_s8", "depthwise_s8", "dot_s8", "dense_s8", "conv_s16"} <= set(MULTIPLYING)
    for name in MULTIPLYING:
        model = CASES[name](np.random.default_rng(3)).model
        (layer,) = model.layers
        assert layer.weights is not None

        assert 0 < weights_of(layer) <= layer.weights.size
