"""Random operators over maps: convolutions and pools."""

from __future__ import annotations

from typing import Any

import numpy as np

from spikelet.graded.model import CHANNEL, CHANNEL_S16, LayerKind
from spikelet.graded.multipliers import multiplier_of
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
    window_of,
)

__all__ = ["convolution", "pool"]


def convolution(rng: np.random.Generator, kind: str, depthwise: bool, wide: bool = True) -> Case:
    """CONV_2D or DEPTHWISE_CONV_2D; `wide`: a bias of int64 where values are int16."""
    wide = wide and kind == "int16"
    groups = 1 if depthwise else int(rng.choice([1, 1, 2, 3]))
    inputs = groups * int(rng.integers(1, 5))
    times = int(rng.integers(1, 4))
    outputs = inputs * times if depthwise else groups * int(rng.choice([1, 2, 5, 9, 70]))
    kernel, stride, dilation = (rng.integers(1, top, 2) for top in (4, 4, 3))
    extent = rng.integers(1, 8, 2) + (kernel - 1) * dilation
    padding = str(rng.choice(["SAME", "VALID"]))
    (out_y, pad_y), (out_x, pad_x) = (
        window_of(int(extent[i]), int(kernel[i]), int(stride[i]), int(dilation[i]), padding) for i in (0, 1)
    )
    activation = str(rng.choice(ACTIVATIONS))
    in_scale, out_scale = some_scale(rng), some_scale(rng, 0.01, 10.0)
    in_zero, out_zero = some_zero(rng, kind), some_zero(rng, kind)
    shape = (1, *kernel, outputs) if depthwise else (outputs, *kernel, inputs // groups)
    weights = rng.integers(-127, 128, shape).astype(np.int8)
    scales = channel_scales(rng, outputs if rng.random() < 0.8 else 1)
    bias = some_bias(rng, outputs, wide)

    file = FileBuilder()
    g = file.main
    x = g.input((1, *extent, inputs), kind, scale=in_scale, zero_point=in_zero)
    w = g.constant(weights, scales=Scales(scale=scales, axis=3 if depthwise else 0))
    b = g.constant(bias, scales=Scales(scale=scales * np.float32(in_scale)))
    y = g.tensor((1, out_y, out_x, outputs), kind, scale=out_scale, zero_point=out_zero)
    g.outputs = [y]
    options: dict[str, Any] = {"depth_multiplier": times} if depthwise else {}
    if kind == "int16" and not depthwise:
        options["quantized_bias_type"] = "INT64" if wide else "INT32"
    g.operator(
        "DEPTHWISE_CONV_2D" if depthwise else "CONV_2D",
        [x, w, b],
        [y],
        padding=padding,
        stride_h=int(stride[0]),
        stride_w=int(stride[1]),
        dilation_h_factor=int(dilation[0]),
        dilation_w_factor=int(dilation[1]),
        fused_activation_function=activation,
        **options,
    )
    table = np.zeros(outputs, CHANNEL if kind == "int8" else CHANNEL_S16)
    table["bias"] = bias
    for o, scale in enumerate(np.broadcast_to(scales, outputs)):
        table["multiplier"][o], table["shift"][o] = multiplier_of(
            as_float32(in_scale) * float(scale) / as_float32(out_scale)
        )
    parameters = {
        "in_height": int(extent[0]), "in_width": int(extent[1]), "in_channels": inputs,
        "out_height": out_y, "out_width": out_x, "out_channels": outputs,
        "kernel_y": int(kernel[0]), "kernel_x": int(kernel[1]),
        "stride_y": int(stride[0]), "stride_x": int(stride[1]),
        "dilation_y": int(dilation[0]), "dilation_x": int(dilation[1]),
        "pad_y": pad_y, "pad_x": pad_x, "groups": inputs if depthwise else groups,
        "in_zero": in_zero, "out_zero": out_zero, **limits_of(kind, activation, out_scale, out_zero),
    }  # fmt: skip
    if kind == "int8":
        parameters["bits"] = 8
    else:
        parameters["sum_bits"] = 64 if wide else 32
    kinds = {
        ("int8", False): LayerKind.CONV_S8,
        ("int8", True): LayerKind.DEPTHWISE_S8,
        ("int16", False): LayerKind.CONV_S16,
        ("int16", True): LayerKind.DEPTHWISE_S16,
    }
    layer_kind = kinds[kind, depthwise]
    packed = coded(weights.reshape(outputs, -1), groups) if layer_kind is LayerKind.CONV_S8 else padded(weights)
    model = one_layer(
        layer_kind,
        parameters,
        inputs=[((1, *extent.tolist(), inputs), TYPES[kind])],
        output=((1, out_y, out_x, outputs), TYPES[kind]),
        table=table,
        weights=packed,
    )
    return Case(file.build(), model)


def pool(rng: np.random.Generator, kind: str, average: bool) -> Case:
    """AVERAGE_POOL_2D or MAX_POOL_2D."""
    channels = int(rng.integers(1, 5))
    kernel, stride = rng.integers(1, 5, 2), rng.integers(1, 4, 2)
    extent = rng.integers(1, 8, 2) + kernel - 1
    padding = str(rng.choice(["SAME", "VALID"]))
    (out_y, pad_y), (out_x, pad_x) = (
        window_of(int(extent[i]), int(kernel[i]), int(stride[i]), 1, padding) for i in (0, 1)
    )
    scale, zero, activation = some_scale(rng, 0.01), some_zero(rng, kind), str(rng.choice(ACTIVATIONS))
    file = FileBuilder()
    g = file.main
    x = g.input((1, *extent, channels), kind, scale=scale, zero_point=zero)
    y = g.tensor((1, out_y, out_x, channels), kind, scale=scale, zero_point=zero)
    g.outputs = [y]
    g.operator(
        "AVERAGE_POOL_2D" if average else "MAX_POOL_2D",
        [x],
        [y],
        padding=padding,
        stride_h=int(stride[0]),
        stride_w=int(stride[1]),
        filter_height=int(kernel[0]),
        filter_width=int(kernel[1]),
        fused_activation_function=activation,
    )
    parameters = {
        "in_height": int(extent[0]), "in_width": int(extent[1]), "channels": channels,
        "out_height": out_y, "out_width": out_x, "kernel_y": int(kernel[0]), "kernel_x": int(kernel[1]),
        "stride_y": int(stride[0]), "stride_x": int(stride[1]), "pad_y": pad_y, "pad_x": pad_x,
        **limits_of(kind, activation, scale, zero),
    }  # fmt: skip
    model = one_layer(
        LayerKind.AVERAGE_POOL if average else LayerKind.MAX_POOL,
        parameters,
        inputs=[((1, *extent.tolist(), channels), TYPES[kind])],
        output=((1, out_y, out_x, channels), TYPES[kind]),
    )
    return Case(file.build(), model)
