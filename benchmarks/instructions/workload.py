"""What is counted: the 784-128-10 networks of examples/mnist, and digits as events."""

from __future__ import annotations

import os
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from spikelet.converters.pipeline import convert
from spikelet.events import EVENT, EventArray
from spikelet.model import LifChoices, Model, Population

__all__ = [
    "FEW_BITS",
    "NETWORKS",
    "ROOT",
    "TICKS",
    "digits",
    "events_of",
    "kinds_of_data",
    "mnist_file",
    "network",
    "silent",
]

ROOT = Path(__file__).resolve().parent.parent.parent
TICKS = 25
#: Networks with the conventions to read them by; each has another time of reset.
NETWORKS = {
    "zero": {"framework": "snntorch", "reset": "zero"},
    "subtract": {"framework": "snntorch", "reset": "subtract"},
    "spikingjelly": {"framework": "spikingjelly", "reset": "zero"},
}
#: The first of them with weights of fewer bits in both layers.
FEW_BITS = {"zero4": 4, "zero2": 2, "zero1": 1}
_CALIBRATION = 64


@cache
def network(name: str) -> Model:
    """Convert one of NETWORKS or FEW_BITS, with an output queue for the events of a sample.

    Few bits are fitted to digits that are made up, so that they are the same everywhere.
    """
    bits = FEW_BITS.get(name)
    plain = name if bits is None else "zero"
    made = NETWORKS[plain]
    return convert(
        ROOT / "examples" / "mnist" / f"mnist_{plain}.nir",
        framework=made["framework"],
        reset=made["reset"],
        weights=bits,
        calibration=None if bits is None else [events_of(image) for image in digits("made up", _CALIBRATION)],
        ticks_per_sample=TICKS,
        output_queue=TICKS * 10,
    )


def silent() -> Model:
    """A network of the same shape that comes to rest: no biases, no window."""
    model = network("zero")

    def quiet(population: Population) -> Population:
        kept = {name: values for name, values in population.parameters.items() if name != "bias"}
        return replace(population, parameters=kept, choices=LifChoices())

    populations = tuple(quiet(population) for population in model.populations)
    return replace(model, populations=populations, ticks_per_sample=0, reset_between=False)


def mnist_file() -> Path:
    """Where the test set of MNIST is, if it is there."""
    folder = Path(os.environ.get("SPIKELET_DATA", ROOT.parent / "shared" / "data"))
    return folder / "mnist" / "test5k.npz"


def kinds_of_data() -> list[str]:
    """The digits to count with here: "made up" everywhere, "mnist" where the data is."""
    return ["made up", "mnist"] if mnist_file().exists() else ["made up"]


def digits(data: str, n: int) -> npt.NDArray[np.uint8]:
    """The first digits of a kind of `kinds_of_data`, uint8, shape (n, 784)."""
    if data == "mnist":
        with np.load(mnist_file()) as file:
            return np.asarray(file["x"][:n], np.uint8)
    rng = np.random.default_rng(7)
    y, x = np.mgrid[:28, :28]
    spots = rng.normal(13.5, 3.5, (n, 9, 2))
    distances = (y - spots[..., 0, None, None]) ** 2 + (x - spots[..., 1, None, None]) ** 2
    images = np.exp(distances / -6).sum(axis=1)
    return (255 * np.clip(images, 0, 1)).astype(np.uint8).reshape(n, 784)


def events_of(image: npt.NDArray[np.uint8]) -> EventArray:
    """The events of a sample: the accumulating rate code of semantics 4 with a gain of 257."""
    step = np.minimum(image.astype(np.int64) * 257, 65536)
    sums = np.arange(TICKS + 1)[:, None] * step[None, :] >> 16
    ticks, neurons = np.nonzero(np.diff(sums, axis=0))
    events = np.zeros(ticks.size, EVENT)
    events["tick"], events["neuron"], events["value"] = ticks, neurons, 1
    return events
