"""What a layer with weights reads, in the float network and in the quantised one so far, as second moments."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from spikelet.converters.lowbits import DAMPING
from spikelet.converters.nodes import FloatArray
from spikelet.converters.rounding import MAX_MOMENT, weight_moment
from spikelet.converters.tflite.file import Operator
from spikelet.converters.tflite.float_call import Array, Call
from spikelet.converters.tflite.float_windows import patches

__all__ = ["Moments", "matrices", "measured", "pixels_of", "tensor_of"]

#: Output pixels of a sample that are looked at.
_PIXELS = 64
#: Samples that the estimate from the weights is worth, in fully connected layers; more data count for more.
_WORTH = 50


def matrices(operator: Operator, weight: Array, channels: int) -> FloatArray:
    """Weights as matrices of shape (parts, rows, targets): a part is a group, or an input channel of a depthwise layer.

    Args:
        operator: what the weights are of.
        weight: as the file has them.
        channels: of the input.
    """
    if operator.kind == "DEPTHWISE_CONV_2D":
        split = weight.reshape(-1, channels, weight.shape[-1] // channels)
        return np.ascontiguousarray(split.transpose(1, 0, 2), np.float64)
    parts = channels // weight.shape[-1]
    flat = weight.reshape(parts, len(weight) // parts, -1)
    return np.ascontiguousarray(flat.transpose(0, 2, 1), np.float64)


def tensor_of(operator: Operator, parts: Array, shape: tuple[int, ...]) -> Array:
    """The way back: matrices as a tensor of the file's shape."""
    order = (1, 0, 2) if operator.kind == "DEPTHWISE_CONV_2D" else (0, 2, 1)
    return np.ascontiguousarray(parts.transpose(order)).reshape(shape)


@dataclass(frozen=True, slots=True, eq=False)
class Moments:
    """Of the rows x that a layer reads in the quantised network, and y in the float one; means are taken off.

    `own` is E[x x^T], damped, `meant` E[x y^T], both of shape (parts, rows, rows), or None where rows are too many;
    `own_mean` and `meant_mean` have shape (parts, rows). `kept` is what was added to the diagonal.
    """

    own: FloatArray | None
    meant: FloatArray | None
    own_mean: FloatArray
    meant_mean: FloatArray
    kept: FloatArray

    def wanted(self, weight: FloatArray) -> FloatArray:
        """The real weights that make up best for what earlier layers lost, shape (parts, rows, targets)."""
        if self.own is None or self.meant is None:
            return weight
        brought = self.meant @ weight + self.kept[:, None, None] * weight
        return np.asarray(np.linalg.solve(self.own, brought), np.float64)

    def shift(self, weight: FloatArray, rounded: FloatArray) -> FloatArray:
        """What a bias must add to keep the mean of each target, shape (parts, targets)."""
        meant = np.einsum("pr,prt->pt", self.meant_mean, weight)
        result: FloatArray = meant - np.einsum("pr,prt->pt", self.own_mean, rounded)
        return result


def measured(calls: Iterable[tuple[Call, Call]], weight: FloatArray) -> Moments:
    """Sum up what a layer reads.

    Args:
        calls: of the same samples in the quantised network and in the float one, a batch at a time.
        weight: of `matrices`.
    """
    parts, rows, _ = weight.shape
    crossed = rows <= MAX_MOMENT
    shape = (parts, rows, rows) if crossed else (0, 0, 0)
    own: FloatArray = np.zeros(shape)
    meant: FloatArray = np.zeros(shape)
    sums: FloatArray = np.zeros((2, parts, rows))
    n = 0
    for own_call, meant_call in calls:
        x, y = _rows(own_call, parts), _rows(meant_call, parts)
        n += x.shape[1]
        sums += [x.sum(axis=1), y.sum(axis=1)]
        if crossed:
            turned = x.transpose(0, 2, 1)
            own += turned @ x
            meant += turned @ y
    own_mean, meant_mean = sums / n
    if not crossed:
        return Moments(None, None, own_mean, meant_mean, np.zeros(parts))
    own = own / n - own_mean[:, :, None] * own_mean[:, None, :]
    meant = meant / n - own_mean[:, :, None] * meant_mean[:, None, :]
    power = np.trace(own, axis1=1, axis2=2) / rows
    if parts == 1 and n < _WORTH * rows and weight.size >= 1024:
        estimate = _WORTH / n * power[0] * weight_moment(weight[0])
        own, meant = own + estimate, meant + estimate
    kept = np.where(power > 0, DAMPING * power, 1.0)
    return Moments(own + kept[:, None, None] * np.eye(rows), meant, own_mean, meant_mean, kept)


def pixels_of(area: int) -> npt.NDArray[np.intp]:
    """Some of a map's pixels, at random, always the same: equal steps would see single columns of some maps."""
    return np.sort(np.random.default_rng(0).permutation(area)[:_PIXELS])


def _rows(call: Call, parts: int) -> Array:
    """What some of the output pixels see, float64 of shape (parts, samples * pixels, rows)."""
    seen = patches(call)
    height, width = seen.shape[1:3]
    pixels = pixels_of(height * width)
    found = seen[:, pixels // width, pixels % width]
    channels = found.shape[-1]
    split = found.reshape(-1, found.shape[2] * found.shape[3], parts, channels // parts)
    return np.ascontiguousarray(split.transpose(2, 0, 1, 3).reshape(parts, len(split), -1), np.float64)
