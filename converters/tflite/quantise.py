"""Quantises a float .tflite network after training: int8 activations, weights of 8, 4 or 2 bits, fitted to data."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
import numpy.typing as npt

from spikelet.converters.precision import table
from spikelet.converters.tflite.convert import convert_tflite
from spikelet.converters.tflite.file import Subgraph, TfliteFile
from spikelet.converters.tflite.float_call import Array
from spikelet.converters.tflite.float_run import FloatRun
from spikelet.converters.tflite.quantise_bits import Labels, chosen_bits, predictions, said_bits
from spikelet.converters.tflite.quantise_emit import emitted
from spikelet.converters.tflite.quantise_fit import Fitter
from spikelet.converters.tflite.quantise_graph import WEIGHTED, folded, grouped
from spikelet.converters.tflite.quantise_report import layer_rows, measured, tried_rows
from spikelet.converters.tflite.quantise_settings import FEW, Settings, choose, fit, fitter, parted
from spikelet.errors import ConvertError, DataError
from spikelet.graded.model import GradedModel
from spikelet.graded.reference import GradedReference
from spikelet.graded.runner import GradedRunner

__all__ = ["AUTO", "quantise"]

#: Bits are chosen by the loss on calibration data.
AUTO = "auto"

Data = npt.ArrayLike | Sequence[npt.ArrayLike] | Mapping[str, npt.ArrayLike]


def quantise(
    file: TfliteFile,
    calibration: Data,
    *,
    weights: int | str | Mapping[str, int] = 8,
    max_loss: float | None = None,
    labels: npt.ArrayLike | None = None,
    float_ports: bool = True,
    runner: Callable[[GradedModel], GradedRunner] = GradedReference,
) -> tuple[TfliteFile, dict[str, Any]]:
    """Quantise a float network, fitted to two thirds of the calibration data and measured on the rest.

    Args:
        file: of float32 (or float16 weights), as read.
        calibration: real inputs, shape (samples, *shape of the input); a list or a dictionary by name of such where
            there are several inputs. Of a network with variables they are one stream.
        weights: bits of all layers (8, 4 or 2; depthwise layers have 8 in any case); or by number of the operator in
            the file or name of the tensor that it writes, the others having 8; or "auto": the fewest bytes that lose
            at most `max_loss`.
        max_loss: of "auto": points of accuracy [percent], 1 if not given; without labels of predictions unlike the
            float network's.
        labels: of the samples, shape (samples,): which number of the first output is meant to be the largest.
        float_ports: inputs and outputs stay float32, behind QUANTIZE and before DEQUANTIZE; else they are int8.
        runner: what runs the integers that are reported.

    Returns:
        The int8 file, and a report of JSON-like data: "samples" {"fitted", "held_out"} (few samples are not parted, and
        "held_out" is 0); "settings" that were chosen
        and "tried", each with its loss; "layers" (see `layer_rows`); "bytes" of weights and tables and "float_bytes"
        of weights and biases before; "held_out" (see `measured`), from the integers; of "auto" the "choice" and the
        "table" that it was made from.

    Raises:
        ConvertError: the network is not float, has what cannot be quantised, or bits that weights cannot have.
        DataError: calibration data or labels do not fit.

    Source: docs/explanation/post-training.md.
    """
    if isinstance(weights, str) and weights != AUTO:
        raise ConvertError(
            "quantise", "weights", found=repr(weights), allowed="8, 4, 2 or 'auto'", hint="Choose one of them."
        )
    source, groups = grouped(folded(file))
    graph = source.subgraphs[0]
    numbers = {index: operator.index for operator in file.subgraphs[0].operators for index in operator.outputs}
    bits = said_bits(graph, 8 if isinstance(weights, str) else weights, numbers)
    inputs = _inputs(FloatRun(source), calibration)
    given = _labels(labels, inputs, graph)
    first, second = parted(FloatRun(source), len(inputs[0]))
    part, held = ([array[chosen] for array in inputs] for chosen in (first, second))
    own, other = (None if given is None else given[chosen] for chosen in (first, second))
    nearest = weights != AUTO and set(bits.values()) == {8}
    settings, tried = choose(source, groups, part, nearest=nearest)
    made = fitter(source, groups, settings, part)
    record: dict[str, Any] = {}
    if weights == AUTO:
        allowed = 1.0 if max_loss is None else max_loss
        bits, record = _auto(made, settings, (part, own), (held, other), max_loss=allowed, numbers=numbers)
    result = emitted(made.file, made.scales, fit(made, settings, bits), float_ports=float_ports)
    model = convert_tflite(result)
    found, errors = measured(FloatRun(made.file), runner(model), held, other)
    rows = layer_rows(result, model, errors, numbers)
    report = {
        "samples": {"fitted": len(first), "held_out": len(second) if len(inputs[0]) >= FEW else 0},
        "settings": asdict(settings),
        "tried": tried_rows(tried),
        "layers": rows,
        "bytes": sum(row["bytes"] for row in rows),
        "float_bytes": _float_bytes(graph),
        "held_out": found,
        **record,
    }
    return result, report


def _auto(
    made: Fitter,
    settings: Settings,
    search: tuple[Sequence[Array], Labels | None],
    check: tuple[Sequence[Array], Labels | None],
    *,
    max_loss: float,
    numbers: Mapping[int, int],
) -> tuple[dict[int, int], dict[str, Any]]:
    """Bits of each layer, and for the report the table that they were chosen from."""
    original = FloatRun(made.file)
    parts = []
    for inputs, labels in (search, check):
        original.reset()
        parts.append((inputs, predictions(original.run(*inputs)[0]), labels))
    choice = chosen_bits(
        made, lambda bits: fit(made, settings, bits), parts[0], parts[1], max_loss=max_loss, numbers=numbers
    )
    if choice is None:
        return {operator.index: 8 for operator in made.layers}, {}
    bits = {o.index: choice.bits.get(str(numbers[o.outputs[0]]), 8) for o in made.layers}
    return bits, {"choice": dict(choice.bits), "table": [list(row) for row in table(choice)]}


def _inputs(run: FloatRun, calibration: Data) -> list[Array]:
    """Calibration data as one float32 array for each input, in order."""
    tensors = [run.graph.tensors[index] for index in run.graph.inputs]
    if isinstance(calibration, Mapping):
        names = [tensor.name for tensor in tensors]
        if set(calibration) != set(names):
            raise DataError(f"calibration data: found {sorted(calibration)}; allowed: {names}. Name each input")
        return run.checked([calibration[name] for name in names])
    if len(tensors) == 1 and not (isinstance(calibration, (list, tuple)) and len(calibration) == 1):
        return run.checked([np.asarray(calibration)])
    return run.checked(list(calibration))  # type: ignore[arg-type]


def _labels(labels: npt.ArrayLike | None, inputs: Sequence[Array], graph: Subgraph) -> Labels | None:
    if labels is None:
        return None
    found, classes = np.asarray(labels), graph.tensors[graph.outputs[0]].size
    if found.shape != (len(inputs[0]),) or not np.issubdtype(found.dtype, np.integer):
        raise DataError(
            f"labels: found {found.dtype} of shape {found.shape}; allowed: whole numbers of shape ({len(inputs[0])},). "
            "Give one for each sample"
        )
    if found.min() < 0 or found.max() >= classes:
        raise DataError(
            f"labels: found {found.min()} .. {found.max()}; allowed: 0 .. {classes - 1}. Give numbers of classes"
        )
    return found.astype(np.int64)


def _float_bytes(graph: Subgraph) -> int:
    """Of weights and biases in float32."""
    used = {i for operator in graph.operators if operator.kind in WEIGHTED for i in operator.inputs[1:3] if i >= 0}
    return 4 * sum(graph.tensors[index].size for index in used)
