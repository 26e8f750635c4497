"""The host's mirror of a board's input queue refuses exactly what the engine refuses."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spikelet.engine import Engine
from spikelet.errors import EngineError
from spikelet.events import EVENT, EventArray
from spikelet.model import Encoder, InputPort, LifChoices, Model, OutputKind, OutputPort, Population, Projection
from spikelet.pushed import Pushed

PORT = InputPort(name="in", size=4, shape=(4,), max_value=3, max_sum=7, capacity=9)
MODEL = Model(
    populations=(Population(name="p", size=2, frac=0, choices=LifChoices()),),
    projections=(Projection(name="w", source=0, from_input=True, target=0, weights=np.ones((4, 2), np.int8)),),
    inputs=(PORT,),
    outputs=(OutputPort(name="out", population=0, kind=OutputKind.POTENTIALS, capacity=0),),
)
#: Mostly right ones, of ticks from the next one on.
EVENTS = st.lists(st.tuples(st.integers(-1, 3), st.integers(0, 4), st.integers(-4, 4)), max_size=12)
SORTED = EVENTS.map(lambda rows: sorted((max(t, 0), min(n, 3), v or 1) for t, n, v in rows))


def code(push: object, events: EventArray, *rest: int) -> int:
    """0, or the code of the refusal."""
    try:
        push(events, *rest)  # type: ignore[operator]
    except EngineError as error:
        return error.code
    return 0


@settings(deadline=None)
@given(st.integers(0, 2**32 - 1), st.lists(st.tuples(EVENTS | SORTED, st.integers(0, 3)), max_size=6))
def test_a_push_is_refused_with_the_engines_code(
    start: int, steps: list[tuple[list[tuple[int, int, int]], int]]
) -> None:
    """Semantics 2.3: the first fault gives the code; sums and room count what was pushed before."""
    engine, pushed = Engine(MODEL), Pushed(PORT)
    if start:
        engine.advance(start)
    for rows, ticks in steps:
        now = engine.tick_number
        events = np.array([((now + t) % 2**32, n, v) for t, n, v in rows], EVENT)
        expected = code(engine.push, events)

        assert expected == (code(pushed.check, events, now) if len(events) else 0)
        if expected == 0:
            pushed.add(events, now)
        engine.advance(ticks)


def test_a_port_with_an_encoder_takes_no_events() -> None:
    """Semantics 2.3: ENCODER."""
    port = InputPort(name="in", size=4, shape=(4,), encoder=Encoder.RATE, max_sum=4, capacity=4, gain=1)

    with pytest.raises(EngineError) as error:
        Pushed(port).check(np.zeros(1, EVENT), 0)
    assert error.value.code == -44
