"""Small networks that set single costs apart: each is of one kind, in sizes and with events that vary."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from benchmarks.costs.runs import Case

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
    PopulationKind,
    Projection,
    ProjectionKind,
    SourceMap,
    SparseWeights,
    TargetMap,
)

__all__ = ["Rng", "events", "population", "port", "potentials", "single"]

Rng = np.random.Generator
#: Events of the ticks of a case where nothing else is said.
DENSITIES = (0, 1, 2, 3, 0, 4, 5, 6, 7, 9, 12, 17, 30, 64)


def port(size: int, *, name: str = "in", value: int = 1, capacity: int = 0) -> InputPort:
    """An input port that takes events."""
    return InputPort(
        name=name, size=size, shape=(size,), max_value=value, max_sum=size * value, capacity=capacity or size + 1
    )


def frames(size: int, encoder: Encoder, *, name: str = "in") -> InputPort:
    """An input port with an encoder."""
    value = 5 if encoder is Encoder.DIRECT else 1
    return InputPort(
        name=name,
        size=size,
        shape=(size,),
        encoder=encoder,
        max_value=value,
        max_sum=size * value,
        capacity=size,
        gain=150,
        seed=3 if encoder is Encoder.POISSON else 0,
    )


def potentials(index: int = 0, decoder: Decoder = Decoder.NONE) -> OutputPort:
    """An output port without a queue."""
    return OutputPort(name=f"out{index}", population=index, kind=OutputKind.POTENTIALS, decoder=decoder, capacity=0)


def spikes(index: int, size: int, decoder: Decoder = Decoder.COUNT) -> OutputPort:
    """An output port with a queue."""
    return OutputPort(name=f"out{index}", population=index, decoder=decoder, capacity=2 * size)


def population(size: int, choices: LifChoices | None = None, *, block: int = 0, **parameters: Any) -> Population:
    """A population whose parameters are numbers or arrays; one that leaks, and does not fire, where none are given."""
    made = {name: np.atleast_1d(np.asarray(values, np.int32)) for name, values in parameters.items()}
    if choices is None:
        made.setdefault("decay_v", np.array([60000], np.int32))
    return Population(
        name="p",
        size=size,
        frac=4,
        choices=choices or LifChoices(),
        parameters=made,
        block=block,
        max_count=3 if choices is not None and choices.several else 1,
    )


def events(rng: Rng, ports: Sequence[InputPort], densities: Sequence[int] = DENSITIES) -> dict[str, Any]:
    """So many events of distinct neurons in each tick; frames for ports with an encoder."""
    return {p.name: _events(rng, p, densities) if p.encoder is Encoder.EVENTS else _frame(rng, p) for p in ports}


def _frame(rng: Rng, p: InputPort) -> Any:
    return (rng.integers(0, 256, p.size) * (rng.random(p.size) < 0.5)).astype(np.uint8)


def _events(rng: Rng, p: InputPort, densities: Sequence[int]) -> EventArray:
    made = []
    for tick, n in enumerate(densities):
        some = np.zeros(min(n, p.size, p.capacity), EVENT)
        some["tick"] = tick
        some["neuron"] = np.sort(rng.choice(p.size, len(some), replace=False))
        some["value"] = rng.integers(1, p.max_value + 1, len(some)) if p.max_value > 1 else 1
        if p.max_value > 1 and len(some):
            some["value"][0] = -2
        made.append(some)
    return np.concatenate(made)


def single(
    name: str,
    rng: Rng,
    projections: Mapping[str, Any],
    target: Population,
    source: InputPort,
    *,
    densities: Sequence[int] = DENSITIES,
    output: OutputPort | None = None,
) -> Case:
    """An input, a projection, a population."""
    way = {"name": "w", "source": 0, "from_input": True, "target": 0, **projections}
    model = Model(
        populations=(target,), projections=(Projection(**way),), inputs=(source,), outputs=(output or potentials(),)
    )
    return Case(name=name, model=model, samples=[events(rng, model.inputs, densities)], ticks=len(densities))


def weights(rng: Rng, shape: Sequence[int], bits: int = 8) -> Any:
    """Weights that a layout of so many bits can hold."""
    if bits == 1:
        return (2 * rng.integers(0, 2, shape) - 1).astype(np.int8)
    half = min(2 ** (bits - 1), 60)
    return rng.integers(-half, half, shape).astype(np.int8)


def rows(rng: Rng) -> Iterator[Case]:
    """Dense projections: rows of bytes and of few bits, with values, with maps, more than a call takes."""
    many = (0, 1, 2, 3, 4, 5, 6, 7, 8, 11, 13, 16, 31, 63, 100)
    for n in (1, 4, 8, 10, 12, 16, 20, 24, 28, 32, 36, 44, 48, 60, 64, 96, 100, 128, 140):
        way = {"weights": weights(rng, (101, n))}
        yield single(f"dense {n}", rng, way, population(n), port(101), densities=many)
    for n in (5, 36, 72):
        way = {"weights": weights(rng, (600, n))}
        yield single(f"dense calls {n}", rng, way, population(n), port(600), densities=(0, 255, 256, 300, 511, 600))
    for n in (3, 10, 32, 50, 100):
        way = {"weights": weights(rng, (70, n))}
        yield single(f"graded {n}", rng, way, population(n), port(70, value=5))
    for bits in (4, 2, 1):
        for n in (1, 2, 3, 4, 5, 7, 8, 9, 12, 15, 16, 17, 24, 31, 32, 33, 40, 48, 64, 70, 100):
            way = {"weights": weights(rng, (70, n), bits), "bits": bits}
            yield single(f"dense {bits} bits {n}", rng, way, population(n), port(70))
        for n in (3, 8, 10, 33, 64):
            way = {"weights": weights(rng, (70, n), bits), "bits": bits}
            yield single(f"graded {bits} bits {n}", rng, way, population(n), port(70, value=4))
    for number, (planar, pool) in enumerate([(False, (1, 1)), (True, (1, 1)), (False, (2, 2)), (True, (2, 3))]):
        source = SourceMap(channels=4, height=7, width=9, planar=planar, pool=pool)
        for n in (10, 24):
            for bits in (8, 4):
                way = {"weights": weights(rng, (source.rows, n), bits), "bits": bits, "source_map": source}
                yield single(f"map {number} {bits} bits {n}", rng, way, population(n), port(source.size))
        way = {"weights": weights(rng, (source.rows, 20)), "source_map": source}
        yield single(f"map {number} graded", rng, way, population(20), port(source.size, value=3))


def conv(rng: Rng, source: SourceMap, out: int, kernel: tuple[int, int], bits: int = 8, **more: Any) -> dict[str, Any]:
    """A convolution as large as its source allows."""
    made = {"stride": (1, 1), "pad": (kernel[0] // 2, kernel[1] // 2), "dilation": (1, 1), "groups": 1, **more}
    side = [
        (size // pool + 2 * pad - dilation * (k - 1) - 1) // stride + 1
        for size, pool, pad, dilation, k, stride in zip(
            (source.height, source.width),
            source.pool,
            made["pad"],
            made["dilation"],
            kernel,
            made["stride"],
            strict=True,
        )
    ]
    target = TargetMap(channels=out, height=side[0], width=side[1], kernel=kernel, **made)
    within = (out, source.channels // target.groups, *kernel)
    return {
        "kind": ProjectionKind.CONV,
        "weights": weights(rng, within, bits),
        "bits": bits,
        "source_map": source,
        "target_map": target,
    }


def convolutions(rng: Rng) -> Iterator[Case]:
    """Convolutions: of bytes without groups, which go in runs, and all others."""
    plain = SourceMap(channels=2, height=12, width=11)
    kernels = ((1, 1), (3, 3), (5, 5), (2, 3), (3, 2), (4, 4), (1, 3))
    for out in (1, 2, 3, 4, 6, 8, 12, 16, 20, 32):
        for kernel in kernels[:3] if out > 4 else kernels:
            yield _single_conv(f"conv {out} {kernel}", rng, plain, conv(rng, plain, out, kernel))
    for stride in ((2, 2), (1, 2), (2, 1), (3, 3)):
        for out in (4, 7, 16):
            way = conv(rng, plain, out, (3, 3), stride=stride)
            yield _single_conv(f"conv {out} stride {stride}", rng, plain, way)
    for pool in ((2, 2), (1, 2), (3, 3)):
        for planar in (False, True):
            source = SourceMap(channels=3, height=13, width=14, planar=planar, pool=pool)
            yield _single_conv(f"conv pool {pool} {planar}", rng, source, conv(rng, source, 8, (3, 3)))
    planar = SourceMap(channels=3, height=10, width=10, planar=True)
    yield _single_conv("conv planar", rng, planar, conv(rng, planar, 8, (3, 3)))
    yield _single_conv("conv pad 0", rng, planar, conv(rng, planar, 8, (3, 3), pad=(0, 0)))
    for out in (3, 8, 16):
        yield _single_conv(f"conv values {out}", rng, plain, conv(rng, plain, out, (3, 3)), value=4)
    grouped = SourceMap(channels=8, height=9, width=9)
    for number, more in enumerate(
        [{"groups": 8}, {"groups": 2}, {"dilation": (2, 2)}, {"planar": True}, {"groups": 8, "stride": (2, 2)}]
    ):
        for kernel in ((1, 1), (3, 3), (2, 4)):
            for out in (8, 16):
                way = conv(rng, grouped, out, kernel, **more)
                yield _single_conv(f"conv ways {number} {kernel} {out}", rng, grouped, way)
    for bits in (4, 2, 1):
        for out in (1, 2, 3, 4, 5, 8, 16, 24):
            for kernel in ((1, 1), (3, 3)):
                way = conv(rng, plain, out, kernel, bits)
                yield _single_conv(f"conv {bits} bits {out} {kernel}", rng, plain, way)
        yield _single_conv(f"conv {bits} values", rng, plain, conv(rng, plain, 6, (3, 3), bits), value=3)
        way = conv(rng, grouped, 16, (3, 3), bits, groups=4, planar=True)
        yield _single_conv(f"conv {bits} groups", rng, grouped, way)


def _single_conv(name: str, rng: Rng, source: SourceMap, way: dict[str, Any], value: int = 1) -> Case:
    return single(name, rng, way, population(way["target_map"].size), port(source.size, value=value))


def sparse(rng: Rng) -> Iterator[Case]:
    """Sparse rows, with ways over long gaps, with values, with maps."""
    for n, part in ((20, 0.3), (60, 0.1), (60, 0.5), (200, 0.05), (900, 0.004), (30, 0.0)):
        made = sparse_weights(rng, 80, n, part)
        way = {"kind": ProjectionKind.SPARSE, "weights": made}
        yield single(f"sparse {n} {part}", rng, way, population(n), port(80))
        yield single(f"sparse values {n} {part}", rng, way, population(n), port(80, value=3))
    source = SourceMap(channels=3, height=8, width=8, pool=(2, 2))
    way = {"kind": ProjectionKind.SPARSE, "weights": sparse_weights(rng, source.rows, 40, 0.2), "source_map": source}
    yield single("sparse map", rng, way, population(40), port(source.size))


def sparse4(rng: Rng) -> Iterator[Case]:
    """Sparse rows in blocks of four, with ways over long gaps, with values, with maps."""
    for n, part in ((20, 0.3), (60, 0.05), (62, 0.4), (200, 0.02), (1500, 0.0007), (30, 0.0)):
        way = {"kind": ProjectionKind.SPARSE4, "weights": sparse_weights(rng, 80, n, part)}
        yield single(f"sparse4 {n} {part}", rng, way, population(n), port(80))
        yield single(f"sparse4 values {n} {part}", rng, way, population(n), port(80, value=3))
    source = SourceMap(channels=3, height=8, width=8, pool=(2, 2))
    way = {"kind": ProjectionKind.SPARSE4, "weights": sparse_weights(rng, source.rows, 40, 0.2), "source_map": source}
    yield single("sparse4 map", rng, way, population(40), port(source.size))
    made, late = sparse_weights(rng, 70, 30, 0.2), rng.integers(0, 6, 30).astype(np.int32)
    way = {"kind": ProjectionKind.SPARSE4, "weights": made, "delays": late}
    yield single("late sparse4", rng, way, population(30), port(70))
    blocked = population(200, block=3)
    way = {"kind": ProjectionKind.SPARSE4, "weights": sparse_weights(rng, 80, 200, 0.02)}
    yield single("sparse4 to blocks", rng, way, blocked, port(80))


def sparse_weights(rng: Rng, n_rows: int, n: int, part: float) -> SparseWeights:
    """Rows in which a part of the targets has a weight."""
    row, targets = np.nonzero(rng.random((n_rows, n)) < part)
    values = rng.integers(1, 60, len(row)).astype(np.int8)
    start = np.concatenate([[0], np.cumsum(np.bincount(row, minlength=n_rows))])
    return SparseWeights(start=start.astype(np.int64), targets=targets.astype(np.int64), values=values)


def delays(rng: Rng) -> Iterator[Case]:
    """Late projections of every kind, delay lines with values and without."""
    for n in (5, 20, 64):
        late = rng.integers(0, 4, n).astype(np.int32)
        late[0] = 3
        dense = {"weights": weights(rng, (70, n)), "delays": late}
        yield single(f"late {n}", rng, dense, population(n), port(70), densities=(0, 3, 0, 0, 0, 0, 0, 5, 6, 0, 20, 0))
    made = sparse_weights(rng, 70, 30, 0.2)
    late = rng.integers(0, 6, 30).astype(np.int32)
    yield single(
        "late sparse", rng, {"kind": ProjectionKind.SPARSE, "weights": made, "delays": late}, population(30), port(70)
    )
    for several in (False, True):
        for n in (7, 40, 100):
            line = Population(
                name="line",
                size=n,
                frac=0,
                choices=LifChoices(several=several),
                kind=PopulationKind.DELAY,
                parameters={"delay": rng.integers(0, 4, n).astype(np.int32)},
                max_count=4 * n if several else 1,
            )
            source = port(n, value=4) if several else replace(port(n), max_sum=1)
            densities = (0, 1, 0, 0, 0, 0, 0, 1, 1, 1, 1) if not several else (0, 1, 0, 0, 0, 0, 5, 20, 40, 0, 3, 2)
            feed = {"kind": ProjectionKind.FEED, "weights": None}
            yield single(f"line {n} {several}", rng, feed, line, source, densities=densities, output=spikes(0, n))
    for n in (40, 100):
        yield _fed_line(rng, n)


def _fed_line(rng: Rng, n: int) -> Case:
    """A line of bits behind neurons, many of which fire."""
    choices = LifChoices()
    neurons = population(n, choices, decay_v=0, fire_above=0)
    line = Population(
        name="line",
        size=n,
        frac=0,
        choices=LifChoices(),
        kind=PopulationKind.DELAY,
        parameters={"delay": rng.integers(0, 4, n).astype(np.int32)},
    )
    made = np.where(np.eye(n), 50, 0).astype(np.int8)
    ways = (
        Projection(name="w", source=0, from_input=True, target=0, weights=made),
        Projection(name="f", source=0, from_input=False, target=1, weights=None, kind=ProjectionKind.FEED),
    )
    model = Model(populations=(neurons, line), projections=ways, inputs=(port(n),), outputs=(spikes(1, n),))
    return Case(name=f"fed line {n}", model=model, samples=[events(rng, model.inputs)], ticks=len(DENSITIES))
