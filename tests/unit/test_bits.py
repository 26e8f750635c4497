"""Weights of few bits: mixed by population, fitted to calibration data, chosen by what they lose."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from spikelet.converters import convert
from spikelet.engine import Engine
from spikelet.errors import ConvertError, DataError
from spikelet.image import decode, encode
from spikelet.model import Model

FOLDER = Path(__file__).resolve().parents[2] / "examples" / "digits"
SAID: dict[str, Any] = {"framework": "snntorch", "reset": "zero", "encoder": "rate", "ticks_per_sample": 25}


def digits(**how: Any) -> Model:
    """The network of the demo."""
    return convert(FOLDER / "digits.nir", **SAID, **how)


@pytest.fixture(scope="module")
def frames() -> np.ndarray:
    """Digits to calibrate with."""
    with np.load(FOLDER / "digits_test.npz") as data:
        return data["x"][:96].astype(np.uint8)


def bits_of(model: Model) -> list[int]:
    """Stored bits of each projection."""
    return [projection.bits for projection in model.projections]


@pytest.mark.parametrize("bits", [4, 2, 1])
def test_few_bits_are_stored_and_run(bits: int, frames: np.ndarray) -> None:
    """Codes stay within their range, bytes shrink, the image runs."""
    model = digits(weights=bits, calibration=frames)
    limits = {4: (-8, 7), 2: (-1, 1), 1: (-1, 1)}[bits]

    assert bits_of(model) == [bits, bits]
    assert all(limits[0] <= p.weights.min() and p.weights.max() <= limits[1] for p in model.projections)
    assert len(encode(model)) < len(encode(digits())) - 3000
    assert encode(decode(encode(model))) == encode(model)
    assert Engine(model).run(frames[0].reshape(-1)).prediction >= 0


def test_bits_are_mixed_by_population(frames: np.ndarray) -> None:
    """{path: bits}; what is not named has weight_bits."""
    names = [population.name for population in digits().populations]

    assert bits_of(digits(weights={names[0]: 4}, calibration=frames)) == [4, 8]
    assert bits_of(digits(weights={names[1]: 2})) == [8, 2]


def test_labels_are_one_for_each_sample(frames: np.ndarray) -> None:
    """Accuracy decides where there are labels."""
    with pytest.raises(DataError, match="96 calibration samples"):
        digits(weights="auto", calibration=frames, calibration_labels=np.zeros(5, int))
    model = digits(weights="auto", max_loss=100.0, calibration=frames, calibration_labels=np.zeros(96, int))

    assert bits_of(model) == [1, 1]


def test_bits_are_chosen_by_what_they_lose(frames: np.ndarray) -> None:
    """Nothing may change: more bits than where everything may."""
    strict = digits(weights="auto", max_loss=0.0, calibration=frames)
    loose = digits(weights="auto", max_loss=100.0, calibration=frames)

    assert bits_of(loose) == [1, 1]
    assert sum(bits_of(strict)) > 2
    assert strict.meta["weights"]["bits"].values() is not None
    assert len(strict.meta["weights"]["table"]) > 4


@pytest.mark.parametrize(
    ("how", "found"),
    [({"weights": "auto"}, "auto"), ({"weights": {"nobody": 4}}, "nobody"), ({"weight_bits": 1}, "1 bit")],
)
def test_bits_that_cannot_be_are_refused(how: dict[str, Any], found: str) -> None:
    """One clear error that says what to do."""
    with pytest.raises(ConvertError, match=found):
        digits(**how)
