"""Delay lines, late sums, projections back and blocks, by hand: semantics 2.1, 2.2, 2.4, 2.6 and 3.4."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from spikelet.engine import Engine
from spikelet.model import LifChoices, Population, ResetKind
from spikelet.reference import Reference
from spikelet.runner import PopulationStats, Runner, Variable
from support.small_networks import join, line, network, push, relay, sums, traced

RUNNERS = pytest.mark.parametrize("runner", [Reference, Engine])


@RUNNERS
def test_a_delay_line_gives_each_value_after_its_delay(runner: type[Runner]) -> None:
    """Semantics 3.4: sums of what is handed in, in the tick that is due; delay 0 is the same tick."""
    delay = [0, 1, 3]
    handed = [(0, 0, 5), (0, 1, 7), (0, 2, 2), (1, 1, -4), (1, 2, 9), (1, 2, -8), (2, 0, 1), (2, 2, 3), (2, 2, -3)]
    due = [[0, 0, 0] for _ in range(7)]
    for tick, neuron, value in handed:
        due[tick + delay[neuron]][neuron] += value
    with runner(network([line("d", delay, 3)], [join("in", 0)], 3)) as running:
        push(running, *handed)

        assert due == traced(running, 7, 0, Variable.EVENTS)
        expected = [(t, i, value) for t, row in enumerate(due) for i, value in enumerate(row) if value]
        assert expected == running.take().tolist()
        # A sum of 0 does not wait: tick 5, after the last value came in tick 4, is the first that is skipped.
        assert running.stats() == [PopulationStats(events=len(expected), synops=0, quiet_ticks=1)]
        assert running.probe(0, Variable.V).tolist() == [0, 0, 0]


@RUNNERS
def test_a_delay_line_of_a_delay_line_adds_up(runner: type[Runner]) -> None:
    """Semantics 2.1: in update order in the same tick, against it a tick later."""
    for order, late in (((0, 1), 5), ((1, 0), 6)):
        first, second = order
        lines = {first: line("first", [2], 1), second: line("second", [3], 1)}
        feeds = sorted([join("in", first), join(first, second)], key=lambda p: p.target)
        with runner(network([lines[0], lines[1]], feeds, 1)) as running:
            push(running, (0, 0, 4), (1, 0, -2))
            found = [value[0] for value in traced(running, late + 3, second, Variable.EVENTS)]

            assert found == [0] * late + [4, -2, 0]


@RUNNERS
def test_two_feeds_meet_in_one_sum(runner: type[Runner]) -> None:
    """Semantics 3.4: values of one neuron and tick add up, also to 0."""
    populations = [relay("a", 1), line("d", [1], 1, 109)]
    feeds = [join("in", 0, [[1]]), join("in", 1), join(0, 1)]
    with runner(network(populations, feeds, 1)) as running:
        push(running, (0, 0, 3), (1, 0, -3), (2, 0, 20))

        assert traced(running, 5, 1, Variable.EVENTS) == [[0], [6], [-3], [29], [0]]


@RUNNERS
def test_without_several_a_value_is_1(runner: type[Runner]) -> None:
    """Semantics 3.4, also for a port that may send -1."""
    with runner(network([line("d", [2], 2, max_count=1)], [join("in", 0)], 2, max_sum=1)) as running:
        push(running, (0, 0, 1), (1, 1, -1))

        assert traced(running, 5, 0, Variable.EVENTS) == [[0, 0], [0, 0], [1, 0], [0, 1], [0, 0]]


@RUNNERS
def test_a_late_projection_brings_its_sums_later(runner: type[Runner]) -> None:
    """Semantics 2.6: each target after its own delay; synops count when the event comes."""
    weights = [[1, 2, 3], [10, 20, 30]]
    late = join("in", 0, weights, delays=np.array([0, 2, 1], np.int32))
    with runner(network([sums("p", 3)], [late], 2)) as running:
        push(running, (0, 0, 1), (1, 0, 1), (1, 1, -1), (4, 1, 2))
        expected = [[1, 0, 0], [-9, 0, 3], [0, 2, -27], [0, -18, 0], [20, 0, 0], [0, 0, 60], [0, 40, 0], [0, 0, 0]]

        assert expected == traced(running, 8)
        assert running.stats()[0].synops == 4 * 3


@RUNNERS
def test_a_population_waits_for_what_is_late(runner: type[Runner]) -> None:
    """Semantics 2.2: an event is incoming for max(delays) ticks more, whatever it brings."""
    late = join("in", 0, [[0, 0]], delays=np.array([1, 3], np.int32))
    with runner(network([sums("p", 2)], [late], 1)) as running:
        push(running, (2, 0, 1))
        quiet = [row[0] for row in traced(running, 9, 0, Variable.QUIET)]

        assert quiet == [1, 1, 0, 0, 0, 0, 1, 1, 1]
        # Skipped: tick 1, and those after tick 6, the first update with nothing coming.
        assert running.stats()[0].quiet_ticks == 3


@RUNNERS
def test_a_projection_back_takes_a_tick(runner: type[Runner]) -> None:
    """Semantics 2.1: of a later population, and of the population itself."""
    populations = [relay("a", 2), relay("b", 1)]
    back = [join("in", 0, [[1, 0]]), join(0, 0, [[0, 2], [0, 0]]), join(1, 0, [[0, 1]]), join(0, 1, [[3], [0]])]
    with runner(network(populations, back, 1)) as running:
        push(running, (0, 0, 2))
        a, b = [], []
        for _ in range(4):
            running.advance(1)
            a.append(running.probe(0, Variable.EVENTS).tolist())
            b.append(running.probe(1, Variable.EVENTS).tolist())

        # Tick 0: a0 sends 2, b gets 6 in the same tick; tick 1: a1 gets 2 * 2 of a0 and 6 of b, at most 9.
        assert a == [[2, 0], [0, 9], [0, 0], [0, 0]]
        assert b == [[6], [0], [0], [0]]


@RUNNERS
@pytest.mark.parametrize("between", [True, False])
def test_a_new_sample_forgets_what_waits(runner: type[Runner], between: bool) -> None:
    """Semantics 2.1 and 2.4: delay lines, late sums and the events of the last tick."""
    populations = [line("d", [2], 1), relay("a", 1), relay("b", 1)]
    late = np.array([2], np.int32)
    wiring = [join("in", 0), join("in", 1, [[1]]), join(2, 1, [[1]]), join("in", 2, [[1]], delays=late)]
    model = network(populations, wiring, 1, ticks_per_sample=2, reset_between=between)
    found = []
    with runner(model) as running:
        push(running, (1, 0, 4))
        for _ in range(6):
            running.advance(1)
            found.append([int(running.probe(i, Variable.EVENTS)[0]) for i in range(3)])

    kept = [[0, 0, 0], [0, 4, 0], [0, 0, 0], [4, 0, 4], [0, 4, 0], [0, 0, 0]]
    assert found == ([[0, 0, 0], [0, 4, 0], *[[0, 0, 0]] * 4] if between else kept)


@RUNNERS
def test_events_of_the_last_tick_end_with_the_sample(runner: type[Runner]) -> None:
    """Semantics 2.4: a projection back brings nothing into the first tick of a sample."""
    choices = LifChoices(reset_kind=ResetKind.SUBTRACT)
    numbers = {"fire_above": np.array([0], np.int32), "reset": np.array([1], np.int32)}
    again = Population(name="p", size=1, frac=0, choices=choices, parameters=numbers)
    model = network([again], [join("in", 0, [[1]]), join(0, 0, [[1]])], 1, ticks_per_sample=3)
    with runner(model) as running:
        push(running, (0, 0, 1))

        assert traced(running, 5, 0, Variable.EVENTS) == [[1], [1], [1], [0], [0]]


@RUNNERS
@pytest.mark.parametrize("block", [3, 4, 12])
def test_blocks_change_no_result(runner: type[Runner], block: int) -> None:
    """Image 4: neurons that rest are skipped, and nothing else happens."""
    rng = np.random.default_rng(block)
    weights = (rng.integers(-20, 60, (10, 50)) * (rng.random((10, 50)) < 0.1)).astype(np.int8)
    numbers = {"decay_v": [60000], "fire_above": [100], "reset": [90], "bias": [-1], "v_min": [-5]}
    choices = LifChoices(reset_kind=ResetKind.SUBTRACT)
    parameters = {name: np.array(values, np.int32) for name, values in numbers.items()}
    plain = Population(name="p", size=50, frac=2, choices=choices, parameters=parameters)
    events = [(t, int(j), 1) for t in range(40) if t % 7 < 2 for j in rng.permutation(10)[:3]]
    found = []
    for population in (plain, dataclasses.replace(plain, block=block)):
        with runner(network([population], [join("in", 0, weights)], 10)) as running:
            push(running, *events)
            found.append((traced(running, 40), running.take().tolist(), running.stats()))

    assert found[0] == found[1]
