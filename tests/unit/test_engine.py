"""The calls of the C engine from Python: what they refuse, and that a refused call changes nothing."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from spikelet.arena import state_arrays, state_size
from spikelet.codes import code, codes, sentence
from spikelet.engine import Engine, check_image, ffi, lib
from spikelet.errors import DataError, EngineError, ImageError, SpikeletError
from spikelet.events import EVENT
from spikelet.image import encode
from spikelet.model import (
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
from spikelet.runner import PopulationStats, Variable

CAPACITY = 6
SIZE = 3
#: Arrays of the state that lie before the queue of input port 0.
QUEUE = 1 + 8 + 4


def network(*, capacity: int = 4 * SIZE, window: int = 0, **fields: Any) -> Model:
    """Three integrators that fire at 10; one port takes events, one takes frames; one output."""
    population = Population(
        name="p",
        size=SIZE,
        frac=0,
        choices=LifChoices(reset_kind=ResetKind.SUBTRACT),
        parameters={"fire_above": np.array([9], np.int32), "reset": np.array([10], np.int32)},
    )
    weights = np.eye(SIZE, dtype=np.int8)
    return Model(
        populations=(population,),
        projections=(
            Projection(name="a", source=0, from_input=True, target=0, weights=weights),
            Projection(name="b", source=1, from_input=True, target=0, weights=weights),
        ),
        inputs=(
            InputPort(name="events", size=SIZE, shape=(SIZE,), max_value=100, max_sum=150, capacity=CAPACITY),
            InputPort(
                name="frame",
                size=SIZE,
                shape=(SIZE,),
                encoder=Encoder.DIRECT,
                max_value=5,
                max_sum=5 * SIZE,
                capacity=SIZE,
                gain=257,
            ),
        ),
        outputs=(
            OutputPort(name="out", population=0, capacity=capacity),
            OutputPort(name="v", population=0, kind=OutputKind.POTENTIALS, decoder=Decoder.NONE, capacity=0),
        ),
        ticks_per_sample=window,
        **fields,
    )


def events(*rows: tuple[int, int, int]) -> np.ndarray:
    """(tick, neuron, value) each."""
    return np.array(list(rows), EVENT)


def frame(*values: int) -> np.ndarray:
    """One value a neuron."""
    return np.array(values, np.uint8)


def busy() -> Engine:
    """An engine at tick 5 with events in its queues, a frame, and spikes behind it."""
    engine = Engine(network())
    engine.push(events((0, 0, 12), (2, 1, 30), (7, 2, 40), (7, 1, 100)))
    engine.push_frame(frame(255, 100, 0), 1)
    assert engine.advance(5) == 5
    return engine


def seen(engine: Engine) -> bytes:
    """The arena without the queue of port 0, whose free places may keep any bytes (arena 1)."""
    sizes = [array.room for array in state_arrays(engine.model)]
    start = sum(sizes[:QUEUE])
    return engine.arena[:start] + engine.arena[start + sizes[QUEUE] :]


REFUSED: list[tuple[str, str, Callable[[Engine], object]]] = [
    ("a push to a port that is not there", "ARGUMENT", lambda e: e.push(events((9, 0, 1)), 2)),
    ("a push to a port below 0", "ARGUMENT", lambda e: e.push(events((9, 0, 1)), -1)),
    ("a push to a port beyond unsigned", "ARGUMENT", lambda e: e.push(events((9, 0, 1)), 2**32)),
    ("an empty push to a port that is not there", "ARGUMENT", lambda e: e.push(events(), 2)),
    ("events for a port with an encoder", "ENCODER", lambda e: e.push(events((9, 0, 1)), 1)),
    ("more than the queue holds", "FULL", lambda e: e.push(events(*[(9, 0, 1)] * (CAPACITY - 1)))),
    ("a tick that is over", "TICK", lambda e: e.push(events((4, 0, 1)))),
    ("a tick before the last pushed one", "TICK", lambda e: e.push(events((6, 0, 1)))),
    ("ticks that descend", "TICK", lambda e: e.push(events((9, 0, 1), (8, 0, 1)))),
    ("a tick half a circle ahead", "TICK", lambda e: e.push(events((5 + 2**31, 0, 1)))),
    ("a neuron outside the port", "NEURON", lambda e: e.push(events((9, 0, 1), (9, SIZE, 1)))),
    ("a value of 0", "VALUE", lambda e: e.push(events((9, 0, 1), (9, 1, 0)))),
    ("a value too large", "VALUE", lambda e: e.push(events((9, 0, 101)))),
    ("a value too small", "VALUE", lambda e: e.push(events((9, 0, -101)))),
    ("the smallest int16", "VALUE", lambda e: e.push(events((9, 0, -32768)))),
    ("a tick's sum too large in one push", "VALUE", lambda e: e.push(events((9, 0, 100), (9, 1, -51)))),
    ("a tick's sum too large with an earlier push", "VALUE", lambda e: e.push(events((7, 0, 11)))),
    ("a frame for a port that is not there", "ARGUMENT", lambda e: e.push_frame(frame(1, 2, 3), 2)),
    ("a frame for a port that takes events", "ENCODER", lambda e: e.push_frame(frame(1, 2, 3), 0)),
    ("a frame too short", "ARGUMENT", lambda e: e.push_frame(frame(1, 2), 1)),
    ("a frame too long", "ARGUMENT", lambda e: e.push_frame(frame(1, 2, 3, 4), 1)),
    ("an empty frame", "ARGUMENT", lambda e: e.push_frame(frame(), 1)),
    ("taking from a port that is not there", "ARGUMENT", lambda e: e.take(2)),
    ("taking from a port below 0", "ARGUMENT", lambda e: e.take(-1)),
    ("scores of a port that is not there", "ARGUMENT", lambda e: e.scores(2)),
    ("probing a population that is not there", "ARGUMENT", lambda e: e.probe(1, Variable.V)),
    ("probing a population below 0", "ARGUMENT", lambda e: e.probe(-1, Variable.V)),
    ("probing an unknown variable", "ARGUMENT", lambda e: e.probe(0, 6)),  # type: ignore[arg-type]
]


@pytest.mark.parametrize(("name", "call"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
def test_a_refused_call_says_its_code_and_changes_nothing(name: str, call: Callable[[Engine], object]) -> None:
    """State, tick, and what happens next are as if the call had not been made."""
    engine, other = busy(), busy()
    before = seen(engine)

    with pytest.raises(EngineError, match=re.escape(sentence(code(name)))) as info:
        call(engine)

    assert code(name) == info.value.code
    assert before == seen(engine)
    assert other.take().tolist() == engine.take().tolist()
    for running in (engine, other):
        running.push(events((8, 0, 50)))
        assert running.advance(3) == 3
    assert other.state == engine.state


@pytest.mark.parametrize(
    "call",
    [
        lambda e: e.push(np.zeros(1, [("tick", "<u4"), ("neuron", "<u4"), ("value", "<i2")])),
        lambda e: e.push(np.zeros((1, 1), EVENT)),
        lambda e: e.push(np.zeros(3, np.int64)),
        lambda e: e.push_frame(np.zeros(SIZE, np.int16), 1),
        lambda e: e.push_frame(np.zeros((1, SIZE), np.uint8), 1),
    ],
    ids=["other fields", "two dimensions", "no events", "other numbers", "a picture"],
)
def test_arrays_of_another_kind_are_refused_before_they_reach_c(call: Callable[[Engine], object]) -> None:
    """Their bytes would mean something else."""
    engine = busy()
    before = engine.arena

    with pytest.raises(DataError, match="dtype"):
        call(engine)

    assert before == engine.arena


def test_c_refuses_what_python_never_passes() -> None:
    """Takes of more than there is, neurons outside a population, an arena too small or not aligned."""
    engine = busy()
    before = engine.arena
    values = ffi.new("int32_t[]", 2 * SIZE)

    assert lib.spkl_output_take(engine._net, 0, 100) == code("ARGUMENT")
    for first, n in ((0, SIZE + 1), (SIZE, 1), (1, SIZE), (2**64 - 1, 2)):
        assert lib.spkl_probe(engine._net, 0, 0, values, first, n) == code("ARGUMENT")
    assert before == engine.arena

    memory = np.zeros(engine.arena_size // 8 + 2, np.uint64)
    at = ffi.cast("char *", ffi.from_buffer(memory))
    net = ffi.new("struct spkl_net *")
    assert lib.spkl_start(net, engine._opened, at, engine.arena_size - 1) == code("ARENA")
    assert lib.spkl_start(net, engine._opened, at + 4, engine.arena_size) == code("ARENA")
    assert not memory.any()
    assert net.model == ffi.NULL


def test_a_probe_reads_any_part_of_a_population() -> None:
    """spkl_probe: neurons first .. first + n - 1."""
    engine = busy()
    all_neurons = engine.probe(0, Variable.V).tolist()
    values = ffi.new("int32_t[]", [77, 77])

    assert lib.spkl_probe(engine._net, 0, 0, values, 1, 1) == 0
    assert [all_neurons[1], 77] == list(values)


def test_every_error_has_its_sentence_in_c() -> None:
    """spkl_error_text and runtime/codes.py read the same list."""
    for value in codes().values():
        assert sentence(value) == ffi.string(lib.spkl_error_text(value)).decode()
    for unknown in (1, -4, -1000):
        assert ffi.string(lib.spkl_error_text(unknown))


def test_the_state_is_the_same_after_the_same_calls() -> None:
    """Arena 1: no pointers, no rubbish; its size is what Python says."""
    one, other = busy(), busy()

    assert one.state == other.state
    assert len(one.state) == state_size(one.model)
    one.advance(1)
    assert one.state != other.state
    other.advance(1)
    assert one.state == other.state


def test_reset_gives_the_state_of_a_fresh_start() -> None:
    """Arena 1: after spkl_reset a snapshot is comparable in every byte."""
    engine = busy()

    engine.reset()

    assert Engine(network()).state == engine.state
    assert engine.tick_number == 0
    assert engine.stats() == [PopulationStats(events=0, synops=0, quiet_ticks=0)]


def test_queues_go_round_many_times() -> None:
    """Indices count to twice the capacity and start again; nothing is lost, doubled or late."""
    engine = Engine(network(capacity=SIZE))
    expected, given = [], []
    for turn in range(10 * CAPACITY):
        now, n = engine.tick_number, 1 + turn % CAPACITY
        engine.push(events(*[(tick, tick % SIZE, 10) for tick in range(now, now + n)]))
        with pytest.raises(EngineError, match=re.escape(sentence(code("FULL")))):
            engine.push(events(*[(now + n, 0, 1)] * (CAPACITY - n + 1)))
        for tick in range(now, now + n):
            assert engine.advance(1) == 1
            given += engine.take().tolist()
            expected.append((tick, tick % SIZE, 1))

    assert expected == given


def test_a_full_output_stops_advance_and_a_take_lets_it_go_on() -> None:
    """SPKL_MORE: a tick that might not fit is not begun, and nothing of it has happened."""
    engine, singly = Engine(network(capacity=SIZE + 1)), Engine(network(capacity=SIZE + 1))
    for running in (engine, singly):
        running.push(events(*[(tick, tick % SIZE, 10) for tick in range(CAPACITY)]))

    done = engine.advance(4)

    assert done == 2
    assert engine.tick_number == 2
    before = engine.arena
    assert engine.advance(1) == 0
    assert lib.spkl_tick(engine._net) == lib.SPKL_MORE
    assert before == engine.arena
    assert engine.take().tolist() == [(0, 0, 1), (1, 1, 1)]
    assert engine.advance(2) == 2
    assert [singly.advance(1) for _ in range(2)] == [1, 1]
    assert lib.spkl_tick(singly._net) == lib.SPKL_MORE
    assert singly.take().tolist() == [(0, 0, 1), (1, 1, 1)]
    assert [lib.spkl_tick(singly._net) for _ in range(2)] == [0, 0]
    assert singly.take().tolist() == engine.take().tolist() == [(2, 2, 1), (3, 0, 1)]
    assert singly.state == engine.state


@pytest.mark.parametrize("ticks", [0, -1, -(2**40)])
def test_advancing_by_nothing_does_nothing(ticks: int) -> None:
    """No tick is done, none is said to be."""
    engine = busy()
    before = engine.arena

    assert engine.advance(ticks) == 0
    assert before == engine.arena


def test_many_ticks_of_silence_are_advanced_in_pieces_without_a_difference() -> None:
    """Semantics 2.2, over more ticks than one call into C takes."""
    engine = Engine(network())
    engine.push(events((9000, 1, 25)))

    assert engine.advance(10000) == 10000

    assert engine.take().tolist() == [(9000, 1, 1), (9001, 1, 1)]
    assert engine.tick_number == 10000


def test_a_run_goes_on_where_ticks_begin_again_from_0() -> None:
    """Semantics 1.5: ticks count modulo 2^32."""
    late = 2**32 - 3
    with Engine(network()) as engine:
        first = engine.run({"events": events((0, 0, 10), (4, 1, 10))}, ticks=6)
        while engine.tick_number != late:
            engine.advance(late - engine.tick_number)
        again = engine.run({"events": events((0, 0, 10), (4, 1, 10))}, ticks=6, reset=False)

        assert engine.tick_number == 3
    assert len(first.events) == 2
    assert again.events.tolist() == first.events.tolist()


def test_an_image_runs_like_the_model_it_was_made_from() -> None:
    """Bytes, bytearrays and models; names come from the image."""
    model = network()
    expected = Engine(model).run({"events": events((0, 0, 30)), "frame": frame(200, 1, 2)}, ticks=9)
    for image in (encode(model), bytearray(encode(model))):
        with Engine(image) as engine:
            found = engine.run({"events": events((0, 0, 30)), "frame": frame(200, 1, 2)}, ticks=9)
        assert expected.events.tolist() == found.events.tolist()
        assert expected.stats == found.stats


def test_an_image_that_is_refused_gives_an_image_error() -> None:
    """The loader of C says the code; nothing is started."""
    image = bytearray(encode(network()))
    image[-1] ^= 1
    for refuse in (Engine, check_image):
        with pytest.raises(ImageError) as info:
            refuse(bytes(image))
        assert code("IMAGE_CRC") == info.value.code
    for short in (b"", b"SPKL", bytes(image[:-1])):
        with pytest.raises(ImageError) as info:
            check_image(short)
        assert code("IMAGE_SIZE") == info.value.code


def test_a_closed_engine_refuses_every_call() -> None:
    """Its memory is gone; closing again is harmless."""
    with busy() as engine:
        assert engine.tick_number == 5
    engine.close()

    for call in (
        lambda: engine.advance(1),
        lambda: engine.push(events((9, 0, 1))),
        lambda: engine.push_frame(frame(1, 2, 3), 1),
        engine.take,
        engine.scores,
        engine.reset,
        lambda: engine.probe(0, Variable.V),
        engine.stats,
        lambda: engine.state,
        lambda: engine.tick_number,
        lambda: engine.run_samples({"frame": np.zeros((1, SIZE), np.uint8)}, 1),
    ):
        with pytest.raises(SpikeletError, match="closed"):
            call()


def test_taken_events_belong_to_the_caller() -> None:
    """They are copies: later ticks do not write into them."""
    engine = Engine(network(capacity=SIZE))
    engine.push(events((0, 0, 10), (1, 1, 10)))
    engine.advance(1)
    first = engine.take()
    engine.advance(1)

    assert first.tolist() == [(0, 0, 1)]
    assert engine.take().tolist() == [(1, 1, 1)]


def test_arrays_that_are_not_contiguous_are_pushed_as_they_read() -> None:
    """Every second event of an array."""
    engine = Engine(network())
    engine.push(events((0, 0, 10), (0, 2, 10), (1, 1, 10), (1, 2, 10))[::2])
    engine.push_frame(frame(0, 9, 0, 9, 0, 9)[::2], 1)
    engine.advance(2)

    assert engine.take().tolist() == [(0, 0, 1), (1, 1, 1)]


def test_the_arena_is_as_large_as_the_engine_says() -> None:
    """State and scratch; a larger model needs more."""
    small, large = Engine(network()), Engine(network(capacity=400))

    assert len(small.arena) == small.arena_size >= len(small.state)
    assert large.arena_size - small.arena_size == 8 * (400 - 4 * SIZE)
