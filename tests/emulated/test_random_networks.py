"""A hundred random networks of every node on every emulated board, with the bits of the host."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from spikelet.emulator import EmulatedBoard, emulate
from spikelet.engine import Engine
from spikelet.errors import ConvertError, NoRoomError
from support.network_cases import make_case
from support.tools import COMPILERS, QEMU, UNICORN, need

#: Networks on each board.
NETWORKS = 100
FIRST = 100_000


@pytest.fixture(scope="module", params=[(b, c) for b in UNICORN for c in COMPILERS], ids="-".join)
def unicorn(request: pytest.FixtureRequest) -> Iterator[EmulatedBoard]:
    """Each Unicorn board, with each compiler."""
    need(*request.param)
    with emulate(None, request.param[0], compiler=request.param[1], count=False) as board:
        yield board


@pytest.fixture(scope="module", params=QEMU)
def qemu(request: pytest.FixtureRequest) -> Iterator[EmulatedBoard]:
    """Each QEMU board."""
    need(request.param, "gcc")
    with emulate(None, request.param, compiler="gcc", count=False) as board:
        yield board


def _same(board: EmulatedBoard) -> None:
    done = large = 0
    for seed in range(FIRST, FIRST + NETWORKS + NETWORKS // 5):
        try:
            case = make_case(seed)
            board.use(case.model)
        except ConvertError:
            continue
        except NoRoomError:
            large += 1
            continue
        case.assert_same(case.run(Engine(case.model)), case.run(board))
        done += 1
        if done == NETWORKS:
            break

    assert done == NETWORKS, f"{large} did not fit"


@pytest.mark.slow
def test_a_hundred_random_networks_have_the_bits_of_the_host(unicorn: EmulatedBoard) -> None:
    """Issue 4: every state word, event, score and statistic."""
    _same(unicorn)


@pytest.mark.slow
def test_random_networks_have_the_bits_of_the_host_in_qemu(qemu: EmulatedBoard) -> None:
    """The same on the machines of another emulator."""
    _same(qemu)
