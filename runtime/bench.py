"""Measures the host engine against snnTorch: the same network and samples, batch 1, one thread, one run."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from spikelet.converters.encoding import encode
from spikelet.converters.graph import Network
from spikelet.datasets import DataSet
from spikelet.errors import SpikeletError
from spikelet.model import Encoder, Model

__all__ = ["Bench", "bench"]

_ROUNDS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """Seconds of one sample on each side: the best of the rounds, each over all samples.

    `snntorch` is nan where it is not installed, and `missing` says what to install. `equal` is the
    part of the predictions that are the same.
    """

    samples: int
    ticks: int
    synops: float
    engine: float
    snntorch: float
    equal: float
    versions: str
    missing: str

    @property
    def ratio(self) -> float:
        """How many times faster the engine is."""
        return self.snntorch / self.engine


def bench(model: Model, network: Network, data: DataSet, *, rounds: int = _ROUNDS) -> Bench:
    """Measure.

    Args:
        model: with one input port that has an encoder.
        network: what it was made from, lowered.
        data: samples.
        rounds: how often each side runs all samples, in turn.

    Raises:
        SpikeletError: the model has several inputs, or neurons that snnTorch's Leaky is not.
    """
    from spikelet.engine import Engine

    if len(model.inputs) != 1 or model.inputs[0].encoder is Encoder.EVENTS or not model.ticks_per_sample:
        raise SpikeletError("bench takes a model with one input that has an encoder and a window: --encoder rate ...")
    port = model.inputs[0]
    frames = np.stack([data.inputs(index)[port.name] for index in range(len(data))])
    framework, versions, missing = _framework(network)
    dense = encode(port, frames, model.ticks_per_sample).astype(np.float32) if framework else None
    times: dict[str, list[float]] = {"engine": [], "snntorch": []}
    engine = Engine(model)
    with engine:
        engine.run_samples(frames[:1])
        if framework and dense is not None:
            framework(dense[:1])
        for _ in range(rounds):
            spent, found = _timed(lambda: engine.run_samples(frames))
            times["engine"].append(spent / len(frames))
            if framework:
                spent, predictions = _timed(lambda: framework(dense))
                times["snntorch"].append(spent / len(frames))
    return Bench(
        samples=len(frames),
        ticks=model.ticks_per_sample,
        synops=float(found.synops.sum(axis=1).mean()),
        engine=min(times["engine"]),
        snntorch=min(times["snntorch"]) if framework else float("nan"),
        equal=float(np.mean(predictions == found.predictions)) if framework else float("nan"),
        versions=versions,
        missing=missing,
    )


def _framework(network: Network) -> tuple[Callable[[Any], npt.NDArray[np.int64]] | None, str, str]:
    """The network in snnTorch where that is installed; its versions; what is missing."""
    try:
        from spikelet.bench_snntorch import build
    except ModuleNotFoundError as error:
        return None, "", f"{error.name} is not installed: pip install torch snntorch"
    run, versions = build(network)
    return run, versions, ""


def _timed(run: Callable[[], Any]) -> tuple[float, Any]:
    start = time.perf_counter()
    result = run()
    return time.perf_counter() - start, result
