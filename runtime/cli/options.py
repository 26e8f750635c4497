"""Options that several commands share: how to convert, which model, where it runs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from spikelet.converters.conventions import CHOICES
from spikelet.converters.frameworks import FRAMEWORKS
from spikelet.datasets import DataSet, Encoding, Reading
from spikelet.datasets import load as load_data
from spikelet.errors import ConvertError, DataError
from spikelet.layout import HEADER, MAGIC, SECTION, SECTIONS_MAX
from spikelet.model import Decoder, Encoder, Model, Rounding
from spikelet.recordings import format_of
from spikelet.runners import WHERE

if TYPE_CHECKING:
    from spikelet.graded.data_shapes import Choices
    from spikelet.graded.model import GradedModel

__all__ = [
    "board_options",
    "conversion_options",
    "convert_file",
    "data_options",
    "get_data",
    "get_model",
    "host_encoding",
    "is_graded",
    "is_network",
    "is_tflite",
    "model_argument",
    "on_option",
    "recording_options",
    "said",
    "settled",
    "spiking",
    "take_reading",
]

_Function = TypeVar("_Function", bound=Callable[..., Any])
_HDF5 = b"\x89HDF\r\n\x1a\n"
#: What a .tflite file has behind its first four bytes.
_TFLITE = b"TFL3"


def _words(enum: Any) -> click.Choice[str]:
    return click.Choice([member.name.lower() for member in enum])


def _settled(name: str) -> Any:
    """A choice that a file leaves open, as an option."""
    values = "; ".join(f"{value}: {text}" for value, text in CHOICES[name].values.items())
    return click.option(f"--{name.replace('_', '-')}", type=click.Choice(list(CHOICES[name].values)), help=values + ".")


_CHOICES = (
    click.option("--framework", type=click.Choice(list(FRAMEWORKS)), help="Whose conventions hold."),
    click.option("--dt", type=float, help="Length of a tick [s]."),
    *(_settled(name) for name in CHOICES if name != "several"),
    click.option("--several/--single", default=None, help="Several spikes a tick, or one at most."),
    click.option("--norm-input/--no-norm-input", default=None, help="sinabs: input times (1 - decay), or as it is."),
    click.option("--v-min", help="Lower clamp of v: a number, -threshold, or none."),
    click.option("--v-reset", type=float, help="Stands in for the file's v_reset."),
    click.option("--file-dt", type=float, help="Norse: what to_nir(dt=) multiplied tau by."),
    click.option("--decay-bits", type=int, help="16, or 12 for Loihi's arithmetic."),
    click.option("--cycle-delay", help="feedback, or edges a->b of cycles that take a tick, with commas between."),
    click.option("--delay-rounding", type=click.Choice(["nearest"]), help="Delays between two ticks are rounded."),
    click.option("--takes", type=click.Choice(["current", "value", "spikes"]), help="lava-dl: what the input is."),
    click.option("--arrival", type=click.Choice(["now", "next"]), help="lava-dl: the tick in which spikes arrive."),
    click.option("--defaults", is_flag=True, default=None, help="The framework's own defaults for what is open."),
)
_NUMBERS = (
    click.option("--sparse", type=click.Choice(["fast", "small"]), help="Sparse rows where faster, or smaller (fast)."),
    click.option(
        "--scale", type=click.Choice(["auto", "neuron", "population"]), help="What shares a weight unit (auto)."
    ),
    click.option("--weight-bits", type=int, help="1 to 8 (8)."),
    click.option("--weights", help="Bits by population, such as fc1=4,fc2=8; auto: chosen on --calibration."),
    click.option(
        "--prune", metavar="SHARE", help="Share of the weights to leave out (0 to 1); auto: on --calibration."
    ),
    click.option(
        "--prune-by", type=click.Choice(["magnitude", "activity"]), help="Which weights go first (magnitude)."
    ),
    click.option("--max-loss", type=float, help="With --weights auto, --prune auto: points of accuracy to lose (1)."),
    click.option("--calibration", type=click.Path(path_type=Path), help="Data set to round weights by."),
    click.option("--encoder", type=_words(Encoder), help="What makes events on the device (events: nobody)."),
    click.option("--gain", type=int, help="Of the encoder (257: a pixel of 255 fires in every tick)."),
    click.option("--seed", type=int, help="Of the Poisson encoder (0)."),
    click.option("--input-scale", type=float, help="What an input of 1 stands for in the network (1)."),
    click.option("--max-value", type=int, help="Largest |value| of an event (1)."),
    click.option("--max-sum", type=int, help="Largest sum of |value| of a tick."),
    click.option("--queue", type=int, help="Events that an input holds."),
    click.option("--ticks-per-sample", type=int, help="Window of a sample; 0: endless (0)."),
    click.option("--reset-between/--keep-state", default=None, help="Whether samples begin anew (yes)."),
    click.option("--decoder", type=_words(Decoder), help="How outputs become scores."),
    click.option("--labels", help="Names of the classes, with commas between."),
    click.option("--output-queue", type=int, help="Events that an output holds."),
    click.option("--frac", type=int, help="Fraction bits of all potentials."),
    click.option("--rounding", type=_words(Rounding), help="Of decays (floor)."),
)


def _apply(function: _Function, options: tuple[Any, ...]) -> _Function:
    for option in reversed(options):
        function = option(function)
    return function


def conversion_options(function: _Function) -> _Function:
    """All keywords of spikelet.convert; the command gets them in **options."""
    return _apply(function, (*_CHOICES, *_NUMBERS))


def said(options: dict[str, Any]) -> dict[str, Any]:
    """The conversion options that were given."""
    return {name: value for name, value in options.items() if value is not None}


def model_argument(function: _Function) -> _Function:
    """An image, or a network to convert."""
    return _apply(function, (click.argument("model", type=click.Path(path_type=Path)),))


def _start(path: Path) -> bytes | None:
    """The first bytes of a file; None if it cannot be read."""
    try:
        with path.open("rb") as stream:
            return stream.read(8)
    except OSError:
        return None


def is_tflite(path: Path) -> bool:
    """Whether a file is a network of TensorFlow Lite: by its identifier; if it is nothing else, by its name."""
    start = _start(path) or b""
    named = path.suffix == ".tflite" and start != _HDF5 and not start.startswith(MAGIC)
    return start[4:8] == _TFLITE or named


def is_graded(path: Path) -> bool:
    """Whether a file is an int8 network: a .tflite file, or the image of one."""
    from spikelet.graded.image import is_graded as says_graded

    if is_tflite(path):
        return True
    try:
        with path.open("rb") as stream:
            return says_graded(stream.read(HEADER.size + SECTIONS_MAX * SECTION.size))
    except OSError:
        return False


def is_network(path: Path) -> bool:
    """Whether a file is a network to convert, not an image: by its first bytes, else by its name.

    Raises:
        DataError: it is neither.
    """
    start = _start(path)
    if start is None:
        return path.suffix != ".spkl"
    if start == _HDF5 or is_tflite(path):
        return True
    if not start.startswith(MAGIC) and path.suffix not in {".nir", ".spkl"}:
        raise DataError(
            f"{path} is neither a network (.nir, an HDF5 file, or .tflite) nor an image (.spkl): give one of these"
        )
    return path.suffix == ".nir" and not start.startswith(MAGIC)


def get_model(
    path: Path, options: dict[str, Any], reading: Reading | None = None, choices: Choices | None = None
) -> Model | GradedModel:
    """Read an image, or convert a network with the options that were given.

    A spiking network (.nir) gives a Model, one of TensorFlow Lite (.tflite) a GradedModel.

    Args:
        path: the file; what it is, its first bytes say.
        options: conversion options.
        reading: of calibration recordings.
        choices: of calibration data for a graded network.

    Raises:
        ConvertError, ImageError, DataError: see convert() and load().
    """
    given = said(options)
    if is_network(path):
        if is_tflite(path):
            from spikelet.cli.graded_options import convert_graded

            return convert_graded(path, given, choices)
        return convert_file(path, given, reading)
    if given:
        names = ", ".join(f"--{name.replace('_', '-')}" for name in given)
        raise click.UsageError(f"{path} is an image, which is converted already: leave out {names}")
    from spikelet.image import load

    return load(path)


def spiking(model: Model | GradedModel, what: str) -> Model:
    """A spiking model; a graded one is refused.

    Args:
        model: from get_model.
        what: cannot be done with a graded network.

    Raises:
        UsageError: it is a graded network.
    """
    if not isinstance(model, Model):
        raise click.UsageError(f"{what}: this is for spiking networks (.nir), and the model is an int8 one")
    return model


def host_encoding(path: Path, options: dict[str, Any]) -> str | None:
    """Take --encoder out of the options where the file is an image: then it is the host that encodes."""
    if is_network(path) or options.get("encoder") in (None, "events"):
        return None
    return str(options.pop("encoder"))


def convert_file(path: Path, given: dict[str, Any], reading: Reading | None = None) -> Model:
    """Convert a network; calibration data are read for its own inputs."""
    from spikelet.converters import convert

    if path.is_file() and not is_network(path):
        raise ConvertError(str(path), "", found="an image", allowed="a network (.nir)", hint="It is converted already.")
    given = settled(given)
    file = given.pop("calibration", None)
    if file is not None:
        kept = {name: value for name, value in given.items() if name not in _BY_DATA}
        inputs, labels = calibration(file, spiking(convert(path, **kept), "calibration"), reading)
        given |= {"calibration": inputs, "calibration_labels": labels}
    return spiking(convert(path, **given), "these options")


def settled(given: dict[str, Any]) -> dict[str, Any]:
    """Options that were given as convert() takes them."""
    given = dict(given)
    if "labels" in given:
        given["labels"] = given["labels"].split(",")
    if given.get("weights", "auto") != "auto":
        given["weights"] = _bits(given["weights"])
    if "v_min" in given:
        given["v_min"] = _number_or_word(given["v_min"])
    if given.get("prune", "auto") != "auto":
        given["prune"] = _part(given["prune"])
    return given


#: What a conversion takes from calibration data, or may.
_BY_DATA = ("weights", "weight_bits", "early_exit", "exit_loss", "prune", "prune_by")


def _part(text: str) -> float:
    """A number; which ones are allowed, convert() says."""
    try:
        return float(text)
    except ValueError:
        raise click.UsageError(f"--prune {text}: give auto, or a number between 0 and 1") from None


def _bits(text: str) -> int | dict[str, int]:
    """4, or fc1=4,fc2=8."""
    parts = [part.rpartition("=") for part in text.split(",")]
    if not all(bits.strip() in {"1", "2", "4", "8"} for _, _, bits in parts):
        raise click.UsageError(
            f"--weights {text}: give auto, a number (8, 4, 2 or 1), or name=bits with commas between"
        )
    if len(parts) == 1 and not parts[0][1]:
        return int(text)
    return {name.strip(): int(bits) for name, _, bits in parts}


def calibration(file: Path, model: Model, reading: Reading | None = None) -> tuple[Any, Any]:
    """Samples of a data set as convert() takes them, and their labels, None where it has none."""
    if reading is not None and not file.is_dir() and format_of(file) is None:
        reading = None
    data = load_data(file, model, reading=reading)
    inputs = {port.name: [data.inputs(index)[port.name] for index in range(len(data))] for port in model.inputs}
    return inputs, data.labels


def _number_or_word(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        return text


_DATA = (
    click.option("--samples", type=click.IntRange(min=0), default=0, help="Only the first N samples (0: all)."),
    click.option(
        "--ticks", type=click.IntRange(min=0), default=0, help="Length of a sample, where the model has no window."
    ),
)


def data_options(function: _Function) -> _Function:
    """How much of a data set, and how long."""
    return _apply(function, _DATA)


_RECORDING = (
    click.option("--tick-us", type=click.IntRange(min=1), help="Of recordings: length of a tick [us]."),
    click.option("--downscale", type=click.IntRange(min=1), help="Of recordings: x and y are divided by this (1)."),
)


def recording_options(function: _Function) -> _Function:
    """How recordings become events; see take_reading."""
    return _apply(function, _RECORDING)


def take_reading(options: dict[str, Any]) -> Reading | None:
    """Take the options for recordings out of the others; None: none was given."""
    given = {name: options.pop(name) for name in ("tick_us", "downscale")}
    return Reading(**said(given)) if said(given) else None


def get_data(
    file: Path,
    model: Model,
    *,
    samples: int,
    ticks: int,
    labelled: bool = False,
    encode: str | None = None,
    reading: Reading | None = None,
) -> DataSet:
    """Read a data set for a model; `encode` has the host make events of frames.

    Raises:
        DataError: see spikelet.datasets.load.
    """
    encoding = None
    if encode is not None:
        encoding = Encoding(encoder=Encoder[encode.upper()], ticks=ticks or model.ticks_per_sample)
    data = load_data(file, model, encoding=encoding, reading=reading, ticks=ticks, labelled=labelled)
    return data.take(samples)


def on_option(function: _Function) -> _Function:
    """Where to run."""
    return _apply(
        function, (click.option("--on", "where", default="host", show_default=True, help=f"Where: {WHERE}."),)
    )


_BOARD = (
    click.option(
        "--compiler",
        type=click.Choice(["auto", "gcc", "zig"]),
        default="auto",
        show_default=True,
        help="For firmware; auto: gcc where it is installed, else zig.",
    ),
)


def board_options(function: _Function) -> _Function:
    """How to build firmware."""
    return _apply(function, _BOARD)
