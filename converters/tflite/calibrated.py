"""Any .tflite file to a graded model: one of whole numbers as it is, a float one after quantisation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from spikelet.converters.tflite.convert import convert_tflite
from spikelet.converters.tflite.file import TfliteFile
from spikelet.converters.tflite.floats import MOVES
from spikelet.converters.tflite.reader import read_tflite
from spikelet.errors import ConvertError
from spikelet.graded.model import GradedModel

__all__ = ["convert_graded", "is_float"]


def is_float(file: TfliteFile) -> bool:
    """Whether a network computes with float numbers: an operator does more with them than to move them."""
    graph = file.subgraphs[0]
    return any(
        index >= 0 and graph.tensors[index].kind.startswith("FLOAT")
        for operator in graph.operators
        if operator.kind not in {"QUANTIZE", "DEQUANTIZE", *MOVES}
        for index in (*operator.inputs, *operator.outputs)
    )


def convert_graded(
    path: str | Path,
    *,
    labels: Sequence[str] = (),
    weights: int | str | Mapping[str, int] = 8,
    calibration: Any = None,
    calibration_labels: Any = None,
    max_loss: float = 1.0,
) -> GradedModel:
    """Convert a .tflite file; see `spikelet.convert` for the arguments.

    Raises:
        ConvertError: the file is refused; it is float and there are no calibration data, or the other way round.
        DataError: calibration data do not fit.
    """
    path = Path(path)
    file = read_tflite(path)
    if not is_float(file):
        if calibration is not None or weights != 8:
            raise ConvertError(
                path.name,
                "",
                found="an int8 network with calibration data or bits of weights",
                allowed="these for float networks",
                hint="Leave them out, or export the model without quantisation.",
            )
        return convert_tflite(file, labels=labels, name=path.name)
    if calibration is None:
        raise ConvertError(
            path.name,
            "",
            found="a network of float32",
            allowed="int8, or calibration data to quantise it with",
            hint="Give calibration=, or quantise it with TensorFlow.",
        )
    from spikelet.converters.tflite.quantise import quantise

    made, report = quantise(file, calibration, labels=calibration_labels, weights=weights, max_loss=max_loss)
    return convert_tflite(made, labels=labels, name=path.name, meta={"quantised": report})
