"""The engine in C as cffi gives it: `ffi` for types and memory, `lib` for functions and constants."""

from __future__ import annotations

from importlib import import_module
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path
from typing import Any

from spikelet.errors import SpikeletError

__all__ = ["ffi", "lib"]

_module: Any = import_module("spikelet._spikelet")


def _library() -> Any:
    """The engine: in the extension module, or a library beside it where Python came without its headers."""
    if hasattr(_module, "lib"):
        return _module.lib
    for suffix in EXTENSION_SUFFIXES:
        path = Path(__file__).with_name(f"_spikelet_library{suffix}")
        if path.exists():
            return ffi.dlopen(str(path))
    raise SpikeletError("the C engine is missing from the installation: install spikelet again")


ffi: Any = _module.ffi
lib: Any = _library()
