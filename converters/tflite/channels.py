"""Multipliers, clamps and tables of output channels, from a file's real scales (graded.md 1.3, 1.6, 4.6)."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from spikelet.converters.tflite.file import Tensor
from spikelet.converters.tflite.scope import TYPES, Scope
from spikelet.errors import ModelError
from spikelet.graded.model import CHANNEL, CHANNEL_S16, DENSE_OUTPUT, DENSE_OUTPUT_S16
from spikelet.graded.multipliers import dense_multiplier, multiplier_of

__all__ = ["channel_table", "clamp_of", "dense_table", "filter_scales", "multiplier", "step_of", "sum_bits_of"]

#: Shifts of 1.5, which convolutions of int16 use.
_SHIFT_MAX_64 = 14
#: What fused activations clamp real numbers to.
_ENDS: Mapping[str, tuple[float | None, float | None]] = {
    "NONE": (None, None),
    "RELU": (0.0, None),
    "RELU6": (0.0, 6.0),
    "RELU_N1_TO_1": (-1.0, 1.0),
}


def multiplier(scope: Scope, real: float) -> tuple[int, int]:
    """Multiplier and shift of a real number."""
    try:
        return multiplier_of(real)
    except ModelError as error:
        scope.model_error(error)


def clamp_of(scope: Scope, output: Tensor) -> dict[str, int]:
    """`act_min` and `act_max`: the output's type, narrowed by the fused activation."""
    limits = np.iinfo(TYPES[output.kind].dtype)
    low, high = int(limits.min), int(limits.max)
    activation = scope.option("fused_activation_function")
    if activation not in _ENDS:
        scope.refuse("fused_activation_function", activation, ", ".join(_ENDS))
    first, last = _ENDS[activation]
    low = low if first is None else max(low, step_of(scope, output, first))
    high = high if last is None else min(high, step_of(scope, output, last))
    if low > high:
        scope.refuse_tensor(output, f"a range of {low} .. {high} after {activation}", "a zero point inside the type")
    return {"act_min": low, "act_max": high}


def step_of(scope: Scope, output: Tensor, real: float) -> int:
    """The number that stands for a real one: float32 division, halves away from zero."""
    steps = float(np.float32(real) / np.float32(scope.scale(output)))
    if not abs(steps) < 2.0**31:
        scope.refuse_tensor(
            output, f"scale {scope.scale(output):g}", f"one of which {real:g} has fewer than 2^31 steps"
        )
    return scope.zero(output) + int(math.copysign(math.floor(abs(steps) + 0.5), steps))


def filter_scales(scope: Scope, weights: Tensor, n: int, axis: int) -> npt.NDArray[np.float64]:
    """The scale of each output channel of int8 weights without zero points."""
    q = scope.quantisation(weights)
    if len(q.scale) not in {1, n} or (len(q.scale) > 1 and q.axis != axis):
        found = f"{len(q.scale)} scales along axis {q.axis}"
        scope.refuse_tensor(weights, found, f"1 scale, or {n} along axis {axis}")
    if np.any(q.zero_point):
        scope.refuse_tensor(weights, "weights with zero points", "weights around 0", "Export it as int8.")
    return np.broadcast_to(q.scale.astype(np.float64), (n,))


def sum_bits_of(scope: Scope, bias: Tensor | None) -> int:
    """Bits of the sums of a layer of int16: 32 where the operator says so and its bias is int32, else 64."""
    said = str(scope.operator.options.get("quantized_bias_type", "FLOAT32")) if scope.operator else "FLOAT32"
    if bias is not None and bias.kind != ("INT32" if said == "INT32" else "INT64"):
        scope.refuse_tensor(bias, f"{bias.kind} with a quantized_bias_type of {said}", "INT64, or INT32 for both")
    return 32 if said == "INT32" else 64


def _bias(scope: Scope, bias: Tensor | None, n: int, wide: bool) -> npt.NDArray[np.int64]:
    if bias is None:
        return np.zeros(n, np.int64)
    values = scope.constant(bias, *(("INT32", "INT64") if wide else ("INT32",)))
    if values.size != n:
        scope.refuse_tensor(bias, f"{values.size} numbers", f"{n}, one for each output channel")
    if bias.quantisation is not None and np.any(bias.quantisation.zero_point):
        scope.refuse_tensor(bias, "a bias with a zero point", "0")
    return values.ravel().astype(np.int64)


def channel_table(
    scope: Scope, tensors: tuple[Tensor, Tensor, Tensor], bias: Tensor | None, n: int, *, axis: int, sum_bits: int
) -> npt.NDArray[np.void]:
    """Bias, multiplier and shift of each output channel of a convolution.

    Args:
        scope: at the operator.
        tensors: input, weights and output.
        bias: None: 0.
        n: output channels.
        axis: of the weights, along which output channels go.
        sum_bits: 0 for int8; 64 or 32 for int16.
    """
    given, weights, output = tensors
    real = scope.scale(given) * filter_scales(scope, weights, n, axis) / scope.scale(output)
    table = np.zeros(n, CHANNEL_S16 if sum_bits else CHANNEL)
    table["bias"] = _bias(scope, bias, n, bool(sum_bits))
    pairs = [multiplier(scope, float(each)) for each in real]
    table["multiplier"], table["shift"] = zip(*pairs, strict=True)
    if sum_bits == 64 and table["shift"].max() > _SHIFT_MAX_64:
        scope.refuse_tensor(weights, f"a multiplier of {real.max():g}", f"below 2^{_SHIFT_MAX_64}", "Check the scales.")
    return table


def dense_table(
    scope: Scope,
    tensors: tuple[Tensor, Tensor, Tensor],
    bias: Tensor | None,
    weights: npt.NDArray[np.int8],
    clamp: dict[str, int],
) -> npt.NDArray[np.void]:
    """Bias, multiplier and shift of each output of a fully connected layer with weights [output, input]."""
    given, filters, output = tensors
    n = len(weights)
    wide = given.kind == "INT16"
    table = np.zeros(n, DENSE_OUTPUT_S16 if wide else DENSE_OUTPUT)
    table["bias"] = _bias(scope, bias, n, wide)
    limits, zero, out_zero = np.iinfo(TYPES[given.kind].dtype), scope.zero(given), scope.zero(output)
    ends = np.array([limits.min - zero, limits.max - zero], np.int64)
    above = np.maximum(weights, 0).sum(axis=1, dtype=np.int64)
    below = np.minimum(weights, 0).sum(axis=1, dtype=np.int64)
    low = np.minimum(above * ends[0] + below * ends[1] + table["bias"], 0)
    top = np.maximum(above * ends[1] + below * ends[0] + table["bias"], 0)
    bits = sum_bits_of(scope, bias) if wide else 32
    if bits == 32 and (low.min() < -(2**31) or top.max() >= 2**31):
        if wide:
            scope.refuse_tensor(filters, f"sums up to {max(-low.min(), top.max())}", "32 bits, or a bias of INT64")
        low[:], top[:] = -(2**31), 2**31 - 1
    real = scope.scale(given) * filter_scales(scope, filters, n, 0) / scope.scale(output)
    for index in range(n):
        try:
            table["multiplier"][index], table["shift"][index] = dense_multiplier(
                float(real[index]),
                low=int(low[index]),
                top=int(top[index]),
                out_min=clamp["act_min"] - out_zero,
                out_max=clamp["act_max"] - out_zero,
            )
        except ModelError as error:
            scope.model_error(error)
    return table
