"""How far an output must begin before an input of its layer, so that both may share bytes: docs/reference/graded.md 5.

A layer goes through units (pixels, rows, elements) in ascending order, and reads all that a unit needs before it
writes that unit. Behind unit u, the bytes below end(u) of the output are written, and those from needed(u + 1) on of
the input are still to be read. So the output may lie over the input where it begins at least

    gap = max over u of end(u) - needed(u + 1)

bytes before it. Where there is one unit, it may lie anywhere.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from spikelet.graded.model import Layer, LayerKind

__all__ = ["ANYWHERE", "NOWHERE", "gap"]

#: The gap of a layer that reads all before it writes; and of one of which nothing is known.
ANYWHERE, NOWHERE = -(2**40), 2**40

Parameters = Mapping[str, int]
#: Outputs that a layer of int8 finishes before it reads its inputs again.
_BLOCK = 64


def gap(layer: Layer, position: int, in_bytes: int, out_bytes: int) -> int:
    """The gap in bytes between a layer's output and one of its inputs.

    Args:
        layer: any layer.
        position: of the input.
        in_bytes: of an element of the input.
        out_bytes: of an element of the output.
    """
    rule = _RULES.get(layer.kind)
    if rule is not None:
        return rule(layer.parameters, in_bytes, out_bytes)
    if layer.kind in {LayerKind.ADD_S8, LayerKind.ADD_S16, LayerKind.MUL_S8, LayerKind.MUL_S16}:
        name = ("a_step", "b_step")[position]
        sizes = _listed(layer.parameters, "size", 5)
        return in_bytes * _walk(sizes, (0, _listed(layer.parameters, name, 5)), (0, _dense(sizes)))
    return NOWHERE


def _window(p: Parameters, in_bytes: int, out_bytes: int, *, by_row: bool = False) -> int:
    """Convolutions and pools: a pixel, or a row of pixels, at a time."""
    height, width = p["out_height"], p["out_width"]
    in_pixel = in_bytes * p.get("in_channels", p.get("channels", 1))
    out_pixel = out_bytes * p.get("out_channels", p.get("channels", 1))
    in_row, out_row = in_pixel * p["in_width"], out_pixel * width
    rows, columns = _firsts(p, "y", "height") * in_row, _firsts(p, "x", "width") * in_pixel
    found = []
    if height > 1:
        found.append(int((np.arange(1, height) * out_row - rows[1:]).max()) - int(columns.min()))
    if width > 1 and not by_row:
        row = int((np.arange(height) * out_row - rows).max())
        found.append(row + int((np.arange(1, width) * out_pixel - columns[1:]).max()))
    return max(found, default=ANYWHERE)


def _firsts(p: Parameters, axis: str, extent: str) -> npt.NDArray[np.int64]:
    """The first index inside the map that each output index, or one behind it, needs."""
    start = np.arange(p[f"out_{extent}"], dtype=np.int64) * p[f"stride_{axis}"] - p[f"pad_{axis}"]
    inside = np.where(start >= 0, start, start % p.get(f"dilation_{axis}", 1))
    first: npt.NDArray[np.int64] = np.minimum.accumulate(inside[::-1])[::-1]
    return first


def _rows(p: Parameters, in_bytes: int, out_bytes: int) -> int:
    """Fully connected layers and softmax."""
    ins, outs = p.get("inputs", p.get("depth", 0)) * in_bytes, p.get("outputs", p.get("depth", 0)) * out_bytes
    last = p["rows"] - 1
    return ANYWHERE if not last else max(outs - ins, last * (outs - ins))


def _blocks(p: Parameters, in_bytes: int, out_bytes: int) -> int:
    """Fully connected layers that read a row once for each block of outputs."""
    before = (p["outputs"] - 1) // _BLOCK * _BLOCK * out_bytes
    if not before:
        return _rows(p, in_bytes, out_bytes)
    longer = p["outputs"] * out_bytes - p["inputs"] * in_bytes
    last = p["rows"] - 1
    return max(before, before + last * longer, _rows(p, in_bytes, out_bytes))


def _each(p: Parameters, in_bytes: int, out_bytes: int) -> int:
    """Functions of one element; an output that is wider than its input grows over it."""
    del p
    return 0 if out_bytes <= in_bytes else NOWHERE


def _copy(p: Parameters, in_bytes: int, out_bytes: int) -> int:
    del out_bytes
    sizes = _listed(p, "size", 5)
    source, target = (p["in_start"], _listed(p, "in_step", 5)), (p["out_start"], _listed(p, "out_step", 5))
    return in_bytes * _walk(sizes, source, target)


def _mean(p: Parameters, in_bytes: int, out_bytes: int) -> int:
    if any(step < 0 for step in _listed(p, "reduced_step", 3)):
        return NOWHERE
    sizes = _listed(p, "kept", 3)
    return (
        in_bytes * _walk(sizes, (0, _listed(p, "kept_step", 3)), (0, _dense(sizes)))
        if in_bytes == out_bytes
        else NOWHERE
    )


def _walk(sizes: Sequence[int], source: tuple[int, Sequence[int]], target: tuple[int, Sequence[int]]) -> int:
    """The gap in elements of a walk, an element at a time.

    The elements behind index i of axis k, with the indices before it as they are, begin at i + 1; of those that were
    visited by then the last one has all further indices at their ends. Both are linear in each index.
    """
    (in_start, in_steps), (out_start, out_steps) = source, target
    tails = [sum((sizes[j] - 1) * out_steps[j] for j in range(k + 1, len(sizes))) for k in range(len(sizes))]
    ordered = all(size == 1 or step > tail for size, step, tail in zip(sizes, out_steps, tails, strict=True))
    if any(step < 0 for step in in_steps) or not ordered:
        return NOWHERE
    found, before = [], 0
    for size, step, out_step, tail in zip(sizes, in_steps, out_steps, tails, strict=True):
        if size > 1:
            # i * out_step + tail + 1 - (i + 1) * step, for i = 0 and i = size - 2
            ends = [i * out_step - (i + 1) * step for i in (0, size - 2)]
            found.append(out_start - in_start + before + tail + 1 + max(ends))
            before += max(0, (size - 1) * (out_step - step))
    return max(found, default=ANYWHERE)


def _listed(p: Parameters, name: str, n: int) -> list[int]:
    return [p[f"{name}_{k}"] for k in range(n)]


def _dense(sizes: Sequence[int]) -> list[int]:
    """Steps of an output that is numbered by the walk."""
    steps, step = [], 1
    for size in reversed(sizes):
        steps.append(step)
        step *= size
    return steps[::-1]


def _by_row(p: Parameters, in_bytes: int, out_bytes: int) -> int:
    return _window(p, in_bytes, out_bytes, by_row=True)


_RULES: Mapping[LayerKind, Callable[[Parameters, int, int], int]] = {
    LayerKind.CONV_S8: _window,
    LayerKind.CONV_S16: _window,
    LayerKind.AVERAGE_POOL: _window,
    LayerKind.MAX_POOL: _window,
    LayerKind.DEPTHWISE_S8: _by_row,
    LayerKind.DEPTHWISE_S16: _by_row,
    LayerKind.DOT_S8: _rows,
    LayerKind.DENSE_S8: _blocks,
    LayerKind.DENSE_S16: _rows,
    LayerKind.SOFTMAX_S8: _rows,
    LayerKind.SOFTMAX_S16: _rows,
    LayerKind.LUT_S8: _each,
    LayerKind.LOGISTIC_S16: _each,
    LayerKind.LEAKY_RELU_S16: _each,
    LayerKind.RESCALE: _each,
    LayerKind.COPY: _copy,
    LayerKind.MEAN: _mean,
}
