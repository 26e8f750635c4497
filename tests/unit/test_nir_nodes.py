"""Every node of NIR that is supported, written by the nir package, read and run."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import h5py
import nir
import numpy as np
import pytest

from spikelet.converters.floating import Floating
from spikelet.converters.frontends.nir import KINDS, read_nir
from spikelet.converters.pipeline import convert, lower
from spikelet.model import Decoder, OutputKind
from spikelet.reference import Reference
from spikelet.runner import Variable
from support.nir_networks import affine, chain, edit, lif, written

DT = 1e-3
TICKS = 80
N = 4
INPUT = (np.random.default_rng(5).random((TICKS, 3)) < 0.4).astype(np.int64)
FIRST = affine(N, 3, seed=11)
CURRENT = INPUT @ FIRST.weight.T.astype(float) + FIRST.bias


def each(*values: float) -> np.ndarray[Any, np.dtype[np.float32]]:
    """One parameter a neuron."""
    return np.array(values, np.float32)


TAU = each(0.004, 0.008, 0.016, 0.032)
SYN = each(0.002, 0.004, 0.005, 0.008)
R = each(2, 3, 4, 5)
LEAK = each(0, 0.125, -0.25, 0.5)
THRESHOLD = each(0.75, 1, 1.25, 1.5)
RESET = each(0, -0.5, 0.25, -0.125)
W_IN = each(2, 4, 5, 8)


def integrate(fires: bool, *, leak: bool, current: bool = False) -> tuple[Any, Any]:
    """NIR's equations in forward Euler, written down neuron by neuron; i before v."""
    v = np.where(leak, LEAK, 0).astype(float)
    i = np.zeros(N)
    spikes, potentials = np.zeros((TICKS, N)), np.zeros((TICKS, N))
    for t in range(TICKS):
        for n in range(N):
            x = CURRENT[t, n]
            if current:
                i[n] += DT / SYN[n] * (W_IN[n] * x - i[n])
                x = i[n]
            v[n] += DT / TAU[n] * (LEAK[n] - v[n] + R[n] * x) if leak else DT * R[n] * 100 * x
            if fires and v[n] > THRESHOLD[n]:
                spikes[t, n], v[n] = 1, RESET[n]
        potentials[t] = v
    return spikes, potentials


def threshold() -> tuple[Any, Any]:
    """Heaviside of the current."""
    return CURRENT > THRESHOLD, CURRENT


CASES: dict[str, tuple[nir.NIRNode, Callable[[], tuple[Any, Any]]]] = {
    "Threshold": (nir.Threshold(threshold=THRESHOLD), threshold),
    "I": (nir.I(r=R * 100), lambda: integrate(False, leak=False)),
    "IF": (nir.IF(r=R * 100, v_threshold=THRESHOLD, v_reset=RESET), lambda: integrate(True, leak=False)),
    "LI": (nir.LI(tau=TAU, r=R, v_leak=LEAK), lambda: integrate(False, leak=True)),
    "LIF": (
        nir.LIF(tau=TAU, r=R, v_leak=LEAK, v_threshold=THRESHOLD, v_reset=RESET),
        lambda: integrate(True, leak=True),
    ),
    "CubaLI": (
        nir.CubaLI(tau_mem=TAU, tau_syn=SYN, r=R, v_leak=LEAK, w_in=W_IN),
        lambda: integrate(False, leak=True, current=True),
    ),
    "CubaLIF": (
        nir.CubaLIF(tau_mem=TAU, tau_syn=SYN, r=R, v_leak=LEAK, w_in=W_IN, v_threshold=THRESHOLD, v_reset=RESET),
        lambda: integrate(True, leak=True, current=True),
    ),
}
SAID: dict[str, Any] = {"framework": "nir", "dt": DT, "v_init": "v_leak", "u_order": "decay_add_use"}


@pytest.mark.parametrize("kind", CASES)
def test_a_neuron_with_parameters_of_its_own_does_what_its_equations_say(kind: str, tmp_path: Path) -> None:
    """NIR's equations in forward Euler: float run exact, integer model the same spikes, potentials within 3 %.

    (Readouts share one scale, so their weights are not exact in 8 bits.)
    """
    node, expected = CASES[kind]
    file = written(tmp_path, chain(FIRST, node, n_in=3, n_out=N))
    spikes, potentials = expected()

    trace = Floating(lower(file, **SAID)).run(INPUT[None])
    model = convert(file, **SAID)
    result = Reference(model).run(INPUT, probe=[("1", Variable.V)])

    np.testing.assert_allclose(trace.v["1"][0], potentials, atol=1e-5)
    if spikes.any():
        assert spikes.astype(int).tolist() == trace.spikes["1"][0].astype(int).tolist()
        fired = np.zeros((TICKS, N), int)
        fired[result.events["tick"], result.events["neuron"]] = result.events["value"]
        assert spikes.astype(int).tolist() == fired.tolist()
    report = model.meta["populations"][0]
    v = result.probes["1", Variable.V] * np.array(report["scale"]) / 2 ** report["frac"] + np.array(report["offset"])
    assert np.max(np.abs(v - potentials)) < 0.03 * np.max(np.abs(potentials))


#: Tested in test_nir_layers.
LAYERS = {"Conv1d", "Conv2d", "SumPool2d", "AvgPool2d", "Delay", "Flatten", "Identity"}


def test_every_kind_that_is_read_has_a_test_and_every_kind_of_nir_is_read() -> None:
    """A new line in the table needs a line here; a new kind of nir a line in the table."""
    assert set(KINDS) == {*CASES, *LAYERS, "Input", "Output", "Affine", "Linear", "Scale"}
    assert {*KINDS, "NIRGraph"} - {"Identity"} == set(nir.ir.__all__) - {"NIRNode", "str2NIRNode", "dict2NIRNode"}


def test_linear_scale_and_flatten_become_weights(tmp_path: Path) -> None:
    """Images flatten in C order; Linear, Scale and Affine in a row are one projection and one bias."""
    generator = np.random.default_rng(3)
    weight = generator.normal(size=(5, 12)).astype(np.float32)
    factors = generator.normal(size=5).astype(np.float32)
    last = affine(N, 5, seed=2)
    nodes = {
        "input": nir.Input(np.array([3, 2, 2])),
        "flatten": nir.Flatten({"input": np.array([3, 2, 2])}, start_dim=0, end_dim=-1),
        "linear": nir.Linear(weight),
        "scale": nir.Scale(factors),
        "affine": last,
        "lif": lif(N),
        "output": nir.Output(np.array([N])),
    }
    names = list(nodes)
    file = written(tmp_path, nir.NIRGraph(nodes, list(pairwise(names))))

    lowered = lower(file, framework="nir", dt=DT)
    model = convert(file, framework="nir", dt=DT)

    gain = DT / 0.01
    matrix = (last.weight.astype(float) @ (factors[:, None].astype(float) * weight)).T * gain
    np.testing.assert_allclose(lowered.nodes["input > lif"].weight, matrix, rtol=1e-6)  # type: ignore[attr-defined]
    np.testing.assert_allclose(lowered.nodes["lif"].bias, last.bias * gain, rtol=1e-6)  # type: ignore[attr-defined]
    assert model.inputs[0].shape == (3, 2, 2)
    assert model.inputs[0].size == 12
    assert model.projections[0].weights.shape == (12, N)


def test_input_straight_into_neurons_is_an_identity(tmp_path: Path) -> None:
    """Without weights each input feeds its own neuron."""
    model = convert(written(tmp_path, chain(lif(3), n_in=3, n_out=3)), framework="nir", dt=DT)

    weights = model.projections[0].weights
    assert (weights != 0).tolist() == np.eye(3, dtype=bool).tolist()


def test_a_graph_in_a_graph_is_the_same_as_a_flat_one(tmp_path: Path) -> None:
    """Nested nodes get paths, and nothing else changes."""
    inner = chain(affine(N, 3, seed=1), lif(N), n_in=3, n_out=N)
    nodes = {"input": nir.Input(np.array([3])), "net": inner, "head": affine(2, N, seed=2), "lif2": lif(2)}
    nodes["output"] = nir.Output(np.array([2]))
    edges = [("input", "net"), ("net", "head"), ("head", "lif2"), ("lif2", "output")]
    (tmp_path / "nested").mkdir()
    nested = written(tmp_path / "nested", nir.NIRGraph(nodes, edges))
    flat = written(tmp_path, chain(affine(N, 3, seed=1), lif(N), affine(2, N, seed=2), lif(2), n_in=3, n_out=2))

    first, second = (convert(file, framework="nir", dt=DT) for file in (nested, flat))

    assert [p.name for p in first.populations] == ["net.1", "lif2"]
    assert [p.name for p in second.populations] == ["1", "3"]
    for a, b in zip(first.projections, second.projections, strict=True):
        assert a.weights.tolist() == b.weights.tolist()
    for p, q in zip(first.populations, second.populations, strict=True):
        assert {k: v.tolist() for k, v in p.parameters.items()} == {k: v.tolist() for k, v in q.parameters.items()}


def test_the_order_of_nodes_and_edges_in_a_file_does_not_matter(tmp_path: Path) -> None:
    """Populations come in the order of the signal."""
    names = {"a": "zz", "b": "m", "c": "k", "d": "a"}
    nodes = {
        names["d"]: lif(2),
        "output": nir.Output(np.array([2])),
        names["b"]: lif(N),
        names["c"]: affine(2, N, seed=2),
        "input": nir.Input(np.array([3])),
        names["a"]: affine(N, 3, seed=1),
    }
    edges = [("a", "output"), ("m", "k"), ("zz", "m"), ("k", "a"), ("input", "zz")]
    shuffled = written(tmp_path, nir.NIRGraph(nodes, edges))

    model = convert(shuffled, framework="nir", dt=DT)

    assert [p.name for p in model.populations] == ["m", "a"]


@pytest.mark.parametrize("stored", [b"1.0.1", "1.0.8"])
def test_strings_may_be_bytes_or_text_and_old_files_have_no_v_reset(stored: bytes | str, tmp_path: Path) -> None:
    """Files of nir 1.0.1 to 1.0.8 are read; a missing v_reset is 0."""
    file = written(tmp_path, chain(affine(N, 3), lif(N, v_reset=0.5), n_in=3, n_out=N))
    edit(file, {"version": stored, "node/nodes/1/v_reset": None})
    with h5py.File(file, "r+") as h:
        del h["node/nodes/1/type"]
        h["node/nodes/1"].create_dataset("type", data=np.bytes_(b"LIF"))

    network = read_nir(file)

    assert network.nodes["1"].v_reset == 0.0  # type: ignore[attr-defined]
    assert stored in (network.meta["nir_version"], network.meta["nir_version"].encode())


def test_one_parameter_may_serve_all_neurons(tmp_path: Path) -> None:
    """A parameter of one element is spread over the layer."""
    one = nir.LIF(**{name: np.array([value], np.float32) for name, value in
                     {"tau": 0.01, "r": 1, "v_leak": 0, "v_threshold": 1, "v_reset": 0}.items()})  # fmt: skip
    nodes = {"input": nir.Input(np.array([3])), "0": affine(N, 3), "1": one, "output": nir.Output(np.array([N]))}
    graph = nir.NIRGraph(nodes, [("input", "0"), ("0", "1"), ("1", "output")], type_check=False)

    model = convert(written(tmp_path, graph), framework="nir", dt=DT)

    assert model.populations[0].size == N


def test_a_linear_layer_at_the_end_is_read_as_potentials(tmp_path: Path) -> None:
    """An Affine before the Output becomes a population that keeps nothing: v is its value of the tick."""
    head = affine(2, N, seed=4)
    file = written(tmp_path, chain(affine(N, 3, seed=1), lif(N, v_threshold=0.11), head, n_in=3, n_out=2))

    model = convert(file, framework="nir", dt=DT)
    trace = Floating(lower(file, framework="nir", dt=DT)).run(INPUT[None])
    result = Reference(model).run(INPUT, probe=[("2", Variable.V)])

    assert (model.outputs[0].kind, model.outputs[0].decoder) == (OutputKind.POTENTIALS, Decoder.LARGEST)
    report = model.meta["populations"][1]
    assert isinstance(report["scale"], float)
    v = result.probes["2", Variable.V] * report["scale"] / 2 ** report["frac"]
    expected = trace.spikes["1"][0] @ head.weight.T + head.bias
    np.testing.assert_allclose(trace.outputs["output"][0], expected, rtol=1e-6)
    np.testing.assert_allclose(v, expected, atol=0.01)


def test_branches_are_followed_and_sums_are_added(tmp_path: Path) -> None:
    """One population may feed several, and several one; parallel ways between two add up."""
    nodes = {
        "input": nir.Input(np.array([3])),
        "fc1": affine(N, 3, seed=1),
        "a": lif(N, v_threshold=0.2),
        "skip": affine(2, 3, seed=6),
        "left": affine(2, N, seed=2),
        "right": affine(2, N, seed=3),
        "b": lif(2, v_threshold=0.2),
        "output": nir.Output(np.array([2])),
    }
    edges = [("input", "fc1"), ("fc1", "a"), ("input", "skip"), ("skip", "b"), ("a", "left"), ("a", "right")]
    edges += [("left", "b"), ("right", "b"), ("b", "output")]
    file = written(tmp_path, nir.NIRGraph(nodes, edges))

    lowered = lower(file, framework="nir", dt=DT)
    before = Floating(lower(file, framework="nir", dt=DT, until="discretise")).run(INPUT[None])
    after = Floating(lowered).run(INPUT[None])
    result = Reference(convert(file, framework="nir", dt=DT)).run(INPUT)

    gain = DT / 0.01
    both = (nodes["left"].weight + nodes["right"].weight).T * gain
    np.testing.assert_allclose(lowered.nodes["a > b"].weight, both, rtol=1e-6)  # type: ignore[attr-defined]
    assert before.spikes["b"].tolist() == after.spikes["b"].tolist()
    assert after.spikes["b"][0].sum(axis=0).astype(int).tolist() == result.counts.tolist()
    assert result.counts.sum() > 0


def test_a_threshold_behind_an_integrator_makes_it_fire(tmp_path: Path) -> None:
    """LI and Threshold are one population without reset."""
    li = nir.LI(tau=TAU, r=R, v_leak=LEAK)
    file = written(tmp_path, chain(FIRST, li, nir.Threshold(threshold=THRESHOLD), n_in=3, n_out=N))
    _, potentials = integrate(False, leak=True)

    model = convert(file, **SAID)
    result = Reference(model).run(INPUT)

    assert [p.name for p in model.populations] == ["2"]
    assert (potentials > THRESHOLD).sum(axis=0).tolist() == result.counts.tolist()


def test_what_leads_to_no_output_is_left_out(tmp_path: Path) -> None:
    """A dangling branch costs nothing on the board."""
    nodes = {"input": nir.Input(np.array([3])), "0": affine(N, 3), "1": lif(N), "dead": affine(9, N)}
    nodes["output"] = nir.Output(np.array([N]))
    graph = nir.NIRGraph(nodes, [("input", "0"), ("0", "1"), ("1", "output"), ("1", "dead")], type_check=False)

    model = convert(written(tmp_path, graph), framework="nir", dt=DT)

    assert [p.name for p in model.populations] == ["1"]
