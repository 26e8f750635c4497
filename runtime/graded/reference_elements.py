"""Elementwise layers and moves of the graded reference (docs/reference/graded.md 3)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from spikelet.graded.arithmetic import Int64Array, clamp, requantise, word
from spikelet.graded.model import Layer, LayerKind
from spikelet.graded.reference_steps import Prepare, Step, positions, table_of

__all__ = ["ELEMENT_KINDS"]


def _indexed(p: Mapping[str, int], prefix: str, start: str = "") -> Int64Array:
    """Positions of all elements that the five indices visit (3.1)."""
    sizes = [p[f"size_{i}"] for i in range(5)]
    return positions(sizes, [p[f"{prefix}_step_{i}"] for i in range(5)], p[start] if start else 0)


def _add(layer: Layer) -> Step:
    p = layer.parameters
    a_at, b_at = _indexed(p, "a"), _indexed(p, "b")

    def part(values: Int64Array, name: str) -> Int64Array:
        shifted = word((values - p[f"{name}_zero"]) << p["left_shift"])
        return requantise(shifted, p[f"{name}_multiplier"], p[f"{name}_shift"])

    def run(given: Sequence[Int64Array], _: Int64Array) -> Int64Array:
        total = word(part(given[0][a_at], "a") + part(given[1][b_at], "b"))
        scaled = requantise(total, p["out_multiplier"], p["out_shift"])
        return clamp(word(scaled + p["out_zero"]), p["act_min"], p["act_max"])

    return run


def _multiply(layer: Layer) -> Step:
    p = layer.parameters
    a_at, b_at = _indexed(p, "a"), _indexed(p, "b")

    def run(given: Sequence[Int64Array], _: Int64Array) -> Int64Array:
        product = (given[0][a_at] - p["a_zero"]) * (given[1][b_at] - p["b_zero"])
        scaled = requantise(word(product), p["multiplier"], p["shift"])
        return clamp(word(scaled + p["out_zero"]), p["act_min"], p["act_max"])

    return run


def _lookup_s8(layer: Layer) -> Step:
    table = table_of(layer)
    return lambda given, _: table[given[0] + 128]


def _copy(layer: Layer) -> Step:
    p = layer.parameters
    source, target = _indexed(p, "in", "in_start"), _indexed(p, "out", "out_start")

    def run(given: Sequence[Int64Array], output: Int64Array) -> Int64Array:
        output[target] = given[0][source]
        return output

    return run


def _fill(layer: Layer) -> Step:
    value = layer.parameters["value"]
    return lambda _, output: np.full_like(output, value)


def _rescale(layer: Layer) -> Step:
    p = layer.parameters

    def run(given: Sequence[Int64Array], _: Int64Array) -> Int64Array:
        scaled = requantise(word(given[0] - p["in_zero"]), p["multiplier"], p["shift"])
        return clamp(word(scaled + p["out_zero"]), p["act_min"], p["act_max"])

    return run


def _logistic_s16(layer: Layer) -> Step:
    p = layer.parameters
    table = table_of(layer)
    half = 1 << (p["shift"] - 1) if p["shift"] > 0 else 0

    def run(given: Sequence[Int64Array], _: Int64Array) -> Int64Array:
        v = (given[0] * p["multiplier"] + half) >> p["shift"]
        u = np.abs(v)
        i = np.minimum(u >> 9, 254)
        r = (table[i] << 9) + (u & 511) * (table[i + 1] - table[i])
        r = np.where(u >> 9 >= 255, 0x7FFF << 10, r)
        return np.where(v >= 0, (r + 512) >> 10, ((1 << 25) - r + 511) >> 10)

    return run


def _leaky_relu_s16(layer: Layer) -> Step:
    p = layer.parameters

    def run(given: Sequence[Int64Array], _: Int64Array) -> Int64Array:
        q = given[0]
        above = requantise(q, p["multiplier"], p["shift"])
        below = requantise(q, p["alpha_multiplier"], p["alpha_shift"])
        return clamp(np.where(q >= 0, above, below), -32768, 32767)

    return run


ELEMENT_KINDS: Mapping[LayerKind, Prepare] = {
    LayerKind.ADD_S8: _add,
    LayerKind.ADD_S16: _add,
    LayerKind.MUL_S8: _multiply,
    LayerKind.MUL_S16: _multiply,
    LayerKind.LUT_S8: _lookup_s8,
    LayerKind.COPY: _copy,
    LayerKind.FILL: _fill,
    LayerKind.RESCALE: _rescale,
    LayerKind.LOGISTIC_S16: _logistic_s16,
    LayerKind.LEAKY_RELU_S16: _leaky_relu_s16,
}
