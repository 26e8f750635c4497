"""The META section of a graded image: what is for people, as JSON."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from spikelet.graded.model import GradedModel, GradedPort
from spikelet.image_meta import from_json, refuse, to_json

__all__ = ["read_meta", "write_meta"]

#: Fields of each record's object, beside its name.
_FIELDS: Mapping[str, frozenset[str]] = {
    "tensors": frozenset({"shape", "scale"}),
    "layers": frozenset({"source"}),
    "inputs": frozenset({"is_float", "labels", "offset"}),
    "outputs": frozenset({"is_float", "labels", "offset"}),
}


def write_meta(model: GradedModel) -> bytes:
    """The META section: names, shapes, scales, labels, and the model's own `meta`.

    Raises:
        ModelError: `meta` cannot be written as JSON.
    """
    described = {
        "tensors": [{"name": t.name, "shape": list(t.shape), "scale": t.scale} for t in model.tensors],
        "layers": [{"name": layer.name, "source": layer.source} for layer in model.layers],
        "inputs": [_port(port) for port in model.inputs],
        "outputs": [_port(port) for port in model.outputs],
        "meta": dict(model.meta),
    }
    return to_json(described)


def _port(port: GradedPort) -> dict[str, Any]:
    return {"name": port.name, "is_float": port.is_float, "offset": port.offset, "labels": list(port.labels)}


def read_meta(content: bytes | None, sizes: Sequence[int], counts: Mapping[str, int]) -> dict[str, Any]:
    """Read what write_meta wrote; without a META section everything is named by its index.

    Args:
        content: bytes of the section.
        sizes: elements of each tensor.
        counts: how many tensors, layers, inputs and outputs there are.

    Raises:
        ImageError: not what write_meta writes, or not for so many records.
    """
    if content is None:
        return _default(sizes, counts)
    found = from_json(content, {key: counts[key] for key in _FIELDS})
    for key, fields in _FIELDS.items():
        for index, entry in enumerate(found[key]):
            if not _is_described(entry, fields):
                refuse(f"{key}[{index}] is {str(entry)[:60]}")
    for index, (entry, size) in enumerate(zip(found["tensors"], sizes, strict=True)):
        if math.prod(entry["shape"]) != size or any(n < 1 for n in entry["shape"]):
            refuse(f"tensors[{index}] has the shape {entry['shape']}, but {size} elements")
    return found


def _is_described(entry: Any, fields: frozenset[str]) -> bool:
    """Whether an entry is an object of a name and these fields, each of its type."""
    if not isinstance(entry, dict) or set(entry) != {"name", *fields}:
        return False
    kinds: Mapping[str, bool] = {
        "name": isinstance(entry["name"], str),
        "shape": _is_list(entry.get("shape"), int) and len(entry["shape"]) <= 8,
        "scale": type(entry.get("scale")) is float and 0 < entry["scale"] < math.inf,
        "source": type(entry.get("source")) is int,
        "is_float": type(entry.get("is_float")) is bool,
        "offset": type(entry.get("offset")) is int,
        "labels": _is_list(entry.get("labels"), str),
    }
    return all(kinds[field] for field in entry)


def _is_list(value: Any, kind: type) -> bool:
    return isinstance(value, list) and all(type(item) is kind for item in value)


def _default(sizes: Sequence[int], counts: Mapping[str, int]) -> dict[str, Any]:
    def names(key: str) -> list[str]:
        return [f"{key.removesuffix('s')}{index}" for index in range(counts[key])]

    return {
        "tensors": [
            {"name": n, "shape": [size], "scale": 1.0} for n, size in zip(names("tensors"), sizes, strict=True)
        ],
        "layers": [{"name": name, "source": -1} for name in names("layers")],
        "inputs": [{"name": name, "is_float": False, "offset": 0, "labels": []} for name in names("inputs")],
        "outputs": [{"name": name, "is_float": False, "offset": 0, "labels": []} for name in names("outputs")],
        "meta": {},
    }
