"""The fields of one node of a file, checked as they are read."""

from __future__ import annotations

import h5py
import numpy as np

from spikelet.converters.frontends.hdf5 import Hdf5
from spikelet.converters.graph import MAX_SIZE
from spikelet.converters.nodes import FloatArray, Shape
from spikelet.errors import ConvertError

__all__ = ["Fields"]


class Fields:
    """The fields of one node, read on demand."""

    def __init__(self, hdf5: Hdf5, group: h5py.Group, names: list[str], path: str, kind: str) -> None:
        self._hdf5, self._group, self._names, self.path, self.kind = hdf5, group, names, path, kind

    def has(self, name: str) -> bool:
        """Whether a field is there and holds something."""
        return name in self._names and not self._hdf5.is_empty(self._group[name])

    def is_text(self, name: str) -> bool:
        """Whether a field is there and holds text."""
        return name in self._names and self._hdf5.is_text(self._group[name])

    def text(self, name: str) -> str:
        """A field that holds one string."""
        return self._hdf5.text(self._group[name], self.path, name)

    def numbers(self, name: str) -> FloatArray:
        """A field that holds numbers.

        Raises:
            ConvertError: it is absent, or does not hold finite numbers.
        """
        if name not in self._names:
            raise ConvertError(
                self.path,
                name,
                found="nothing",
                allowed=f"a {self.kind} with {name}",
                hint=f"The node has: {', '.join(n for n in self._names if n != 'type')}.",
            )
        return self._hdf5.numbers(self._group[name], self.path, name)

    def shape(self, name: str) -> Shape | None:
        """A field that holds a shape; None when it is absent."""
        if not self.has(name):
            return None
        values = np.atleast_1d(self.numbers(name))
        if values.ndim != 1 or len(values) > 8 or np.any(values != np.rint(values)) or np.any(values < 1):
            raise ConvertError(
                self.path, name, found=str(values.tolist())[:80], allowed="up to 8 whole numbers above 0", hint=""
            )
        return tuple(int(v) for v in values)

    def whole(self, name: str, axes: int, *, low: int, spread: bool = True) -> Shape:
        """A whole number for each axis; one serves all where `spread`.

        Raises:
            ConvertError: there are more or fewer, or one is outside `low` .. 65535.
        """
        values = self.numbers(name).reshape(-1)
        fits = len(values) == axes or (spread and len(values) == 1)
        one = ", or one for all" if spread and axes > 1 else ""
        if not fits or np.any(values != np.rint(values)) or np.any((values < low) | (values > MAX_SIZE)):
            raise ConvertError(
                self.path,
                name,
                found=", ".join(f"{value:g}" for value in values[:8]),
                allowed=f"{axes} whole number{'s' * (axes > 1)} from {low} to {MAX_SIZE}{one}",
                hint="Write the layer again from the source framework.",
            )
        return tuple(int(value) for value in np.broadcast_to(values, axes))

    def pair(self, name: str, *, low: int) -> tuple[int, int]:
        """(y, x); one number serves both."""
        y, x = self.whole(name, 2, low=low)
        return y, x

    def integer(self, name: str, default: int) -> int:
        """A field that holds one whole number."""
        if name not in self._names:
            return default
        values = self.numbers(name)
        if values.size != 1 or values.item() != round(values.item()):
            raise ConvertError(self.path, name, found=str(values.tolist())[:80], allowed="one whole number", hint="")
        return int(values.item())

    def refuse_shape(self, name: str, shape: Shape, allowed: str) -> ConvertError:
        """The error for an array of a wrong shape."""
        return ConvertError(
            self.path,
            name,
            found=f"shape {shape}",
            allowed=allowed,
            hint="Weights have shape (outputs, inputs); flatten images before a linear layer.",
        )
