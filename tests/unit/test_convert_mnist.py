"""The promise of the README: networks trained on MNIST with public frameworks lose next to nothing in 8 bits."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from paths import ROOT, data
from spikelet.converters.encoding import encode
from spikelet.converters.floating import Floating
from spikelet.converters.pipeline import convert, lower
from spikelet.engine import Engine

TICKS = 25
NETWORKS: dict[str, dict[str, Any]] = {
    "zero": {"framework": "snntorch", "reset": "zero"},
    "subtract": {"framework": "snntorch", "reset": "subtract"},
    "spikingjelly": {"framework": "spikingjelly"},
}


def files(name: str) -> tuple[Path, dict[str, Any]]:
    """A network and what its framework answered."""
    folder = ROOT / "examples" / "mnist"
    with np.load(folder / f"reference_{name}.npz") as reference:
        return folder / f"mnist_{name}.nir", {key: reference[key] for key in reference}


def images() -> tuple[Any, Any]:
    """The 5,000 held-out digits."""
    with np.load(data("mnist/test5k.npz")) as test:
        return test["x"], test["y"]


@pytest.mark.parametrize("name", NETWORKS)
def test_the_float_run_answers_as_the_framework(name: str) -> None:
    """Output counts of 500 digits, one by one."""
    file, reference = files(name)
    x, _ = images()
    port = convert(file, encoder="rate", ticks_per_sample=TICKS, **NETWORKS[name]).inputs[0]

    floating = Floating(lower(file, **NETWORKS[name]), dtype=np.float32)
    counts = sum(values["output"] for values in floating.ticks(encode(port, x[:500], TICKS)))

    assert np.mean(counts == reference["framework_output_spikes"][:500]) > 0.999


@pytest.mark.parametrize("name", NETWORKS)
def test_eight_bits_answer_as_the_framework(name: str) -> None:
    """At least 99.2 % of predictions equal, accuracy within 0.3 points, on all 5,000 digits and without calibration."""
    file, reference = files(name)
    x, y = images()
    model = convert(file, encoder="rate", ticks_per_sample=TICKS, **NETWORKS[name])

    with Engine(model) as engine:
        predictions = np.array([engine.run(image).prediction for image in x])

    framework = reference["framework_prediction"]
    assert np.mean(predictions == framework) >= 0.992
    assert abs(np.mean(predictions == y) - np.mean(framework == y)) <= 0.003


def test_a_scale_for_each_neuron_agrees_better_than_one_for_all() -> None:
    """Counts of the outputs on 1,000 digits."""
    file, reference = files("zero")
    x, _ = images()
    equal = {}
    for scale in ("neuron", "population"):
        model = convert(file, encoder="rate", ticks_per_sample=TICKS, scale=scale, **NETWORKS["zero"])
        with Engine(model) as engine:
            counts = np.array([engine.run(image).counts for image in x[:1000]])
        equal[scale] = np.mean(counts == reference["framework_output_spikes"][:1000])

    assert equal["neuron"] > equal["population"] > 0.95
