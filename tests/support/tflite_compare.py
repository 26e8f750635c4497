"""Compares a graded network with a .tflite file's tensors, byte by byte, while it runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from spikelet.graded.model import GradedModel, GradedTensor
from spikelet.graded.runner import GradedRunner, dequantised, quantised

__all__ = ["Comparison", "Judge", "as_given", "as_integers", "same_as", "some_inputs"]

#: From a file tensor's index and what a network holds to whether it is what the file's interpreter gives.
Judge = Callable[[int, npt.NDArray[Any]], None]


class Comparison:
    """Runs a network a layer at a time and shows every tensor that the file has, too, to a judge.

    A layer's inputs are shown before it runs: what a planner overwrote too early is seen. Its output is shown after
    it, if no other layer writes to the same tensor later. Outputs of the network are shown at the end.
    """

    def __init__(self, runner: GradedRunner, read: Callable[[int], npt.NDArray[Any]]) -> None:
        self._runner, self._read = runner, read
        model = runner.model
        self._file_tensors: Sequence[int] = model.meta["tensors"]
        self._last = {layer.output: index for index, layer in enumerate(model.layers)}
        self.shown: set[int] = set()

    def run(self, inputs: Sequence[npt.NDArray[Any]], judge: Judge) -> None:
        """One inference."""
        model = self._runner.model
        layers = self._runner.layers(*inputs)
        for index, layer in enumerate(model.layers):
            for number in layer.inputs:
                # The first layer's inputs are what the caller gave.
                if index:
                    self._show(number, self._read(number), judge)
            _, output = next(layers)
            if self._last[layer.output] == index:
                self._show(layer.output, output, judge)
        for port in model.outputs:
            self._show(port.tensor, self._read(port.tensor), judge)

    def _show(self, number: int, values: npt.NDArray[Any], judge: Judge) -> None:
        tensor = self._file_tensors[number]
        if tensor >= 0:
            self.shown.add(tensor)
            judge(tensor, values)


def some_inputs(rng: np.random.Generator, model: GradedModel) -> list[npt.NDArray[Any]]:
    """Random inputs for all ports: all values, or fewer near the zero point, or a few at the ends."""
    found = []
    for port in model.inputs:
        tensor = model.tensors[port.tensor]
        info = np.iinfo(tensor.type.dtype)
        values = rng.integers(info.min, info.max, tensor.shape, tensor.type.dtype, endpoint=True)
        choice = rng.integers(3)
        if choice == 0:
            near = tensor.zero_point + rng.normal(0.0, rng.uniform(0.01, 0.3) * info.max, tensor.shape)
            values = np.clip(np.rint(near), info.min, info.max).astype(tensor.type.dtype)
        elif choice == 1:
            ends = np.array([info.min, tensor.zero_point, info.max], tensor.type.dtype)
            values = np.where(rng.random(tensor.shape) < 0.5, rng.choice(ends, tensor.shape), values)
        found.append(np.ascontiguousarray(values))
    return found


def _tensors(model: GradedModel) -> list[GradedTensor]:
    return [model.tensors[port.tensor] for port in model.inputs]


def as_given(model: GradedModel, inputs: Sequence[npt.NDArray[Any]]) -> list[npt.NDArray[Any]]:
    """A graded network's inputs as the file's own ports take them: float ports take what the numbers mean."""
    pairs = zip(model.inputs, _tensors(model), inputs, strict=True)
    return [dequantised(values, tensor) if port.is_float else values for port, tensor, values in pairs]


def as_integers(model: GradedModel, inputs: Sequence[npt.NDArray[Any]]) -> list[npt.NDArray[Any]]:
    """What the file's own ports take as a graded network's inputs."""
    pairs = zip(model.inputs, _tensors(model), inputs, strict=True)
    return [quantised(values, tensor, port.name) if port.is_float else values for port, tensor, values in pairs]


def same_as(expected: Mapping[int, npt.NDArray[Any]]) -> Judge:
    """A judge who says nothing of tensors that are not among those expected."""

    def judge(tensor: int, values: npt.NDArray[Any]) -> None:
        if tensor not in expected:
            return
        np.testing.assert_array_equal(
            values.reshape(-1), expected[tensor].reshape(-1), err_msg=f"tensor {tensor} of the file"
        )

    return judge
