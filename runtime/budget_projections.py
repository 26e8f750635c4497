"""Work of a tick in a projection, as terms that have a cost each: csrc/engine and csrc/kernels/*/add_*."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from spikelet.budget_activity import Fired
from spikelet.budget_blocks import touched_blocks
from spikelet.budget_convolutions import Runs, map_terms, tap_terms
from spikelet.maps import row_of, taps_met
from spikelet.model import InputPort, Model, Projection, ProjectionKind, SparseWeights
from spikelet.rows import blocks_of, pack_sparse, stride_of, weights_of_rows

__all__ = ["Way", "byte_rows"]

_Index = npt.NDArray[np.int64]
_Mask = npt.NDArray[np.bool_]
_ROWS_MAX = 255
#: An event of a value up to this is as many rows.
_OFTEN = 4
#: The same with a map or few bits.
_OFTEN_MAPPED = 12
#: Blocks of four targets, four at a time and those that are left.
_FOURS = ("sparse4.four", "sparse4.one")
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
        self._most_events = source.capacity if isinstance(source, InputPort) else source.size
        self._per_neuron: dict[str, _Index] = {}
        self._touch: tuple[_Index, _Index] | None = None
        self._runs: Runs | None = None
        if p.source_map is not None:
            self._per_neuron = map_terms(p.source_map)
        if p.kind is ProjectionKind.CONV:
            alone = sum(other.target == p.target for other in model.projections) == 1
            self._prepare_conv(p, kernels[0], alone=alone)
        elif p.kind is ProjectionKind.SPARSE:
            self._prepare_sparse(p)
        elif p.kind is ProjectionKind.SPARSE4:
            self._prepare_sparse4(p)
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
        if self._runs is not None:
            return found + self._runs.terms(fired)
        for name, values in self._per_neuron.items():
            found[name] += int(values[fired.neurons].sum())
        if kind is ProjectionKind.SPARSE4:
            self._one_by_one(found, fired)
        return +found

    def _one_by_one(self, found: Counter[str], fired: Fired) -> None:
        """Blocks of four of events that do not go to the kernel together: with values, a map, or to be looked at."""
        values = None if fired.ones else fired.values
        if values is None and self.projection.source_map is None and "sparse4.look" not in self._per_neuron:
            return
        found["sparse4.single"] += len(fired)
        if values is not None:
            other = fired.neurons[values != 1]
            none = np.zeros(self._n_source, np.int64)
            fours, ones = (int(self._per_neuron.get(name, none)[other].sum()) for name in _FOURS)
            found.subtract({_FOURS[0]: fours, _FOURS[1]: ones})
            found["sparse4.multiplied"] += 4 * fours + ones

    def _dense(self, fired: Fired) -> Counter[str]:
        p, n = self.projection, self.target.size
        simple = p.bits == 8 and p.source_map is None
        there = self._rows[fired.neurons]
        values = None if fired.values is None or fired.ones else fired.values
        calls, others = (
            _listed(there, values, often=_OFTEN, room=len(there))
            if simple
            else _listed(there, values, often=_OFTEN_MAPPED, room=self._most_events)
        )
        found: Counter[str] = Counter()
        if simple and values is None:
            found += Counter({"dense.with": 1, "dense.call": len(calls)})
            found += Counter({"list.four": sum(c // 4 for c in calls), "list.one": sum(c % 4 for c in calls)})
        elif simple:
            stride = stride_of(0, n)
            found += Counter({"dense.values": 1, "dense.value": len(there), "dense.listed": sum(calls)})
            found += Counter({"graded.event": others, "graded.weight": others * stride})
        else:
            for name, own in self._per_neuron.items():
                found[name] += int(own[fired.neurons].sum())
            found += Counter({"rows.with": 1, "rows.call": len(calls)})
            if values is None and p.source_map is None:
                found += Counter({"list.four": sum(c // 4 for c in calls), "list.one": sum(c % 4 for c in calls)})
            else:
                found += Counter({"rows.event": len(there), "rows.listed": sum(calls)})
                found["rows.value"] += 0 if values is None else len(there)
            found += Counter({f"codes.{p.bits}.row": others, f"codes.{p.bits}.weight": others * n})
        for rows in calls:
            found += byte_rows(self._set, rows, stride_of(0, n)) if p.bits == 8 else _few_bits(p.bits, rows, n)
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
            "sparse.four": pairs // 4,
            "sparse.one": pairs % 4,
            "sparse.look": there * np.int64(look),
            "sparse.looked": pairs * look,
        }

    def _prepare_sparse4(self, p: Projection) -> None:
        assert isinstance(p.weights, SparseWeights)
        row = row_of(p.source_map, self._n_source)
        there = row >= 0
        start, _, values = blocks_of(p.weights)
        blocks = np.where(there, np.diff(start)[row], 0)
        self._weights_of = np.where(there, weights_of_rows(p.kind, p.weights)[row], 0)
        look = bool(self.target.block) or not values.any(axis=1).all()
        self._per_neuron |= {
            "sparse4.event": np.ones(self._n_source, np.int64),
            "sparse4.row": there.astype(np.int64),
            **dict(zip(_FOURS, (blocks // 4, blocks % 4), strict=True)),
            "sparse4.look": there * np.int64(look),
            "sparse4.looked": blocks * look,
        }

    def _prepare_conv(self, p: Projection, kernels: str, *, alone: bool) -> None:
        source, target = p.source_map, p.target_map
        assert source is not None
        assert target is not None
        self._weights_of = taps_met(source, target)
        if p.bits == 8 and target.groups == 1 and target.dilation == (1, 1) and not target.planar:
            self._runs = Runs(source, target, kernels, self.target.block, alone=alone)
        else:
            self._per_neuron = tap_terms(p, source, target)


def _pairs_of_rows(weights: SparseWeights) -> _Index:
    """Stored pairs of each row, those that make way included."""
    start = np.frombuffer(pack_sparse(weights)[: 4 * len(weights.start)], "<u4")
    pairs: _Index = np.diff(start).astype(np.int64) // 2
    return pairs


def _listed(there: _Mask, values: _Index | None, *, often: int, room: int) -> tuple[list[int], int]:
    """Rows of each call that adds listed rows, and events that are multiplied instead (rows.c, add_dense.c)."""
    room = min(room, _ROWS_MAX)
    if values is None:
        count = int(np.count_nonzero(there))
        return [_ROWS_MAX] * ((count - 1) // _ROWS_MAX) + [count - max(count - 1, 0) // _ROWS_MAX * _ROWS_MAX], 0
    calls, listed, others = [], 0, 0
    for times in values[there].tolist():
        if times < 1 or times > min(often, room):
            others += 1
            continue
        if times > room - listed:
            calls.append(listed)
            listed = 0
        listed += times
    return [*calls, listed], others


#: Of few bits: targets of a wide column and of a word, and most rows of a turn.
_COLUMNS = {4: (32, 8, 17), 2: (16, 16, 85), 1: (32, 32, _ROWS_MAX)}


def _few_bits(bits: int, rows: int, n: int) -> Counter[str]:
    """One call that adds rows of few bits, column by column, some rows a turn."""
    wide, word, most = _COLUMNS[bits]
    turns = -(-rows // most)
    stores = turns if bits == 2 else 1
    name = f"rows{bits}"
    found = Counter({f"{name}.call": 1})
    for kind, columns in (("wide", n // wide), ("word", -(-(n % wide) // word))):
        found += Counter({f"{name}.{kind}": columns, f"{name}.{kind}.turn": columns * turns})
        found[f"{name}.{kind}.row"] += columns * rows
    left = n % word
    found += Counter({f"{name}.whole": n // word * stores, f"{name}.left": left * stores})
    return +(found + Counter({f"{name}.part": (left > 0) * stores}))
