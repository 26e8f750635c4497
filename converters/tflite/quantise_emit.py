"""Writes a fitted network as an int8 file, in the form that TensorFlow Lite's own have."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from spikelet.converters.tflite.file import Operator, Quantisation, Subgraph, Tensor, TfliteFile
from spikelet.converters.tflite.float_run import variable_names
from spikelet.converters.tflite.quantise_graph import renumbered
from spikelet.converters.tflite.quantise_ranges import Scale
from spikelet.converters.tflite.quantise_weights import AXES, Layer

__all__ = ["emitted"]


def emitted(
    file: TfliteFile, scales: Mapping[int, Scale], layers: Mapping[int, Layer], *, float_ports: bool
) -> TfliteFile:
    """The int8 file.

    Activations keep their indices and names.

    Args:
        file: of `grouped`.
        scales: by tensor.
        layers: by index of the operator.
        float_ports: inputs and outputs stay float32, behind QUANTIZE and before DEQUANTIZE; else they are int8.
    """
    graph = file.subgraphs[0]
    writer = _Writer(graph, scales)
    operators = [writer.operator(operator, layers.get(operator.index)) for operator in graph.operators]
    if float_ports:
        before, inputs = writer.ports(graph.inputs, "QUANTIZE")
        after, outputs = writer.ports(graph.outputs, "DEQUANTIZE")
        graph = replace(graph, inputs=inputs, outputs=outputs)
        operators = [*before, *operators, *after]
    made = renumbered(graph, writer.tensors, operators)
    return replace(file, subgraphs=(made, *_initial(file, scales)))


class _Writer:
    """Collects tensors; constants of the float network are replaced where they are used first."""

    def __init__(self, graph: Subgraph, scales: Mapping[int, Scale]) -> None:
        self.tensors = [_activation(tensor, scales) for tensor in graph.tensors]
        self._replaced = set(scales)

    def operator(self, operator: Operator, layer: Layer | None) -> Operator:
        """With weights and bias of a layer."""
        if layer is None:
            return operator
        source = self.tensors[operator.inputs[0]].quantisation
        assert source is not None
        axis = AXES[operator.kind]
        weight = self._constant(operator.inputs[1], "", layer.codes, _symmetric(layer.scale, axis, layer.bits))
        given = operator.inputs[2] if len(operator.inputs) > 2 else -1
        unit = source.scale[0] * layer.scale
        name = f"{self.tensors[operator.outputs[0]].name}/bias"
        bias = self._constant(given, name, layer.bias, _symmetric(unit.astype(np.float32)))
        return replace(operator, inputs=(operator.inputs[0], weight, bias))

    def _constant(self, index: int, name: str, data: npt.NDArray[Any], quantisation: Quantisation) -> int:
        """Put a constant in the place of a float one, or behind all where that is taken already."""
        if index < 0 or index in self._replaced:
            name = name or f"{self.tensors[index].name}/again"
            index = len(self.tensors)
        else:
            name = self.tensors[index].name
        kind = {np.dtype(np.int8): "INT8", np.dtype(np.int32): "INT32"}[data.dtype]
        made = Tensor(index=index, name=name, kind=kind, shape=data.shape, quantisation=quantisation, data=data)
        self.tensors[index : index + 1] = [made]
        self._replaced.add(index)
        return index

    def ports(self, indices: tuple[int, ...], kind: str) -> tuple[list[Operator], tuple[int, ...]]:
        """Float tensors with the same names, and the operators between."""
        operators, found = [], []
        for index in indices:
            inner, outer = self.tensors[index], len(self.tensors)
            self.tensors.append(replace(inner, index=outer, kind="FLOAT32", quantisation=None, data=None))
            pair = (outer, index) if kind == "QUANTIZE" else (index, outer)
            operators.append(Operator(index=0, kind=kind, inputs=pair[:1], outputs=pair[1:]))
            found.append(outer)
        return operators, tuple(found)


def _symmetric(scale: npt.NDArray[np.float32], axis: int = 0, bits: int = 8) -> Quantisation:
    return Quantisation(scale=scale, zero_point=np.zeros(len(scale), np.int64), axis=axis, bits=bits)


def _activation(tensor: Tensor, scales: Mapping[int, Scale]) -> Tensor:
    if tensor.index not in scales:
        return tensor
    scale = scales[tensor.index]
    quantisation = Quantisation(scale=np.array([scale.scale], np.float32), zero_point=np.array([scale.zero_point]))
    data = None if tensor.data is None else _codes(tensor.data, scale)
    return replace(tensor, kind="INT8", quantisation=quantisation, data=data)


def _codes(data: npt.NDArray[Any], scale: Scale) -> npt.NDArray[np.int8]:
    rounded = np.rint(data.astype(np.float64) / scale.scale) + scale.zero_point
    codes: npt.NDArray[np.int8] = np.clip(rounded, -128, 127).astype(np.int8)
    return codes


def _initial(file: TfliteFile, scales: Mapping[int, Scale]) -> list[Subgraph]:
    """The subgraphs that give variables their first values, with those values rounded."""
    graph = file.subgraphs[0]
    names = variable_names(graph)
    reads = {names[o.inputs[0]]: o.outputs[0] for o in graph.operators if o.kind == "READ_VARIABLE"}
    found = []
    for other in file.subgraphs[1:]:
        tensors, own = list(other.tensors), variable_names(other)
        for operator in other.operators:
            name = own.get(operator.inputs[0], "") if operator.kind == "ASSIGN_VARIABLE" else ""
            if name in reads:
                index = operator.inputs[1]
                tensors[index] = _activation(replace(tensors[index], index=reads[name]), scales)
                tensors[index] = replace(tensors[index], index=index)
        found.append(replace(other, tensors=tuple(tensors)))
    return found
