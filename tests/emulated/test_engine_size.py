"""Bytes of the engine in flash."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from benchmarks.instructions.limits import SMALL_ENGINE

from spikelet.firmware import engine_size
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
    ResetKind,
)
from support.tools import need_compiler


def dense_lif(encoder: Encoder) -> Model:
    """Two layers of leaky integrate-and-fire neurons, counted at the output."""
    choices = LifChoices(reset_kind=ResetKind.SUBTRACT)
    parameters = {name: np.array([value], np.int32) for name, value in (("decay_v", 60000), ("fire_above", 9000))}
    parameters["reset"] = np.full(10, 9001, np.int32)
    populations = tuple(
        Population(name=name, size=10, frac=6, choices=choices, parameters=parameters) for name in ("hidden", "output")
    )
    weights = np.ones((10, 10), np.int8)
    return Model(
        populations=populations,
        projections=(
            Projection(name="first", source=0, from_input=True, target=0, weights=weights),
            Projection(name="second", source=0, from_input=False, target=1, weights=weights),
        ),
        inputs=(InputPort(name="in", size=10, shape=(10,), encoder=encoder, max_sum=10, capacity=10),),
        outputs=(OutputPort(name="out", population=1, kind=OutputKind.EVENTS, decoder=Decoder.COUNT, capacity=20),),
    )


@pytest.mark.parametrize("encoder", [Encoder.EVENTS, Encoder.RATE], ids=lambda encoder: encoder.name)
def test_the_engine_for_dense_lif_is_below_4_kb_on_a_cortex_m0_plus(encoder: Encoder) -> None:
    """Issue: -Os, loader included, protocol excluded."""
    need_compiler("arm", "gcc")
    model = dense_lif(encoder)
    if encoder is Encoder.RATE:
        port = dataclasses.replace(model.inputs[0], gain=257)
        model = dataclasses.replace(model, inputs=(port,), ticks_per_sample=25)
    size = engine_size("cortex-m0", model, compiler="gcc")
    largest = dict(sorted(size.by_symbol.items(), key=lambda item: -item[1]))

    assert {"spkl_open", "spkl_tick", "spkl_lif_tick_plain_s32", "spkl_add_dense"} <= set(largest)
    assert "spkl_lif_tick_any_s32" not in largest
    assert size.total == size.text + size.rodata
    assert size.total <= SMALL_ENGINE, largest


def test_symbols_account_for_the_engines_bytes() -> None:
    """Nothing is hidden: what is in no symbol is alignment."""
    need_compiler("arm", "gcc")
    size = engine_size("cortex-m0", dense_lif(Encoder.EVENTS), compiler="gcc")

    assert 0 <= size.total - sum(size.by_symbol.values()) <= 4 * len(size.by_symbol)
