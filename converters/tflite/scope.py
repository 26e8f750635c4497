"""What every lowering of an operator works with: the file's tensors, the draft, and errors that say where."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NoReturn

import numpy as np
import numpy.typing as npt

from spikelet.converters.tflite.draft import Draft, Value
from spikelet.converters.tflite.file import Operator, Quantisation, Subgraph, Tensor
from spikelet.errors import ConvertError, ModelError
from spikelet.graded.model import Layer, LayerKind, TensorType
from spikelet.graded.names import telling_part

__all__ = ["TYPES", "Scope"]

#: The engine's type of each type of a file. Numbers of uint8 are kept less 128, as int8.
TYPES = {"INT8": TensorType.INT8, "UINT8": TensorType.INT8, "INT16": TensorType.INT16, "INT32": TensorType.INT32}
_EXPORT = "Export the model with full integer quantisation."
#: The largest number that a parameter of a layer takes for a size, and for a kernel or a step.
_SIZE_MAX = 65535
#: The least scale of an activation: 1 / scale is a number in float32.
_SCALE_MIN = 2.0**-126


class Scope:
    """The lowering of one subgraph; `at` an operator."""

    def __init__(self, graph: Subgraph, name: str, floats: frozenset[int]) -> None:
        self.graph, self.name, self.draft = graph, name, Draft()
        #: Tensors that are float in the file.
        self.floats = floats
        self.values: dict[int, int] = {}
        self.operator: Operator | None = None
        #: PAD operators that were folded, by their output: the input, and what is added above and to the left.
        self.padded: dict[int, tuple[int, tuple[int, int], tuple[int, int]]] = {}
        #: How many operators read each tensor, outputs of the network included.
        self.readers: dict[int, int] = {}
        for operator in graph.operators:
            for index in operator.inputs:
                self.readers[index] = self.readers.get(index, 0) + 1
        for index in graph.outputs:
            self.readers[index] = self.readers.get(index, 0) + 1

    # Errors.

    @property
    def where(self) -> str:
        """The file and the operator."""
        if self.operator is None:
            return self.name
        return f"{self.name}: operator {self.operator.index} {self.operator.kind}"

    def refuse(self, field: str, found: str, allowed: str, hint: str = "") -> NoReturn:
        """Raise the error of what is wrong here."""
        raise ConvertError(self.where, field, found=found, allowed=allowed, hint=hint)

    def refuse_tensor(self, tensor: Tensor, found: str, allowed: str, hint: str = "") -> NoReturn:
        """Raise the error of what is wrong with a tensor of this operator."""
        self.refuse(f"tensor {tensor.index} ({tensor.name[:60]})", found, allowed, hint)

    # The file's tensors.

    def input(self, position: int, *, optional: bool = False) -> Tensor | None:
        """The tensor of an input; None: it is left out."""
        assert self.operator is not None
        inputs = self.operator.inputs
        if position < len(inputs) and inputs[position] >= 0:
            return self.graph.tensors[inputs[position]]
        if not optional:
            self.refuse("inputs", f"{len(inputs)}, input {position} is left out", f"input {position} is there")
        return None

    def needed(self, position: int) -> Tensor:
        """The tensor of an input that must be there."""
        tensor = self.input(position)
        assert tensor is not None
        return tensor

    def output(self) -> Tensor:
        """The tensor of the only output."""
        assert self.operator is not None
        if len(self.operator.outputs) != 1:
            self.refuse("outputs", str(len(self.operator.outputs)), "1")
        return self.graph.tensors[self.operator.outputs[0]]

    def option(self, name: str) -> Any:
        """An option of the operator."""
        assert self.operator is not None
        return self.operator.options[name]

    def kinds(self, *tensors: Tensor, allowed: Sequence[str] = ("INT8", "INT16")) -> str:
        """The one kind that these tensors have."""
        for tensor in tensors:
            if tensor.kind not in allowed:
                self.refuse_tensor(tensor, tensor.kind, " or ".join(allowed), _EXPORT)
            if tensor.kind != tensors[0].kind:
                self.refuse_tensor(tensor, f"{tensor.kind} beside {tensors[0].kind}", "one type", _EXPORT)
        return tensors[0].kind

    def quantisation(self, tensor: Tensor) -> Quantisation:
        """A tensor's quantisation, which must be there."""
        if tensor.quantisation is None:
            self.refuse_tensor(
                tensor, f"{tensor.kind} without quantisation parameters", "scale and zero point", _EXPORT
            )
        return tensor.quantisation

    def scale(self, tensor: Tensor) -> float:
        """The scale of an activation."""
        q = self.quantisation(tensor)
        if len(q.scale) != 1:
            self.refuse_tensor(tensor, f"{len(q.scale)} scales", "1 for an activation", _EXPORT)
        scale = float(q.scale[0])
        if not scale >= _SCALE_MIN:
            self.refuse_tensor(tensor, f"scale {scale:g}", f"{_SCALE_MIN:g} and more", _EXPORT)
        return scale

    def zero(self, tensor: Tensor) -> int:
        """The engine's zero point of an activation."""
        self.scale(tensor)
        zero = int(self.quantisation(tensor).zero_point[0])
        limits = np.iinfo(np.uint8 if tensor.kind == "UINT8" else TYPES[tensor.kind].dtype)
        if not limits.min <= zero <= limits.max:
            self.refuse_tensor(tensor, f"zero point {zero}", f"{limits.min} .. {limits.max}", _EXPORT)
        return zero - 128 if tensor.kind == "UINT8" else zero

    def constant(self, tensor: Tensor, *kinds: str) -> npt.NDArray[Any]:
        """The elements of a constant of one of these kinds."""
        if tensor.data is None:
            self.refuse_tensor(tensor, "a tensor that is computed", "a constant", "Its value must be known here.")
        if tensor.kind not in kinds:
            self.refuse_tensor(tensor, f"a constant of {tensor.kind}", " or ".join(kinds), _EXPORT)
        return tensor.data

    def list(self, tensor: Tensor) -> list[int]:
        """A constant list of whole numbers, such as axes."""
        values = self.constant(tensor, "INT32", "INT64")
        if values.size > 16:
            self.refuse_tensor(tensor, f"{values.size} numbers", "at most 16")
        return [int(value) for value in values.ravel()]

    def shaped(self, tensor: Tensor, shape: Sequence[int]) -> None:
        """Refuse a tensor that has another shape than its operator gives."""
        if tensor.shape != tuple(shape):
            self.refuse_tensor(tensor, f"shape {list(tensor.shape)}", f"{list(shape)}", "The file contradicts itself.")

    def map_of(self, tensor: Tensor) -> tuple[int, int, int]:
        """Height, width and channels of a map."""
        if len(tensor.shape) != 4:
            self.refuse_tensor(tensor, f"shape {list(tensor.shape)}", "[1, height, width, channels]")
        if tensor.shape[0] != 1:
            self.refuse_tensor(tensor, f"a batch of {tensor.shape[0]}", "1", "Export the model with a batch of 1.")
        self.sizes(tensor, *tensor.shape)
        return tensor.shape[1], tensor.shape[2], tensor.shape[3]

    def sizes(self, tensor: Tensor, *sizes: int) -> None:
        """Refuse sizes that a layer cannot have."""
        for size in sizes:
            if not 1 <= size <= _SIZE_MAX:
                self.refuse_tensor(tensor, f"size {size} in shape {list(tensor.shape)}", f"1 .. {_SIZE_MAX}")

    # The draft.

    def value(self, tensor: Tensor) -> int:
        """The engine's value of a tensor."""
        if tensor.index not in self.values:
            self.values[tensor.index] = self.draft.add(self.described(tensor))
        return self.values[tensor.index]

    def described(self, tensor: Tensor) -> Value:
        """A value like a tensor."""
        if tensor.kind not in TYPES:
            hint = "Give calibration data to quantise it here." if tensor.kind.startswith("FLOAT") else _EXPORT
            self.refuse_tensor(tensor, tensor.kind, " or ".join(TYPES), hint)
        if tensor.size < 1:
            self.refuse_tensor(tensor, f"shape {list(tensor.shape)}, no elements", "1 element and more")
        plain = tensor.quantisation is None
        constant = tensor.data
        if constant is not None and tensor.kind == "UINT8":
            constant = (constant ^ 0x80).view(np.int8)
        return Value(
            name=telling_part(tensor.name),
            shape=tensor.shape,
            type=TYPES[tensor.kind],
            zero_point=0 if plain else self.zero(tensor),
            scale=1.0 if plain else self.scale(tensor),
            tensor=-1 if tensor.index in self.floats else tensor.index,
            constant=constant,
        )

    def alias(self, tensor: Tensor, value: int) -> None:
        """Let a tensor lie in a value that has as many bytes."""
        described = self.described(tensor)
        source = self.draft.values[value]
        if source.constant is not None:
            described = replace(described, constant=source.constant.reshape(described.shape))
        self.values[tensor.index] = self.draft.add(described)
        if source.constant is None:
            self.draft.inside[self.values[tensor.index]] = (value, 0)

    def layer(
        self,
        kind: LayerKind,
        inputs: Sequence[Tensor | int],
        output: Tensor | int,
        parameters: dict[str, int],
        **arrays: Any,
    ) -> None:
        """Add a layer for this operator."""
        indices = [each if isinstance(each, int) else self.value(each) for each in (*inputs, output)]
        named = self.draft.values[indices[-1]]
        if named.constant is not None:
            self.refuse("outputs", f"tensor {named.tensor}, a constant", "a tensor that is computed")
        self.draft.layers.append(
            Layer(
                name=named.name,
                kind=kind,
                inputs=tuple(indices[:-1]),
                output=indices[-1],
                parameters=parameters,
                source=-1 if self.operator is None else self.operator.index,
                **arrays,
            )
        )

    def model_error(self, error: ModelError) -> NoReturn:
        """Raise what arithmetic says of a file's numbers as an error of this operator."""
        found, _, rest = str(error).partition("found ")[2].partition("; allowed: ")
        raise ConvertError(self.where, str(error).partition(":")[0], found=found, allowed=rest, hint="") from error
