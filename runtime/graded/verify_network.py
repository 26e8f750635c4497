"""The file that a graded network was made from, behind the calls that verify compares with."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from spikelet.errors import DataError
from spikelet.graded.model import GradedModel
from spikelet.graded.runner import IntArray, dequantised
from spikelet.graded.verify_interpreter import Interpreter, keeps_all

if TYPE_CHECKING:
    from spikelet.converters.tflite.file import TfliteFile

__all__ = ["FloatLayers", "InterpreterLayers", "require_source"]

#: Operators that no interpreter lets write over their inputs.
_KEEPING = ("AVERAGE_POOL_2D", "CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED", "MAX_POOL_2D", "SOFTMAX")


def require_source(path: Path, model: GradedModel) -> None:
    """Refuse another file than the one that a model was made from.

    Raises:
        DataError: it is another file, cannot be read, or the model does not say what it was made from.
    """
    source = model.meta.get("source", {})
    wanted = source.get("sha256") if isinstance(source, Mapping) else None
    if not wanted:
        raise DataError("the image does not say what it was made from: give the .tflite file as MODEL instead")
    try:
        found = hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}") from error
    if found != wanted:
        raise DataError(
            f"{path} is not the file that the image was made from: convert it again, or give the other file"
        )


def _file_tensors(model: GradedModel, count: int | None = None) -> list[int]:
    """Which tensor of the file each tensor of a model is, -1: none. The converter keeps it in `meta`.

    Args:
        model: of a file.
        count: of the file's tensors; None: it is not known, as of a file that was quantised here.

    Raises:
        DataError: the model does not say it for this file.
    """
    found = model.meta.get("tensors")
    listed = found if isinstance(found, Sequence) else []
    if len(listed) != len(model.tensors) or not all(
        type(i) is int and i >= -1 and (count is None or i < count) for i in listed
    ):
        raise DataError("the image does not say which tensors of the file it has: convert the file again")
    return list(listed)


class InterpreterLayers:
    """An int8 file in TensorFlow Lite's interpreter: the tensor of the file that each layer's output is.

    Several layers may write one tensor, such as the parts of a concatenation: the last of them has it whole.
    Where the interpreter does not keep all tensors, those that may be written over are left out.

    Args:
        path: of the file, which was read without complaint.
        file: what was read.
        model: what it was converted to.

    Raises:
        SpikeletError: no interpreter is installed, or it refuses the file.
    """

    def __init__(self, path: Path, file: TfliteFile, model: GradedModel) -> None:
        self._interpreter = Interpreter(path)
        self._model = model
        operators = file.subgraphs[0].operators
        read = {i for operator in operators if operator.kind not in _KEEPING for i in operator.inputs}
        last = {layer.output: index for index, layer in enumerate(model.layers)}
        own = _file_tensors(model, len(file.subgraphs[0].tensors))
        self._tensors = {
            index: own[output]
            for output, index in last.items()
            if own[output] >= 0 and (keeps_all() or own[output] not in read)
        }

    def reset(self) -> None:
        """See verify.Layers."""
        if self._model.variables:
            self._interpreter.reset()

    def layers(self, *inputs: IntArray) -> Iterator[tuple[int, IntArray]]:
        """See verify.Layers."""
        given = []
        for detail, port, values in zip(self._interpreter.input_details, self._model.inputs, inputs, strict=True):
            tensor = self._model.tensors[port.tensor]
            if detail["dtype"] == np.float32:
                array: npt.NDArray[Any] = dequantised(values, tensor)
            else:
                array = (values.astype(np.int32) + port.offset).astype(detail["dtype"])
            given.append(array.reshape(detail["shape"]))
        self._interpreter.infer(*given)
        for index in sorted(self._tensors):
            values = self._interpreter.tensor(self._tensors[index])
            tensor = self._model.tensors[self._model.layers[index].output]
            if values.dtype == np.uint8:
                values = (values.astype(np.int16) - 128).astype(np.int8)
            if values.dtype == tensor.type.dtype and values.size == tensor.size:
                yield index, values.reshape(tensor.shape)


class FloatLayers:
    """A float file in numpy: the tensors that layers of the graded network write.

    Tensors keep their index when a float file is quantised (converters/tflite/quantise_emit.py).

    Args:
        file: what was read.
        model: what it was quantised and converted to.

    Raises:
        ConvertError: the file has what cannot run in float.
        DataError: the model does not say which tensors of the file it has.
    """

    def __init__(self, file: TfliteFile, model: GradedModel) -> None:
        from spikelet.converters.tflite.float_run import FloatRun

        self._run = FloatRun(file)
        graph = file.subgraphs[0]
        written = {i for operator in graph.operators for i in operator.outputs}
        own = _file_tensors(model)
        last = {layer.output: index for index, layer in enumerate(model.layers)}
        self._tensors = {index: own[output] for output, index in last.items() if own[output] in written}

    def reset(self) -> None:
        """See verify.FloatNetwork."""
        self._run.reset()

    def layers(self, *inputs: npt.NDArray[np.float64]) -> Mapping[int, npt.NDArray[Any]]:
        """See verify.FloatNetwork."""
        (values,) = self._run.tensors(*(array[None] for array in inputs))
        return {index: values[tensor] for index, tensor in self._tensors.items() if tensor in values}
