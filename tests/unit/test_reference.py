"""What semantics.md promises, in small networks whose numbers can be followed by hand.

The reference and the engine are held to the same numbers.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest

from spikelet.codes import code
from spikelet.engine import Engine
from spikelet.errors import EngineError
from spikelet.events import EVENT
from spikelet.model import (
    V_MAX,
    Decoder,
    Encoder,
    InputPort,
    LifChoices,
    Model,
    OutputKind,
    OutputPort,
    Population,
    Projection,
    ResetKind,
)
from spikelet.reference import Reference
from spikelet.runner import PopulationStats, Runner, Variable

RUNNERS = pytest.mark.parametrize("runner", [Reference, Engine])
SUBTRACT = LifChoices(reset_kind=ResetKind.SUBTRACT)


def network(
    choices: LifChoices = SUBTRACT,
    *,
    parameters: dict[str, Sequence[int]] | None = None,
    weights: Sequence[Sequence[int]] = ((1,),),
    port: dict[str, Any] | None = None,
    out: dict[str, Any] | None = None,
    max_count: int = 1,
    frac: int = 0,
    **fields: Any,
) -> Model:
    """One population; by default one integrator that fires above 9 and then loses 10."""
    matrix = np.array(weights, np.int8)
    n_in, n = matrix.shape
    numbers = parameters if parameters is not None else {"fire_above": [9], "reset": [10]}
    arrays = {name: np.array(values, np.int32) for name, values in numbers.items()}
    return Model(
        populations=(Population(name="p", size=n, frac=frac, choices=choices, parameters=arrays, max_count=max_count),),
        projections=(Projection(name="w", source=0, from_input=True, target=0, weights=matrix),),
        inputs=(
            InputPort(
                **{"name": "in", "size": n_in, "shape": (n_in,), "max_value": 100, "max_sum": 200, "capacity": 8}
                | (port or {})
            ),
        ),
        outputs=(OutputPort(**{"name": "out", "population": 0, "capacity": 4 * n} | (out or {})),),
        **fields,
    )


def events(*rows: tuple[int, int, int]) -> np.ndarray:
    """(tick, neuron, value) each."""
    return np.array(list(rows), EVENT)


def traced(running: Runner, ticks: int, variable: Variable = Variable.V) -> list[int]:
    """A variable of neuron 0 after each tick."""
    found = []
    for _ in range(ticks):
        assert running.advance(1) == 1
        found.append(int(running.probe(0, variable)[0]))
    return found


@contextmanager
def refused(name: str) -> Iterator[None]:
    """Expects an EngineError with this code."""
    with pytest.raises(EngineError) as info:
        yield
    assert code(name) == info.value.code


@RUNNERS
def test_a_potential_that_equals_its_threshold_does_not_fire(runner: type[Runner]) -> None:
    """Semantics 3.3: fires when v > fire_above, and then loses `reset`."""
    with runner(network()) as running:
        running.push(events((0, 0, 9), (1, 0, 1), (2, 0, 9)))

        assert traced(running, 3) == [9, 0, 9]
        assert running.take().tolist() == [(1, 0, 1)]


@RUNNERS
def test_a_late_reset_acts_in_the_next_tick(runner: type[Runner]) -> None:
    """Semantics 3.2: reset_next shows the potential that fired, then subtracts."""
    with runner(network(LifChoices(reset_kind=ResetKind.SUBTRACT, reset_next=True))) as running:
        running.push(events((0, 0, 15), (1, 0, 2)))

        assert traced(running, 3) == [15, 7, 7]
        assert running.take().tolist() == [(0, 0, 1)]


@RUNNERS
def test_several_spikes_of_a_tick_are_one_event_with_their_count(runner: type[Runner]) -> None:
    """Semantics 3.3: 1 + (v - th - 1) / count_by, at most max_count; synops count the event once."""
    choices = LifChoices(reset_kind=ResetKind.SUBTRACT, several=True)
    numbers = {"fire_above": [9], "reset": [10], "count_by": [10]}
    with runner(network(choices, parameters=numbers, max_count=3)) as running:
        running.push(events((0, 0, 39), (1, 0, 100)))

        assert traced(running, 2) == [9, 79]
        assert running.take().tolist() == [(0, 0, 3), (1, 0, 3)]
        assert running.stats() == [PopulationStats(events=2, synops=2, quiet_ticks=0)]


@RUNNERS
def test_events_of_one_neuron_in_one_tick_add_and_each_counts(runner: type[Runner]) -> None:
    """Semantics 1.3 and 6."""
    with runner(network(weights=[[2, 3]])) as running:
        running.push(events((0, 0, 3), (0, 0, -1)))
        running.advance(1)

        assert running.probe(0, Variable.V).tolist() == [4, 6]
        assert running.stats() == [PopulationStats(events=0, synops=4, quiet_ticks=0)]


@RUNNERS
def test_events_that_cancel_keep_a_population_awake(runner: type[Runner]) -> None:
    """Semantics 2.2: quiescent needs a tick without events, not a sum of 0."""
    with runner(network()) as running:
        running.push(events((0, 0, 3), (0, 0, -3), (3, 0, 1)))

        assert traced(running, 5, Variable.QUIET) == [0, 1, 1, 0, 1]
        assert running.stats() == [PopulationStats(events=0, synops=3, quiet_ticks=1)]


@RUNNERS
def test_a_population_that_still_moves_is_not_skipped(runner: type[Runner]) -> None:
    """Semantics 2.2: it is quiescent once decay changes nothing any more."""
    with runner(network(parameters={"decay_v": [32768]})) as running:
        running.push(events((0, 0, 4)))

        assert traced(running, 6) == [4, 2, 1, 0, 0, 0]
        assert running.stats()[0].quiet_ticks == 1


@RUNNERS
def test_a_population_that_fires_without_moving_is_not_skipped(runner: type[Runner]) -> None:
    """Semantics 2.2: a threshold below a potential that nothing resets."""
    with runner(network(LifChoices(), parameters={"fire_above": [-1]})) as running:
        assert traced(running, 3, Variable.EVENTS) == [1, 1, 1]
        assert traced(running, 1, Variable.QUIET) == [0]


@RUNNERS
def test_a_push_with_one_bad_event_pushes_nothing(runner: type[Runner]) -> None:
    """All or none, with the code of the fault."""
    with runner(network(weights=[[1], [1]])) as running:
        running.advance(3)
        good = (3, 1, 5)
        for name, bad in (
            ("TICK", (2, 0, 1)),
            ("TICK", (3 + 2**31, 0, 1)),
            ("NEURON", (3, 2, 1)),
            ("VALUE", (3, 0, 0)),
            ("VALUE", (3, 0, 101)),
            ("VALUE", (3, 0, -101)),
            ("VALUE", (3, 0, -32768)),
        ):
            with refused(name):
                running.push(events(good, bad))
        with refused("FULL"):
            running.push(events(*[good] * 9))
        with refused("TICK"):
            running.push(events((4, 0, 1), good))
        for port in (1, 255):
            with refused("ARGUMENT"):
                running.push(events(good), port)
        running.advance(1)

        assert running.probe(0, Variable.V).tolist() == [0]


@RUNNERS
def test_the_sum_of_a_tick_is_bounded_over_several_pushes(runner: type[Runner]) -> None:
    """Semantics 2.3: max_sum is of a tick, whoever pushed."""
    with runner(network()) as running:
        running.push(events((1, 0, 100), (1, 0, -99)))
        with refused("VALUE"):
            running.push(events((1, 0, 2)))
        with refused("TICK"):
            running.push(events((0, 0, 1)))
        running.push(events((1, 0, 1), (2, 0, 100), (2, 0, 100)))

        assert traced(running, 2) == [0, 2]


@RUNNERS
def test_a_queue_has_room_again_when_its_events_are_taken(runner: type[Runner]) -> None:
    """Events leave the queue with their tick, not before, many times around."""
    with runner(network(port={"capacity": 3})) as running:
        for tick in range(0, 40, 2):
            running.push(events((tick, 0, 1), (tick + 1, 0, 1), (tick + 1, 0, -1)))
            with refused("FULL"):
                running.push(events((tick + 1, 0, 1)))
            running.advance(1)
            running.push(events((tick + 1, 0, -1)))
            running.advance(1)

            assert running.probe(0, Variable.V).tolist() == [0]


@RUNNERS
def test_a_tick_whose_events_might_not_fit_is_not_begun(runner: type[Runner]) -> None:
    """Semantics 5: nothing is lost, nothing is done, and taking events lets it go on."""
    for capacity in (4, 5):
        _fill(runner, capacity)


def _fill(runner: type[Runner], capacity: int) -> None:
    """Two neurons that fire in every tick; the queue has room for two ticks."""
    numbers = {"bias": [1], "fire_above": [0]}
    model = network(LifChoices(), parameters=numbers, weights=[[1, 1]], out={"capacity": capacity})
    with runner(model) as running:
        assert running.advance(10) == 2
        assert running.tick_number == 2
        assert running.advance(10) == 0
        assert running.take().tolist() == [(0, 0, 1), (0, 1, 1), (1, 0, 1), (1, 1, 1)]
        assert running.take().tolist() == []
        assert running.advance(1) == 1
        assert running.probe(0, Variable.V).tolist() == [3, 3]


@RUNNERS
def test_a_new_sample_begins_with_its_first_tick(runner: type[Runner]) -> None:
    """Semantics 2.1: results stay readable after the last tick; then scores and state start again."""
    for between, after in ((True, [1, 2]), (False, [5, 6])):
        model = network(out={"decoder": Decoder.LAST}, ticks_per_sample=2, reset_between=between)
        with runner(model) as running:
            running.push(events((0, 0, 3), (1, 0, 1), (2, 0, 1), (3, 0, 1)))
            running.advance(2)
            assert running.scores().tolist() == [4]

            assert traced(running, 2) == after
            assert running.tick_number == 4


@RUNNERS
def test_a_frame_lasts_for_its_sample(runner: type[Runner]) -> None:
    """Semantics 2.1 and 4: it is forgotten with the sample; at a sample's end it is the next one's."""
    port = {"encoder": Encoder.DIRECT, "max_value": 2, "max_sum": 2, "capacity": 1, "gain": 257}
    model = network(parameters={}, port=port, out={"decoder": Decoder.LARGEST}, ticks_per_sample=2)
    with runner(model) as running:
        running.push_frame(np.array([255], np.uint8))
        assert traced(running, 4) == [1, 2, 0, 0]

        with refused("ARGUMENT"):
            running.push_frame(np.zeros(2, np.uint8))
        assert running.scores().tolist() == [0]
        running.push_frame(np.array([255], np.uint8))
        assert running.scores().tolist() == [-(2**31)]
        assert traced(running, 2) == [1, 2]


@RUNNERS
def test_a_frame_without_a_window_lasts_until_the_next(runner: type[Runner]) -> None:
    """Semantics 4."""
    port = {"encoder": Encoder.DIRECT, "max_value": 4, "max_sum": 4, "capacity": 1, "gain": 256}
    with runner(network(parameters={}, port=port)) as running:
        assert traced(running, 2) == [0, 0]
        running.push_frame(np.array([128], np.uint8))
        assert traced(running, 3) == [2, 4, 6]
        running.push_frame(np.array([64], np.uint8))
        assert traced(running, 2) == [7, 8]


@RUNNERS
def test_ports_take_what_they_are_made_for(runner: type[Runner]) -> None:
    """Frames are for encoders, events for the others; nothing is taken from a port of potentials."""
    port = {"encoder": Encoder.RATE, "max_value": 1, "max_sum": 1, "capacity": 1}
    with runner(network(port=port, out={"kind": OutputKind.POTENTIALS, "capacity": 0})) as running:
        with refused("ENCODER"):
            running.push(events((0, 0, 1)))
        assert running.take().tolist() == []
    with runner(network()) as running, refused("ENCODER"):
        running.push_frame(np.zeros(1, np.uint8))


@RUNNERS
@pytest.mark.parametrize(
    ("decoder", "expected"),
    [
        (Decoder.NONE, [[], [], []]),
        (Decoder.COUNT, [[0, 1], [1, 2], [2, 3]]),
        (Decoder.LAST, [[5, 0], [0, 0], [0, 10]]),
        (Decoder.LARGEST, [[5, 0], [5, 0], [5, 10]]),
        (Decoder.FIRST, [[0, 2**31 - 1], [2**31 - 2, 2**31 - 1], [2**31 - 2, 2**31 - 1]]),
    ],
)
def test_scores_after_each_tick(runner: type[Runner], decoder: Decoder, expected: list[list[int]]) -> None:
    """Semantics 5."""
    with runner(network(weights=[[1, 2]], out={"decoder": decoder})) as running:
        running.push(events((0, 0, 5), (1, 0, 5), (2, 0, 10)))
        found = []
        for _ in range(3):
            running.advance(1)
            found.append(running.scores().tolist())

    assert found == expected


@RUNNERS
def test_reset_starts_again_from_nothing(runner: type[Runner]) -> None:
    """Tick 0, initial state, queues empty, statistics 0."""
    model = network(parameters={"v_init": [3], "fire_above": [9]}, out={"decoder": Decoder.COUNT})
    with runner(model) as running:
        running.push(events((0, 0, 90), (5, 0, 9)))
        running.advance(3)
        running.reset()

        assert running.tick_number == 0
        assert running.probe(0, Variable.V).tolist() == [3]
        assert running.probe(0, Variable.EVENTS).tolist() == [0]
        assert running.probe(0, Variable.QUIET).tolist() == [0]
        assert running.scores().tolist() == [0]
        assert running.take().tolist() == []
        assert running.stats() == [PopulationStats(events=0, synops=0, quiet_ticks=0)]
        assert traced(running, 6) == [3] * 6


@RUNNERS
def test_what_is_not_there_is_refused_or_zero(runner: type[Runner]) -> None:
    """Probes of other populations and ports are arguments out of range; absent variables are 0."""
    with runner(network(parameters={"v_init": [3]})) as running:
        for variable in (Variable.U, Variable.A, Variable.R):
            assert running.probe(0, variable).tolist() == [0]
        for call in (
            lambda: running.probe(1, Variable.V),
            lambda: running.scores(1),
            lambda: running.take(1),
            lambda: running.push_frame(np.zeros(1, np.uint8), 1),
        ):
            with refused("ARGUMENT"):
                call()


@RUNNERS
def test_sums_at_their_bound_saturate_and_never_wrap(runner: type[Runner]) -> None:
    """Semantics 2.3: |in| reaches 2^30, shifted by 20 bits more it is clamped."""
    port = {"max_value": 32767, "max_sum": 2**23, "capacity": 1000}
    out = {"decoder": Decoder.NONE}
    for weight, frac, end in ((127, 0, 127 * 2**23), (-128, 0, -(2**30)), (127, 20, 2**30), (-128, 20, -(2**30))):
        model = network(LifChoices(fires=False), parameters={}, weights=[[weight]], port=port, out=out, frac=frac)
        with runner(model) as running:
            running.push(events(*[(0, 0, 32767)] * 256, (0, 0, 256)))

            assert traced(running, 1) == [max(-V_MAX, min(end, V_MAX))]
