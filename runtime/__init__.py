"""spikelet: an event-driven runtime for trained spiking networks on microcontrollers.

The names below are loaded when they are first used, so `import spikelet` is quick.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from spikelet.errors import (
    BoardError,
    ConvertError,
    DataError,
    DeviceError,
    EngineError,
    ImageError,
    LearnError,
    ModelError,
    NoRoomError,
    SpikeletError,
    StoreError,
)

if TYPE_CHECKING:
    from spikelet.board_files import names as boards
    from spikelet.converters import convert
    from spikelet.device import Device, connect
    from spikelet.emulator import EmulatedBoard, emulate
    from spikelet.engine import Engine
    from spikelet.graded.engine import GradedEngine
    from spikelet.graded.model import GradedModel
    from spikelet.graded.reference import GradedReference
    from spikelet.image import load
    from spikelet.image import write as save
    from spikelet.model import Model
    from spikelet.reference import Reference
    from spikelet.runner import Result, Runner, Variable

    __version__: str

__all__ = [
    "BoardError",
    "ConvertError",
    "DataError",
    "Device",
    "DeviceError",
    "EmulatedBoard",
    "Engine",
    "EngineError",
    "GradedEngine",
    "GradedModel",
    "GradedReference",
    "ImageError",
    "LearnError",
    "Model",
    "ModelError",
    "NoRoomError",
    "Reference",
    "Result",
    "Runner",
    "SpikeletError",
    "StoreError",
    "Variable",
    "__version__",
    "boards",
    "connect",
    "convert",
    "emulate",
    "load",
    "save",
]

#: Where each name lives: module, and name in it.
_LAZY = {
    "boards": ("spikelet.board_files", "names"),
    "convert": ("spikelet.converters", "convert"),
    "Device": ("spikelet.device", "Device"),
    "connect": ("spikelet.device", "connect"),
    "EmulatedBoard": ("spikelet.emulator", "EmulatedBoard"),
    "emulate": ("spikelet.emulator", "emulate"),
    "Engine": ("spikelet.engine", "Engine"),
    "GradedEngine": ("spikelet.graded.engine", "GradedEngine"),
    "GradedModel": ("spikelet.graded.model", "GradedModel"),
    "GradedReference": ("spikelet.graded.reference", "GradedReference"),
    "load": ("spikelet.image", "load"),
    "save": ("spikelet.image", "write"),
    "Model": ("spikelet.model", "Model"),
    "Reference": ("spikelet.reference", "Reference"),
    "Result": ("spikelet.runner", "Result"),
    "Runner": ("spikelet.runner", "Runner"),
    "Variable": ("spikelet.runner", "Variable"),
}


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version

        return version("spikelet")
    if name not in _LAZY:
        raise AttributeError(f"spikelet has no {name!r}")
    module, attribute = _LAZY[name]
    return getattr(importlib.import_module(module), attribute)


def __dir__() -> list[str]:
    return sorted(__all__)
