"""Samples of the small float networks in tflite_float/: to train, to calibrate and to test with, always the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

__all__ = ["CALIBRATION", "Samples", "digits", "mnist"]

#: Samples that calibrate, and the largest part of all that they may be.
CALIBRATION, PART = 500, 4


class Samples(NamedTuple):
    """Images in float32, 0 .. 1, of shape (n, height, width, 1), and labels, int64."""

    x: Any
    y: Any

    def calibration(self) -> Samples:
        """A few of them, drawn at random: nothing is trained with these."""
        return self._drawn()[0]

    def training(self) -> Samples:
        """The others."""
        return self._drawn()[1]

    def _drawn(self) -> tuple[Samples, Samples]:
        order, size = np.random.default_rng(0).permutation(len(self.x)), min(CALIBRATION, len(self.x) // PART)
        first, second = (Samples(self.x[chosen], self.y[chosen]) for chosen in (order[:size], order[size:]))
        return first, second


def digits() -> tuple[Samples, Samples]:
    """scikit-learn's digits: 1,198 samples to train and calibrate with and 599 to test with."""
    from sklearn.datasets import load_digits

    data = load_digits()
    order = np.random.default_rng(1).permutation(len(data.target))
    x = (data.data[order] / 16).astype(np.float32).reshape(-1, 8, 8, 1)
    y = data.target[order].astype(np.int64)
    return Samples(x[:1198], y[:1198]), Samples(x[1198:], y[1198:])


def mnist(folder: Path) -> tuple[Samples, Samples]:
    """MNIST's 10,000 samples to train and calibrate with and 5,000 to test with.

    Args:
        folder: with train10k.npz and test5k.npz.
    """
    parts = []
    for name in ("train10k", "test5k"):
        with np.load(folder / f"{name}.npz") as file:
            x = (file["x"].astype(np.float32) / 255).reshape(-1, 28, 28, 1)
            parts.append(Samples(x, file["y"].astype(np.int64)))
    return parts[0], parts[1]
