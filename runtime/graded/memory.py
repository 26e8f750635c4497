"""Bytes that a graded network works in: the tensor memory, and scratch as the engine's checks ask for it.

Each function below says in Python what a file of csrc/graded says in C; a test compares them.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from functools import cache

from spikelet._data import path as data_path
from spikelet.graded.model import GradedModel, GradedTensor, Layer, LayerKind

__all__ = ["arena_size", "layer_scratch", "scratch_size"]

Parameters = Mapping[str, int]
#: Bytes of an int16.
_S16 = 2
#: A sum with so many outputs looks its operands up in tables of words (csrc/graded/add_s8.c).
_TABLES_FROM, _NUMBERS = 1024, 256


def arena_size(model: GradedModel) -> int:
    """Bytes that the engine works in, the same on every machine: tensor memory and scratch."""
    return model.memory + scratch_size(model)


def scratch_size(model: GradedModel) -> int:
    """Bytes of scratch: what the layer that needs most of it needs."""
    return max(_up(layer_scratch(layer, model.tensors[layer.output]), 8) for layer in model.layers)


def layer_scratch(layer: Layer, output: GradedTensor) -> int:
    """Bytes of scratch that a layer needs while it runs."""
    needs = _NEEDS.get(layer.kind)
    return 0 if needs is None else needs(layer.parameters, output)


@cache
def _constants() -> Mapping[str, int]:
    """Constants of the kernels, by their names without the prefix."""
    text = (data_path("csrc") / "include" / "spkl_conv_s8.h").read_text()
    found: dict[str, int] = {}
    for name, factors in re.findall(r"^\s*SPKL_(\w+) = ([\w* ]+)", text, re.MULTILINE):
        values = (found.get(word.removeprefix("SPKL_")) or int(word) for word in factors.split(" * "))
        found[name] = math.prod(values)
    return found


def _up(n: int, multiple: int) -> int:
    return -(-n // multiple) * multiple


def _listed(inputs: int, zero: int, groups: int, outputs: int) -> int:
    """A list of inputs, and sums of output channels (csrc/graded/listed.h)."""
    limits = _constants()
    signed = 1 if zero == -128 else 2
    room = inputs * signed * limits["LIST_INPUT"] + limits["LIST_MORE"]
    keeps = room > limits["LIST_MAX"] or groups > 1
    sums = outputs + 16 if keeps else _up(min(outputs, limits["CONV_BLOCK"]), 16)
    return min(room, limits["LIST_MAX"]) + limits["LIST_SPARE"] + 4 * sums


def _conv_s8(p: Parameters, _: GradedTensor) -> int:
    inputs = p["kernel_y"] * p["kernel_x"] * (p["in_channels"] // p["groups"])
    return _listed(inputs, p["in_zero"], p["groups"], p["out_channels"])


def _dot_s8(p: Parameters, _: GradedTensor) -> int:
    return 4 * p["outputs"]


def _depthwise_s8(p: Parameters, _: GradedTensor) -> int:
    return _up(p["out_width"] * p["out_channels"], 8) + _constants()["DEPTHWISE_ROOM"]


def _add_s8(_: Parameters, output: GradedTensor) -> int:
    return 2 * 4 * _NUMBERS if output.size >= _TABLES_FROM else 0


def _pool(p: Parameters, output: GradedTensor) -> int:
    return p["channels"] * output.type


def _conv_s16(p: Parameters, _: GradedTensor) -> int:
    return p["out_channels"] * _S16


def _depthwise_s16(p: Parameters, _: GradedTensor) -> int:
    return p["out_width"] * p["out_channels"] * _S16


def _dense_s16(p: Parameters, _: GradedTensor) -> int:
    return p["outputs"] * _S16


_NEEDS: Mapping[LayerKind, Callable[[Parameters, GradedTensor], int]] = {
    LayerKind.CONV_S8: _conv_s8,
    LayerKind.DOT_S8: _dot_s8,
    LayerKind.DEPTHWISE_S8: _depthwise_s8,
    LayerKind.ADD_S8: _add_s8,
    LayerKind.AVERAGE_POOL: _pool,
    LayerKind.MAX_POOL: _pool,
    LayerKind.CONV_S16: _conv_s16,
    LayerKind.DEPTHWISE_S16: _depthwise_s16,
    LayerKind.DENSE_S16: _dense_s16,
}
