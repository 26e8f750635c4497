"""An operator of a .tflite file with its arguments, as float kernels get it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

import numpy as np
import numpy.typing as npt

from spikelet.converters.tflite.file import Operator, Tensor
from spikelet.errors import ConvertError

__all__ = ["DAMAGED", "Array", "Call", "activated"]

Array = npt.NDArray[Any]

DAMAGED = "The file is damaged: export it again."
_CLAMPS: Mapping[str, tuple[float, float]] = {
    "NONE": (-np.inf, np.inf),
    "RELU": (0.0, np.inf),
    "RELU_N1_TO_1": (-1.0, 1.0),
    "RELU6": (0.0, 6.0),
}


@dataclass(frozen=True, slots=True)
class Call:
    """An operator with its arguments.

    Arrays have an axis of samples before the shape that the file says; of constants it is 1. An input that is left
    out is None.
    """

    operator: Operator
    tensors: Sequence[Tensor | None]
    output: Tensor
    inputs: Sequence[Array | None]

    @property
    def where(self) -> str:
        """For messages."""
        output = f"writing tensor {self.output.index} ({self.output.name})"
        return f"operator {self.operator.index} {self.operator.kind} {output}"

    def refuse(self, field: str, found: str, allowed: str, hint: str = DAMAGED) -> NoReturn:
        """Raise the error of what is wrong with the operator."""
        raise ConvertError(self.where, field, found=found, allowed=allowed, hint=hint)

    def array(self, position: int) -> Array:
        """An input that must be there."""
        found = self.inputs[position] if position < len(self.inputs) else None
        if found is None:
            self.refuse(f"input {position}", "none", "a tensor")
        return found

    def numbers(self, position: int) -> Array:
        """A constant input, without the axis of samples."""
        tensor = self.tensors[position] if position < len(self.tensors) else None
        if tensor is None or tensor.data is None:
            self.refuse(f"input {position}", "no constant", "a constant", "Export the model with fixed shapes.")
        return tensor.data

    def option(self, name: str, default: int = 0) -> int:
        """A whole number of the operator's options."""
        value = self.operator.options.get(name, default)
        return value if isinstance(value, int) else default

    def real(self, name: str, default: float) -> float:
        """A number of the operator's options."""
        value = self.operator.options.get(name, default)
        return float(value) if isinstance(value, (int, float)) else default

    def word(self, name: str, default: str) -> str:
        """An enumeration of the operator's options."""
        return str(self.operator.options.get(name, default))


def activated(call: Call, values: Array) -> Array:
    """Values after the activation that is part of the operator."""
    name = call.word("fused_activation_function", "NONE")
    if name not in _CLAMPS:
        call.refuse("activation", name, ", ".join(_CLAMPS), "Make the activation a layer of its own.")
    low, high = _CLAMPS[name]
    return values if name == "NONE" else np.clip(values, low, high).astype(values.dtype, copy=False)
