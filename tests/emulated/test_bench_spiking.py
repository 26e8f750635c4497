"""bench spiking: whole inferences beside plain C, all results compared."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("unicorn", reason="no Unicorn: pip install unicorn")

from benchmarks.data import MissingError
from benchmarks.instructions.workload import network
from benchmarks.plain.layout import layers_of
from benchmarks.spiking.cases import case_of
from benchmarks.spiking.plain import PlainNet, count_plain

from spikelet import bench_child
from spikelet.errors import SpikeletError
from spikelet.model import Model
from spikelet.reference import Reference
from spikelet.runner import Variable
from support.command_line import spikelet
from support.tools import need_compiler


def test_the_engine_takes_a_quarter_of_plain_c(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whole inferences on M4, both sides equal to the reference in every membrane."""
    need_compiler("arm", "gcc")
    words = ("bench", "spiking", "--network", "dense8", "--core", "M4", "--samples", 1)
    found = json.loads(spikelet(*words, "--json").stdout)
    (row,), (core,) = found["networks"], found["cores"]

    assert 4 * row["ours"]["instructions"] < row["plain"]["instructions"]
    assert 4 * row["ours"]["cycles"] < row["plain"]["cycles"]
    assert 0 < core["quiet"] < core["small_engine"]
    assert found["compilers"][0].startswith("arm-none-eabi-gcc")
    monkeypatch.setenv("COLUMNS", "120")
    assert "again: spikelet bench spiking --compiler gcc --samples 1 --network dense8" in spikelet(*words).stdout


def test_plain_c_gives_the_bits_of_the_reference_and_a_wrong_weight_is_seen() -> None:
    """One weight that is 1 too large changes a membrane, if hardly a spike."""
    need_compiler("arm", "zig")
    case = case_of("dense8", 1, "made up")
    count_plain("M4", "zig", case.model, case.samples, case.ticks)
    wrong = _with_weight(case.model, int(case.samples[0]["neuron"][0]), 5)
    net, reference = PlainNet("M4", "zig", wrong), Reference(case.model)
    net.run(case.samples[0], case.ticks)
    reference.run(case.samples[0], case.ticks)

    assert reference.probe(0, Variable.V).tolist() != net.membranes(0)


def test_plain_c_refuses_what_it_does_not_compute() -> None:
    """Another reset, and another shape."""
    with pytest.raises(ValueError, match="reset to zero in the next tick"):
        layers_of(network("subtract"))
    with pytest.raises(ValueError, match="two dense layers"):
        layers_of(replace(network("zero"), projections=network("zero").projections[:1]))


def test_missing_networks_are_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """With what to set."""
    monkeypatch.setenv("SPIKELET_DATA", str(tmp_path))
    need_compiler("arm", "gcc")

    with pytest.raises(MissingError, match=r"cnn_sinabs\.nir is not there: set SPIKELET_DATA"):
        case_of("nmnist", 1)
    shown = spikelet("bench", "spiking", "--network", "braille", "--core", "M4").stdout
    assert "left out: nir/braille_noDelay_noBias_subtract.nir is not there: set SPIKELET_DATA" in shown


def test_a_benchmark_that_fails_is_one_sentence() -> None:
    """The last line of what the child said."""
    with pytest.raises(SpikeletError, match=r"benchmarks\.none: .*No module named benchmarks\.none"):
        bench_child.count("benchmarks.none", [])


def _with_weight(model: Model, row: int, column: int) -> Model:
    weights = np.array(model.projections[0].weights)
    weights[row, column] += 1
    return replace(model, projections=(replace(model.projections[0], weights=weights), model.projections[1]))
