"""Where the neurons of a projection's source lie in its image: docs/reference/semantics.md, 2.5."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from spikelet.model import SourceMap, TargetMap

__all__ = ["Index", "pooled_places", "row_of", "tap_places", "taps_met"]

Index = npt.NDArray[np.int64]


def pooled_places(image: SourceMap) -> tuple[Index, Index, Index, npt.NDArray[np.bool_]]:
    """Channel, y and x behind the pool of each neuron of an image, and whether it brings anything."""
    j = np.arange(image.size)
    if image.planar:
        c, y, x = j // image.width // image.height, j // image.width % image.height, j % image.width
    else:
        c, y, x = j % image.channels, j // image.channels // image.width, j // image.channels % image.width
    y, x = y // image.pool[0], x // image.pool[1]
    return c, y, x, (y < image.height // image.pool[0]) & (x < image.width // image.pool[1])


def row_of(image: SourceMap | None, n_source: int) -> Index:
    """The row of weights of each source neuron of a dense or sparse projection, -1 for none."""
    if image is None:
        return np.arange(n_source)
    c, y, x, there = pooled_places(image)
    row = (y * (image.width // image.pool[1]) + x) * image.channels + c
    return np.where(there, row, -1)


def tap_places(at: Index, tap: int, target: TargetMap, axis: int) -> tuple[Index, npt.NDArray[np.bool_]]:
    """Where a tap of a kernel takes places of the source along an axis (0: y, 1: x), and whether that is there."""
    size = (target.height, target.width)[axis]
    way = at + target.pad[axis] - tap * target.dilation[axis]
    to = way // target.stride[axis]
    return to, (way % target.stride[axis] == 0) & (to >= 0) & (to < size)


def taps_met(source: SourceMap, target: TargetMap) -> Index:
    """How many weights an event of each source neuron adds."""
    _, y, x, there = pooled_places(source)
    along_y = sum(tap_places(y, tap, target, 0)[1].astype(np.int64) for tap in range(target.kernel[0]))
    along_x = sum(tap_places(x, tap, target, 1)[1].astype(np.int64) for tap in range(target.kernel[1]))
    return there * along_y * along_x * (target.channels // target.groups)
