"""Scales and biases that bring a layer nearest behind its activation, where what is cut off does not count."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from spikelet.converters.nodes import FloatArray
from spikelet.converters.tflite.float_call import Array, Call
from spikelet.converters.tflite.float_kernels import KERNELS
from spikelet.converters.tflite.quantise_moments import pixels_of
from spikelet.converters.tflite.quantise_weights import Layer, Weights, with_scales

__all__ = ["rectified"]

_ENDS = {"RELU": (0.0, np.inf), "RELU6": (0.0, 6.0)}
_ROUNDS = 8
#: Parts of a step that are tried; the first that is better than nothing is not taken for the best.
_STEPS = (1.0, 0.5, 0.25, 0.1)
_DAMPING = 0.01
#: Numbers that are kept.
_KEPT = 2**23


def rectified(given: Weights, layer: Layer, calls: Iterable[tuple[Call, Call]]) -> Layer:
    """The layer with other scales and biases; itself where it has no activation.

    Gauss-Newton, channel by channel, on the squared difference behind the activation: where both networks are cut
    off nothing is to be gained. A step is taken where it helps.

    Args:
        given: the float layer.
        layer: fitted.
        calls: of the same samples in the quantised network and in the float one, a batch at a time.
    """
    ends = _ENDS.get(str(given.operator.options.get("fused_activation_function", "NONE")))
    if ends is None:
        return layer
    units, meant = _outputs(given, layer, calls)
    meant = np.clip(meant, *ends)
    scale, bias = layer.scale.astype(np.float64), layer.real_bias.astype(np.float64)
    least = _error(units, meant, scale, bias, ends)
    for _ in range(_ROUNDS):
        step_scale, step_bias = _step(units, meant, scale, bias, ends)
        best_scale, best_bias, before = scale, bias, least
        for part in _STEPS:
            tried = scale + part * step_scale, bias + part * step_bias
            error = np.where(tried[0] > 0, _error(units, meant, *tried, ends), np.inf)
            better = error < least
            best_scale, best_bias = np.where(better, tried[0], best_scale), np.where(better, tried[1], best_bias)
            least = np.where(better, error, least)
        if not np.any(least < 0.999 * before):
            break
        scale, bias = best_scale, best_bias
    return with_scales(given, layer, scale, bias)


def _outputs(given: Weights, layer: Layer, calls: Iterable[tuple[Call, Call]]) -> tuple[FloatArray, FloatArray]:
    """What codes add up to in the quantised network, and the float layer's output, both before the activation."""
    codes = layer.codes.astype(np.float32)[np.newaxis]
    zeros, weight = np.zeros((1, len(layer.scale)), np.float32), given.weight[np.newaxis]
    bias = given.bias.astype(np.float32)[np.newaxis]
    own, meant, kept = [], [], 0
    for own_call, meant_call in calls:
        own.append(_before(own_call, codes, zeros))
        meant.append(_before(meant_call, weight, bias))
        kept += own[-1].size
        if kept > _KEPT:
            break
    return np.concatenate(own), np.concatenate(meant)


def _before(call: Call, weight: Array, bias: Array) -> FloatArray:
    """A layer's output before its activation, at some pixels, shape (samples * pixels, channels)."""
    options = {**call.operator.options, "fused_activation_function": "NONE"}
    operator = replace(call.operator, options=options)
    found = KERNELS[operator.kind](Call(operator, call.tensors, call.output, [call.array(0), weight, bias]))
    pixels = found.reshape(len(found), -1, found.shape[-1])
    return pixels[:, pixels_of(pixels.shape[1])].reshape(-1, found.shape[-1]).astype(np.float64)


def _error(
    units: FloatArray, meant: FloatArray, scale: FloatArray, bias: FloatArray, ends: tuple[float, float]
) -> FloatArray:
    """Mean square of each channel."""
    found: FloatArray = np.mean((np.clip(scale * units + bias, *ends) - meant) ** 2, axis=0)
    return found


def _step(
    units: FloatArray, meant: FloatArray, scale: FloatArray, bias: FloatArray, ends: tuple[float, float]
) -> tuple[FloatArray, FloatArray]:
    """Where the squared error of what is not cut off would be least, from here."""
    output = scale * units + bias
    alive = (output > ends[0]) & (output < ends[1])
    seen = np.where(alive, units, 0.0)
    wrong = np.where(alive, output - meant, 0.0)
    n, first, second = alive.sum(axis=0) + 1e-9, seen.sum(axis=0), np.sum(seen**2, axis=0) + 1e-9
    n, second = n * (1 + _DAMPING), second * (1 + _DAMPING)
    by_bias, by_scale = wrong.sum(axis=0), np.sum(wrong * seen, axis=0)
    whole = second * n - first**2
    return -(n * by_scale - first * by_bias) / whole, -(second * by_bias - first * by_scale) / whole
