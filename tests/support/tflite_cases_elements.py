"""Random elementwise operators."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from spikelet.graded.model import LayerKind, TensorType
from spikelet.graded.multipliers import multiplier_of
from spikelet.graded.tables import logistic_s16_multiplier, logistic_s16_table
from support.graded_layers import one_layer
from support.tflite_builder import FileBuilder
from support.tflite_case import (
    ACTIVATIONS,
    TYPES,
    Case,
    as_float32,
    limits_of,
    some_scale,
    some_zero,
)

__all__ = ["binary", "leaky_relu_s16", "logistic_s16", "quantise", "relu_s16"]


def _broadcast(rng: np.random.Generator) -> tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]:
    """Shapes of two operands and of the result."""
    shape = tuple(int(extent) for extent in rng.integers(1, 5, 4))
    a = tuple(1 if rng.random() < 0.2 else extent for extent in shape)
    b = tuple(1 if rng.random() < 0.2 else extent for extent in shape)
    b = b[int(rng.integers(0, 3)) :]
    return a, b, tuple(int(extent) for extent in np.broadcast_shapes(a, b))


def _walk(a: Sequence[int], b: Sequence[int], shape: Sequence[int]) -> dict[str, int]:
    """Sizes and steps of add and mul."""
    parameters = {f"size_{i}": extent for i, extent in enumerate((1,) * (5 - len(shape)) + tuple(shape))}
    for name, operand in (("a", a), ("b", b)):
        whole = (1,) * (5 - len(operand)) + tuple(operand)
        step = 1
        for i in range(4, -1, -1):
            parameters[f"{name}_step_{i}"] = 0 if whole[i] == 1 else step
            step *= whole[i]
    return parameters


def binary(rng: np.random.Generator, kind: str, multiply: bool, powers: bool = False) -> Case:
    """ADD or MUL; `powers`: ADD of int16 with scales that are powers of two, which has kernels of its own."""
    a_shape, b_shape, shape = _broadcast(rng)
    if powers:
        # No broadcasting there: the interpreter's kernel has none.
        a_shape = b_shape = shape
    a_zero, b_zero, out_zero = (some_zero(rng, kind) for _ in range(3))
    a_scale, b_scale = some_scale(rng, 0.01), some_scale(rng, 0.01)
    out_scale = some_scale(rng, 0.01, 4.0) if not multiply else some_scale(rng, 1e-3, 1.0)
    if powers:
        out_scale, down = 2.0**-10, int(rng.integers(0, 4))
        a_scale, b_scale = rng.permutation([out_scale, out_scale * 2.0**-down]).tolist()
    activation = str(rng.choice(ACTIVATIONS))
    file = FileBuilder()
    g = file.main
    a = g.input(a_shape, kind, scale=a_scale, zero_point=a_zero)
    b = g.input(b_shape, kind, scale=b_scale, zero_point=b_zero)
    y = g.tensor(shape, kind, scale=out_scale, zero_point=out_zero)
    g.outputs = [y]
    options = {} if multiply else {"pot_scale_int16": powers}
    g.operator("MUL" if multiply else "ADD", [a, b], [y], fused_activation_function=activation, **options)

    parameters = {
        **_walk(a_shape, b_shape, shape),
        "a_zero": a_zero,
        "b_zero": b_zero,
        "out_zero": out_zero,
        **limits_of(kind, activation, out_scale, out_zero),
    }
    if multiply:
        # The interpreter multiplies and divides in float32 here.
        real = np.float32(a_scale) * np.float32(b_scale) / np.float32(out_scale)
        parameters["multiplier"], parameters["shift"] = multiplier_of(float(real))
        layer_kind = LayerKind.MUL_S8 if kind == "int8" else LayerKind.MUL_S16
    else:
        left = 20 if kind == "int8" else 15
        twice = 2.0 * float(max(np.float32(a_scale), np.float32(b_scale)))
        reals = {
            "a": as_float32(a_scale) / twice,
            "b": as_float32(b_scale) / twice,
            "out": twice / float(np.float32(2.0**left) * np.float32(out_scale)),
        }
        if powers:
            # a 2^15 times 2^-15 halved as often as the scale asks for: one rounding, as the interpreter does.
            reals = {"a": a_scale / out_scale / 2**15, "b": b_scale / out_scale / 2**15, "out": 1.0}
        parameters["left_shift"] = left
        for name, real in reals.items():
            parameters[f"{name}_multiplier"], parameters[f"{name}_shift"] = multiplier_of(real)
        layer_kind = LayerKind.ADD_S8 if kind == "int8" else LayerKind.ADD_S16
    model = one_layer(
        layer_kind,
        parameters,
        inputs=[(a_shape, TYPES[kind]), (b_shape, TYPES[kind])],
        output=(shape, TYPES[kind]),
    )
    return Case(file.build(), model)


def quantise(rng: np.random.Generator, kind: str, out_kind: str) -> Case:
    """QUANTIZE from integers to integers."""
    shape = (int(rng.integers(1, 200)),)
    wide = {"int8": 1.0, "int16": 2.0**-8, "int32": 2.0**-20}
    in_scale, out_scale = (some_scale(rng, 0.01) * wide[name] for name in (kind, out_kind))
    both = kind == out_kind == "int16"
    in_zero, out_zero = (0 if both or name == "int32" else some_zero(rng, name) for name in (kind, out_kind))
    file = FileBuilder()
    g = file.main
    x = g.input(shape, kind, scale=in_scale, zero_point=in_zero)
    y = g.tensor(shape, out_kind, scale=out_scale, zero_point=out_zero)
    g.outputs = [y]
    g.operator("QUANTIZE", [x], [y])
    multiplier, shift = multiplier_of(as_float32(in_scale) / as_float32(out_scale))
    parameters = {"in_zero": in_zero, "out_zero": out_zero, "multiplier": multiplier, "shift": shift}
    parameters |= limits_of(out_kind, "NONE", out_scale, out_zero)
    model = one_layer(LayerKind.RESCALE, parameters, inputs=[(shape, TYPES[kind])], output=(shape, TYPES[out_kind]))
    return Case(file.build(), model)


def relu_s16(rng: np.random.Generator) -> Case:
    """RELU or RELU6 of int16, standing alone."""
    name = str(rng.choice(["RELU", "RELU6"]))
    in_scale, out_scale = some_scale(rng, 1e-4, 1e-2), some_scale(rng, 1e-4, 1e-2)
    shape = (100,)
    file = FileBuilder()
    g = file.main
    x = g.input(shape, "int16", scale=in_scale)
    y = g.tensor(shape, "int16", scale=out_scale)
    g.outputs = [y]
    g.operator(name, [x], [y])
    # The interpreter divides in float32 here.
    multiplier, shift = multiplier_of(float(np.float32(in_scale) / np.float32(out_scale)))
    parameters = {"in_zero": 0, "out_zero": 0, "multiplier": multiplier, "shift": shift}
    parameters |= limits_of("int16", name, out_scale, 0)
    shaped = (shape, TensorType.INT16)
    return Case(file.build(), one_layer(LayerKind.RESCALE, parameters, inputs=[shaped], output=shaped))


def leaky_relu_s16(rng: np.random.Generator) -> Case:
    """LEAKY_RELU of int16."""
    alpha = np.float32(rng.choice([0.1, 0.25, 1.5, 0.0]))
    in_scale, out_scale = np.float32(some_scale(rng, 1e-4, 1e-2)), np.float32(some_scale(rng, 1e-4, 1e-2))
    shape = (100,)
    file = FileBuilder()
    g = file.main
    x = g.input(shape, "int16", scale=float(in_scale))
    y = g.tensor(shape, "int16", scale=float(out_scale))
    g.outputs = [y]
    g.operator("LEAKY_RELU", [x], [y], alpha=float(alpha))
    parameters: dict[str, int] = {}
    for prefix, real in (("", in_scale / out_scale), ("alpha_", in_scale * alpha / out_scale)):
        parameters[f"{prefix}multiplier"], parameters[f"{prefix}shift"] = multiplier_of(float(real))
    shaped = (shape, TensorType.INT16)
    return Case(file.build(), one_layer(LayerKind.LEAKY_RELU_S16, parameters, inputs=[shaped], output=shaped))


def logistic_s16(rng: np.random.Generator) -> Case:
    """LOGISTIC of int16: all inputs are tried at once."""
    scale = float(rng.choice([2.0**-12, 2.0**-10, some_scale(rng, 1e-6, 1e-3), some_scale(rng, 1e-3, 2.0)]))
    shape = (4096,)
    file = FileBuilder()
    g = file.main
    x = g.input(shape, "int16", scale=scale)
    y = g.tensor(shape, "int16", scale=2.0**-15)
    g.outputs = [y]
    g.operator("LOGISTIC", [x], [y])
    multiplier, shift = logistic_s16_multiplier(as_float32(scale))
    shaped = (shape, TensorType.INT16)
    parameters = {"multiplier": multiplier, "shift": shift}
    table = logistic_s16_table()
    return Case(
        file.build(), one_layer(LayerKind.LOGISTIC_S16, parameters, inputs=[shaped], output=shaped, table=table)
    )
