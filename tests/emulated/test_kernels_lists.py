"""Lists of rows and of spikes, of every set on its own core."""

from __future__ import annotations

import struct

import numpy as np
import numpy.typing as npt
import pytest
from benchmarks.instructions.machine import CORES

from support.kernel_sets import EmulatedKernel, HostKernel, Kernel
from support.tools import COMPILERS

_CANARY = b"\xc7" * 16
PLACES = [*((core, compiler) for core in CORES for compiler in COMPILERS), ("ref", ""), ("packed", "")]


def _kernel(name: str, where: str, compiler: str, folder: pytest.TempPathFactory) -> Kernel:
    if where in CORES:
        return EmulatedKernel(where, name, compiler)
    return HostKernel(folder.mktemp("kernels"), where, name)


@pytest.fixture(scope="module", params=PLACES, ids=lambda place: " ".join(place).strip())
def list_rows(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Kernel:
    """list_rows of a core or of a set."""
    return _kernel("list_rows", *request.param, tmp_path_factory)


@pytest.fixture(scope="module", params=PLACES, ids=lambda place: " ".join(place).strip())
def copy_spikes(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Kernel:
    """copy_spikes of a core or of a set."""
    return _kernel("copy_spikes", *request.param, tmp_path_factory)


@pytest.mark.parametrize("shift", [0, 2])
def test_every_number_of_rows_is_listed(list_rows: Kernel, shift: int) -> None:
    """All numbers up to the most of a call, neurons anywhere, wide rows and narrow ones."""
    rng = np.random.default_rng(1)
    size = struct.calcsize(list_rows.word)
    for n in [*range(40), 63, 64, 65, 127, 128, 129, 253, 254, 255]:
        stride = int(rng.choice([4, 12, 128, 260, 65536]))
        neurons = rng.integers(0, 65536, n).astype("<u2")
        at = len(_CANARY) + size * n + len(_CANARY) + shift
        memory = bytes(len(_CANARY)) + b"\xee" * (size * n) + _CANARY + bytes(shift) + neurons.tobytes() + _CANARY
        weights = 0x1000_0004
        _, after = list_rows.call(memory, [list_rows.base + len(_CANARY), list_rows.base + at, n, weights, stride])

        rows = [weights + int(neuron) * stride & 256**size - 1 for neuron in neurons]
        assert rows == list(struct.unpack_from(f"<{n}{list_rows.word}", after, len(_CANARY))), (n, stride)
        rest = len(_CANARY) + size * n
        assert after[: len(_CANARY)] == memory[: len(_CANARY)]
        assert after[rest:] == memory[rest:]


def _copied(kernel: Kernel, neurons: npt.NDArray[np.uint16], shift: int, size: int) -> bytes | None:
    """Neurons and values of a port's list after a call; None: refused. Nothing else is written."""
    n = neurons.size
    word, room = struct.calcsize(kernel.word), 2 * n + -2 * n % 4
    at_neurons = len(_CANARY) + 3 * word + -3 * word % 16 + len(_CANARY)
    at_values = at_neurons + room + len(_CANARY)
    at_from = at_values + room + len(_CANARY) + shift
    places = (0, kernel.base + at_neurons, kernel.base + at_values)
    memory = (_CANARY + struct.pack(f"<3{kernel.word}", *places)).ljust(at_neurons, b"\xc7")
    memory += b"\xee" * room + _CANARY + b"\xdd" * room + _CANARY + bytes(shift) + neurons.tobytes() + _CANARY
    good, after = kernel.call(memory, [kernel.base + len(_CANARY), kernel.base + at_from, n, size])
    ends = (at_neurons + 2 * n, at_values + 2 * n)
    assert after[:at_neurons] == memory[:at_neurons]
    assert after[ends[0] : at_values] == memory[ends[0] : at_values]
    assert after[ends[1] :] == memory[ends[1] :]
    return after[at_neurons : ends[0]] + after[at_values : ends[1]] if good & 0xFF else None


@pytest.mark.parametrize("shift", [0, 2])
@pytest.mark.parametrize("size", [1, 784, 0x7FFF, 0x8000, 0x8001, 0xFFFF, 0x10000])
def test_spikes_are_copied_or_refused(copy_spikes: Kernel, size: int, shift: int) -> None:
    """All numbers around every unrolling; a neuron that is not there is found at every place."""
    rng = np.random.default_rng(2)
    for n in [*range(36), 64, 255]:
        neurons = rng.integers(0, size, n).astype("<u2")
        neurons[rng.random(n) < 0.2] = size - 1
        assert neurons.tobytes() + b"\1\0" * n == _copied(copy_spikes, neurons, shift, size), n
        for place in range(n) if size < 0x10000 and n < 28 else ():
            bad = neurons.copy()
            bad[place] = rng.choice([size, 0xFFFF, rng.integers(size, 0x10000)])
            assert _copied(copy_spikes, bad, shift, size) is None, (n, place)
