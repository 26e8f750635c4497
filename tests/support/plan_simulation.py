"""Follows every byte of a planned network through its memory, unit by unit, as graded.md 5 says layers work.

Written without converters/tflite/overlap.py and provenance.py, which it checks. Each byte holds a token of who wrote
it; a layer's inputs are the tokens that it reads, in its order, while it writes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import product

import numpy as np
import numpy.typing as npt

from spikelet.converters.tflite.draft import Draft
from spikelet.graded.model import Layer, LayerKind

__all__ = ["Tokens", "follow", "units"]

Tokens = npt.NDArray[np.int64]
#: Elements that a unit reads of each input, and elements that it then writes.
Unit = tuple[list[npt.NDArray[np.int64]], npt.NDArray[np.int64]]
_SPAN = 2**32


def units(layer: Layer, sizes: tuple[int, ...]) -> Iterator[Unit]:
    """The units of a layer in order; `sizes` are elements of its inputs and output."""
    return _KINDS[layer.kind](layer, sizes)


def follow(draft: Draft, layers: Mapping[int, Layer], place: Callable[[int], int]) -> dict[tuple[object, int], Tokens]:
    """The tokens that each layer reads of each input, and those of outputs and kept values at the end.

    Args:
        draft: values, ports and kept values.
        layers: by a number that is theirs in any draft of the network.
        place: where each value begins.
    """
    size = max(place(i) + value.bytes for i, value in enumerate(draft.values) if value.constant is None)
    memory = np.full(size, -1, np.int64)
    found: dict[tuple[object, int], Tokens] = {}

    def spread(value: int, elements: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        each = int(draft.values[value].type)
        return (place(value) + elements[:, None] * each + np.arange(each)).ravel()

    def whole(value: int) -> npt.NDArray[np.int64]:
        return place(value) + np.arange(draft.values[value].bytes)

    begun = [*draft.kept, *(port.tensor for port in draft.inputs)]
    for value in begun:
        memory[whole(value)] = -(value + 2) * _SPAN - np.arange(draft.values[value].bytes)
    for value in begun:
        found["begin", value] = memory[whole(value)].copy()
    for number, layer in layers.items():
        given = (*layer.inputs, layer.output)
        read: list[list[Tokens]] = [[] for _ in layer.inputs]
        for reads, writes in units(layer, tuple(draft.values[value].size for value in given)):
            tokens: list[Tokens] = []
            for position, elements in enumerate(reads):
                value = layer.inputs[position]
                constant = draft.values[value].constant is not None
                where = spread(value, elements) if not constant else np.zeros(0, np.int64)
                tokens.append(memory[where].copy() if not constant else np.full(len(elements), -2, np.int64))
                read[position].append(tokens[-1])
            target = spread(layer.output, writes)
            if layer.kind is LayerKind.COPY and draft.values[layer.inputs[0]].constant is None:
                memory[target] = tokens[0]
            else:
                memory[target] = number * _SPAN + target - place(layer.output)
        for position, parts in enumerate(read):
            found[number, position] = np.concatenate(parts) if parts else np.zeros(0, np.int64)
    for value in [*draft.kept, *(port.tensor for port in draft.outputs)]:
        found["end", value] = memory[whole(value)].copy()
    return found


def _window(layer: Layer, sizes: tuple[int, ...]) -> Iterator[Unit]:
    """A pixel a unit; of depthwise layers a row."""
    p = layer.parameters
    channels = p.get("in_channels", p.get("channels", 0))
    outputs = p.get("out_channels", channels)
    del sizes
    taps_y = [_taps(p, "y", "height", oy) for oy in range(p["out_height"])]
    taps_x = [_taps(p, "x", "width", ox) for ox in range(p["out_width"])]
    by_row = layer.kind in {LayerKind.DEPTHWISE_S8, LayerKind.DEPTHWISE_S16}
    for oy, rows in enumerate(taps_y):
        pixels = []
        for ox, columns in enumerate(taps_x):
            at = (rows[:, None] * p["in_width"] + columns).ravel()
            reads = (at[:, None] * channels + np.arange(channels)).ravel()
            writes = (oy * p["out_width"] + ox) * outputs + np.arange(outputs)
            pixels.append((reads, writes))
        if by_row:
            yield [np.concatenate([reads for reads, _ in pixels])], np.concatenate([writes for _, writes in pixels])
        else:
            for reads, writes in pixels:
                yield [reads], writes


def _taps(p: Mapping[str, int], axis: str, extent: str, index: int) -> npt.NDArray[np.int64]:
    """The taps inside the map."""
    dilation = p.get(f"dilation_{axis}", 1)
    at = index * p[f"stride_{axis}"] - p[f"pad_{axis}"] + dilation * np.arange(p[f"kernel_{axis}"])
    return at[(at >= 0) & (at < p[f"in_{extent}"])]


def _rows(layer: Layer, sizes: tuple[int, ...]) -> Iterator[Unit]:
    rows = layer.parameters["rows"]
    ins, outs = sizes[0] // rows, sizes[1] // rows
    for row in range(rows):
        yield [row * ins + np.arange(ins)], row * outs + np.arange(outs)


def _blocks(layer: Layer, sizes: tuple[int, ...]) -> Iterator[Unit]:
    """64 outputs of a row, from all its inputs."""
    rows = layer.parameters["rows"]
    ins, outs = sizes[0] // rows, sizes[1] // rows
    for row in range(rows):
        for first in range(0, outs, 64):
            yield [row * ins + np.arange(ins)], row * outs + np.arange(first, min(first + 64, outs))


def _elements(layer: Layer, sizes: tuple[int, ...]) -> Iterator[Unit]:
    del layer
    for index in range(sizes[0]):
        yield [np.array([index])], np.array([index])


def _walk(layer: Layer, sizes: tuple[int, ...]) -> Iterator[Unit]:
    """Add, mul and copy."""
    del sizes
    p = layer.parameters
    names = [("in_step", "in_start")] if layer.kind is LayerKind.COPY else [("a_step", ""), ("b_step", "")]
    for number, index in enumerate(product(*(range(p[f"size_{k}"]) for k in range(5)))):
        reads = [np.array([p.get(start, 0) + _dot(p, step, index)]) for step, start in names]
        at = number if layer.kind is not LayerKind.COPY else p["out_start"] + _dot(p, "out_step", index)
        yield reads, np.array([at])


def _mean(layer: Layer, sizes: tuple[int, ...]) -> Iterator[Unit]:
    del sizes
    p = layer.parameters
    reduced = list(product(*(range(p[f"reduced_{k}"]) for k in range(3))))
    taps = np.array([_dot(p, "reduced_step", index) for index in reduced])
    for number, index in enumerate(product(*(range(p[f"kept_{k}"]) for k in range(3)))):
        yield [_dot(p, "kept_step", index) + taps], np.array([number])


def _fill(layer: Layer, sizes: tuple[int, ...]) -> Iterator[Unit]:
    del layer
    yield [], np.arange(sizes[0])


def _dot(p: Mapping[str, int], name: str, index: tuple[int, ...]) -> int:
    return sum(p[f"{name}_{k}"] * i for k, i in enumerate(index))


_KINDS: Mapping[LayerKind, Callable[[Layer, tuple[int, ...]], Iterator[Unit]]] = {
    **dict.fromkeys(
        (
            *(LayerKind.CONV_S8, LayerKind.CONV_S16, LayerKind.DEPTHWISE_S8, LayerKind.DEPTHWISE_S16),
            *(LayerKind.AVERAGE_POOL, LayerKind.MAX_POOL),
        ),
        _window,
    ),
    **dict.fromkeys(
        (
            *(LayerKind.DOT_S8, LayerKind.DENSE_S16),
            *(LayerKind.SOFTMAX_S8, LayerKind.SOFTMAX_S16),
        ),
        _rows,
    ),
    **dict.fromkeys((LayerKind.LUT_S8, LayerKind.RESCALE, LayerKind.LOGISTIC_S16, LayerKind.LEAKY_RELU_S16), _elements),
    **dict.fromkeys((LayerKind.ADD_S8, LayerKind.ADD_S16, LayerKind.MUL_S8, LayerKind.MUL_S16, LayerKind.COPY), _walk),
    LayerKind.DENSE_S8: _blocks,
    LayerKind.MEAN: _mean,
    LayerKind.FILL: _fill,
}
