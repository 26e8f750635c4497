"""Instructions of whole inferences: within the promised limits, and held against the last record."""

from __future__ import annotations

from itertools import product

import pytest
from benchmarks.instructions import record
from benchmarks.instructions.budget import LIMITS, QUIET_LIMIT, Counted, count, count_quiet_tick
from benchmarks.instructions.machine import CORES
from benchmarks.instructions.workload import NETWORKS, kinds_of_data

from support.tools import COMPILERS, need

pytestmark = pytest.mark.slow

Case = tuple[str, str, str, str]
CASES: list[Case] = list(product(CORES, COMPILERS, NETWORKS, kinds_of_data()))


def _need(core: str, compiler: str) -> None:
    need(CORES[core], compiler)


@pytest.fixture(scope="module", params=CASES, ids=" ".join)
def counted(request: pytest.FixtureRequest) -> tuple[Case, Counted]:
    """Inferences of a network on a core; count() compares every result with the numpy reference."""
    core, compiler, name, data = request.param
    _need(core, compiler)
    return request.param, count(core, compiler, name, data, record.SAMPLES)


def _near(figure: str, now: int) -> None:
    """Hold a figure against the record; another compiler has no record."""
    figures = record.read()
    then = figures.get(figure)
    if then is None:
        same = [name for name in figures if name.split(", ")[:2] == figure.split(", ")[:2]]
        assert same == [], f"the record lacks {figure}: python -m benchmarks.instructions --update"
        pytest.skip(f"no record of this compiler for {figure}: python -m benchmarks.instructions --update")
    assert abs(now - then) <= record.TOLERANCE * then, f"{figure}: {now} instructions, {then} in record.json"


def test_an_inference_stays_within_its_limit(counted: tuple[Case, Counted]) -> None:
    """Rows, queue, neurons, all of it: the limits of issue 3 for gcc -O2, which zig -O2 keeps too."""
    (core, _, _, _), found = counted

    assert found.per_synop <= LIMITS[core]


def test_an_inference_takes_what_the_record_says(counted: tuple[Case, Counted]) -> None:
    """A change that makes it slower or faster is noticed: run the benchmark with --update."""
    case, found = counted

    _near(record.key(*case), found.total)


@pytest.mark.parametrize("compiler", COMPILERS)
@pytest.mark.parametrize("core", CORES)
def test_a_quiescent_tick_is_cheap(core: str, compiler: str) -> None:
    """Under 100 instructions on M4; on every core what the record says."""
    _need(core, compiler)
    quiet = count_quiet_tick(core, compiler)

    if core == "M4":
        assert quiet < QUIET_LIMIT
    _near(record.key(core, compiler, "quiet tick", ""), quiet)


def test_every_function_of_a_count_is_known() -> None:
    """No instruction is counted for "?": the shares add up to functions of the program."""
    _need("M4", "zig")

    assert "?" not in count("M4", "zig", "zero", "made up", 1).by_function
