"""Weights of a layer as codes of 8, 4 or 2 bits with a scale for each output channel, and its bias."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from spikelet.converters.lowbits import DAMPING, exact, output_error, round_weights
from spikelet.converters.nodes import FloatArray
from spikelet.converters.rounding import choose_scales, round_compensated, round_nearest
from spikelet.converters.tflite.file import Operator
from spikelet.converters.tflite.float_call import Array
from spikelet.converters.tflite.quantise_moments import Moments, matrices, tensor_of

__all__ = ["AXES", "Layer", "Weights", "fitted", "nearest", "with_scales"]

#: Along which axis of the weights the output channels are.
AXES = {"CONV_2D": 0, "DEPTHWISE_CONV_2D": 3, "FULLY_CONNECTED": 0}
#: Lowest and highest code by bits. TensorFlow Lite's 8 bits leave out -128; 2 bits have all four codes.
_LIMITS = {8: (-127, 127), 4: (-8, 7), 2: (-2, 1)}
_LARGEST_BIAS = 2.0**30
#: A weight unit moves an output by at least this part of its step: a smaller one would move nothing.
_LEAST_STEP = 2.0**-24
#: The same of channels without weights, where a unit is for the bias alone.
_EMPTY_STEP = 2.0**-8


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Weights:
    """A layer in the float network: `bias` is zeros where the file has none; steps are the scales of activations."""

    operator: Operator
    weight: Array
    bias: FloatArray
    channels: int
    input_step: float
    output_step: float

    @property
    def parts(self) -> FloatArray:
        """The weights as matrices."""
        return matrices(self.operator, self.weight, self.channels)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Layer:
    """A layer in integers: `codes` int8 as the file has weights, `scale` float32 and `bias` int32, both (channels,).

    `weight` and `real_bias` are what they stand for.
    """

    bits: int
    codes: npt.NDArray[np.int8]
    scale: npt.NDArray[np.float32]
    bias: npt.NDArray[np.int32]
    weight: npt.NDArray[np.float32]
    real_bias: npt.NDArray[np.float32]


def nearest(given: Weights) -> Layer:
    """8 bits as TensorFlow has them: the largest weight of a channel is 127, each to the nearest, the bias as it is."""
    flat = _flat(given.parts)
    scale = np.max(np.abs(flat), axis=0) / 127
    scale = np.where(scale > 0, scale, 1.0)
    return _made(given, 8, round_nearest(flat, scale, 127), scale, np.zeros(len(given.bias)))


def fitted(given: Weights, bits: int, moments: Moments) -> Layer:
    """Codes, scales and bias that bring outputs nearest to those of the float network.

    Weights that are codes times scales already come back as they are.

    Args:
        given: the layer.
        bits: 8, 4 or 2.
        moments: of what it reads.

    Source: docs/explanation/post-training.md; for 4 and 2 bits `lowbits.round_weights`.
    """
    parts = given.parts
    known = exact(_flat(parts), bits=bits, limits=_LIMITS[bits])
    if known is not None:
        codes, scale = known.codes.astype(np.float64), known.scale
    else:
        wanted = moments.wanted(parts)
        codes, scale = _eight(wanted, moments) if bits == 8 else _few(wanted, bits, moments)
    shift = moments.shift(parts, _parted(codes * scale, parts.shape)).reshape(-1)
    return _made(given, bits, codes, scale, shift)


def with_scales(given: Weights, layer: Layer, scale: FloatArray, bias: FloatArray) -> Layer:
    """A layer with the same codes, other scales and another bias, both of shape (channels,)."""
    codes = _flat(matrices(given.operator, layer.codes, given.channels))
    return _made(given, layer.bits, codes, scale, bias - given.bias)


def _flat(parts: FloatArray) -> FloatArray:
    """Columns of all parts side by side, shape (rows, channels)."""
    return np.ascontiguousarray(parts.transpose(1, 0, 2)).reshape(parts.shape[1], -1)


def _parted(flat: FloatArray, shape: tuple[int, ...]) -> FloatArray:
    """The way back."""
    return np.ascontiguousarray(flat.reshape(shape[1], shape[0], shape[2]).transpose(1, 0, 2))


def _eight(wanted: FloatArray, moments: Moments) -> tuple[FloatArray, FloatArray]:
    """To the nearest, or with the errors handed on from row to row where that is better."""
    flat = _flat(wanted)
    scale = choose_scales(flat, limit=127, per_population=False)
    codes = round_nearest(flat, scale, 127)
    targets = wanted.shape[2]
    if moments.own is not None and targets > 1:
        for part, moment in enumerate(moments.own):
            chosen = slice(part * targets, (part + 1) * targets)
            tried = round_compensated(wanted[part], scale[chosen], 127, moment)
            better = output_error(wanted[part], tried * scale[chosen], moment) < output_error(
                wanted[part], codes[:, chosen] * scale[chosen], moment
            )
            codes[:, chosen] = np.where(better, tried, codes[:, chosen])
    return codes, scale


def _few(wanted: FloatArray, bits: int, moments: Moments) -> tuple[FloatArray, FloatArray]:
    made = []
    for part, weight in enumerate(wanted):
        moment = None if moments.own is None else moments.own[part]
        damping = DAMPING if moment is None else 0.0
        made.append(round_weights(weight, bits=bits, moment=moment, damping=damping, limits=_LIMITS[bits]))
    codes = np.concatenate([one.codes for one in made], axis=1).astype(np.float64)
    return codes, np.concatenate([one.scale for one in made])


def _made(given: Weights, bits: int, codes: FloatArray, scale: FloatArray, shift: FloatArray) -> Layer:
    """In the file's form; scales so that the bias fits and none is too small to count."""
    bias = given.bias + shift
    floor = np.maximum(
        np.abs(bias) / (given.input_step * _LARGEST_BIAS), _LEAST_STEP * given.output_step / given.input_step
    )
    low, high = _LIMITS[bits]
    codes = np.where(scale < floor, np.clip(np.rint(codes * scale / floor), low, high), codes)
    scale = np.maximum(scale, floor)
    empty = ~np.any(codes, axis=0)
    scale = np.where(empty, np.maximum(floor, _EMPTY_STEP * given.output_step / given.input_step), scale)
    step = scale.astype(np.float32)
    unit = step.astype(np.float64) * given.input_step
    whole = np.rint(bias / unit).astype(np.int32)
    shape = [1] * given.weight.ndim
    shape[AXES[given.operator.kind]] = -1
    parts = _parted(codes, given.parts.shape)
    found = tensor_of(given.operator, parts, given.weight.shape).astype(np.int8)
    return Layer(
        bits=bits,
        codes=found,
        scale=step,
        bias=whole,
        weight=found * step.reshape(shape),
        real_bias=(whole * unit).astype(np.float32),
    )
