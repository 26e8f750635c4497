"""The C engine of graded networks on this host: the same code that runs on boards, behind the calls of GradedRunner."""

from __future__ import annotations

from typing import Any

import numpy as np

from spikelet._native import ffi, lib
from spikelet.errors import SpikeletError
from spikelet.graded.image import decode, encode
from spikelet.graded.model import GradedModel
from spikelet.graded.runner import GradedRunner, IntArray
from spikelet.native_calls import ALIGNED, accept, aligned, open_image

__all__ = ["GradedEngine", "check_graded_image"]


def check_graded_image(data: bytes) -> None:
    """Open an image in C and drop it again.

    Raises:
        ImageError: with the engine's code.
    """
    open_image("spkl_graded", aligned(data), len(data))


class GradedEngine(GradedRunner):
    """Runs a graded network in C.

    Args:
        model: a model, or the bytes of an image.

    Raises:
        ModelError: the model breaks a rule.
        ImageError: the image is refused.
    """

    def __init__(self, model: GradedModel | bytes) -> None:
        image = encode(model) if isinstance(model, GradedModel) else bytes(model)
        self.model = model if isinstance(model, GradedModel) else decode(image)
        self._image = aligned(image)
        self._opened = open_image("spkl_graded", self._image, len(image))
        self._size = int(lib.spkl_graded_arena_size(self._opened))
        self._arena = np.zeros(-(-self._size // ALIGNED), np.uint64)
        self._started = ffi.new("struct spkl_graded *")
        self._closed = False
        held = ffi.from_buffer(self._arena)
        accept(lib.spkl_graded_start(self._started, self._opened, held, self._size), "the model")

    def close(self) -> None:
        """Give the network back; all calls but this one are refused from now on. Safe to repeat."""
        self._closed = True
        self._image = self._arena = np.zeros(0, np.uint64)

    @property
    def _net(self) -> Any:
        if self._closed:
            raise SpikeletError("this engine is closed: make a new one")
        return self._started

    @property
    def arena_size(self) -> int:
        """Bytes that the network works in, the same on every machine: tensor memory and scratch."""
        return self._size

    @property
    def scratch_size(self) -> int:
        """Bytes of the arena behind the tensor memory, in which a layer may keep what it needs while it runs."""
        return int(self._opened.scratch_size)

    def reset(self) -> None:
        """See GradedRunner."""
        lib.spkl_graded_reset(self._net)
        self._drop()

    def _write(self, tensor: int, values: IntArray) -> None:
        ffi.memmove(self._place(tensor), ffi.from_buffer(np.ascontiguousarray(values)), values.nbytes)

    def _read(self, tensor: int) -> IntArray:
        about = self.model.tensors[tensor]
        values = np.zeros(about.shape, about.type.dtype)
        if about.constant is not None:
            values[...] = about.constant
        else:
            ffi.memmove(ffi.from_buffer(values), self._place(tensor), values.nbytes)
        return values

    def _run_layer(self, index: int) -> None:
        assert self._net.next in {index, len(self.model.layers)}
        lib.spkl_graded_run(self._net, 1)

    def _place(self, tensor: int) -> Any:
        """Where a tensor is in the arena."""
        found = ffi.new("struct spkl_tensor *")
        accept(lib.spkl_graded_tensor(self._net, tensor, found), f"tensor {tensor}")
        return found.at
