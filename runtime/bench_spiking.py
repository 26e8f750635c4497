"""Spiking networks on emulated cores beside plain C: what benchmarks/spiking of a checkout counts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from spikelet import bench_child as child

__all__ = ["CORES", "NETWORKS", "Code", "Core", "Counts", "Network", "count"]

CORES = ("M4", "M33", "M3", "M0+", "RV32IMC", "M55")
NETWORKS = ("dense8", "dense4", "dense2", "dense1", "nmnist", "braille")


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """What a program takes for the samples.

    Args:
        instructions: executed.
        cycles: modelled, without wait states (docs/explanation/cycles.md); 0 where there is no model.
        code: flash [bytes] of functions and their tables.
        model: flash [bytes] of the network.
        ram: [bytes] without the stack.
    """

    instructions: int
    cycles: int
    code: int
    model: int
    ram: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """A network on a core. `plain` is None where there is no plain C of that kind of network.

    All predictions, output events, scores and membranes are those of the numpy reference, or it is an error.
    """

    network: str
    title: str
    core: str
    data: str
    samples: int
    ticks: int
    synops: int
    ours: Code
    plain: Code | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Core:
    """What a core takes for nothing.

    Args:
        core: of CORES.
        quiet: instructions of a tick in which nothing happens, of two populations.
        small_engine: flash [bytes] of the engine for dense LIF, loader included, at -Os.
    """

    core: str
    quiet: int
    small_engine: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """All that was counted, what it was counted with, and why networks or cores are missing."""

    compilers: Sequence[str]
    flags: str
    emulator: str
    networks: Sequence[Network]
    cores: Sequence[Core]
    missing: Sequence[str] = ()


def count(
    networks: Sequence[str] = (), cores: Sequence[str] = (), *, compiler: str = "gcc", samples: int = 5
) -> Counts:
    """Count whole inferences: input, rows, neurons, queues and outputs.

    Args:
        networks: of NETWORKS; none: all.
        cores: of CORES; none: all.
        compiler: "gcc" or "zig", of both sides.
        samples: how many at most; the recording of N-MNIST is one.

    Raises:
        SpikeletError: not a checkout of the project, or the compiler or emulator is missing.
    """
    words = ["--compiler", compiler, "--samples", str(samples)]
    words += [word for name in networks for word in ("--network", name)]
    words += [word for core in cores for word in ("--core", core)]
    head, *lines = child.count("benchmarks.spiking", words)
    told: dict[str, list[dict[str, Any]]] = {"network": [], "core": [], "missing": []}
    for line in lines:
        told[line.pop("kind")].append(line)
    return Counts(
        compilers=head["compilers"],
        flags=head["flags"],
        emulator=head["emulator"],
        networks=[_network(**line) for line in told["network"]],
        cores=[Core(**line) for line in told["core"]],
        missing=[line["reason"] for line in told["missing"]],
    )


def _network(*, ours: dict[str, int], plain: dict[str, int] | None, **more: Any) -> Network:
    return Network(ours=Code(**ours), plain=None if plain is None else Code(**plain), **more)
