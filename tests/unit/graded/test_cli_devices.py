"""`spikelet build` and `spikelet emulate` with int8 networks, and devices of MLPerf Tiny."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import spikelet as package
from paths import ROOT
from spikelet.graded.engine import GradedEngine
from spikelet.graded.model import GradedModel
from support.command_line import DIGITS, answer, spikelet
from support.mlperf_client import Client
from support.tools import need

BOARD = "cortex-m4"
ZIG = ("--compiler", "zig")
DATA = DIGITS / "digits_test.npz"
TFLITE = ROOT / "examples" / "digits_int8" / "digits_int8.tflite"


@pytest.fixture(autouse=True)
def tools() -> None:
    """Compiler and emulator."""
    need(BOARD, "zig")


def network() -> GradedModel:
    """The digits network."""
    model = package.convert(TFLITE)
    assert isinstance(model, GradedModel)
    return model


def test_build_embeds_a_network(tmp_path: Path) -> None:
    """A .tflite file is converted on the way; RAM is that of the report."""
    found = answer("build", TFLITE, "--board", "microbit", "-o", tmp_path, *ZIG)
    device = answer("build", TFLITE, "--board", BOARD, "--mlperf", "ic01", "-o", tmp_path, *ZIG)

    assert Path(found["elf"]).read_bytes()[:4] == b"\x7fELF"
    assert found["image"] == device["image"] > 1000
    assert found["ram"]["used"] > network().memory + 2048
    assert device["board"] == BOARD


def test_emulate_counts_layers() -> None:
    """Of two samples: every layer with its multiply-accumulates, the functions, and the stack."""
    found = answer("emulate", BOARD, TFLITE, DATA, "--samples", 2, *ZIG)
    text = spikelet("emulate", BOARD, TFLITE, DATA, "--samples", 1, "--embed", *ZIG).stdout

    assert found["samples"] == found["inferences"] == 2
    assert (
        sum(layer["instructions"] for layer in found["layers"]) == found["engine"] == sum(found["functions"].values())
    )
    assert sum(layer["macs"] for layer in found["layers"]) == 266_960
    assert 0 < found["stack_used"] <= 2048
    assert "ms an inference" in text
    assert "convolution" in text


def test_a_report_tells_memory_and_an_inference() -> None:
    """GradedModel.report: as Model.report."""
    report = network().report(BOARD)
    text = str(report)

    assert report.build.ram.used > network().memory
    assert "an inference: " in text
    assert "numbers drawn at random" in text
    assert network().report("mps2-an386").cost is not None


def test_what_says_nothing_with_a_benchmark_is_refused(tmp_path: Path) -> None:
    """Exit code 2 before anything is built, 7 where the network is none for it."""
    spiking = tmp_path / "net.spkl"
    words = ("--framework", "snntorch", "--reset", "zero", "--encoder", "rate", "--ticks-per-sample", 25)
    assert spikelet("convert", DIGITS / "digits.nir", "-o", spiking, *words).exit_code == 0
    for case, code, says in (
        (("build", "--board", BOARD, "--mlperf", "ic01"), 2, "--mlperf needs a MODEL"),
        (("emulate", BOARD, "--mlperf", "ic01"), 2, "--mlperf needs a MODEL"),
        (("emulate", BOARD, TFLITE, DATA, "--mlperf", "ic01"), 2, "leave out DATA"),
        (("emulate", BOARD, TFLITE, DATA, "--ticks", 3), 2, "--ticks"),
        (("build", TFLITE, "--board", BOARD, "--mlperf", "sww01"), 2, "kws01"),
        (("build", TFLITE, "--board", BOARD, "--mlperf", "ad01", "-o", tmp_path), 7, "take an auto-encoder"),
        (("build", spiking, "--board", BOARD, "--mlperf", "ic01", "-o", tmp_path), 7, "an int8 network"),
    ):
        result = spikelet(*case)

        assert result.exit_code == code, (case, result.stderr)
        assert says in result.stderr


def test_a_device_is_served_on_a_port_that_a_runner_opens() -> None:
    """What it said at its start is gone; the first command is answered, and results are the host's."""
    model = network()
    words = [sys.executable, "-m", "spikelet", "emulate", BOARD, str(TFLITE), "--mlperf", "ic01", "--tcp", "0", *ZIG]
    image = np.load(DATA)["x"][0].astype(np.uint8)
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as child:
        try:
            assert child.stdout is not None
            port = child.stdout.readline().partition("listens on ")[2].partition(";")[0]
            with Client(port) as client, GradedEngine(model) as engine:
                assert client.ask("name") == ["m-name-dut-[spikelet]"]
                client.load(image.tobytes())
                found = client.infer(2, 1).results
                given = (image.astype(np.int16) - 128).astype(np.int8).reshape(1, 8, 8, 1)

                assert found == [(int(q) + 128) / 256 for q in engine.infer(given)[0].ravel()]
        finally:
            child.terminate()
