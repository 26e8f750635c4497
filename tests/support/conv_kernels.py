"""Runs layers of graded networks: of a core in Unicorn, or of kernel sets built for this machine."""

from __future__ import annotations

import ctypes
import shutil
import struct
import subprocess
import sys
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from spikelet import _data, compile
from benchmarks.cmsis_nn.layers import Layer

__all__ = ["HostLayers", "Layers", "sources"]

#: Kernels that the three kinds of layers need.
KERNELS = (
    *("list_inputs_s8", "sum_list_u8_s32", "sum_list_u4_s32", "sum_list_u2_s32"),
    *("requantise_any_s8", "requantise_relu_s8", "requantise_full_s8", "scale_s8"),
    *("dot_rows_s8_s32", "depthwise_row_s8"),
)
_DRIVERS = (
    *("conv_s8", "conv_s8_check", "conv_check", "dense_s8", "depthwise_s8", "dot_s8"),
    *("listed", "listed_check", "requantise"),
)
_CANARY = b"\xc7" * 64


def sources(sets: Sequence[str], suffixes: Sequence[str]) -> list[Path]:
    """Files of the layers, of each kernel those of the first set that has it."""
    csrc = _data.path("csrc")
    found = [csrc / "graded" / f"{name}.c" for name in _DRIVERS]
    for name in KERNELS:
        choice = (csrc / "kernels" / s / f"{name}{suffix}" for s in sets for suffix in suffixes)
        found.append(next(file for file in choice if file.exists()))
    return found


class Layers(ABC):
    """Checks and runs layers. Every run checks that nothing beside its output was written."""

    word: str  #: struct format of a pointer
    base: int  #: where the memory for a call begins, aligned to 16

    @abstractmethod
    def call(self, function: str, memory: bytes, arguments: Sequence[int]) -> tuple[int, bytes]:
        """Put `memory` at `base` and call; returns the result and the memory afterwards."""

    def run(
        self, layer: Layer, given: npt.NDArray[np.int8], *, shift: int = 0, over: int | None = None
    ) -> npt.NDArray[np.int8]:
        """The outputs.

        Args:
            layer: what to run.
            given: int8, layer.in_shape.
            shift: how far the tensors lie behind a multiple of 16, a multiple of 4.
            over: where the output lies, from the input's begin on; None: elsewhere.
        """
        n_out = int(np.prod(layer.out_shape))
        blob = bytearray(bytes(256) + _CANARY)

        def put(data: bytes, at: int = 0) -> int:
            blob.extend(bytes(-len(blob) % 16 + at) + data + _CANARY)
            return len(blob) - len(data) - len(_CANARY)

        at_parameters = put(layer.packed_parameters(), 4)
        at_table = put(layer.packed_channels(), 4)
        at_weights = put(layer.packed_weights(), 4)
        size = given.size if over is None else max(given.size, n_out + over)
        tensor = bytearray(b"\xb3" * (size - min(over or 0, 0)))
        start = -min(over or 0, 0)
        tensor[start : start + given.size] = given.tobytes()
        at_in = put(bytes(tensor), shift) + start
        at_out = put(b"\xee" * n_out, shift) if over is None else at_in + over
        at_size = put(bytes(8))
        scratch = self.scratch(layer, blob, at_parameters, at_table, at_weights, at_size)
        at_scratch = put(b"\xdd" * scratch)
        blob[: struct.calcsize(self._layout())] = self._layer(
            layer, at_parameters, at_table, at_weights, (at_in, at_out, at_scratch)
        )
        _, after = self.call(f"spkl_run_{layer.kind}_s8", bytes(blob), [self.base])
        expected = bytearray(blob)
        expected[at_out : at_out + n_out] = after[at_out : at_out + n_out]
        expected[at_scratch : at_scratch + scratch] = after[at_scratch : at_scratch + scratch]
        assert bytes(expected) == after
        return np.frombuffer(after, np.int8, n_out, at_out).reshape(layer.out_shape).copy()

    def _layout(self) -> str:
        w = self.word
        return f"@3{w}3I3B3{w}I{w}" if w == "Q" else "<3I3I3Bx3III"

    def _layer(
        self, layer: Layer, parameters: int, table: int, weights: int, places: tuple[int, int, int] | None
    ) -> bytes:
        """struct spkl_layer, with tensors and scratch or without."""
        at_in, at_out, at_scratch = (self.base + at for at in places) if places else (0, 0, 0)
        n_in, n_out = int(np.prod(layer.in_shape)), int(np.prod(layer.out_shape))
        arrays = [self.base + at for at in (parameters, table, weights)]
        length = len(layer.packed_weights())
        return struct.pack(
            self._layout(), at_in, 0, at_out, n_in, 0, n_out, 1, 0, 1, *arrays, length, at_scratch
        )  # fmt: skip

    def scratch(self, layer: Layer, blob: bytearray, parameters: int, table: int, weights: int, size: int) -> int:
        """What the check function asks for."""
        length = len(layer.packed_channels())
        packed = self._layer(layer, parameters, table, weights, None)
        memory = packed + bytes(blob[len(packed) :])
        right, after = self.call(f"spkl_check_{layer.kind}_s8", memory, [self.base, length, self.base + size])
        assert right & 1
        return int.from_bytes(after[size : size + 4], "little")


class HostLayers(Layers):
    """Layers of kernel sets built for this machine, with the undefined-behaviour sanitizer."""

    word = "Q" if sys.maxsize > 2**32 else "I"
    _ROOM = 1 << 22

    def __init__(self, folder: Path, sets: Sequence[str], flags: Sequence[str] = ()) -> None:
        gcc = shutil.which("gcc")
        if gcc is None:
            pytest.skip("no gcc for this machine: apt-get install gcc")
        csrc = _data.path("csrc")
        target = folder / f"{'_'.join(sets)}.so"
        words = [gcc, "-std=c99", "-O1", "-g", "-fPIC", "-shared", "-fsanitize=undefined", *compile.STRICT, *flags]
        words += [f"-I{csrc / place}" for place in ("include", "engine")]
        words += ["-fno-sanitize-recover=all"]
        subprocess.run([*words, *map(str, sources(sets, [".c"])), "-o", str(target)], check=True, timeout=120)
        self._c = ctypes.CDLL(str(target))
        self._memory = ctypes.create_string_buffer(self._ROOM + 64)
        self.base = ctypes.addressof(self._memory) + -ctypes.addressof(self._memory) % 64

    def call(self, function: str, memory: bytes, arguments: Sequence[int]) -> tuple[int, bytes]:
        """See Layers."""
        assert len(memory) <= self._ROOM
        ctypes.memmove(self.base, memory, len(memory))
        called = getattr(self._c, function)
        called.restype = ctypes.c_int
        result = called(*(ctypes.c_size_t(argument) for argument in arguments))
        return int(result), ctypes.string_at(self.base, len(memory))
