"""What few bits cost: python -m benchmarks.lowbits prints a table of networks and bits.

Everything is chosen on random images of the training set; the test set is looked at once, to print.
It runs the float network with the weights and biases that the integers stand for. --auto POINTS
searches bits for each layer, --parts switches parts of the method off.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from benchmarks.instructions.workload import NETWORKS, ROOT, TICKS

from spikelet.converters.cells import Array
from spikelet.converters.encoding import encode
from spikelet.converters.floating import Floating
from spikelet.converters.graph import Network
from spikelet.converters.lowbits import LIMITS, round_codes
from spikelet.converters.lowbits_layers import Layer, LayerRounder, with_layers
from spikelet.converters.nodes import Dense, Neurons
from spikelet.converters.pipeline import convert, lower
from spikelet.converters.precision import choose_bits, halves, loss_between, table

__all__ = ["Case", "main"]

_BITS = (8, 4, 2, 1)
_BATCH = 250
_Labels = npt.NDArray[np.integer[Any]]


def images(name: str, samples: int | None) -> tuple[Any, _Labels]:
    """Images and labels of a file of the folder mnist/; random ones where only some are wanted."""
    folder = Path(os.environ.get("SPIKELET_DATA", ROOT.parent / "shared" / "data"))
    with np.load(folder / "mnist" / f"{name}.npz") as file:
        x, y = file["x"], file["y"]
    chosen = np.arange(len(x)) if samples is None else np.random.default_rng(0).permutation(len(x))[:samples]
    return x[chosen], y[chosen].astype(np.int64)


def predictions(network: Network, inputs: Mapping[str, Array]) -> _Labels:
    """The output that fired most often, of each sample."""
    (name, values), found = next(iter(inputs.items())), []
    for start in range(0, len(values), _BATCH):
        run = Floating(network, dtype=np.float32).ticks({name: values[start : start + _BATCH]})
        found.append(np.argmax(np.sum([tick["output"] for tick in run], axis=0), axis=1))
    return np.concatenate(found)


def bytes_of(network: Network, bits: Mapping[str, int]) -> int:
    """Of the weights: rows of codes, filled up to words."""
    total = 0
    for path, n in bits.items():
        for name in network.sources(path):
            weight = network.nodes[name].weight  # type: ignore[attr-defined]
            total += weight.shape[0] * (-(-weight.shape[1] * n // 32) * 4)
    return total


def nearest(network: Network, bits: Mapping[str, int]) -> Network:
    """The largest weight the highest code (1 bit: the mean size), each weight to the nearest: nothing else."""
    layers: dict[str, Layer] = {}
    for path, n in bits.items():
        (name,), node = network.sources(path), network.nodes[path]
        dense = network.nodes[name]
        assert isinstance(dense, Dense)
        assert isinstance(node, Neurons)
        size = np.abs(dense.weight)
        scale = size.mean(axis=0) if n == 1 else size.max(axis=0) / LIMITS[n][1]
        codes = {name: Dense(weight=round_codes(dense.weight / scale, n))}
        layers[path] = Layer(bits=n, codes=codes, scale=scale, bias=node.bias)
    return with_layers(network, layers)


class Case:
    """A network with calibration and test data."""

    def __init__(self, name: str, samples: int) -> None:
        options = NETWORKS[name]
        file = ROOT / "examples" / "mnist" / f"mnist_{name}.nir"
        self.network = lower(file, **options)
        port = convert(file, encoder="rate", ticks_per_sample=TICKS, **options).inputs[0]
        (x, self.labels), (test, self.test_labels) = images("train10k", samples), images("test5k", None)
        self.inputs = {port.name: encode(port, x, TICKS).astype(np.float64)}
        self.test = {port.name: encode(port, test, TICKS).astype(np.float32)}
        self.reference = predictions(self.network, self.test)
        self.accuracy = 100 * float(np.mean(self.reference == self.test_labels))

    def measured(self, network: Network) -> tuple[float, float]:
        """Accuracy and predictions equal to the float network's [percent]."""
        found = predictions(network, self.test)
        return 100 * float(np.mean(found == self.test_labels)), 100 * float(np.mean(found == self.reference))


def _rows(case: Case, name: str) -> Iterator[str]:
    rounder = LayerRounder(case.network, case.inputs)
    for n in _BITS:
        bits = dict.fromkeys(rounder.paths, n)
        accuracy, equal = case.measured(with_layers(case.network, rounder.round(bits)))
        lost = case.accuracy - accuracy
        yield (
            f"| {name} | {n} | {case.accuracy:.2f} | {accuracy:.2f} | {lost:+.2f} | {equal:.2f} "
            f"| {bytes_of(case.network, bits):,} |"
        )


def _parts(case: Case, name: str) -> Iterator[str]:
    """The method with parts left out, one after the other."""
    network, inputs = case.network, case.inputs
    paths = LayerRounder(network, None).paths
    for n in _BITS[1:]:
        bits = dict.fromkeys(paths, n)
        free = LayerRounder(network, inputs, trials=False)
        alone = {path: free.round({path: n})[path] for path in paths}
        made = {
            "nearest": nearest(network, bits),
            "no data": with_layers(network, LayerRounder(network, None).round(bits)),
            "data, biases stay": with_layers(
                network, LayerRounder(network, inputs, offset=False, trials=False).round(bits)
            ),
            "layers apart": with_layers(network, alone),
            "layer by layer": with_layers(network, free.round(bits)),
            "and trials": with_layers(network, LayerRounder(network, inputs).round(bits)),
        }
        lost = " | ".join(f"{case.accuracy - case.measured(other)[0]:.2f}" for other in made.values())
        if n == _BITS[1] and name == "zero":
            yield f"| network | bits | {' | '.join(made)} |"
        yield f"| {name} | {n} | {lost} |"


def _auto(case: Case, name: str, max_loss: float) -> Iterator[str]:
    """Bits of each layer, chosen on labelled calibration data."""
    values, size = next(iter(case.inputs.items())), len(case.labels)
    search, check = halves(size)
    reference = predictions(case.network, case.inputs)
    rounder = LayerRounder(case.network, {values[0]: values[1][search]})

    def loss(bits: Mapping[str, int], part: npt.NDArray[np.intp]) -> Any:
        network = with_layers(case.network, rounder.round(bits))
        return loss_between(predictions(network, {values[0]: values[1][part]}), reference[part], case.labels[part])

    found = choose_bits(
        lambda bits: loss(bits, search),
        rounder.paths,
        lambda bits: bytes_of(case.network, bits),
        max_loss,
        check=lambda bits: loss(bits, check),
    )
    yield from ("  ".join(f"{cell:>11}" for cell in line) for line in table(found))
    accuracy, equal = case.measured(with_layers(case.network, rounder.round(found.bits)))
    yield f"{name}: test accuracy {accuracy:.2f} of {case.accuracy:.2f}, predictions equal {equal:.2f}"


def main() -> int:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--samples", type=int, default=1000, help="calibration images")
    parser.add_argument("--networks", nargs="*", default=list(NETWORKS), choices=list(NETWORKS))
    parser.add_argument("--auto", type=float, metavar="POINTS", help="choose bits that lose at most this")
    parser.add_argument("--parts", action="store_true", help="what each part of the method does")
    options = parser.parse_args()
    if not options.parts and options.auto is None:
        print("| network | bits | float | accuracy | lost | equal | bytes of weights |")
    for name in options.networks:
        case = Case(name, options.samples)
        rows = _parts(case, name) if options.parts else _rows(case, name)
        for line in rows if options.auto is None else _auto(case, name, options.auto):
            print(line, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
