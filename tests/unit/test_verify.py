"""verify: what is equal, what is not, and where it first differs."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from spikelet import Reference
from spikelet.converters import convert, lower
from spikelet.datasets import DataSet, load
from spikelet.errors import ConvertError, DataError
from spikelet.model import Int32Array, Model
from spikelet.original import original
from spikelet.runner import Variable
from spikelet.verify import float_predictions, variables, verify
from support.command_line import DIGITS, SAID, answer, convert_digits, spikelet
from support.nir_networks import affine, chain, lif, written
from support.random_models import random_events, random_model

NETWORK = DIGITS / "digits.nir"


@pytest.fixture(scope="module")
def model() -> Model:
    """The digits network."""
    return convert(NETWORK, framework="snntorch", reset="zero", encoder="rate", ticks_per_sample=25)


@pytest.fixture(scope="module")
def digits(model: Model) -> DataSet:
    """Five held-out digits."""
    return load(DIGITS / "digits_test.npz", model).take(5)


class Wrong(Reference):
    """A runner with a fault: one potential is one unit too high in one tick of one sample, or a score is."""

    def __init__(self, model: Model, *, sample: int, tick: int, neuron: int, score: int = 0) -> None:
        self.sample, self.at, self.neuron, self.score, self.begun = sample, tick, neuron, score, -1
        super().__init__(model)

    def reset(self) -> None:
        """Count the samples."""
        super().reset()
        self.begun += 1

    def probe(self, population: int, variable: Variable) -> Int32Array:
        """With the fault."""
        values = super().probe(population, variable)
        now = (self.begun - 1, self.tick_number - 1)
        if now == (self.sample, self.at) and population == 1 and variable is Variable.V:
            values[self.neuron] += 1
        return values

    def scores(self, port: int = 0) -> Int32Array:
        """With the fault."""
        values = super().scores(port)
        values[0] += self.score if self.begun - 1 == self.sample else 0
        return values


def test_the_first_difference_has_a_sample_a_tick_and_a_neuron(model: Model, digits: DataSet) -> None:
    """One wrong word among all is found and placed; every other word counts as compared and equal."""
    result = verify(model, digits, {"good": Reference(model), "bad": Wrong(model, sample=3, tick=17, neuron=8)})
    good, bad = result.comparisons

    assert (good.identical, bad.identical, result.identical) == (True, False, False)
    assert bad.unequal == {"1": 0, "3": 1}
    assert bad.words == {"1": 5 * 25 * 96 * 2, "3": 5 * 25 * 10 * 2}
    first = bad.first
    assert first is not None
    assert (first.sample, first.tick, first.population, first.variable, first.neuron) == (3, 17, "3", "v", 8)
    assert first.found == first.expected + 1
    assert "sample 3, tick 17, population '3', neuron 8" in str(first)


def test_a_wrong_score_is_a_difference(model: Model, digits: DataSet) -> None:
    """Though every state word is right."""
    result = verify(model, digits, {"bad": Wrong(model, sample=1, tick=-1, neuron=0, score=1)})
    first = result.comparisons[0].first

    assert first is not None
    assert (first.sample, first.population, first.variable) == (1, "output", "score")
    assert sum(result.comparisons[0].unequal.values()) == 0


def test_host_equals_reference_over_random_models(tmp_path: Path) -> None:
    """Every variable that a population has is compared, for all semantic choices."""
    for seed in range(8):
        made = random_model(seed)
        events = random_events(seed, made, 12)
        record = {name: events[name].astype(np.int64) for name in ("tick", "neuron", "value")}
        np.savez(tmp_path / "data.npz", sample=np.zeros(len(events), int), **record)
        data = load(tmp_path / "data.npz", made, ticks=12)
        from spikelet.engine import Engine

        with Engine(made) as engine:
            result = verify(made, data, {"host": engine})

        assert result.identical, str(result.comparisons[0].first)
        each = {p.name: 12 * p.size * len(variables(p)) for p in made.populations}
        assert result.comparisons[0].words == each


def test_float_and_integer_are_compared_by_layer(model: Model, digits: DataSet) -> None:
    """Nearly equal for 8 bits; the first spike that is not is placed; potentials are near in the network's units."""
    result = verify(model, digits, {}, network=original(NETWORK, model))

    assert [layer.population for layer in result.layers] == ["1", "3"]
    for layer in result.layers:
        assert 0.97 < layer.spikes_equal <= 1
        assert (layer.first is None) == (layer.spikes_equal == 1)
        assert 0 < layer.v_error < 0.2
    assert result.float_predictions is not None
    assert result.float_predictions.tolist() == result.predictions.tolist()


def test_exact_weights_agree_exactly_with_float(tmp_path: Path) -> None:
    """Weights and thresholds that integers hold exactly and a decay of 1/2: no spike differs, potentials are equal."""
    file = written(
        tmp_path, chain(affine(4, 6), lif(4, tau=2e-3, r=2.0), affine(2, 4), lif(2, tau=2e-3, r=2.0), n_in=6, n_out=2)
    )
    said = {"framework": "nir", "dt": 1e-3, "reset": "zero", "frac": 20}
    made = convert(file, **said)
    x = np.random.default_rng(1).integers(0, 2, (4, 15, 6))
    np.savez(tmp_path / "data.npz", x=x)

    result = verify(made, load(tmp_path / "data.npz", made), {}, network=original(file, made))

    assert [layer.spikes_equal for layer in result.layers] == [1.0, 1.0]
    assert max(layer.v_error for layer in result.layers) < 1e-3
    assert sum(layer.spikes_float for layer in result.layers) > 0


def test_the_float_network_behind_an_image_is_found_again(model: Model, tmp_path: Path) -> None:
    """By the choices that the image remembers; another file or no choices are refused."""
    again = original(NETWORK, model)
    said = lower(NETWORK, framework="snntorch", reset="zero")

    assert again.meta["choices"] == said.meta["choices"]
    other = tmp_path / "other.nir"
    other.write_bytes(NETWORK.read_bytes() + b"\0")
    with pytest.raises(DataError, match="not the file"):
        original(other, model)
    with pytest.raises(DataError, match="does not say"):
        original(NETWORK, replace(model, meta={}))
    with pytest.raises(DataError, match="cannot be read"):
        original(tmp_path / "none.nir", model)
    changed = {**model.meta, "choices": {"LIF": {**model.meta["choices"]["LIF"], "extra": 1}}}
    with pytest.raises((ConvertError, DataError)):
        original(NETWORK, replace(model, meta=changed))


def test_samples_of_different_length_are_compared_one_by_one(tmp_path: Path) -> None:
    """Each for its own ticks; the predictions of all at once are the same."""
    file = written(tmp_path, chain(affine(2, 3), lif(2), n_in=3, n_out=2))
    made = convert(file, framework="nir", dt=1e-3, reset="zero")
    np.savez(tmp_path / "data.npz", sample=[0, 1, 1], tick=[3, 0, 5], neuron=[0, 1, 2])
    data = load(tmp_path / "data.npz", made)
    network = original(file, made)

    result = verify(made, data, {}, network=network)

    assert (result.samples, result.ticks) == (2, 4 + 6)
    assert result.float_predictions is not None
    assert result.float_predictions.tolist() == float_predictions(network, made, data).tolist()


def test_the_command_compares_everything(tmp_path: Path) -> None:
    """From a network, and from an image with its network: the same data; without the network it says so."""
    image = convert_digits(tmp_path)
    samples = ("--samples", 3, "--on", "host", "--on", "reference")
    found = [
        answer("verify", NETWORK, DIGITS / "digits_test.npz", *samples, *SAID),
        answer("verify", image, DIGITS / "digits_test.npz", *samples, "--network", NETWORK),
    ]
    alone = spikelet("verify", image, DIGITS / "digits_test.npz", *samples)

    assert found[0] == found[1]
    assert found[0]["identical"]
    assert [c["on"] for c in found[0]["comparisons"]] == ["host", "reference"]
    assert len(found[0]["layers"]) == 2
    assert alone.exit_code == 0
    assert "--network" in alone.stdout
    assert "all integers are identical" in alone.stdout


def test_the_command_ends_with_1_where_something_differs(
    model: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And prints the place."""
    from spikelet.cli import verify as command

    wrong = Wrong(model, sample=1, tick=4, neuron=2)
    monkeypatch.setattr(command, "open_runner", lambda *_, **__: wrong)
    words = ("verify", convert_digits(tmp_path), DIGITS / "digits_test.npz", "--samples", 2)
    result = spikelet(*words)

    assert result.exit_code == 1
    assert "host first differs at sample 1, tick 4, population '3', neuron 2: v is" in result.stdout
    wrong.begun = 0
    first = json.loads(spikelet(*words, "--json").stdout)["comparisons"][0]["first"]
    assert (first["sample"], first["tick"], first["neuron"]) == (1, 4, 2)
