"""What both engines need around calls of C: memory at a multiple of 8, and errors as exceptions."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from spikelet._native import ffi, lib
from spikelet.codes import sentence
from spikelet.errors import EngineError, ImageError

__all__ = ["ALIGNED", "accept", "aligned", "open_image"]

#: Images and arenas begin at a multiple of it.
ALIGNED = 8


def aligned(data: bytes) -> npt.NDArray[np.uint64]:
    """A copy of bytes at a multiple of 8."""
    held = np.zeros(-(-len(data) // ALIGNED) or 1, np.uint64)
    held.view(np.uint8)[: len(data)] = np.frombuffer(data, np.uint8)
    return held


def open_image(kind: str, image: npt.NDArray[np.uint64], length: int) -> Any:
    """A checked image, by `<kind>_open` into a `struct <kind>_model`; `image` must outlive it.

    Raises:
        ImageError: with the engine's code.
    """
    opened = ffi.new(f"struct {kind}_model *")
    status = getattr(lib, f"{kind}_open")(opened, ffi.from_buffer(image), length)
    if status != 0:
        raise ImageError(f"the image is refused: {sentence(status)}", code=status)
    return opened


def accept(status: int, where: str) -> None:
    """Raise what a call returns as an error.

    Raises:
        EngineError: with the engine's code.
    """
    if status < 0:
        raise EngineError(f"{where}: {sentence(status)}", code=status)
