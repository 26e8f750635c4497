"""Random operators over rows: fully connected ones, softmax, means."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from spikelet.graded.model import DENSE_OUTPUT, DENSE_OUTPUT_S16, LayerKind
from spikelet.graded.multipliers import dense_multiplier, mean_multiplier
from spikelet.graded.tables import softmax_s8_table, softmax_s16_multiplier, softmax_s16_tables
from support.graded_layers import coded, one_layer, padded
from support.tflite_builder import FileBuilder, Scales
from support.tflite_case import (
    ACTIVATIONS,
    TYPES,
    Case,
    as_float32,
    channel_scales,
    limits_of,
    some_bias,
    some_scale,
    some_zero,
)

__all__ = ["dense", "mean", "softmax"]


def dense(rng: np.random.Generator, kind: str, dot: bool = False, wide: bool = True) -> Case:
    """FULLY_CONNECTED, per tensor or per channel."""
    wide = wide and kind == "int16"
    rows, inputs, outputs = int(rng.integers(1, 4)), int(rng.choice([1, 3, 16, 130])), int(rng.choice([1, 5, 70]))
    per_channel = rng.random() < 0.5 and outputs > 1
    in_zero, out_zero = some_zero(rng, kind), some_zero(rng, kind)
    in_scale, out_scale = some_scale(rng, 1e-3, 0.2), some_scale(rng, 0.01, 10.0)
    activation = str(rng.choice(ACTIVATIONS))
    scales = channel_scales(rng, outputs if per_channel else 1)
    weights = rng.integers(-127, 128, (outputs, inputs)).astype(np.int8)
    bias = some_bias(rng, outputs, wide)
    if kind == "int8":
        # Sums stay inside a word.
        bias = np.clip(bias, -(2**31) + 2**23, 2**31 - 2**23).astype(np.int32)
    elif not wide:
        bias = np.clip(bias, -(2**30), 2**30).astype(np.int32)
    info = np.iinfo(kind)
    spans = np.abs(weights.astype(np.int64)).sum(axis=1) * (int(info.max) - int(info.min)) + np.abs(bias)
    # Results stay inside a word: beyond it, what C does with them is nobody's promise.
    out_scale = max(out_scale, as_float32(float((spans * scales).max()) * in_scale / 2**30))

    file = FileBuilder()
    g = file.main
    x = g.input((rows, inputs), kind, scale=in_scale, zero_point=in_zero)
    w = g.constant(weights, scales=Scales(scale=scales))
    b = g.constant(bias, scales=Scales(scale=scales * np.float32(in_scale)))
    y = g.tensor((rows, outputs), kind, scale=out_scale, zero_point=out_zero)
    g.outputs = [y]
    options = {"quantized_bias_type": "INT64" if wide else "INT32"} if kind == "int16" else {}
    g.operator("FULLY_CONNECTED", [x, w, b], [y], fused_activation_function=activation, **options)

    limits = limits_of(kind, activation, out_scale, out_zero)
    table = np.zeros(outputs, DENSE_OUTPUT if kind == "int8" else DENSE_OUTPUT_S16)
    table["bias"] = bias
    for o, scale in enumerate(np.broadcast_to(scales, outputs)):
        table["multiplier"][o], table["shift"][o] = dense_multiplier(
            as_float32(in_scale) * float(scale) / as_float32(out_scale),
            low=-int(spans[o]),
            top=int(spans[o]),
            out_min=limits["act_min"] - out_zero,
            out_max=limits["act_max"] - out_zero,
        )
    parameters = {
        "rows": rows,
        "inputs": inputs,
        "outputs": outputs,
        "in_zero": in_zero,
        "out_zero": out_zero,
        **limits,
    }
    if kind == "int16":
        layer_kind, packed = LayerKind.DENSE_S16, padded(weights)
    elif dot:
        layer_kind = LayerKind.DOT_S8
        packed = padded(np.pad(weights, ((0, 0), (0, -inputs % 4))))
    else:
        layer_kind, packed = LayerKind.DENSE_S8, coded(weights)
        parameters["bits"] = 8
    model = one_layer(
        layer_kind,
        parameters,
        inputs=[((rows, inputs), TYPES[kind])],
        output=((rows, outputs), TYPES[kind]),
        table=table,
        weights=packed,
    )
    return Case(file.build(), model)


def softmax(rng: np.random.Generator, kind: str) -> Case:
    """SOFTMAX over the last axis."""
    rows, depth = int(rng.integers(1, 4)), int(rng.choice([1, 2, 10, 300]))
    beta = as_float32(float(rng.choice([1.0, 0.5, 2.7])))
    wide = kind == "int16"
    scale = some_scale(rng, 1e-5 if wide else 1e-3, 1e-2 if wide else 2.0)
    file = FileBuilder()
    g = file.main
    x = g.input((rows, depth), kind, scale=scale, zero_point=some_zero(rng, kind))
    out = {"scale": 1 / 32768, "zero_point": 0} if wide else {"scale": 1 / 256, "zero_point": -128}
    y = g.tensor((rows, depth), kind, **out)
    g.outputs = [y]
    g.operator("SOFTMAX", [x], [y], beta=beta)
    shaped = ((rows, depth), TYPES[kind])
    if wide:
        multiplier, shift = softmax_s16_multiplier(beta, scale)
        parameters = {"rows": rows, "depth": depth, "multiplier": multiplier, "shift": shift}
        table: npt.NDArray[Any] = softmax_s16_tables()
        return Case(
            file.build(), one_layer(LayerKind.SOFTMAX_S16, parameters, inputs=[shaped], output=shaped, table=table)
        )
    table = softmax_s8_table(beta, as_float32(scale))
    parameters = {"rows": rows, "depth": depth, "entries": len(table)}
    return Case(file.build(), one_layer(LayerKind.SOFTMAX_S8, parameters, inputs=[shaped], output=shaped, table=table))


def mean(rng: np.random.Generator, kind: str) -> Case:
    """MEAN over any axes."""
    shape = tuple(int(extent) for extent in rng.integers(1, 7, int(rng.integers(2, 5))))
    count = int(rng.integers(1, len(shape) + 1))
    axes = np.sort(rng.permutation(len(shape))[:count]).astype(np.int32)
    keep = bool(rng.integers(2))
    in_scale, out_scale = some_scale(rng, 0.01), some_scale(rng, 0.005)
    in_zero, out_zero = some_zero(rng, kind), some_zero(rng, kind)
    if keep:
        out_shape = tuple(1 if i in axes else extent for i, extent in enumerate(shape))
    else:
        out_shape = tuple(extent for i, extent in enumerate(shape) if i not in axes)
    file = FileBuilder()
    g = file.main
    x = g.input(shape, kind, scale=in_scale, zero_point=in_zero)
    given = np.where(rng.random(count) < 0.3, axes - len(shape), axes).astype(np.int32)
    a = g.constant(given)
    y = g.tensor(out_shape, kind, scale=out_scale, zero_point=out_zero)
    g.outputs = [y]
    g.operator("MEAN", [x, a], [y], keep_dims=keep)

    steps = [int(np.prod(shape[i + 1 :], dtype=np.int64)) for i in range(len(shape))]
    parameters: dict[str, int] = {}
    taps = 1
    for name, chosen in (("kept", False), ("reduced", True)):
        walked = [(shape[i], steps[i]) for i in range(len(shape)) if (i in axes) == chosen]
        # At most four axes: two that follow each other can be one where there are more than three.
        if len(walked) == 4:
            walked = [(walked[0][0] * walked[1][0], walked[1][1]), *walked[2:]]
        walked = [(1, 0)] * (3 - len(walked)) + walked
        for i, (size, step) in enumerate(walked):
            parameters[f"{name}_{i}"], parameters[f"{name}_step_{i}"] = size, step
            taps *= size if chosen else 1
    multiplier, shift = mean_multiplier(as_float32(in_scale) / as_float32(out_scale), taps)
    parameters |= {"in_zero": in_zero, "out_zero": out_zero, "multiplier": multiplier, "shift": shift}
    parameters |= limits_of(kind, "NONE", out_scale, out_zero)
    model = one_layer(LayerKind.MEAN, parameters, inputs=[(shape, TYPES[kind])], output=(out_shape, TYPES[kind]))
    return Case(file.build(), model)
