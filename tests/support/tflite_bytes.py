"""Typed .tflite data as the bytes of a file, for the interpreter: weights of 4 and 2 bits are bytes in it."""

from __future__ import annotations

from typing import Any

from spikelet.converters.tflite.file import Subgraph, TfliteFile
from support.tflite_builder import FileBuilder, GraphBuilder, Scales

__all__ = ["file_bytes"]

#: Options that the interpreter does not need: shapes are those of tensors, and no other format of weights is read.
_LEFT_OUT = ("new_shape", "weights_format")


def file_bytes(file: TfliteFile) -> bytes:
    """The file; tensors and operators keep their indices."""
    builder = FileBuilder(file.subgraphs[0].name)
    for subgraph in file.subgraphs[1:]:
        builder.graph(subgraph.name)
    for subgraph, graph in zip(file.subgraphs, builder.graphs, strict=True):
        _write(subgraph, graph)
    return builder.build()


def _write(subgraph: Subgraph, graph: GraphBuilder) -> None:
    for tensor in subgraph.tensors:
        given = tensor.quantisation
        scales: Any = None
        if given is not None:
            scales = Scales(scale=given.scale.tolist(), zero_point=given.zero_point.tolist(), axis=given.axis)
        graph.tensor(tensor.shape, tensor.kind, scales=scales, name=tensor.name, data=tensor.data)
    for operator in subgraph.operators:
        options = {k: v for k, v in operator.options.items() if k not in _LEFT_OUT}
        graph.operator(operator.kind, operator.inputs, operator.outputs, **options)
    graph.inputs, graph.outputs = list(subgraph.inputs), list(subgraph.outputs)
