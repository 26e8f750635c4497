"""Convolutions with many spikes a tick, which Cortex-M4 sums in 16 bits: the potentials of the reference."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest
from benchmarks.instructions.budget import Bare
from benchmarks.sparse import conv, count, inside, many, network

from spikelet.events import EVENT
from spikelet.model import Projection, ProjectionKind, SourceMap, TargetMap
from spikelet.reference import Reference
from spikelet.runner import Variable
from support.tools import COMPILERS, need_compiler

_TICKS = 3
#: Channels, size, kernel, stride, pad, block as a power of 2.
SHAPES = [
    (16, (8, 8), (3, 3), (1, 1), (1, 1), 0),
    (16, (8, 9), (3, 3), (2, 1), (0, 0), 0),
    (3, (9, 7), (5, 5), (1, 1), (2, 2), 0),
    (33, (6, 6), (3, 3), (1, 1), (1, 1), 0),
    (16, (8, 8), (3, 3), (1, 1), (1, 1), 6),
    (1, (6, 6), (1, 1), (1, 1), (0, 0), 0),
    (4, (3, 3), (7, 7), (1, 1), (3, 3), 0),
]


def _conv(shape: tuple[int, tuple[int, int], tuple[int, int], tuple[int, int], tuple[int, int], int]) -> Projection:
    channels, (height, width), kernel, stride, pad, _ = shape
    out = [(n + 2 * p - k) // s + 1 for n, p, k, s in zip((height, width), pad, kernel, stride, strict=True)]
    rng = np.random.default_rng(channels)
    weights = rng.choice([-128, 127, -128, 5], (32, channels, *kernel)).astype(np.int8)
    return Projection(
        name="p",
        source=0,
        from_input=True,
        target=0,
        weights=weights,
        kind=ProjectionKind.CONV,
        source_map=SourceMap(channels=channels, height=height, width=width),
        target_map=TargetMap(channels=32, height=out[0], width=out[1], kernel=kernel, stride=stride, pad=pad),
    )


def _neurons(rng: np.random.Generator, size: int, style: str) -> npt.NDArray[np.int64]:
    if style == "all":
        return np.arange(size)
    if style == "some":
        return np.flatnonzero(rng.random(size) < 0.4)
    if style == "any order":
        return rng.permutation(size)
    if style == "again":
        return np.sort(rng.integers(0, size, 2 * size))
    return np.full(600, rng.integers(0, size))


@pytest.mark.parametrize("style", ["all", "some", "any order", "again", "one"])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_many_spikes_give_the_potentials_of_the_reference(shape: tuple[int, ...], style: str) -> None:
    """Clipped and whole runs, strides, blocks, more channels than are safe; neurons that fire twice or in any order."""
    need_compiler("arm", COMPILERS[0])
    projection = _conv(shape)  # type: ignore[arg-type]
    source, target = projection.source_map, projection.target_map
    assert source is not None
    assert target is not None
    size = source.channels * source.height * source.width
    model = network(projection, (size, target.channels * target.height * target.width))
    model = many(replace(model, populations=(replace(model.populations[0], block=shape[-1]),)), 2 * size + 600)
    rng = np.random.default_rng(1)
    ticks = [_neurons(rng, size, style) for _ in range(_TICKS)]
    events = np.zeros(sum(map(len, ticks)), EVENT)
    events["tick"] = np.repeat(np.arange(_TICKS), list(map(len, ticks)))
    events["neuron"], events["value"] = np.concatenate(ticks), 1
    bare, reference = Bare("M4", COMPILERS[0], model), Reference(model)
    bare.push(events, _TICKS)
    reference.run(events, reset=False)

    assert reference.probe(0, Variable.V).tolist() == bare.probe(0)
    if style in ("all", "some", "any order"):
        assert reference.stats()[0].synops == bare.machine.call("bare_synops", 0)
    if style == "all" and shape[2] != (1, 1):
        assert "spkl_widen_pixels_s16_s32" in bare.machine.counts()


def test_a_weight_of_a_convolution_takes_less_than_an_instruction() -> None:
    """At most 0.85 on Cortex-M4, gcc -O2, when all neurons inside of 16 x 16 pixels fire; places and widening count."""
    need_compiler("arm", "gcc")

    assert count("M4", conv(), (16 * 16 * 16,) * 2, inside(), inside().size).each <= 0.85
