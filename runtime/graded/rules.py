"""The rules that a graded model keeps: docs/reference/graded.md 4.8. One list for writing and reading images."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator

import numpy as np

from spikelet.errors import ModelError
from spikelet.graded.image_layout import LAYERS_MAX, MEMORY_MAX, PORTS_MAX, SIZE_MAX, TENSORS_MAX
from spikelet.graded.model import GradedModel, GradedPort, GradedTensor, TensorType
from spikelet.graded.rules_layers import layer_violations

__all__ = ["Violation", "check", "violations"]

#: A code without its prefix, and a sentence.
Violation = tuple[str, str]


def check(model: GradedModel) -> None:
    """Refuse a model that breaks a rule.

    Raises:
        ModelError: with the first rule that is broken.
    """
    for _, sentence in violations(model):
        raise ModelError(sentence)


def violations(model: GradedModel) -> Iterator[Violation]:
    """What is wrong with a model: the engine's code, and a sentence. What follows the first one may not be right."""
    yield from _memory(model)
    for index, tensor in enumerate(model.tensors):
        for sentence in _tensor(model, tensor):
            yield "IMAGE_TENSOR", f"tensor {index} ({tensor.name}): {sentence}"
    yield from _ports(model)
    counts = (("tensors", len(model.tensors), TENSORS_MAX), ("layers", len(model.layers), LAYERS_MAX))
    for name, n, most in counts:
        if not 1 <= n <= most:
            yield "IMAGE_SECTION", f"there are {n} {name}; allowed: 1 to {most}"
    yield from _layers(model)


def _memory(model: GradedModel) -> Iterator[Violation]:
    if model.memory % 8 or not 0 <= model.memory <= MEMORY_MAX:
        yield "IMAGE_MODEL", f"memory is {model.memory}; allowed: multiples of 8 up to {MEMORY_MAX}"
    if model.variables % 8 or not 0 <= model.variables <= model.memory:
        yield "IMAGE_MODEL", f"variables is {model.variables}; allowed: multiples of 8 up to memory, {model.memory}"
    if model.initial.shape != (model.variables,) or model.initial.dtype != np.uint8:
        found = f"{model.initial.dtype} of shape {model.initial.shape}"
        yield "IMAGE_MODEL", f"initial is {found}; allowed: uint8 of shape ({model.variables},)"


def _tensor(model: GradedModel, tensor: GradedTensor) -> Iterator[str]:
    size = 1
    for n in tensor.shape:
        size *= int(n)
    if not 1 <= size <= SIZE_MAX or any(n < 1 for n in tensor.shape):
        yield f"shape {tensor.shape} has {size} elements; allowed: 1 to {SIZE_MAX}"
    if not -(2**31) <= tensor.zero_point < 2**31:
        yield f"zero_point is {tensor.zero_point}; allowed: 32 bits"
    if tensor.constant is not None:
        if tensor.constant.dtype != tensor.type.dtype or tensor.constant.shape != tensor.shape or tensor.at:
            found = f"{tensor.constant.dtype} of shape {tensor.constant.shape} at {tensor.at}"
            yield f"constant is {found}; allowed: {tensor.type.dtype} of shape {tensor.shape} at 0"
    elif tensor.at % 4 or not 0 <= tensor.at <= model.memory - size * tensor.type:
        place = f"{size * tensor.type} bytes at {tensor.at}"
        yield f"{place} do not lie at a multiple of 4 in the memory of {model.memory}"


def _ports(model: GradedModel) -> Iterator[Violation]:
    named: tuple[tuple[str, str, tuple[GradedPort, ...]], ...] = (
        ("IMAGE_INPUT", "input", model.inputs),
        ("IMAGE_OUTPUT", "output", model.outputs),
    )
    if len(model.inputs) + len(model.outputs) > PORTS_MAX:
        n = len(model.inputs) + len(model.outputs)
        yield "IMAGE_SECTION", f"there are {n} inputs and outputs; allowed: {PORTS_MAX}"
    for code, name, ports in named:
        if not ports:
            yield code, f"there is no {name} port; allowed: 1 and more"
        for index, port in enumerate(ports):
            if not 0 <= port.tensor < len(model.tensors):
                yield code, f"{name} {index} ({port.name}): tensor {port.tensor} is not there"
            elif model.tensors[port.tensor].constant is not None:
                yield code, f"{name} {index} ({port.name}): tensor {port.tensor} is a constant"


def _layers(model: GradedModel) -> Iterator[Violation]:
    written = _Written()
    written.add(0, model.variables)
    for port in model.inputs:
        written.add(*_bytes(model.tensors[port.tensor]))
    for index, layer in enumerate(model.layers):
        where = f"layer {index} ({layer.name})"
        named = [("output", layer.output), *(("input", tensor) for tensor in layer.inputs)]
        missing = [(name, tensor) for name, tensor in named if not 0 <= tensor < len(model.tensors)]
        if missing:
            yield "IMAGE_LAYER", f"{where}: {missing[0][0]} tensor {missing[0][1]} is not there"
            continue
        inputs, output = [model.tensors[tensor] for tensor in layer.inputs], model.tensors[layer.output]
        if output.constant is not None:
            yield "IMAGE_LAYER", f"{where}: it writes tensor {layer.output}, a constant"
            continue
        yield from (("IMAGE_LAYER", f"{where}: {text}") for text in layer_violations(layer, inputs, output))
        for tensor, about in zip(layer.inputs, inputs, strict=True):
            if about.constant is None and not written.has(*_bytes(about)):
                text = f"it reads tensor {tensor} ({about.name}), which nothing has written before"
                yield "IMAGE_ORDER", f"{where}: {text}"
        written.add(*_bytes(output))
    for index, port in enumerate(model.outputs):
        if not written.has(*_bytes(model.tensors[port.tensor])):
            yield "IMAGE_ORDER", f"output {index} ({port.name}): nothing writes tensor {port.tensor}"


def _bytes(tensor: GradedTensor) -> tuple[int, int]:
    """Where a tensor begins and ends in the memory."""
    return tensor.at, tensor.at + tensor.size * TensorType(tensor.type)


class _Written:
    """Bytes that something has written, as runs that do not touch."""

    def __init__(self) -> None:
        self._starts: list[int] = []
        self._stops: list[int] = []

    def add(self, start: int, stop: int) -> None:
        """Add a run; an empty one adds nothing."""
        if start >= stop:
            return
        first = bisect_right(self._stops, start - 1)
        last = bisect_right(self._starts, stop)
        if first < last:
            start, stop = min(start, self._starts[first]), max(stop, self._stops[last - 1])
        self._starts[first:last] = [start]
        self._stops[first:last] = [stop]

    def has(self, start: int, stop: int) -> bool:
        """Whether every byte of a run was written."""
        index = bisect_right(self._starts, start) - 1
        return index >= 0 and self._stops[index] >= stop
