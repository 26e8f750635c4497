"""A hundred random networks of every node on every emulated board, with the bits of the host."""

from __future__ import annotations

import pytest

from spikelet.emulator import EmulatedBoard
from spikelet.engine import Engine
from spikelet.errors import ConvertError, NoRoomError
from support.network_cases import make_case

#: Networks on each board.
NETWORKS = 100
FIRST = 100_000


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
