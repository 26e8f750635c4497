"""Devices of MLPerf Tiny on emulated boards, driven over a serial line as the suite's runner drives them."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from paths import ROOT, data
from spikelet.converters import convert
from spikelet.graded.engine import GradedEngine
from spikelet.graded.model import GradedModel
from support.mlperf_client import Client
from support.tools import LARGE, need

#: The suite's networks, and what stands for the one that is not at hand.
FILES = {"kws01": "kws_ref_model", "ic01": "pretrainedResnet_quant", "vww01": "vww_96_int8"}
AD01 = "tests/golden/tflite/autoencoder.tflite"
_LISTENS = re.compile(r"listens on (\S+);")


def network(task: str) -> tuple[Path, GradedModel]:
    """The file and the network of a benchmark; skips where it is not there."""
    file = ROOT / AD01 if task == "ad01" else data(f"tflite/{FILES[task]}.tflite")
    model = convert(file)
    assert isinstance(model, GradedModel)
    return file, model


def stimulus(task: str, model: GradedModel, seed: int) -> tuple[bytes, npt.NDArray[Any]]:
    """The bytes of an input as the suite's files have them, and what they are to the network."""
    shape = model.tensors[model.inputs[0].tensor].shape
    rng = np.random.default_rng(seed)
    if task == "ad01":
        rows = np.load(data("tflite/inputs.npz"))["ad_logmel"]
        window = rows[seed : seed + 5].astype("<f4").reshape(shape)
        return window.tobytes(), window
    given = rng.integers(0, 256, shape).astype(np.uint8)
    if task == "kws01":
        real = np.load(data("tflite/inputs.npz"))["kws"]
        given = real[0].reshape(shape).view(np.uint8) if seed == 0 else given
        return given.tobytes(), given.view(np.int8)
    if task == "vww01" and seed == 0:
        given = np.repeat(np.load(data("tflite/inputs.npz"))["vww_gray"][..., None], 3, axis=-1).reshape(shape)
    return given.tobytes(), (given.astype(np.int16) - 128).astype(np.int8)


def expected(task: str, model: GradedModel, given: npt.NDArray[Any]) -> list[float]:
    """What the host's engine makes of an input."""
    with GradedEngine(model) as engine:
        if task == "ad01":
            (output,) = engine.infer_float(given)
            return [float(np.mean((output.astype(np.float64) - given) ** 2))]
        (output,) = engine.infer(given)
        tensor = model.tensors[model.outputs[0].tensor]
        return [(int(q) - tensor.zero_point) * tensor.scale for q in output.ravel()]


@contextmanager
def served(board: str, file: Path, task: str, *options: str) -> Iterator[str]:
    """A device whose line is served by the command line; gives the port."""
    words = [sys.executable, "-m", "spikelet", "emulate", board, str(file), "--mlperf", task, *options]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True, env={**os.environ, "COLUMNS": "200"}) as child:
        try:
            assert child.stdout is not None
            match = _LISTENS.search(child.stdout.readline())
            assert match is not None
            yield match[1]
        finally:
            child.terminate()


@pytest.mark.slow
@pytest.mark.parametrize("task", [*FILES, "ad01"])
def test_a_runner_drives_a_device_over_a_pseudo_terminal(task: str) -> None:
    """Names, profile, three inputs, results as on the host; times that grow with the number of inferences."""
    need("cortex-m4", "zig")
    file, model = network(task)
    with served("cortex-m4", file, task, "--pty", "--compiler", "zig") as port, Client(port) as client:
        assert client.ask("name") == ["m-name-dut-[spikelet]"]
        assert client.model() == task
        for seed in range(3):
            sent, given = stimulus(task, model, seed)
            client.load(sent)
            found = client.infer(1, 0)

            assert found.results == pytest.approx(expected(task, model, given), rel=1e-4, abs=1e-6)
            assert found.microseconds > 0
        assert client.infer(4, 1).results == found.results


@pytest.mark.slow
@pytest.mark.parametrize("board", [*LARGE, "mps2-an386", "riscv32-virt"])
def test_every_core_gives_the_same_results(board: str) -> None:
    """Unicorn's and QEMU's boards, over TCP; keyword spotting."""
    need(board, "gcc")
    file, model = network("kws01")
    with served(board, file, "kws01", "--compiler", "gcc") as port, Client(port) as client:
        sent, given = stimulus("kws01", model, 0)
        client.load(sent)
        found = client.infer(2, 1)

        assert found.results == expected("kws01", model, given)
        assert 100 < found.microseconds < 60e6


_DRIVER = """
import json, sys
from device_under_test import DUT
with DUT(sys.argv[1], 115200) as dut:
    name, model = dut.get_name(), dut.get_model()
    dut.load(bytes.fromhex(sys.argv[2]))
    print("FOUND", json.dumps([name, model, dut.infer(2, 1)]))
"""


@pytest.mark.slow
def test_the_suites_own_runner_drives_a_device() -> None:
    """Its class for devices, as it is: loads an input and finds the results; needs a copy of benchmark/runner."""
    if "MLPERF_TINY_RUNNER" not in os.environ:
        pytest.skip("set MLPERF_TINY_RUNNER to benchmark/runner of github.com/mlcommons/tiny")
    need("cortex-m4", "zig")
    file, model = network("kws01")
    sent, given = stimulus("kws01", model, 0)
    with served("cortex-m4", file, "kws01", "--pty", "--compiler", "zig") as port:
        done = subprocess.run(
            [sys.executable, "-c", _DRIVER, port, sent.hex()],
            env={**os.environ, "PYTHONPATH": os.environ["MLPERF_TINY_RUNNER"]},
            capture_output=True,
            text=True,
            check=True,
            timeout=120,
        )
    name, found, lines = json.loads(done.stdout.partition("FOUND ")[2].splitlines()[0])

    assert (name, found) == ("spikelet", "kws01")
    assert lines[-1] == "m-ready"
    numbers = lines[-2].removeprefix("m-results-[").removesuffix("]").split(",")
    assert [float(number) for number in numbers] == expected("kws01", model, given)
