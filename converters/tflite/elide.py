"""Copies that need not be made: pieces are computed where they belong, slices are read where they lie.

A copy of a run goes when one of its two values can lie inside the other one: `trace` must say that all layers still
read what they read before. So pieces of a concatenation are written in place, slices are parts of what they are
taken of, and a variable that is read at an inference's begin and assigned at its end lies in what it is a part of.
"""

from __future__ import annotations

from typing import Any

from spikelet.converters.tflite.draft import Draft
from spikelet.converters.tflite.provenance import Extent, contiguous, reads_alike, trace
from spikelet.graded.model import Layer

__all__ = ["elide_copies", "extents_of"]

#: Copies times layers that are looked at.
_WORK_MAX = 200_000
_ALIGNED = 4


def extents_of(draft: Draft) -> list[Extent | None]:
    """Where each value of a draft lies, its places being the values that have bytes of their own."""
    return [None if value.constant is not None else draft.extent(index) for index, value in enumerate(draft.values)]


def elide_copies(draft: Draft, *, grow_kept: bool) -> Draft:
    """A draft that computes the same with fewer copies.

    Args:
        draft: as the lowering gives it.
        grow_kept: whether a value that is kept between inferences may be made part of a larger one, which then takes
            its place among the variables as a whole.
    """
    draft = draft.copy()
    layers = dict(enumerate(draft.layers))
    copies = [number for number, layer in layers.items() if contiguous(layer) is not None]
    if not copies or len(copies) * len(layers) > _WORK_MAX:
        return draft
    wanted = trace(layers, draft, extents_of(draft))
    for number in copies:
        layer = layers.pop(number)
        for inner, outer, offset in _ways(draft, layer):
            if not grow_kept and _grows_kept(draft, inner, outer):
                continue
            draft.inside[inner] = (outer, offset)
            if (
                _is_aligned(draft)
                and not _is_kept_input(draft)
                and reads_alike(wanted, trace(layers, draft, extents_of(draft)))
            ):
                break
            del draft.inside[inner]
        else:
            layers[number] = layer
            layers = dict(sorted(layers.items()))
    draft.layers = list(_hoisted(draft, layers, wanted).values())
    return draft


def _ways(draft: Draft, layer: Layer) -> list[tuple[int, int, int]]:
    """What may lie inside of what, from which byte on: the target in the source, the source in the target."""
    runs = contiguous(layer)
    assert runs is not None
    if draft.values[layer.inputs[0]].constant is not None:
        return []
    source, source_offset = draft.place(layer.inputs[0])
    target, target_offset = draft.place(layer.output)
    size = draft.values[layer.output].type
    shift = source_offset + runs[0][0] * size - target_offset - runs[1][0] * size
    if source == target:
        return []
    found = []
    for inner, outer, offset in ((target, source, shift), (source, target, -shift)):
        if offset >= 0 and offset + draft.values[inner].bytes <= draft.values[outer].bytes:
            found.append((inner, outer, offset))
    return found


def _grows_kept(draft: Draft, inner: int, outer: int) -> bool:
    """Whether what is kept would be a part of something larger."""
    kept = {draft.place(value)[0] for value in draft.kept}
    return inner in kept and draft.values[outer].bytes > draft.values[inner].bytes


def _is_kept_input(draft: Draft) -> bool:
    """Whether an input would lie among the variables: resetting would overwrite it."""
    kept = {draft.place(value)[0] for value in draft.kept}
    return any(draft.place(port.tensor)[0] in kept for port in draft.inputs)


def _is_aligned(draft: Draft) -> bool:
    return all(draft.place(value)[1] % _ALIGNED == 0 for value in draft.inside)


def _hoisted(draft: Draft, layers: dict[int, Layer], wanted: dict[Any, Any] | None) -> dict[int, Layer]:
    """Layers with assignments of variables as early as they may be, so that what they assign need not live on."""
    extents = extents_of(draft)
    for number in [number for number, layer in layers.items() if layer.output in draft.kept]:
        source, target = extents[layers[number].inputs[0]], extents[layers[number].output]
        last = -1
        for position, (other, each) in enumerate(layers.items()):
            if other == number:
                break
            reads = any(_touch(extents[value], target) for value in each.inputs)
            if reads or _touch(extents[each.output], source):
                last = position
        order = [other for other in layers if other != number]
        order.insert(last + 1, number)
        moved = {other: layers[other] for other in order}
        if reads_alike(wanted, trace(moved, draft, extents)):
            layers = moved
    return layers


def _touch(a: Extent | None, b: Extent | None) -> bool:
    """Whether two values share bytes."""
    return a is not None and b is not None and a[0] == b[0] and a[1] < b[2] and b[1] < a[2]
