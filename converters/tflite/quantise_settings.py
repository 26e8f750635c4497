"""Chooses how a float network is quantised: what a held-out part of the calibration data confirms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from spikelet.converters.precision import halves
from spikelet.converters.tflite.file import TfliteFile
from spikelet.converters.tflite.float_call import Array
from spikelet.converters.tflite.float_run import FloatRun
from spikelet.converters.tflite.quantise_equalise import equalised
from spikelet.converters.tflite.quantise_fit import Fitter, Rounded, output_loss
from spikelet.converters.tflite.quantise_graph import Groups
from spikelet.converters.tflite.quantise_ranges import RANGES, Spread, scales, spreads
from spikelet.converters.tflite.quantise_weights import Layer

__all__ = ["FEW", "Settings", "Tried", "choose", "fit", "fitter"]

#: Fewer samples are not parted: all of them are for everything.
FEW = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How to quantise.

    `ranges` is of RANGES; `fitted` weights and biases, or those to the nearest; `rectified`: scales and biases fitted
    again to what is behind activations; `equalised` channels.
    """

    ranges: str
    fitted: bool = True
    rectified: bool = True
    equalised: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """Settings and the loss of outputs with them on data that they were not fitted to."""

    settings: Settings
    loss: float


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
    return made.fit(bits, rectify=settings.rectified) if settings.fitted else made.nearest()


def choose(
    file: TfliteFile, groups: Groups, bits: Mapping[int, int], inputs: Sequence[Array], *, nearest: bool
) -> tuple[Settings, list[Tried]]:
    """Try settings on two thirds of the data, measure on the rest, take the best.

    Args:
        file: of `grouped`.
        groups: of it.
        bits: of each layer.
        inputs: calibration data, of each input.
        nearest: whether weights to the nearest may be chosen; they have 8 bits.

    Returns:
        The settings, and all that was tried.
    """
    first, second = halves(len(inputs[0])) if len(inputs[0]) >= FEW else (slice(None), slice(None))
    part, other = [array[first] for array in inputs], [array[second] for array in inputs]
    original = FloatRun(file)
    meant = original.run(*other)
    seen, found = spreads(original, groups, part), list[Tried]()

    def attempt(settings: Settings) -> None:
        made = fitter(file, groups, settings, part, seen)
        run = Rounded(made.file, made.scales, fit(made, settings, bits))
        found.append(Tried(settings=settings, loss=output_loss(run, other, meant)))

    for ranges in RANGES:
        attempt(Settings(ranges=ranges))
    ranges = min(found, key=lambda tried: tried.loss).settings.ranges
    if nearest:
        attempt(Settings(ranges=ranges, fitted=False, rectified=False))
    attempt(Settings(ranges=ranges, rectified=False))
    best = min((tried for tried in found if tried.settings.fitted), key=lambda tried: tried.loss).settings
    attempt(replace(best, equalised=True))
    return min(found, key=lambda tried: tried.loss).settings, found
