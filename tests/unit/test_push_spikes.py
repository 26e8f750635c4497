"""Spikes of the next tick, which go past the queue."""

from __future__ import annotations

import numpy as np
import pytest

from spikelet.engine import Engine
from spikelet.errors import DataError, EngineError
from spikelet.events import EVENT, EventArray
from spikelet.model import Encoder, InputPort, LifChoices, Model, OutputKind, OutputPort, Population, Projection

FULL, NEURON, VALUE, ENCODER = -40, -42, -43, -44
SIZE = 37


def model(*, window: int = 0, encoder: Encoder = Encoder.EVENTS) -> Model:
    """One layer of leaky neurons behind 37 inputs."""
    weights = np.random.default_rng(5).integers(-90, 127, (SIZE, 12)).astype(np.int8)
    parameters = {"decay_v": np.array([60000], np.int32), "fire_above": np.array([9000], np.int32)}
    return Model(
        populations=(Population(name="p", size=12, frac=6, choices=LifChoices(), parameters=parameters),),
        projections=(Projection(name="w", source=0, from_input=True, target=0, weights=weights),),
        inputs=(InputPort(name="in", size=SIZE, shape=(SIZE,), encoder=encoder, max_sum=SIZE, capacity=SIZE),),
        outputs=(OutputPort(name="out", population=0, kind=OutputKind.EVENTS, capacity=240),),
        ticks_per_sample=window,
    )


def events(tick: int, neurons: list[int], value: int = 1) -> EventArray:
    """Events of one tick."""
    made = np.zeros(len(neurons), EVENT)
    made["tick"], made["neuron"], made["value"] = tick, neurons, value
    return made


def code(engine: Engine, neurons: list[int]) -> int:
    """The engine's code where it refuses spikes, else 0."""
    try:
        engine.push_spikes(np.array(neurons, np.uint16))
    except EngineError as error:
        return error.code
    return 0


@pytest.mark.parametrize("window", [0, 7])
def test_spikes_are_events_of_the_next_tick(window: int) -> None:
    """Every byte of the state that is defined, every event, with ticks of all numbers of spikes."""
    rng = np.random.default_rng(1)
    with Engine(model(window=window)) as spikes, Engine(model(window=window)) as pushed:
        for tick in range(60):
            neurons = np.sort(rng.permutation(SIZE)[: rng.integers(0, SIZE + 1)])
            spikes.push_spikes(neurons.astype(np.uint16))
            pushed.push(events(tick, neurons.tolist()))
            assert spikes.advance(1) == pushed.advance(1) == 1
            assert pushed.take().tolist() == spikes.take().tolist()
            assert pushed.scores().tolist() == spikes.scores().tolist()
            assert pushed.stats() == spikes.stats()


def test_events_may_join_spikes_of_the_same_tick() -> None:
    """Spikes first, then events of this tick and the next; sums stay within the port's bound."""
    with Engine(model()) as joined, Engine(model()) as pushed:
        joined.push_spikes(np.array([3, 4, 5], np.uint16))
        joined.push(np.concatenate([events(0, [1, 3]), events(1, [7])]))
        pushed.push(np.concatenate([events(0, [3, 4, 5, 1, 3]), events(1, [7])]))
        assert joined.advance(3) == pushed.advance(3) == 3
        assert pushed.take().tolist() == joined.take().tolist()
        assert pushed.stats() == joined.stats()
        joined.push_spikes(np.arange(SIZE - 1, dtype=np.uint16))
        with pytest.raises(EngineError) as refused:
            joined.push(events(3, [0, 0]))
        assert refused.value.code == FULL
        assert joined.advance(1) == 1


def test_spikes_that_cannot_be_taken_leave_the_port_as_it_was() -> None:
    """Waiting events, waiting spikes, too many, no such neuron, another encoder."""
    with Engine(model()) as engine:
        assert code(engine, [1, SIZE]) == NEURON
        assert code(engine, [0] * (SIZE + 1)) == FULL
        assert code(engine, [1, 2]) == 0
        assert code(engine, [3]) == FULL
        engine.advance(1)
        assert engine.stats()[0].synops == 24
        engine.push(events(5, [1]))
        assert code(engine, [3]) == FULL
    with Engine(model(window=5, encoder=Encoder.RATE)) as engine:
        assert code(engine, [3]) == ENCODER
    with Engine(model()) as engine, pytest.raises(DataError, match="uint16"):
        engine.push_spikes(np.array([1, 2]))  # type: ignore[arg-type]
