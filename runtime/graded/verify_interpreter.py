"""TensorFlow Lite's own interpreter, to compare with: whichever of its two packages is installed."""

from __future__ import annotations

import importlib
import importlib.metadata
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import numpy.typing as npt

from spikelet.errors import SpikeletError

__all__ = ["FOLLOWED", "Interpreter", "keeps_all", "missing", "version"]

#: The version whose results docs/reference/graded.md defines.
FOLLOWED = "ai-edge-litert 2.3.0"

_NUMBERS = (np.float32, np.int8, np.int16, np.int32, np.int64, np.uint8)
#: The maintained package before its ancestor, which works with numpy below 2 only.
_PACKAGES = (("ai_edge_litert", "ai-edge-litert"), ("tflite_runtime", "tflite-runtime"))


@cache
def _find() -> tuple[ModuleType, str] | str:
    """The module `interpreter` of the first package that works, with name and version; else why there is none."""
    reasons = []
    for package, distribution in _PACKAGES:
        try:
            module = importlib.import_module(f"{package}.interpreter")
        except (ImportError, AttributeError) as error:
            # tflite_runtime raises AttributeError where numpy is too new.
            reasons.append(f"{package}: {error}")
        else:
            return module, f"{distribution} {importlib.metadata.version(distribution)}"
    return "no interpreter of TensorFlow Lite is installed (" + "; ".join(reasons) + ")"


def missing() -> str:
    """Why there is no interpreter; empty: there is one."""
    found = _find()
    return found if isinstance(found, str) else ""


def version() -> str:
    """Package and version, such as "ai-edge-litert 2.3.0".

    Raises:
        SpikeletError: none is installed.
    """
    found = _find()
    if isinstance(found, str):
        raise SpikeletError(f"{found}: pip install ai-edge-litert")
    return found[1]


def keeps_all() -> bool:
    """Whether all tensors are kept; tflite-runtime lets some operators write over their inputs in spite of that."""
    return version().startswith("ai-edge-litert")


class Interpreter:
    """Runs a .tflite file with reference kernels (BUILTIN_REF), which no delegate replaces, and keeps all tensors.

    Variables are kept from one inference to the next. A damaged file can end the process: read it with
    spikelet.converters.tflite before.

    Args:
        model: bytes of the file, or its path.

    Raises:
        SpikeletError: no interpreter is installed, or it refuses the file.
    """

    def __init__(self, model: bytes | Path) -> None:
        version()
        self._content = model if isinstance(model, bytes) else model.read_bytes()
        self.reset()

    def reset(self) -> None:
        """Variables begin anew."""
        found = _find()
        assert not isinstance(found, str)
        module = found[0]
        try:
            self._interpreter = module.Interpreter(
                model_content=self._content,
                experimental_op_resolver_type=module.OpResolverType.BUILTIN_REF,
                experimental_preserve_all_tensors=True,
            )
            self._interpreter.allocate_tensors()
        except (RuntimeError, ValueError) as error:
            raise SpikeletError(f"{found[1]} refuses the file: {error}") from error

    @property
    def input_details(self) -> list[dict[str, Any]]:
        """As the interpreter has them: index, shape, dtype, quantization."""
        details: list[dict[str, Any]] = self._interpreter.get_input_details()
        return details

    @property
    def output_details(self) -> list[dict[str, Any]]:
        """As input_details."""
        details: list[dict[str, Any]] = self._interpreter.get_output_details()
        return details

    def infer(self, *inputs: npt.NDArray[Any]) -> list[npt.NDArray[Any]]:
        """Run once; inputs and outputs in the file's order."""
        for detail, values in zip(self.input_details, inputs, strict=True):
            self._interpreter.set_tensor(detail["index"], values)
        self._interpreter.invoke()
        return [self.tensor(detail["index"]) for detail in self.output_details]

    def tensor(self, index: int) -> npt.NDArray[Any]:
        """A copy of a tensor of subgraph 0, after an inference.

        Raises:
            ValueError: it holds no numbers, as a variable's handle does.
        """
        values: npt.NDArray[Any] = np.array(self._interpreter.get_tensor(index))
        return values

    def tensors(self) -> dict[int, npt.NDArray[Any]]:
        """All tensors of subgraph 0 that hold numbers, by index."""
        found = {}
        for detail in self._interpreter.get_tensor_details():
            # A variable's handle has a type that numpy lacks, and bytes that are not for reading.
            if detail["dtype"] in _NUMBERS:
                try:
                    found[detail["index"]] = self.tensor(detail["index"])
                except ValueError:
                    continue
        return found
