"""Projection records of an image, with their maps and weights, both ways: docs/reference/image.md, 5."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from spikelet.codes import refuse_image
from spikelet.layout import FROM_INPUT, HAS_DELAYS, HAS_MAP, LAYOUTS, MAP, PROJECTION
from spikelet.model import Int32Array, Projection, ProjectionKind, SourceMap, SparseWeights, TargetMap, Weights
from spikelet.rows import (
    conv_codes,
    conv_weights,
    pack,
    pack_sparse,
    pack_sparse4,
    stride_of,
    unpack,
    unpack_sparse,
    unpack_sparse4,
)
from spikelet.rules_projections import map_violations

__all__ = ["Add", "Find", "read_projection", "write_projection"]

#: Stores bytes in DATA, gives their offset.
Add = Callable[[bytes], int]
#: The bytes of DATA at an offset and of a length; words for what lies there come first.
Find = Callable[[str, int, int], bytes]

_NAME = "IMAGE_PROJECTION"
#: Fields of a map record that only a convolution has.
_TARGET_FIELDS = tuple(name for _, _, name in MAP.fields if name not in SourceMap.__slots__ and name[:5] != "pool_")


def write_projection(p: Projection, add: Add) -> bytes:
    """The record of a projection; what it points to goes to `add`: weights, map, delays."""
    layout = LAYOUTS[p.kind, p.bits]
    fields: dict[str, int] = {
        "kind": p.kind,
        "layout": layout,
        "flags": HAS_MAP * (p.source_map is not None) | HAS_DELAYS * (p.delays is not None),
        "source": p.source | (FROM_INPUT if p.from_input else 0),
        "target": p.target,
    }
    if isinstance(p.weights, SparseWeights):
        content = (pack_sparse4 if p.kind is ProjectionKind.SPARSE4 else pack_sparse)(p.weights)
        fields |= {"weights": add(content), "weights_length": len(content)}
    elif p.weights is not None:
        rows = pack(layout, p.weights if p.target_map is None else conv_codes(p.weights, p.target_map))
        fields |= {"weights": add(rows.tobytes()), "weights_length": rows.size, "stride": rows.shape[1]}
    if p.source_map is not None:
        fields["map"] = add(_write_map(p.source_map, p.target_map))
    if p.delays is not None:
        fields["delays"] = add(p.delays.astype("<i4").tobytes())
    return PROJECTION.pack(**fields)


def _write_map(source: SourceMap, target: TargetMap | None) -> bytes:
    fields = {
        "channels": source.channels,
        "height": source.height,
        "width": source.width,
        "planar": int(source.planar),
        "pool_y": source.pool[0],
        "pool_x": source.pool[1],
    }
    if target is not None:
        fields |= {
            "out_planar": int(target.planar),
            "out_channels": target.channels,
            "out_height": target.height,
            "out_width": target.width,
            "groups": target.groups,
            **_pair("kernel", target.kernel),
            **_pair("stride", target.stride),
            **_pair("pad", target.pad),
            **_pair("dilation", target.dilation),
        }
    return MAP.pack(**fields)


def _pair(name: str, pair: tuple[int, int]) -> dict[str, int]:
    return {f"{name}_y": pair[0], f"{name}_x": pair[1]}


def read_projection(where: str, r: dict[str, Any], n_source: int, n_target: int, find: Find) -> dict[str, Any]:
    """The fields of a Projection that say what an event brings.

    Args:
        where: words for messages.
        r: the record; its source and target are there.
        n_source: neurons of the source.
        n_target: neurons of the target.
        find: the bytes of DATA.

    Raises:
        ImageError: the record, or what it points to, is not as image.md 5 says.
    """
    kind = _kind(where, r["kind"])
    bits = next((b for (k, b), layout in LAYOUTS.items() if (k, layout) == (kind, r["layout"])), None)
    for field, allowed in (("layout", LAYOUTS.values()), ("delay", (0,))):
        if r[field] not in allowed:
            refuse_image("UNSUPPORTED", f"{where}: {field} {r[field]} is unknown")
    if bits is None:
        refuse_image(_NAME, f"{where}: layout {r['layout']} is not for {kind.name.lower()}")
    if r["flags"] & ~(HAS_MAP | HAS_DELAYS):
        refuse_image(_NAME, f"{where}: flags 0x{r['flags']:x} have unknown bits")
    source_map, target_map = _read_map(where, r, kind, find)
    for name, sentence in map_violations(where, kind, (source_map, target_map), (n_source, n_target)):
        refuse_image(name, sentence)
    rows = n_source if source_map is None else source_map.rows
    return {
        "kind": kind,
        "bits": bits,
        "source_map": source_map,
        "target_map": target_map,
        "delays": _read_delays(where, r, n_target, find),
        "weights": _read_weights(where, r, (rows, n_target), (source_map, target_map), find),
    }


def _kind(where: str, value: int) -> ProjectionKind:
    if value not in {int(kind) for kind in ProjectionKind}:
        refuse_image("UNSUPPORTED", f"{where}: kind {value} is unknown")
    return ProjectionKind(value)


def _read_map(
    where: str, r: dict[str, Any], kind: ProjectionKind, find: Find
) -> tuple[SourceMap | None, TargetMap | None]:
    if not r["flags"] & HAS_MAP:
        _refuse_set(where, r, ("map",))
        return None, None
    m = MAP.unpack(find(f"{where}: map", r["map"], MAP.size), 0)
    for name in ("planar", "out_planar"):
        if m[name] > 1:
            refuse_image(_NAME, f"{where}: map: {name} is {m[name]}; allowed: 0 and 1")
    if any(m["reserved"]):
        refuse_image(_NAME, f"{where}: map: reserved bytes are not 0")
    source = SourceMap(
        channels=m["channels"],
        height=m["height"],
        width=m["width"],
        planar=bool(m["planar"]),
        pool=(m["pool_y"], m["pool_x"]),
    )
    if kind is not ProjectionKind.CONV:
        _refuse_set(f"{where}: map", m, _TARGET_FIELDS)
        return source, None
    return source, TargetMap(
        channels=m["out_channels"],
        height=m["out_height"],
        width=m["out_width"],
        planar=bool(m["out_planar"]),
        groups=m["groups"],
        kernel=(m["kernel_y"], m["kernel_x"]),
        stride=(m["stride_y"], m["stride_x"]),
        pad=(m["pad_y"], m["pad_x"]),
        dilation=(m["dilation_y"], m["dilation_x"]),
    )


def _refuse_set(where: str, r: dict[str, Any], names: tuple[str, ...]) -> None:
    """Refuse a field that is not 0 where it has no meaning."""
    for name in names:
        value = r[name]
        if any(value) if isinstance(value, bytes) else value:
            refuse_image(_NAME, f"{where}: {name} is {value}; it has no meaning here: 0")


def _read_delays(where: str, r: dict[str, Any], n_target: int, find: Find) -> Int32Array | None:
    if not r["flags"] & HAS_DELAYS:
        _refuse_set(where, r, ("delays",))
        return None
    return np.frombuffer(find(f"{where}: delays", r["delays"], 4 * n_target), "<i4").astype(np.int32)


def _read_weights(
    where: str, r: dict[str, Any], shape: tuple[int, int], maps: tuple[SourceMap | None, TargetMap | None], find: Find
) -> Weights:
    """The weights of so many rows and targets."""
    source, target = maps
    if r["kind"] == ProjectionKind.FEED:
        _refuse_set(where, r, ("weights", "weights_length", "stride"))
        return None
    if r["kind"] in {ProjectionKind.SPARSE, ProjectionKind.SPARSE4}:
        _refuse_set(where, r, ("stride",))
        unpacked = unpack_sparse4 if r["kind"] == ProjectionKind.SPARSE4 else unpack_sparse
        return unpacked(find(f"{where}: weights", r["weights"], r["weights_length"]), *shape, where)
    if source is None or target is None:
        return _read_rows(where, r, *shape, find)
    rows, codes = source.channels * target.kernel[0], target.kernel[1] * (target.channels // target.groups)
    return conv_weights(_read_rows(where, r, rows, codes, find), source, target)


def _read_rows(where: str, r: dict[str, Any], rows: int, n: int, find: Find) -> npt.NDArray[np.int8]:
    stride = stride_of(r["layout"], n)
    if (r["stride"], r["weights_length"]) != (stride, rows * stride):
        found = f"stride {r['stride']}, weights_length {r['weights_length']}"
        refuse_image(_NAME, f"{where}: {found}; for {rows} rows of {n}: {stride}, {rows * stride}")
    return unpack(r["layout"], find(f"{where}: weights", r["weights"], r["weights_length"]), rows, n, where)
