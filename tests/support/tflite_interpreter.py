"""TensorFlow Lite's own interpreter as an oracle: whichever of its two packages is installed.

`ai_edge_litert` (the maintained one) comes before `tflite_runtime` (works with numpy below 2 only). Both run their
reference kernels (BUILTIN_REF), which no delegate replaces, and keep all tensors.
"""

from __future__ import annotations

import importlib
import importlib.metadata
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

__all__ = ["FOLLOWED", "TfliteInterpreter", "interpreter_version"]

#: The version whose results docs/reference/graded.md defines.
FOLLOWED = "ai-edge-litert 2.3.0"

_NUMBERS = (np.float32, np.int8, np.int16, np.int32, np.int64)
_PACKAGES = (("ai_edge_litert", "ai-edge-litert"), ("tflite_runtime", "tflite-runtime"))


@cache
def _find() -> tuple[ModuleType, str] | str:
    """The module `interpreter` of the first package that works, and its name and version; else why there is none."""
    reasons = []
    for package, distribution in _PACKAGES:
        try:
            module = importlib.import_module(f"{package}.interpreter")
        except (ImportError, AttributeError) as error:
            # tflite_runtime raises AttributeError where numpy is too new.
            reasons.append(f"{package}: {error}")
        else:
            return module, f"{distribution} {importlib.metadata.version(distribution)}"
    return "no TensorFlow Lite interpreter is installed (" + "; ".join(reasons) + ")"


def interpreter_version() -> str:
    """Package and version, such as "ai-edge-litert 2.3.0"; skips the test where no interpreter is installed."""
    found = _find()
    if isinstance(found, str):
        pytest.skip(found)
    return found[1]


class TfliteInterpreter:
    """Runs a .tflite file. Skips the test where no interpreter is installed.

    Variables are kept from one inference to the next. An inference gives all tensors, not only the outputs.
    """

    def __init__(self, model: bytes | Path) -> None:
        interpreter_version()
        self._content = model if isinstance(model, bytes) else model.read_bytes()
        self.reset()

    def reset(self) -> None:
        """Variables begin anew."""
        found = _find()
        assert not isinstance(found, str)
        module = found[0]
        self._interpreter = module.Interpreter(
            model_content=self._content,
            experimental_op_resolver_type=module.OpResolverType.BUILTIN_REF,
            experimental_preserve_all_tensors=True,
        )
        self._interpreter.allocate_tensors()

    @property
    def input_details(self) -> list[dict[str, Any]]:
        """As the interpreter has them: index, shape, dtype, quantization."""
        details: list[dict[str, Any]] = self._interpreter.get_input_details()
        return details

    def infer(self, *inputs: npt.NDArray[Any]) -> list[npt.NDArray[Any]]:
        """Run once; inputs and outputs in the file's order."""
        for detail, values in zip(self.input_details, inputs, strict=True):
            self._interpreter.set_tensor(detail["index"], values)
        self._interpreter.invoke()
        return [self.tensor(detail["index"]) for detail in self._interpreter.get_output_details()]

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
