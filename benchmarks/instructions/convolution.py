"""What an event of a convolution takes: 3 x 3, 16 to 16 channels, address work and lists included."""

from __future__ import annotations

import numpy as np
from benchmarks.instructions.budget import Bare

from spikelet.events import EVENT, EventArray
from spikelet.model import (
    V_MAX,
    InputPort,
    LifChoices,
    Model,
    OutputPort,
    Population,
    Projection,
    ProjectionKind,
    SourceMap,
    TargetMap,
)
from spikelet.reference import Reference
from spikelet.runner import Variable

__all__ = ["LOADS", "count_convolution"]

_SIDE, _CHANNELS, _KERNEL = 16, 16, 3
#: How many neurons inside of the map fire in a tick.
LOADS = {"few spikes": 64, "all fire": (_SIDE - 2) ** 2 * _CHANNELS}


def count_convolution(core: str, compiler: str, load: str) -> tuple[int, int]:
    """Instructions that the events of a tick of one of LOADS add to it, and their synaptic operations.

    Membranes are compared with the numpy reference.
    """
    model, events = _network(), _events(LOADS[load])
    bare, reference = Bare(core, compiler, model), Reference(model)
    totals = []
    for given in (events[:0], events[:0], events):
        bare.machine.clear()
        bare.push(given, 1)
        totals.append(sum(bare.machine.counts().values()))
        reference.run(given, 1, reset=False)
        assert reference.probe(0, Variable.V).tolist() == bare.probe(0)
    synops = bare.machine.call("bare_synops", 0)
    assert [stats.synops for stats in reference.stats()] == [synops]
    return totals[2] - totals[1], synops


def _network() -> Model:
    """Neurons that leak and have a bias, so that all are updated in each tick; none fires."""
    size = _SIDE * _SIDE * _CHANNELS
    rng = np.random.default_rng(5)
    source = SourceMap(channels=_CHANNELS, height=_SIDE, width=_SIDE)
    target = TargetMap(
        channels=_CHANNELS, height=_SIDE, width=_SIDE, kernel=(_KERNEL, _KERNEL), stride=(1, 1), pad=(1, 1)
    )
    return Model(
        populations=(
            Population(
                name="map",
                size=size,
                frac=8,
                choices=LifChoices(),
                parameters={
                    "decay_v": np.array([58982], np.int32),
                    "fire_above": np.array([V_MAX], np.int32),
                    "bias": np.array([1000], np.int32),
                },
            ),
        ),
        projections=(
            Projection(
                name="conv",
                source=0,
                from_input=True,
                target=0,
                weights=rng.integers(-127, 128, (_CHANNELS, _CHANNELS, _KERNEL, _KERNEL)).astype(np.int8),
                kind=ProjectionKind.CONV,
                source_map=source,
                target_map=target,
            ),
        ),
        inputs=(InputPort(name="in", size=size, shape=(size,), max_value=1, max_sum=size, capacity=size),),
        outputs=(OutputPort(name="out", population=0, capacity=2 * size),),
    )


def _events(n: int) -> EventArray:
    """Of distinct neurons inside the map, so that each meets all of the kernel."""
    y, x, c = np.mgrid[1 : _SIDE - 1, 1 : _SIDE - 1, :_CHANNELS]
    inside = ((y * _SIDE + x) * _CHANNELS + c).ravel()
    events = np.zeros(n, EVENT)
    events["neuron"] = np.sort(np.random.default_rng(6).choice(inside, n, replace=False))
    events["value"] = 1
    return events
