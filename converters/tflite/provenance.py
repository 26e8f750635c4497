"""Where each byte that a layer reads comes from, followed through a draft: the test of every change to its places.

Bytes are labelled with who wrote them and which of its bytes they are. Copies of runs hand labels on. Two drafts whose
layers read the same labels, and whose outputs and kept values end with the same, compute the same.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

from spikelet.converters.tflite.draft import Draft
from spikelet.converters.tflite.overlap import gap
from spikelet.graded.model import Layer, LayerKind

__all__ = ["Run", "contiguous", "reads_alike", "trace"]

#: Where a value lies: the bytes it shares with others, first byte, byte behind the last.
Extent = tuple[Hashable, int, int]
#: Bytes of a run: how many, who wrote them, and from which of its bytes on.
Run = tuple[int, Any, int]


def trace(layers: Mapping[int, Layer], draft: Draft, extents: Sequence[Extent | None]) -> dict[Hashable, Any] | None:
    """Labels of all that is read; None: a layer would overwrite what it has still to read.

    Args:
        layers: by a number that stays theirs when others go.
        draft: ports, kept values and values.
        extents: of each value; None: a constant.
    """
    memory = _Memory()
    found: dict[Hashable, Any] = {}
    for value in draft.kept:
        memory.write(_known(extents[value]), ("kept", value))
    for port in draft.inputs:
        memory.write(_known(extents[port.tensor]), ("input", port.tensor))
    for port in draft.inputs:
        # Inputs and kept values that overlap each other are seen here.
        found["begin", port.tensor] = memory.read(_known(extents[port.tensor]))
    for value in draft.kept:
        found["begin", value] = memory.read(_known(extents[value]))
    for number, layer in layers.items():
        output = _known(extents[layer.output])
        for position, value in enumerate(layer.inputs):
            extent = extents[value]
            if extent is None:
                continue
            if not _is_apart(draft, layer, position, (extent, output)):
                return None
            found[number, position] = memory.read(extent)
        runs = contiguous(layer)
        if runs is not None and extents[layer.inputs[0]] is not None:
            size = draft.values[layer.output].type
            source, target = _part(_known(extents[layer.inputs[0]]), runs[0], size), _part(output, runs[1], size)
            memory.paste(target, memory.read(source))
        elif runs is not None:
            memory.write(_part(output, runs[1], draft.values[layer.output].type), number)
        else:
            if layer.kind is LayerKind.COPY and not _fills(layer, draft):
                # It leaves bytes of its output as they are.
                found[number, "before"] = memory.read(output)
            memory.write(output, number)
    for port in draft.outputs:
        found["end", port.tensor] = memory.read(_known(extents[port.tensor]))
    for value in draft.kept:
        found["end", value] = memory.read(_known(extents[value]))
    return found


def contiguous(layer: Layer) -> tuple[tuple[int, int], tuple[int, int]] | None:
    """The runs of elements that a copy moves, each as first element and one behind the last; None: other layers."""
    if layer.kind is not LayerKind.COPY:
        return None
    p, n = layer.parameters, 1
    for k in reversed(range(5)):
        size = p[f"size_{k}"]
        if size > 1 and (p[f"in_step_{k}"] != n or p[f"out_step_{k}"] != n):
            return None
        n *= size
    return (p["in_start"], p["in_start"] + n), (p["out_start"], p["out_start"] + n)


def reads_alike(wanted: Mapping[Hashable, Any] | None, found: Mapping[Hashable, Any] | None) -> bool:
    """Whether all that is read has the labels that are wanted; what nobody wrote may be anything."""
    if wanted is None or found is None:
        return False
    return all(_agree(wanted[key], runs) for key, runs in found.items())


def _agree(wanted: Sequence[Run], found: Sequence[Run]) -> bool:
    if tuple(wanted) == tuple(found):
        return True
    rest = list(reversed(found))
    for size, writer, offset in wanted:
        n, at = size, offset
        while n:
            length, its, its_offset = rest.pop()
            if length > n:
                rest.append((length - n, its, its_offset + n))
                length = n
            if writer is not None and (its, its_offset) != (writer, at):
                return False
            n, at = n - length, at + length
    return True


def _fills(layer: Layer, draft: Draft) -> bool:
    """Whether a copy writes each element of its output."""
    sizes = 1
    for k in range(5):
        sizes *= layer.parameters[f"size_{k}"]
    return sizes == draft.values[layer.output].size and all(
        layer.parameters[f"size_{k}"] == 1 or layer.parameters[f"out_step_{k}"] for k in range(5)
    )


def _known(extent: Extent | None) -> Extent:
    assert extent is not None
    return extent


def _part(extent: Extent, run: tuple[int, int], size: int) -> Extent:
    """The bytes of a run of elements of a value."""
    place, start, _ = extent
    return place, start + run[0] * size, start + run[1] * size


def _is_apart(draft: Draft, layer: Layer, position: int, extents: tuple[Extent, Extent]) -> bool:
    """Whether a layer's output leaves alone what it has still to read of an input."""
    (in_place, in_start, in_stop), (out_place, out_start, out_stop) = extents
    if in_place != out_place or out_stop <= in_start or in_stop <= out_start:
        return True
    in_bytes, out_bytes = draft.values[layer.inputs[position]].type, draft.values[layer.output].type
    return out_start <= in_start - gap(layer, position, in_bytes, out_bytes)


class _Memory:
    """Labels of the bytes of each place, as runs."""

    def __init__(self) -> None:
        self._places: dict[Hashable, list[tuple[int, int, Any, int]]] = {}

    def write(self, extent: Extent, writer: Any) -> None:
        """Label bytes as a writer's."""
        _, start, stop = extent
        self.paste(extent, ((stop - start, writer, 0),))

    def paste(self, extent: Extent, runs: Sequence[Run]) -> None:
        """Label bytes as those of runs."""
        place, start, stop = extent
        kept = []
        for first, last, writer, offset in self._places.get(place, ()):
            if first < start:
                kept.append((first, min(last, start), writer, offset))
            if last > stop:
                kept.append((max(first, stop), last, writer, offset + max(stop - first, 0)))
        for n, writer, offset in runs:
            kept.append((start, start + n, writer, offset))
            start += n
        self._places[place] = sorted(kept, key=lambda run: run[0])

    def read(self, extent: Extent) -> tuple[Run, ...]:
        """The labels of bytes, in as few runs as possible; of bytes that nobody wrote, None's."""
        place, start, stop = extent
        runs: list[Run] = []
        at = start
        for first, last, writer, offset in self._places.get(place, ()):
            if last <= start or first >= stop:
                continue
            low, high = max(first, start), min(last, stop)
            if low > at:
                _append(runs, (low - at, None, 0))
            _append(runs, (high - low, writer, offset + low - first))
            at = high
        if at < stop:
            _append(runs, (stop - at, None, 0))
        return tuple(runs)


def _append(runs: list[Run], run: Run) -> None:
    """Add a run, as part of the last one where it goes on with it."""
    if runs:
        n, writer, offset = runs[-1]
        if writer == run[1] and (writer is None or offset + n == run[2]):
            runs[-1] = (n + run[0], writer, offset)
            return
    runs.append(run)
