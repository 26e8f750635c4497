"""Operators that only move elements: shapes, pieces, slices. Copies that need not be made go later (elide.py)."""

from __future__ import annotations

from collections.abc import Sequence

from spikelet.converters.tflite.scope import TYPES, Scope
from spikelet.converters.tflite.walks import numbered, strides, walk
from spikelet.graded.model import LayerKind

__all__ = ["copy_parameters", "lower_concatenation", "lower_reshape", "lower_strided_slice"]


def lower_reshape(scope: Scope) -> None:
    """RESHAPE, EXPAND_DIMS and SQUEEZE: another shape of the same elements."""
    given, output = scope.needed(0), scope.output()
    scope.kinds(given, output, allowed=tuple(TYPES))
    if output.size != given.size:
        scope.refuse_tensor(output, f"{output.size} elements", f"the input's {given.size}")
    scope.alias(output, scope.value(given))


def lower_concatenation(scope: Scope) -> None:
    """CONCATENATION."""
    assert scope.operator is not None
    output, rank = scope.output(), len(scope.output().shape)
    pieces = [scope.needed(position) for position in range(len(scope.operator.inputs))]
    scope.kinds(output, *pieces, allowed=tuple(TYPES))
    axis = int(scope.option("axis"))
    if not pieces or not -rank <= axis < rank:
        scope.refuse("axis", f"{axis} for {len(pieces)} inputs", f"{-rank} .. {rank - 1}, 1 input and more")
    if scope.option("fused_activation_function") != "NONE":
        scope.refuse("fused_activation_function", scope.option("fused_activation_function"), "NONE")
    axis %= rank
    for piece in pieces:
        if _without(piece.shape, axis) != _without(output.shape, axis) or len(piece.shape) != rank:
            scope.refuse_tensor(piece, f"shape {list(piece.shape)}", f"{list(output.shape)} but along axis {axis}")
        if output.kind != "INT32" and (scope.scale(piece), scope.zero(piece)) != (
            scope.scale(output),
            scope.zero(output),
        ):
            found = f"scale {scope.scale(piece):g}, zero point {scope.zero(piece)}"
            scope.refuse_tensor(piece, found, f"the output's, {scope.scale(output):g} and {scope.zero(output)}")
    total = sum(piece.shape[axis] for piece in pieces)
    scope.shaped(output, [total if i == axis else size for i, size in enumerate(output.shape)])
    steps, start = strides(output.shape), 0
    for piece in pieces:
        if piece.size:
            p = copy_parameters(scope, piece.shape, (0, strides(piece.shape)), (start, steps))
            scope.layer(LayerKind.COPY, (piece,), output, p)
        start += piece.shape[axis] * steps[axis]


def lower_strided_slice(scope: Scope) -> None:
    """STRIDED_SLICE."""
    given, output = scope.needed(0), scope.output()
    scope.kinds(given, output, allowed=tuple(TYPES))
    begin, end, stride = (scope.list(scope.needed(position)) for position in (1, 2, 3))
    if not len(begin) == len(end) == len(stride):
        scope.refuse("begin, end, strides", f"{len(begin)}, {len(end)} and {len(stride)} numbers", "as many of each")
    shape: list[int] = []
    sizes: list[int] = []
    in_steps: list[int] = []
    start, axis, all_steps = 0, 0, strides(given.shape)
    for entry in _entries(scope, len(begin), len(given.shape)):
        if entry == "new":
            shape.append(1)
            continue
        if axis >= len(given.shape):
            scope.refuse("begin", f"{len(begin)} numbers", f"at most {len(given.shape)}, the input's axes")
        size, step = given.shape[axis], all_steps[axis]
        if entry == "all":
            first, n, by, dropped = 0, size, 1, False
        else:
            first, n, by, dropped = _range(scope, int(entry), size, (begin, end, stride))
        start += first * step if n else 0
        sizes.append(n)
        in_steps.append(by * step)
        shape += [] if dropped else [n]
        axis += 1
    scope.shaped(output, shape)
    scope.value(output)
    p = copy_parameters(scope, sizes, (start, in_steps), (0, strides(sizes)))
    scope.layer(LayerKind.COPY, (given,), output, p)


def copy_parameters(
    scope: Scope, sizes: Sequence[int], source: tuple[int, Sequence[int]], target: tuple[int, Sequence[int]]
) -> dict[str, int]:
    """The parameters of a copy; source and target are first element and steps."""
    (in_start, in_steps), (out_start, out_steps) = source, target
    found = walk(sizes, in_steps, out_steps)
    if found is None:
        scope.refuse("inputs", f"a copy of {list(sizes)} elements", "5 axes that differ in their steps, 65535 each")
    walked, (first, second) = found
    p = {**numbered("size", walked), "in_start": in_start, **numbered("in_step", first)}
    return {**p, "out_start": out_start, **numbered("out_step", second)}


def _without(shape: Sequence[int], axis: int) -> list[int]:
    return [size for index, size in enumerate(shape) if index != axis]


def _entries(scope: Scope, n: int, rank: int) -> list[str]:
    """What becomes of each axis: the number of its entry in begin, end and strides; all of it; a new axis."""
    ellipsis_mask, new_mask = int(scope.option("ellipsis_mask")), int(scope.option("new_axis_mask"))
    new = sum(bool(new_mask >> i & 1) and not ellipsis_mask >> i & 1 for i in range(n))
    entries: list[str] = []
    for index in range(n):
        if ellipsis_mask >> index & 1:
            if "all" in entries:
                scope.refuse("ellipsis_mask", bin(ellipsis_mask), "one bit")
            entries += ["all"] * max(rank - (n - 1 - new), 0)
        else:
            entries.append("new" if new_mask >> index & 1 else str(index))
    used = sum(entry != "new" for entry in entries)
    return entries + ["all"] * max(rank - used, 0)


def _range(
    scope: Scope, entry: int, size: int, spec: tuple[list[int], list[int], list[int]]
) -> tuple[int, int, int, bool]:
    """First index, how many, stride, and whether the axis is dropped."""
    begin, end, stride = (numbers[entry] for numbers in spec)
    if stride == 0:
        scope.refuse("strides", "0", "other numbers")
    if scope.option("offset"):
        end += begin
    low, high = (0, size) if stride > 0 else (-1, size - 1)

    def bounded(value: int) -> int:
        return min(max(value + size if value < 0 else value, low), high)

    first = bounded(begin)
    if int(scope.option("begin_mask")) >> entry & 1:
        first = 0 if stride > 0 else size - 1
    if int(scope.option("shrink_axis_mask")) >> entry & 1:
        if not 0 <= first < size:
            scope.refuse("begin", str(begin), f"an index below {size}")
        return first, 1, 1, True
    last = bounded(end)
    if int(scope.option("end_mask")) >> entry & 1:
        last = size if stride > 0 else -1
    return first, max(-(-(last - first) // stride), 0), stride, False
