"""From a file of TensorFlow Lite to a spiking network: rates of spikes stand for the values of its ReLUs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from spikelet.converters.graph import Network
from spikelet.converters.integers import build, parts_of
from spikelet.converters.nodes import Input, Neurons, Shape, size_of
from spikelet.converters.pipeline import lower
from spikelet.converters.ports import Options
from spikelet.converters.tflite.file import TfliteFile
from spikelet.converters.tflite.reader import read_tflite
from spikelet.converters.tflite.spikes_correction import corrected, fraction_bits
from spikelet.converters.tflite.spikes_levels import Levels, balanced, in_order, levels, with_levels
from spikelet.converters.tflite.spikes_operators import Planner
from spikelet.converters.tflite.spikes_reading import Reading
from spikelet.converters.tflite.spikes_wiring import Plan
from spikelet.errors import ConvertError, DataError
from spikelet.model import Decoder, Encoder, Model

__all__ = ["Spikes", "convert_spikes", "frames_of"]

#: min(x gain, 2^16) 255 / 2^16, rounded down, is x.
_GAIN = 258
_MAX_BURST = 255


@dataclass(frozen=True, slots=True, kw_only=True)
class Spikes:
    """How rates stand for values.

    `ticks` is the window of a sample; `burst` the most spikes of a neuron in a tick; `percentile` of the calibration
    values is what a spike in every tick stands for, of each channel or (`channels` False) each layer; potentials
    begin at `start` thresholds. `scale` says what shares a weight unit, as for convert().
    """

    ticks: int = 32
    burst: int = 1
    percentile: float = 99.9
    channels: bool = True
    start: float = 0.5
    scale: str = "auto"

    def __post_init__(self) -> None:
        """Check every number against its range.

        Raises:
            ConvertError: one is outside.
        """
        limits: Mapping[str, tuple[float, float]] = {
            "ticks": (1, 65535),
            "burst": (1, _MAX_BURST),
            "percentile": (50, 100),
            "start": (0, 1),
        }
        for name, (low, high) in limits.items():
            value = getattr(self, name)
            if not low <= value <= high:
                raise ConvertError("convert", name, found=str(value), allowed=f"{low} .. {high}", hint="")


def convert_spikes(
    file: str | Path | TfliteFile,
    *,
    calibration: npt.ArrayLike,
    calibration_labels: npt.ArrayLike | None = None,
    ticks: int = 32,
    burst: int = 1,
    percentile: float = 99.9,
    channels: bool = True,
    start: float = 0.5,
    scale: str = "auto",
    early_exit: int | str | None = None,
    exit_loss: float = 0.1,
    labels: Sequence[str] = (),
    input_scale: float | None = None,
    input_zero: int | None = None,
) -> Model:
    """Convert a network of TensorFlow Lite to integrate-and-fire neurons whose rates stand for its values.

    The model takes one frame a sample: the numbers of the file's int8 input plus 128, as uint8 in the file's order.
    Its output are potentials, of which the last tick's count; a softmax is left out.

    Args:
        file: a path, or what `read_tflite` gives; int8, or float.
        calibration: samples of the kind that the model will get, shape (samples, ...): int8 as the file takes them,
            uint8 frames, or float numbers.
        calibration_labels: their classes, to choose the margin of early exits by; without them what the last tick
            says is right.
        ticks, burst, percentile, channels, start, scale: see Spikes.
        early_exit: samples end when the best two scores differ by more than this; "auto": by the margin that is
            chosen on calibration data, and kept with the model in any case. None: none does.
        exit_loss: points of accuracy that early exits may lose on calibration data.
        labels: names of the classes.
        input_scale, input_zero: of a float file: a frame's number x stands for input_scale (x - input_zero).

    Raises:
        ConvertError: the file is refused, or an operator has no spiking form.
        DataError: calibration data do not fit.

    Source: Diehl et al. 2015 and Rueckauer et al. 2017 (levels from data, reset by subtraction), Bu et al. 2022
        (potentials that begin at half the threshold); docs/how-to/spiking-from-tflite.md.
    """
    settings = Spikes(
        ticks=ticks, burst=burst, percentile=percentile, channels=channels, start=start, scale=scale
    )  # fmt: skip
    read = file if isinstance(file, TfliteFile) else read_tflite(file)
    reading = Reading(read)
    plan = Planner(reading, input_scale, input_zero).plan()
    frames = frames_of(plan, calibration)
    found = levels(plan, frames, percentile=percentile, channels=channels)
    found = balanced(plan, found) if channels else found
    options = Options(
        scale=scale,
        encoder=Encoder.DIRECT,
        gain=_GAIN,
        max_value=255,
        ticks_per_sample=ticks,
        decoder=Decoder.LAST,
        labels=tuple(labels),
    )
    network = lower(replace(with_levels(plan, found, burst=burst, start=start), meta={"sha256": read.sha256}))
    parts = parts_of(network, options)
    network = corrected(network, parts, _shapes(plan.network), in_order(plan, frames))
    model = build(network, replace(options, frac=fraction_bits(parts, ticks)), calibration=None, dt=None)
    model = replace(model, meta={**model.meta, "spikes": _record(reading, plan, settings, found)})
    from spikelet.early_exit import margin_of, with_early_exit, with_margin

    model = with_margin(model, frames, calibration_labels, loss=exit_loss)
    if early_exit is None:
        return model
    return with_early_exit(model, margin_of(model) if early_exit == "auto" else early_exit)


def frames_of(plan: Plan, data: npt.ArrayLike) -> npt.NDArray[np.uint8]:
    """Samples as the port takes them, shape (samples, size).

    Raises:
        DataError: they have another size, or are no numbers.
    """
    ((_, node),) = plan.network.of(Input)
    array = np.asarray(data)
    if array.ndim < 2 or len(array) == 0 or array[0].size != size_of(node.shape) or array.dtype.kind not in "iuf":
        raise DataError(
            f"calibration is {array.dtype} of shape {array.shape}: give numbers of shape (samples, ...) with"
            f" {size_of(node.shape)} numbers a sample"
        )
    flat = array.reshape(len(array), -1)
    if array.dtype.kind == "f":
        if not np.all(np.isfinite(flat)):
            raise DataError("calibration holds NaN or infinite numbers: clean the data")
        numbers = np.clip(np.rint(flat / plan.input_scale + plan.input_zero), 0, 255)
    else:
        numbers = flat.astype(np.int64) + (128 if array.dtype == np.int8 else 0)
        if np.any((numbers < 0) | (numbers > 255)):
            raise DataError(
                f"calibration holds whole numbers from {flat.min()} to {flat.max()}: give int8, or uint8 frames"
            )
    made: npt.NDArray[np.uint8] = numbers.astype(np.uint8)
    return made


def _shapes(network: Network) -> dict[str, Shape]:
    """Of the input and all populations."""
    return {path: node.shape for path, node in network.of(Input, Neurons)}


def _record(reading: Reading, plan: Plan, settings: Spikes, found: Levels) -> dict[str, Any]:
    """What was chosen, for `meta` and reports."""
    populations = {
        path: {
            "tensor": reading.graph.tensors[role.tensor].name,
            "level": [float(f"{value:.4g}") for value in (found[path].min(), found[path].max())],
        }
        for path, role in plan.roles.items()
    }
    return {
        "ticks": settings.ticks,
        "burst": settings.burst,
        "percentile": settings.percentile,
        "levels": "channel" if settings.channels else "layer",
        "start": settings.start,
        "input": {"scale": plan.input_scale, "zero": plan.input_zero},
        "left_out": list(plan.dropped),
        "populations": populations,
    }
