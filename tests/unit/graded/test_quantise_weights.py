"""Weights as codes: those of TensorFlow where they are rounded to the nearest, better ones where data are given."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from spikelet.converters.tflite import quantise_fit
from spikelet.converters.tflite.file import Operator
from spikelet.converters.tflite.float_run import FloatRun
from spikelet.converters.tflite.quantise_fit import Fitter, Rounded, compared, output_loss
from spikelet.converters.tflite.quantise_graph import folded, grouped
from spikelet.converters.tflite.quantise_moments import Moments, matrices, tensor_of
from spikelet.converters.tflite.quantise_settings import Settings, fitter
from spikelet.converters.tflite.quantise_weights import Layer, Weights, fitted, nearest
from spikelet.converters.tflite.reader import read_tflite
from support.float_networks import DIGITS, FOLDER, MNIST, calibration, read

KINDS = {"CONV_2D": (6, 3, 2, 4), "DEPTHWISE_CONV_2D": (1, 3, 2, 8), "FULLY_CONNECTED": (6, 20)}


def made(name: str, ranges: str = "all values", **options: Any) -> Fitter:
    """Fits a network to its calibration data."""
    file, groups = grouped(folded(read(name)))
    return fitter(file, groups, Settings(ranges=ranges, **options), [calibration(name).x])


@pytest.mark.parametrize("name", [*DIGITS, *(pytest.param(name, marks=pytest.mark.slow) for name in MNIST)])
def test_codes_to_the_nearest_are_tensorflow_s(name: str) -> None:
    """Weights, biases and scales of TensorFlow's own int8 file, made of the same float file and the same samples.

    Outputs of convolutions that an ADD reads are left out: TensorFlow's calibration sees them after the ADD has
    written over them.
    """
    ours, theirs = made(name), read_tflite(FOLDER / f"{name}_int8.tflite").subgraphs[0]
    graph, layers = ours.file.subgraphs[0], ours.nearest()
    added = {index for operator in graph.operators if operator.kind == "ADD" for index in operator.inputs}
    for own, other in zip(graph.operators, theirs.operators, strict=True):
        assert own.kind == other.kind
        scale, given = ours.scales[own.outputs[0]], theirs.tensors[other.outputs[0]].quantisation
        if own.outputs[0] not in added:
            np.testing.assert_allclose(given.scale, scale.scale, rtol=1e-5)
            assert given.zero_point[0] == scale.zero_point
        if own.index in layers:
            weight, bias = (theirs.tensors[index] for index in other.inputs[1:3])
            assert np.array_equal(weight.data, layers[own.index].codes)
            np.testing.assert_allclose(weight.quantisation.scale, layers[own.index].scale, rtol=1e-6)
            np.testing.assert_allclose(bias.data, layers[own.index].bias, rtol=1e-5, atol=1)


@pytest.mark.parametrize("kind", KINDS)
def test_matrices_and_tensors_lead_to_each_other(kind: str) -> None:
    """Rows of a matrix are what an output sees, columns its outputs."""
    operator = Operator(index=0, kind=kind, inputs=(0, 1), outputs=(2,))
    weight = np.random.default_rng(0).normal(size=KINDS[kind])
    channels = {"CONV_2D": 8, "DEPTHWISE_CONV_2D": 4, "FULLY_CONNECTED": 20}[kind]
    parts = matrices(operator, weight, channels)
    assert parts.shape == {"CONV_2D": (2, 24, 3), "DEPTHWISE_CONV_2D": (4, 6, 2), "FULLY_CONNECTED": (1, 20, 6)}[kind]
    assert np.array_equal(tensor_of(operator, parts, weight.shape), weight)


@pytest.mark.parametrize("bits", [8, 4, 2])
def test_codes_stay_in_their_bits_and_stand_for_the_weights(bits: int) -> None:
    """Also the bias, in units of the input's scale times the channel's; each channel has its own scale."""
    ours = made("digits_separable")
    for index, layer in ours.fit({o.index: 8 if o.kind.startswith("DEPTH") else bits for o in ours.layers}).items():
        operator = ours.file.subgraphs[0].operators[index]
        own = 8 if operator.kind == "DEPTHWISE_CONV_2D" else bits
        assert layer.bits == own
        assert layer.codes.min() >= (-127 if own == 8 else -(2 ** (own - 1)))
        assert layer.codes.max() <= 2 ** (own - 1) - 1
        axis = 3 if operator.kind == "DEPTHWISE_CONV_2D" else 0
        shape = [1] * layer.codes.ndim
        shape[axis] = -1
        np.testing.assert_allclose(layer.weight, layer.codes * layer.scale.reshape(shape))
        unit = layer.scale.astype(np.float64) * ours.scales[operator.inputs[0]].scale
        np.testing.assert_allclose(layer.real_bias, layer.bias * unit, rtol=1e-6)
        assert len(set(layer.scale.tolist())) > 1


@pytest.mark.parametrize("name", DIGITS)
def test_fitted_weights_lose_less_than_the_nearest(name: str) -> None:
    """On samples that they were not fitted to."""
    file, groups = grouped(folded(read(name)))
    images = calibration(name).x
    ours = fitter(file, groups, Settings(ranges="all values"), [images[:200]])
    fitted_layers = ours.fit({operator.index: 8 for operator in ours.layers})
    assert loss(ours, fitted_layers, images[200:]) < 0.9 * loss(ours, ours.nearest(), images[200:])


def float_run(of: Fitter) -> FloatRun:
    """The float network that is quantised."""
    return FloatRun(of.file)


def loss(of: Fitter, layers: Mapping[int, Layer], images: Any) -> float:
    """Of a network's outputs."""
    meant = float_run(of).values(compared(of.file.subgraphs[0]), images)
    return output_loss(Rounded(of.file, of.scales, layers), [images], meant)


def dense(weight: np.ndarray, bias: np.ndarray) -> Weights:
    """A fully connected layer."""
    operator = Operator(index=0, kind="FULLY_CONNECTED", inputs=(0, 1, 2), outputs=(3,))
    return Weights(
        operator=operator, weight=weight, bias=bias, channels=weight.shape[1], input_step=0.02, output_step=0.05
    )


def plain_moments(rows: int) -> Moments:
    """Inputs that vary alone, all alike, in both networks."""
    return Moments(
        own=np.eye(rows)[None] * 1.01,
        meant=np.eye(rows)[None],
        own_mean=np.full((1, rows), 0.3),
        meant_mean=np.full((1, rows), 0.3),
        kept=np.array([0.01]),
    )


def both(given: Weights) -> list[Layer]:
    """All ways to round a layer."""
    return [nearest(given), *(fitted(given, bits, plain_moments(given.channels)) for bits in (8, 4, 2))]


def test_dead_channels_have_biases_and_multipliers_that_fit() -> None:
    """Weights of 1e-30 beside a bias of 1 would make a bias of 2^100; none of weight 0 has no scale at all."""
    weight = np.random.default_rng(0).normal(size=(4, 9)).astype(np.float32)
    weight[0], weight[1] = 1e-30, 0.0
    bias = np.array([1.0, -3.0, 0.5, 0.0])
    for layer in both(dense(weight, bias)):
        assert np.max(np.abs(layer.bias.astype(np.int64))) <= 2**30
        multiplier = layer.scale.astype(np.float64) * 0.02 / 0.05
        assert np.all(multiplier > 2.0**-31)
        np.testing.assert_allclose(layer.real_bias[:2], bias[:2], atol=0.05 / 16)
        assert not layer.codes[:2].any()


def test_weights_that_are_codes_already_come_back_as_they_are() -> None:
    """A network that was trained with 4 or 2 bits loses nothing."""
    generator = np.random.default_rng(1)
    for bits, low in ((8, -127), (4, -8), (2, -2)):
        codes = generator.integers(low, 2 ** (bits - 1), (5, 40))
        codes[:, 0] = low
        weight = (codes * np.array([[0.1], [0.2], [0.3], [0.004], [7.0]])).astype(np.float32)
        layer = fitted(dense(weight, np.zeros(5)), bits, plain_moments(40))
        assert np.array_equal(layer.codes, codes)
        np.testing.assert_allclose(layer.weight, weight, rtol=1e-6)


def test_the_bias_keeps_the_mean_of_each_channel() -> None:
    """What rounding moves, on inputs with a mean, is taken back."""
    weight = np.random.default_rng(2).normal(size=(6, 30)).astype(np.float32)
    given = dense(weight, np.linspace(-1, 1, 6))
    moments = plain_moments(30)
    layer = fitted(given, 2, moments)
    mean = moments.own_mean[0]
    meant = weight @ mean + given.bias
    np.testing.assert_allclose(layer.weight @ mean + layer.real_bias, meant, atol=0.02)
    assert np.max(np.abs(layer.weight @ mean + given.bias - meant)) > 0.05


@pytest.mark.parametrize("name", ["digits_separable", "digits_residual"])
def test_layers_are_fitted_again_behind_their_activations(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first layer reads the same with and without: its output is nearer with; codes stay."""
    rectified = made(name)
    bits = {o.index: 8 if o.kind.startswith("DEPTH") else 2 for o in rectified.layers}
    with_it = rectified.fit(bits)
    monkeypatch.setattr(quantise_fit, "rectified", lambda _given, layer, _calls: layer)
    without = made(name).fit(bits)
    first, images, errors = rectified.layers[0], calibration(name).x, []
    meant = float_run(rectified).values(first.outputs, images)[0]
    for layers in (without, with_it):
        run = Rounded(rectified.file, rectified.scales, {first.index: layers[first.index]})
        errors.append(float(np.sum((run.values(first.outputs, images)[0] - meant) ** 2)))
    assert errors[1] < errors[0]
    assert np.array_equal(without[first.index].codes, with_it[first.index].codes)


def test_layers_make_up_for_the_loss_of_those_before_them() -> None:
    """The second layer is fitted to what the first one sends after rounding: apart from it more is lost."""
    ours = made("digits_mlp")
    bits = {operator.index: 2 for operator in ours.layers}
    together = ours.fit(bits)
    first = ours.layers[0].index
    alone = {**{index: replace(layer) for index, layer in together.items()}}
    for operator in ours.layers[1:]:
        others = {o.index: 8 for o in ours.layers} | {operator.index: 2}
        alone[operator.index] = ours.fit(others)[operator.index]
    images = calibration("digits_mlp").x
    assert together[first].codes.tobytes() == alone[first].codes.tobytes()
    assert loss(ours, together, images) < loss(ours, alone, images)
