"""bench host --peers: the engine beside plain C, and frameworks that are not there, or are stand-ins."""

from __future__ import annotations

import json
import shutil
import sys
from types import ModuleType

import numpy as np
import pytest
from benchmarks.host import __main__ as module
from benchmarks.host.frameworks.layers import layers_of
from benchmarks.host.sides import Found
from benchmarks.instructions.workload import NETWORKS, ROOT

from spikelet.bench_host import FRAMEWORKS, Row, Times
from spikelet.converters import lower
from spikelet.errors import SpikeletError
from support.command_line import DIGITS, spikelet

HAS_COMPILER = any(shutil.which(name) for name in ("gcc", "cc", "clang"))


@pytest.fixture
def no_frameworks(monkeypatch: pytest.MonkeyPatch) -> None:
    """As where none is installed."""
    for name in FRAMEWORKS:
        monkeypatch.setitem(sys.modules, f"benchmarks.host.frameworks.{name}", None)


def _lines(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *words: str) -> list[dict[str, object]]:
    monkeypatch.setattr(sys, "argv", ["benchmarks.host", *words])
    module.main()
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


@pytest.mark.skipif(not HAS_COMPILER, reason="no C compiler for this machine: apt-get install gcc")
@pytest.mark.usefixtures("no_frameworks")
def test_the_engine_gives_every_number_of_plain_c(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Predictions, scores and membranes, with and without AVX2; missing frameworks are named with what to install."""
    head, *lines = _lines(capsys, monkeypatch, "--samples", "3", "--rounds", "1")
    rows = [line for line in lines if line["kind"] == "row"]
    missing = [line for line in lines if line["kind"] == "missing"]

    assert head["flags"] == "-std=c99 -O2"
    assert {"plain C", "spikelet"} <= {line["name"] for line in rows}
    assert [1.0] * len(rows) == [line["equal"] for line in rows]
    assert all(line["exact"] for line in rows)
    assert list(FRAMEWORKS) == [line["name"] for line in missing]
    assert all("pip install" in str(line["hint"]) for line in missing)


def test_a_wrong_answer_of_a_framework_is_seen(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The share of equal predictions, with a stand-in that counts nothing and answers 0."""
    stand_in = ModuleType("brian2")
    stand_in.__dict__["run"] = lambda _, spikes: (np.zeros(len(spikes), np.int64), 1.0)
    monkeypatch.setitem(sys.modules, "benchmarks.host.frameworks.brian2", stand_in)
    monkeypatch.setattr(module, "version", lambda _: "0")
    answers = np.array([0, 1, 0, 0], np.int32)
    found = Found(predictions=answers, scores=answers, membranes=())
    monkeypatch.setattr(module, "_native", lambda *_: found)
    _, alone = _lines(capsys, monkeypatch, "--samples", "4", "--framework", "brian2")

    assert alone["seconds"] == 1.0 / 4
    assert alone["equal"] == 3 / 4


def test_frameworks_get_the_network_with_thresholds_of_one() -> None:
    """Weights and biases of the file, divided by the threshold; other networks are refused."""
    layers = layers_of(lower(ROOT / "examples" / "mnist" / "mnist_zero.nir", **NETWORKS["zero"]))

    assert [layer.weight.shape for layer in layers] == [(128, 784), (10, 128)]
    assert [round(layer.beta, 6) for layer in layers] == [0.9, 0.9]
    with pytest.raises(SpikeletError, match="reset to 0"):
        layers_of(lower(DIGITS / "digits.nir", framework="snntorch", reset="subtract"))


def test_ratios_are_to_plain_c() -> None:
    """And there are none without it."""
    rows = [
        Row(name=name, seconds=seconds, equal=1, batch=1, cores=1)
        for name, seconds in (("plain C", 4), ("spikelet", 2))
    ]

    assert Times(head={}, rows=rows, missing=()).ratio(rows[1]) == 2
    assert Times(head={}, rows=rows[1:], missing=()).ratio(rows[1]) is None


def test_peers_have_a_network_of_their_own() -> None:
    """One clear error."""
    result = spikelet("bench", "host", DIGITS / "digits.nir", "--peers")

    assert result.exit_code == 2
    assert "leave NETWORK out" in result.output
