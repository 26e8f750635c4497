"""Typed .tflite files that contradict themselves: one option, shape, input or scale is another."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from spikelet.converters.tflite.file import Operator, Tensor, TfliteFile

__all__ = ["damaged"]

_VALUES = (-1, 0, 1, 2, 3, 17, 70000, 2**31 - 1, -(2**31), "SAME", "VALID", "RELU6", "TANH", 0.5, True)


def damaged(file: TfliteFile, rng: np.random.Generator) -> TfliteFile:
    """A file with one change."""
    graph = file.subgraphs[0]
    operators, tensors = list(graph.operators), list(graph.tensors)
    if rng.integers(2):
        place = int(rng.integers(len(operators)))
        operators[place] = _operator(operators[place], len(tensors), rng)
    else:
        place = int(rng.integers(len(tensors)))
        tensors[place] = _tensor(tensors[place], rng)
    changed = replace(graph, operators=tuple(operators), tensors=tuple(tensors))
    return replace(file, subgraphs=(changed, *file.subgraphs[1:]))


def _operator(operator: Operator, tensors: int, rng: np.random.Generator) -> Operator:
    if operator.options and rng.integers(2):
        name = str(rng.choice(list(operator.options)))
        options: dict[str, Any] = {**operator.options, name: _VALUES[int(rng.integers(len(_VALUES)))]}
        return replace(operator, options=options)
    inputs = list(operator.inputs)
    if not rng.integers(4):
        return replace(operator, inputs=tuple(inputs[:-1]))
    inputs[int(rng.integers(len(inputs)))] = int(rng.integers(-1, tensors))
    return replace(operator, inputs=tuple(inputs))


def _tensor(tensor: Tensor, rng: np.random.Generator) -> Tensor:
    """Another shape, with the data cut or repeated to it, another scale, or none."""
    if tensor.quantisation is not None and not rng.integers(3):
        scale = np.float32(rng.choice([0.0, 1e-38, 1e30, 3.0])) * np.ones_like(tensor.quantisation.scale)
        return replace(tensor, quantisation=replace(tensor.quantisation, scale=scale) if rng.integers(4) else None)
    shape = list(tensor.shape) or [1]
    if rng.integers(3):
        shape[int(rng.integers(len(shape)))] = int(rng.choice([0, 1, 2, 5, 1000, 2**20]))
    else:
        shape = shape[:-1] if rng.integers(2) else [*shape, 1]
    if np.prod(shape, dtype=np.int64) > 2**22:
        return replace(tensor, shape=tuple(shape), data=None)
    data = None if tensor.data is None else np.resize(tensor.data, shape)
    return replace(tensor, shape=tuple(shape), data=data)
