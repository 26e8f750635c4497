"""A TensorFlow Lite file as typed data: what the reader gives, and what all passes over such files take and give."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["Operator", "Quantisation", "Subgraph", "Tensor", "TfliteFile"]

Option = int | float | bool | str | tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantisation:
    """real = scale (q - zero_point), one for the tensor or one for each index of `axis`.

    `scale` is float32 (1,) or (n,), `zero_point` int64 of the same shape. `bits` is how many bits of each number
    are used: 8 or 16 as files have it; 4 or 2 for weights that were quantised here.
    """

    scale: npt.NDArray[np.float32]
    zero_point: npt.NDArray[np.int64]
    axis: int = 0
    bits: int = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Tensor:
    """One tensor. `kind` is the schema's type, such as "INT8", "FLOAT32", "RESOURCE"; `data` is there for constants."""

    index: int
    name: str
    kind: str
    shape: tuple[int, ...]
    quantisation: Quantisation | None = None
    data: npt.NDArray[Any] | None = None

    @property
    def size(self) -> int:
        """Elements."""
        return int(np.prod(self.shape, dtype=np.int64))


@dataclass(frozen=True, slots=True, kw_only=True)
class Operator:
    """One operator. Inputs that are left out are -1; `options` has the schema's names in snake case.

    Enumerations are their names: {"padding": "SAME", "stride_w": 2, "fused_activation_function": "RELU6"}.
    """

    index: int
    kind: str
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    options: Mapping[str, Option] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Subgraph:
    """Tensors by index and operators in order of execution."""

    name: str
    tensors: tuple[Tensor, ...]
    operators: tuple[Operator, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TfliteFile:
    """A whole file: subgraph 0 is the network, others are called by CALL_ONCE. `sha256` is of its bytes."""

    subgraphs: tuple[Subgraph, ...]
    description: str
    sha256: str
