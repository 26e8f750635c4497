"""TensorFlow Lite's own interpreter as an oracle, through the adapter of `spikelet verify`."""

from __future__ import annotations

from pathlib import Path

import pytest

from spikelet.graded.verify_interpreter import FOLLOWED, Interpreter, missing, version

__all__ = ["FOLLOWED", "TfliteInterpreter", "interpreter_version"]


def interpreter_version() -> str:
    """Package and version, such as "ai-edge-litert 2.3.0"; skips the test where no interpreter is installed."""
    if missing():
        pytest.skip(missing())
    return version()


class TfliteInterpreter(Interpreter):
    """Runs a .tflite file. Skips the test where no interpreter is installed."""

    def __init__(self, model: bytes | Path) -> None:
        interpreter_version()
        super().__init__(model)
