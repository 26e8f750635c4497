"""Runs spikelet's layers: of a core in Unicorn, or of whatever calls the same functions."""

from __future__ import annotations

import struct
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import unicorn
from benchmarks.cmsis_nn.layers import Layer
from benchmarks.instructions.machine import CORES, Machine, build, start

from spikelet import board_files
from spikelet._data import path as data_path

__all__ = ["KERNELS", "EmulatedLayers", "Layers", "Packed", "sources"]

#: Kernels that the kinds of layers need.
KERNELS = (
    *("list_above_s8", "list_signed_s8", "list_move", "sum_list_u8_s32", "sum_list_u4_s32", "sum_list_u2_s32"),
    *("requantise_any_s8", "requantise_relu_s8", "requantise_full_s8", "scale_s8"),
    *("whole_conv_s8", "dot_rows_s8_s32", "sum_taps_s8_s32", "sum_taps_times_s8_s32", "prepare_3x3_s8", "sweep_3x3_s8"),
)
_DRIVERS = (
    *("conv_s8", "conv_s8_check", "conv_check", "dense_s8", "depthwise_s8", "dot_s8"),
    *("listed", "listed_check", "requantise"),
)
_KINDS = ("conv", "depthwise", "dense", "dot")
_CANARY = b"\xc7" * 64


def sources(sets: Sequence[str], suffixes: Sequence[str] = (".S", ".c")) -> list[Path]:
    """Files of the layers, of each kernel those of the first set that has it."""
    csrc = data_path("csrc")
    found = [csrc / "graded" / f"{name}.c" for name in _DRIVERS]
    for name in KERNELS:
        choice = (csrc / "kernels" / s / f"{name}{suffix}" for s in sets for suffix in suffixes)
        found.append(next(file for file in choice if file.exists()))
    return found


class _Memory:
    """Bytes from a base on, with canaries between arrays."""

    def __init__(self, base: int, head: int) -> None:
        self.base = base
        self.bytes = bytearray(bytes(head) + _CANARY)

    def put(self, data: bytes, behind: int = 0) -> int:
        """Append an array `behind` bytes behind a multiple of 16; returns its address."""
        self.bytes += bytes(-len(self.bytes) % 16 + behind)
        address = self.base + len(self.bytes)
        self.bytes += data + _CANARY
        return address

    def slice(self, address: int, n: int) -> slice:
        """Of n bytes at an address."""
        return slice(address - self.base, address - self.base + n)


@dataclass(frozen=True, kw_only=True)
class Packed:
    """What the check function of a layer sees: arrays of an image, elements and types of input and output."""

    kind: str
    parameters: bytes
    channels: bytes
    weights: bytes
    sizes: tuple[int, int]
    types: tuple[int, int] = (1, 1)

    @classmethod
    def of(cls, layer: Layer) -> Packed:
        """A layer as an image has it."""
        return cls(
            kind=layer.kind,
            parameters=layer.packed_parameters(),
            channels=layer.packed_channels(),
            weights=layer.packed_weights(),
            sizes=(int(np.prod(layer.in_shape)), int(np.prod(layer.out_shape))),
        )


class Layers(ABC):
    """Checks and runs layers. Every run checks that nothing beside its output was written."""

    #: struct spkl_layer, as struct.pack takes it.
    layout: str
    #: Where the memory for a call begins, a multiple of 16.
    base: int

    @abstractmethod
    def call(self, function: str, memory: bytes, arguments: Sequence[int]) -> tuple[int, bytes]:
        """Put `memory` at `base` and call; returns the result and the memory afterwards."""

    def run(
        self, layer: Layer, given: npt.NDArray[np.int8], *, behind: int = 0, over: int | None = None
    ) -> npt.NDArray[np.int8]:
        """The outputs.

        Args:
            layer: what to run.
            given: int8, layer.in_shape.
            behind: how far the tensors lie behind a multiple of 16, a multiple of 4.
            over: where the output lies, from the input's begin on; None: elsewhere.
        """
        n_out = int(np.prod(layer.out_shape))
        packed = Packed.of(layer)
        memory, arrays = self._memory(packed)
        before = max(-(over or 0), 0)
        size = before + (given.size if over is None else max(given.size, n_out + over))
        tensor = bytearray(b"\xb3" * size)
        tensor[before : before + given.size] = given.tobytes()
        at_in = memory.put(bytes(tensor), behind) + before
        at_out = memory.put(b"\xee" * n_out, behind) if over is None else at_in + over
        scratch = self.scratch(layer)
        at_scratch = memory.put(b"\xdd" * scratch)
        head = self._pack(packed, arrays, (at_in, at_out, at_scratch))
        memory.bytes[: len(head)] = head
        _, after = self.call(f"spkl_run_{layer.kind}_s8", bytes(memory.bytes), [self.base])
        for place, n in ((at_out, n_out), (at_scratch, scratch)):
            memory.bytes[memory.slice(place, n)] = after[memory.slice(place, n)]
        assert bytes(memory.bytes) == after
        return np.frombuffer(after, np.int8, n_out, at_out - self.base).reshape(layer.out_shape).copy()

    def scratch(self, layer: Layer) -> int:
        """Bytes of scratch that a layer asks for.

        Raises:
            ValueError: the layer is refused.
        """
        found = self.check(Packed.of(layer))
        if found is None:
            raise ValueError(f"the layer {layer.parameters} is refused")
        return found

    def check(self, packed: Packed) -> int | None:
        """Bytes of scratch that a layer asks for; None: it is refused."""
        memory, arrays = self._memory(packed)
        at_size = memory.put(bytes(4))
        head = self._pack(packed, arrays, (0, 0, 0))
        memory.bytes[: len(head)] = head
        arguments = [self.base, len(packed.channels), at_size]
        right, after = self.call(f"spkl_check_{packed.kind}_s8", bytes(memory.bytes), arguments)
        return int.from_bytes(after[memory.slice(at_size, 4)], "little") if right & 1 else None

    def _memory(self, packed: Packed) -> tuple[_Memory, list[int]]:
        """Room for struct spkl_layer, and the arrays of an image; an empty one is absent."""
        memory = _Memory(self.base, 256)
        arrays = (packed.parameters, packed.channels, packed.weights)
        return memory, [memory.put(data, 4) if data else 0 for data in arrays]

    def _pack(self, packed: Packed, arrays: Sequence[int], places: tuple[int, int, int]) -> bytes:
        """struct spkl_layer; `places` are those of input, output and scratch."""
        (at_in, at_out, at_scratch), (n_in, n_out), (in_type, out_type) = places, packed.sizes, packed.types
        length = len(packed.weights)
        return struct.pack(
            self.layout, at_in, 0, at_out, n_in, 0, n_out, in_type, 0, out_type, *arrays, length, at_scratch
        )


class EmulatedLayers(Layers):
    """Layers as a core has them.

    Where it is asked, registers that a function must keep are checked, and that no word lies across words:
    Cortex-M0+ faults there, which Unicorn does not.
    """

    layout = "<3I3I3Bx3III"

    def __init__(self, core: str, compiler: str, optimise: str = "2", *, count: bool = False) -> None:
        files = sources(board_files.load(CORES[core]).kernels)
        roots = [f"spkl_{what}_{kind}_s8" for kind in _KINDS for what in ("run", "check")]
        self.program = build(core, files, roots, compiler, optimise)
        self.machine = start(core, self.program, count=count)
        self.base = self.machine.ram
        self._astray: list[int] = []
        if not count and core in {"M0+", "RV32IMC"} and isinstance(self.machine, Machine):
            self.machine.uc.hook_add(unicorn.UC_HOOK_MEM_READ | unicorn.UC_HOOK_MEM_WRITE, self._on_access)

    def _on_access(self, _uc: object, _access: int, address: int, size: int, _value: int, _data: object) -> None:
        if address % min(size, 4):
            self._astray.append(address)

    def call(self, function: str, memory: bytes, arguments: Sequence[int]) -> tuple[int, bytes]:
        """See Layers."""
        self.machine.write(self.base, memory)
        before = self.machine.scramble()
        self.machine.clear()
        result = self.machine.call(function, *arguments)
        assert before == self.machine.preserved()
        assert self._astray == []
        return result, self.machine.read(self.base, len(memory))

    def counted(self) -> dict[str, int]:
        """Instructions of the last call, by function."""
        return self.machine.counts()

    def cycles(self, *, worst: bool = True) -> dict[str, int]:
        """Modelled cycles of the last call, by function; see Machine.cycles."""
        return self.machine.cycles(worst=worst)
