"""The measured table of README.md: python -m benchmarks.readme prints what can be measured here.

Host speed comes from host.json, which `spikelet bench host ... --json` wrote where snnTorch is installed.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
from benchmarks.counts import record
from benchmarks.counts.record import Key
from benchmarks.instructions.machine import CORES
from benchmarks.instructions.workload import (
    NETWORKS,
    ROOT,
    TICKS,
    digits,
    kinds_of_data,
    mnist_file,
)

from spikelet import board_files, toolchain
from spikelet.converters import convert
from spikelet.engine import Engine

__all__ = ["rows"]

_SHOWN = {"zero": "snnTorch, reset to zero", "subtract": "snnTorch, by subtraction", "spikingjelly": "SpikingJelly"}


def rows() -> Iterator[str]:
    """Lines of the table; those whose compiler or data is not there are left out."""
    data = "mnist" in kinds_of_data()
    if data:
        yield from (_accuracy(name) for name in NETWORKS)
        yield from (row for core in CORES if core != "M33" for row in _operation(core))
    quiet = _recorded("quiet tick", "M4", "silent")
    if quiet is not None:
        yield _row("a tick in which nothing happens, M4", f"{quiet} instructions")
    size = _recorded("bytes", "M0+", "zero", "-Os")
    if size is not None:
        yield _row("engine code for that network, loader included, Cortex-M0+, -Os", f"{size:,} bytes")
    host = json.loads(Path(__file__).with_name("host.json").read_text())
    yield _row(
        f"host engine against snnTorch ({host['versions']}), batch 1, one thread, one run",
        f"{host['ratio']:.0f} times as fast",
    )


def _row(what: str, figure: str) -> str:
    return f"| {what} | {figure} |"


def _operation(core: str) -> Iterator[str]:
    """Instructions and cycles of whole inferences, ours and plain C's; nothing where the record has none."""
    synops = record.read().get(Key("synaptic operations", "", "", "zero", "mnist"))
    subjects = ("instructions", "instructions, cycles", "plain C", "plain C, cycles")
    ours, cycles, plain, plain_cycles = (_recorded(subject, core, "zero", "mnist") for subject in subjects)
    if synops and ours and plain:
        said = [_both(n, of, synops) for n, of in ((ours, cycles), (plain, plain_cycles))]
        yield _row(
            f"instructions a synaptic operation (in brackets modelled cycles), whole inferences, {core}, gcc -O2",
            f"{said[0]}; plain event-driven C: {said[1]}",
        )


def _both(instructions: int, cycles: int | None, synops: int) -> str:
    return f"{instructions / synops:.2f}" + (f" ({cycles / synops:.2f})" if cycles else "")


def _accuracy(name: str) -> str:
    images, labels = _test_set()
    with np.load(ROOT / "examples" / "mnist" / f"reference_{name}.npz") as reference:
        framework = reference["framework_prediction"]
    said = NETWORKS[name]
    path = ROOT / "examples" / "mnist" / f"mnist_{name}.nir"
    model = convert(path, framework=said["framework"], reset=said["reset"], encoder="rate", ticks_per_sample=TICKS)
    with Engine(model) as engine:
        found = engine.run_samples(images).predictions
    right, ours, equal = (100 * np.mean(a == b) for a, b in ((framework, labels), (found, labels), (found, framework)))
    return _row(
        f"784-128-10 on 5,000 digits of MNIST, {_SHOWN[name]}",
        f"{right:.2f} % in the framework, {ours:.2f} % in 8 bits, {equal:.2f} % of predictions equal",
    )


@cache
def _test_set() -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]]:
    images = digits("mnist", 5000)
    with np.load(mnist_file()) as file:
        return images, file["y"]


def _recorded(subject: str, core: str, case: str, data: str = "") -> int | None:
    """A count with the gcc of this machine, if it is that of the record."""
    arch = board_files.load(CORES[core]).arch
    if "gcc" not in toolchain.available(arch):
        return None
    return record.read().get(Key(subject, core, toolchain.find(arch, "gcc").version, case, data))


if __name__ == "__main__":
    print("\n".join(rows()))
