"""bench: both sides of the comparison, with and without snnTorch."""

from __future__ import annotations

import importlib.util
import json

import numpy as np
import pytest

from spikelet import Reference
from spikelet import bench as module
from spikelet.bench import bench
from spikelet.converters import convert, lower
from spikelet.datasets import load
from spikelet.errors import SpikeletError
from support.command_line import DIGITS, spikelet

SAID = {"framework": "snntorch", "reset": "zero"}
HAS_SNNTORCH = all(importlib.util.find_spec(name) for name in ("torch", "snntorch"))


def test_without_snntorch_the_engine_is_measured_and_the_advice_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    """No ratio is made up."""
    monkeypatch.setitem(__import__("sys").modules, "spikelet.bench_snntorch", None)
    result = spikelet("bench", "host", "--samples", 5, "--rounds", 1)
    found = json.loads(spikelet("bench", "host", "--samples", 5, "--rounds", 1, "--json").stdout)

    assert result.exit_code == 0
    assert "pip install torch snntorch" in result.stdout
    assert "times as fast" not in result.stdout
    assert found["engine"] > 0
    assert found["snntorch"] is found["ratio"] is found["equal"] is None


def test_the_ratio_is_that_of_the_two_times(monkeypatch: pytest.MonkeyPatch) -> None:
    """With a stand-in for the framework that takes every spike it is given, and answers 0."""
    seen = []
    monkeypatch.setattr(
        module, "_framework", lambda _: (lambda x: seen.append(x.shape) or np.zeros(len(x), np.int64), "some 1.0", "")
    )
    model = convert(DIGITS / "digits.nir", encoder="rate", ticks_per_sample=25, **SAID)
    data = load(DIGITS / "digits_test.npz", model).take(30)
    result = bench(model, lower(DIGITS / "digits.nir", **SAID), data, rounds=2)

    assert seen == [(1, 25, 64), (30, 25, 64), (30, 25, 64)]
    assert result.ratio == result.snntorch / result.engine > 0
    assert result.equal == np.mean([Reference(model).run(data.inputs(i)).prediction == 0 for i in range(30)])
    assert "some 1.0" in spikelet("bench", "host", "--samples", 3).stdout


def test_models_that_cannot_be_compared_are_refused() -> None:
    """Events instead of frames."""
    model = convert(DIGITS / "digits.nir", ticks_per_sample=25, **SAID)
    data = load(DIGITS / "digits_test.npz", convert(DIGITS / "digits.nir", encoder="rate", ticks_per_sample=25, **SAID))

    with pytest.raises(SpikeletError, match="--encoder rate"):
        bench(model, lower(DIGITS / "digits.nir", **SAID), data)


@pytest.mark.skipif(not HAS_SNNTORCH, reason="no snnTorch: pip install torch snntorch")
def test_snntorch_answers_as_it_did_when_the_network_was_trained() -> None:
    """The network that is raced is the one that was exported: the predictions kept with the example."""
    from spikelet.bench_snntorch import build
    from spikelet.converters.encoding import encode

    model = convert(DIGITS / "digits.nir", encoder="rate", ticks_per_sample=25, **SAID)
    with np.load(DIGITS / "digits_test.npz") as test:
        x, expected = test["x"][:50], test["framework_prediction"][:50]
    run, _ = build(lower(DIGITS / "digits.nir", **SAID))

    assert run(encode(model.inputs[0], x, 25).astype(np.float32)).tolist() == expected.tolist()
