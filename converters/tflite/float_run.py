"""Runs the network of a float .tflite file in numpy: the original that integers are compared with."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from spikelet.converters.tflite.file import Operator, Subgraph, TfliteFile
from spikelet.converters.tflite.float_call import Array, Call
from spikelet.converters.tflite.float_kernels import KERNELS
from spikelet.errors import ConvertError, DataError

__all__ = ["BATCH", "VARIABLES", "FloatRun", "last_uses", "variable_names"]

#: Samples that are run at a time.
BATCH = 64
#: Operators that compute nothing: they keep what streaming networks remember.
VARIABLES = ("ASSIGN_VARIABLE", "CALL_ONCE", "READ_VARIABLE", "VAR_HANDLE")


class FloatRun:
    """A network of float32 tensors, for many samples at a time.

    Networks with variables see the samples one after the other, as a stream; `reset` begins a new one.

    Args:
        file: as read; subgraph 0 runs.
        dtype: of all numbers on the way.

    Raises:
        ConvertError: an operator or a tensor is none that this runs; the message names it.
    """

    def __init__(self, file: TfliteFile, *, dtype: npt.DTypeLike = np.float32) -> None:
        self.graph = file.subgraphs[0]
        self._dtype = np.dtype(dtype)
        self._check()
        self.constants: dict[int, Array] = {
            tensor.index: self._constant(tensor.data) for tensor in self.graph.tensors if tensor.data is not None
        }
        self._names = variable_names(self.graph)
        self._initial = self._initial_values(file)
        self._last = last_uses(self.graph)
        self._state = dict(self._initial)

    @property
    def stateful(self) -> bool:
        """Whether a sample's result depends on those before it."""
        return bool(self._names)

    def reset(self) -> None:
        """Give variables their initial values."""
        self._state = dict(self._initial)

    def run(self, *inputs: npt.ArrayLike) -> tuple[Array, ...]:
        """Run all samples.

        Args:
            inputs: of each input tensor, shape (samples, *shape of the file).

        Returns:
            Of each output tensor, shape (samples, *shape).

        Raises:
            DataError: an array is missing or has another shape than the file says.
        """
        return self.values(self.graph.outputs, *inputs)

    def values(self, tensors: Sequence[int], *inputs: npt.ArrayLike) -> tuple[Array, ...]:
        """Run all samples, and give what is in some tensors; see `run`.

        Args:
            tensors: indices; no constants.
            inputs: as of `run`.
        """
        found: list[list[Array]] = [[] for _ in tensors]
        for batch in self._batches(self.checked(inputs)):
            values = dict(self._steps(batch, keep=set(tensors)))
            for parts, index in zip(found, tensors, strict=True):
                parts.append(values[index])
        return tuple(np.concatenate(parts) for parts in found)

    def tensors(self, *inputs: npt.ArrayLike) -> Iterator[dict[int, Array]]:
        """Run a batch of samples at a time, and give what is in every tensor that is no constant, by index.

        Args:
            inputs: as of `run`.
        """
        for batch in self._batches(self.checked(inputs)):
            yield dict(self._steps(batch, keep=None))

    def call(self, operator: Operator, values: Mapping[int, Array]) -> Call:
        """An operator with its arguments."""
        given = [None if i < 0 else values[i] for i in operator.inputs]
        tensors = [None if i < 0 else self.graph.tensors[i] for i in operator.inputs]
        return Call(operator, tensors, self.graph.tensors[operator.outputs[0]], given)

    def apply(self, operator: Operator, values: Mapping[int, Array]) -> Array:
        """What an operator with one output makes of the tensors that it reads."""
        result = KERNELS[operator.kind](self.call(operator, values))
        return result.astype(self._dtype, copy=False)

    def checked(self, inputs: Sequence[npt.ArrayLike]) -> list[Array]:
        """Inputs as arrays of the shapes that the file says.

        Raises:
            DataError: one is missing, has another shape, other numbers of samples, or holds what is no number.
        """
        tensors = [self.graph.tensors[i] for i in self.graph.inputs]
        if len(inputs) != len(tensors):
            names = ", ".join(repr(tensor.name) for tensor in tensors)
            raise DataError(f"found {len(inputs)} arrays; allowed: {len(tensors)}, one for each input ({names})")
        result = []
        for tensor, given in zip(tensors, inputs, strict=True):
            array = np.asarray(given, self._dtype)
            if array.shape[1:] == tensor.shape[1:] and tensor.shape[:1] == (1,):
                array = array[:, np.newaxis]
            if array.shape[1:] != tensor.shape or not len(array):
                wanted = f"(samples, {', '.join(map(str, tensor.shape))}) with at least one sample"
                raise DataError(
                    f"input {tensor.name!r}: found shape {array.shape}; allowed: {wanted}. Reshape the data"
                )
            if not np.isfinite(array).all():
                raise DataError(f"input {tensor.name!r}: found NaN or infinity; allowed: numbers. Clean the data")
            result.append(array)
        if len({len(array) for array in result}) > 1:
            raise DataError(f"found {[len(array) for array in result]} samples of the inputs; allowed: as many of each")
        return result

    def _batches(self, inputs: list[Array]) -> Iterator[list[Array]]:
        size = 1 if self.stateful else BATCH
        for start in range(0, len(inputs[0]) if inputs else 0, size):
            yield [array[start : start + size] for array in inputs]

    def _steps(self, inputs: list[Array], *, keep: set[int] | None) -> Iterator[tuple[int, Array]]:
        """Run once; gives each tensor as it is written (or those of `keep`), and forgets what is not needed."""
        values = dict(self.constants)
        values.update(zip(self.graph.inputs, inputs, strict=True))
        for index in self.graph.inputs:
            if keep is None or index in keep:
                yield index, values[index]
        for operator in self.graph.operators:
            if operator.kind == "ASSIGN_VARIABLE":
                self._state[self._names[operator.inputs[0]]] = values[operator.inputs[1]]
            elif operator.kind == "READ_VARIABLE":
                values[operator.outputs[0]] = self._state[self._names[operator.inputs[0]]]
            elif operator.kind not in VARIABLES:
                values[operator.outputs[0]] = self.apply(operator, values)
            for index in operator.outputs:
                if index in values and (keep is None or index in keep):
                    yield index, values[index]
            for index in {*operator.inputs, *operator.outputs}:
                if self._last.get(index) == operator.index:
                    values.pop(index, None)

    def _constant(self, data: Array) -> Array:
        kept = data if np.issubdtype(data.dtype, np.integer) and data.dtype != np.int8 else data.astype(self._dtype)
        return kept[np.newaxis]

    def _check(self) -> None:
        """Operators and what they read must be known."""
        for operator in self.graph.operators:
            outputs = [self.graph.tensors[i] for i in operator.outputs]
            name = f"writing tensor {outputs[0].index} ({outputs[0].name})" if outputs else "without outputs"
            if operator.kind not in KERNELS and operator.kind not in VARIABLES:
                raise ConvertError(
                    f"operator {operator.index} {operator.kind} {name}",
                    "",
                    found="an operator that is not supported in float networks",
                    allowed=", ".join(sorted((*KERNELS, *VARIABLES))),
                    hint="Replace the layer that it stands for.",
                )

    def _initial_values(self, file: TfliteFile) -> dict[str, Array]:
        """What CALL_ONCE gives the variables; zeros for those that it does not name, as for the interpreter."""
        found: dict[str, Array] = {}
        for operator in self.graph.operators:
            if operator.kind == "CALL_ONCE":
                chosen = operator.options.get("init_subgraph_index", 0)
                begun = file.subgraphs[chosen if isinstance(chosen, int) else 0]
                names = variable_names(begun)
                for assign in begun.operators:
                    data = begun.tensors[assign.inputs[1]].data if assign.kind == "ASSIGN_VARIABLE" else None
                    if data is not None:
                        found[names[assign.inputs[0]]] = self._constant(data)
        for operator in self.graph.operators:
            if operator.kind == "READ_VARIABLE":
                shape = self.graph.tensors[operator.outputs[0]].shape
                found.setdefault(self._names[operator.inputs[0]], np.zeros((1, *shape), self._dtype))
        return found


def variable_names(graph: Subgraph) -> dict[int, str]:
    """The name of the variable that each resource tensor stands for."""
    handles = (operator for operator in graph.operators if operator.kind == "VAR_HANDLE")
    return {h.outputs[0]: f"{h.options.get('container', '')}/{h.options.get('shared_name', '')}" for h in handles}


def last_uses(graph: Subgraph) -> dict[int, int]:
    """By tensor, the index of the last operator that reads or writes it; outputs and constants are not named."""
    found: dict[int, int] = {}
    kept: set[Any] = {*graph.outputs, *(tensor.index for tensor in graph.tensors if tensor.data is not None)}
    for operator in graph.operators:
        found.update({i: operator.index for i in (*operator.inputs, *operator.outputs) if i >= 0 and i not in kept})
    return found
