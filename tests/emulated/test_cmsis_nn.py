"""bench int8: CMSIS-NN and spikelet side by side, equal in every byte, and the budget of instructions."""

from __future__ import annotations

import json
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
from benchmarks.cmsis_nn import peer
from benchmarks.cmsis_nn.interpreter import MissingError
from benchmarks.cmsis_nn.interpreter import version as interpreter_version

from paths import data
from spikelet.bench_int8 import Counts, count
from spikelet.errors import SpikeletError
from support.command_line import spikelet
from support.tools import need, need_compiler

#: At most so many instructions of one of CMSIS-NN, over a whole network.
LIMITS = {"M4": 0.48, "M33": 0.48, "M3": 0.38, "M0+": 0.33}
#: With inputs of which none is zero.
DENSE = {"M4": 0.70, "M33": 0.70, "M3": 0.52, "M0+": 0.50}
#: The same in modelled cycles, at the upper ends of the ranges that manuals give (UMLAL takes 4 to 7 cycles on M3).
CYCLES = {"M4": 0.60, "M33": 0.60, "M3": 0.58, "M0+": 0.35}
#: Layers below count too little to be held to a limit of their own.
SMALL = 10_000
MODELS = [
    "kws_ref_model",
    pytest.param("pretrainedResnet_quant", marks=pytest.mark.slow),
    pytest.param("vww_96_int8", marks=pytest.mark.slow),
]


#: Of an auto-encoder of fully connected layers: instructions, and modelled cycles.
AUTOENCODER = {"M4": 0.58, "M33": 0.58, "M3": 0.36, "M0+": 0.45}
AUTOENCODER_CYCLES = {"M4": 0.72, "M33": 0.72, "M3": 0.65, "M0+": 0.45}


def _need() -> None:
    try:
        peer.version()
        interpreter_version()
    except MissingError as error:
        pytest.skip(str(error))
    need_compiler("arm", "gcc")


def _count(model: str, core: str, **more: float) -> Counts:
    _need()
    return count([data(f"tflite/{model}.tflite")], [core], inputs=data("tflite/inputs.npz"), **more)


@pytest.mark.parametrize("core", LIMITS)
@pytest.mark.parametrize("model", MODELS)
def test_networks_take_less_than_half_of_the_peers_instructions(model: str, core: str) -> None:
    """On real inputs every byte is the interpreter's, and no layer takes more than CMSIS-NN's."""
    found = _count(model, core)

    assert all(layer.equal for layer in found.layers)
    assert sum(c.ours for c in found.layers) <= LIMITS[core] * sum(c.peer for c in found.layers)
    assert sum(c.ours_cycles for c in found.layers) <= CYCLES[core] * sum(c.peer_cycles for c in found.layers)
    assert [c for c in found.layers if c.ours > c.peer] == []


@pytest.mark.parametrize("model", MODELS)
def test_networks_take_no_more_than_the_peers_vector_kernels(model: str) -> None:
    """Cortex-M55: every byte is the interpreter's and CMSIS-NN's too, which is built for MVE."""
    need("mps3-an547", "gcc")
    found = _count(model, "M55")

    assert all(layer.equal for layer in found.layers)
    assert sum(c.ours for c in found.layers) <= sum(c.peer for c in found.layers)


@pytest.mark.parametrize("core", DENSE)
@pytest.mark.parametrize("model", MODELS)
def test_no_layer_takes_more_than_the_peers_without_zeros(model: str, core: str) -> None:
    """Inputs of the layers' own values but 0: it is not the skipping alone."""
    found = _count(model, core, zeros=0.0)

    assert all(layer.equal for layer in found.layers)
    assert sum(c.ours for c in found.layers) <= DENSE[core] * sum(c.peer for c in found.layers)
    assert [c for c in found.layers if c.ours > c.peer and c.macs > SMALL] == []


@pytest.mark.parametrize("zeros", [None, 0.0])
@pytest.mark.parametrize("core", AUTOENCODER)
def test_auto_encoders_take_less_than_the_peers(core: str, zeros: float | None, tmp_path: Path) -> None:
    """Ten fully connected layers, the first without zeros; with `zeros` 0 no layer has any."""
    _need()
    file = import_module("support.tflite_autoencoder").write(tmp_path / "autoencoder.tflite")
    values = np.rint(np.random.default_rng(4).normal(10, 45, (1, 640)))
    np.savez(tmp_path / "inputs.npz", given=np.clip(values, -128, 127).astype(np.int8))
    found = count([file], [core], inputs=tmp_path / "inputs.npz", zeros=zeros)

    assert [c for c in found.layers if c.ours > c.peer] == []
    if zeros is None:
        assert all(layer.equal for layer in found.layers)
        assert sum(c.ours for c in found.layers) <= AUTOENCODER[core] * sum(c.peer for c in found.layers)
        cycles = AUTOENCODER_CYCLES[core] * sum(c.peer_cycles for c in found.layers)
        assert sum(c.ours_cycles for c in found.layers) <= cycles


def test_without_the_peer_spikelet_is_counted_alone_and_the_reason_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """No figure is made up."""
    monkeypatch.setenv("SPIKELET_PEERS", str(tmp_path))
    need_compiler("arm", "gcc")
    words = ("bench", "int8", "--model", data("tflite/kws_ref_model.tflite"), "--core", "M4")
    try:
        interpreter_version()
    except MissingError as error:
        pytest.skip(str(error))
    found = json.loads(spikelet(*words, "--json").stdout)
    said = spikelet(*words)

    assert "SPIKELET_PEERS" in found["missing"]
    assert {layer["peer"] for layer in found["layers"]} == {0}
    assert said.exit_code == 0
    assert "SPIKELET_PEERS" in said.stdout
    assert "bench int8 --optimise 2 --model" in said.stdout


def test_a_file_that_is_no_model_is_one_sentence(tmp_path: Path) -> None:
    """What the counting process says becomes the error."""
    file = tmp_path / "none.tflite"
    file.write_bytes(b"nothing")

    with pytest.raises(SpikeletError, match="does not have the mark TFL3"):
        count([file], ["M4"])
