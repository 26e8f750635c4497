"""Float tensors that only carry int8 or int16 numbers: at a network's ends, and around the moves of a streaming one.

TensorFlow leaves variables of a quantised network float, and what is concatenated with them: DEQUANTIZE, moves,
QUANTIZE. Moves do not compute, so that the numbers can stay what they are. Float tensors that moves and variables
connect are one group, which takes the scale and zero point of the QUANTIZE behind it; a DEQUANTIZE with the same ones
is then nothing, and one with others a function of one number.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any, NoReturn

import numpy as np
import numpy.typing as npt

from spikelet.converters.tflite.file import Operator, Quantisation, Subgraph, Tensor, TfliteFile
from spikelet.errors import ConvertError

__all__ = ["MOVES", "SAME", "THROUGH_FLOAT", "Folded", "fold_floats"]

#: Operators that only move elements.
MOVES = (
    "RESHAPE",
    "EXPAND_DIMS",
    "SQUEEZE",
    "CONCATENATION",
    "STRIDED_SLICE",
    "PAD",
    "READ_VARIABLE",
    "ASSIGN_VARIABLE",
)
#: Kinds of operators that only a folded file has: none of its numbers changes; they become others by way of float32.
SAME, THROUGH_FLOAT = "same", "through float"
_CALIBRATE = "Give calibration data to quantise it here, or export it with full integer quantisation."
_KINDS = ("INT8", "UINT8", "INT16")
#: A tensor of the network by its index, or a variable by container and name.
Node = int | tuple[str, str]
#: Type, scale and zero point.
Form = tuple[str, float, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Folded:
    """A file without float tensors that matter; `floats` are those that it had, by index in subgraph 0."""

    file: TfliteFile
    floats: frozenset[int]


@dataclass(slots=True)
class _Group:
    """Float tensors and variables that moves connect, and the forms that go in and out."""

    members: set[Node] = field(default_factory=set)
    sources: set[Form] = field(default_factory=set)
    sinks: set[Form] = field(default_factory=set)
    is_output: bool = False
    form: Form | None = None


def fold_floats(file: TfliteFile, name: str) -> Folded:
    """Give float tensors the numbers that they stand for.

    Args:
        file: as the reader gives it.
        name: of the file, for messages.

    Raises:
        ConvertError: an operator computes with float numbers, or a group has more than one form.
    """
    return _Folding(file, name).folded()


def _data_inputs(operator: Operator) -> tuple[int, ...]:
    """The inputs that a move moves."""
    if operator.kind == "CONCATENATION":
        return operator.inputs
    start, stop = {"READ_VARIABLE": (0, 0), "ASSIGN_VARIABLE": (1, 2)}.get(operator.kind, (0, 1))
    return operator.inputs[start:stop]


class _Folding:
    """One folding."""

    def __init__(self, file: TfliteFile, name: str) -> None:
        self._file, self._name, self._graph = file, name, file.subgraphs[0]
        self._groups: dict[Node, _Group] = {}
        self._keys = {op.outputs[0]: _key(op) for op in self._graph.operators if op.kind == "VAR_HANDLE" and op.outputs}

    def folded(self) -> Folded:
        """The folded file."""
        floats = {t.index for t in self._graph.tensors if t.kind == "FLOAT32"}
        for index in (*self._graph.inputs, *self._graph.outputs):
            if index in floats:
                self._group(index).is_output |= index in self._graph.outputs
        for operator in self._graph.operators:
            self._visit(operator)
        for group in {id(group): group for group in self._groups.values()}.values():
            group.form = self._form_of(group)
        graph = replace(
            self._graph,
            tensors=tuple(self._tensor(t) for t in self._graph.tensors),
            operators=tuple(self._operator(op) for op in self._graph.operators),
        )
        others = tuple(self._initial(subgraph) for subgraph in self._file.subgraphs[1:])
        used = frozenset(node for node in self._groups if isinstance(node, int))
        return Folded(file=replace(self._file, subgraphs=(graph, *others)), floats=used)

    def _refuse(self, where: str, found: str, allowed: str, hint: str = _CALIBRATE) -> NoReturn:
        raise ConvertError(self._name, where, found=found, allowed=allowed, hint=hint)

    def _shown(self, index: int) -> str:
        return f"tensor {index} ({self._graph.tensors[index].name[:60]})"

    def _is_float(self, index: int) -> bool:
        return index >= 0 and self._graph.tensors[index].kind == "FLOAT32"

    def _group(self, node: Node) -> _Group:
        if node not in self._groups:
            self._groups[node] = _Group(members={node})
        return self._groups[node]

    def _join(self, nodes: Iterable[Node]) -> None:
        """Make one group of several."""
        first, *rest = (self._group(node) for node in nodes)
        for other in rest:
            if other is first:
                continue
            first.members |= other.members
            first.sources |= other.sources
            first.sinks |= other.sinks
            first.is_output |= other.is_output
            for node in other.members:
                self._groups[node] = first

    def _form(self, index: int) -> Form:
        """The form of an int tensor."""
        tensor = self._graph.tensors[index]
        if tensor.kind not in _KINDS or tensor.quantisation is None or len(tensor.quantisation.scale) != 1:
            found = f"{tensor.kind} {'with' if tensor.quantisation else 'without'} quantisation parameters"
            self._refuse(self._shown(index), found, f"{', '.join(_KINDS)} with one scale and zero point")
        return tensor.kind, float(tensor.quantisation.scale[0]), int(tensor.quantisation.zero_point[0])

    def _visit(self, operator: Operator) -> None:
        inputs, outputs = operator.inputs, operator.outputs
        floats = [index for index in (*inputs, *outputs) if self._is_float(index)]
        if not floats:
            return
        if operator.kind in {"QUANTIZE", "DEQUANTIZE"}:
            if len(inputs) != 1 or len(outputs) != 1 or inputs[0] < 0 or len(floats) != 1:
                self._refuse(self._where(operator), f"{len(floats)} float tensors", "one, its input or its output")
            if operator.kind == "QUANTIZE" and self._is_float(inputs[0]):
                self._group(inputs[0]).sinks.add(self._form(outputs[0]))
            elif operator.kind == "DEQUANTIZE" and self._is_float(outputs[0]):
                self._group(outputs[0]).sources.add(self._form(inputs[0]))
            else:
                self._refuse(self._where(operator), "float numbers on the wrong side", "QUANTIZE from, DEQUANTIZE to")
            return
        moved = [index for index in (*_data_inputs(operator), *outputs) if index >= 0]
        if operator.kind not in MOVES or not all(self._is_float(index) for index in moved):
            self._refuse(f"{self._where(operator)}: {self._shown(floats[0])}", "FLOAT32", " or ".join(_KINDS))
        nodes: list[Node] = list(moved)
        if operator.kind in {"READ_VARIABLE", "ASSIGN_VARIABLE"}:
            if not inputs or inputs[0] not in self._keys:
                self._refuse(self._where(operator), "no handle of a VAR_HANDLE", "one as its first input")
            nodes.append(self._keys[inputs[0]])
        self._join(nodes)

    def _where(self, operator: Operator) -> str:
        return f"operator {operator.index} {operator.kind}"

    def _form_of(self, group: _Group) -> Form:
        """The form that a group takes."""
        shown = next((self._shown(node) for node in sorted(n for n in group.members if isinstance(n, int))), "variable")
        wanted = group.sources if group.is_output or len(group.sinks) != 1 else group.sinks
        if len(wanted) != 1 or (group.is_output and group.sinks - wanted):
            found = f"FLOAT32 of {len(group.sources)} forms, quantised to {len(group.sinks)}"
            self._refuse(shown, found, "numbers of one scale and zero point")
        return next(iter(wanted))

    def _tensor(self, tensor: Tensor) -> Tensor:
        group = self._groups.get(tensor.index)
        if group is None:
            return tensor
        assert group.form is not None
        data = None if tensor.data is None else _quantised(tensor.data, group.form)
        return replace(tensor, kind=group.form[0], quantisation=_quantisation(group.form), data=data)

    def _operator(self, operator: Operator) -> Operator:
        if not any(self._is_float(index) for index in (*operator.inputs, *operator.outputs)):
            return operator
        # What has float tensors was visited, and has one of each.
        if operator.kind == "QUANTIZE":
            return self._between(operator, self._groups[operator.inputs[0]].form, self._form(operator.outputs[0]))
        if operator.kind == "DEQUANTIZE":
            return self._between(operator, self._form(operator.inputs[0]), self._groups[operator.outputs[0]].form)
        return operator

    def _between(self, operator: Operator, source: Form | None, target: Form | None) -> Operator:
        assert source is not None
        assert target is not None
        if source == target:
            return replace(operator, kind=SAME)
        if source[0] == "INT16" or target[0] == "INT16":
            found = f"int16 of scale {source[1]:g} to scale {target[1]:g} by way of float"
            self._refuse(self._where(operator), found, "the same scale and zero point")
        return replace(operator, kind=THROUGH_FLOAT)

    def _initial(self, subgraph: Subgraph) -> Subgraph:
        """A subgraph whose float constants are initial values of variables."""
        keys = {op.outputs[0]: _key(op) for op in subgraph.operators if op.kind == "VAR_HANDLE" and op.outputs}
        forms: dict[int, Form] = {}
        for operator in subgraph.operators:
            if operator.kind != "ASSIGN_VARIABLE" or len(operator.inputs) != 2 or operator.inputs[0] not in keys:
                continue
            group = self._groups.get(keys[operator.inputs[0]])
            if group is None or group.form is None:
                continue
            if forms.setdefault(operator.inputs[1], group.form) != group.form:
                self._refuse(f"subgraph {subgraph.name}", "an initial value of variables of two forms", "one for each")
        return replace(
            subgraph,
            tensors=tuple(
                replace(
                    t,
                    kind=forms[t.index][0],
                    quantisation=_quantisation(forms[t.index]),
                    data=_quantised(t.data, forms[t.index]),
                )
                if t.index in forms and t.kind == "FLOAT32" and t.data is not None
                else t
                for t in subgraph.tensors
            ),
        )


def _key(operator: Operator) -> tuple[str, str]:
    return str(operator.options["container"]), str(operator.options["shared_name"])


def _quantisation(form: Form) -> Quantisation:
    return Quantisation(scale=np.array([form[1]], np.float32), zero_point=np.array([form[2]], np.int64))


def _quantised(values: npt.NDArray[Any], form: Form) -> npt.NDArray[Any]:
    """What QUANTIZE makes of float constants: float32 division, halves away from zero, clamped."""
    kind, scale, zero = form
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        steps = (values.astype(np.float32) / np.float32(scale)).astype(np.float64)
    limits = np.iinfo(kind.lower())
    rounded = np.copysign(np.floor(np.abs(steps) + 0.5), steps) + zero
    numbers: npt.NDArray[Any] = np.clip(np.nan_to_num(rounded), limits.min, limits.max).astype(kind.lower())
    return numbers
