"""Layers of graded networks that must be refused: each kind with each of its parameters, tables and weights wrong."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from bad_images.graded_builders import GradedPatch, image_of_kind, model_of_kind
from spikelet.graded.image_layout import GradedSectionId
from spikelet.graded.model import PARAMETERS, LayerKind, TensorType
from spikelet.layout import ABSENT

__all__ = ["bad_layers"]

Bad = tuple[str, str, bytes]
LAYERS, TENSORS, DATA = GradedSectionId.LAYERS, GradedSectionId.TENSORS, GradedSectionId.DATA
_NAME = "IMAGE_LAYER"
_CONVOLUTIONS = (LayerKind.CONV_S8, LayerKind.DEPTHWISE_S8, LayerKind.CONV_S16, LayerKind.DEPTHWISE_S16)
_WIDE = (LayerKind.CONV_S16, LayerKind.DEPTHWISE_S16, LayerKind.DENSE_S16)
_DENSE = (LayerKind.DOT_S8, LayerKind.DENSE_S8, LayerKind.DENSE_S16)
_FAR = (2**31 - 1, -(2**31), 2**29, -(2**29))


def bad_layers() -> Iterator[Bad]:
    """All of them."""
    for kind in LayerKind:
        for text, data in (
            *_parameters(kind),
            *_types(kind),
            *_tables(kind),
            *_weights(kind),
        ):
            yield f"{kind.name}: {text}", _NAME, data


def _parameters(kind: LayerKind) -> Iterator[tuple[str, bytes]]:
    p = dict(model_of_kind(kind).layers[-1].parameters)
    for name in PARAMETERS[kind]:
        for value in sorted(set(_wrong(kind, name, p)) - {p[name]}):
            yield f"{name} {value}", GradedPatch(image_of_kind(kind)).parameter(-1, name, value).done()


def _wrong(kind: LayerKind, name: str, p: Mapping[str, int]) -> list[int]:
    """Numbers that a parameter must not be, with the others as they are."""
    model = model_of_kind(kind)
    layer = model.layers[-1]
    out_type = model.tensors[layer.output].type
    in_type = model.tensors[layer.inputs[0]].type if layer.inputs else out_type
    stem, _, last = name.rpartition("_")
    if name in {"act_min", "act_max"}:
        return [*_outside(out_type), p["act_max"] + 1 if name == "act_min" else p["act_min"] - 1]
    if name in {"in_zero", "a_zero", "b_zero"}:
        return [1, -1] if kind in _WIDE else _outside(in_type)
    if name in {"out_zero", "value"}:
        return [1, -1] if kind in _WIDE else _outside(out_type)
    if name.endswith("multiplier"):
        return [-1, -(2**31), *([0, 65536] if kind is LayerKind.LOGISTIC_S16 else [])]
    if name == "left_shift":
        return [-1, 21, 2**31 - 1]
    if name.endswith("shift"):
        return [-1, 32] if kind is LayerKind.LOGISTIC_S16 else [-32, 31, -(2**31), 2**31 - 1]
    if name in {"bits", "sum_bits"}:
        return [0, 1, 3, 16, -8, *([4, 2] if kind is LayerKind.DEPTHWISE_S8 else [8] if kind in _WIDE else [])]
    if stem in {"kernel", "stride", "dilation"}:
        return [0, -1, 256, 2**31 - 1]
    if stem == "pad":
        return [-1, (p[f"kernel_{last}"] - 1) * p.get(f"dilation_{last}", 1) + 1, 2**31 - 1]
    if stem.endswith("_step"):
        return list(_FAR) if _size_beside(name, p) > 1 else []
    if name in {"in_start", "out_start"}:
        return [-1, *_FAR]
    if name == "entries":
        return [0, -1, 257]
    if name == "groups":
        return [0, -1, 65536, p["groups"] + max(p["in_channels"], p["out_channels"])]
    return [0, -1, 65536, 2**31 - 1, -(2**31), p[name] * 3 + 1]


def _size_beside(step: str, p: Mapping[str, int]) -> int:
    """How many indices a step belongs to."""
    stem, _, index = step.rpartition("_")
    return p[f"size_{index}"] if f"size_{index}" in p else p[f"{stem.removesuffix('_step')}_{index}"]


def _outside(kind: TensorType) -> list[int]:
    most = 2 ** (8 * kind - 1)
    return [] if kind is TensorType.INT32 else [most, -most - 1, 2**31 - 1, -(2**31)]


def _types(kind: LayerKind) -> Iterator[tuple[str, bytes]]:
    """A tensor of another type, in a memory that has room for it."""
    model = model_of_kind(kind)
    layer = model.layers[-1]
    if kind is LayerKind.RESCALE or kind is LayerKind.FILL:
        return
    for text, index in (("an input", layer.inputs[0]), ("an output", layer.output)):
        if len(layer.inputs) == 2 and layer.inputs[0] == layer.inputs[1] and text == "an input":
            continue
        for other in set(TensorType) - {model.tensors[index].type}:
            patch = GradedPatch(image_of_kind(kind)).field(GradedSectionId.GRADED, 0, "memory_size", 2**20)
            if not patch.record(TENSORS, index)["constant"] and index not in _of_fill(kind):
                patch.field(TENSORS, index, "type", int(other)).field(TENSORS, index, "at", 2**19)
                yield f"{text} of {other.name}", patch.done()


def _of_fill(kind: LayerKind) -> set[int]:
    """Tensors that another layer of the image writes too."""
    return {layer.output for layer in model_of_kind(kind).layers[:-1]}


def _tables(kind: LayerKind) -> Iterator[tuple[str, bytes]]:
    table = model_of_kind(kind).layers[-1].table
    image = image_of_kind(kind)
    if table is None:
        yield "a table that it does not have", GradedPatch(image).field(LAYERS, -1, "table", 0).done()
        return
    content = table.tobytes()
    short = GradedPatch(image).own(-1, "table", content[:-4] if len(content) > 4 else b"")
    yield "a table that ends behind DATA", short.done()
    yield "no table", GradedPatch(image).field(LAYERS, -1, "table", ABSENT).done()
    for text, changed in _wrong_tables(kind, table):
        yield text, GradedPatch(image).own(-1, "table", changed).done()


def _wrong_tables(kind: LayerKind, table: np.ndarray) -> Iterator[tuple[str, bytes]]:
    """Tables of the right length."""
    last = table.copy()
    if kind in _CONVOLUTIONS or kind in _DENSE:
        wide = kind in _DENSE
        p = model_of_kind(kind).layers[-1].parameters
        most = 14 if p.get("sum_bits") == 64 else 30
        shifts = (32, 96, -1) if wide else (-32, most + 1)
        for field, values in (("multiplier", (-1, 2**62) if wide else (-1, -(2**31))), ("shift", shifts)):
            for value in values:
                last[-1:][field] = value
                yield f"the last {field} {value}", last.tobytes()
                last[:] = table
    elif kind is LayerKind.SOFTMAX_S8:
        last[-1] = -1
        yield "a negative entry", last.tobytes()
        last[:], last[0] = table, 2**12 - 1
        yield "a first entry below 2^12", last.tobytes()
    elif kind is LayerKind.SOFTMAX_S16:
        for place, value in (((0, 0), 0), ((1, -1), 0), ((0, 256), -1), ((0, -1), 1), ((0, -2), 1)):
            last[:] = table
            last[place] = value
            yield f"entry {place} is {value}", last.tobytes()


def _weights(kind: LayerKind) -> Iterator[tuple[str, bytes]]:
    weights = model_of_kind(kind).layers[-1].weights
    image = image_of_kind(kind)
    if weights is None:
        bad = GradedPatch(image).field(LAYERS, -1, "weights", 0).field(LAYERS, -1, "weights_length", 4)
        yield "weights that it does not have", bad.done()
        return
    n = len(weights)
    bad = GradedPatch(image).field(LAYERS, -1, "weights", ABSENT).field(LAYERS, -1, "weights_length", 0)
    yield "no weights", bad.done()
    for size in (n - 4, n + 4, 0, 2**32 - 4):
        content = weights.tobytes()[: max(size, 0)] + bytes(4)
        bad = GradedPatch(image).own(-1, "weights", content).field(LAYERS, -1, "weights_length", size)
        yield f"{size - n} bytes more of weights", bad.done()
    changed = bytearray(weights.tobytes())
    changed[-1] ^= 0x80
    yield "padding that is none", GradedPatch(image).own(-1, "weights", bytes(changed)).done()
