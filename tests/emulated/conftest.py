"""Boards that run any model that is loaded over their line, each kept for the tests of a module."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from spikelet.emulator import EmulatedBoard, emulate
from support.tools import COMPILERS, QEMU, UNICORN, need


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
