"""Layers over rows of the graded reference: fully connected ones, softmax, means (docs/reference/graded.md 3)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from spikelet.graded.arithmetic import (
    Int64Array,
    clamp,
    halve,
    high,
    leading_zeros,
    lookup,
    requantise,
    scale,
    word,
)
from spikelet.graded.model import Layer, LayerKind
from spikelet.graded.reference_maps import coded_weights
from spikelet.graded.reference_steps import Prepare, Step, positions, table_of, weights_of

__all__ = ["ROW_KINDS"]

#: 48 / 17 and -32 / 17 with 29 fraction bits, the first guess of 1 / (1 + x) being 48 / 17 - 32 / 17 (1 + x) / 2.
_GUESS = 1515870810
_GUESS_SLOPE = -1010580540


def _dense(layer: Layer) -> Step:
    p = layer.parameters
    rows, inputs, outputs = p["rows"], p["inputs"], p["outputs"]
    data = weights_of(layer)
    if layer.kind is LayerKind.DENSE_S8:
        weights = coded_weights(data, groups=1, inputs=inputs, outputs=outputs, bits=p["bits"])[0]
    elif layer.kind is LayerKind.DOT_S8:
        padded = -(-inputs // 4) * 4
        weights = data.view(np.int8).reshape(outputs, padded)[:, :inputs].astype(np.int64)
    else:
        weights = data[: outputs * inputs].view(np.int8).reshape(outputs, inputs).astype(np.int64)
    # Exact in float64: see the convolutions.
    columns = weights.T.astype(np.float64)
    bias, multiplier, shift = (table_of(layer, field) for field in ("bias", "multiplier", "shift"))

    def run(given: Sequence[Int64Array], _: Int64Array) -> Int64Array:
        x = given[0].reshape(rows, inputs) - p["in_zero"]
        sums = (x.astype(np.float64) @ columns).astype(np.int64) + bias
        if layer.kind is not LayerKind.DENSE_S16:
            sums = word(sums)
        return clamp(scale(sums, multiplier, shift) + p["out_zero"], p["act_min"], p["act_max"]).reshape(-1)

    return run


def _saturated(x: Int64Array) -> Int64Array:
    return clamp(x, -(2**31), 2**31 - 1)


def _softmax_s8(layer: Layer) -> Step:
    p = layer.parameters
    table = np.concatenate([table_of(layer), np.zeros(256 - p["entries"], np.int64)])

    def run(given: Sequence[Int64Array], _: Int64Array) -> Int64Array:
        q = given[0].reshape(p["rows"], p["depth"])
        e = table[q.max(axis=1, keepdims=True) - q]
        total = halve(e, 12).sum(axis=1, keepdims=True)
        zeros = leading_zeros(total)
        d = (total << zeros) // 2
        r = _GUESS + high(d, _GUESS_SLOPE)
        for _round in range(3):
            r = r + _saturated(4 * high(r, 2**29 - high(d, r)))
        r = _saturated(2 * r)
        return clamp(halve(high(r, e), 35 - zeros) - 128, -128, 127).reshape(-1)

    return run


def _softmax_s16(layer: Layer) -> Step:
    p = layer.parameters
    exps, reciprocals = table_of(layer)

    def run(given: Sequence[Int64Array], _: Int64Array) -> Int64Array:
        q = given[0].reshape(p["rows"], p["depth"])
        scaled = requantise(q - q.max(axis=1, keepdims=True), p["multiplier"], p["shift"])
        e = lookup(exps, clamp(word(scaled + 32767), -32768, 32767))
        total = e.sum(axis=1, keepdims=True)
        zeros = leading_zeros(total)
        part = ((total << (zeros - 1)) + 2**13) >> 14
        r = lookup(reciprocals, clamp(part - 98304, -32768, 32767))
        return clamp((e * r + (np.int64(1) << (30 - zeros))) >> (31 - zeros), 0, 32767).reshape(-1)

    return run


def _mean(layer: Layer) -> Step:
    p = layer.parameters
    kept = positions([p[f"kept_{i}"] for i in range(3)], [p[f"kept_step_{i}"] for i in range(3)])
    reduced = positions([p[f"reduced_{i}"] for i in range(3)], [p[f"reduced_step_{i}"] for i in range(3)])
    taps = np.add.outer(kept, reduced)

    def run(given: Sequence[Int64Array], _: Int64Array) -> Int64Array:
        sums = word((given[0][taps] - p["in_zero"]).sum(axis=1))
        scaled = requantise(sums, p["multiplier"], p["shift"])
        return clamp(word(scaled + p["out_zero"]), p["act_min"], p["act_max"])

    return run


ROW_KINDS: Mapping[LayerKind, Prepare] = {
    LayerKind.DENSE_S8: _dense,
    LayerKind.DOT_S8: _dense,
    LayerKind.DENSE_S16: _dense,
    LayerKind.SOFTMAX_S8: _softmax_s8,
    LayerKind.SOFTMAX_S16: _softmax_s16,
    LayerKind.MEAN: _mean,
}
