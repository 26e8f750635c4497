"""Train the 64-96-10 digits network with snnTorch and write it with its test and calibration samples.

Run it at the project's root: python -m examples.digits.train
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from examples import training
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

__all__ = ["main"]

SCRIPT = "python -m examples.digits.train"
SETTINGS = training.Settings(inputs=64, hidden=96, epochs=60, batch=32, decay=0.1, spike_cost=3e-4)
TEST_SHARE = 0.3
SPLIT_SEED = 0
CALIBRATION_SAMPLES = 200


def load_split() -> tuple[Any, Any, Any, Any]:
    """Load scikit-learn's digits and split off the test part.

    Returns:
        Training images, test images, training labels, test labels; uint8, pixels 0 .. 255.
    """
    digits = load_digits()
    images = (digits.data.astype(np.int64) * 255 // 16).astype(np.uint8)
    labels = digits.target.astype(np.uint8)
    parts = train_test_split(images, labels, test_size=TEST_SHARE, random_state=SPLIT_SEED, stratify=labels)
    return parts[0], parts[1], parts[2], parts[3]


def main() -> None:
    """Train, then write digits.nir, digits_test.npz and digits_calib.npz."""
    parser = argparse.ArgumentParser(description=__doc__)
    training.add_training_arguments(parser, SETTINGS)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent, help="folder of the results")
    options = parser.parse_args()

    train_images, test_images, train_labels, test_labels = load_split()
    network = training.build("snntorch", replace(SETTINGS, epochs=options.epochs, seed=options.seed))
    if options.validate:
        training.validation_accuracy(network, train_images, train_labels)
        return
    training.train(network, train_images, train_labels)
    training.export(network, options.out / "digits.nir")
    found = training.reference(network, test_images, test_labels, SCRIPT)
    np.savez_compressed(options.out / "digits_test.npz", x=test_images, y=test_labels, **found)
    np.savez_compressed(
        options.out / "digits_calib.npz",
        x=train_images[:CALIBRATION_SAMPLES],
        y=train_labels[:CALIBRATION_SAMPLES],
        made_by=SCRIPT,
    )


if __name__ == "__main__":
    main()
