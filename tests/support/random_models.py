"""Valid random models, small enough for every board."""

from __future__ import annotations

import dataclasses

import numpy as np

from spikelet.events import EVENT, EventArray
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
    RefractoryMode,
    ResetKind,
    Rounding,
    UOrder,
)
from support.chance import Chance
from support.wiring import Shape, wire

Rng = np.random.Generator


def plain_choices(rng: Rng) -> LifChoices:
    """Choices that the fast kernel takes."""
    kind = ResetKind(int(rng.integers(3)))
    late = kind is not ResetKind.NONE and bool(rng.integers(2))
    return LifChoices(
        reset_kind=kind,
        reset_next=late,
        reset_before_leak=late and bool(rng.integers(2)),
    )


def any_choices(rng: Rng) -> LifChoices:
    """Any choices that semantics 3.2 allows together."""
    flip = lambda: bool(rng.integers(2))  # noqa: E731
    has_u, has_a, fires = flip(), flip(), rng.random() < 0.85
    has_refractory = fires and flip()
    kind = ResetKind(int(rng.integers(3))) if fires else ResetKind.NONE
    resets = kind is not ResetKind.NONE
    reset_next = resets and not has_refractory and not has_a and flip()
    test_previous = fires and not has_refractory and not reset_next and flip()
    has_a = has_a and fires
    return LifChoices(
        has_u=has_u,
        u_order=UOrder(int(rng.integers(4))) if has_u else UOrder.DECAY_ADD_USE,
        bias_to_v=flip(),
        add_then_decay=flip(),
        fires=fires,
        test_previous=test_previous,
        reset_kind=kind,
        reset_next=reset_next,
        reset_before_leak=resets and (test_previous or reset_next) and flip(),
        several=fires and flip(),
        refractory_mode=RefractoryMode(int(rng.integers(3))) if has_refractory else RefractoryMode.IGNORE,
        has_refractory=has_refractory,
        has_a=has_a,
        adapt_decay_first=has_a and flip(),
        reset_adapted=has_a and kind is ResetKind.SUBTRACT and flip(),
        rounding=Rounding(int(rng.integers(3))),
        shift12=flip(),
    )


def population(rng: Rng, name: str, size: int, *, plain: bool) -> Population:
    """A population with thresholds that its input reaches now and then."""
    c = plain_choices(rng) if plain else any_choices(rng)
    frac = int(rng.integers(4, 9))
    one = 1 << (12 if c.shift12 else 16)

    def values(low: int, high: int, *, single: bool = False) -> np.ndarray:
        n = 1 if single or rng.random() < 0.4 else size
        return rng.integers(low, high, n).astype(np.int32)

    scale = 1 << frac
    parameters = {"decay_v": values(one // 2, one + 1, single=plain)}
    if c.has_u:
        parameters["decay_u"] = values(one // 3, one + 1)
    if c.has_a:
        parameters |= {"decay_a": values(one // 2, one + 1), "adapt_by": values(-20 * scale, 60 * scale)}
    if c.fires:
        parameters["fire_above"] = values(60 * scale, 300 * scale)
    if c.reset_kind is ResetKind.SUBTRACT:
        parameters["reset"] = values(60 * scale, 300 * scale)
    elif c.reset_kind is ResetKind.SET and rng.integers(2):
        parameters["reset"] = values(-20 * scale, 20 * scale)
    if rng.integers(2):
        parameters["bias"] = values(-8 * scale, 8 * scale)
    if rng.integers(2):
        parameters["v_min"] = values(-400 * scale, -100 * scale)
    if rng.integers(2):
        parameters["v_init"] = values(-50 * scale, 50 * scale)
    if c.several:
        parameters["count_by"] = values(40 * scale, 200 * scale)
    if c.has_refractory:
        parameters["refractory"] = values(0, 4)
    count = int(rng.integers(2, 6)) if c.several else 1
    return Population(name=name, size=size, frac=frac, choices=c, parameters=parameters, max_count=count)


def random_model(seed: int, *, plain: bool = False, encoder: Encoder = Encoder.EVENTS) -> Model:
    """One input, two or three populations, of which the last two have outputs."""
    rng = np.random.default_rng(seed)
    sizes = [int(n) for n in rng.integers(3, 40, int(rng.integers(2, 4)))]
    n_in = int(rng.integers(3, 60))
    biggest = int(rng.integers(2, 5)) if encoder is Encoder.DIRECT or (encoder is Encoder.EVENTS and not plain) else 1
    window = 25 if encoder is not Encoder.EVENTS else 0
    port = InputPort(
        name="in",
        size=n_in,
        shape=(n_in,),
        encoder=encoder,
        max_value=biggest,
        max_sum=n_in * biggest,
        capacity=400 if encoder is Encoder.EVENTS else n_in,
        gain=200 if encoder is not Encoder.EVENTS else 0,
        seed=seed if encoder is Encoder.POISSON else 0,
    )
    populations = tuple(population(rng, f"p{i}", n, plain=plain) for i, n in enumerate(sizes))
    projections = []
    for target, size in enumerate(sizes):
        sources = [(target - 1, False)] if target else [(0, True)]
        if target and rng.integers(2):
            sources.append((0, True))
        for source, from_input in sources:
            rows = n_in if from_input else sizes[source]
            weights = rng.integers(-60, 100, (rows, size)).astype(np.int8)
            projections.append(
                Projection(
                    name=f"{source}-{target}", source=source, from_input=from_input, target=target, weights=weights
                )
            )
    return Model(
        populations=populations,
        projections=tuple(projections),
        inputs=(port,),
        outputs=tuple(_output(rng, i, populations[i]) for i in (len(sizes) - 2, len(sizes) - 1)),
        ticks_per_sample=window,
    )


def wide_random_model(seed: int, *, encoder: Encoder = Encoder.EVENTS) -> Model:
    """A random model with projections of every kind, forward and back, blocks and now and then delay lines."""
    rng = np.random.default_rng(seed)
    chance = Chance(lambda low, high: int(rng.integers(low, high, endpoint=True)))
    model = random_model(seed, encoder=encoder)
    shapes = [_image(p.size) for p in model.populations]
    neurons = [dataclasses.replace(p, block=chance.pick([0, 3, 4])) for p in model.populations]
    inputs = [(port, _image(port.size)) for port in model.inputs]
    populations, projections = wire(chance, inputs, list(zip(neurons, shapes, strict=True)), 90)
    outs = tuple(_output(rng, i, populations[i]) for i in range(len(populations)))
    return dataclasses.replace(model, populations=populations, projections=projections, outputs=outs)


def _image(size: int) -> Shape:
    """Channels, height and width of so many neurons, as square as they are."""
    channels = next((n for n in (3, 2) if size % n == 0), 1)
    height = max(n for n in range(1, 9) if size // channels % n == 0)
    return channels, height, size // channels // height


def _output(rng: Rng, index: int, source: Population) -> OutputPort:
    fires = source.choices.fires
    decoders = [Decoder.NONE, Decoder.LAST, Decoder.LARGEST, *([Decoder.COUNT, Decoder.FIRST] if fires else [])]
    kind = OutputKind.EVENTS if fires and rng.integers(2) else OutputKind.POTENTIALS
    return OutputPort(
        name=f"out{index}",
        population=index,
        kind=kind,
        decoder=Decoder(int(rng.choice(np.array(decoders)))),
        capacity=3 * source.size if kind is OutputKind.EVENTS else 0,
    )


def random_events(seed: int, model: Model, ticks: int) -> EventArray:
    """Events for the model's first input port, within its limits, with ticks that have none."""
    rng = np.random.default_rng(seed)
    port = model.inputs[0]
    rows = []
    for tick in range(ticks):
        if rng.random() < 0.3:
            continue
        for neuron in np.flatnonzero(rng.random(port.size) < 0.3):
            value = int(rng.integers(1, port.max_value + 1)) * (1 if rng.random() < 0.9 or port.max_value == 1 else -1)
            rows.append((tick, neuron, value))
    return np.array(rows, EVENT)


def grown(model: Model, neurons: int) -> Model:
    """The model with an input of so many neurons."""
    port = dataclasses.replace(model.inputs[0], size=neurons, shape=(neurons,), max_sum=neurons)
    projections = []
    for p in model.projections:
        weights = np.zeros((neurons, p.weights.shape[1]), np.int8) if p.from_input else p.weights
        projections.append(dataclasses.replace(p, weights=weights))
    return dataclasses.replace(model, inputs=(port,), projections=tuple(projections))
