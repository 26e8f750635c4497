"""What a benchmark of MLPerf Tiny takes and tells, as a C constant (docs/reference/mlperf.md)."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from spikelet.errors import BoardError, DataError
from spikelet.graded.data_values import Values, real_range
from spikelet.graded.model import GradedModel, GradedTensor, TensorType

__all__ = ["DATA_MAX", "TASKS", "input_bytes", "mlperf_source"]

#: Most bytes of an input (firmware/include/spkl_mlperf.h).
DATA_MAX = 27648
_SHIFT_MAX = 60
#: Digits of a result behind the point: at least these, where it has as many; of the anomaly score.
_DIGITS, _DISTANCE_DIGITS = 8, 6
_PER_LINE = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class _Task:
    """What the runner sends (int8, pixels, or floats), and whether the result is the distance of output and input."""

    title: str
    input: str
    distance: bool = False


#: By the name that the runner chooses a test with.
TASKS = {
    "kws01": _Task(title="keyword spotting", input="int8"),
    "ic01": _Task(title="image classification", input="pixels"),
    "ic02": _Task(title="image classification, the larger network", input="pixels"),
    "vww01": _Task(title="visual wake words", input="pixels"),
    "ad01": _Task(title="anomaly detection", input="floats", distance=True),
}


def input_bytes(model: GradedModel, task: str) -> tuple[int, int]:
    """Bytes that the runner sends for one input, and bytes of RAM beside them.

    Raises:
        BoardError: there is no such benchmark, or the model is none for it.
    """
    source, _ = _ports(model, task)
    floats = TASKS[task].input == "floats"
    size = source.size * (4 if floats else 1)
    if size > DATA_MAX:
        raise BoardError(
            f"{task}: the model's input takes {size} bytes; allowed: {DATA_MAX}, the most that the suite's runner sends"
        )
    return size, source.size if floats else 0


def mlperf_source(model: GradedModel, task: str) -> str:
    """Write the C file for a benchmark.

    Args:
        model: with one int8 input and one int8 output.
        task: one of TASKS.

    Raises:
        BoardError: there is no such benchmark, or the model is none for it: says why.
    """
    input_bytes(model, task)
    source, result = _ports(model, task)
    what = TASKS[task]
    table = _pixels(source, task) if what.input == "pixels" else None
    in_mantissa, in_shift = _fraction(source, task)
    out_mantissa, out_shift = _fraction(result, task)
    return "\n".join(
        [
            "/* Written by spikelet: what the benchmark takes and tells. */",
            '#include "spkl_mlperf.h"',
            "",
            *_table_lines(table),
            "const struct spkl_mlperf_task spkl_mlperf_task = {",
            f'    .model = "{task}",',
            f"    .input = SPKL_MLPERF_{'TABLE' if table is not None else what.input.upper()},",
            f"    .table = {'table' if table is not None else 'NULL'},",
            f"    .distance = {str(what.distance).lower()},",
            f"    .digits = {_DISTANCE_DIGITS if what.distance else _digits(result.scale, out_shift)},",
            f"    .in_zero = {source.zero_point},",
            f"    .out_zero = {result.zero_point},",
            f"    .in_scale = {{{in_mantissa}u, {in_shift}u}},",
            f"    .out_scale = {{{out_mantissa}u, {out_shift}u}},",
            "};",
            "",
        ]
    )


def _ports(model: GradedModel, task: str) -> tuple[GradedTensor, GradedTensor]:
    """The tensors of the only input and the only output."""
    if task not in TASKS:
        hint = " (a stream of sound comes over I2S, which no port of spikelet has)" if task.startswith("sww") else ""
        raise BoardError(f"no benchmark {task!r}{hint}: there are {', '.join(TASKS)}")
    if len(model.inputs) != 1 or len(model.outputs) != 1:
        raise BoardError(
            f"{task}: the model has {len(model.inputs)} inputs and {len(model.outputs)} outputs; allowed: one of each"
        )
    source, result = (model.tensors[ports[0].tensor] for ports in (model.inputs, model.outputs))
    for where, tensor in (("input", source), ("output", result)):
        if tensor.type is not TensorType.INT8:
            raise BoardError(f"{task}: the model's {where} is {tensor.type.name.lower()}; allowed: int8")
    if TASKS[task].distance and source.size != result.size:
        raise BoardError(
            f"{task}: the model gives {result.size} values for {source.size}; its result is the distance of the two,"
            " so they must be as many: take an auto-encoder"
        )
    return source, result


def _pixels(tensor: GradedTensor, task: str) -> npt.NDArray[np.int8] | None:
    """What pixels 0 .. 255 are to the network, as `spikelet eval` takes them; None: p - 128, as of most networks."""
    pixels = np.arange(256, dtype=np.uint8)
    try:
        table = Values(task, pixels.dtype, replace(tensor, shape=(256,)), None).take(pixels)
    except DataError as error:
        low, high = real_range(tensor)
        raise BoardError(
            f"{task}: the model's input goes from {low:.4g} to {high:.4g}; allowed: 0 to 255, 0 to 1 or -1 to 1 (to"
            " 5 %), which pixels are in training: quantise the network with images"
        ) from error
    return None if np.array_equal(table, pixels.astype(np.int16) - 128) else table.astype(np.int8)


def _table_lines(table: npt.NDArray[np.int8] | None) -> list[str]:
    """A table as C."""
    if table is None:
        return []
    rows = [", ".join(map(str, table[i : i + _PER_LINE])) for i in range(0, len(table), _PER_LINE)]
    return ["static const int8_t table[256] = {", *(f"    {row}," for row in rows), "};", ""]


def _fraction(tensor: GradedTensor, task: str) -> tuple[int, int]:
    """A scale, which is a float32, as mantissa / 2^shift, exactly."""
    mantissa, shift = float(np.float32(tensor.scale)).as_integer_ratio()
    shift = shift.bit_length() - 1
    if not 0 < mantissa < 1 << 24 or shift > _SHIFT_MAX:
        raise BoardError(f"{task}: tensor {tensor.name!r}: found scale {tensor.scale:g}; allowed: 2^-36 .. 2^24")
    return mantissa, shift


def _digits(scale: float, shift: int) -> int:
    """Digits that tell results apart, or all where they are few: of softmax, q / 256, eight."""
    return min(shift, max(_DIGITS, 3 - math.floor(math.log10(scale))), 20)
