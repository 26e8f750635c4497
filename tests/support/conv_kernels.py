"""Convolutions of kernel sets built for this machine."""

from __future__ import annotations

import ctypes
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from benchmarks.cmsis_nn.ours import Layers, sources

from spikelet import _data, compile

__all__ = ["HostLayers"]


class HostLayers(Layers):
    """Layers of kernel sets built for this machine, with the undefined-behaviour sanitizer."""

    layout = "@3Q3I3B3QIQ" if sys.maxsize > 2**32 else "@3I3I3B3III"
    _ROOM = 1 << 22

    def __init__(self, folder: Path, sets: Sequence[str], flags: Sequence[str] = ()) -> None:
        gcc = shutil.which("gcc")
        if gcc is None:
            pytest.skip("no gcc for this machine: apt-get install gcc")
        csrc = _data.path("csrc")
        target = folder / f"{'_'.join(sets)}.so"
        words = [gcc, "-std=c99", "-O1", "-g", "-fPIC", "-shared", *compile.STRICT, *flags]
        words += ["-fsanitize=undefined", "-fno-sanitize-recover=all"]
        words += [f"-I{csrc / place}" for place in ("include", "engine")]
        subprocess.run([*words, *map(str, sources(sets, [".c"])), "-o", str(target)], check=True, timeout=300)
        self._c = ctypes.CDLL(str(target))
        self._bytes = ctypes.create_string_buffer(self._ROOM + 64)
        self.base = ctypes.addressof(self._bytes) + -ctypes.addressof(self._bytes) % 64

    def call(self, function: str, memory: bytes, arguments: Sequence[int]) -> tuple[int, bytes]:
        """See Layers."""
        assert len(memory) <= self._ROOM
        ctypes.memmove(self.base, memory, len(memory))
        called = getattr(self._c, function)
        called.restype = ctypes.c_int
        result = called(*(ctypes.c_size_t(argument) for argument in arguments))
        return int(result), ctypes.string_at(self.base, len(memory))
