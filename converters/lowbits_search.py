"""Codes of an output population by trial: what counts is how often its neurons fire, and which most often."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from spikelet.converters.cells import Array, Cell
from spikelet.converters.lowbits import LIMITS, Rounded
from spikelet.converters.nodes import FloatArray, Neurons

__all__ = ["Outputs", "refine"]

_ROUNDS = 6
#: Moves that one look at all moves may lead to.
_TAKEN = 6
#: Potentials (samples * neurons) that are held at a time.
_HELD = 2**16
#: Steps of potentials (samples * ticks * moves of all neurons) of a round.
_WORK = 2**25
_BIAS = (-0.05, -0.02, 0.02, 0.05)
_SCALE = (0.97, 0.99, 1.01, 1.03)
#: Mean lead of the winning output over the next, in units of the softmax.
_LEAD = 2.7


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Outputs:
    """What an output population is given in the rounded network, and how often it fires in the float network.

    `given` has shape (ticks, samples, sources), `counts` (samples, targets).
    """

    given: Array
    counts: Array


def refine(
    node: Neurons, rounded: Rounded, bias: FloatArray, outputs: Outputs, *, bits: int, offset: bool
) -> tuple[Rounded, FloatArray]:
    """Move single codes, scales and biases where outputs come nearer to those of the float network.

    The measure is the cross entropy between softmaxes of both networks' counts: a wrong winner
    costs much, a count that decides nothing little. Each neuron in turn tries all moves of a code
    to its neighbour, the bias making up for the mean, and keeps the best ones one after the other.

    Args:
        node: the population; it fires.
        rounded: where to begin.
        bias: the same, shape (targets,).
        outputs: on calibration data; only as many samples are used as are quickly tried.
        bits: of the codes.
        offset: whether biases may change.

    Returns:
        Codes and scales, and biases; never with a larger cross entropy.
    """
    low, high = LIMITS[bits]
    moves = np.count_nonzero(np.any(outputs.given, axis=(0, 1))) * (1 if bits == 1 else 2)
    ticks, samples = outputs.given.shape[:2]
    used = int(min(samples, max(1, _WORK // max(1, ticks * moves * node.size))))
    chosen = np.linspace(0, samples - 1, used).astype(int)
    search = _Search(node, rounded, bias, outputs.given[:, chosen], outputs.counts[chosen])
    for _ in range(_ROUNDS):
        moved = [search.improve(k, low, high, signs=bits == 1, offset=offset) for k in range(node.size)]
        if not any(moved):
            break
    return Rounded(codes=search.codes.astype(np.int8), scale=search.scale), search.bias


class _Search:
    def __init__(self, node: Neurons, rounded: Rounded, bias: FloatArray, given: Array, counts: Array) -> None:
        self._node, self._given = node, given
        self.codes, self.scale, self.bias = rounded.codes.astype(np.float64), rounded.scale.copy(), bias.copy()
        self._mean = given.mean(axis=(0, 1))
        ordered = np.sort(counts, axis=1)
        self._heat = max(float(np.mean(ordered[:, -1] - ordered[:, -2])) / _LEAD, 0.25)
        wanted = np.exp((counts - ordered[:, -1:]) / self._heat)
        self._wanted = wanted / wanted.sum(axis=1, keepdims=True)
        self._sums = given @ self.codes  # in weight units, shape (ticks, samples, targets)
        every = [self._counts(k, self._sums[:, :, k : k + 1], self.scale[k], self.bias[k]) for k in range(node.size)]
        self._now = np.concatenate(every, axis=1)

    def improve(self, k: int, low: int, high: int, *, signs: bool, offset: bool) -> bool:
        """Try all moves of a neuron, keep the best few that still help one after the other."""
        least = float(self._loss(k, self._now[:, k : k + 1])[0])
        before = least
        sources = np.flatnonzero(self._mean)
        steps = [-2 * self.codes[sources, k]] if signs else [np.full(len(sources), step) for step in (-1.0, 1.0)]
        source, step = np.tile(sources, len(steps)), np.concatenate(steps)
        inside = (self.codes[source, k] + step >= low) & (self.codes[source, k] + step <= high)
        source, step = source[inside], step[inside]
        losses = np.empty(len(source))
        width = max(1, _HELD // self._given.shape[1])
        for start in range(0, len(source), width):
            part = slice(start, start + width)
            losses[part] = self._loss(k, self._tried(k, source[part], step[part], offset))
        for i in np.argsort(losses, kind="stable")[:_TAKEN]:
            if losses[i] < least and low <= self.codes[source[i], k] + step[i] <= high:
                least = self._keep(k, source[i : i + 1], step[i : i + 1], offset, least)
        sums = self._sums[:, :, k : k + 1]
        for factor in _SCALE:
            least = self._adopt(k, sums, self.scale[k] * factor, self.bias[k], least)
        for part_of in _BIAS if offset else ():
            height = abs(self._node.threshold[k]) if np.isfinite(self._node.threshold[k]) else 1.0
            least = self._adopt(k, sums, self.scale[k], self.bias[k] + part_of * height, least)
        return least < before

    def _tried(self, k: int, source: npt.NDArray[np.intp], step: FloatArray, offset: bool) -> Array:
        """Counts after single moves, shape (samples, moves)."""
        sums = self._sums[:, :, k : k + 1] + self._given[:, :, source] * step
        return self._counts(k, sums, self.scale[k], self._moved_bias(k, source, step, offset))

    def _moved_bias(self, k: int, source: npt.NDArray[np.intp], step: FloatArray, offset: bool) -> FloatArray:
        change: FloatArray = self._mean[source] * step * (self.scale[k] if offset else 0.0)
        return np.asarray(self.bias[k] - change, np.float64)

    def _keep(self, k: int, source: npt.NDArray[np.intp], step: FloatArray, offset: bool, least: float) -> float:
        sums = self._sums[:, :, k : k + 1] + self._given[:, :, source] * step
        bias = float(self._moved_bias(k, source, step, offset)[0])
        after = self._adopt(k, sums, self.scale[k], bias, least)
        if after < least:
            self._sums[:, :, k] = sums[:, :, 0]
            self.codes[source, k] += step
        return after

    def _adopt(self, k: int, sums: Array, scale: float, bias: float, least: float) -> float:
        """Take a scale and a bias where the loss falls; gives the loss."""
        counts = self._counts(k, sums, scale, np.array([bias]))
        loss = float(self._loss(k, counts)[0])
        if loss >= least - 1e-12:
            return least
        self._now[:, k], self.scale[k], self.bias[k] = counts[:, 0], scale, bias
        return loss

    def _counts(self, k: int, sums: Array, scale: float, bias: FloatArray | float) -> Array:
        """Spikes of a neuron for inputs side by side, shape (samples, columns)."""
        width = sums.shape[2]
        parts: dict[str, Any] = {
            field.name: np.full(width, value[k])
            for field in fields(Neurons)
            if isinstance(value := getattr(self._node, field.name), np.ndarray)
        }
        parts["bias"] = np.broadcast_to(bias, width).astype(np.float64)
        cell = Cell(replace(self._node, shape=(width,), **parts), np.dtype(np.float64))
        cell.reset(sums.shape[1])
        total: Array = np.zeros(sums.shape[1:])
        for tick in sums:
            total = total + cell.tick(tick * scale)
        return total

    def _loss(self, k: int, counts: Array) -> FloatArray:
        """Cross entropy, less what the others add, for each column of counts of neuron k."""
        others = np.delete(self._now, k, axis=1) / self._heat
        top = others.max(axis=1, initial=0.0)[:, None]
        rest = top + np.log(np.sum(np.exp(others - top), axis=1, keepdims=True))
        norm = np.logaddexp(rest, counts / self._heat)
        result: FloatArray = np.mean(norm - self._wanted[:, k : k + 1] * counts / self._heat, axis=0)
        return result
