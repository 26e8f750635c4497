"""The integer model of a graded network: what an image holds, as typed data.

Meaning of every field, and bytes: docs/reference/graded.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from spikelet.fit import Fit

__all__ = [
    "CHANNEL",
    "CHANNEL_S16",
    "DENSE_OUTPUT",
    "DENSE_OUTPUT_S16",
    "PARAMETERS",
    "GradedModel",
    "GradedPort",
    "GradedTensor",
    "Layer",
    "LayerKind",
    "TensorType",
]

#: Of each output channel of a convolution: bias, multiplier, shift.
CHANNEL = np.dtype([("bias", "<i4"), ("multiplier", "<i4"), ("shift", "<i4")])
#: The same of convolutions of int16.
CHANNEL_S16 = np.dtype([("bias", "<i8"), ("multiplier", "<i4"), ("shift", "<i4")])
#: Of each output of a fully connected layer; the multiplier is of two words, low first (graded.md 1.6).
DENSE_OUTPUT = np.dtype([("bias", "<i4"), ("multiplier", "<i8"), ("shift", "<i4")])
#: The same with values of int16.
DENSE_OUTPUT_S16 = np.dtype([("bias", "<i8"), ("multiplier", "<i8"), ("shift", "<i4")])


class TensorType(IntEnum):
    """What an element of a tensor is."""

    INT8 = 1
    INT16 = 2
    INT32 = 4

    @property
    def dtype(self) -> np.dtype[Any]:
        """As numpy has it."""
        return np.dtype({1: "<i1", 2: "<i2", 4: "<i4"}[self.value])


class LayerKind(IntEnum):
    """What a layer does (graded.md 3)."""

    CONV_S8 = 1
    DOT_S8 = 2
    DEPTHWISE_S8 = 3
    AVERAGE_POOL = 4
    MAX_POOL = 5
    ADD_S8 = 6
    MUL_S8 = 7
    LUT_S8 = 8
    SOFTMAX_S8 = 9
    COPY = 10
    FILL = 11
    MEAN = 12
    CONV_S16 = 13
    DEPTHWISE_S16 = 14
    RESCALE = 15
    ADD_S16 = 16
    MUL_S16 = 17
    SOFTMAX_S16 = 18
    LOGISTIC_S16 = 19
    LEAKY_RELU_S16 = 20
    DENSE_S8 = 21
    DENSE_S16 = 22


_MAP = (
    "in_height", "in_width", "in_channels", "out_height", "out_width", "out_channels",
    "kernel_y", "kernel_x", "stride_y", "stride_x", "dilation_y", "dilation_x", "pad_y", "pad_x",
    "groups", "in_zero", "out_zero", "act_min", "act_max",
)  # fmt: skip
_DENSE = ("rows", "inputs", "outputs", "in_zero", "out_zero", "act_min", "act_max")
_POOL = (
    "in_height", "in_width", "channels", "out_height", "out_width",
    "kernel_y", "kernel_x", "stride_y", "stride_x", "pad_y", "pad_x", "act_min", "act_max",
)  # fmt: skip
_SHAPE = tuple(f"size_{i}" for i in range(5))
_STEPS_A = tuple(f"a_step_{i}" for i in range(5))
_STEPS_B = tuple(f"b_step_{i}" for i in range(5))
_MULTIPLY = ("a_zero", "b_zero", "out_zero", "multiplier", "shift", "act_min", "act_max")
_ADD = (
    "a_zero", "b_zero", "out_zero", "left_shift", "a_multiplier", "a_shift", "b_multiplier", "b_shift",
    "out_multiplier", "out_shift", "act_min", "act_max",
)  # fmt: skip

_MEAN = tuple(f"{name}_{i}" for name in ("kept", "kept_step", "reduced", "reduced_step") for i in range(3))
_RESCALE = ("in_zero", "out_zero", "multiplier", "shift", "act_min", "act_max")

#: Parameters of each kind, in order; each is an int32.
PARAMETERS: Mapping[LayerKind, tuple[str, ...]] = {
    LayerKind.CONV_S8: (*_MAP, "bits"),
    LayerKind.DOT_S8: _DENSE,
    LayerKind.DEPTHWISE_S8: (*_MAP, "bits"),
    LayerKind.AVERAGE_POOL: _POOL,
    LayerKind.MAX_POOL: _POOL,
    LayerKind.ADD_S8: (*_SHAPE, *_STEPS_A, *_STEPS_B, *_ADD),
    LayerKind.MUL_S8: (*_SHAPE, *_STEPS_A, *_STEPS_B, *_MULTIPLY),
    LayerKind.LUT_S8: (),
    LayerKind.SOFTMAX_S8: ("rows", "depth", "entries"),
    LayerKind.COPY: (*_SHAPE, "in_start", *(f"in_step_{i}" for i in range(5)), "out_start",
                     *(f"out_step_{i}" for i in range(5))),
    LayerKind.FILL: ("value",),
    LayerKind.MEAN: (*_MEAN, *_RESCALE),
    LayerKind.CONV_S16: (*_MAP, "sum_bits"),
    LayerKind.DEPTHWISE_S16: (*_MAP, "sum_bits"),
    LayerKind.RESCALE: _RESCALE,
    LayerKind.ADD_S16: (*_SHAPE, *_STEPS_A, *_STEPS_B, *_ADD),
    LayerKind.MUL_S16: (*_SHAPE, *_STEPS_A, *_STEPS_B, *_MULTIPLY),
    LayerKind.SOFTMAX_S16: ("rows", "depth", "multiplier", "shift"),
    LayerKind.LOGISTIC_S16: ("multiplier", "shift"),
    LayerKind.LEAKY_RELU_S16: ("multiplier", "shift", "alpha_multiplier", "alpha_shift"),
    LayerKind.DENSE_S8: (*_DENSE, "bits"),
    LayerKind.DENSE_S16: _DENSE,
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class GradedTensor:
    """A tensor: `at` is where it lies in the tensor memory [bytes]; several may share bytes.

    `name` and `shape` are for people and stand in META, as does `scale`: real = scale (q - zero_point).
    Tensors whose bytes lie in the first `variables` bytes of the memory are kept between inferences.
    `constant` has the elements of a tensor that lies in the image instead; its `at` is 0.
    """

    name: str
    shape: tuple[int, ...]
    type: TensorType
    at: int
    zero_point: int = 0
    scale: float = 1.0
    constant: npt.NDArray[Any] | None = None

    @property
    def size(self) -> int:
        """Elements."""
        return int(np.prod(self.shape, dtype=np.int64))


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """One layer. `inputs` and `output` are indices of tensors; `parameters` has the names of PARAMETERS[kind].

    `table` is of dtype CHANNEL or CHANNEL_S16 for convolutions, DENSE_OUTPUT (also DOT_S8) or DENSE_OUTPUT_S16 for
    fully connected layers, int8 (256,) for LUT_S8, int32 (entries,) for SOFTMAX_S8, int16 (2, 513) for SOFTMAX_S16,
    uint16 (256,) for LOGISTIC_S16. `weights` are bytes as the image has them (graded.md 4.7). `source` tells the
    operator of the file that it stands for, -1: none.
    """

    name: str
    kind: LayerKind
    inputs: tuple[int, ...]
    output: int
    parameters: Mapping[str, int] = field(default_factory=dict)
    table: npt.NDArray[Any] | None = None
    weights: npt.NDArray[np.uint8] | None = None
    source: int = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class GradedPort:
    """An input or output: a tensor, and what it means to people.

    `is_float`: the file's own port is float32 and the engine's is its quantised form; `scale` and `zero_point` of
    the tensor lead from one to the other. `offset` is what the file's own numbers are above the engine's: 128 where
    the file's port is uint8, else 0.
    """

    name: str
    tensor: int
    is_float: bool = False
    offset: int = 0
    labels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class GradedModel:
    """A whole graded network: what `spikelet.convert` gives of a .tflite file, and an image holds.

    `memory` is the bytes of the tensor memory, its first `variables` bytes are kept between inferences and begin
    with `initial` (uint8, (variables,)). `meta` is JSON-like data for people and reports.
    """

    tensors: tuple[GradedTensor, ...]
    layers: tuple[Layer, ...]
    inputs: tuple[GradedPort, ...]
    outputs: tuple[GradedPort, ...]
    memory: int
    variables: int = 0
    initial: npt.NDArray[np.uint8] = field(default_factory=lambda: np.zeros(0, np.uint8))
    meta: Mapping[str, Any] = field(default_factory=dict)

    def save(self, path: str | Path, force: bool = False) -> None:
        """Write the model as an image; `spikelet.load` reads it. See `spikelet.graded.image.write`.

        Raises:
            ModelError: the model breaks a rule of graded.md.
            SpikeletError: the file exists and `force` is not set, or cannot be written.
        """
        from spikelet.graded.image import write

        write(self, path, force)

    def report(self, board: str) -> Fit:
        """Build the model into a board's firmware and count; print the result to see memory and instructions.

        Raises:
            NoRoomError: it does not fit: by how many bytes, in which memory.
            BoardError: unknown board, no compiler.
        """
        from spikelet.fit import fit

        return fit(self, board)
