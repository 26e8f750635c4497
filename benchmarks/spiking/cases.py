"""The networks of `spikelet bench spiking`, and what they are given."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from benchmarks.data import file
from benchmarks.instructions.workload import TICKS, digits, events_of, kinds_of_data, network

from spikelet.converters.pipeline import convert
from spikelet.events import EventArray, from_dense, load
from spikelet.model import Model

__all__ = ["NETWORKS", "Case", "case_of"]

#: Networks by name, with their titles.
NETWORKS: Mapping[str, str] = {
    "dense8": "784-128-10, 8 bits",
    "dense4": "784-128-10, 4 bits",
    "dense2": "784-128-10, 2 bits",
    "dense1": "784-128-10, 1 bit",
    "nmnist": "N-MNIST CNN",
    "braille": "recurrent Braille network",
}
_DENSE = {"dense8": "zero", "dense4": "zero4", "dense2": "zero2", "dense1": "zero1"}
_TICK_US = 1000
_BRAILLE_TICKS = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A network and samples that follow each other, each of so many ticks. `data` says what they are."""

    name: str
    model: Model
    samples: Sequence[EventArray]
    ticks: int
    data: str


def case_of(name: str, samples: int, data: str = "") -> Case:
    """Convert a network of NETWORKS.

    Args:
        name: of NETWORKS, or of workload.NETWORKS and FEW_BITS.
        samples: how many at most.
        data: digits of workload.kinds_of_data; "": the best there are. Of dense networks only.

    Raises:
        MissingError: the file of the network, or of its input, is not there.
    """
    if name == "nmnist":
        return _nmnist()
    if name == "braille":
        return _braille(samples)
    kind = data or kinds_of_data()[-1]
    given = [events_of(image) for image in digits(kind, samples)]
    return Case(name=name, model=network(_DENSE.get(name, name)), samples=given, ticks=TICKS, data=f"digits: {kind}")


def _nmnist() -> Case:
    """With sinabs' defaults for IAF, one recording with counts kept."""
    model = convert(
        file("nir/cnn_sinabs.nir"),
        framework="sinabs",
        reset="subtract",
        several=True,
        norm_input=False,
        v_min="none",
        max_value=8,
        max_sum=4624,
        output_queue=4096,
    )
    events = load(file("events/sample_nmnist.bin")).to_events(_TICK_US, shape=(2, 34, 34), start_us=0)
    ticks = int(events["tick"][-1]) + 1
    return Case(name="nmnist", model=model, samples=[events], ticks=ticks, data="a recording of N-MNIST, ticks of 1 ms")


def _braille(samples: int) -> Case:
    """The network's own data is not free: a twelfth of the inputs fires in three ticks of four."""
    found = file("nir/braille_noDelay_noBias_subtract.nir")
    model = convert(found, framework="snntorch", reset="subtract", output_queue=7 * _BRAILLE_TICKS)
    rng = np.random.default_rng(1)
    size, given = model.inputs[0].size, []
    for _ in range(samples):
        dense = (rng.random((_BRAILLE_TICKS, size)) < 0.08) & (rng.random((_BRAILLE_TICKS, 1)) < 0.75)
        given.append(from_dense(dense.astype(int)))
    return Case(name="braille", model=model, samples=given, ticks=_BRAILLE_TICKS, data="random input")
