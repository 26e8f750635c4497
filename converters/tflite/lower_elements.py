"""Operators that go element by element: sums, products, functions of one number, other scales."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from spikelet.converters.tflite.channels import clamp_of, multiplier, step_of
from spikelet.converters.tflite.file import Tensor
from spikelet.converters.tflite.scope import TYPES, Scope
from spikelet.converters.tflite.tables import (
    function_table,
    leaky_table,
    logistic,
    requantise_table,
    tanh,
    through_float_table,
)
from spikelet.converters.tflite.walks import numbered, strides, walk
from spikelet.errors import ModelError
from spikelet.graded.model import LayerKind
from spikelet.graded.tables import logistic_s16_multiplier, logistic_s16_table

__all__ = [
    "lower_add",
    "lower_leaky_relu",
    "lower_logistic",
    "lower_mul",
    "lower_quantize",
    "lower_relu",
    "lower_tanh",
    "lower_through_float",
]

#: Bits by which operands of a sum are shifted up before they are brought to one scale.
_LEFT_SHIFT = {"INT8": 20, "INT16": 15}


def lower_add(scope: Scope) -> None:
    """ADD."""
    a, b, output = scope.needed(0), scope.needed(1), scope.output()
    kind = scope.kinds(a, b, output)
    scales = [scope.scale(tensor) for tensor in (a, b, output)]
    left = _LEFT_SHIFT[kind]
    twice = 2.0 * max(scales[:2])
    # (1 << left) * scale is a product of float32.
    reals = {"a": scales[0] / twice, "b": scales[1] / twice}
    reals["out"] = twice / float(np.float32(2**left) * np.float32(scales[2]))
    if kind == "INT16":
        _refuse_zeros(scope, a, b, output)
        if scope.option("pot_scale_int16") and all(_is_power_of_two(scale) for scale in scales):
            reals = _powers(scope, (a, b, output), 2.0**-left)
    elif not reals["out"] < 1.0:
        scope.refuse_tensor(output, f"scale {scales[2]:g}", f"above {twice / 2**left:g}, for inputs of {twice / 2:g}")
    pairs = {each: multiplier(scope, real) for each, real in reals.items()}
    p = _operands(scope, a, b, output)
    p["left_shift"] = left
    for name, (m, s) in pairs.items():
        p |= {f"{name}_multiplier": m, f"{name}_shift": s}
    chosen = LayerKind.ADD_S8 if kind == "INT8" else LayerKind.ADD_S16
    scope.layer(chosen, (a, b), output, {**p, **clamp_of(scope, output)})


def _powers(scope: Scope, tensors: tuple[Tensor, Tensor, Tensor], unit: float) -> dict[str, float]:
    """Multipliers of an ADD of int16 with scales that are powers of 2: one operand has the output's, the other is
    halved as often as its scale is smaller, with one rounding."""
    a, b, output = tensors
    a_log, b_log, log = (round(math.log2(scope.scale(tensor))) for tensor in tensors)
    if max(a_log, b_log) != log or a.shape != b.shape:
        found = f"scales of 2^{a_log}, 2^{b_log} and 2^{log}, shapes {list(a.shape)} and {list(b.shape)}"
        scope.refuse_tensor(output, found, "the larger input's scale, and inputs of one shape")
    return {"a": 2.0 ** (a_log - log) * unit, "b": 2.0 ** (b_log - log) * unit, "out": 1.0}


def lower_mul(scope: Scope) -> None:
    """MUL."""
    a, b, output = scope.needed(0), scope.needed(1), scope.output()
    kind = scope.kinds(a, b, output)
    if kind == "INT16":
        _refuse_zeros(scope, a, b, output)
    # The interpreter computes this in float32.
    product = np.float32(scope.scale(a)) * np.float32(scope.scale(b))
    m, s = multiplier(scope, float(product / np.float32(scope.scale(output))))
    p = _operands(scope, a, b, output) | {"multiplier": m, "shift": s}
    chosen = LayerKind.MUL_S8 if kind == "INT8" else LayerKind.MUL_S16
    scope.layer(chosen, (a, b), output, {**p, **clamp_of(scope, output)})


def lower_relu(scope: Scope) -> None:
    """RELU and RELU6."""
    given, output, kind = _unary(scope)
    assert scope.operator is not None
    m, s = multiplier(scope, float(np.float32(scope.scale(given)) / np.float32(scope.scale(output))))
    limits = np.iinfo(TYPES[kind].dtype)
    low, high = max(int(limits.min), step_of(scope, output, 0.0)), int(limits.max)
    if scope.operator.kind == "RELU6":
        high = min(high, step_of(scope, output, 6.0))
    zero, out_zero = scope.zero(given), scope.zero(output)
    if kind == "INT8":
        _table(scope, requantise_table((m, s), zero=zero, out_zero=out_zero, low=low, high=high))
    else:
        p = {"in_zero": zero, "out_zero": out_zero, "multiplier": m, "shift": s, "act_min": low, "act_max": high}
        scope.layer(LayerKind.RESCALE, (given,), output, p)


def lower_leaky_relu(scope: Scope) -> None:
    """LEAKY_RELU."""
    given, output, kind = _unary(scope)
    scale, out = np.float32(scope.scale(given)), np.float32(scope.scale(output))
    slope = float(scale * np.float32(scope.option("alpha")) / out)
    pair, alpha = multiplier(scope, float(scale / out)), multiplier(scope, abs(slope))
    if kind == "INT8":
        signed = (alpha[0] if slope >= 0.0 else -alpha[0], alpha[1])
        _table(scope, leaky_table(pair, signed, zero=scope.zero(given), out_zero=scope.zero(output)))
        return
    _refuse_zeros(scope, given, output)
    if slope < 0.0:
        scope.refuse("alpha", f"{scope.option('alpha'):g}", "0 and more with int16")
    p = {"multiplier": pair[0], "shift": pair[1], "alpha_multiplier": alpha[0], "alpha_shift": alpha[1]}
    scope.layer(LayerKind.LEAKY_RELU_S16, (given,), output, p)


def lower_logistic(scope: Scope) -> None:
    """LOGISTIC."""
    given, output, kind = _unary(scope)
    wanted = (1.0 / 256.0, -128) if kind == "INT8" else (1.0 / 32768.0, 0)
    if (scope.scale(output), scope.zero(output)) != wanted:
        found = f"scale {scope.scale(output):g}, zero point {scope.zero(output)}"
        scope.refuse_tensor(output, found, f"scale {wanted[0]:g}, zero point {wanted[1]}")
    if kind == "INT8":
        _real(scope, given, output, logistic)
        return
    _refuse_zeros(scope, given)
    try:
        m, s = logistic_s16_multiplier(scope.scale(given))
    except ModelError as error:
        scope.model_error(error)
    p = {"multiplier": m, "shift": s}
    scope.layer(LayerKind.LOGISTIC_S16, (given,), output, p, table=logistic_s16_table())


def lower_tanh(scope: Scope) -> None:
    """TANH."""
    given, output, kind = _unary(scope)
    if kind != "INT8":
        scope.refuse_tensor(given, kind, "INT8", "Export the model as int8.")
    _real(scope, given, output, tanh)


def lower_quantize(scope: Scope) -> None:
    """QUANTIZE between whole numbers."""
    given, output = scope.needed(0), scope.output()
    scope.shaped(output, given.shape)
    for tensor in (given, output):
        scope.kinds(tensor, allowed=tuple(TYPES))
    m, s = multiplier(scope, scope.scale(given) / scope.scale(output))
    zero, out_zero = scope.zero(given), scope.zero(output)
    types = TYPES[given.kind], TYPES[output.kind]
    if types == (TYPES["INT8"],) * 2:
        _table(scope, requantise_table((m, s), zero=zero, out_zero=out_zero))
        return
    limits = np.iinfo(types[1].dtype)
    p = {"in_zero": zero, "out_zero": out_zero, "multiplier": m, "shift": s}
    p |= {"act_min": int(limits.min), "act_max": int(limits.max)}
    scope.layer(LayerKind.RESCALE, (given,), output, p)


def lower_through_float(scope: Scope) -> None:
    """DEQUANTIZE and QUANTIZE with something else between them that only moves elements."""
    given, output = scope.needed(0), scope.output()
    table = through_float_table(
        scale=scope.scale(given),
        zero=scope.zero(given),
        out_scale=scope.scale(output),
        out_zero=scope.zero(output),
    )
    _table(scope, table)


def _unary(scope: Scope) -> tuple[Tensor, Tensor, str]:
    given, output = scope.needed(0), scope.output()
    scope.shaped(output, given.shape)
    return given, output, scope.kinds(given, output)


def _table(scope: Scope, table: npt.NDArray[np.int8]) -> None:
    """A function of one number; one that changes nothing needs no layer."""
    given, output = scope.needed(0), scope.output()
    if np.array_equal(table, np.arange(-128, 128)):
        scope.alias(output, scope.value(given))
    else:
        scope.layer(LayerKind.LUT_S8, (given,), output, {}, table=table)


def _real(scope: Scope, given: Tensor, output: Tensor, function: object) -> None:
    assert callable(function)
    table = function_table(
        function,
        scale=scope.scale(given),
        zero=scope.zero(given),
        out_scale=scope.scale(output),
        out_zero=scope.zero(output),
    )
    _table(scope, table)


def _operands(scope: Scope, a: Tensor, b: Tensor, output: Tensor) -> dict[str, int]:
    """Sizes, steps and zero points of two operands that are broadcast to each other."""
    rank = max(len(a.shape), len(b.shape))
    shapes = [(1,) * (rank - len(tensor.shape)) + tensor.shape for tensor in (a, b)]
    sizes = []
    for x, y in zip(*shapes, strict=True):
        if x != y and 1 not in {x, y}:
            scope.refuse("inputs", f"shapes {list(a.shape)} and {list(b.shape)}", "shapes that can be broadcast")
        sizes.append(y if x == 1 else x)
    if output.size != int(np.prod(sizes, dtype=np.int64)):
        scope.shaped(output, sizes)
    steps = [[0 if size == 1 else step for size, step in zip(shape, strides(shape), strict=True)] for shape in shapes]
    found = walk(sizes, *steps, strides(sizes))
    if found is None:
        scope.refuse("inputs", f"shapes {list(a.shape)} and {list(b.shape)}", "5 axes that differ in their steps")
    walked, (a_steps, b_steps, _) = found
    zeros = {"a_zero": scope.zero(a), "b_zero": scope.zero(b), "out_zero": scope.zero(output)}
    return {**numbered("size", walked), **numbered("a_step", a_steps), **numbered("b_step", b_steps), **zeros}


def _refuse_zeros(scope: Scope, *tensors: Tensor) -> None:
    for tensor in tensors:
        if scope.zero(tensor):
            scope.refuse_tensor(tensor, f"zero point {scope.zero(tensor)}", "0 with int16")


def _is_power_of_two(scale: float) -> bool:
    """As the interpreter has it: the logarithm is within 0.001 of a whole number."""
    logarithm = np.float32(np.log2(np.float32(scale)))
    return bool(abs(logarithm - np.round(logarithm)) < 1e-3)
