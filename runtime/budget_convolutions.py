"""Work of a tick in convolutions: csrc/engine/conv.c."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from spikelet.budget_activity import Fired
from spikelet.maps import pooled_places, tap_places
from spikelet.model import Projection, SourceMap, TargetMap

__all__ = ["Runs", "divide", "map_terms", "tap_terms"]

_Index = npt.NDArray[np.int64]
_Mask = npt.NDArray[np.bool_]
#: How add_runs of a kernel set goes: 16, 8 or 4 bytes at words, 4 at words, or 4 anywhere.
_SETS = {"armdsp": "words", "armv7m": "words", "armv6m": "word"}
#: An event of a value up to this is as many spikes.
_OFTEN = 3
#: Channels of which sums in 16 bits are made at once; weights that fit in such a sum.
_WIDE, _FIT = 16, 255


def divide(values: _Index, by: int) -> tuple[_Index, _Index]:
    """Whether spkl_divide divides, and how often it corrects the quotient."""
    if by == 1:
        return np.zeros_like(values), np.zeros_like(values)
    return np.ones_like(values), values // by - (values * (65536 // by) >> 16)


def _divisions(pairs: Sequence[tuple[_Index, int]]) -> tuple[_Index, _Index]:
    """The same for several divisions."""
    made = [divide(values, by) for values, by in pairs]
    divisions, steps = (np.sum([part[which] for part in made], axis=0) for which in (0, 1))
    return divisions, steps


def map_terms(image: SourceMap) -> dict[str, _Index]:
    """Where a neuron is in an image: divisions, and steps that they are corrected by."""
    j = np.arange(image.size)
    outer = image.width * image.height if image.planar else image.width * image.channels
    divisions, steps = divide(j, outer)
    more, again = divide(j % outer, image.width if image.planar else image.channels)
    divisions, steps = divisions + more, steps + again
    found = {"map.event": np.ones(image.size, np.int64)}
    if image.pool != (1, 1):
        y, x = j // image.width % image.height, j % image.width
        if not image.planar:
            y, x = j // outer, j % outer // image.channels
        for values, by in ((y, image.pool[0]), (x, image.pool[1])):
            more, again = divide(values, by)
            divisions, steps = divisions + more, steps + again
        found["map.pooled"] = np.ones(image.size, np.int64)
    return found | {"map.division": divisions, "map.step": steps}


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


def tap_terms(p: Projection, source: SourceMap, target: TargetMap) -> dict[str, _Index]:
    """Terms of each source neuron where taps are looked at one by one."""
    _, y, x, there = pooled_places(source)
    out = target.channels // target.groups
    rows, columns = _axis(y, target, 0), _axis(x, target, 1)
    taps = there * rows["hit"]
    hits = taps * columns["hit"]
    found = map_terms(source) | {
        "conv.event": np.ones(len(y), np.int64),
        "conv.place": there.astype(np.int64),
        "conv.row.before": there * rows["before"],
        "conv.row.miss": there * rows["miss"],
        "conv.row.hit": taps,
        "conv.tap.before": taps * columns["before"],
        "conv.tap.miss": taps * columns["miss"],
        "conv.tap.hit": hits,
        f"conv.{'bytes' if p.bits == 8 else 'codes'}.call": hits * (out if target.planar else 1),
        f"conv.{p.bits}.code": hits * out,
    }
    if target.stride != (1, 1):
        divided = rows["divided"] * (target.stride[0] > 1) * there
        found["conv.divide"] = divided + taps * columns["divided"] * (target.stride[1] > 1)
    return {name: values for name, values in found.items() if values.any()}


class Runs:
    """A convolution of bytes without groups, whose taps in x are one run of weights.

    Args:
        source: its source.
        target: its target, which is not planar.
        kernels: the first of the board's kernel sets.
        block: the power of 2 of the target's blocks; 0: none.
        alone: nothing else brings the target something.
    """

    def __init__(self, source: SourceMap, target: TargetMap, kernels: str, block: int, *, alone: bool) -> None:
        _, y, x, there = pooled_places(source)
        self._set = _SETS.get(kernels, "packed")
        self._shift = block or 16
        j = np.arange(source.size)
        self._row = j // (source.width if source.planar else source.width * source.channels)
        self._pixel = j if source.planar else j // source.channels
        self._n_runs = np.where(y < source.height // source.pool[0], _axis(y, target, 0)["hit"], 0)
        hits = np.where(there, _axis(x, target, 1)["hit"], 0)
        self._n = np.where(self._n_runs > 0, hits, 0) * target.channels
        begin, first = _x_runs(x + target.pad[1], target)
        self._align = begin * target.channels % 4
        self._at = first * target.channels
        self._step = target.width * target.channels
        self._channels = target.channels
        self._divisions(source, target)
        self._size, self._taps = target.size, target.kernel[0] * target.kernel[1]
        self._wide = (
            alone
            and kernels == "armdsp"
            and target.channels % _WIDE == 0
            and target.stride[1] == 1
            and self._taps <= _FIT
            and source.pool == (1, 1)
            and not source.planar
        )

    def _divisions(self, source: SourceMap, target: TargetMap) -> None:
        """Divisions for a new row, and for a new pixel; corrections of both."""
        j = np.arange(source.size)
        outer = source.width * source.height if source.planar else source.width * source.channels
        row, pixel = [(j, outer)], []
        y, x = (j // source.width % source.height, j % source.width) if source.planar else (j // outer, j % outer)
        if source.planar:
            row.append((j % outer, source.width))
        else:
            pixel.append((x, source.channels))
            x = x // source.channels
        if source.pool != (1, 1):
            row.append((y, source.pool[0]))
            pixel.append((x, source.pool[1]))
        row.append((np.maximum(y // source.pool[0] + target.pad[0], 0), target.stride[0]))
        pixel.append((np.maximum(x // source.pool[1] + target.pad[1], 0), target.stride[1]))
        self._row_divisions, self._row_steps = _divisions(row)
        self._pixel_divisions, self._pixel_steps = _divisions(pixel)

    def terms(self, fired: Fired) -> Counter[str]:
        """What the events of a tick cost."""
        j = fired.neurons
        pixel, row = self._pixel[j], self._row[j]
        new_pixel = np.diff(pixel, prepend=-1) != 0
        new_row = np.diff(row, prepend=-1) != 0
        met = self._n[j] > 0
        ones = fired.values is None or fired.ones
        if self._wide and ones and len(j) * self._taps // 4 >= self._size // self._channels:
            return self._many(j, met, new_pixel, new_row)
        found = Counter(
            {
                "runs.event": len(j),
                "runs.row": int(new_row.sum()),
                "runs.pixel": int(new_pixel.sum()),
                "runs.met": int((met & new_pixel).sum()),
                "runs.division": int((new_row * self._row_divisions[j] + new_pixel * self._pixel_divisions[j]).sum()),
                "runs.step": int((new_row * self._row_steps[j] + new_pixel * self._pixel_steps[j]).sum()),
            }
        )
        self._marks(found, j[met & new_pixel])
        times = np.ones(len(j), np.int64)
        if not ones:
            assert fired.values is not None
            found["runs.value"] += len(j)
            often = (fired.values >= 1) & (fired.values <= _OFTEN)
            others = j[met & ~often]
            found["runs.times.run"] += int(self._n_runs[others].sum())
            found["runs.times.four"] += int((self._n_runs[others] * (self._n[others] // 4)).sum())
            found["runs.times.one"] += int((self._n_runs[others] * (self._n[others] % 4)).sum())
            times = np.where(often, fired.values, 0)
        self._add_runs(found, j[met], times[met])
        return +found

    def _many(self, j: _Index, met: _Mask, new_pixel: _Mask, new_row: _Mask) -> Counter[str]:
        """Many spikes, which are summed in 16 bits: a call for each pixel, and all sums are widened."""
        runs, sixteens = self._n_runs[j[met]], self._n[j[met]] // _WIDE
        found = Counter(
            {
                "many": 1,
                "many.row": int(new_row.sum()),
                "many.missed": int((~met).sum()),
                "many.pixel": int((met & new_pixel).sum()),
                "many.division": int((new_row * self._row_divisions[j]).sum()) + int((~met | new_pixel).sum()),
                "many.event": int(met.sum()),
                "many.run": int(runs.sum()),
                "many.16": int((runs * sixteens).sum()),
                "many.widened": self._size,
            }
        )
        self._marks(found, j[met & new_pixel])
        return +found

    def _marks(self, found: Counter[str], pixels: _Index) -> None:
        """Where touched targets are marked: once for pixels whose targets lie together."""
        if not len(pixels):
            return
        at, end, row = self._at[pixels], self._at[pixels] + self._n[pixels], self._row[pixels]
        begins = np.ones(len(pixels), bool)
        begins[1:] = (row[1:] != row[:-1]) | (at[1:] > end[:-1]) | (at[1:] < at[:-1])
        starts = np.flatnonzero(begins)
        lasts = np.append(starts[1:], len(pixels)) - 1
        runs = self._n_runs[pixels[starts]]
        between = (end[lasts] - 1 >> self._shift) - (at[starts] >> self._shift) - 1
        found["runs.mark"] += len(starts)
        even = self._step >> self._shift << self._shift == self._step
        found["runs.marked.even" if even else "runs.marked"] += int(runs.sum())
        found["runs.marked.block"] += int((runs * np.maximum(between, 0)).sum())

    def _add_runs(self, found: Counter[str], j: _Index, times: _Index) -> None:
        """Calls of add_runs: runs of so many bytes that begin somewhere in a word."""
        n, runs = self._n[j], self._n_runs[j] * times
        found["runs.call"] += int(times.sum())
        before = np.minimum(-self._align[j] % 4, n) if self._set != "packed" else np.zeros_like(n)
        if self._set == "words":
            whole = (n % 8 == 0) & (self._align[j] == 0)
            found["runs.8.run"] += int(runs[whole].sum())
            found["runs.8"] += int((runs * (n // 8))[whole].sum())
            found["runs.16"] += int((runs * -(-n // 16))[whole].sum())
            n, runs, before = n[~whole], runs[~whole], before[~whole]
            found["runs.eight"] += int((runs * ((n - before) // 8)).sum())
        left = n - before
        fours = left % 8 // 4 if self._set == "words" else left // 4
        found["runs.run"] += int(runs.sum())
        found["runs.before"] += int((runs * (before > 0)).sum())
        found["runs.four"] += int((runs * fours).sum())
        found["runs.one"] += int((runs * (before + left % 4)).sum())
        found["runs.tail"] += int((runs * (left % 4 > 0)).sum())


def _x_runs(at: _Index, target: TargetMap) -> tuple[_Index, _Index]:
    """Of each place: the first code of its run in taps, and its first target."""
    kernel, stride = target.kernel[1], target.stride[1]
    each, rest = divmod(kernel, stride)
    last, k = at // stride, at % stride
    more = (k < rest).astype(np.int64)
    n = each + more
    begin = k * each + np.where(more > 0, k, rest)
    beyond = np.maximum(n - last - 1, 0)
    return begin + beyond, np.maximum(last + 1 - n, 0)
