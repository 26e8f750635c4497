"""Events and frames made up for a model that is tuned without data."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from spikelet.budget import ASSUMED
from spikelet.datasets import DataSet
from spikelet.events import EVENT, EventArray
from spikelet.model import Encoder, InputPort, Model

__all__ = ["made_up"]

#: Samples, and ticks of one where the model has no window.
_SAMPLES, _TICKS = 2, 25
#: Part of the pixels of a frame that are not 0.
_LIT = 0.2


def made_up(model: Model) -> DataSet:
    """Samples in which as many inputs fire as `budget` assumes, drawn at random, the same each time."""
    rng = np.random.default_rng(0)
    ticks = model.ticks_per_sample or _TICKS
    parts: dict[str, list[Any]] = {port.name: [] for port in model.inputs}
    for _ in range(_SAMPLES):
        for port in model.inputs:
            frame = port.encoder is not Encoder.EVENTS
            parts[port.name].append(_frame(rng, port) if frame else _events(rng, port, ticks))
    return DataSet(name=f"made-up inputs ({100 * ASSUMED:g} % fire in a tick)", parts=parts, labels=None, ticks=ticks)


def _frame(rng: np.random.Generator, port: InputPort) -> npt.NDArray[np.uint8]:
    return (rng.integers(0, 256, port.size) * (rng.random(port.size) < _LIT)).astype(np.uint8)


def _events(rng: np.random.Generator, port: InputPort, ticks: int) -> EventArray:
    made = []
    for tick in range(ticks):
        neurons = np.flatnonzero(rng.random(port.size) < ASSUMED)[: min(port.capacity, port.max_sum)]
        some: EventArray = np.zeros(len(neurons), EVENT)
        some["tick"], some["neuron"], some["value"] = tick, neurons, 1
        made.append(some)
    return np.concatenate(made)
