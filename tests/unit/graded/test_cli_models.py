"""The command line with the networks and inputs of MLPerf Tiny, where they are at hand, and with golden files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from paths import ROOT, data
from spikelet.graded.verify_interpreter import missing
from support.command_line import answer, spikelet

#: File, inputs with what makes them fit, class that TensorFlow Lite's interpreter gives, part of the work on zeros.
MODELS = {
    "kws": ("kws_ref_model.tflite", ("kws",), 5, (0.45, 0.52)),
    "resnet": ("pretrainedResnet_quant.tflite", ("vww_gray", "--gray-to-rgb", "--resize"), 1, (0.40, 0.50)),
    "vww": ("vww_96_int8.tflite", ("vww_gray", "--gray-to-rgb"), 1, (0.55, 0.65)),
}


def words(name: str) -> tuple[Path, list[object]]:
    """A network's file, and its data for a command."""
    file, (array, *options), *_ = MODELS[name]
    if "--resize" in options:
        pytest.importorskip("PIL", reason="no Pillow: pip install 'spikelet[images]'")
    return data(f"tflite/{file}"), [f"{data('tflite/inputs.npz')}:{array}", *options]


@pytest.mark.parametrize("name", MODELS)
def test_a_real_network_is_evaluated_on_its_input(name: str) -> None:
    """The answer, and the work that is skipped."""
    file, inputs = words(name)
    found = answer("eval", file, *inputs)
    _, _, prediction, (least, most) = MODELS[name]

    assert found["predictions"] == [prediction]
    assert found["accuracy"] is None
    assert least < found["skipped"] < most


@pytest.mark.parametrize("name", MODELS)
def test_every_layer_of_a_real_network_is_the_interpreters(name: str) -> None:
    """On the real input: interpreter, host and reference."""
    if missing():
        pytest.skip(missing())
    file, inputs = words(name)
    found = answer("verify", file, *inputs, "--on", "host")

    assert found["identical"] is True
    assert len(found["comparisons"]) == 2
    assert len(found["comparisons"][0]["layers"]) == len(found["comparisons"][1]["layers"])


@pytest.mark.parametrize("name", MODELS)
def test_a_real_network_needs_less_memory_than_the_greedy_plan(name: str) -> None:
    """Activations and scratch together, beside TensorFlow Lite Micro's plan of the same file."""
    memory = answer("inspect", words(name)[0])["memory"]

    assert 0 < memory["activations"] + memory["scratch"] <= memory["tflm_greedy"]


GOLDEN = sorted((ROOT / "tests" / "golden" / "tflite").glob("*.tflite"))


@pytest.mark.parametrize("file", GOLDEN, ids=lambda file: file.stem)
def test_every_kind_of_file_goes_through_the_commands(file: Path, tmp_path: Path) -> None:
    """Several inputs, int16, uint8, float ports, a state: convert, inspect, verify, run; the interpreter agrees."""
    with np.load(file.with_suffix(".npz")) as golden:
        inputs = [golden[f"in{i}"] for i in range(sum(name.startswith("in") for name in golden))]
    if "streaming" in file.stem:
        inputs = [array[None] for array in inputs]
    names = ["x"] if len(inputs) == 1 else [f"x{i}" for i in range(len(inputs))]
    np.savez(tmp_path / "data.npz", **dict(zip(names, inputs, strict=True)))  # type: ignore[arg-type]
    image = tmp_path / "model.spkl"

    assert spikelet("convert", file, "-o", image).exit_code == 0
    report = answer("inspect", image)
    assert report["inputs"] == answer("inspect", file)["inputs"]
    found = answer("verify", image, tmp_path / "data.npz", "--network", file, "--on", "host")
    assert found["identical"] is True
    assert found["inferences"] == 4
    assert len(found["comparisons"]) == (1 if missing() else 2)
    assert spikelet("inspect", image, "--svg", tmp_path / "net.svg").exit_code == 0
    assert len(answer("run", image, tmp_path / "data.npz")["outputs"]) == len(report["outputs"])
