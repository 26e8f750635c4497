"""Rows of `spikelet bench spiking`: a network on a core, ours beside plain C's."""

from __future__ import annotations

from benchmarks.instructions.budget import count_model, count_quiet_tick
from benchmarks.instructions.machine import CORES
from benchmarks.instructions.workload import network
from benchmarks.spiking.cases import NETWORKS, case_of
from benchmarks.spiking.plain import count_plain

from spikelet.bench_spiking import Code, Core, Network
from spikelet.firmware import engine_size
from spikelet.image import encode
from spikelet.memory import arena_size

__all__ = ["core_of", "network_of"]


def network_of(name: str, core: str, compiler: str, samples: int) -> Network:
    """Count one of cases.NETWORKS on a core; all results are compared with the numpy reference.

    Raises:
        MissingError: the network's file is not there.
    """
    case = case_of(name, samples)
    counted = count_model(core, compiler, case.model, case.samples, case.ticks)
    ours = Code(
        instructions=counted.total,
        cycles=counted.cycles,
        code=engine_size(CORES[core], case.model, compiler=compiler, optimise="2").total,
        model=len(encode(case.model)),
        ram=arena_size(case.model),
    )
    plain = None
    if name.startswith("dense"):
        plain = count_plain(core, compiler, case.model, case.samples, case.ticks)
    return Network(
        network=name,
        title=NETWORKS[name],
        core=core,
        data=case.data,
        samples=len(case.samples),
        ticks=case.ticks,
        synops=counted.synops,
        ours=ours,
        plain=plain,
    )


def core_of(core: str, compiler: str) -> Core:
    """What is told of a core alone."""
    size = engine_size(CORES[core], network("zero"), compiler=compiler, optimise="s").total
    return Core(core=core, quiet=count_quiet_tick(core, compiler), small_engine=size)
