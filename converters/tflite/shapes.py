"""Arithmetic with shapes, as Keras writes it for a free batch, becomes constants: nothing of it is left to run."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from spikelet.converters.tflite.file import Operator, Subgraph, Tensor

__all__ = ["fold_shapes"]

_Array = npt.NDArray[Any]
#: Whole numbers that shapes are made of, and the most of them in a tensor.
_KINDS, _MOST = {"INT32": np.int32, "INT64": np.int64}, 16


def fold_shapes(graph: Subgraph) -> Subgraph:
    """Compute what follows from the shapes of tensors alone, and leave its operators out.

    An operator is kept where an input is not known, or its result is not what the file says of the tensor.
    """
    tensors = list(graph.tensors)
    kept = []
    for operator in graph.operators:
        found = _result(operator, tensors)
        if found is None or operator.outputs[0] in graph.outputs:
            kept.append(operator)
        else:
            index = operator.outputs[0]
            tensors[index] = replace(tensors[index], data=found)
    return replace(graph, tensors=tuple(tensors), operators=tuple(kept))


def _result(operator: Operator, tensors: Sequence[Tensor]) -> _Array | None:
    """The constant that an operator gives; None: it gives none."""
    if operator.kind not in _FOLDS or len(operator.outputs) != 1 or not operator.inputs or min(operator.inputs) < 0:
        return None
    inputs, output = [tensors[index] for index in operator.inputs], tensors[operator.outputs[0]]
    if output.kind not in _KINDS or output.size > _MOST or output.data is not None:
        return None
    if operator.kind == "SHAPE":
        found: _Array | None = np.array(inputs[0].shape)
    else:
        known = [tensor.data for tensor in inputs if tensor.data is not None and tensor.kind in _KINDS]
        found = _FOLDS[operator.kind](operator.options, known) if len(known) == len(inputs) else None
    return None if found is None or found.shape != output.shape else found.astype(_KINDS[output.kind])


def _slice(options: Mapping[str, Any], inputs: Sequence[_Array]) -> _Array | None:
    """STRIDED_SLICE of a vector."""
    if len(inputs) != 4 or any(part.shape != (1,) for part in inputs[1:]) or inputs[0].ndim != 1:
        return None
    vector, (begin, end, step) = inputs[0], (int(part[0]) for part in inputs[1:])
    if step == 0 or options.get("offset") or options.get("ellipsis_mask") or options.get("new_axis_mask"):
        return None
    if options.get("shrink_axis_mask"):
        return vector[begin] if -len(vector) <= begin < len(vector) else None
    return vector[None if options.get("begin_mask") else begin : None if options.get("end_mask") else end : step]


def _pack(options: Mapping[str, Any], inputs: Sequence[_Array]) -> _Array | None:
    """PACK of scalars."""
    return np.array(inputs) if options.get("axis") == 0 and all(part.ndim == 0 for part in inputs) else None


def _join(options: Mapping[str, Any], inputs: Sequence[_Array]) -> _Array | None:
    """CONCATENATION of vectors."""
    fits = options.get("axis") in {0, -1} and all(part.ndim == 1 for part in inputs)
    return np.concatenate(inputs) if fits else None


_FOLDS: Mapping[str, Callable[[Mapping[str, Any], Sequence[_Array]], _Array | None]] = {
    "SHAPE": lambda _options, _inputs: None,
    "STRIDED_SLICE": _slice,
    "PACK": _pack,
    "CONCATENATION": _join,
}
