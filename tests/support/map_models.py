"""A small network of convolutions whose events meet runs of taps, and of events with large values."""

from __future__ import annotations

import numpy as np

from spikelet.model import (
    Decoder,
    InputPort,
    LifChoices,
    Model,
    OutputKind,
    OutputPort,
    Population,
    Projection,
    ProjectionKind,
    ResetKind,
    SourceMap,
    TargetMap,
)

__all__ = ["map_model"]


def map_model(seed: int = 0, max_value: int = 300) -> Model:
    """2 x 6 x 6 by 3 x 3 to 4 x 6 x 6; pooled by 3 x 3 to 5, and not pooled to 8 neurons; the input also to these."""
    rng = np.random.default_rng(seed)

    def population(name: str, size: int, block: int = 0) -> Population:
        numbers = {name: np.array([60], np.int32) for name in ("fire_above", "reset", "count_by")}
        choices = LifChoices(several=True, reset_kind=ResetKind.SUBTRACT)
        return Population(name=name, size=size, frac=0, choices=choices, max_count=20, parameters=numbers, block=block)

    def weights(*shape: int) -> np.ndarray:
        return rng.integers(-60, 100, shape).astype(np.int8)

    image = SourceMap(channels=2, height=6, width=6)
    target = TargetMap(channels=4, height=6, width=6, kernel=(3, 3), pad=(1, 1))
    maps = SourceMap(channels=4, height=6, width=6, pool=(3, 3))
    return Model(
        populations=(population("maps", 144, 3), population("pooled", 5), population("all", 8)),
        projections=(
            Projection(
                name="conv",
                source=0,
                from_input=True,
                target=0,
                weights=weights(4, 2, 3, 3),
                kind=ProjectionKind.CONV,
                source_map=image,
                target_map=target,
            ),
            Projection(name="pool", source=0, from_input=False, target=1, weights=weights(16, 5), source_map=maps),
            Projection(name="input", source=0, from_input=True, target=2, weights=weights(72, 8)),
            Projection(name="dense", source=0, from_input=False, target=2, weights=weights(144, 8)),
        ),
        inputs=(InputPort(name="in", size=72, shape=(6, 6, 2), max_value=max_value, max_sum=20000, capacity=100),),
        outputs=(
            OutputPort(name="out", population=2, kind=OutputKind.EVENTS, decoder=Decoder.COUNT, capacity=80),
            OutputPort(name="pooled", population=1, kind=OutputKind.EVENTS, decoder=Decoder.COUNT, capacity=80),
        ),
    )
