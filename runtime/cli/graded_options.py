"""Options for int8 networks (.tflite): how they are converted, and what is done with data that do not fit."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from spikelet.cli.options import is_graded
from spikelet.datasets import Reading
from spikelet.errors import ConvertError
from spikelet.graded.data import GradedDataSet, load, load_real
from spikelet.graded.data_shapes import Choices
from spikelet.graded.data_values import PixelRange
from spikelet.graded.model import GradedModel

__all__ = [
    "convert_graded",
    "get_graded_data",
    "graded_data_options",
    "refuse_ticks",
    "take_choices",
    "take_keep_state",
    "without_choices",
]

_Function = TypeVar("_Function", bound=Callable[..., Any])

#: Conversion options that int8 networks know; the others choose what spiking neurons do.
_KNOWN = ("labels", "calibration", "weights", "weight_bits", "max_loss")
_FOR_FLOAT = ("calibration", "weights", "weight_bits", "max_loss")
_OPTIONS = (
    click.option("--array", default="", help="Of int8 networks: the array of an .npz file to take (x)."),
    click.option(
        "--pixels",
        type=click.Choice([pixels.value for pixels in PixelRange]),
        help="Of int8 networks: what pixels 0 to 255 were in training, where the input's scale does not say it.",
    ),
    click.option("--resize", is_flag=True, help="Of int8 networks: resize images of another size (bilinear)."),
    click.option("--gray-to-rgb", is_flag=True, help="Of int8 networks: repeat gray images over three channels."),
    click.option("--rgb-to-gray", is_flag=True, help="Of int8 networks: make coloured images gray (ITU-R 601)."),
    click.option(
        "--windows", is_flag=True, help="Of int8 networks: rows of (time, features); a sample begins at each row."
    ),
)
_NAMES = ("array", "pixels", "resize", "gray_to_rgb", "rgb_to_gray", "windows")


def graded_data_options(function: _Function) -> _Function:
    """What is done with data that do not fit as they are; see take_choices."""
    for option in reversed(_OPTIONS):
        function = option(function)
    return function


def take_choices(options: dict[str, Any]) -> Choices | None:
    """Take the options for data of int8 networks out of the others; None: none was given."""
    given = {name: options.pop(name) for name in _NAMES}
    if not any(given.values()):
        return None
    pixels = PixelRange(given["pixels"]) if given["pixels"] else None
    return Choices(**{**given, "pixels": pixels})


def without_choices(choices: Choices | None) -> None:
    """Refuse options for data of int8 networks where the model is a spiking one.

    Raises:
        UsageError: some were given.
    """
    if choices is not None:
        names = ", ".join(map(option, _NAMES))
        raise click.UsageError(
            f"{names} are for int8 networks (.tflite), and the model is a spiking one: leave them out"
        )


def take_keep_state(path: Path, options: dict[str, Any]) -> bool:
    """Whether --keep-state is given; of an int8 network it is taken out of the conversion options."""
    keep = options.get("reset_between") is False
    if is_graded(path):
        options["reset_between"] = None
    return keep


def refuse_ticks(ticks: int, reading: Reading | None) -> None:
    """Refuse options about ticks and recordings where the model is an int8 network.

    Raises:
        UsageError: some were given.
    """
    if ticks or reading is not None:
        raise click.UsageError(
            "--ticks, --tick-us and --downscale are for spiking networks, and the model is an int8 one: leave them out"
        )


def get_graded_data(file: Path, model: GradedModel, choices: Choices | None, samples: int = 0) -> GradedDataSet:
    """Read a data set for a graded network.

    Raises:
        DataError, SpikeletError: see spikelet.graded.data.load.
    """
    return load(file, model, choices=choices).take(samples)


def convert_graded(path: Path, given: dict[str, Any], choices: Choices | None = None) -> GradedModel:
    """Convert a .tflite file: one of int8 as it is, one of float32 after it was quantised with calibration data.

    Args:
        path: the file.
        given: conversion options that were given.
        choices: of calibration data.

    Raises:
        UsageError: an option that is for spiking networks, or for float networks only.
        ConvertError: the file is refused, or it is a float network and there are no calibration data.
        DataError: calibration data cannot be used.
    """
    from spikelet.converters.tflite import calibrated
    from spikelet.converters.tflite.reader import read_tflite

    other = [option(name) for name in given if name not in _KNOWN]
    if other:
        raise click.UsageError(f"{path} is a .tflite file, and {', '.join(other)} only for spiking networks (.nir)")
    labels = tuple(given["labels"].split(",")) if "labels" in given else ()
    file = read_tflite(path)
    if not calibrated.is_float(file):
        needless = [option(name) for name in _FOR_FLOAT if name in given]
        if needless:
            raise click.UsageError(f"{path} is of int8 already: {', '.join(needless)} are for float networks")
        return calibrated.convert_graded(path, labels=labels)
    if "calibration" not in given:
        raise ConvertError(
            path.name,
            "",
            found="a network of float32",
            allowed="int8",
            hint="Give data to quantise it with (--calibration DATA.npz), or quantise it with TensorFlow.",
        )
    graph = file.subgraphs[0]
    shapes = {graph.tensors[index].name: graph.tensors[index].shape for index in graph.inputs}
    stateful = any(operator.kind == "READ_VARIABLE" for operator in graph.operators)
    inputs, classes = load_real(given["calibration"], shapes, choices=choices, stateful=stateful)
    loss = {"max_loss": given["max_loss"]} if "max_loss" in given else {}
    weights = _weights(str(given.get("weights", given.get("weight_bits", 8))))
    return calibrated.convert_graded(
        path, labels=labels, weights=weights, calibration=inputs, calibration_labels=classes, **loss
    )


def _weights(text: str) -> int | str | dict[str, int]:
    """Bits of weights: 8, 4 or 2, of all layers or name=bits; or auto."""
    if text == "auto":
        return text
    parts = [part.rpartition("=") for part in text.split(",")]
    if any(bits.strip() not in {"8", "4", "2"} or (len(parts) > 1 and not name) for name, _, bits in parts):
        raise click.UsageError(f"--weights {text}: give 8, 4, 2 or auto, or name=bits with commas between")
    if not parts[0][0]:
        return int(parts[0][2])
    return {name.strip(): int(bits) for name, _, bits in parts}


def option(name: str) -> str:
    """A keyword as an option of the command line."""
    return f"--{name.replace('_', '-')}"
