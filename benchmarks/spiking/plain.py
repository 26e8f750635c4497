"""Plain C of the same network on a bare core: benchmarks/plain/dense.c, counted and compared."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from benchmarks.instructions.machine import RAM, Machine, build
from benchmarks.plain.layout import Layer, layers_of

from spikelet.bench_spiking import Code
from spikelet.events import EventArray
from spikelet.model import Model
from spikelet.reference import Reference
from spikelet.runner import Variable

__all__ = ["count_plain"]

_NET, _DATA, _EVENTS = RAM, RAM + 0x1000, RAM + 0x10_0000
_SOURCE = Path(__file__).resolve().parent.parent / "plain" / "dense.c"


class _Memory:
    """Hands out places one after the other."""

    def __init__(self, machine: Machine) -> None:
        self._machine, self._next = machine, _DATA

    def put(self, data: bytes) -> int:
        """Where data is now, aligned to 8."""
        place = self._next
        self._machine.write(place, data)
        self._next += -(-len(data) // 8) * 8
        return place


def count_plain(core: str, compiler: str, model: Model, samples: Sequence[EventArray], ticks: int) -> Code:
    """Count whole inferences; predictions, scores and membranes are compared with the numpy reference.

    Raises:
        ValueError: plain C cannot compute the model.
    """
    layers = layers_of(model)
    program = build(core, [_SOURCE], ["plain_sample"], compiler)
    machine = Machine(core, program, count=True)
    memory = _Memory(machine)
    placed = [_place(memory, layer) for layer in layers]
    scores = memory.put(bytes(4 * layers[-1].n_out))
    machine.write(_NET, b"".join(words for words, _ in placed) + struct.pack("<I", scores))
    reference = Reference(model)
    total = 0
    for events in samples:
        per_tick = np.bincount(events["tick"], minlength=ticks).astype("<u2")
        data = events["neuron"].astype("<u2").tobytes()
        machine.write(_EVENTS, data + per_tick.tobytes())
        machine.clear()
        prediction = machine.call("plain_sample", _NET, _EVENTS, _EVENTS + len(data), ticks)
        total += sum(machine.counts().values())
        expected = reference.run(events, ticks, reset=False).first
        assert expected.prediction == prediction
        assert expected.scores.tolist() == _words(machine, scores, layers[-1].n_out).tolist()
        for index, (layer, (_, v)) in enumerate(zip(layers, placed, strict=True)):
            assert reference.probe(index, Variable.V).tolist() == _words(machine, v, layer.n_out).tolist()
    sizes = machine.elf.sizes
    return Code(
        instructions=total,
        code=sum(sizes.get(section, 0) for section in (".text", ".rodata", ".data")),
        model=sum(layer.flash for layer in layers),
        ram=sum(layer.ram for layer in layers) + 4 * layers[-1].n_out,
    )


def _place(memory: _Memory, layer: Layer) -> tuple[bytes, int]:
    """`struct plain_layer` in bytes, and where its membranes are."""
    constants = [memory.put(values.tobytes()) for values in (layer.weights, layer.bias, layer.fire_above)]
    sums, v, fired = (memory.put(bytes(size * layer.n_out)) for size in (4, 4, 2))
    return struct.pack("<10I", *constants, sums, v, fired, layer.n_out, 0, layer.decay, layer.unit), v


def _words(machine: Machine, place: int, n: int) -> npt.NDArray[np.int32]:
    return np.frombuffer(machine.read(place, 4 * n), "<i4")
