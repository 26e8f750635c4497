"""Instructions of whole inferences: within the promised limits, and held against the record."""

from __future__ import annotations

from itertools import product

import pytest
from benchmarks.counts import record
from benchmarks.counts.jobs import Job, jobs, run
from benchmarks.instructions.budget import count
from benchmarks.instructions.convolution import count_convolution
from benchmarks.instructions.limits import CONVOLUTION, FOUR_BITS, LIMITS, QUIET_LIMIT, SMALL_ENGINE
from benchmarks.instructions.machine import CORES
from benchmarks.instructions.workload import NETWORKS, kinds_of_data

from support.tools import COMPILERS, need

pytestmark = pytest.mark.slow

CASES = [
    *product(LIMITS, COMPILERS, NETWORKS, kinds_of_data()),
    *product(FOUR_BITS, COMPILERS, ["zero4"], kinds_of_data()),
]


def _need(core: str, compiler: str) -> None:
    need(CORES[core], compiler)


@pytest.mark.parametrize("case", CASES, ids=" ".join)
def test_an_inference_stays_within_its_limit(case: tuple[str, str, str, str]) -> None:
    """Rows, queue, neurons, all of it, for gcc -O2; zig -O2 keeps it too. All results are compared on the way."""
    core, compiler, name, data = case
    _need(core, compiler)

    found = count(core, compiler, name, data, record.SAMPLES)

    assert found.per_synop <= (FOUR_BITS if name == "zero4" else LIMITS)[core]


@pytest.mark.parametrize("core", CONVOLUTION)
def test_the_events_of_a_convolution_stay_within_their_limit(core: str) -> None:
    """Address work, lists and wakened blocks included; membranes are compared on the way."""
    _need(core, "gcc")

    instructions, synops = count_convolution(core, "gcc", "all fire")

    assert instructions <= CONVOLUTION[core] * synops


def test_no_line_of_the_small_record_grew() -> None:
    """What CI counts: python -m benchmarks.counts --update keeps a growth that has a reason."""
    recorded = record.read()
    results = [run(job) for job in jobs(small=True)]
    found = {key: n for result in results for key, n in result.counts.items()}
    if not {key.compiler for key in found} & {key.compiler for key in recorded} - {""}:
        pytest.skip("the record has no lines of this machine's compilers: python -m benchmarks.counts --update")

    assert [result.missing for result in results if result.missing] == []
    assert [str(change) for change in record.compare(found, recorded) if change.fails] == []


@pytest.mark.parametrize("compiler", COMPILERS)
def test_a_quiescent_tick_is_cheap(compiler: str) -> None:
    """60 instructions and 12 a population, on M4 with gcc."""
    _need("M4", compiler)

    assert _only(Job("quiet tick", "M4", compiler, "silent")) <= QUIET_LIMIT[compiler]


def test_the_engine_for_dense_networks_is_small() -> None:
    """On M0+, at -Os, loader included."""
    _need("M0+", "gcc")

    assert _only(Job("bytes", "M0+", "gcc", "zero", "-Os")) <= SMALL_ENGINE


def test_every_function_of_a_count_is_known() -> None:
    """No instruction is counted for "?": the shares add up to functions of the program."""
    _need("M4", "zig")

    assert "?" not in count("M4", "zig", "zero", "made up", 1).by_function


def _only(job: Job) -> int:
    (n,) = run(job).counts.values()
    return n
