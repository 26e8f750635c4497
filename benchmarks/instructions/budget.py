"""Counts the instructions of whole inferences on bare cores, and checks every result on the way."""

from __future__ import annotations

import struct
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from benchmarks.instructions.machine import build, kernel_file, start
from benchmarks.instructions.workload import TICKS, digits, events_of, network, silent

from spikelet._data import path as data_path
from spikelet.compile import keep
from spikelet.converters.emit import kernel_names, kernel_table
from spikelet.events import EVENT, EventArray
from spikelet.image import encode
from spikelet.model import Model
from spikelet.reference import Reference
from spikelet.runner import Variable
from spikelet.toolchain import cache_folder, digest

__all__ = ["Bare", "Counted", "count", "count_model", "count_quiet_tick"]

_ROOTS = ("bare_start", "bare_sample", "bare_events", "bare_ticks", "bare_probe", "bare_synops")
#: In the memory of the machine.
_IMAGE, _ARENA, _EVENTS, _VALUES = 0, 0x10_0000, 0x20_0000, 0x28_0000
_ARENA_SIZE = 0x8_0000


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """Instructions and modelled cycles of some samples by function, and their synaptic operations.

    Arithmetic of the table: targets without padding, each event once.
    """

    by_function: Mapping[str, int]
    cycles_by_function: Mapping[str, int]
    synops: int
    samples: int

    @property
    def total(self) -> int:
        """All instructions."""
        return sum(self.by_function.values())

    @property
    def per_synop(self) -> float:
        """Instructions a synaptic operation."""
        return self.total / self.synops

    @property
    def cycles(self) -> int:
        """All modelled cycles: docs/explanation/cycles.md."""
        return sum(self.cycles_by_function.values())

    def shares(self) -> Iterator[tuple[str, float, float]]:
        """Functions, their instructions and their cycles a synaptic operation, largest first."""
        for name, n in sorted(self.by_function.items(), key=lambda item: -item[1]):
            yield name, n / self.synops, self.cycles_by_function[name] / self.synops


class Bare:
    """A network on a bare core."""

    def __init__(self, core: str, compiler: str, model: Model) -> None:
        self.model = model
        here = Path(__file__).parent
        sources = [here / "bare.c", *sorted((data_path("csrc") / "engine").glob("*.c")), _table(model)]
        sources += [kernel_file(core, name) for name in kernel_names(model)]
        self.machine = start(core, build(core, sources, _ROOTS, compiler), count=True)
        image = encode(model)
        ram = self.machine.ram
        self.machine.write(ram + _IMAGE, image)
        #: What opens the image.
        self.opening = (ram + _IMAGE, len(image), ram + _ARENA, _ARENA_SIZE)
        result = self.machine.call("bare_start", *self.opening)
        assert result == 0, f"the engine refuses the model: {result - 2**32}"
        self.machine.clear()
        self._start = self._ticks = 0

    def push(self, events: EventArray, ticks: int) -> int:
        """Run so many ticks, from which events count theirs; returns the prediction."""
        return self.machine.call(*self.place(events, ticks))

    def place(self, events: EventArray, ticks: int) -> tuple[str, int, int, int]:
        """Lay events out; returns the function that runs their ticks, and its arguments."""
        per_tick = np.bincount(events["tick"], minlength=ticks).astype("<u2")
        spikes = bool((events["value"] == 1).all())
        if spikes:
            data = events["neuron"].astype("<u2").tobytes()
        else:
            stamped = events.copy()
            stamped["tick"] += self._ticks
            data = stamped.tobytes()
        self._start, self._ticks = self._ticks, self._ticks + ticks
        at = self.machine.ram + _EVENTS
        self.machine.write(at, data + per_tick.tobytes())
        return "bare_sample" if spikes else "bare_events", at, at + len(data), ticks

    def probe(self, population: int, variable: Variable = Variable.V) -> list[int]:
        """A variable of all neurons."""
        n = self.model.populations[population].size
        at = self.machine.ram + _VALUES
        assert self.machine.call("bare_probe", population, variable, at, n) == 0
        return np.frombuffer(self.machine.read(at, 4 * n), "<i4").tolist()

    def output(self) -> tuple[list[tuple[int, ...]], list[int]]:
        """Events, with ticks of the sample, and scores that the last sample left."""
        events, n, scores, size = struct.unpack("<4I", self.machine.read(self.machine.address("bare_output"), 16))
        found = np.frombuffer(self.machine.read(events, 8 * n), EVENT).copy()
        found["tick"] -= self._start
        return found.tolist(), np.frombuffer(self.machine.read(scores, 4 * size), "<i4").tolist()


def count(core: str, compiler: str, name: str, data: str, samples: int) -> Counted:
    """Count whole inferences of a network of workload on digits of workload.kinds_of_data."""
    return count_model(core, compiler, network(name), [events_of(pixels) for pixels in digits(data, samples)], TICKS)


def count_model(core: str, compiler: str, model: Model, samples: Sequence[EventArray], ticks: int) -> Counted:
    """Count whole inferences that follow each other.

    Every prediction, output event, score, membrane and current is compared with the numpy reference.
    """
    bare, reference = Bare(core, compiler, model), Reference(model)
    total: Counter[str] = Counter()
    cycles: Counter[str] = Counter()
    for events in samples:
        prediction = bare.push(events, ticks)
        total.update(bare.machine.counts())
        cycles.update(bare.machine.cycles())
        expected = reference.run(events, ticks, reset=False).first
        assert expected.prediction == prediction
        assert (expected.events.tolist(), expected.scores.tolist()) == bare.output()
        for population, variable in product(range(len(model.populations)), (Variable.V, Variable.U)):
            assert reference.probe(population, variable).tolist() == bare.probe(population, variable)
        bare.machine.clear()
    synops = [bare.machine.call("bare_synops", population) for population in range(len(model.populations))]
    assert [stats.synops for stats in reference.stats()] == synops
    return Counted(by_function=total, cycles_by_function=cycles, synops=sum(synops), samples=len(samples))


def count_quiet_tick(core: str, compiler: str) -> int:
    """Instructions of a tick of a network at rest."""
    bare = Bare(core, compiler, silent())
    bare.push(events_of(digits("made up", 1)[0]), TICKS)
    bare.machine.call("bare_ticks", 500)
    bare.machine.clear()
    bare.machine.call("bare_ticks", 1)
    return sum(bare.machine.counts().values())


def _table(model: Model) -> Path:
    """The kernel table of a model, in the cache."""
    text = kernel_table(model)
    folder = cache_folder() / "bare" / digest(text)
    if not (folder / "kernel_table.c").exists():
        with TemporaryDirectory() as name:
            (Path(name) / "kernel_table.c").write_text(text)
            keep(Path(name), folder)
    return folder / "kernel_table.c"
