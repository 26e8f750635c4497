"""Instructions of the N-MNIST network on its recording, tick by tick, on an emulated Cortex-M4."""

from __future__ import annotations

import numpy as np
import pytest

from spikelet.emulator import emulate
from spikelet.engine import Engine
from spikelet.runner import Variable
from support import nmnist
from support.tools import need

#: Instructions for a synaptic operation, an event delivered, a neuron updated, a tick: the goal of issue 4.
SYNOP, EVENT, NEURON, TICK = 2.0, 60, 14, 300
#: What ticks with hardly any event may take more: looking at all populations and ports.
FEW = 1600
#: What the application calls beside a tick.
_BESIDE = ("spkl_output", "spkl_output_take", "spkl_push")


@pytest.mark.slow
def test_ticks_of_the_cnn_follow_their_work() -> None:
    """At most 2.0 S + 60 E + 14 N + 300 in all, gcc -O2; N is at most a quarter of the neurons; at rest it is flat."""
    need("cortex-m4", "gcc")
    events = nmnist.recording(1000)
    ticks = int(events["tick"][-1]) + 1
    model = nmnist.cnn(output_queue=8192)
    probe = [(p.name, Variable.EVENTS) for p in model.populations]
    result = Engine(model).run(events, ticks, probe=probe)
    needed = nmnist.work(model, nmnist.network(), events, result, ticks)
    with emulate(model, "cortex-m4", compiler="gcc", embed=True) as board:
        found = board.instructions_by_tick(events, ticks=ticks + 200)
    counted = np.array([tick.engine - sum(tick.by_function.get(name, 0) for name in _BESIDE) for tick in found])
    limit = SYNOP * needed.synops + EVENT * needed.events + NEURON * needed.neurons + TICK

    assert sum(s.synops for s in result.stats) == needed.synops.sum()
    assert counted[:ticks].sum() <= limit.sum()
    assert np.max(counted[:ticks] - limit) <= FEW
    assert needed.neurons[1:].mean() <= sum(p.size for p in model.populations) / 4
    assert counted[-100:].max() < TICK
