"""Checks that data flow through a subgraph in the order of its operators."""

from __future__ import annotations

from typing import NoReturn

from spikelet.converters.tflite.file import Subgraph
from spikelet.errors import ConvertError

__all__ = ["check_flow"]


def check_flow(subgraph: Subgraph, path: str) -> Subgraph:
    """The subgraph, when every tensor is written once, before it is read.

    Raises:
        ConvertError: an operator reads what nothing wrote before it, or writes an input, a constant or a tensor that
            another one wrote; an output is never written; a port is there twice.
    """
    written = {t.index for t in subgraph.tensors if t.data is not None}
    for index in subgraph.inputs:
        if index in written:
            _refuse(subgraph, path, "inputs", index, "which is a constant or twice there")
        written.add(index)
    for operator in subgraph.operators:
        where = f"{path}: operator {operator.index} {operator.kind}"
        for index in operator.inputs:
            if index >= 0 and index not in written:
                _refuse(subgraph, where, "inputs", index, "which nothing wrote before")
        for index in operator.outputs:
            if index in written:
                _refuse(subgraph, where, "outputs", index, "which is an input, a constant or written before")
            written.add(index)
    for index in subgraph.outputs:
        if index not in written:
            _refuse(subgraph, path, "outputs", index, "which nothing writes")
    if len(set(subgraph.outputs)) != len(subgraph.outputs):
        _refuse(subgraph, path, "outputs", subgraph.outputs[0], "or another one twice")
    return subgraph


def _refuse(subgraph: Subgraph, path: str, field: str, index: int, what: str) -> NoReturn:
    raise ConvertError(
        path,
        field,
        found=f"tensor {index} ({subgraph.tensors[index].name[:60]}), {what}",
        allowed="tensors that are written once, before they are read",
        hint="The file is damaged: export it again.",
    )
