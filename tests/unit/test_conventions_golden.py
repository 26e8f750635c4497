"""Each framework's own exported file, converted, against what the framework itself did (tests/golden/nir)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from spikelet.converters.floating import Floating
from spikelet.converters.pipeline import convert, lower
from spikelet.model import Model
from spikelet.reference import Reference
from spikelet.runner import Variable

GOLDEN = Path(__file__).parents[1] / "golden" / "nir"
NORSE: dict[str, Any] = {"framework": "norse", "dt": 1e-3}
SINABS: dict[str, Any] = {"framework": "sinabs", "several": True, "reset": "subtract", "v_min": "none"}
#: What a user says about each file: the settings that its exporter leaves out.
SAID: dict[str, dict[str, Any]] = {
    **{
        f"snntorch_{kind}_{reset}": {"framework": "snntorch", "reset": reset}
        for kind in ("leaky", "synaptic")
        for reset in ("zero", "subtract", "none")
    },
    **{
        f"snntorch_{case}": {"framework": "snntorch", "reset": case.rpartition("_")[2]}
        for case in (
            "rleaky_all_zero",
            "rleaky_all_subtract",
            "rleaky_one_subtract",
            "rsynaptic_all_subtract",
            "rsynaptic_one_zero",
        )
    },
    "snntorch_conv": {"framework": "snntorch", "reset": "subtract"},
    "spikingjelly_lif_input": {"framework": "spikingjelly", "dt": 1e-4},
    "spikingjelly_lif_v_reset": {"framework": "spikingjelly"},
    "spikingjelly_plif": {"framework": "spikingjelly"},
    "spikingjelly_if": {"framework": "spikingjelly"},
    "spikingjelly_cuba": {"framework": "spikingjelly"},
    "norse_box": {**NORSE, "reset": "v_reset", "v_reset": -0.1},
    "norse_box_subtract": {**NORSE, "reset": "subtract"},
    "norse_box_seconds": {**NORSE, "reset": "v_reset", "v_reset": -0.1, "file_dt": 1.0},
    "norse_lif": NORSE,
    "norse_iaf": {"framework": "norse"},
    "sinabs_lif_norm": {**SINABS, "norm_input": True},
    "sinabs_lif_single": {**SINABS, "norm_input": False, "several": False, "reset": "zero"},
    "sinabs_iaf": SINABS,
    "sinabs_iaf_min": {**SINABS, "v_min": -1.0},
    "sinabs_conv": {**SINABS, "v_min": -1.0},
    "rockpool_lif": {"framework": "rockpool"},
    "spyx_if": {"framework": "spyx"},
    "spyx_lif": {"framework": "spyx"},
    "spyx_cuba": {"framework": "spyx"},
    "spyx_psu": {"framework": "spyx", "dt": 1.0},
    "spyx_rif": {"framework": "spyx"},
    "spyx_rlif": {"framework": "spyx"},
    "spyx_rcuba": {"framework": "spyx"},
}
#: Recurrent layers that fire one tick late in their framework fire at once here, and what they feed is late instead.
AT_ONCE = {("spyx_rif", "1"), ("spyx_rlif", "1"), ("spyx_rcuba", "1")}


def golden(case: str) -> tuple[Path, dict[str, Any]]:
    """A file and what its framework made of the input."""
    with np.load(GOLDEN / f"{case}.npz") as arrays:
        return GOLDEN / f"{case}.nir", {name: arrays[name] for name in arrays}


def layers(case: str, expected: dict[str, Any]) -> list[tuple[str, Any]]:
    """Numbers of the layers with the spikes that a run should give."""
    found = [(name[1:], spikes) for name, spikes in sorted(expected.items()) if name.startswith("z")]
    return [(n, early(spikes) if (case, n) in AT_ONCE else spikes) for n, spikes in found]


def early(spikes: Any) -> Any:
    """All but the first tick; nobody knows what the last tick's potentials lead to."""
    assert not spikes[0].any()
    return spikes[1:]


def test_there_is_a_golden_file_for_every_case() -> None:
    """And a case for every file."""
    assert set(SAID) == {path.stem for path in GOLDEN.glob("*.nir")}


@pytest.mark.parametrize("case", SAID)
@pytest.mark.parametrize("until", ["discretise", ""], ids=["as read", "folded"])
def test_the_float_run_gives_the_framework_s_spikes_and_potentials(case: str, until: str) -> None:
    """In float32 all spikes are equal and potentials within rounding, before and after folding."""
    file, expected = golden(case)

    trace = Floating(lower(file, until=until, **SAID[case]), dtype=np.float32).run(expected["x"][None])

    for (layer, spikes), (path, found) in zip(layers(case, expected), trace.spikes.items(), strict=True):
        assert spikes.tolist() == found[0, : len(spikes)].astype(int).tolist()
        if f"v{layer}" in expected:
            np.testing.assert_allclose(trace.v[path][0], expected[f"v{layer}"], atol=1e-4, rtol=1e-5)


#: Share of cells that may differ where 256 neurons with a decay of their own pass the threshold by less than 1/2000.
TOLERATED = {("snntorch_conv", "1"): 0.001, ("snntorch_conv", "2"): 0.03, ("snntorch_conv", "3"): 0.1}


def in_file_order(model: Model, name: str, values: Any) -> Any:
    """Maps have their channels last in the engine, and first in the file."""
    index = [population.name for population in model.populations].index(name)
    maps = [p.target_map for p in model.projections if p.target == index and p.target_map is not None]
    if not maps or maps[0].planar:
        return values
    shape = (len(values), maps[0].height, maps[0].width, maps[0].channels)
    return values.reshape(shape).transpose(0, 3, 1, 2).reshape(len(values), -1)


@pytest.mark.parametrize("case", SAID)
def test_the_integer_model_gives_the_framework_s_spikes(case: str) -> None:
    """Weights that 8 bits hold exactly: every spike of all layers is the framework's, and v is within 1/500."""
    file, expected = golden(case)

    model = convert(file, **SAID[case])
    reports = {report["name"]: report for report in model.meta["populations"]}
    names = [name for name in (population.name for population in model.populations) if name in reports]
    names = [name for name in names if not name.endswith(".delay")]
    probe = [(name, variable) for name in names for variable in (Variable.V, Variable.EVENTS)]
    result = Reference(model).run(expected["x"], probe=probe)

    for (layer, spikes), name in zip(layers(case, expected), names, strict=True):
        found = in_file_order(model, name, result.probes[name, Variable.EVENTS])[: len(spikes)]
        assert np.mean(found != spikes) <= TOLERATED.get((case, layer), 0)
        if f"v{layer}" in expected and (case, layer) not in TOLERATED:
            report = reports[name]
            v = result.probes[name, Variable.V] * np.array(report["scale"]) / 2 ** report["frac"]
            wrong = np.abs(in_file_order(model, name, v + np.array(report["offset"])) - expected[f"v{layer}"])
            assert np.max(wrong) < np.max(np.abs(expected[f"v{layer}"])) / 500
