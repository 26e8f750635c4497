"""Lists of rows, of every set on its own core."""

from __future__ import annotations

import struct

import numpy as np
import pytest
from benchmarks.instructions.machine import CORES

from support.kernel_sets import EmulatedKernel, HostKernel, Kernel
from support.tools import COMPILERS

_CANARY = b"\xc7" * 16
PLACES = [*((core, compiler) for core in CORES for compiler in COMPILERS), ("ref", ""), ("packed", "")]


@pytest.fixture(scope="module", params=PLACES, ids=lambda place: " ".join(place).strip())
def list_rows(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Kernel:
    """list_rows of a core or of a set."""
    where, compiler = request.param
    if where in CORES:
        return EmulatedKernel(where, "list_rows", compiler)
    return HostKernel(tmp_path_factory.mktemp("kernels"), where, "list_rows")


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
