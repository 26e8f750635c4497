"""Thousands of random networks of every node: the float runner within its bound, the host as the reference."""

from __future__ import annotations

import pytest

from spikelet.engine import Engine
from spikelet.errors import ConvertError
from spikelet.reference import Reference
from support.float_proof import prove
from support.network_cases import make_case

#: Networks of the full run (CI); `make check` does the first chunk.
CHUNKS, EACH = 40, 50


@pytest.mark.parametrize("chunk", [0, *(pytest.param(c, marks=pytest.mark.slow) for c in range(1, CHUNKS))])
def test_random_networks_agree(chunk: int) -> None:
    """Issue 4: float64 within the bound of docs/explanation/bounds.md, host and reference with the same bits."""
    cells = spikes = ties = refused = 0
    for seed in range(chunk * EACH, (chunk + 1) * EACH):
        try:
            case = make_case(seed)
        except ConvertError:
            refused += 1
            continue
        expected = case.run(Reference(case.model))
        found = case.run(Engine(case.model))
        case.assert_same(expected, found)
        proof = prove(case.rounded, case.quantised, case.model, case.dense, expected)
        cells, spikes, ties = cells + proof.cells, spikes + proof.spikes, ties + proof.ties

    assert refused <= EACH // 10
    assert spikes > cells / 100
    assert ties < cells / 3
