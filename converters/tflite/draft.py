"""A graded network before its tensors have places: what the lowering gives, and what the planner takes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from spikelet.graded.model import GradedPort, Layer, TensorType

__all__ = ["Draft", "Value"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """A tensor of the engine. `tensor` is the index of the file's, -1: it has none; `constant` as GradedTensor's."""

    name: str
    shape: tuple[int, ...]
    type: TensorType
    zero_point: int = 0
    scale: float = 1.0
    tensor: int = -1
    constant: npt.NDArray[Any] | None = None

    @property
    def size(self) -> int:
        """Elements."""
        return int(np.prod(self.shape, dtype=np.int64))

    @property
    def bytes(self) -> int:
        """Bytes."""
        return self.size * self.type


@dataclass(slots=True)
class Draft:
    """Values and layers. Layers name values where those of a model name tensors, as do ports.

    `inside` tells of a value that has no bytes of its own: in which one it lies, and from which byte on. `kept` are
    the values that live on between inferences, with their initial bytes.
    """

    values: list[Value] = field(default_factory=list)
    inside: dict[int, tuple[int, int]] = field(default_factory=dict)
    layers: list[Layer] = field(default_factory=list)
    kept: dict[int, npt.NDArray[np.uint8]] = field(default_factory=dict)
    inputs: list[GradedPort] = field(default_factory=list)
    outputs: list[GradedPort] = field(default_factory=list)

    def copy(self) -> Draft:
        """Another draft that may be changed."""
        return Draft(
            values=list(self.values),
            inside=dict(self.inside),
            layers=list(self.layers),
            kept=dict(self.kept),
            inputs=list(self.inputs),
            outputs=list(self.outputs),
        )

    def add(self, value: Value) -> int:
        """Add a value; returns its index."""
        self.values.append(value)
        return len(self.values) - 1

    def place(self, value: int) -> tuple[int, int]:
        """The value with bytes of its own in which a value lies, and from which byte on."""
        offset = 0
        while value in self.inside:
            value, further = self.inside[value]
            offset += further
        return value, offset

    def extent(self, value: int) -> tuple[int, int, int]:
        """The value with bytes of its own, and the first byte and the one behind the last."""
        root, offset = self.place(value)
        return root, offset, offset + self.values[value].bytes

    def roots(self) -> Iterator[int]:
        """Values with bytes of their own in the tensor memory."""
        return (i for i, value in enumerate(self.values) if i not in self.inside and value.constant is None)
