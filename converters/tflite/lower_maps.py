"""Pools, padding, means and softmax."""

from __future__ import annotations

import math

from spikelet.converters.tflite.channels import clamp_of
from spikelet.converters.tflite.file import Operator, Tensor
from spikelet.converters.tflite.lower_conv import STEP_MAX, window
from spikelet.converters.tflite.scope import TYPES, Scope
from spikelet.converters.tflite.walks import SIZE_MAX, numbered, strides, walk
from spikelet.errors import ModelError
from spikelet.graded.model import LayerKind
from spikelet.graded.multipliers import mean_multiplier
from spikelet.graded.tables import softmax_s8_table, softmax_s16_multiplier, softmax_s16_tables

__all__ = ["lower_mean", "lower_pad", "lower_pool", "lower_softmax"]

#: Input and output of a pool have one scale; the interpreter lets them differ by so much.
_NEAR = 1e-6
_DEPTH_MAX = 4095


def lower_pool(scope: Scope) -> None:
    """AVERAGE_POOL_2D and MAX_POOL_2D."""
    given, output = scope.needed(0), scope.output()
    scope.kinds(given, output)
    channels = scope.map_of(given)[2]
    if abs(scope.scale(given) - scope.scale(output)) > _NEAR or scope.zero(given) != scope.zero(output):
        found = f"scale {scope.scale(output):g}, zero point {scope.zero(output)}"
        scope.refuse_tensor(output, found, f"the input's, {scope.scale(given):g} and {scope.zero(given)}")
    p = {
        **window(scope, given, 0, int(scope.option("filter_height")), dilated=False),
        **window(scope, given, 1, int(scope.option("filter_width")), dilated=False),
        "channels": channels,
        **clamp_of(scope, output),
    }
    scope.shaped(output, (1, p["out_height"], p["out_width"], channels))
    assert scope.operator is not None
    average = scope.operator.kind == "AVERAGE_POOL_2D"
    scope.layer(LayerKind.AVERAGE_POOL if average else LayerKind.MAX_POOL, (given,), output, p)


def lower_pad(scope: Scope) -> None:
    """PAD: part of the convolution behind it where that pads with the zero point anyway, else a fill and a copy."""
    given, output = scope.needed(0), scope.output()
    scope.kinds(given, output, allowed=tuple(TYPES))
    pads = scope.list(scope.needed(1))
    rank = len(given.shape)
    if len(pads) != 2 * rank or any(not 0 <= pad <= SIZE_MAX for pad in pads):
        scope.refuse("paddings", str(pads), f"{rank} pairs of 0 .. {SIZE_MAX}")
    pairs = list(zip(pads[::2], pads[1::2], strict=True))
    scope.shaped(output, [before + size + behind for size, (before, behind) in zip(given.shape, pairs, strict=True)])
    if not any(pads):
        scope.alias(output, scope.value(given))
        return
    if rank == 4 and not any((*pairs[0], *pairs[3])) and _is_folded(scope, given, output, pairs[1], pairs[2]):
        scope.padded[output.index] = (given.index, pairs[1], pairs[2])
        return
    fill = 0 if output.quantisation is None else scope.zero(output)
    scope.layer(LayerKind.FILL, (), output, {"value": fill})
    steps = strides(output.shape)
    start = sum(before * step for (before, _), step in zip(pairs, steps, strict=True))
    found = walk(given.shape, strides(given.shape), steps)
    if found is None:
        scope.refuse("paddings", str(pads), "at most 5 axes")
    sizes, (in_steps, out_steps) = found
    p = {**numbered("size", sizes), "in_start": 0, **numbered("in_step", in_steps)}
    p |= {"out_start": start, **numbered("out_step", out_steps)}
    scope.layer(LayerKind.COPY, (given,), output, p)


def _is_folded(scope: Scope, given: Tensor, output: Tensor, rows: tuple[int, int], columns: tuple[int, int]) -> bool:
    """Whether one convolution alone reads a padded map, and can pad it itself."""
    users = [operator for operator in scope.graph.operators if output.index in operator.inputs]
    if scope.readers.get(output.index) != 1 or not users or given.kind == "UINT8":
        return False
    user = users[0]
    if user.kind not in {"CONV_2D", "DEPTHWISE_CONV_2D"} or user.inputs[0] != output.index:
        return False
    if len(user.inputs) < 2 or user.inputs[1] < 0:
        return False
    filters = scope.graph.tensors[user.inputs[1]]
    if len(filters.shape) != 4 or given.data is not None:
        return False
    pads = zip(("h", "w"), (1, 2), (rows, columns), strict=True)
    return all(_fits(user, letter, filters.shape[axis], given.shape[axis], pair) for letter, axis, pair in pads)


def _fits(user: Operator, letter: str, kernel: int, size: int, pads: tuple[int, int]) -> bool:
    """Whether an engine's convolution can have these pads along an axis (graded.md 4.8)."""
    stride, dilation = user.options[f"stride_{letter}"], user.options[f"dilation_{letter}_factor"]
    if not (isinstance(stride, int) and isinstance(dilation, int)):
        return False
    if not (1 <= stride <= STEP_MAX and 1 <= dilation <= STEP_MAX and 1 <= kernel <= STEP_MAX):
        return False
    reach, full, before = (kernel - 1) * dilation, sum(pads) + size, pads[0]
    if user.options["padding"] == "SAME":
        out = -(-full // stride)
        before += max((out - 1) * stride + reach + 1 - full, 0) // 2
    else:
        out = (full - reach - 1) // stride + 1
    return out >= 1 and before <= reach and (out - 1) * stride - before < size


def lower_mean(scope: Scope) -> None:
    """MEAN."""
    given, output = scope.needed(0), scope.output()
    scope.kinds(given, output)
    rank = len(given.shape)
    listed = scope.list(scope.needed(1))
    if any(not -rank <= axis < rank for axis in listed):
        scope.refuse("axis", str(listed), f"{-rank} .. {rank - 1}")
    axes = {axis % rank for axis in listed}
    kept = [size for axis, size in enumerate(given.shape) if axis not in axes]
    if scope.option("keep_dims"):
        kept = [1 if axis in axes else size for axis, size in enumerate(given.shape)]
    scope.shaped(output, kept)
    steps = strides(given.shape)
    parts = {}
    for name, chosen in (("kept", set(range(rank)) - axes), ("reduced", axes)):
        found = walk([given.shape[axis] for axis in sorted(chosen)], [steps[axis] for axis in sorted(chosen)])
        if found is None or any(size != 1 for size in found[0][:2]):
            scope.refuse_tensor(given, f"shape {list(given.shape)}, mean over {sorted(axes)}", "3 axes and 3 axes")
        parts[name] = found[0][2:], found[1][0][2:]
    taps = math.prod(parts["reduced"][0])
    try:
        m, s = mean_multiplier(scope.scale(given) / scope.scale(output), taps)
    except ModelError as error:
        scope.model_error(error)
    limits = TYPES[output.kind]
    p = {"in_zero": scope.zero(given), "out_zero": scope.zero(output), "multiplier": m, "shift": s}
    p |= {"act_min": -(2 ** (8 * limits - 1)), "act_max": 2 ** (8 * limits - 1) - 1}
    for name, (sizes, each) in parts.items():
        p |= numbered(name, sizes) | numbered(f"{name}_step", each)
    scope.layer(LayerKind.MEAN, (given,), output, p)


def lower_softmax(scope: Scope) -> None:
    """SOFTMAX along the last axis."""
    given, output = scope.needed(0), scope.output()
    kind = scope.kinds(given, output)
    scope.shaped(output, given.shape)
    depth = given.shape[-1] if given.shape else 1
    if not 1 <= depth <= (_DEPTH_MAX if kind == "INT8" else SIZE_MAX):
        scope.refuse_tensor(given, f"{depth} classes", f"1 .. {_DEPTH_MAX if kind == 'INT8' else SIZE_MAX}")
    rows = given.size // depth
    scope.sizes(given, rows)
    step, zero = (1.0 / 256.0, -128) if kind == "INT8" else (1.0 / 32768.0, 0)
    if abs(scope.scale(output) - step) > 0.001 * step or scope.zero(output) != zero:
        found = f"scale {scope.scale(output):g}, zero point {scope.zero(output)}"
        scope.refuse_tensor(output, found, f"scale {step:g}, zero point {zero}")
    beta = float(scope.option("beta"))
    p = {"rows": rows, "depth": depth}
    try:
        if kind == "INT8":
            table = softmax_s8_table(beta, scope.scale(given))
            scope.layer(LayerKind.SOFTMAX_S8, (given,), output, {**p, "entries": len(table)}, table=table)
            return
        m, s = softmax_s16_multiplier(beta, scope.scale(given))
    except ModelError as error:
        scope.model_error(error)
    p |= {"multiplier": m, "shift": s}
    scope.layer(LayerKind.SOFTMAX_S16, (given,), output, p, table=softmax_s16_tables())
