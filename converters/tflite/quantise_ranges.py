"""Ranges of activations on calibration data, and the scales that come of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from spikelet.converters.tflite.float_call import Array
from spikelet.converters.tflite.float_run import FloatRun
from spikelet.converters.tflite.quantise_graph import Groups

__all__ = ["RANGES", "Scale", "Spread", "scale_of", "scales", "spreads"]

#: Bins of a histogram: 8 for each step of the widest range.
_BINS = 2048
#: Parts of the whole range that are tried as its end.
_ENDS = np.geomspace(1.0, 0.25, 40)
#: Scales below are those of tensors in which nothing happens.
_SMALLEST = 2.0**-60
_LEVELS = 255


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """real = scale (q - zero_point), q from -128 to 127."""

    scale: float
    zero_point: int

    def rounded(self, values: Array) -> Array:
        """Real numbers that int8 can hold, nearest to values."""
        step, zero = values.dtype.type(self.scale), self.zero_point
        kept = np.rint(values / step)
        np.clip(kept, -128 - zero, 127 - zero, out=kept)
        kept *= step
        result: Array = kept
        return result


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """What values a group of tensors has: its ends, and how many lie in each of equal bins, without exact zeros."""

    low: float
    high: float
    counts: Array

    @property
    def centres(self) -> Array:
        """Of the bins."""
        return self.low + (np.arange(_BINS) + 0.5) * (self.high - self.low) / _BINS


def spreads(run: FloatRun, groups: Groups, inputs: Sequence[Array]) -> dict[int, Spread]:
    """Look at all activations twice: for the ends, then for what lies between.

    Args:
        run: of the float network.
        groups: of `grouped`; constants that are activations count too.
        inputs: calibration data, of each input.

    Returns:
        By group.
    """
    ends: dict[int, list[float]] = {}
    for group, values in _activations(run, groups, inputs):
        low, high = ends.setdefault(group, [0.0, 0.0])
        ends[group] = [min(low, float(values.min())), max(high, float(values.max()))]
    counts = {group: np.zeros(_BINS) for group in ends}
    for group, values in _activations(run, groups, inputs):
        low, high = ends[group]
        if high > low:
            counts[group] += np.histogram(values[values != 0], _BINS, (low, high))[0]
    return {group: Spread(low=low, high=high, counts=counts[group]) for group, (low, high) in ends.items()}


def _activations(run: FloatRun, groups: Groups, inputs: Sequence[Array]) -> Iterator[tuple[int, Array]]:
    """Constants and all that operators write, with their groups."""
    run.reset()
    for tensor, values in run.constants.items():
        if tensor in groups.of:
            yield groups.of[tensor], values
    for batch in run.tensors(*inputs):
        for tensor, values in batch.items():
            if tensor in groups.of:
                yield groups.of[tensor], values


def scale_of(low: float, high: float) -> Scale:
    """Scale and zero point of a range; 0 is always one of its numbers, as TensorFlow Lite wants."""
    low, high = min(low, 0.0), max(high, 0.0)
    scale = float(np.float32((high - low) / _LEVELS))
    if scale < _SMALLEST:
        return Scale(scale=1.0, zero_point=0)
    return Scale(scale=scale, zero_point=int(np.clip(np.rint(-128 - low / scale), -128, 127)))


def _whole(spread: Spread) -> tuple[float, float]:
    return spread.low, spread.high


def _percentile(part: float) -> Callable[[Spread], tuple[float, float]]:
    """Leave out so large a part of the values at each end; zeros do not count."""

    def ends(spread: Spread) -> tuple[float, float]:
        total = np.cumsum(spread.counts)
        if total[-1] == 0:
            return spread.low, spread.high
        width = (spread.high - spread.low) / _BINS
        first = int(np.searchsorted(total, part * total[-1], side="right"))
        last = int(np.searchsorted(total, (1 - part) * total[-1]))
        return min(spread.low + first * width, 0.0), min(max(spread.low + (last + 1) * width, 0.0), spread.high)

    return ends


def _least_error(spread: Spread) -> tuple[float, float]:
    """The range with the least squared error of what is rounded and of what is cut off."""
    values, counts = spread.centres, spread.counts

    def error(low: float, high: float) -> float:
        return float(counts @ (values - scale_of(low, high).rounded(values)) ** 2)

    low, high = spread.low, spread.high
    for _ in range(2):
        high = min((spread.high * part for part in _ENDS), key=lambda end: error(low, end))
        low = min((spread.low * part for part in _ENDS), key=lambda end: error(end, high))
    return low, high


#: Ways to choose a range.
RANGES: Mapping[str, Callable[[Spread], tuple[float, float]]] = {
    "all values": _whole,
    "99.99 %": _percentile(0.00005),
    "99.9 %": _percentile(0.0005),
    "least error": _least_error,
}


def scales(groups: Groups, seen: Mapping[int, Spread], way: str) -> dict[int, Scale]:
    """Scale and zero point of each tensor.

    Args:
        groups: of the graph.
        seen: of `spreads`.
        way: of RANGES.
    """
    found = {group: scale_of(*RANGES[way](spread)) for group, spread in seen.items()}
    found.update({group: Scale(scale=scale, zero_point=zero) for group, (scale, zero) in groups.fixed.items()})
    return {tensor: found[group] for tensor, group in groups.of.items()}
