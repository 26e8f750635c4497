"""Populations that are said to be calm never fall below the lowest potential."""

from __future__ import annotations

import numpy as np
import pytest
from benchmarks.instructions.budget import Bare

from spikelet.events import EVENT
from spikelet.model import (
    V_MAX,
    Decoder,
    InputPort,
    LifChoices,
    Model,
    OutputKind,
    OutputPort,
    Population,
    Projection,
    ResetKind,
)
from spikelet.reference import Reference
from spikelet.runner import Variable
from support.tools import COMPILERS, need_compiler

_INPUTS, _SIZE, _FRAC, _TICKS = 8, 6, 12, 400


def _model(decay: int, bias: int, reset: int) -> Model:
    """The lowest weights there are, and thresholds that are always met by subtraction."""
    population = Population(
        name="p",
        size=_SIZE,
        frac=_FRAC,
        choices=LifChoices(reset_kind=ResetKind.SUBTRACT),
        parameters={
            "decay_v": np.array([decay], np.int32),
            "bias": np.array([bias], np.int32),
            "fire_above": np.array([-V_MAX], np.int32),
            "reset": np.array([reset], np.int32),
        },
    )
    weights = np.full((_INPUTS, _SIZE), -128, np.int8)
    return Model(
        populations=(population,),
        projections=(Projection(name="w", source=0, from_input=True, target=0, weights=weights),),
        inputs=(InputPort(name="in", size=_INPUTS, shape=(_INPUTS,), max_sum=_INPUTS, capacity=_INPUTS),),
        outputs=(OutputPort(name="out", population=0, kind=OutputKind.POTENTIALS, decoder=Decoder.NONE, capacity=0),),
    )


@pytest.mark.parametrize("core", ["M3", "M4", "M0+"])
@pytest.mark.parametrize("decay", [0, 32768, 58982, 65000, 65535, 65536])
def test_the_lowest_input_forever_gives_the_potentials_of_the_reference(core: str, decay: int) -> None:
    """Bias and reset where the proof just holds, where it just fails, and far beyond."""
    need_compiler("arm", COMPILERS[0])
    half = max((16383 * (65536 - decay) - 1 - (128 * _INPUTS << _FRAC)) // 2, 0)
    events = np.zeros(_INPUTS * _TICKS, EVENT)
    events["tick"] = np.repeat(np.arange(_TICKS), _INPUTS)
    events["neuron"] = np.tile(np.arange(_INPUTS), _TICKS)
    events["value"] = 1
    for size in (half, half + 1, min(4 * half + 1000, V_MAX // 2)):
        model = _model(decay, -size, size)
        bare, reference = Bare(core, COMPILERS[0], model), Reference(model)
        bare.push(events, _TICKS)
        reference.run(events, reset=False)

        assert reference.probe(0, Variable.V).tolist() == bare.probe(0)
