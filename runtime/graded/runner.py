"""What all that run graded networks have in common: the host engine and the reference."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from spikelet.errors import DataError, SpikeletError
from spikelet.graded.model import GradedModel, GradedTensor

__all__ = ["GradedRunner", "IntArray", "dequantised", "quantised"]

IntArray = npt.NDArray[Any]
_Self = TypeVar("_Self", bound="GradedRunner")


class GradedRunner(ABC):
    """A graded network that runs somewhere. Subclasses give the primitive calls; an inference is the same for all."""

    model: GradedModel
    #: Layers of this inference that have run.
    _done = 0
    #: Inferences that have begun.
    _inference = 0

    @abstractmethod
    def reset(self) -> None:
        """Give variables their initial bytes; an inference that is going on is dropped."""

    @abstractmethod
    def _write(self, tensor: int, values: IntArray) -> None:
        """Set a tensor; values have its dtype and shape."""

    @abstractmethod
    def _read(self, tensor: int) -> IntArray:
        """A copy of a tensor, with its dtype and shape."""

    @abstractmethod
    def _run_layer(self, index: int) -> None:
        """Run a layer; calls come in the layers' order."""

    def close(self) -> None:  # noqa: B027
        """Give memory back. Safe to repeat."""

    def infer(self, *inputs: IntArray) -> tuple[IntArray, ...]:
        """Run the network once.

        Args:
            inputs: one array for each input port, with its tensor's dtype and shape.

        Returns:
            One array for each output port, with its tensor's dtype and shape.

        Raises:
            DataError: an array is missing, or has another dtype or shape than its port.
        """
        self._begin(inputs)
        self._finish()
        return self.outputs()

    def outputs(self) -> tuple[IntArray, ...]:
        """The outputs of the inference whose layers have all run; see `infer`."""
        return tuple(self._read(port.tensor) for port in self.model.outputs)

    def layers(self, *inputs: IntArray) -> Iterator[tuple[int, IntArray]]:
        """Run the network once, a layer at a time.

        An inference that is left early runs to its end when the next one begins.

        Args:
            inputs: as of `infer`.

        Yields:
            The index of each layer, and what it wrote.

        Raises:
            DataError: as of `infer`.
            SpikeletError: another inference has begun in between.
        """
        self._begin(inputs)
        mine = self._inference
        for index, layer in enumerate(self.model.layers):
            if (self._inference, self._done) != (mine, index):
                raise SpikeletError(f"another inference began before layer {index}: take all layers of one first")
            self._run_next()
            yield index, self._read(layer.output)

    def infer_float(self, *inputs: npt.ArrayLike) -> tuple[npt.NDArray[np.float32], ...]:
        """Run the network once on real numbers, rounded as TensorFlow Lite's QUANTIZE and DEQUANTIZE do.

        Args:
            inputs: one array for each input port, in the port's shape.

        Returns:
            One float32 array for each output port.

        Raises:
            DataError: an array is missing, has another shape than its port, or holds what is no number.
        """
        self._check_count(inputs)
        tensors = [self.model.tensors[port.tensor] for port in self.model.inputs]
        ports = zip(self.model.inputs, tensors, inputs, strict=True)
        outputs = self.infer(*(quantised(values, tensor, f"input {p.name!r}") for p, tensor, values in ports))
        shown = [self.model.tensors[port.tensor] for port in self.model.outputs]
        return tuple(dequantised(values, tensor) for values, tensor in zip(outputs, shown, strict=True))

    def __enter__(self: _Self) -> _Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _begin(self, inputs: tuple[IntArray, ...]) -> None:
        """Check and write all inputs."""
        self._check_count(inputs)
        checked = []
        for port, values in zip(self.model.inputs, inputs, strict=True):
            tensor = self.model.tensors[port.tensor]
            array = np.asarray(values)
            if array.dtype != tensor.type.dtype or array.shape != tensor.shape:
                raise DataError(
                    f"input {port.name!r}: found {array.dtype} of shape {array.shape}; allowed: "
                    f"{tensor.type.dtype} of shape {tensor.shape}. Quantise real numbers, or give them to infer_float"
                )
            checked.append((port.tensor, np.ascontiguousarray(array)))
        if self._inference:
            self._finish()
        self._done = 0
        self._inference += 1
        for index, array in checked:
            self._write(index, array)

    def _check_count(self, inputs: tuple[Any, ...]) -> None:
        ports = self.model.inputs
        if len(inputs) != len(ports):
            names = ", ".join(repr(port.name) for port in ports)
            raise DataError(f"found {len(inputs)} arrays; allowed: {len(ports)}, one for each input port ({names})")

    def _finish(self) -> None:
        """Run all layers that are left."""
        while self._done < len(self.model.layers):
            self._run_next()

    def _run_next(self) -> None:
        self._run_layer(self._done)
        self._done += 1

    def _drop(self) -> None:
        """Forget the inference that is going on; `reset` calls it."""
        self._done = len(self.model.layers)
        self._inference += 1


def quantised(values: npt.ArrayLike, tensor: GradedTensor, where: str) -> IntArray:
    """Real numbers as a tensor has them: float32(x / scale) rounded, halves away from zero, + zero point, clamped.

    Raises:
        DataError: another shape than the tensor's, or not a number.
    """
    given = np.asarray(values, np.float32)
    if given.shape != tensor.shape:
        raise DataError(f"{where}: found shape {given.shape}; allowed: {tensor.shape}. Reshape the data")
    if np.isnan(given).any():
        raise DataError(f"{where}: found NaN; allowed: numbers. Clean the data")
    with np.errstate(over="ignore"):
        parts = (given / np.float32(tensor.scale)).astype(np.float64)
    limits = np.iinfo(tensor.type.dtype)
    steps = np.copysign(np.floor(np.abs(parts) + 0.5), parts) + tensor.zero_point
    clamped: IntArray = np.clip(steps, limits.min, limits.max).astype(tensor.type.dtype)
    return clamped


def dequantised(values: IntArray, tensor: GradedTensor) -> npt.NDArray[np.float32]:
    """What a tensor's numbers mean: float32(scale (q - zero point))."""
    steps = values.astype(np.float64) - tensor.zero_point
    real: npt.NDArray[np.float32] = (np.float64(np.float32(tensor.scale)) * steps).astype(np.float32)
    return real
