"""A good model of every kind of projection, layout and map, with delays, blocks and projections back."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import numpy.typing as npt

from spikelet.image import encode
from spikelet.model import (
    Decoder,
    InputPort,
    LifChoices,
    Model,
    OutputPort,
    Population,
    PopulationKind,
    Projection,
    ProjectionKind,
    ResetKind,
    SourceMap,
    SparseWeights,
    TargetMap,
)

__all__ = [
    "BACK",
    "BITS",
    "CONV",
    "DENSE",
    "FEED",
    "FOURS",
    "LATE",
    "LINE",
    "MAPPED",
    "NARROW",
    "ONES",
    "PAIRS",
    "POOLED",
    "REACH_MAX_COUNT",
    "SINGLE",
    "SPARSE",
    "reaching_model",
    "wide_image",
    "wide_model",
]

#: Populations by what they show: a map, a delay line with values, one without, a plain one, a large one, one whose
#: size is no multiple of four.
CONV, LINE, SINGLE, DENSE, SPARSE, NARROW = range(6)
#: Projections by what they show.
MAPPED, BITS, FEED, BACK, ONLY, POOLED, LATE, ONES, PAIRS, FOURS = range(10)

#: The most that each neuron of the source of `reaching_model` may send.
REACH_MAX_COUNT = 2**23 // (7 * 7 * 7)


def _some(shape: tuple[int, ...], low: int = -3, high: int = 3) -> npt.NDArray[np.int8]:
    """Weights that differ from place to place."""
    n = int(np.prod(shape))
    return (np.arange(n) * 5 % (high - low + 1) + low).astype(np.int8).reshape(shape)


def wide_model() -> Model:
    """Small, and what good_model does not show."""

    def one(value: int) -> npt.NDArray[np.int32]:
        return np.array([value], np.int32)

    def lif(name: str, size: int, **more: Any) -> Population:
        numbers = {"fire_above": one(200), "reset": one(100)}
        choices = LifChoices(reset_kind=ResetKind.SUBTRACT)
        return Population(name=name, size=size, frac=6, choices=choices, parameters=numbers, **more)

    def line(name: str, size: int, delay: npt.NDArray[np.int32], **more: Any) -> Population:
        choices = LifChoices(several=bool(more))
        kind = PopulationKind.DELAY
        return Population(name=name, size=size, frac=0, choices=choices, parameters={"delay": delay}, kind=kind, **more)

    image = SourceMap(channels=2, height=5, width=6)
    mapped = TargetMap(channels=4, height=3, width=3, planar=True, groups=2, kernel=(3, 3), stride=(2, 2), pad=(1, -1))
    other = dataclasses.replace(mapped, kernel=(2, 3), stride=(1, 2), pad=(0, 0), dilation=(1, 2), groups=1)
    pooled = SourceMap(channels=4, height=3, width=3, planar=True, pool=(2, 1))
    sparse = SparseWeights(
        start=np.array([0, 2, 2, 4, *[4] * 8, 5], np.int64),
        targets=np.array([0, 600, 255, 256, 699], np.int64),
        values=np.array([5, -7, 127, -128, 1], np.int8),
    )
    blocks = SparseWeights(
        start=np.array([0, 2, 2, *[4] * 34], np.int64),
        targets=np.array([0, 35, 3, 34], np.int64),
        values=np.array([5, -7, 127, -128], np.int8),
    )
    kinds = ProjectionKind
    return Model(
        populations=(
            lif("map", 36, block=4),
            line("line", 36, np.arange(36, dtype=np.int32) % 5, max_count=3),
            line("single", 36, one(3)),
            lif("dense", 5),
            lif("large", 700, block=12),
            lif("narrow", 38, block=3),
        ),
        projections=(
            Projection(
                name="mapped",
                source=0,
                from_input=True,
                target=CONV,
                weights=_some((4, 1, 3, 3), -128, 127),
                kind=kinds.CONV,
                source_map=image,
                target_map=mapped,
            ),
            Projection(
                name="bits",
                source=0,
                from_input=True,
                target=CONV,
                weights=_some((4, 2, 2, 3), -8, 7),
                kind=kinds.CONV,
                bits=4,
                source_map=dataclasses.replace(image, planar=True),
                target_map=other,
            ),
            Projection(name="feed", source=CONV, from_input=False, target=LINE, weights=None, kind=kinds.FEED),
            Projection(name="back", source=SINGLE, from_input=False, target=LINE, weights=None, kind=kinds.FEED),
            Projection(name="single", source=CONV, from_input=False, target=SINGLE, weights=None, kind=kinds.FEED),
            Projection(
                name="pooled",
                source=LINE,
                from_input=False,
                target=DENSE,
                weights=_some((12, 5), -2, 1),
                bits=2,
                source_map=pooled,
            ),
            Projection(
                name="late",
                source=SPARSE,
                from_input=False,
                target=DENSE,
                weights=_some((700, 5)),
                bits=4,
                delays=np.array([0, 3, 1, 0, 2], np.int32),
            ),
            Projection(
                name="ones",
                source=DENSE,
                from_input=False,
                target=DENSE,
                weights=(_some((5, 5), 0, 1) * 2 - 1).astype(np.int8),
                bits=1,
            ),
            Projection(
                name="pairs",
                source=CONV,
                from_input=False,
                target=SPARSE,
                weights=sparse,
                kind=kinds.SPARSE,
                source_map=pooled,
            ),
            Projection(name="fours", source=LINE, from_input=False, target=NARROW, weights=blocks, kind=kinds.SPARSE4),
        ),
        inputs=(InputPort(name="in", size=60, shape=(60,), max_value=4, max_sum=240, capacity=100),),
        outputs=(
            OutputPort(name="line", population=LINE, capacity=72),
            OutputPort(name="large", population=SPARSE, capacity=700, decoder=Decoder.FIRST),
        ),
        ticks_per_sample=10,
    )


def wide_image() -> bytes:
    """The image of wide_model."""
    return encode(wide_model())


def reaching_model(max_count: int) -> Model:
    """A convolution whose targets each meet 343 of 700 neurons, which may send so much."""
    model = wide_model()
    large = model.populations[SPARSE]
    several = dataclasses.replace(large.choices, several=True)
    target = TargetMap(channels=4, height=3, width=3, kernel=(7, 7), pad=(2, 2))
    projection = Projection(
        name="far",
        source=SPARSE,
        from_input=False,
        target=CONV,
        weights=_some((4, 7, 7, 7)),
        kind=ProjectionKind.CONV,
        source_map=SourceMap(channels=7, height=10, width=10),
        target_map=target,
    )
    populations = (*model.populations[:SPARSE], dataclasses.replace(large, choices=several, max_count=max_count))
    return dataclasses.replace(model, populations=populations, projections=(projection, *model.projections[FEED:LATE]))
