"""Times one network on this host: python -m benchmarks.host [--samples 100] [--rounds 20] [--framework norse].

The 784-128-10 network of examples/mnist in the engine, in plain C and in frameworks, on the same spikes, in rounds in
turn. Prints lines of JSON, which `spikelet bench host` makes a table of.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

import numpy as np
import numpy.typing as npt
from benchmarks.host.frameworks.layers import Layer, layers_of
from benchmarks.host.sides import FLAGS, Found, Side, Work, compiler, engine, plain
from benchmarks.instructions.workload import NETWORKS, ROOT, TICKS, digits, events_of, kinds_of_data, network

from spikelet.converters import lower
from spikelet.errors import SpikeletError

Spikes = npt.NDArray[np.float32]
Predictions = npt.NDArray[np.int64]
_NETWORK = "zero"
#: Module of frameworks/, distribution, what is installed for it.
FRAMEWORKS = {
    "snntorch": ("snntorch", "torch snntorch"),
    "norse": ("norse", "torch norse"),
    "sinabs": ("sinabs", "torch sinabs"),
    "spikingjelly": ("spikingjelly", "torch spikingjelly"),
    "brian2": ("brian2", "'brian2>=2.9' 'numpy<2.4'"),
}
_LARGEST = 1024


def main() -> None:
    """Time, and print."""
    parser = argparse.ArgumentParser(prog="benchmarks.host", description=__doc__)
    parser.add_argument("--samples", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--framework", choices=FRAMEWORKS, action="append", help="may be given again; none: all")
    options = parser.parse_args()
    work, spikes = _work(options.samples)
    _print(_head(options.samples, work))
    with TemporaryDirectory() as folder:
        expected = _native(Path(folder), work, options.rounds)
    layers = layers_of(lower(ROOT / "examples" / "mnist" / f"mnist_{_NETWORK}.nir", **NETWORKS[_NETWORK]))
    for name in options.framework or FRAMEWORKS:
        _framework(name, layers, spikes, expected)


def _print(line: dict[str, Any]) -> None:
    print(json.dumps(line), flush=True)


def _work(samples: int) -> tuple[Work, Spikes]:
    """The spikes of digits, as lists and as float32 of shape (samples, ticks, inputs)."""
    events = [events_of(pixels) for pixels in digits(kinds_of_data()[-1], samples)]
    dense = np.zeros((len(events), TICKS, 784), np.float32)
    for index, sample in enumerate(events):
        dense[index, sample["tick"], sample["neuron"]] = 1
    neurons = np.concatenate([sample["neuron"] for sample in events]).astype(np.uint16)
    n_events = np.array([np.bincount(sample["tick"], minlength=TICKS) for sample in events], np.uint16)
    return Work(neurons=neurons, n_events=n_events), dense


def _head(samples: int, work: Work) -> dict[str, Any]:
    found = compiler()
    made_by = subprocess.run([found, "--version"], capture_output=True, text=True, check=True).stdout if found else ""
    return {
        "kind": "head",
        "cpu": _cpu(),
        "cores": _cores(),
        "compiler": made_by.partition("\n")[0],
        "flags": " ".join(FLAGS),
        "data": kinds_of_data()[-1],
        "samples": samples,
        "ticks": TICKS,
        "events": int(work.n_events.sum()) / samples,
    }


def _cores() -> int:
    """Those that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _cpu() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def _row(name: str, seconds: float, equal: float, **more: Any) -> None:
    _print({"kind": "row", "name": name, "seconds": seconds, "equal": equal, "batch": 1, "cores": 1, **more})


def _native(folder: Path, work: Work, rounds: int) -> Found | None:
    """Plain C and the engine, in turn. Returns what all of them find."""
    if not compiler():
        for name in ("plain C", "spikelet"):
            _print({"kind": "missing", "name": name, "hint": "no C compiler: apt-get install gcc"})
        return None
    model = network(_NETWORK)
    sides = {"plain C": plain(model, folder), "spikelet": engine(model, folder, "engine")}
    if platform.machine() in {"x86_64", "AMD64"}:
        sides["spikelet without AVX2"] = engine(model, folder, "engine_sse2", ["-DSPKL_NO_AVX2"])
    best = dict.fromkeys(sides, float("inf"))
    for _ in range(rounds):
        for name, side in sides.items():
            best[name] = min(best[name], _timed(partial(side.run, work)))
    found = {name: side.run(work) for name, side in sides.items()}
    for name, seconds in best.items():
        equal = float(found[name].equals(found["plain C"]))
        _row(name, seconds / len(work.n_events), equal, exact=True)
    cores = _cores()
    equal = float(found["spikelet"].equals(found["plain C"]))
    each = [engine(model, folder, f"engine_{core}") for core in range(cores)]
    seconds = min(_on_all(each, work) for _ in range(rounds))
    seconds = min(_on_all(each, work) for _ in range(rounds))
    _row("spikelet", seconds / len(work.n_events) / cores, equal, exact=True, cores=cores)
    return found["plain C"]


def _on_all(sides: Sequence[Side], work: Work) -> float:
    """Seconds in which every core runs all samples; ctypes lets go of Python meanwhile."""
    with ThreadPoolExecutor(len(sides)) as pool:
        return _timed(lambda: list(pool.map(lambda side: side.run(work), sides)))


def _timed(run: Callable[[], Any]) -> float:
    start = perf_counter()
    run()
    return perf_counter() - start


def _framework(name: str, layers: Sequence[Layer], spikes: Spikes, expected: Found | None) -> None:
    distribution, install = FRAMEWORKS[name]
    try:
        made = import_module(f"benchmarks.host.frameworks.{name}")
        title = f"{distribution} {version(distribution)}"
    except ImportError as error:
        _print({"kind": "missing", "name": name, "hint": f"{error}: pip install {install}"})
        return
    try:
        if name == "brian2":
            predictions, seconds = made.run(layers, spikes)
            _row(f"{title}, C++ standalone", seconds / len(spikes), _share(predictions, expected))
        else:
            _torch(title, made.build(layers), spikes, expected)
    except (SpikeletError, RuntimeError, AttributeError, TypeError, ValueError) as error:
        _print({"kind": "missing", "name": name, "hint": f"it does not run here: {type(error).__name__}: {error}"})


def _torch(title: str, predict: Any, spikes: Spikes, expected: Found | None) -> None:
    """Batch 1 on one thread and all cores, then larger batches while they are faster."""
    import torch

    title = f"{title}, torch {version('torch')}"
    for cores in sorted({1, _cores()}):
        torch.set_num_threads(cores)
        seconds, predictions = _samples(predict, spikes, 1)
        _row(title, seconds, _share(predictions, expected), cores=cores)
        best, batch = seconds, 1
        for larger in (2**k for k in range(1, _LARGEST.bit_length())):
            seconds, predictions = _samples(predict, spikes, larger)
            if seconds > 1.2 * best:
                break
            if seconds < best:
                best, batch = seconds, larger
        if batch > 1:
            _row(title, best, _share(predictions, expected), cores=cores, batch=batch)


def _samples(predict: Any, spikes: Spikes, batch: int) -> tuple[float, Predictions]:
    """Seconds of a sample, the best of some runs; the samples are repeated to fill a batch."""
    n = max(batch, min(len(spikes), 50))
    repeated = spikes[np.arange(n) % len(spikes)]
    predict(repeated[:batch], batch)
    best, predictions = float("inf"), np.zeros(0, np.int64)
    for _ in range(3):
        start = perf_counter()
        predictions = predict(repeated, batch)
        best = min(best, (perf_counter() - start) / n)
    return best, predictions[: len(spikes)]


def _share(predictions: Predictions, expected: Found | None) -> float:
    """The part of the predictions that are the engine's."""
    if expected is None:
        return float("nan")
    return float(np.mean(predictions == expected.predictions[: len(predictions)]))


if __name__ == "__main__":
    main()
