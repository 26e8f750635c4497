"""What quantising needs to know of a float graph: constants folded, and which tensors share a scale."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from spikelet.converters.tflite.file import Operator, Subgraph, Tensor, TfliteFile
from spikelet.converters.tflite.float_run import VARIABLES, FloatRun, variable_names
from spikelet.errors import ConvertError

__all__ = ["FIXED", "WEIGHTED", "Groups", "folded", "grouped", "renumbered"]

#: Operators with weights.
WEIGHTED = ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED")
#: Scale and zero point that TensorFlow Lite's kernels take for granted in outputs.
FIXED: Mapping[str, tuple[float, int]] = {
    "LOGISTIC": (1 / 256, -128),
    "SOFTMAX": (1 / 256, -128),
    "TANH": (1 / 128, 0),
}
#: Operators whose output has the scale of their first input.
_SAME = ("AVERAGE_POOL_2D", "EXPAND_DIMS", "MAX_POOL_2D", "PAD", "RESHAPE", "SQUEEZE", "STRIDED_SLICE")


@dataclass(frozen=True, slots=True, kw_only=True)
class Groups:
    """Tensors that share a scale.

    `of` is the group of each float tensor; `fixed` has scale and zero point of groups that TensorFlow Lite fixes.
    """

    of: Mapping[int, int]
    fixed: Mapping[int, tuple[float, int]]

    def members(self, group: int) -> list[int]:
        """Tensors of a group."""
        return [tensor for tensor, found in self.of.items() if found == group]


def renumbered(graph: Subgraph, tensors: list[Tensor], operators: list[Operator]) -> Subgraph:
    """The graph with other operators, counted from 0."""
    counted = tuple(replace(operator, index=i) for i, operator in enumerate(operators))
    return replace(graph, tensors=tuple(tensors), operators=counted)


def folded(file: TfliteFile) -> TfliteFile:
    """The file without operators that only read constants, such as weights of float16 made float32.

    Raises:
        ConvertError: it is no float network: an activation or a weight has another type than float32.
    """
    run, graph = FloatRun(file), file.subgraphs[0]
    values, tensors, left = dict(run.constants), list(graph.tensors), []
    for operator in graph.operators:
        read = [i for i in operator.inputs if i >= 0]
        if operator.kind in VARIABLES or not read or any(i not in values for i in read):
            left.append(operator)
            continue
        index = operator.outputs[0]
        values[index] = run.apply(operator, values)
        data = values[index][0].astype(np.float32)
        tensors[index] = replace(tensors[index], kind="FLOAT32", data=data, quantisation=None)
    result = renumbered(graph, tensors, left)
    _check_float(result)
    return replace(file, subgraphs=(result, *file.subgraphs[1:]))


def _check_float(graph: Subgraph) -> None:
    for operator in graph.operators:
        if operator.kind in {"QUANTIZE", "DEQUANTIZE"}:
            _refuse(operator, "it", "an operator of quantised networks")
        positions = range(len(operator.inputs)) if operator.kind in ("ADD", "MUL", "CONCATENATION") else range(1)
        if operator.kind in WEIGHTED:
            positions = range(min(3, len(operator.inputs)))
        if operator.kind in VARIABLES:
            continue
        for index in (*(operator.inputs[i] for i in positions), *operator.outputs):
            if index >= 0 and graph.tensors[index].kind != "FLOAT32":
                _refuse(operator, f"tensor {index} ({graph.tensors[index].name})", graph.tensors[index].kind)
        if operator.kind in WEIGHTED:
            for index in operator.inputs[1:3]:
                if index >= 0 and graph.tensors[index].data is None:
                    _refuse(operator, f"tensor {index} ({graph.tensors[index].name})", "weights that are computed")


def _refuse(operator: Operator, field: str, found: str) -> None:
    raise ConvertError(
        f"operator {operator.index} {operator.kind}",
        field,
        found=found,
        allowed="float32 tensors and constant weights",
        hint="Quantise a float network; convert one that is int8 already without calibration.",
    )


class _Sets:
    """Disjoint sets of tensors, some with a scale that is fixed."""

    def __init__(self) -> None:
        self._parent: dict[int, int] = {}
        self.fixed: dict[int, tuple[float, int]] = {}

    def root(self, tensor: int) -> int:
        self._parent.setdefault(tensor, tensor)
        while self._parent[tensor] != tensor:
            tensor = self._parent[tensor]
        return tensor

    def join(self, a: int, b: int) -> None:
        first, second = sorted((self.root(a), self.root(b)))
        if first != second:
            self._parent[second] = first
            fixed = self.fixed.pop(second, None) or self.fixed.get(first)
            if fixed is not None:
                self.fixed[first] = fixed

    def of(self, tensor: int) -> tuple[float, int] | None:
        return self.fixed.get(self.root(tensor))

    def groups(self) -> Groups:
        return Groups(of={tensor: self.root(tensor) for tensor in sorted(self._parent)}, fixed=dict(self.fixed))


def grouped(file: TfliteFile) -> tuple[TfliteFile, Groups]:
    """Find which tensors share a scale.

    Tensors with a fixed scale that are moved to where another scale is needed (a softmax that is concatenated with
    features) get a QUANTIZE between; in the float graph that comes back it changes nothing.

    Args:
        file: of `folded`.

    Returns:
        The file, with such operators, and the groups.
    """
    graph = file.subgraphs[0]
    grouping = _Grouping(graph)
    for operator in graph.operators:
        grouping.add(operator)
    made = renumbered(graph, grouping.tensors, grouping.operators)
    return replace(file, subgraphs=(made, *file.subgraphs[1:])), grouping.sets.groups()


class _Grouping:
    """Goes through the operators in order."""

    def __init__(self, graph: Subgraph) -> None:
        self.tensors, self.operators, self.sets = list(graph.tensors), list[Operator](), _Sets()
        self._names = variable_names(graph)
        self._variables: dict[str, int] = {}
        for index in graph.inputs:
            self.sets.root(index)

    def add(self, operator: Operator) -> None:
        """Join what the operator needs to have one scale."""
        if operator.kind in FIXED:
            self.sets.root(operator.inputs[0])
            self.sets.fixed[self.sets.root(operator.outputs[0])] = FIXED[operator.kind]
        elif operator.kind in _SAME:
            self.sets.join(operator.inputs[0], operator.outputs[0])
        elif operator.kind == "READ_VARIABLE":
            self.sets.join(self._variable(operator, operator.outputs[0]), operator.outputs[0])
        elif operator.kind == "CONCATENATION":
            operator = self._requantised(operator, operator.inputs, None)
            for index in (*operator.inputs, *operator.outputs):
                self.sets.join(operator.inputs[0], index)
        elif operator.kind == "ASSIGN_VARIABLE":
            variable = self._variable(operator, operator.inputs[1])
            operator = self._requantised(operator, operator.inputs[1:], variable)
            self.sets.join(variable, operator.inputs[1])
        elif operator.kind not in VARIABLES:
            read = operator.inputs if operator.kind in ("ADD", "MUL") else operator.inputs[:1]
            for index in (*read, *operator.outputs):
                self.sets.root(index)
        self.operators.append(operator)

    def _variable(self, operator: Operator, otherwise: int) -> int:
        """The tensor that stands for a variable: the first that is read or assigned."""
        return self._variables.setdefault(self._names[operator.inputs[0]], otherwise)

    def _requantised(self, operator: Operator, data: tuple[int, ...], variable: int | None) -> Operator:
        """The operator, reading copies of inputs whose fixed scale is not that of all; makes the copies."""
        joined = data if variable is None else (*data, variable)
        if len({self.sets.of(index) for index in joined}) == 1:
            return operator
        copies: dict[int, int] = {}
        for index in data:
            if self.sets.of(index) is not None and index not in copies:
                original, copies[index] = self.tensors[index], len(self.tensors)
                name = f"{original.name}/requantised"
                self.tensors.append(replace(original, index=copies[index], name=name))
                self.operators.append(Operator(index=0, kind="QUANTIZE", inputs=(index,), outputs=(copies[index],)))
                self.sets.root(copies[index])
        return replace(operator, inputs=tuple(copies.get(index, index) for index in operator.inputs))
