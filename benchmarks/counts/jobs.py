"""What the record has lines of, as jobs that can run side by side."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import product

from benchmarks.cmsis_nn import interpreter, peer
from benchmarks.cmsis_nn import table as int8
from benchmarks.counts.record import SAMPLES, Key
from benchmarks.data import MissingError, file
from benchmarks.instructions.budget import count_model, count_quiet_tick
from benchmarks.instructions.convolution import LOADS, count_convolution
from benchmarks.instructions.machine import CORES
from benchmarks.instructions.workload import FEW_BITS, NETWORKS, kinds_of_data, network
from benchmarks.spiking.cases import case_of
from benchmarks.spiking.plain import count_plain

from spikelet import board_files, toolchain
from spikelet.errors import BoardError
from spikelet.firmware import engine_size

__all__ = ["SUBJECTS", "Job", "Result", "jobs", "run"]

_INT8_CORES = ("M4", "M33", "M3", "M0+", "M55")
_INT8_MODELS = ("kws_ref_model", "pretrainedResnet_quant", "vww_96_int8")
_SMALL_CORES = ("M4", "M3", "M0+", "RV32IMC", "M55")


@dataclass(frozen=True, slots=True)
class Job:
    """One count, or a few that are made together. `compiler` is "gcc" or "zig"."""

    subject: str
    core: str
    compiler: str
    case: str
    data: str = ""

    def key(self, subject: str = "", data: str = "") -> Key:
        """The line of the record."""
        version = toolchain.find(board_files.load(CORES[self.core]).arch, self.compiler).version
        return Key(subject or self.subject, self.core, version, self.case, data or self.data)


@dataclass(frozen=True, slots=True)
class Result:
    """Counts of a job, or why there are none."""

    counts: Mapping[Key, int]
    missing: str = ""


def run(job: Job) -> Result:
    """Do a job; every count is checked against a reference on the way."""
    try:
        return Result(dict(SUBJECTS[job.subject](job)))
    except (MissingError, interpreter.MissingError, BoardError) as error:
        return Result({}, str(error))


def jobs(*, small: bool = False, subjects: frozenset[str] = frozenset()) -> list[Job]:
    """All jobs that can be done with the compilers of this machine.

    Args:
        small: those that take a minute and need no data that is not part of the project.
        subjects: of SUBJECTS; empty: all.
    """
    found = [*_small()] if small else [*_int8(), *_spiking(), *_bare()]
    return [job for job in found if not subjects or job.subject in subjects]


def _compilers(core: str) -> list[str]:
    return toolchain.available(board_files.load(CORES[core]).arch)


def _small() -> Iterator[Job]:
    for core in _SMALL_CORES:
        for compiler in _compilers(core):
            yield Job("instructions", core, compiler, "zero", "made up")
            yield Job("quiet tick", core, compiler, "silent")
            yield Job("bytes", core, compiler, "zero", "-Os")
    for compiler in _compilers("M4"):
        yield Job("instructions", "M4", compiler, "zero4", "made up")
        yield Job("convolution", "M4", compiler, "conv3x3x16", "all fire")


def _spiking() -> Iterator[Job]:
    for core in CORES:
        for compiler in _compilers(core):
            for name, data in product((*NETWORKS, *FEW_BITS), kinds_of_data()):
                yield Job("instructions", core, compiler, name, data)
            for load in LOADS:
                yield Job("convolution", core, compiler, "conv3x3x16", load)
        if "gcc" in _compilers(core):
            for name in ("nmnist", "braille"):
                yield Job("instructions", core, "gcc", name, "")
            for data in kinds_of_data():
                yield Job("plain C", core, "gcc", "zero", data)


def _bare() -> Iterator[Job]:
    for core in CORES:
        for compiler in _compilers(core):
            yield Job("quiet tick", core, compiler, "silent")
            for optimise in ("-Os", "-O2"):
                yield Job("bytes", core, compiler, "zero", optimise)


def _int8() -> Iterator[Job]:
    if "gcc" in toolchain.available("arm"):
        for core, model, data in product(_INT8_CORES, _INT8_MODELS, ("real inputs", "no zeros")):
            yield Job("int8", core, "gcc", model, data)


def _instructions(job: Job) -> Iterator[tuple[Key, int]]:
    case = case_of(job.case, SAMPLES, job.data)
    counted = count_model(job.core, job.compiler, case.model, case.samples, case.ticks)
    yield job.key(), counted.total
    if counted.cycles:
        yield job.key("instructions, cycles"), counted.cycles
    yield Key("synaptic operations", "", "", job.case, job.data), counted.synops


def _convolution(job: Job) -> Iterator[tuple[Key, int]]:
    instructions, synops = count_convolution(job.core, job.compiler, job.data)
    yield job.key("instructions"), instructions
    yield Key("synaptic operations", "", "", job.case, job.data), synops


def _plain(job: Job) -> Iterator[tuple[Key, int]]:
    case = case_of(job.case, SAMPLES, job.data)
    counted = count_plain(job.core, job.compiler, case.model, case.samples, case.ticks)
    yield job.key(), counted.instructions
    if counted.cycles:
        yield job.key("plain C, cycles"), counted.cycles


def _quiet(job: Job) -> Iterator[tuple[Key, int]]:
    yield job.key(), count_quiet_tick(job.core, job.compiler)


def _bytes(job: Job) -> Iterator[tuple[Key, int]]:
    optimise = job.data.removeprefix("-O")
    board = CORES[job.core]
    yield job.key(), engine_size(board, network(job.case), compiler=job.compiler, optimise=optimise).total


def _int8_model(job: Job) -> Iterator[tuple[Key, int]]:
    peer.version()
    found = int8.given(file(f"tflite/{job.case}.tflite"), file("tflite/inputs.npz"))
    theirs = peer.Peer(job.core, "2")
    rows = list(int8.compare(found, job.core, "2", theirs, zeros=0.0 if job.data == "no zeros" else None))
    wrong = [row.name for row in rows if not row.ours_equal]
    assert wrong == [], f"{job.case} on {job.core}: {wrong[0]} differs from the reference"
    yield job.key(), sum(row.ours for row in rows)
    yield job.key("CMSIS-NN"), sum(row.peer for row in rows)
    cycles = sum(row.ours_cycles for row in rows)
    if cycles:
        yield job.key("int8, cycles"), cycles
        yield job.key("CMSIS-NN, cycles"), sum(row.peer_cycles for row in rows)


SUBJECTS: Mapping[str, Callable[[Job], Iterator[tuple[Key, int]]]] = {
    "instructions": _instructions,
    "convolution": _convolution,
    "plain C": _plain,
    "quiet tick": _quiet,
    "bytes": _bytes,
    "int8": _int8_model,
}
