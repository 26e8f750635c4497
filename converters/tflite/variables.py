"""The state of streaming networks: handles, reads, assignments, initial values.

A variable is a value that is kept. What an inference reads of it is what the one before left, until it assigns; what
it assigns is copied there when the inference ends. Copies that need not be made go later (elide.py).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from spikelet.converters.tflite.draft import Value
from spikelet.converters.tflite.file import Operator, Subgraph, Tensor
from spikelet.converters.tflite.lower_moves import copy_parameters
from spikelet.converters.tflite.scope import TYPES, Scope
from spikelet.converters.tflite.walks import strides
from spikelet.graded.model import LayerKind

__all__ = ["Variables"]

_KINDS = ("INT8", "INT16", "INT32")
_EXPORT = "Export the streaming model with its state initialised."
Key = tuple[str, str]


@dataclass(slots=True)
class _Variable:
    """What is known of a variable; `assigned` is the tensor it is at the end, and the operator that says so."""

    initial: npt.NDArray[np.generic] | None = None
    kept: int = -1
    read: int = -1
    assigned: tuple[Tensor, Operator] | None = None
    touched: bool = False


class Variables:
    """The variables of a network while it is lowered."""

    def __init__(self, scope: Scope, subgraphs: tuple[Subgraph, ...]) -> None:
        self._scope, self._subgraphs = scope, subgraphs
        self._handles: dict[int, Key] = {}
        self._variables: dict[Key, _Variable] = {}

    def handle(self) -> None:
        """VAR_HANDLE."""
        scope = self._scope
        assert scope.operator is not None
        key = _key(scope.operator)
        self._variables.setdefault(key, _Variable())
        self._handles[scope.output().index] = key

    def call_once(self) -> None:
        """CALL_ONCE: the initial values that its subgraph assigns."""
        scope = self._scope
        index = int(scope.option("init_subgraph_index"))
        if not 1 <= index < len(self._subgraphs):
            scope.refuse("init_subgraph_index", str(index), f"1 .. {len(self._subgraphs) - 1}")
        graph, handles = self._subgraphs[index], {}
        for operator in graph.operators:
            if operator.kind == "VAR_HANDLE" and len(operator.outputs) == 1:
                handles[operator.outputs[0]] = _key(operator)
                continue
            where = f"subgraph {index}, operator {operator.index}"
            if operator.kind != "ASSIGN_VARIABLE" or len(operator.inputs) != 2:
                scope.refuse(where, operator.kind, "VAR_HANDLE and ASSIGN_VARIABLE of a constant", _EXPORT)
            name, tensor = operator.inputs[0], graph.tensors[operator.inputs[1]]
            if name not in handles or tensor.data is None or tensor.kind not in _KINDS:
                found = f"{tensor.kind} tensor {tensor.index} ({tensor.name[:60]})"
                scope.refuse(where, found, f"a constant of {', '.join(_KINDS)}, for a handle", _EXPORT)
            variable = self._variables.setdefault(handles[name], _Variable())
            if variable.touched:
                scope.refuse(where, f"variable {handles[name][1]!r} is used before", "initial values first", _EXPORT)
            variable.initial = tensor.data

    def read(self) -> None:
        """READ_VARIABLE."""
        scope, output = self._scope, self._scope.output()
        variable = self._of(scope.needed(0))
        scope.kinds(output, allowed=_KINDS)
        variable.touched = True
        if variable.assigned is not None:
            source = variable.assigned[0]
            self._fits(output, source.kind, source.size)
            scope.alias(output, scope.value(source))
            return
        if variable.initial is None:
            scope.refuse_tensor(output, "a variable without initial value", "one that CALL_ONCE gives one", _EXPORT)
        if variable.read >= 0:
            self._fits(output, output.kind, scope.draft.values[variable.read].size)
            scope.alias(output, variable.read)
            return
        self._keep(variable, output)
        variable.read = scope.value(output)
        self._copy(variable.kept, variable.read, output.shape)

    def assign(self) -> None:
        """ASSIGN_VARIABLE."""
        scope, given = self._scope, self._scope.needed(1)
        scope.kinds(given, allowed=_KINDS)
        assert scope.operator is not None
        variable = self._of(scope.needed(0))
        variable.touched = True
        variable.assigned = (given, scope.operator)

    def finish(self) -> None:
        """Copy what was assigned to where it is kept; call it behind the last operator."""
        for variable in self._variables.values():
            if variable.assigned is None or variable.kept < 0:
                # What no inference reads of the one before need not be kept.
                continue
            tensor, self._scope.operator = variable.assigned
            kept = self._scope.draft.values[variable.kept]
            self._fits(tensor, tensor.kind, kept.size)
            if TYPES[tensor.kind] != kept.type:
                self._scope.refuse_tensor(tensor, tensor.kind, f"the variable's type, {kept.type.name}")
            value = self._scope.value(tensor)
            if self._scope.draft.place(value) != self._scope.draft.place(variable.read):
                self._copy(value, variable.kept, tensor.shape)
        self._scope.operator = None

    def _of(self, handle: Tensor) -> _Variable:
        if handle.index not in self._handles:
            self._scope.refuse_tensor(handle, handle.kind, "the handle that a VAR_HANDLE gives")
        return self._variables[self._handles[handle.index]]

    def _fits(self, tensor: Tensor, kind: str, size: int) -> None:
        if (tensor.kind, tensor.size) != (kind, size):
            found = f"{tensor.kind} of shape {list(tensor.shape)}"
            self._scope.refuse_tensor(tensor, found, f"{kind} of {size} elements, as the variable")

    def _keep(self, variable: _Variable, like: Tensor) -> None:
        """Make the value that is kept."""
        initial = variable.initial
        assert initial is not None
        described = self._scope.described(like)
        if initial.dtype != described.type.dtype or initial.size != described.size:
            found = f"{like.kind} of shape {list(like.shape)}"
            self._scope.refuse_tensor(like, found, f"the initial value's {initial.dtype}, {initial.size} elements")
        name = next(key[1] for key, each in self._variables.items() if each is variable)
        variable.kept = self._scope.draft.add(
            Value(
                name=name or like.name,
                shape=described.shape,
                type=described.type,
                zero_point=described.zero_point,
                scale=described.scale,
            )
        )
        self._scope.draft.kept[variable.kept] = np.frombuffer(initial.tobytes(), np.uint8)

    def _copy(self, source: int, target: int, shape: tuple[int, ...]) -> None:
        steps = strides(shape)
        self._scope.layer(
            LayerKind.COPY, (source,), target, copy_parameters(self._scope, shape, (0, steps), (0, steps))
        )


def _key(operator: Operator) -> Key:
    return str(operator.options["container"]), str(operator.options["shared_name"])
