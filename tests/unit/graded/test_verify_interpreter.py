"""The adapter of TensorFlow Lite's interpreter, with each of its two packages."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from paths import ROOT
from spikelet.converters.tflite.reader import read_tflite
from spikelet.errors import SpikeletError
from spikelet.graded import verify_interpreter
from spikelet.graded.verify_interpreter import FOLLOWED, Interpreter, missing, version

FILE = ROOT / "examples" / "digits_int8" / "digits_int8.tflite"
DIGITS = ROOT / "examples" / "digits" / "digits_test.npz"

#: Runs the adapter alone, without an installed spikelet.
ALONE = """
import json, sys, types
from pathlib import Path
package = types.ModuleType("spikelet")
package.__path__ = [sys.argv[1] + "/runtime"]
sys.modules["spikelet"] = package
import numpy as np
from spikelet.graded.verify_interpreter import Interpreter, version
interpreter = Interpreter(Path(sys.argv[2]))
digits = np.load(sys.argv[3])["x"][:20].astype(int) - 128
outputs = [interpreter.infer(x.astype(np.int8).reshape(1, 8, 8, 1))[0].reshape(-1).tolist() for x in digits]
tensors = {index: values.reshape(-1).tolist() for index, values in interpreter.tensors().items()}
print(json.dumps([version(), outputs, tensors]))
"""


@pytest.fixture(autouse=True)
def _looked_for_anew() -> Iterator[None]:
    """What is installed is remembered; tests change it."""
    verify_interpreter._find.cache_clear()
    yield
    verify_interpreter._find.cache_clear()


def run(python: Path | str) -> Any:
    """What the adapter gives in an interpreter of Python."""
    words = [python, "-c", ALONE, ROOT, FILE, DIGITS]
    done = subprocess.run([str(word) for word in words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.slow
@pytest.mark.parametrize("package", ["ai-edge-litert==2.3.0", "tflite-runtime"])
def test_each_package_gives_the_same_numbers(package: str, tmp_path: Path) -> None:
    """In a fresh environment, where it can be installed: all outputs, and the tensors of the last inference.

    tflite-runtime lets ADD write over its inputs.
    """
    if missing():
        pytest.skip(missing())
    environment = tmp_path / "venv"
    subprocess.run([sys.executable, "-m", "venv", environment], check=True)
    python = environment / "bin" / "python"
    numpy = "numpy<2" if package == "tflite-runtime" else "numpy"
    installed = subprocess.run(
        [python, "-m", "pip", "install", "--quiet", package, numpy], capture_output=True, text=True, check=False
    )
    if installed.returncode:
        pytest.skip(f"{package} cannot be installed here: {installed.stderr.strip().splitlines()[-1]}")
    name, outputs, tensors = run(python)
    _, expected, kept = run(sys.executable)
    graph = read_tflite(FILE).subgraphs[0]
    lost = {str(i) for operator in graph.operators if operator.kind == "ADD" for i in operator.inputs}

    assert name.startswith(package.partition("=")[0])
    assert outputs == expected
    assert tensors.keys() == kept.keys()
    differ = {index for index in tensors if tensors[index] != kept[index]}
    assert differ <= (lost if package == "tflite-runtime" else set())


def test_the_ancestor_is_taken_where_the_maintained_one_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    """By the name of its module; its version is that of its package."""
    module = ModuleType("tflite_runtime.interpreter")
    monkeypatch.setitem(sys.modules, "ai_edge_litert.interpreter", None)
    monkeypatch.setitem(sys.modules, "tflite_runtime", ModuleType("tflite_runtime"))
    monkeypatch.setitem(sys.modules, "tflite_runtime.interpreter", module)
    monkeypatch.setattr(verify_interpreter.importlib.metadata, "version", lambda name: f"2.14.0 of {name}")

    assert version() == "tflite-runtime 2.14.0 of tflite-runtime"


def test_without_both_the_message_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """And which were looked for."""
    for package in ("ai_edge_litert", "tflite_runtime"):
        monkeypatch.setitem(sys.modules, f"{package}.interpreter", None)

    assert "ai_edge_litert" in missing()
    assert "tflite_runtime" in missing()
    with pytest.raises(SpikeletError, match="pip install ai-edge-litert"):
        Interpreter(FILE)


@pytest.mark.skipif(find_spec("ai_edge_litert") is None, reason="no ai-edge-litert: pip install ai-edge-litert")
def test_it_runs_reference_kernels_and_keeps_all_tensors() -> None:
    """Inputs, outputs and what lies between; a file that is none is refused."""
    interpreter = Interpreter(FILE)
    (output,) = interpreter.infer(np.zeros((1, 8, 8, 1), np.int8))

    assert version() == FOLLOWED
    assert (output.dtype, output.shape) == (np.int8, (1, 10))
    assert len(interpreter.tensors()) > 20
    with pytest.raises(SpikeletError, match="refuses the file"):
        Interpreter(b"TFL3" * 20)
