"""What TensorFlow Lite Micro's greedy planner needs for the tensors of the same file: a figure to compare with.

Written from the description of its planner and of how it finds lifetimes, both in its own repository
(tensorflow/lite/micro: memory_planner/greedy_memory_planner.cc, micro_allocation_info.cc):

- every tensor that an operator writes, and every input, is a buffer of its own, of a multiple of 16 bytes; results of
  RESHAPE too. Constants and handles of variables are none.
- time is the number of the operator, from 1 on; inputs begin at 0, outputs live up to the end.
- buffers are placed in the order of their sizes, the largest first, of equal ones the later tensor first; each at the
  lowest place where it is free of those placed before that live at the same time as it.

Its reference kernels ask for no scratch. Variables lie elsewhere in its arena, and are counted on their own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from spikelet.converters.tflite.file import Subgraph, Tensor, TfliteFile

__all__ = ["TflmPlan", "tflm_plan"]

_ALIGNED = 16
_BYTES = {"INT8": 1, "UINT8": 1, "BOOL": 1, "INT16": 2, "UINT16": 2, "FLOAT16": 2, "INT64": 8, "FLOAT64": 8}


@dataclass(frozen=True, slots=True, kw_only=True)
class TflmPlan:
    """Bytes of tensors as its greedy planner places them, and of variables beside them."""

    tensors: int
    variables: int


@dataclass(slots=True)
class _Buffer:
    size: int
    first: int
    last: int
    at: int = -1


def tflm_plan(file: TfliteFile) -> TflmPlan:
    """The plan of a file's network."""
    graph = file.subgraphs[0]
    return TflmPlan(tensors=_greedy(_buffers(graph)), variables=_variables(graph))


def _bytes(tensor: Tensor) -> int:
    size = tensor.size * _BYTES.get(tensor.kind, 4)
    return -(-size // _ALIGNED) * _ALIGNED


def _buffers(graph: Subgraph) -> list[_Buffer]:
    """What is to be placed, in the order of the tensors."""
    spans: dict[int, tuple[int, int]] = dict.fromkeys(graph.inputs, (0, 0))
    for time, operator in enumerate(graph.operators, 1):
        for index in (*operator.inputs, *operator.outputs):
            if index >= 0:
                spans[index] = (spans.get(index, (time, time))[0], time)
    for index in graph.outputs:
        end = len(graph.operators)
        spans[index] = (spans.get(index, (end, end))[0], end)
    found = []
    for index in sorted(spans):
        tensor = graph.tensors[index]
        if tensor.data is None and tensor.kind != "RESOURCE" and tensor.size:
            found.append(_Buffer(_bytes(tensor), *spans[index]))
    return found


def _greedy(buffers: Sequence[_Buffer]) -> int:
    """Place all buffers; returns where the last one ends."""
    for index in sorted(range(len(buffers)), key=lambda i: (-buffers[i].size, -i)):
        buffer = buffers[index]
        taken = sorted(
            (other.at, other.at + other.size)
            for other in buffers
            if other.at >= 0 and other.first <= buffer.last and buffer.first <= other.last
        )
        at = 0
        for start, stop in taken:
            if start - at >= buffer.size:
                break
            at = max(at, stop)
        buffer.at = at
    return max((buffer.at + buffer.size for buffer in buffers), default=0)


def _variables(graph: Subgraph) -> int:
    """Bytes of the variables that the network reads or assigns."""
    handles = {op.outputs[0]: op.options for op in graph.operators if op.kind == "VAR_HANDLE" and op.outputs}
    sizes: dict[tuple[object, object], int] = {}
    for operator in graph.operators:
        pairs = {
            "READ_VARIABLE": (operator.inputs[:1], operator.outputs[:1]),
            "ASSIGN_VARIABLE": (operator.inputs[:1], operator.inputs[1:2]),
        }.get(operator.kind)
        if pairs is None or not all(pairs) or pairs[0][0] not in handles or pairs[1][0] < 0:
            continue
        options = handles[pairs[0][0]]
        sizes[options["container"], options["shared_name"]] = _bytes(graph.tensors[pairs[1][0]])
    return sum(sizes.values())
