"""Numbers of a data file as an input tensor takes them: int8 as they are, pixels, or real numbers."""

from __future__ import annotations

import math
from dataclasses import replace
from enum import Enum
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from spikelet.errors import DataError
from spikelet.graded.model import GradedTensor, TensorType
from spikelet.graded.runner import dequantised, quantised

__all__ = ["PixelRange", "Values", "real_range"]

#: How far the ends of an input's range may be from those of a pixel range, as a part of it.
_NEAR = 0.05


class PixelRange(Enum):
    """What pixels 0 .. 255 were in training: as they are, divided by 255, or by 127.5 less 1."""

    BYTES = "0..255"
    UNIT = "0..1"
    SIGNED = "-1..1"

    @property
    def ends(self) -> tuple[float, float]:
        """The real numbers of pixels 0 and 255."""
        return {PixelRange.BYTES: (0.0, 255.0), PixelRange.UNIT: (0.0, 1.0), PixelRange.SIGNED: (-1.0, 1.0)}[self]


def real_range(tensor: GradedTensor) -> tuple[float, float]:
    """The least and the largest real number that a tensor holds."""
    limits = np.iinfo(tensor.type.dtype)
    return tensor.scale * (limits.min - tensor.zero_point), tensor.scale * (limits.max - tensor.zero_point)


class Values:
    """Makes elements of a tensor of elements of an array.

    - Numbers of the tensor's own type are taken as they are.
    - Pixels (uint8) are 0 .. 255, 0 .. 1 or -1 .. 1 in real numbers; without `pixels` the range is the one that
      the tensor of int8 spans, to 5 %. They are rounded as real numbers are: of 0 .. 255 and 0 .. 1 spanned
      exactly that is q = pixel - 128.
    - Real numbers (float16, float32, float64): q = round(x / scale) + zero_point, halves away from zero, clamped.

    Args:
        where: for messages: the file, and the array in it.
        dtype: of the array.
        tensor: that takes the numbers; with a scale of nan it takes real ones, and only `real` can be called.
        pixels: what pixels were in training; None: found from the tensor's scale and zero point.

    Raises:
        DataError: the type is none of these, or nobody knows what pixels were.
    """

    def __init__(self, where: str, dtype: np.dtype[Any], tensor: GradedTensor, pixels: PixelRange | None) -> None:
        self._where, self._tensor = where, tensor
        whole = not math.isnan(tensor.scale)
        self._own = whole and dtype.newbyteorder("=") == tensor.type.dtype.newbyteorder("=")
        self._real = dtype.kind == "f"
        #: What pixels stand for; None: these are none.
        self.pixels = (pixels or _spanned(where, tensor)) if dtype == np.uint8 else None
        #: Real numbers that were taken, and how many of them the tensor cannot hold.
        self.taken = self.outside = 0
        if self.pixels is None and not self._own and not self._real:
            own = f"{tensor.type.dtype.name} (as the tensor takes it), " if whole else ""
            raise DataError(
                f"{where} is {dtype}; allowed: {own}uint8 (pixels), or float32 (real numbers): store one of these"
            )

    @cached_property
    def _pixels(self) -> npt.NDArray[np.float64]:
        """The real numbers of pixels 0 .. 255."""
        assert self.pixels is not None
        low, high = self.pixels.ends
        return np.asarray(low + np.arange(256) * ((high - low) / 255), np.float64)

    @cached_property
    def _table(self) -> npt.NDArray[Any]:
        """The elements of pixels 0 .. 255."""
        return quantised(self._pixels, replace(self._tensor, shape=(256,)), self._where)

    def take(self, array: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Elements of the tensor, in its shape, of an array with as many."""
        shaped = array.reshape(self._tensor.shape)
        if self.pixels is not None:
            found: npt.NDArray[Any] = self._table[shaped]
            return found
        if self._own:
            return np.ascontiguousarray(shaped, self._tensor.type.dtype)
        if not np.isfinite(shaped).all():
            raise DataError(f"{self._where} holds NaN or infinite numbers: clean the data")
        low, high = real_range(self._tensor)
        half = self._tensor.scale / 2
        self.taken += shaped.size
        self.outside += int(np.count_nonzero((shaped < low - half) | (shaped > high + half)))
        return quantised(shaped, self._tensor, self._where)

    def real(self, array: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
        """The real numbers of an array, in the tensor's shape: those of pixels and real numbers are not rounded."""
        if self.pixels is not None:
            found: npt.NDArray[np.float64] = self._pixels[array.reshape(self._tensor.shape)]
            return found
        if self._real:
            return array.reshape(self._tensor.shape).astype(np.float64)
        return dequantised(self.take(array), self._tensor).astype(np.float64)


def _spanned(where: str, tensor: GradedTensor) -> PixelRange:
    """The range of pixels that an input spans."""
    low, high = (math.inf, math.inf) if math.isnan(tensor.scale) else real_range(tensor)
    for pixels in PixelRange:
        first, last = pixels.ends
        room = _NEAR * (last - first)
        if tensor.type is TensorType.INT8 and abs(low - first) <= room and abs(high - last) <= room:
            return pixels
    takes = "the network takes real numbers" if low == math.inf else f"the input goes from {low:.4g} to {high:.4g}"
    raise DataError(
        f"{where} holds pixels (uint8), and {takes}: nobody says what a pixel was in training. Say it (--pixels"
        " 0..255, 0..1 or -1..1), or store float32"
    )
