"""The META section of an image: what is for people, as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NoReturn

from spikelet.codes import code
from spikelet.errors import ImageError, ModelError
from spikelet.layout import SectionId
from spikelet.model import Model

__all__ = ["from_json", "read_meta", "refuse", "to_json", "write_meta"]

#: Keys for records, with the fields of each record's object; none: the value is the name itself.
_RECORDS: Mapping[str, tuple[SectionId, Mapping[str, type]]] = {
    "populations": (SectionId.POPULATIONS, {}),
    "projections": (SectionId.PROJECTIONS, {}),
    "inputs": (SectionId.INPUTS, {"shape": int}),
    "outputs": (SectionId.OUTPUTS, {"labels": str}),
}


def write_meta(model: Model) -> bytes:
    """The META section: names, shapes, labels, and the model's own `meta`.

    Raises:
        ModelError: `meta` cannot be written as JSON.
    """
    described = {
        "populations": [p.name for p in model.populations],
        "projections": [p.name for p in model.projections],
        "inputs": [{"name": p.name, "shape": list(p.shape)} for p in model.inputs],
        "outputs": [{"name": p.name, "labels": list(p.labels)} for p in model.outputs],
        "meta": dict(model.meta),
    }
    return to_json(described)


def to_json(described: Mapping[str, Any]) -> bytes:
    """JSON with sorted keys.

    Raises:
        ModelError: it has what JSON has not.
    """
    try:
        text = json.dumps(described, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
        return text.encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise ModelError(f"meta cannot be written as JSON: {error}") from error


def read_meta(content: bytes | None, counts: Mapping[SectionId, int]) -> dict[str, Any]:
    """Read what write_meta wrote; without a META section everything is named by its index.

    Args:
        content: bytes of the section.
        counts: how many records each section has.

    Raises:
        ImageError: not what write_meta writes, or not for so many records.
    """
    if content is None:
        return _default(counts)
    found = from_json(content, {key: counts[section] for key, (section, _) in _RECORDS.items()})
    for key, (_, fields) in _RECORDS.items():
        for index, entry in enumerate(found[key]):
            if not _is_described(entry, fields):
                refuse(f"{key}[{index}] is {str(entry)[:60]}")
    return found


def from_json(content: bytes, counts: Mapping[str, int]) -> dict[str, Any]:
    """What `to_json` wrote: an object of lists with one entry a record, and of `meta`.

    Args:
        content: bytes of the section.
        counts: the lists' names, and how many entries each has.

    Raises:
        ImageError: it is something else.
    """
    try:
        found = json.loads(content.decode(), parse_constant=refuse)
    except (ValueError, RecursionError) as error:
        refuse(f"not UTF-8 JSON ({error})")
    if not isinstance(found, dict) or set(found) != {*counts, "meta"} or not isinstance(found["meta"], dict):
        refuse(f"not an object of {', '.join(counts)} and meta")
    for key, n in counts.items():
        if not isinstance(found[key], list) or len(found[key]) != n:
            refuse(f"{key} is not a list of {n}")
    return found


def _is_described(entry: Any, fields: Mapping[str, type]) -> bool:
    """Whether an entry is a name, or an object of a name and lists of one type."""
    if not fields:
        return isinstance(entry, str)
    if not isinstance(entry, dict) or set(entry) != {"name", *fields} or not isinstance(entry["name"], str):
        return False
    return all(
        isinstance(entry[f], list) and all(type(item) is kind for item in entry[f]) for f, kind in fields.items()
    )


def _default(counts: Mapping[SectionId, int]) -> dict[str, Any]:
    described: dict[str, Any] = {"meta": {}}
    for key, (section, fields) in _RECORDS.items():
        names = [f"{key.removesuffix('s')}{index}" for index in range(counts[section])]
        described[key] = [{"name": name, **{f: [] for f in fields}} if fields else name for name in names]
    return described


def refuse(what: str) -> NoReturn:
    """Refuse a META section."""
    raise ImageError(f"META: {what}; convert the model again", code=code("IMAGE_SECTION"))
