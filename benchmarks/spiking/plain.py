"""Plain C of the same network on a bare core: benchmarks/plain/dense.c, counted and compared."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from benchmarks.instructions.machine import Machine, build, start
from benchmarks.instructions.machine_qemu import QemuMachine
from benchmarks.plain.layout import Layer, layers_of

from spikelet.bench_spiking import Code
from spikelet.events import EventArray
from spikelet.model import Model
from spikelet.reference import Reference
from spikelet.runner import Variable

__all__ = ["PlainNet", "count_plain"]

#: In the memory of the machine.
_NET, _DATA, _EVENTS = 0, 0x1000, 0x40_0000
_SOURCE = Path(__file__).resolve().parent.parent / "plain" / "dense.c"


class _Memory:
    """Hands out places one after the other."""

    def __init__(self, machine: Machine | QemuMachine) -> None:
        self._machine, self._next = machine, machine.ram + _DATA

    def put(self, data: bytes) -> int:
        """Where data is now, aligned to 8."""
        place = self._next
        self._machine.write(place, data)
        self._next += -(-len(data) // 8) * 8
        assert self._next <= self._machine.ram + _EVENTS
        return place


class PlainNet:
    """dense.c with a network, on a bare core.

    Raises:
        ValueError: plain C cannot compute the model.
    """

    def __init__(self, core: str, compiler: str, model: Model) -> None:
        self.layers = layers_of(model)
        self.machine = start(core, build(core, [_SOURCE], ["plain_sample"], compiler), count=True)
        memory = _Memory(self.machine)
        placed = [_place(memory, layer) for layer in self.layers]
        self._v = [v for _, v in placed]
        self._scores = memory.put(bytes(4 * self.layers[-1].n_out))
        self._net, self._events = (self.machine.ram + place for place in (_NET, _EVENTS))
        self.machine.write(self._net, b"".join(words for words, _ in placed) + struct.pack("<I", self._scores))

    def run(self, events: EventArray, ticks: int) -> int:
        """Run a sample from rest, and count it alone; returns the prediction."""
        per_tick = np.bincount(events["tick"], minlength=ticks).astype("<u2")
        data = events["neuron"].astype("<u2").tobytes()
        self.machine.write(self._events, data + per_tick.tobytes())
        self.machine.clear()
        return self.machine.call("plain_sample", self._net, self._events, self._events + len(data), ticks)

    def scores(self) -> list[int]:
        """Spikes of the outputs in the sample."""
        return self._words(self._scores, self.layers[-1].n_out)

    def membranes(self, layer: int) -> list[int]:
        """Of a layer."""
        return self._words(self._v[layer], self.layers[layer].n_out)

    def _words(self, place: int, n: int) -> list[int]:
        return np.frombuffer(self.machine.read(place, 4 * n), "<i4").tolist()


def count_plain(core: str, compiler: str, model: Model, samples: Sequence[EventArray], ticks: int) -> Code:
    """Count whole inferences; predictions, scores and membranes are compared with the numpy reference.

    Raises:
        ValueError: plain C cannot compute the model.
    """
    net, reference = PlainNet(core, compiler, model), Reference(model)
    instructions = cycles = 0
    for events in samples:
        prediction = net.run(events, ticks)
        instructions += sum(net.machine.counts().values())
        cycles += sum(net.machine.cycles().values())
        expected = reference.run(events, ticks, reset=False).first
        assert (expected.prediction, expected.scores.tolist()) == (prediction, net.scores())
        for index in range(len(net.layers)):
            assert reference.probe(index, Variable.V).tolist() == net.membranes(index)
    sizes = net.machine.elf.sizes
    return Code(
        instructions=instructions,
        cycles=cycles,
        code=sum(sizes.get(section, 0) for section in (".text", ".rodata", ".data")),
        model=sum(layer.flash for layer in net.layers),
        ram=sum(layer.ram for layer in net.layers) + 4 * net.layers[-1].n_out,
    )


def _place(memory: _Memory, layer: Layer) -> tuple[bytes, int]:
    """`struct plain_layer` in bytes, and where its membranes are."""
    constants = [memory.put(values.tobytes()) for values in (layer.weights, layer.bias, layer.fire_above)]
    sums, v, fired = (memory.put(bytes(size * layer.n_out)) for size in (4, 4, 2))
    return struct.pack("<10I", *constants, sums, v, fired, layer.n_out, 0, layer.decay, layer.unit), v
