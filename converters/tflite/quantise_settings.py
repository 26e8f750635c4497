"""Chooses how a float network is quantised: what a held-out part of the calibration data confirms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from spikelet.converters.precision import halves
from spikelet.converters.tflite.file import TfliteFile
from spikelet.converters.tflite.float_call import Array
from spikelet.converters.tflite.float_run import FloatRun
from spikelet.converters.tflite.quantise_equalise import equalised
from spikelet.converters.tflite.quantise_fit import Fitter, Rounded, compared, output_loss
from spikelet.converters.tflite.quantise_graph import Groups
from spikelet.converters.tflite.quantise_ranges import RANGES, Spread, scales, spreads
from spikelet.converters.tflite.quantise_weights import Layer

__all__ = ["FEW", "Settings", "Tried", "choose", "fit", "fitter", "parted"]

#: Fewer samples are not parted: all of them are for everything.
FEW = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How to quantise.

    `ranges` is of RANGES; `fitted` weights and biases, or those to the nearest; `equalised` channels.
    """

    ranges: str
    fitted: bool = True
    equalised: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """Settings and the loss of outputs with them on data that they were not fitted to."""

    settings: Settings
    loss: float


def parted(run: FloatRun, samples: int) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Two thirds to fit to and a third to measure with, at random; of a stream, which has an order, the last third."""
    if samples < FEW:
        return np.arange(samples), np.arange(samples)
    if run.stateful:
        return np.arange(samples * 2 // 3), np.arange(samples * 2 // 3, samples)
    return halves(samples)


def fitter(
    file: TfliteFile,
    groups: Groups,
    settings: Settings,
    inputs: Sequence[Array],
    seen: Mapping[int, Spread] | None = None,
) -> Fitter:
    """What fits layers to data, with these settings; `seen` are the network's spreads, where they are known."""
    if settings.equalised:
        file, seen = equalised(file, inputs), None
    seen = spreads(FloatRun(file), groups, inputs) if seen is None else seen
    return Fitter(file, scales(groups, seen, settings.ranges), inputs)


def fit(made: Fitter, settings: Settings, bits: Mapping[int, int]) -> dict[int, Layer]:
    """All layers, as the settings say."""
    return made.fit(bits) if settings.fitted else made.nearest()


def choose(file: TfliteFile, groups: Groups, inputs: Sequence[Array], *, nearest: bool) -> tuple[Settings, list[Tried]]:
    """Try settings on two thirds of the data with weights of 8 bits, measure on the rest, take the best.

    With fewer bits what weights lose drowns what settings change.

    Args:
        file: of `grouped`.
        groups: of it.
        inputs: calibration data, of each input.
        nearest: whether weights to the nearest may be chosen.

    Returns:
        The settings, and all that was tried.
    """
    original = FloatRun(file)
    first, second = parted(original, len(inputs[0]))
    part, other = [array[first] for array in inputs], [array[second] for array in inputs]
    meant = original.values(compared(original.graph), *other)
    seen, found = spreads(original, groups, part), list[Tried]()

    def attempt(settings: Settings) -> None:
        made = fitter(file, groups, settings, part, seen)
        layers = fit(made, settings, {operator.index: 8 for operator in made.layers})
        run = Rounded(made.file, made.scales, layers)
        found.append(Tried(settings=settings, loss=output_loss(run, other, meant)))

    for ranges in RANGES:
        attempt(Settings(ranges=ranges))
    ranges = min(found, key=lambda tried: tried.loss).settings.ranges
    if nearest:
        attempt(Settings(ranges=ranges, fitted=False))
    attempt(Settings(ranges=ranges, equalised=True))
    return min(found, key=lambda tried: tried.loss).settings, found
