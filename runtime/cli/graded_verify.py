"""`spikelet verify` of int8 networks."""

from __future__ import annotations

import math
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from spikelet.cli.graded_options import get_graded_data
from spikelet.cli.screen import Rows, counted, number, percent, print_json, progress, say, table
from spikelet.graded.data_shapes import Choices
from spikelet.graded.model import GradedModel
from spikelet.graded.names import short_name
from spikelet.graded.verify import GradedComparison, GradedVerification, Layers, verify
from spikelet.graded.verify_interpreter import FOLLOWED, missing, version
from spikelet.graded.verify_network import FloatLayers, InterpreterLayers, require_source
from spikelet.runners import open_graded

__all__ = ["verify_graded"]


def verify_graded(
    model: GradedModel,
    path: Path,
    data: Path,
    *,
    where: tuple[str, ...],
    network: Path | None,
    samples: int,
    choices: Choices | None,
    compiler: str,
    as_json: bool,
) -> None:
    """Compare every layer of an int8 network with the reference; ends with 1 where something differs.

    Args:
        model: the network.
        path: of its file: an image, or the .tflite file.
        data: file or folder.
        where: to run, beside the reference.
        network: the .tflite file that an image was made from; None: `path` if it is one.
        samples: the first so many.
        choices: what is done with data that do not fit as they are.
        compiler: for emulated boards' firmware.
        as_json: print JSON.
    """
    from spikelet.cli.options import is_tflite
    from spikelet.converters.tflite.calibrated import is_float
    from spikelet.converters.tflite.reader import read_tflite

    source = path if is_tflite(path) else network
    if network is not None:
        require_source(network, model)
    file = read_tflite(source) if source is not None else None
    found = get_graded_data(data, model, choices, samples)
    floating = FloatLayers(file, model) if file is not None and is_float(file) else None
    notes = found.notes()
    if floating is not None and _told(model.meta, "quantised", "settings", "equalised"):
        notes.append("channels were equalised: layers whose channels have other scales than in the file look far apart")
    others: dict[str, Layers] = {}
    if file is None:
        notes.append("TensorFlow Lite's interpreter was left out: name the .tflite file with --network")
    elif floating is None and missing():
        notes.append(f"TensorFlow Lite's interpreter was left out: {missing()}; pip install ai-edge-litert")
    elif floating is None and source is not None:
        others[version()] = InterpreterLayers(source, file, model)
        if version() != FOLLOWED:
            notes.append(f"results are those of {FOLLOWED}; other versions differ in places (graded.md 6)")
    with ExitStack() as stack:
        for name in dict.fromkeys(where):
            others[name] = stack.enter_context(open_graded(name, model, compiler=compiler))
        step = stack.enter_context(progress("comparing", len(found) * (1 + len(others))))
        result = verify(model, found, others, network=floating, progress=step)
    if as_json:
        print_json(_data(model, result, notes))
    else:
        _print(model, result, notes)
    if not result.identical:
        raise SystemExit(1)


def _told(meta: Any, *names: str) -> Any:
    """What a model's meta says below these names; None: nothing. Nobody vouches for it."""
    for name in names:
        meta = meta.get(name) if isinstance(meta, Mapping) else None
    return meta


def _print(model: GradedModel, result: GradedVerification, notes: list[str]) -> None:
    more = f", {number(result.inferences)} inferences" if result.inferences != result.samples else ""
    say(f"{counted(result.samples, 'sample')}{more}, {len(model.layers)} layers")
    if result.float_layers:
        _print_float(model, result)
    rows: Rows = [
        (
            comparison.name,
            len(comparison.elements),
            number(sum(comparison.elements.values())),
            number(sum(comparison.unequal.values())),
            "yes" if comparison.identical else "NO",
        )
        for comparison in result.comparisons
    ]
    columns = ("compared with the reference", "#layers", "#numbers", "#unequal", "identical")
    table("Integers", columns, rows)
    for comparison in result.comparisons:
        if comparison.first is not None:
            _print_unequal(model, comparison)
    for note in notes:
        say(f"note: {note}")
    say(
        "all integers are identical" if result.identical else "NOT identical: keep the files, this is a bug of spikelet"
    )


def _print_float(model: GradedModel, result: GradedVerification) -> None:
    """How near the integers of each layer are to the float network."""
    rows: Rows = [
        (
            layer.layer,
            short_name(model.layers[layer.layer].name),
            f"{layer.decibels:.1f}",
            f"{layer.rms:.2f}",
            f"{layer.largest:.1f}",
        )
        for layer in result.float_layers
    ]
    columns = ("#", "layer", "#signal to noise, dB", "#apart (rms), steps", "#largest, steps")
    table("Float network and integers; a step is the output's scale", columns, rows)
    if not math.isnan(result.same_prediction):
        say(f"{percent(result.same_prediction)} of the predictions are those of the float network")


def _print_unequal(model: GradedModel, comparison: GradedComparison) -> None:
    """Which layers differ, and where the first does."""
    rows: Rows = [
        (index, short_name(model.layers[index].name), number(comparison.elements[index]), number(count))
        for index, count in comparison.unequal.items()
        if count
    ]
    table(f"Layers that differ on {comparison.name}", ("#", "layer", "#numbers", "#unequal"), rows)
    say(f"{comparison.name} first differs at {comparison.first}")


def _data(model: GradedModel, result: GradedVerification, notes: list[str]) -> dict[str, Any]:
    """The result for machines."""

    def layers(comparison: GradedComparison) -> list[dict[str, Any]]:
        return [
            {"layer": i, "name": model.layers[i].name, "numbers": n, "unequal": comparison.unequal[i]}
            for i, n in comparison.elements.items()
        ]

    return {
        "samples": result.samples,
        "inferences": result.inferences,
        "identical": result.identical,
        "comparisons": [
            {
                "with": comparison.name,
                "identical": comparison.identical,
                "first": None if comparison.first is None else str(comparison.first),
                "layers": layers(comparison),
            }
            for comparison in result.comparisons
        ],
        "float": [
            {
                "layer": layer.layer,
                "name": model.layers[layer.layer].name,
                "decibels": None if layer.rms == 0 else layer.decibels,
                "rms_steps": layer.rms,
                "largest_steps": layer.largest,
            }
            for layer in result.float_layers
        ],
        "same_prediction": None if math.isnan(result.same_prediction) else result.same_prediction,
        "notes": notes,
    }
