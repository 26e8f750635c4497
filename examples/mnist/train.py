"""Train a 784-128-10 network on MNIST and write it with the answers of its framework.

The images come from the folder mnist/ of the test data and are never copied.
Run it at the project's root: python -m examples.mnist.train --reset zero
"""

from __future__ import annotations

import argparse
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from examples import training

__all__ = ["main"]

SETTINGS = training.Settings(inputs=784, hidden=128, epochs=20, spike_cost=3e-4, shift=1)


def load(folder: Path, name: str) -> tuple[Any, Any]:
    """Load images, uint8, shape (N, 784), and labels, uint8, shape (N,)."""
    with np.load(folder / "mnist" / f"{name}.npz") as file:
        return file["x"], file["y"]


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    data = os.environ.get("SPIKELET_DATA")
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=data, required=data is None, help="folder that holds mnist/")
    parser.add_argument("--framework", choices=sorted(training.FRAMEWORKS), default="snntorch")
    parser.add_argument("--reset", choices=("zero", "subtract"), default="zero")
    training.add_training_arguments(parser, SETTINGS)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent, help="folder of the results")
    return parser.parse_args()


def result_name(framework: str, reset: str) -> str:
    """Name the results: the reset for snnTorch, else the framework, and its reset when not the default."""
    if framework == "snntorch":
        return reset
    return framework if reset == "zero" else f"{framework}_{reset}"


def main() -> None:
    """Train, then write mnist_NAME.nir and reference_NAME.npz."""
    options = parse_arguments()
    settings = replace(SETTINGS, reset=options.reset, epochs=options.epochs, seed=options.seed)
    network = training.build(options.framework, settings)
    images, labels = load(options.data, "train10k")
    if options.validate:
        training.validation_accuracy(network, images, labels)
        return
    training.train(network, images, labels)
    name = result_name(options.framework, options.reset)
    training.export(network, options.out / f"mnist_{name}.nir")
    script = f"python -m examples.mnist.train --framework {options.framework} --reset {options.reset}"
    found = training.reference(network, *load(options.data, "test5k"), script)
    np.savez_compressed(options.out / f"reference_{name}.npz", **found)


if __name__ == "__main__":
    main()
