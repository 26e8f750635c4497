"""Neurons of maps: the engine numbers them channels last, files and people channels first."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from spikelet.model import Model

__all__ = ["engine_order", "map_of"]


def map_of(model: Model, index: int) -> tuple[int, int, int] | None:
    """Channels, height and width of a population that is numbered channels last, as the converter noted it."""
    reports = model.meta.get("populations")
    if not isinstance(reports, list) or len(reports) != len(model.populations) or not isinstance(reports[index], dict):
        return None
    found = reports[index].get("map")
    if not isinstance(found, list) or len(found) != 3 or not all(type(n) is int and n > 0 for n in found):
        return None
    shape = (found[0], found[1], found[2])
    return shape if shape[0] * shape[1] * shape[2] == model.populations[index].size else None


def engine_order(model: Model, index: int) -> npt.NDArray[np.int64]:
    """The file's number of each of a population's neurons; `values[..., engine_order(...)]` are in the engine's order.

    Returns:
        int64, shape (size,), a permutation.
    """
    shape = map_of(model, index)
    size = model.populations[index].size
    if shape is None:
        return np.arange(size)
    order: npt.NDArray[np.int64] = np.arange(size).reshape(shape[0], -1).T.reshape(-1)
    return order
