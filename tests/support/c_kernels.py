"""Calls kernels that are built for this machine through ctypes, with the undefined-behaviour sanitizer."""

from __future__ import annotations

import ctypes
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from spikelet import _data, compile
from spikelet.layout import FLAG_BITS
from spikelet.model import PARAMETERS, InputPort, Population
from spikelet.rules import absent_value

__all__ = ["CKernels", "Ticked", "Words", "library"]

Words = npt.NDArray[np.int64]
_GUARD = 8
_CANARY = 0x5A5A
_UNSIGNED = ctypes.c_uint32
_POINTER = ctypes.c_void_p
#: State words and the choices that they are there with.
_STATE = {"v": None, "u": "has_u", "a": "has_a", "r": "has_refractory"}


class _Param(ctypes.Structure):
    _fields_ = (("at", _POINTER), ("step", _UNSIGNED))


class _Lif(ctypes.Structure):
    _fields_ = (
        *((name, _POINTER) for name in ("v", "u", "a", "r", "sums", "fired", "values")),
        ("flags", _UNSIGNED),
        ("n", _UNSIGNED),
        ("frac", ctypes.c_uint16),
        ("max_count", ctypes.c_uint16),
        *((name, _Param) for name in PARAMETERS),
    )


class _Encoding(ctypes.Structure):
    _fields_ = (
        ("frame", _POINTER),
        *((name, _UNSIGNED) for name in ("n", "gain", "seed", "max_value", "tick", "sample_tick", "window")),
    )


class _Array:
    """Numbers between canaries."""

    def __init__(self, numbers: npt.ArrayLike, dtype: type[np.generic]) -> None:
        inside = np.asarray(numbers).astype(dtype)
        self._all = np.full(inside.size + 2 * _GUARD, _CANARY).astype(dtype)
        self.numbers = self._all[_GUARD : _GUARD + inside.size]
        self.numbers[:] = inside
        self.address = self.numbers.ctypes.data
        self._before = self._all.copy()

    def list(self) -> list[int]:
        """The numbers, after a look at the canaries."""
        for side in (slice(None, _GUARD), slice(_GUARD + self.numbers.size, None)):
            assert np.array_equal(self._before[side], self._all[side])
        return [int(number) for number in self.numbers]


@dataclass(frozen=True, kw_only=True)
class Ticked:
    """What a tick leaves: the state words that are there, each neuron's event value, `changed`."""

    words: Mapping[str, list[int]]
    z: list[int]
    changed: bool


class CKernels:
    """The functions of a library of kernels. What a kernel must not write has canaries or is NULL."""

    def __init__(self, file: Path) -> None:
        self._c = ctypes.CDLL(str(file))

    def lif_tick(
        self, name: str, population: Population, state: Mapping[str, Words], given: Words, *, values: bool
    ) -> Ticked:
        """One tick of spkl_lif_tick_<name>_s32.

        Args:
            name: "any" or "plain".
            population: with `size` neurons, n below.
            state: v, u, a and r, shape (n,).
            given: the sums `in`, shape (n,).
            values: whether there is an array for the values of events.
        """
        c, n = population.choices, population.size
        there = [word for word, choice in _STATE.items() if choice is None or getattr(c, choice)]
        arrays = {word: _Array(state[word], np.uint16 if word == "r" else np.int32) for word in there}
        arrays["sums"] = _Array(given, np.int32)
        arrays["fired"] = _Array(np.full(n, 7), np.uint16)
        if values:
            arrays["values"] = _Array(np.full(n, 7), np.int16)
        numbers = {p: population.parameters.get(p, np.array([absent_value(p, c)])) for p in PARAMETERS}
        kept = {p: _Array(array, np.int32) for p, array in numbers.items()}
        lif = _Lif(
            flags=sum(int(getattr(c, choice)) << bit for choice, (bit, _) in FLAG_BITS.items()),
            n=n,
            frac=population.frac,
            max_count=population.max_count,
            **{name: array.address for name, array in arrays.items()},
            **{p: _Param(at=array.address, step=int(array.numbers.size > 1)) for p, array in kept.items()},
        )
        changed = ctypes.c_bool(True)
        fired = self._call(f"lif_tick_{name}_s32", ctypes.byref(lif), ctypes.byref(changed))
        assert arrays["sums"].list() == [0] * n
        assert [array.list() for array in kept.values()] == [numbers[p].tolist() for p in kept]
        neurons = arrays["fired"].list()[:fired]
        assert neurons == sorted(set(neurons))
        z = np.zeros(n, np.int64)
        z[neurons] = arrays["values"].list()[:fired] if values else 1
        return Ticked(words={word: arrays[word].list() for word in there}, z=z.tolist(), changed=changed.value)

    def encode(
        self, port: InputPort, frame: npt.NDArray[np.uint8], *, tick: int, sample_tick: int, window: int
    ) -> list[int]:
        """The value of each neuron's event, 0 for none; arguments as of spikelet.encoders.encode_tick."""
        seen, neurons, values = _Array(frame, np.uint8), _Array(frame, np.uint16), _Array(frame, np.int16)
        encoding = _Encoding(
            frame=seen.address,
            n=port.size,
            gain=port.gain,
            seed=port.seed,
            max_value=port.max_value,
            tick=tick,
            sample_tick=sample_tick,
            window=window,
        )
        places = (_POINTER(neurons.address), _POINTER(values.address))
        n = self._call(f"encode_{port.encoder.name.lower()}", ctypes.byref(encoding), *places)
        assert seen.list() == frame.tolist()
        found = neurons.list()[:n]
        assert found == sorted(set(found))
        made = np.zeros(port.size, np.int64)
        made[found] = values.list()[:n]
        assert np.count_nonzero(made) == n
        return [int(value) for value in made]

    def decode(
        self, name: str, scores: Sequence[int], z: Words, v: Words, *, sample_tick: int, values: bool
    ) -> list[int]:
        """Scores after a tick with the events z (0 for none) and the potentials v."""
        neurons = np.flatnonzero(z)
        fired, counts = _Array(neurons, np.uint16), _Array(z[neurons], np.int16)
        kept, membranes = _Array(scores, np.int32), _Array(v, np.int32)
        lif = _Lif(v=membranes.address, fired=fired.address, values=counts.address if values else None, n=len(v))
        more = (ctypes.c_size_t(len(neurons)), ctypes.c_uint32(sample_tick))
        self._call(f"decode_{name}", _POINTER(kept.address), ctypes.byref(lif), *more)
        return kept.list()

    def add_graded(self, sums: Words, rows: npt.NDArray[np.uint8], neurons: Words, events: Sequence[int]) -> list[int]:
        """Sums after events of these neurons with these values; rows are uint8, shape (sources, sums.size)."""
        acc, weights = _Array(sums, np.int32), _Array(rows.ravel(), np.uint8)
        sources, values = _Array(neurons, np.uint16), _Array(events, np.int16)
        lists = (_POINTER(sources.address), _POINTER(values.address), ctypes.c_size_t(len(events)))
        places = (_POINTER(acc.address), _POINTER(weights.address), ctypes.c_size_t(len(sums)))
        self._call("add_graded_u8_s32", *places, *lists)
        return acc.list()

    def _call(self, name: str, *arguments: Any) -> int:
        function = getattr(self._c, f"spkl_{name}")
        function.restype = ctypes.c_size_t
        return int(function(*arguments))


def library(target: Path, sets: Sequence[str]) -> CKernels:
    """Build all kernels but those that call the engine; the first set that has a file gives it.

    Undefined behaviour is told on stderr.
    """
    gcc = shutil.which("gcc")
    if gcc is None:
        pytest.skip("no gcc for this machine: apt-get install gcc")
    csrc = _data.path("csrc")
    files = {file.stem: file for name in reversed(sets) for file in (csrc / "kernels" / name).glob("*.c")}
    for name in ("add_dense", "push_spikes", "is_calm"):
        files.pop(name)
    words = [gcc, "-std=c99", "-O1", "-g", "-fPIC", "-shared", "-fsanitize=undefined", *compile.STRICT]
    words += [f"-I{csrc / folder}" for folder in ("include", "engine")]
    subprocess.run([*words, *map(str, files.values()), "-o", str(target)], check=True, timeout=300)
    return CKernels(target)
