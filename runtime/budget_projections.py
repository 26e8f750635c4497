"""Work of a tick in a projection, as terms that have a cost each: csrc/engine and csrc/kernels/*/add_*."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from spikelet.budget_activity import Fired
from spikelet.budget_blocks import touched_blocks
from spikelet.maps import pooled_places, row_of, tap_places
from spikelet.model import Model, Projection, ProjectionKind, SourceMap, SparseWeights, TargetMap
from spikelet.rows import pack_sparse, stride_of

__all__ = ["Way", "byte_rows"]

_Index = npt.NDArray[np.int64]
_Mask = npt.NDArray[np.bool_]
_ROWS_MAX = 255
#: Targets of a block, and rows of a pass, of the kernels that add rows of bytes.
_BLOCKS: Mapping[str, tuple[tuple[int, ...], int]] = {
    "armdsp": ((12, 8, 4), 4),
    "armv7m": ((12, 8, 4), 4),
    "armv6m": ((12, 4), 3),
    "riscv": ((32, 16, 12, 8, 4), 4),
    "packed": ((16, 4), 1),
}


def byte_rows(kernels: str, n_rows: int, n: int) -> Counter[str]:
    """One call that adds so many rows of n bytes (a multiple of 4), by the blocks of a set's kernel."""
    widths, a_pass = _BLOCKS[kernels]
    found: Counter[str] = Counter({"rows8.call": 1})
    if n_rows == 0:
        return Counter({"rows8.none": 1})
    singles, passes = n_rows % a_pass, n_rows // a_pass
    for width in widths:
        blocks = n // width
        n -= blocks * width
        if blocks:
            found[f"rows8.{width}.begin"] += 1
            found[f"rows8.{width}.block"] += blocks
            found[f"rows8.{width}.single"] += blocks * singles
            found[f"rows8.{width}.pass"] += blocks * passes
            unroll = {"armdsp": {12: 4, 8: 2}, "armv7m": {12: 4, 8: 2}}.get(kernels, {}).get(width, 1)
            found[f"rows8.{width}.turn"] += blocks * -(-passes // unroll) if unroll > 1 else 0
            if kernels in ("armdsp", "armv7m") and passes == 0:
                found[f"rows8.{width}.few"] += blocks
            if kernels == "riscv" and width == 32:
                found["rows8.32.jump"] += blocks * (singles > 0)
    return +found


class Way:
    """A projection: what is known of it before anything runs.

    Args:
        model: the projection's.
        index: its number.
        kernels: the board's list of kernel sets.
    """

    def __init__(self, model: Model, index: int, kernels: tuple[str, ...]) -> None:
        p = self.projection = model.projections[index]
        self._set = next(name for name in kernels if name in _BLOCKS)
        self.target = model.populations[p.target]
        source = model.inputs[p.source] if p.from_input else model.populations[p.source]
        self._n_source = source.size
        self._per_neuron: dict[str, _Index] = {}
        self._touch: tuple[_Index, _Index] | None = None
        if p.source_map is not None:
            _add_map(self._per_neuron, p.source_map)
        if p.kind is ProjectionKind.CONV:
            self._prepare_conv(p)
        elif p.kind is ProjectionKind.SPARSE:
            self._prepare_sparse(p)
        elif p.kind is ProjectionKind.DENSE:
            self._rows = row_of(p.source_map, source.size) >= 0
            self._weights_of = self._rows * np.int64(self.target.size)
        else:
            self._weights_of = np.zeros(source.size, np.int64)
        self._per_neuron = {name: values for name, values in self._per_neuron.items() if values.any()}

    def terms(self, fired: Fired, waits: int) -> Counter[str]:
        """What the events of a tick cost; `waits` are ticks until a late projection's ring is empty."""
        p = self.projection
        name = p.kind.name.lower()
        late = p.delays is not None
        found = Counter({f"{name}.asked": 1}) if not late else Counter({"late.asked": 1})
        if len(fired):
            found += self._deliver(fired)
            if late:
                found += Counter({f"{name}.asked": 1, "late.hand": 1, "late.handed": self.target.size})
        if late and (len(fired) or waits):
            found += Counter({"late.due": 1, "late.neuron": self.target.size})
        if self.target.block and ((late and (len(fired) or waits)) or (not late and len(fired) and name == "dense")):
            found["blocks.touch_all"] += 1
            found["blocks.touched"] += -(-self.target.size // 2**self.target.block)
        return found

    def synops(self, fired: Fired) -> int:
        """Weights that the events add (semantics 6)."""
        return int(self._weights_of[fired.neurons].sum())

    def touched(self, fired: Fired, waits: int) -> _Mask:
        """The blocks of the target for which an event came."""
        n_blocks = -(-self.target.size // 2**self.target.block)
        found = np.zeros(n_blocks, bool)
        if self.projection.delays is not None:
            found[:] = len(fired) > 0 or waits > 0
        elif self.projection.kind is ProjectionKind.DENSE:
            found[:] = len(fired) > 0
        elif len(fired):
            if self._touch is None:
                self._touch = touched_blocks(self.projection, self.target)
            start, blocks = self._touch
            for neuron in fired.neurons:
                found[blocks[start[neuron] : start[neuron + 1]]] = True
        return found

    def _deliver(self, fired: Fired) -> Counter[str]:
        kind = self.projection.kind
        if kind is ProjectionKind.DENSE:
            return self._dense(fired)
        found: Counter[str] = Counter({f"{kind.name.lower()}.with": 1})
        if kind is ProjectionKind.FEED:
            found["feed.value" if self.target.choices.several else "feed.bit"] += len(fired)
            return found
        for name, values in self._per_neuron.items():
            found[name] += int(values[fired.neurons].sum())
        if kind is ProjectionKind.CONV and fired.values is not None:
            self._times(found, fired)
        return +found

    def _times(self, found: Counter[str], fired: Fired) -> None:
        """Rows of a convolution that are multiplied: those of events whose value is not 1."""
        if not self._runs:
            return
        assert fired.values is not None
        other = fired.neurons[fired.values != 1]
        for name in ("hit", "code", "left"):
            key = f"conv.run.{name}"
            if key in self._per_neuron:
                times = int(self._per_neuron[key][other].sum())
                found[key] -= times
                found[f"conv.times.{name}"] += times

    def _dense(self, fired: Fired) -> Counter[str]:
        p = self.projection
        n = self.target.size
        graded = fired.values is not None and not fired.ones
        simple = p.bits == 8 and p.source_map is None
        found: Counter[str] = Counter()
        if simple:
            found["dense.simple"] += 1
            stride = stride_of(0, n)
            if graded:
                return Counter({"dense.graded": 1, "graded.event": len(fired), "graded.weight": len(fired) * stride})
        else:
            found["rows.with"] += 1
            for name, values in self._per_neuron.items():
                found[name] += int(values[fired.neurons].sum())
        there = self._rows[fired.neurons]
        if graded:
            rows = int(np.count_nonzero(there))
            return found + Counter(
                {f"codes.{p.bits}.row": rows, f"codes.{p.bits}.weight": rows * n, "rows.event": len(there)}
            )
        for first in range(0, len(there), _ROWS_MAX):
            rows = int(np.count_nonzero(there[first : first + _ROWS_MAX]))
            if simple:
                found += Counter({"dense.call": 1, "list.four": rows // 4, "list.one": rows % 4})
            else:
                found += Counter(
                    {"rows.call": 1, "rows.event": min(len(there) - first, _ROWS_MAX), "rows.listed": rows}
                )
            if p.bits == 8:
                found += byte_rows(self._set, rows, stride_of(0, n))
            elif rows:
                found += _few_bits(p.bits, rows, n)
        return found

    def _prepare_sparse(self, p: Projection) -> None:
        assert isinstance(p.weights, SparseWeights)
        row = row_of(p.source_map, self._n_source)
        there = row >= 0
        stored = _pairs_of_rows(p.weights)
        pairs = np.where(there, stored[row], 0)
        self._weights_of = np.where(there, np.diff(p.weights.start)[row], 0)
        look = bool(self.target.block) or int(stored.sum()) != p.weights.size
        self._per_neuron |= {
            "sparse.event": np.ones(self._n_source, np.int64),
            "sparse.row": there.astype(np.int64),
            "sparse.pair": pairs,
            "sparse.look": there * np.int64(look),
            "sparse.looked": pairs * look,
        }

    def _prepare_conv(self, p: Projection) -> None:
        source, target = p.source_map, p.target_map
        assert source is not None
        assert target is not None
        _, y, x, there = pooled_places(source)
        out = target.channels // target.groups
        rows, columns = _axis(y, target, 0), _axis(x, target, 1)
        self._weights_of = there * rows["hit"] * columns["hit"] * out
        self._runs = p.bits == 8 and target.groups == 1 and target.dilation[1] == 1 and not target.planar
        found = {"conv.event": np.ones(len(y), np.int64)}
        if self._runs:
            inside = (there & (x + target.pad[1] >= 0)).astype(np.int64)
            met = (there & (columns["hit"] > 0)).astype(np.int64)
            hits = met * rows["hit"]
            n = columns["hit"] * out
            found |= {
                "conv.place": there.astype(np.int64),
                "conv.run": inside,
                "conv.run.met": met,
                "conv.run.before": met * rows["before"],
                "conv.run.miss": met * rows["miss"],
                "conv.run.hit": hits,
                "conv.run.code": hits * n,
                "conv.run.left": hits * (n % 4),
            }
        else:
            taps = there * rows["hit"]
            hits = taps * columns["hit"]
            parts = out if target.planar else 1
            found |= {
                "conv.place": there.astype(np.int64),
                "conv.row.before": there * rows["before"],
                "conv.row.miss": there * rows["miss"],
                "conv.row.hit": taps,
                "conv.tap.before": taps * columns["before"],
                "conv.tap.miss": taps * columns["miss"],
                "conv.tap.hit": hits,
                f"conv.{'bytes' if p.bits == 8 else 'codes'}.call": hits * parts,
                f"conv.{p.bits}.code": hits * out,
            }
        if target.stride != (1, 1):
            found["conv.divide"] = there * (rows["divided"] * (target.stride[0] > 1))
            if not self._runs:
                found["conv.divide"] = found["conv.divide"] + taps * columns["divided"] * (target.stride[1] > 1)
        self._per_neuron |= found


def _pairs_of_rows(weights: SparseWeights) -> _Index:
    """Stored pairs of each row, those that make way included."""
    start = np.frombuffer(pack_sparse(weights)[: 4 * len(weights.start)], "<u4")
    pairs: _Index = np.diff(start).astype(np.int64) // 2
    return pairs


def _few_bits(bits: int, rows: int, n: int) -> Counter[str]:
    """One call that adds rows of few bits."""
    return Counter({f"rows{bits}.call": 1, f"rows{bits}.row": rows, f"rows{bits}.weight": rows * n})


def _axis(at: _Index, target: TargetMap, axis: int) -> dict[str, _Index]:
    """Of each place of the source: taps before the target's first, taps that miss it, taps that meet it."""
    found = {name: np.zeros(len(at), np.int64) for name in ("before", "miss", "hit")}
    for tap in range(target.kernel[axis]):
        before = at + target.pad[axis] - tap * target.dilation[axis] < 0
        hit = tap_places(at, tap, target, axis)[1]
        found["before"] += before
        found["hit"] += hit
        found["miss"] += ~before & ~hit
    found["divided"] = found["hit"] + found["miss"]
    return found


def _add_map(found: dict[str, _Index], image: SourceMap) -> None:
    """Where a neuron is in an image: divisions, and steps that they are corrected by."""
    j = np.arange(image.size)
    outer = image.width * image.height if image.planar else image.width * image.channels
    inner = image.width if image.planar else image.channels
    divisions, steps = _divide(j, outer)
    more, again = _divide(j % outer, inner)
    divisions, steps = divisions + more, steps + again
    if image.pool != (1, 1):
        y, x = j // image.width % image.height, j % image.width
        if not image.planar:
            y, x = j // outer, j % outer // image.channels
        for values, by in ((y, image.pool[0]), (x, image.pool[1])):
            more, again = _divide(values, by)
            divisions, steps = divisions + more, steps + again
        found["map.pooled"] = np.ones(image.size, np.int64)
    found["map.event"] = np.ones(image.size, np.int64)
    found["map.division"] = divisions
    found["map.step"] = steps


def _divide(values: _Index, by: int) -> tuple[_Index, _Index]:
    """Whether spkl_divide divides, and how often it corrects the quotient."""
    if by == 1:
        return np.zeros_like(values), np.zeros_like(values)
    return np.ones_like(values), values // by - (values * (65536 // by) >> 16)
