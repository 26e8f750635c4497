"""Writes small .tflite files operator by operator, with any parameters, for tests. No TensorFlow is needed.

The schema's Python classes come from ai-edge-litert. Names are the schema's: `operator("CONV_2D", ..., stride_w=2)`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import flatbuffers
import numpy as np
import numpy.typing as npt
from ai_edge_litert import schema_py_generated as schema

__all__ = ["FileBuilder", "GraphBuilder", "Scales"]

_TYPES = {"float32": "FLOAT32", "int8": "INT8", "int16": "INT16", "int32": "INT32", "int64": "INT64"}
#: Classes of options whose names are not the operator's in camel case.
_OPTIONS = {
    "CONV_2D": "Conv2DOptions",
    "DEPTHWISE_CONV_2D": "DepthwiseConv2DOptions",
    "AVERAGE_POOL_2D": "Pool2DOptions",
    "MAX_POOL_2D": "Pool2DOptions",
    "MEAN": "ReducerOptions",
    "RELU": "",
    "RELU6": "",
    "LOGISTIC": "",
    "TANH": "",
}
_CHOICES = {
    "padding": schema.Padding,
    "fused_activation_function": schema.ActivationFunctionType,
    "quantized_bias_type": schema.TensorType,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Scales:
    """real = scale (q - zero_point); several scales go along `axis`."""

    scale: Sequence[float]
    zero_point: Sequence[int] = (0,)
    axis: int = 0


def _camel(name: str) -> str:
    return "".join(part.capitalize() for part in name.split("_"))


def _member(name: str) -> str:
    """The object API's spelling of a field: stride_w is strideW."""
    return re.sub(r"_([a-z0-9])", lambda match: match.group(1).upper(), name)


@dataclass(slots=True)
class GraphBuilder:
    """One subgraph. Tensors and operators are numbered in the order in which they were added."""

    file: FileBuilder
    name: str
    tensors: list[Any] = field(default_factory=list)
    operators: list[Any] = field(default_factory=list)
    inputs: list[int] = field(default_factory=list)
    outputs: list[int] = field(default_factory=list)

    def tensor(
        self,
        shape: Sequence[int],
        kind: str = "int8",
        *,
        scale: float | None = None,
        zero_point: int = 0,
        scales: Scales | None = None,
        name: str = "",
        data: npt.NDArray[Any] | None = None,
    ) -> int:
        """Add a tensor that operators write (or the caller, or, with `data`, nobody)."""
        tensor = schema.TensorT()
        tensor.name = name or f"{self.name}_{len(self.tensors)}"
        tensor.shape = [int(extent) for extent in shape]
        tensor.type = getattr(schema.TensorType, _TYPES.get(kind, kind))
        tensor.buffer = self.file.buffer(data)
        if scales is None and scale is not None:
            scales = Scales(scale=(scale,), zero_point=(zero_point,))
        if scales is not None:
            quantization = schema.QuantizationParametersT()
            quantization.scale = np.asarray(scales.scale, np.float32)
            points = np.broadcast_to(np.asarray(scales.zero_point, np.int64), quantization.scale.shape)
            quantization.zeroPoint = np.ascontiguousarray(points)
            quantization.quantizedDimension = scales.axis
            tensor.quantization = quantization
        self.tensors.append(tensor)
        return len(self.tensors) - 1

    def constant(self, data: npt.NDArray[Any], **quantisation: Any) -> int:
        """Add a tensor whose values stand in the file."""
        return self.tensor(data.shape, str(data.dtype), data=data, **quantisation)

    def input(self, shape: Sequence[int], kind: str = "int8", **quantisation: Any) -> int:
        """Add a tensor that the caller writes."""
        index = self.tensor(shape, kind, **quantisation)
        self.inputs.append(index)
        return index

    def operator(self, kind: str, inputs: Sequence[int], outputs: Sequence[int], **options: Any) -> None:
        """Add an operator; what is not said about options has the schema's default."""
        operator = schema.OperatorT()
        operator.opcodeIndex = self.file.code(kind)
        operator.inputs = list(inputs)
        operator.outputs = list(outputs)
        class_name = _OPTIONS.get(kind, f"{_camel(kind)}Options")
        if class_name:
            operator.builtinOptionsType = getattr(schema.BuiltinOptions, class_name)
            operator.builtinOptions = getattr(schema, f"{class_name}T")()
            for name, value in options.items():
                choice = _CHOICES.get(name)
                setattr(operator.builtinOptions, _member(name), getattr(choice, value) if choice else value)
        self.operators.append(operator)

    def build(self) -> Any:
        """As the schema's object."""
        graph = schema.SubGraphT()
        graph.name = self.name
        graph.tensors, graph.operators = self.tensors, self.operators
        graph.inputs, graph.outputs = self.inputs, self.outputs
        return graph


class FileBuilder:
    """A .tflite file; its first subgraph is the network."""

    def __init__(self, name: str = "main") -> None:
        self._buffers = [schema.BufferT()]
        self._codes: list[Any] = []
        self._kinds: list[str] = []
        self.graphs = [GraphBuilder(self, name)]

    @property
    def main(self) -> GraphBuilder:
        """Subgraph 0."""
        return self.graphs[0]

    def graph(self, name: str) -> GraphBuilder:
        """Add a subgraph."""
        self.graphs.append(GraphBuilder(self, name))
        return self.graphs[-1]

    def buffer(self, data: npt.NDArray[Any] | None) -> int:
        """Index of a buffer that holds `data`; 0 holds nothing."""
        if data is None:
            return 0
        buffer = schema.BufferT()
        buffer.data = np.frombuffer(data.tobytes(), np.uint8)
        self._buffers.append(buffer)
        return len(self._buffers) - 1

    def code(self, kind: str) -> int:
        """Index of an operator's code."""
        if kind not in self._kinds:
            number = getattr(schema.BuiltinOperator, kind)
            code = schema.OperatorCodeT()
            code.deprecatedBuiltinCode = min(number, 127)
            code.builtinCode = number
            code.version = 1
            self._codes.append(code)
            self._kinds.append(kind)
        return self._kinds.index(kind)

    def build(self) -> bytes:
        """The file. The same calls give the same bytes."""
        model = schema.ModelT()
        model.version = 3
        model.description = "spikelet test"
        model.operatorCodes = self._codes
        model.subgraphs = [graph.build() for graph in self.graphs]
        model.buffers = self._buffers
        builder = flatbuffers.Builder(1024)
        builder.Finish(model.Pack(builder), b"TFL3")
        return bytes(builder.Output())
