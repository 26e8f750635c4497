"""What TensorFlow Lite's reference kernels make of a model's tensors."""

from __future__ import annotations

import importlib.metadata
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["MissingError", "inputs_of", "tensors", "version"]

Int8 = npt.NDArray[np.int8]


class MissingError(Exception):
    """Something that the benchmark needs is not there; says what to do."""


def version() -> str:
    """Of the interpreter.

    Raises:
        MissingError: it is not installed.
    """
    try:
        return f"ai-edge-litert {importlib.metadata.version('ai-edge-litert')}"
    except importlib.metadata.PackageNotFoundError as error:
        raise MissingError("the reference interpreter is not installed: pip install ai-edge-litert") from error


def tensors(model: Path, given: Int8, wanted: list[int]) -> dict[int, Int8]:
    """Tensors by index after an inference with the reference kernels.

    Raises:
        MissingError: the interpreter is not installed.
    """
    version()
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    made: Any = Interpreter(
        model_path=str(model),
        experimental_op_resolver_type=OpResolverType.BUILTIN_REF,
        experimental_preserve_all_tensors=True,
    )
    made.allocate_tensors()
    made.set_tensor(made.get_input_details()[0]["index"], given)
    made.invoke()
    return {index: np.array(made.get_tensor(index), np.int8) for index in wanted}


def inputs_of(model: Path, data: Path | None) -> tuple[str, Int8]:
    """An input of a model and what it is: a real one of `data` where one has the shape, else a random one.

    A photograph becomes three equal channels; it is shrunk by whole factors with the mean of blocks.
    """
    from ai_edge_litert.interpreter import Interpreter

    made: Any = Interpreter(model_path=str(model))
    shape = tuple(int(size) for size in made.get_input_details()[0]["shape"])
    if data is not None and data.exists():
        for name, values in np.load(data).items():
            if values.dtype == np.int8 and values.shape == shape:
                return f"{name} of {data.name}", values
            if values.dtype == np.uint8 and values.ndim == 2 and len(shape) == 4 and shape[3] == 3:
                factor = values.shape[0] // shape[1]
                if factor > 0 and values.shape == (factor * shape[1], factor * shape[2]):
                    blocks = values.reshape(shape[1], factor, shape[2], factor).mean(axis=(1, 3))
                    gray = (np.floor(blocks + 0.5) - 128).astype(np.int8)
                    return f"{name} of {data.name}", np.repeat(gray[None, :, :, None], 3, axis=3)
    return "random values", np.random.default_rng(1).integers(-128, 128, shape).astype(np.int8)
