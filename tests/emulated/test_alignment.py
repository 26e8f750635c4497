"""No word lies across words in whole inferences on cores that fault there, which Unicorn does not."""

from __future__ import annotations

import struct

import numpy as np
import pytest
import unicorn
from benchmarks.instructions.budget import Bare
from benchmarks.instructions.machine import Machine, build, kernel_file
from benchmarks.instructions.workload import TICKS, digits, events_of, network

from spikelet import _data
from spikelet.converters.emit import graded_kernel_names
from spikelet.networks import image_of
from support.graded_networks import corpus, random_inputs
from support.random_models import random_events, random_model
from support.tools import COMPILERS, need_compiler

CORES = {"M0+": "arm", "RV32IMC": "riscv"}
PLACES = [(core, compiler) for core in CORES for compiler in COMPILERS]
#: Random networks of each engine.
SPIKING, GRADED = 8, 16
_OPEN, _NET, _TENSOR, _IMAGE, _ARENA = 0x0, 0x100, 0x200, 0x1000, 0x20_0000


class Watch:
    """Collects accesses of a machine that are not aligned to their size."""

    def __init__(self, machine: object) -> None:
        assert isinstance(machine, Machine)
        self.astray: set[tuple[str, int]] = set()
        self._machine = machine
        machine.uc.hook_add(unicorn.UC_HOOK_MEM_READ | unicorn.UC_HOOK_MEM_WRITE, self._on_access)

    def _on_access(self, uc: object, _access: int, address: int, size: int, _value: int, _data: object) -> None:
        if address % min(size, 4):
            self.astray.add((self._machine.elf.function_at(self._machine.core.pc(uc)), address % 4))


@pytest.fixture(params=PLACES, ids=" ".join)
def place(request: pytest.FixtureRequest) -> tuple[str, str]:
    """A core and a compiler."""
    core, compiler = request.param
    need_compiler(CORES[core], compiler)
    return core, compiler


def test_the_watch_sees_a_list_at_an_odd_place(place: tuple[str, str]) -> None:
    """Neurons that begin at an odd byte, which no application may pass."""
    bare = Bare(*place, network("zero"))
    watch = Watch(bare.machine)
    name, neurons, n_events, ticks = bare.place(events_of(digits("made up", 1)[0]), TICKS)
    bare.machine.call(name, neurons + 1, n_events, ticks)

    assert watch.astray != set()


@pytest.mark.parametrize("name", ["zero", "subtract", "zero4"])
def test_no_word_of_a_spiking_network_lies_across_words(place: tuple[str, str], name: str) -> None:
    """From the loader to the output; spikes of a tick begin at any half word."""
    bare = Bare(*place, network(name))
    watch = Watch(bare.machine)
    assert bare.machine.call("bare_start", *bare.opening) == 0
    bare.push(events_of(digits("made up", 1)[0]), TICKS)

    assert watch.astray == set()


@pytest.mark.parametrize("seed", range(SPIKING))
def test_no_word_of_a_random_network_lies_across_words(place: tuple[str, str], seed: int) -> None:
    """Populations and projections of every kind, events with values."""
    model = random_model(seed)
    bare = Bare(*place, model)
    watch = Watch(bare.machine)
    assert bare.machine.call("bare_start", *bare.opening) == 0
    bare.push(random_events(seed, model, 20), 20)

    assert watch.astray == set()


def test_no_word_of_a_graded_network_lies_across_words(place: tuple[str, str]) -> None:
    """Layers of every kind, in tensors wherever the plan has put them."""
    core, compiler = place
    csrc = _data.path("csrc")
    sources = [*sorted((csrc / "graded").glob("*.c")), csrc / "kernels" / "all_layers.c"]
    sources += [kernel_file(core, name) for name in graded_kernel_names()]
    roots = [f"spkl_graded_{name}" for name in ("open", "start", "input", "infer")]
    machine = Machine(core, build(core, sources, roots, compiler))
    watch = Watch(machine)
    at = machine.ram
    for seed, model in enumerate(corpus(GRADED)):
        image = image_of(model)
        assert len(image) <= _ARENA - _IMAGE
        machine.write(at + _IMAGE, image)
        assert machine.call("spkl_graded_open", at + _OPEN, at + _IMAGE, len(image)) == 0
        assert machine.call("spkl_graded_start", at + _NET, at + _OPEN, at + _ARENA, 0x20_0000) == 0
        for port, values in enumerate(random_inputs(model, seed)):
            assert machine.call("spkl_graded_input", at + _NET, port, at + _TENSOR) == 0
            where, size, width = struct.unpack("<3I", machine.read(at + _TENSOR, 12))
            assert size == np.size(values)
            machine.write(where, np.asarray(values).astype(f"<i{width}").tobytes())
        machine.call("spkl_graded_infer", at + _NET)

    assert watch.astray == set()
