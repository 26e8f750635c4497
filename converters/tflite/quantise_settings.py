"""Chooses how a float network is quantised: what a held-out part of the calibration data confirms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from spikelet.converters.precision import halves
from spikelet.converters.tflite.file import TfliteFile
from spikelet.converters.tflite.float_call import Array
from spikelet.converters.tflite.float_run import FloatRun
from spikelet.converters.tflite.quantise_equalise import equalised
from spikelet.converters.tflite.quantise_fit import Fitter, Rounded, output_loss
from spikelet.converters.tflite.quantise_graph import Groups
from spikelet.converters.tflite.quantise_ranges import RANGES, scales, spreads
from spikelet.converters.tflite.quantise_weights import Layer

__all__ = ["FEW", "Settings", "Tried", "choose", "fit", "fitter"]

#: Fewer samples are not parted: all of them are for everything.
FEW = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How to quantise: `ranges` is of RANGES; `fitted` weights and biases or the nearest; channels equalised or not."""

    ranges: str
    fitted: bool = True
    equalised: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """Settings and the loss of outputs with them on data that they were not fitted to."""

    settings: Settings
    loss: float


def fitter(file: TfliteFile, groups: Groups, settings: Settings, inputs: Sequence[Array]) -> Fitter:
    """What fits layers to data, with these settings."""
    if settings.equalised:
        file = equalised(file, inputs)
    seen = spreads(FloatRun(file), groups, inputs)
    return Fitter(file, scales(groups, seen, settings.ranges), inputs)


def fit(made: Fitter, settings: Settings, bits: Mapping[int, int]) -> dict[int, Layer]:
    """All layers, as the settings say."""
    return made.fit(bits) if settings.fitted else made.nearest()


def choose(
    file: TfliteFile, groups: Groups, bits: Mapping[int, int], inputs: Sequence[Array]
) -> tuple[Settings, list[Tried]]:
    """Try settings on two thirds of the data, measure on the rest, take the best.

    Args:
        file: of `grouped`.
        groups: of it.
        bits: of each layer.
        inputs: calibration data, of each input.

    Returns:
        The settings, and all that was tried.
    """
    first, second = halves(len(inputs[0])) if len(inputs[0]) >= FEW else (slice(None), slice(None))
    part, other = [array[first] for array in inputs], [array[second] for array in inputs]
    original = FloatRun(file)
    meant = original.run(*other)
    found: list[Tried] = []

    def attempt(settings: Settings) -> None:
        made = fitter(file, groups, settings, part)
        run = Rounded(made.file, made.scales, fit(made, settings, bits))
        found.append(Tried(settings=settings, loss=output_loss(run, other, meant)))

    for ranges in RANGES:
        attempt(Settings(ranges=ranges))
    best = min(found, key=lambda tried: tried.loss).settings
    if set(bits.values()) == {8}:
        attempt(Settings(ranges=best.ranges, fitted=False))
    attempt(Settings(ranges=best.ranges, equalised=True))
    return min(found, key=lambda tried: tried.loss).settings, found
