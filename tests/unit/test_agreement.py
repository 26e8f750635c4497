"""What verify adds up: thresholds, rates, limits, silent neurons; and which option it names."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import nir
import numpy as np
import pytest

from spikelet import verify_runners
from spikelet.agreement import LayerAgreement, LayerSums, order_of
from spikelet.agreement_activity import ActivitySums, InputActivity, InputSums, PopulationActivity
from spikelet.agreement_advice import advise
from spikelet.agreement_data import data_of, verdict
from spikelet.converters import convert
from spikelet.converters.graph import Network
from spikelet.datasets import load
from spikelet.events import EVENT
from spikelet.model import V_MAX, Encoder, InputPort, LifChoices, Model, Population, PopulationKind
from spikelet.original import original
from spikelet.reference import Reference
from spikelet.verify import Verification, verify
from support.command_line import DIGITS
from support.nir_networks import affine, chain, lif, written

NETWORK = DIGITS / "digits.nir"
#: Parameters that integers hold exactly: a decay of a half.
LIF = {"tau": 2e-3, "r": 2.0, "v_leak": 0.0, "v_threshold": 1.0, "v_reset": 0.0}


@pytest.fixture(scope="module")
def model() -> Model:
    """The digits network."""
    return convert(NETWORK, framework="snntorch", reset="zero", encoder="rate", ticks_per_sample=25)


@pytest.fixture(scope="module")
def network(model: Model) -> Network:
    """Its float network."""
    return original(NETWORK, model)


def compared(model: Model, network: Network | None, samples: int = 4) -> Verification:
    """Digits on the reference and in float."""
    data = load(DIGITS / "digits_test.npz", model).take(samples)
    return verify(model, data, {"again": Reference(model)}, network=network)


class Neuron:
    """The fields of a float node that the sums look at."""

    threshold = np.array([2.0, 2.0, 4.0])
    v_min = np.array([-np.inf])
    offset = np.array([0.0])


def sums(neurons: Any = Neuron) -> LayerSums:
    """Sums of one population of three neurons, whose integers stand for themselves."""
    population = Population(name="p", size=3, frac=0, choices=LifChoices())
    made = Model(populations=(population,), projections=(), inputs=(), outputs=(), meta={"populations": [{}]})
    return LayerSums(made, 0, Network(nodes={"p": neurons}, edges=()))


def rows(*values: tuple[float, ...]) -> Any:
    """An array of shape (ticks, 3)."""
    return np.array(values, float)


def test_errors_are_in_thresholds_up_to_the_first_differing_spike() -> None:
    """0.5 of a threshold of 2 is a quarter; what follows a missed spike counts in `v_error` only."""
    layer = sums()
    layer.start()
    layer.add(0, rows((1, 0, 1), (1, 0, 0)), rows((1.5, 0, 0), (9, 0, 0)), rows((0, 0, 0), (1, 0, 0)), np.zeros((2, 3)))
    layer.add(0, rows((9, 0, 0)), np.zeros((1, 3)), np.zeros((1, 3)), np.zeros((1, 3)))
    layer.finish()
    found = layer.result()

    assert (found.v_largest, found.v_largest_at) == (0.25, (0, 0, 0))
    assert found.v_compared == 7 / 9
    assert found.v_rms == pytest.approx(np.sqrt((0.25**2 + 0.25**2) / 7))
    assert found.v_error == pytest.approx(np.sqrt((0.25 + 1 + 64 + 81) / 9))
    assert found.first == (0, 1, 0)
    assert found.spikes_equal == 8 / 9


def test_rates_correlate_as_numpy_says() -> None:
    """Pearson's r over all sums of samples and neurons; none where sums do not vary."""
    rng = np.random.default_rng(3)
    real, whole = rng.integers(0, 2, (2, 5, 20, 3))
    layer, flat = sums(), sums()
    for sample in range(5):
        for one in (layer, flat):
            one.start()
        layer.add(sample, None, None, whole[sample], real[sample])
        flat.add(sample, None, None, np.ones((2, 3)), real[sample][:2])
        for one in (layer, flat):
            one.finish()
    sides = [counts.sum(axis=1).reshape(-1) for counts in (real, whole)]

    assert layer.result().rate_correlation == pytest.approx(np.corrcoef(*sides)[0, 1])
    assert layer.result().counts_equal == np.mean(sides[0] == sides[1])
    assert flat.result().rate_correlation is None
    assert flat.result().always_integer_only == 3


def test_neurons_without_a_threshold_take_that_of_the_others() -> None:
    """An infinite threshold ("never") and a threshold of 0 give no infinite errors."""

    class Odd(Neuron):
        threshold = np.array([np.inf, 0.0, 4.0])

    layer = sums(Odd)
    layer.start()
    layer.add(0, rows((2, 2, 2)), np.zeros((1, 3)), np.zeros((1, 3)), np.zeros((1, 3)))
    layer.finish()

    assert layer.result().v_rms == 0.5


def test_pieces_of_a_sample_add_up_to_the_sample(
    model: Model, network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Cut into one tick each, into three, or not at all: every figure is the same."""
    found = []
    for at_once in (1, 3 * 2 * 106, 10**9):
        monkeypatch.setattr(verify_runners, "_AT_ONCE", at_once)
        found.append(data_of(compared(model, network)))

    for other in found[1:]:
        for layer, same in zip(found[0]["layers"], other["layers"], strict=True):
            assert list(layer) == list(same)
            for name, value in layer.items():
                assert same[name] == (pytest.approx(value) if isinstance(value, float) else value)
        assert {**other, "layers": []} == {**found[0], "layers": []}


def test_every_figure_is_compared_in_the_engines_numbering(model: Model, network: Network) -> None:
    """A population that the meta calls a map has its float side numbered channels last."""
    reports = [dict(report) for report in model.meta["populations"]]
    reports[0]["map"] = [6, 4, 4]
    moved = replace(model, meta={**model.meta, "populations": reports})
    order = order_of(moved, 0)

    assert order is not None
    assert order.tolist() == [c * 16 + place for place in range(16) for c in range(6)]
    assert order_of(model, 0) is None
    assert compared(moved, network).layers[0].spikes_equal < compared(model, network).layers[0].spikes_equal


def test_activity_counts_limits_and_silence() -> None:
    """Largest integers, own clamps, largest counts, neurons of no and of every tick."""
    parameters = {"v_min": np.array([-5], np.int32)}
    population = Population(
        name="p", size=4, frac=0, choices=LifChoices(several=True), parameters=parameters, max_count=3
    )
    one = ActivitySums(population)
    one.add(np.array([[V_MAX, -5, 0, 0]]), None, np.array([[3, 0, 1, 0]]))
    one.add(np.array([[0, -5, 0, 0]]), np.array([[0, 0, -V_MAX, 0]]), np.array([[1, 0, 0, 0]]))

    assert one.result() == PopulationActivity(
        population="p",
        size=4,
        fires=True,
        spikes=5,
        saturated=2 / 8,
        at_v_min=2 / 8,
        at_max_count=1 / 3,
        never=2,
        never_first=(1, 3),
        always=1,
        always_first=(0,),
    )


def test_inputs_at_their_limit_are_counted() -> None:
    """Values at the largest of a port of events; pixels above a full rate."""
    port = InputPort(name="in", size=3, shape=(3,), max_value=2, max_sum=6, capacity=8)
    events = InputSums(port)
    given = np.array([(0, 0, 2), (0, 1, 1), (1, 0, -2), (2, 0, 1)], EVENT)
    events.add({"in": given})
    pixels = InputSums(replace(port, encoder=Encoder.RATE, max_value=1, gain=514))
    pixels.add({"in": np.array([0, 100, 200], np.uint8)})

    assert events.result().at_limit == 0.5
    assert pixels.result().at_limit == 0.5


def kinds(found: Verification) -> dict[str, str]:
    """Advice by kind."""
    return {advice.kind: advice.advice for advice in found.advice}


def test_few_bits_are_told_of() -> None:
    """Layers that differ name the options that were not used yet; the second looks back to the first."""
    said = {"framework": "snntorch", "reset": "zero", "encoder": "rate", "ticks_per_sample": 25}
    coarse = convert(NETWORK, weight_bits=2, scale="population", **said)
    found = compared(coarse, original(NETWORK, coarse), 10)
    texts = [advice.advice for advice in found.advice if advice.kind == "spikes_apart"]

    assert "--weight-bits" in texts[0]
    assert "--calibration" in texts[0]
    assert "--scale neuron" in texts[0]
    assert "'1'" in texts[1]
    assert verdict(found)[0] == "warn"
    assert str(sum(advice.serious for advice in found.advice)) in verdict(found)[1]


def test_a_dead_layer_and_one_that_always_fires_are_told_of(tmp_path: Path) -> None:
    """No spike on either side; and a spike in every tick."""
    for v_threshold, kind, option in ((1e4, "dead_layer", "--input-scale"), (-1.0, "always_firing", "--dt")):
        file = written(tmp_path, chain(affine(4, 6), lif(4, v_threshold=v_threshold), n_in=6, n_out=4))
        made = convert(file, framework="nir", dt=1e-3, reset="none", comparison=">")
        np.savez(tmp_path / "data.npz", x=np.ones((2, 5, 6), int))
        found = verify(made, load(tmp_path / "data.npz", made), {}, network=original(file, made))

        assert option in kinds(found)[kind]
        assert verdict(found)[0] == "warn"


def test_limits_name_their_options(model: Model) -> None:
    """Saturation, the largest count, a clamp and an input at its limit."""
    port = InputActivity(port="input", encoder="events", values=10, at_limit=0.5)
    activity = PopulationActivity(
        population="1",
        size=96,
        fires=True,
        spikes=1,
        saturated=0.1,
        at_v_min=0.5,
        at_max_count=0.1,
        never=0,
        never_first=(),
        always=0,
        always_first=(),
    )
    layer = LayerAgreement(
        population="1", size=96, fires=True, spikes_float=1, spikes_integer=1, spikes_equal=1.0, counts_equal=1.0,
        rate_correlation=1.0, v_error=0.0, v_unit="threshold", v_rms=0.0, v_largest=0.0, v_largest_at=None,
        v_compared=1.0, first=None, never_float_only=0, never_integer_only=0, always_float_only=0,
        always_integer_only=0, at_v_min_float=0.0,
    )  # fmt: skip
    quiet = replace(activity, population="3", saturated=0.0, at_max_count=0.0)
    found = {advice.kind: advice for advice in advise(model, [port], [activity, quiet], [layer])}

    assert "--max-value" in found["input_at_limit"].advice
    assert "--frac" in found["saturated"].advice
    assert "--dt" in found["max_count"].advice
    assert "--v-min" in found["v_min"].advice
    assert {advice.population for advice in found.values()} == {"input", "1"}


def test_a_clamp_that_nobody_set_is_found_again_behind_an_image(tmp_path: Path) -> None:
    """ "none" is not written down; the float network is lowered with it all the same."""
    file = written(tmp_path, chain(affine(4, 6), lif(4, tau=5.0), n_in=6, n_out=4))
    said: dict[str, Any] = {"framework": "sinabs", "dt": 1e-3, "defaults": True, "v_min": "none"}
    made = convert(file, **said)

    assert original(file, made).meta["choices"] == made.meta["choices"]


def test_maps_and_delay_lines_agree_with_the_float_network(tmp_path: Path) -> None:
    """A convolution whose neurons get other numbers, and spikes that wait: weights are exact, so no spike differs."""
    rng = np.random.default_rng(0)
    weight = (rng.integers(-60, 64, (4, 2, 3, 3)) / 32).astype(np.float32)
    conv = nir.Conv2d(
        input_shape=(5, 5), weight=weight, stride=1, padding=1, dilation=1, groups=1, bias=np.zeros(4, np.float32)
    )
    shaped = {name: np.full((4, 5, 5), value, np.float32) for name, value in LIF.items()}
    nodes: dict[str, Any] = {
        "input": nir.Input(np.array([2, 5, 5])),
        "conv": conv,
        "maps": nir.LIF(**shaped),
        "wait": nir.Delay(np.full((4, 5, 5), 0.002)),
        "flat": nir.Flatten({"input": np.array([4, 5, 5])}, 0, -1),
        "read": affine(3, 100),
        "out": lif(3, tau=2e-3, r=2.0),
        "output": nir.Output(np.array([3])),
    }
    file = written(tmp_path, nir.NIRGraph(nodes, list(pairwise(nodes))))
    made = convert(file, framework="nir", dt=1e-3, reset="zero", frac=16)
    np.savez(tmp_path / "data.npz", x=rng.integers(0, 2, (3, 12, 50)))
    data = load(tmp_path / "data.npz", made)
    found = verify(made, data, {"again": Reference(made)}, network=original(file, made))

    assert order_of(made, 0) is not None
    assert [layer.spikes_equal for layer in found.layers] == [1.0] * len(made.populations)
    assert all(layer.spikes_float > 0 for layer in found.layers)
    assert max(layer.v_rms or 0.0 for layer in found.layers) < 1e-2
    assert {p.kind for p in made.populations} == set(PopulationKind)


def test_the_verdict_says_what_was_not_compared(model: Model) -> None:
    """Without a float network, and without any runner."""
    data = load(DIGITS / "digits_test.npz", model).take(1)

    assert "no float network" in verdict(compared(model, None, 1))[1]
    assert verdict(verify(model, data, {}))[0] == "warn"
