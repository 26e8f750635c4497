"""Calls single kernels: of a core in Unicorn, or of a kernel set built for this machine."""

from __future__ import annotations

import ctypes
import shutil
import struct
import subprocess
import sys
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import unicorn
from benchmarks.instructions.machine import CORES, build, kernel_file, start
from benchmarks.instructions.machine_qemu import QemuMachine

from spikelet import _data, compile
from spikelet.model import LifChoices, Population
from spikelet.rules import absent_value
from support.tools import need

__all__ = ["EmulatedKernel", "HostKernel", "Kernel", "LifState", "has_avx2"]

Int32Array = npt.NDArray[np.int32]
#: Bytes, or what makes them of addresses.
Content = bytes | Callable[[Sequence[int]], bytes]
#: Names in the order of struct spkl_lif, with their places among the parameters.
_PARAMETERS = {"decay_v": 0, "fire_above": 3, "reset": 4, "bias": 5, "v_min": 6, "count_by": 8}
_N_PARAMETERS = 11
#: Behind each array: it must stay.
_CANARY = b"\xc7" * 16
_SPARE = 8


@dataclass(frozen=True, kw_only=True)
class LifState:
    """What a neuron kernel leaves. `values` are those of `fired`; `awake`: a tick without input would change v."""

    v: list[int]
    fired: list[int]
    changed: bool | None
    values: list[int] | None = None
    awake: bool | None = None


class Kernel(ABC):
    """One kernel file. Every call checks that nothing beside its results was written."""

    word: str  #: struct format of a pointer
    base: int  #: where the memory for a call begins

    @abstractmethod
    def call(self, memory: bytes, arguments: Sequence[int]) -> tuple[int, bytes]:
        """Put `memory` at `base` and call; returns the result and the memory afterwards."""

    def add_rows(self, acc: Int32Array, weights: npt.NDArray[np.uint8], rows: Sequence[int]) -> Int32Array:
        """acc after adding the rows of weights, uint8, shape (rows, acc.size)."""
        n, size = acc.size, struct.calcsize(self.word)
        at_rows = 4 * n + len(_CANARY)
        at_weights = at_rows + size * (len(rows) + _SPARE) + len(_CANARY)
        at_rows += -at_rows % 8
        at_weights += 12 - at_weights % 8  # aligned to 4 only
        places = struct.pack(f"<{len(rows)}{self.word}", *(self.base + at_weights + row * n for row in rows))
        head = acc.tobytes() + _CANARY
        head += bytes(at_rows - len(head)) + places + b"\xff" * (size * _SPARE) + _CANARY
        memory = head + bytes(at_weights - len(head)) + weights.tobytes()
        _, after = self.call(memory, [self.base, self.base + at_rows, len(rows), n])
        end = at_rows + size * (len(rows) + _SPARE)
        assert after[4 * n : at_rows] == memory[4 * n : at_rows]
        assert after[end:] == memory[end:]
        return np.frombuffer(after, np.int32, n).copy()

    def on_sums(
        self,
        acc: Int32Array,
        inputs: Sequence[tuple[Content, int]],
        arguments: Callable[[int, Sequence[int]], Sequence[int]],
        returned: list[int] | None = None,
    ) -> Int32Array:
        """acc after a call that changes nothing else.

        Args:
            acc: sums, int32.
            inputs: bytes (or what makes them of the addresses of those before), and how far they lie behind a
                multiple of 16.
            arguments: of the addresses of acc and of the inputs.
            returned: gets what the kernel returns.
        """
        blob = bytearray(_CANARY + acc.tobytes() + _CANARY)
        at: list[int] = []
        for content, shift in inputs:
            blob += bytes(-len(blob) % 16 + shift)
            at.append(self.base + len(blob))
            blob += (content if isinstance(content, bytes) else content(at)) + _CANARY
        first, end = len(_CANARY), len(_CANARY) + 4 * acc.size
        result, after = self.call(bytes(blob), list(arguments(self.base + first, at)))
        if returned is not None:
            returned.append(result)
        assert after[:first] == _CANARY
        assert after[end:] == blob[end:]
        return np.frombuffer(after, np.int32, acc.size, first).copy()

    def lif_tick(
        self,
        population: Population,
        v: Int32Array,
        given: Int32Array,
        *,
        tells_awake: bool = False,
        asked: bool = True,
        calm: bool = False,
    ) -> LifState:
        """Membranes and events after a tick with the sums `given`; `changed` when asked, else None.

        Args:
            population: parameters.
            v: membranes.
            given: sums of the tick.
            tells_awake: the kernel also says whether a tick without input would change something.
            asked: whether it shall say if something changed.
            calm: tell it that no membrane falls below the lowest value.
        """
        several = population.choices.several
        size, n = struct.calcsize(self.word), population.size
        first = 7 * size + 12
        first += -first % size
        blob = bytearray(_CANARY + bytes(first + _N_PARAMETERS * 2 * size))
        blob[0] = not asked
        kept: list[tuple[int, bytes]] = []

        def put(data: bytes) -> int:
            blob.extend(bytes(-len(blob) % 8) + data + _CANARY)
            place = len(blob) - len(data) - len(_CANARY)
            kept.append((place + len(data), _CANARY))
            return place

        at_v, at_in, at_fired = put(v.tobytes()), put(given.tobytes()), put(b"\xee" * (2 * n))
        at_values = put(b"\xdd" * (2 * n)) if several else 0
        pointers = [at_v, 0, 0, 0, at_in, at_fired, at_values]
        struct.pack_into(
            f"<7{self.word}", blob, len(_CANARY), *(self.base + place if place else 0 for place in pointers)
        )
        flags = _flags(population.choices) | calm << 30
        struct.pack_into("<IIHH", blob, len(_CANARY) + 7 * size, flags, n, population.frac, population.max_count)
        for name, index in _PARAMETERS.items():
            values = population.parameters.get(name, [absent_value(name, population.choices)])
            data = np.asarray(values, np.int32)
            place = put(data.tobytes())
            kept.append((place, data.tobytes()))
            at = len(_CANARY) + first + index * 2 * size
            struct.pack_into(f"<{self.word}I", blob, at, self.base + place, int(data.size > 1 or n == 1))
        z, after = self.call(bytes(blob), [self.base + len(_CANARY), self.base])
        assert all(after[place : place + len(data)] == data for place, data in kept)
        written = 2 if tells_awake else 1
        assert after[written : len(_CANARY)] == _CANARY[written:]
        assert not any(after[at_in : at_in + 4 * n])
        return LifState(
            v=np.frombuffer(after, np.int32, n, at_v).tolist(),
            fired=np.frombuffer(after, np.uint16, z, at_fired).tolist(),
            changed=bool(after[0]) if asked else None,
            values=np.frombuffer(after, np.int16, z, at_values).tolist() if several else None,
            awake=bool(after[1]) if tells_awake else None,
        )


def _flags(c: LifChoices) -> int:
    """Semantics 3.2, of what populations of the fast kernels may have."""
    return c.several << 11 | c.fires << 5 | c.reset_kind << 7 | c.reset_next << 9 | c.reset_before_leak << 10


class EmulatedKernel(Kernel):
    """A kernel as a core has it. Registers that it must keep are checked, and that no word lies across words.

    Cortex-M0+ faults there, which Unicorn does not; QEMU does. Of C for other Cortex-M the compiler knows what they
    can do.
    """

    word = "I"

    def __init__(self, core: str, name: str, compiler: str, kernels: str = "") -> None:
        need(CORES[core], compiler)
        self._name = f"spkl_{name}"
        file = _data.path("csrc") / "kernels" / kernels / f"{name}.S" if kernels else kernel_file(core, name)
        self.machine = start(core, build(core, [file], [self._name], compiler))
        self.base = self.machine.ram
        self._astray: list[int] = []
        if isinstance(self.machine, QemuMachine):
            return
        if file.suffix == ".S" or core in {"M0+", "RV32IMC"}:
            self.machine.uc.hook_add(unicorn.UC_HOOK_MEM_READ | unicorn.UC_HOOK_MEM_WRITE, self._on_access)

    def _on_access(self, _uc: object, _access: int, address: int, size: int, _value: int, _data: object) -> None:
        if address % min(size, 4):
            self._astray.append(address)

    def call(self, memory: bytes, arguments: Sequence[int]) -> tuple[int, bytes]:
        """See Kernel."""
        self.machine.write(self.base, memory)
        before = self.machine.scramble()
        result = self.machine.call(self._name, *arguments)
        assert before == self.machine.preserved()
        assert self._astray == []
        return result, self.machine.read(self.base, len(memory))


class HostKernel(Kernel):
    """A kernel of a set, built for this machine with more flags."""

    word = "Q" if sys.maxsize > 2**32 else "I"
    _ROOM = 1 << 18

    def __init__(self, folder: Path, kernels: str, name: str, flags: Sequence[str] = ()) -> None:
        compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
        if compiler is None:
            pytest.skip("no C compiler for this machine: apt-get install gcc")
        csrc = _data.path("csrc")
        target = folder / f"{kernels}_{name}.so"
        includes = [f"-I{csrc / place}" for place in ("include", "engine")]
        source = csrc / "kernels" / kernels / f"{name}.c"
        words = [compiler, "-std=c99", "-O2", "-fPIC", "-shared", *compile.STRICT, *flags, *includes, source]
        subprocess.run([*map(str, words), "-o", str(target)], check=True, timeout=300)
        self._function = getattr(ctypes.CDLL(str(target)), f"spkl_{name}")
        self._function.restype = ctypes.c_size_t
        self._memory = ctypes.create_string_buffer(self._ROOM + 64)
        self.base = ctypes.addressof(self._memory) + -ctypes.addressof(self._memory) % 64

    def call(self, memory: bytes, arguments: Sequence[int]) -> tuple[int, bytes]:
        """See Kernel."""
        assert len(memory) <= self._ROOM
        ctypes.memmove(self.base, memory, len(memory))
        result = self._function(*(ctypes.c_size_t(argument) for argument in arguments))
        return int(result), ctypes.string_at(self.base, len(memory))


def has_avx2() -> bool:
    """Whether this machine's processor says so; False where that is not known."""
    cpuinfo = Path("/proc/cpuinfo")
    return cpuinfo.exists() and " avx2 " in cpuinfo.read_text()
