"""Random models that use every choice, and random scripts of calls for them.

One generator, two sources of chance: `models()` and `scripts()` draw through hypothesis, so that a
failure shrinks; `corpus(n)` draws from a numpy generator with fixed seeds, so that what it covers
can be counted.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence

import numpy as np
from hypothesis import strategies as st

from spikelet.events import EVENT, EventArray
from spikelet.model import (
    V_MAX,
    Decoder,
    Encoder,
    InputPort,
    Int32Array,
    LifChoices,
    Model,
    OutputKind,
    OutputPort,
    Population,
    RefractoryMode,
    ResetKind,
    Rounding,
    UOrder,
)
from support.chance import HUGE, REGIMES, Chance, Regime
from support.wiring import shape, wire


def choices(chance: Chance) -> LifChoices:
    """Choices that semantics 3.2 allows together; every third time those of the fast kernel."""
    plain = chance.flag(3)
    fires = plain or not chance.flag(6)
    kind = chance.pick(list(ResetKind)) if fires else ResetKind.NONE
    timing = chance.pick(["now", "next", "previous"]) if fires else "now"
    if (timing == "next" and kind is ResetKind.NONE) or (timing == "previous" and plain):
        timing = "now"
    before_leak = timing != "now" and kind is not ResetKind.NONE and chance.flag()
    simple = LifChoices(
        fires=fires,
        reset_kind=kind,
        reset_next=timing == "next",
        test_previous=timing == "previous",
        reset_before_leak=before_leak,
    )
    if plain:
        return simple
    has_u, has_a = chance.flag(), fires and timing != "next" and chance.flag()
    has_refractory = fires and timing == "now" and chance.flag()
    return dataclasses.replace(
        simple,
        has_u=has_u,
        u_order=chance.pick(list(UOrder)) if has_u else UOrder.DECAY_ADD_USE,
        bias_to_v=chance.flag(),
        add_then_decay=chance.flag(),
        several=fires and chance.flag(),
        has_refractory=has_refractory,
        refractory_mode=chance.pick(list(RefractoryMode)) if has_refractory else RefractoryMode.IGNORE,
        has_a=has_a,
        adapt_decay_first=has_a and chance.flag(),
        reset_adapted=has_a and kind is ResetKind.SUBTRACT and chance.flag(),
        rounding=chance.pick(list(Rounding)),
        shift12=chance.flag(),
    )


def population(chance: Chance, name: str, size: int, regime: Regime) -> Population:
    """A population of these sizes of numbers; any parameter may be absent, one for all, or one each."""
    c = choices(chance)
    frac = chance.integer(*regime.frac)
    rng = chance.rng()
    one = 1 << (12 if c.shift12 else 16)
    scale = 1 if regime is HUGE else 1 << frac

    def some(low: int, high: int, step: int = 1, far: tuple[int, ...] = ()) -> Int32Array | None:
        """Numbers from low to high (times step), among them often the ends; now and then one of `far`."""
        shape = chance.pick([None, 1, size])
        if shape is None:
            return None
        drawn = rng.integers(low, high, shape, endpoint=True)
        ends = rng.choice([low, high], shape)
        values = np.where(rng.random(shape) < 0.2, ends, drawn) * step
        if far and chance.flag(6):
            values = np.where(rng.random(shape) < 0.5, rng.choice(far, shape), values)
        return values.astype(np.int32)

    threshold, bias, extremes = regime.threshold, regime.bias, (V_MAX, -V_MAX)
    below = -threshold if chance.flag(4) else -1  # where thresholds may begin; most neurons rest at 0
    to = -threshold if c.reset_kind is ResetKind.SET else 0
    v_min, v_init = some(-threshold, 0, scale, (-V_MAX,)), some(-threshold, threshold, scale, extremes)
    drawn = {
        "decay_v": some(0 if chance.flag(4) else one // 2, one),
        "decay_u": some(0, one) if c.has_u else None,
        "decay_a": some(0, one) if c.has_a else None,
        "fire_above": some(below, threshold, scale, extremes) if c.fires else None,
        "reset": some(to, threshold, scale, extremes if to else (V_MAX,))
        if c.reset_kind is not ResetKind.NONE
        else None,
        "bias": some(-bias, bias, scale, extremes),
        "v_min": v_min,
        "v_init": np.maximum(v_init, v_min) if v_init is not None and v_min is not None else v_init,
        "count_by": some(1, threshold, scale, (1, V_MAX)) if c.several else None,
        "adapt_by": some(-bias, bias, scale, extremes) if c.has_a else None,
        "refractory": some(0, 4) if c.has_refractory else None,
    }
    if c.fires and drawn["fire_above"] is None and not chance.flag(4):
        drawn["fire_above"] = np.array([min(threshold * scale // 2, V_MAX)], np.int32)
    return Population(
        name=name,
        size=size,
        frac=frac,
        choices=c,
        parameters={name: array for name, array in drawn.items() if array is not None},
        max_count=chance.pick([1, 2, 5, 255, 32767]) if c.several else 1,
        block=chance.pick([0, 0, 3, 4, 12]),
    )


def input_port(chance: Chance, name: str, size: int, regime: Regime, window: int) -> InputPort:
    """A port with any encoder."""
    encoders = [e for e in Encoder if e is not Encoder.LATENCY or window]
    encoder = chance.pick([Encoder.EVENTS, *encoders])
    if encoder is Encoder.EVENTS:
        largest = chance.pick([1, 2, regime.value])
        total = chance.pick([largest, size * largest, 3 * size * largest])
        queue = chance.pick([size, 3 * size, 40 * size])
        return InputPort(
            name=name, size=size, shape=(size,), max_value=largest, max_sum=min(total, 2**19), capacity=queue
        )
    largest = chance.pick([1, 3, 255]) if encoder is Encoder.DIRECT else 1
    return InputPort(
        name=name,
        size=size,
        shape=(size,),
        encoder=encoder,
        max_value=largest,
        max_sum=size * largest,
        capacity=size,
        gain=chance.pick([257, 0, 64, 1000, 65536]),
        seed=chance.integer(0, 2**32 - 1) if encoder is Encoder.POISSON else 0,
    )


def output_port(chance: Chance, name: str, populations: Sequence[Population]) -> OutputPort:
    """A port with any decoder that its population allows."""
    index = chance.integer(0, len(populations) - 1)
    source = populations[index]
    decoders = [d for d in Decoder if source.choices.fires or d not in {Decoder.COUNT, Decoder.FIRST}]
    kind = chance.pick(list(OutputKind))
    return OutputPort(
        name=name,
        population=index,
        kind=kind,
        decoder=chance.pick(decoders),
        capacity=source.size * chance.pick([1, 2, 7]) if kind is OutputKind.EVENTS else 0,
    )


def model(chance: Chance) -> Model:
    """One to four populations and delay lines, with branches, merges, loops and several ports."""
    regime = chance.pick(REGIMES)
    window = chance.pick([0, 1, 3, 6])
    largest = 9 if not chance.flag(5) else 50
    shapes = [shape(chance, largest) for _ in range(chance.integer(1, 4))]
    images = [shape(chance, largest if largest < 10 else 600) for _ in range(chance.integer(1, 3))]
    inputs = tuple(input_port(chance, f"in{i}", math.prod(s), regime, window) for i, s in enumerate(images))
    neurons = [population(chance, f"p{i}", math.prod(s), regime) for i, s in enumerate(shapes)]
    populations, projections = wire(
        chance, list(zip(inputs, images, strict=True)), list(zip(neurons, shapes, strict=True)), regime.weight
    )
    return Model(
        populations=populations,
        projections=projections,
        inputs=inputs,
        outputs=tuple(output_port(chance, f"out{i}", populations) for i in range(chance.integer(1, 3))),
        ticks_per_sample=window,
        reset_between=chance.flag(),
        tick_ns=chance.pick([0, 1000000]),
        meta={"made_by": "tests/strategies.py", "list": [1, 2.5, None, "µ"]},
    )


@dataclasses.dataclass(frozen=True, kw_only=True)
class Call:
    """One call of a runner: `push`, `push_frame`, `advance`, `take` or `reset`."""

    name: str
    port: int = 0
    events: EventArray = dataclasses.field(default_factory=lambda: np.zeros(0, EVENT))
    frame: bytes = b""
    ticks: int = 0


def script(chance: Chance, network: Model, length: int) -> list[Call]:
    """Calls in any order; some pushes have a fault, come too early, or are more than the queue holds."""
    calls: list[Call] = []
    now = 0
    free = [0] * len(network.inputs)
    while len(calls) < length:
        name = chance.pick(["push", "advance", "push", "push_frame", "advance", "advance", "reset"])
        port = chance.integer(0, len(network.inputs) - 1)
        if name.startswith("push") and not chance.flag(8):
            name = "push" if network.inputs[port].encoder is Encoder.EVENTS else "push_frame"
        if name == "push":
            start = max(now, free[port]) if not chance.flag(6) else now
            events = batch(chance, network.inputs[port], start, now)
            calls.append(Call(name=name, port=port, events=events))
            free[port] = max([start, *(int(tick) + 1 for tick in events["tick"] if tick < 2**31)])
        elif name == "push_frame":
            size = network.inputs[port].size + (1 if chance.flag(16) else 0)
            calls.append(Call(name=name, port=port, frame=chance.rng().bytes(size)))
        elif name == "advance":
            ticks = chance.integer(1, 3) if not chance.flag(4) else chance.integer(4, 40)
            calls.append(Call(name=name, ticks=ticks))
            now += ticks
            if not chance.flag(3):
                calls += [Call(name="take", port=i) for i in range(len(network.outputs))]
        elif chance.flag(4):
            calls.append(Call(name=name))
            now = 0
            free = [0] * len(network.inputs)
    return calls


def batch(chance: Chance, port: InputPort, start: int, now: int) -> EventArray:
    """Events for some ticks from `start` on, within the port's limits, then perhaps one fault."""
    rng = chance.rng()
    rows: list[tuple[int, int, int]] = []
    for tick in range(start, start + chance.integer(1, 4)):
        left = port.max_sum
        for neuron in rng.permutation(port.size)[: chance.integer(0, min(port.size, 300))]:
            value = int(rng.integers(1, port.max_value, endpoint=True))
            if value <= left:
                left -= value
                rows.append((tick, int(neuron), -value if rng.random() < 0.3 else value))
    if not chance.flag(6):
        rows = rows[: port.capacity]
    if rows and chance.flag(6):
        where = chance.integer(0, len(rows) - 1)
        tick, neuron, value = rows[where]
        faults = [
            ((now - 1) % 2**32, neuron, value),
            (tick, port.size % 65536, value),
            (tick, neuron, 0),
            (tick, neuron, min(port.max_value + 1, 32767)),
            (tick, neuron, -32768),
        ]
        rows[where] = chance.pick(faults)
    return np.array(rows, EVENT)


@st.composite
def models(draw: st.DrawFn) -> Model:
    """Random models."""
    return model(Chance(lambda low, high: draw(st.integers(low, high))))


@st.composite
def cases(draw: st.DrawFn, length: int = 25) -> tuple[Model, list[Call]]:
    """A model and calls for it."""
    chance = Chance(lambda low, high: draw(st.integers(low, high)))
    network = model(chance)
    return network, script(chance, network, draw(st.integers(1, length)))


def corpus(n: int, length: int = 25) -> list[tuple[Model, list[Call]]]:
    """The same n models and scripts each time."""
    found = []
    for seed in range(n):
        rng = np.random.default_rng(seed)
        chance = Chance(lambda low, high, rng=rng: int(rng.integers(low, high, endpoint=True)))  # type: ignore[misc]
        network = model(chance)
        found.append((network, script(chance, network, length)))
    return found
