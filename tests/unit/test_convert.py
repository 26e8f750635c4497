"""convert(): ports, options, determinism, calibration, and the published single neuron."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import nir
import numpy as np
import pytest

from paths import data
from spikelet.converters import pipeline
from spikelet.converters.encoding import encode
from spikelet.converters.floating import Floating
from spikelet.converters.graph import Network, check
from spikelet.converters.nodes import Flatten, Graph, Identity, Input
from spikelet.converters.pipeline import PASSES, convert, lower
from spikelet.errors import ConvertError, DataError
from spikelet.model import Decoder, Encoder, InputPort, OutputKind
from spikelet.reference import Reference
from spikelet.runner import Variable
from support.nir_networks import affine, chain, lif, written

SAID: dict[str, Any] = {"framework": "nir", "dt": 1e-3}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A 6-4-2 network."""
    return written(
        tmp_path, chain(affine(4, 6), lif(4, v_threshold=0.2), affine(2, 4), lif(2, v_threshold=0.1), n_in=6, n_out=2)
    )


@pytest.mark.parametrize("said", [{"framework": "nir"}, {"framework": "norse", "reset": "zero"}], ids=["nir", "norse"])
def test_the_published_neuron_fires_when_it_did_in_norse(said: dict[str, Any]) -> None:
    """NIR paper: spikes at 460, 510, 710 and 760, membrane within 1/1000 of the threshold."""
    with np.load(data("nir/lif_norse_reference.npz")) as reference:
        x, membrane, spikes = reference["input"], reference["membrane"], reference["spikes"]

    model = convert(data("nir/lif_norse.nir"), dt=1e-4, **said)
    result = Reference(model).run(x[:, None], probe=[("1", Variable.V)], ticks=len(x))

    report = model.meta["populations"][0]
    v = result.probes["1", Variable.V][:, 0] * report["scale"] / 2 ** report["frac"]
    assert result.events["tick"].tolist() == [460, 510, 710, 760]
    assert np.nonzero(spikes)[0].tolist() == result.events["tick"].tolist()
    assert np.max(np.abs(v - membrane)) < 0.1 / 1000


def test_every_pass_is_checked(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The network is looked over after each pass, and the stage is named."""
    seen = []
    monkeypatch.setattr(pipeline, "check", lambda network, stage: seen.append(stage) or check(network, stage))

    lower(file, **SAID)

    assert [name for name, _ in PASSES] == seen


def test_folding_changes_no_spike(file: Path) -> None:
    """Before and after folding, float runs agree; what is left is Input, Neurons, Dense and Output."""
    x = (np.random.default_rng(0).random((4, 50, 6)) < 0.3).astype(float)

    before = Floating(lower(file, until="discretise", **SAID)).run(x)
    after = Floating(lower(file, **SAID)).run(x)

    for path in before.spikes:
        assert before.spikes[path].tolist() == after.spikes[path].tolist()
        assert before.spikes[path].sum() > 0
        np.testing.assert_allclose(before.v[path], after.v[path], atol=1e-9)
    kinds = {type(node).__name__ for node in lower(file, **SAID).nodes.values()}
    assert {"Input", "Neurons", "Dense", "Output"} == kinds


def test_a_network_object_converts_like_its_file(file: Path) -> None:
    """A frontend's Network may be given instead of a path."""
    from spikelet.converters.frontends.nir import read_nir

    first, second = convert(file, **SAID), convert(read_nir(file), **SAID)

    assert json.dumps(first.meta) == json.dumps(second.meta)
    assert first.projections[0].weights.tolist() == second.projections[0].weights.tolist()


def test_the_same_file_gives_the_same_model_and_no_path_or_time_in_it(file: Path, tmp_path: Path) -> None:
    """META is plain JSON with the hash of the source, wherever the file lies."""
    import hashlib

    (tmp_path / "elsewhere").mkdir()
    other = tmp_path / "elsewhere" / "b.nir"
    other.write_bytes(file.read_bytes())

    first, second = convert(file, **SAID), convert(other, **SAID)

    assert first.meta == second.meta
    assert hashlib.sha256(file.read_bytes()).hexdigest() == first.meta["source"]["sha256"]
    assert str(tmp_path) not in json.dumps(first.meta)
    assert first.meta["choices"]["LIF"]["framework"] == "nir"


@pytest.mark.parametrize("encoder", ["rate", "poisson", "latency", "direct"])
def test_ports_with_an_encoder_take_frames(encoder: str, file: Path) -> None:
    """Their limits follow from the size."""
    most = 255 if encoder == "direct" else 1

    model = convert(file, encoder=encoder, gain=300, seed=7, ticks_per_sample=12, max_value=most, **SAID)

    port = model.inputs[0]
    assert (Encoder[encoder.upper()], 300, most, 6 * most, 6) == (
        port.encoder, port.gain, port.max_value, port.max_sum, port.capacity
    )  # fmt: skip
    assert (7 if encoder == "poisson" else 0) == port.seed
    assert model.ticks_per_sample == 12


@pytest.mark.parametrize("encoder", ["rate", "poisson", "latency", "direct"])
def test_frames_encoded_at_once_are_what_the_reference_feeds_in(encoder: str, tmp_path: Path) -> None:
    """Calibration and the float run see the integers that the engine sees."""
    model = convert(
        written(tmp_path, chain(nir.Linear(np.eye(6, dtype=np.float32)), n_in=6, n_out=6)),
        encoder=encoder, ticks_per_sample=9, max_value=200 if encoder == "direct" else 1, **SAID,
    )  # fmt: skip
    frame = np.array([0, 1, 50, 128, 200, 255], np.uint8)

    dense = encode(model.inputs[0], frame[None], 9)[0]
    v = Reference(model).run(frame, probe=[("0", Variable.V)]).probes["0", Variable.V]

    weight = int(model.projections[0].weights[0, 0])
    assert (dense * weight << model.populations[0].frac).tolist() == v.tolist()


def test_an_input_scale_is_folded_into_the_weights(file: Path) -> None:
    """direct with 255 levels for a network trained on 0 .. 1."""
    plain, scaled = lower(file, **SAID), lower(file, input_scale=1 / 255, **SAID)

    np.testing.assert_allclose(scaled.nodes["input > 1"].weight * 255, plain.nodes["input > 1"].weight)  # type: ignore[attr-defined]
    assert scaled.nodes["1 > 3"].weight.tolist() == plain.nodes["1 > 3"].weight.tolist()  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("decoder", "kind"),
    [("count", OutputKind.EVENTS), ("first", OutputKind.EVENTS), ("none", OutputKind.EVENTS),
     ("last", OutputKind.POTENTIALS), ("largest", OutputKind.POTENTIALS)],
)  # fmt: skip
def test_decoders_choose_what_the_output_keeps(decoder: str, kind: OutputKind, file: Path) -> None:
    """Potentials that are compared share one scale."""
    model = convert(file, decoder=decoder, labels=("no", "yes"), **SAID)

    assert (Decoder[decoder.upper()], kind, ("no", "yes")) == (
        model.outputs[0].decoder, model.outputs[0].kind, model.outputs[0].labels
    )  # fmt: skip
    if kind is OutputKind.POTENTIALS:
        assert isinstance(model.meta["populations"][1]["scale"], float)


def test_one_scale_for_a_population_on_request(file: Path) -> None:
    """scale="population"."""
    model = convert(file, scale="population", **SAID)

    assert all(isinstance(report["scale"], float) for report in model.meta["populations"])


def test_several_inputs_and_outputs_become_ports(tmp_path: Path) -> None:
    """Each by its name."""
    nodes = {
        "left": nir.Input(np.array([3])),
        "right": nir.Input(np.array([2])),
        "a": affine(4, 3),
        "b": affine(4, 2),
        "lif": lif(4, v_threshold=0.1),
        "head": affine(2, 4),
        "spikes": nir.Output(np.array([4])),
        "values": nir.Output(np.array([2])),
    }
    edges = [
        ("left", "a"),
        ("right", "b"),
        ("a", "lif"),
        ("b", "lif"),
        ("lif", "spikes"),
        ("lif", "head"),
        ("head", "values"),
    ]
    model = convert(written(tmp_path, nir.NIRGraph(nodes, edges)), **SAID)

    result = Reference(model).run({"left": np.ones((5, 3), int), "right": np.ones((5, 2), int)})

    assert [port.name for port in model.inputs] == ["left", "right"]
    assert [port.name for port in model.outputs] == ["spikes", "values"]
    assert {"spikes", "values"} == set(result.outputs)
    assert [p.name for p in model.projections] == ["left > lif", "right > lif", "lif > head"]


def test_calibration_is_reported_and_never_makes_agreement_worse(tmp_path: Path) -> None:
    """The rounding that agrees better on the data is taken, and says by how much."""
    generator = np.random.default_rng(2)
    first = nir.Affine(generator.normal(0.05, 0.3, (40, 30)).astype(np.float32), np.zeros(40, np.float32))
    second = nir.Affine(generator.normal(0.05, 0.3, (5, 40)).astype(np.float32), np.zeros(5, np.float32))
    file = written(tmp_path, chain(first, lif(40, r=10), second, lif(5, r=10), n_in=30, n_out=5))
    frames = np.sort(generator.integers(0, 256, (60, 30)), axis=1).astype(np.uint8)

    model = convert(file, encoder="rate", ticks_per_sample=20, calibration=frames, **SAID)

    report = model.meta["calibration"]
    assert report["samples"] == 60
    assert report["rounded_by"] in ("data", "weights")
    assert {"1", "3"} == set(report["spikes_equal"])
    assert report["predictions_equal"] > 0.9
    json.dumps(model.meta)


def test_calibration_takes_events_dense_or_as_lists(file: Path) -> None:
    """All forms of the same data give the same model."""
    from spikelet.events import from_dense

    dense = (np.random.default_rng(4).random((7, 20, 6)) < 0.3).astype(np.int64)
    dense[:, -1, 0] = 1

    models = [
        convert(file, calibration=form, **SAID) for form in (dense, [from_dense(x) for x in dense], {"input": dense})
    ]

    assert models[0].meta["calibration"] == models[1].meta["calibration"] == models[2].meta["calibration"]


@pytest.mark.parametrize(
    ("data_", "encoder"),
    [(np.zeros((3, 5), np.uint8), "rate"), (np.full((3, 6), 0.5), "rate"), (np.zeros((3, 4, 5)), "events"),
     ({"other": np.zeros((3, 4, 6))}, "events"), ([np.ones((4, 9), int)], "events")],
)  # fmt: skip
def test_calibration_of_another_shape_is_refused(data_: Any, encoder: str, file: Path) -> None:
    """With the shape that is needed."""
    with pytest.raises(DataError):
        convert(file, calibration=data_, encoder=encoder, ticks_per_sample=4, **SAID)


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"weight_bits": 9}, "weight_bits: found 9; allowed: 1 .. 8"),
    ({"scale": "layer"}, "scale: found 'layer'"),
    ({"encoder": "morse"}, "encoder: found 'morse'; allowed: events, rate"),
    ({"decoder": "mean"}, "decoder: found 'mean'"),
    ({"rounding": "up"}, "rounding: found 'up'"),
    ({"gain": 70000, "encoder": "rate"}, "gain: found 70000"),
    ({"max_value": 2, "encoder": "rate"}, "max_value: found 2; allowed: 1 .. 1"),
    ({"max_value": 40000}, "max_value: found 40000"),
    ({"encoder": "latency"}, "ticks_per_sample: found 0"),
    ({"ticks_per_sample": 70000}, "ticks_per_sample: found 70000"),
    ({"queue": 0}, "queue: found 0"),
    ({"queue": 5, "encoder": "rate"}, "queue: found a value"),
    ({"output_queue": 1}, "output_queue: found 1; allowed: at least 2"),
    ({"labels": ("a",)}, "labels: found 1; allowed: 2"),
    ({"frac": 25}, "frac: found 25"),
    ({"input_scale": 0}, "input_scale: found 0"),
    ({"max_sum": 2**24}, "max_sum: found 16777216"),
]


@pytest.mark.parametrize(("said", "part"), REFUSED, ids=[next(iter(s)) + str(i) for i, (s, _) in enumerate(REFUSED)])
def test_an_option_out_of_range_is_refused(said: dict[str, Any], part: str, file: Path) -> None:
    """With what was found and what is allowed."""
    with pytest.raises(ConvertError) as caught:
        convert(file, **SAID, **said)

    assert part in str(caught.value)


def test_spikes_of_a_readout_cannot_be_counted(tmp_path: Path) -> None:
    """It has none."""
    file = written(tmp_path, chain(affine(2, 3), n_in=3, n_out=2))

    with pytest.raises(ConvertError, match="which never fires"):
        convert(file, decoder="count", **SAID)


def test_flatten_counts_axes_from_both_ends() -> None:
    """As torch does, without the batch."""
    flatten = Flatten(shape=None, start=-2, end=-1)

    assert flatten.gives((2, 3, 4)) == (2, 12)
    assert Flatten(shape=None, start=0, end=-1).gives((2, 3, 4)) == (24,)
    assert Flatten(shape=None, start=0, end=1).gives((2, 3, 4)) == (6, 4)
    with pytest.raises(ValueError, match="axes"):
        flatten.gives((4,))


def test_encode_refuses_a_port_of_events() -> None:
    """There is nothing to encode."""
    port = InputPort(name="in", size=2, shape=(2,), max_sum=2, capacity=2)

    with pytest.raises(DataError, match="takes events"):
        encode(port, np.zeros((1, 2), np.uint8), 3)


def test_inner_borders_disappear() -> None:
    """Graph, Identity and Flatten are gone after their passes, whatever they hold."""
    inner = Network(nodes={"i": Input(shape=(2,)), "o": pipeline_output()}, edges=(("i", "o"),))
    outer = Network(
        nodes={"in": Input(shape=(2,)), "g": Graph(network=inner), "out": pipeline_output()},
        edges=(("in", "g"), ("g", "out")),
    )

    inlined = lower(outer, until="inline")
    lowered = lower(outer)

    assert any(inlined.of(Identity))
    assert not any(lowered.of(Identity))
    assert {"in", "in > out.readout", "out.readout", "out"} == set(lowered.nodes)


def pipeline_output() -> Any:
    """An Output of any shape."""
    from spikelet.converters.nodes import Output

    return Output(shape=None)


@pytest.mark.parametrize(("encoder", "bound"), [("events", 254.0), ("rate", 127.0)])
def test_pushed_events_may_be_negative_and_count_against_the_bound(encoder: str, bound: float, tmp_path: Path) -> None:
    """Weights 1 and -1: an event of -1 adds to one of 1, an encoder sends none."""
    weight = nir.Linear(np.array([[1.0, -1.0]], np.float32))
    file = written(tmp_path, chain(weight, lif(1), n_in=2, n_out=1))

    model = convert(file, encoder=encoder, ticks_per_sample=5, **SAID)

    assert bound == model.meta["populations"][0]["input_bound"]
