"""The command line with the networks and inputs of MLPerf Tiny; skipped where they are not at hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from paths import data
from spikelet.graded.verify_interpreter import missing
from support.command_line import answer

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
