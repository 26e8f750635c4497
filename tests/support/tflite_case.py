"""What random operators for tests are made of: scales, zero points, activations, windows, inputs."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from spikelet.graded.model import GradedModel, TensorType

__all__ = [
    "ACTIVATIONS",
    "TYPES",
    "Case",
    "as_float32",
    "channel_scales",
    "limits_of",
    "random_input",
    "some_bias",
    "some_scale",
    "some_zero",
    "window_of",
]

ACTIVATIONS = ("NONE", "RELU", "RELU6", "RELU_N1_TO_1")
TYPES = {"int8": TensorType.INT8, "int16": TensorType.INT16, "int32": TensorType.INT32}


@dataclass(frozen=True, slots=True)
class Case:
    """The same network twice: as a .tflite file, and as a graded network that no converter has made."""

    file: bytes
    model: GradedModel


def random_input(rng: np.random.Generator, model: GradedModel, port: int) -> npt.NDArray[Any]:
    """An input of all values, some of them extreme."""
    tensor = model.tensors[model.inputs[port].tensor]
    info = np.iinfo(tensor.type.dtype)
    values = rng.integers(info.min, info.max, tensor.shape, tensor.type.dtype, endpoint=True)
    choice = rng.integers(4)
    if choice == 0:
        ends = rng.choice(np.array([info.min, info.max, 0, -1], tensor.type.dtype), tensor.shape)
        values = np.where(rng.random(tensor.shape) < 0.5, ends, values)
    elif choice == 1:
        values = (values / 16).astype(tensor.type.dtype)
    return np.ascontiguousarray(values, tensor.type.dtype)


def some_scale(rng: np.random.Generator, low: float = 1e-3, top: float = 1.0) -> float:
    """A scale between two, now and then a power of two."""
    if rng.random() < 0.15:
        return float(2.0 ** np.rint(np.log2(rng.uniform(low, top))))
    return float(np.float32(math.exp(rng.uniform(math.log(low), math.log(top)))))


def some_zero(rng: np.random.Generator, kind: str) -> int:
    """A zero point, often at an end; of int16 always 0."""
    return int(rng.choice([-128, 127, 0, rng.integers(-128, 128)])) if kind == "int8" else 0


def limits_of(kind: str, activation: str, scale: float, zero: int) -> dict[str, int]:
    """act_min and act_max of a fused activation."""
    info = np.iinfo(kind)

    def step(real: float) -> int:
        part = float(np.float32(real) / np.float32(scale))
        return zero + int(math.copysign(math.floor(abs(part) + 0.5), part))

    low, top = int(info.min), int(info.max)
    if activation in ("RELU", "RELU6"):
        low = max(low, step(0.0))
    if activation == "RELU6":
        top = min(top, step(6.0))
    if activation == "RELU_N1_TO_1":
        low, top = max(low, step(-1.0)), min(top, step(1.0))
    return {"act_min": low, "act_max": top}


def as_float32(value: float) -> float:
    """The nearest float32, as a double."""
    return float(np.float32(value))


def window_of(extent: int, kernel: int, stride: int, dilation: int, padding: str) -> tuple[int, int]:
    """Outputs along an axis, and the padding before it."""
    reach = (kernel - 1) * dilation + 1
    if padding == "VALID":
        return (extent - reach) // stride + 1, 0
    count = -(-extent // stride)
    return count, max((count - 1) * stride + reach - extent, 0) // 2


def channel_scales(rng: np.random.Generator, channels: int) -> npt.NDArray[np.float32]:
    """Scales of weights, some of them of dead channels, or for multipliers below 2^-31."""
    scales = np.exp(rng.uniform(math.log(1e-4), math.log(0.1), channels)).astype(np.float32)
    scales[rng.random(channels) < 0.1] = 1e-30
    scales[rng.random(channels) < 0.1] = 2e-9
    return scales


def some_bias(rng: np.random.Generator, channels: int, wide: bool) -> npt.NDArray[Any]:
    """Biases, some of them near the ends of a word; `wide`: of 64 bits."""
    top = 2**36 if wide else 2**20
    bias = rng.integers(-top, top, channels)
    near = rng.integers(2**31 - 2**26, 2**31 - 2**25, channels) * rng.choice([-1, 1], channels)
    return np.where(rng.random(channels) < 0.1, near, bias).astype(np.int64 if wide else np.int32)
