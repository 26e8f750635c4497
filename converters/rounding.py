"""From real weights to small integers: scales, and rounding that keeps sums right."""

from __future__ import annotations

import numpy as np

from spikelet.converters.nodes import FloatArray

__all__ = ["MAX_MOMENT", "choose_scales", "round_compensated", "round_nearest", "snap", "weight_moment"]

#: A ratio that misses a whole number by less than float32 can say is that number.
_FLOAT32 = 2.0**-22
#: Rows that a search for scales looks at; more would be slow and change nothing.
_SEARCH_ELEMENTS = 2**21
#: Sources up to which sums of products between them are kept.
MAX_MOMENT = 2048


def snap(values: FloatArray) -> FloatArray:
    """Make whole numbers of those that float32 parameters cannot tell from one.

    A threshold that is a multiple of the weights stays one, so that v == threshold is decided as
    in the source network.
    """
    whole = np.rint(values)
    near = np.abs(values - whole) <= np.minimum(_FLOAT32 * np.abs(values), 0.25)
    return np.where(near, whole, values)


def choose_scales(weight: FloatArray, *, limit: int, per_population: bool) -> FloatArray:
    """The size of a weight unit of each target, with the least squared rounding error.

    Tries the largest weight as limit / 2 .. 1.4 limit units (weights beyond the limit are cut), so
    weights that are multiples of one number are found and stay exact.

    Args:
        weight: all rows into a population, shape (sources, targets).
        limit: largest integer weight, such as 127.
        per_population: one scale for all targets.

    Returns:
        Scales above 0, shape (targets,); 1 for targets without weights.
    """
    step = max(1, weight.size // _SEARCH_ELEMENTS)
    largest = np.max(np.abs(weight), axis=0, initial=0.0)
    if per_population:
        largest = np.full_like(largest, np.max(largest, initial=0.0))
    sample = weight[::step]
    best = np.full(weight.shape[1], np.inf)
    scales = np.ones(weight.shape[1])
    safe = np.where(largest > 0, largest, 1.0)
    for units in range(limit, limit // 2, -1), range(limit + 1, limit + limit * 2 // 5):
        for n in units:
            scale = safe / n
            error = np.sum((sample - scale * np.clip(np.rint(sample / scale), -limit, limit)) ** 2, axis=0)
            if per_population:
                error = np.full_like(error, error.sum())
            better = error < best * (1 - 1e-9)
            best, scales = np.where(better, error, best), np.where(better, scale, scales)
    return np.where(largest > 0, scales, 1.0)


def round_nearest(weight: FloatArray, scale: FloatArray, limit: int) -> FloatArray:
    """Whole numbers nearest to weight / scale, at most `limit`."""
    return np.clip(np.rint(weight / scale), -limit, limit)


def round_compensated(weight: FloatArray, scale: FloatArray, limit: int, moment: FloatArray) -> FloatArray:
    """Round row by row and let later rows make up for the error of earlier ones.

    Keeps the sums that targets see close, not each weight: least squares of (w - w') x over inputs x
    with second moment E[x x^T].

    Args:
        weight: shape (sources, targets).
        scale: shape (targets,).
        limit: largest integer weight.
        moment: E[x x^T], shape (sources, sources).

    Source: Frantar et al. 2022, "GPTQ", the recursion of section 3 in its plain order.
    """
    n = len(weight)
    damped = moment + 0.01 * np.mean(np.diag(moment)) * np.eye(n)
    upper = np.linalg.cholesky(np.linalg.inv(damped)).T
    left, rounded = weight.copy(), np.empty_like(weight)
    for row in range(n):
        rounded[row] = round_nearest(left[row], scale, limit)
        error = (left[row] - rounded[row] * scale) / upper[row, row]
        left[row + 1 :] -= np.outer(upper[row, row + 1 :], error)
    return rounded


def weight_moment(weight: FloatArray) -> FloatArray:
    """An estimate of E[x x^T] from trained weights alone: sources `lag` apart vary together like their weights.

    Training leaves alike the weights of inputs that vary together (neighbouring pixels, in both
    directions of a flattened image). The autocorrelation over all rows and targets shows which
    lags these are; without any, it is near the unit matrix and rounding becomes nearest.

    Args:
        weight: shape (sources, targets).

    Returns:
        Positive semidefinite, shape (sources, sources).
    """
    n = len(weight)
    spectrum = np.sum(np.abs(np.fft.rfft(weight, 2 * n, axis=0)) ** 2, axis=1)
    lags: FloatArray = np.fft.irfft(spectrum, 2 * n)[:n]
    if lags[0] == 0:
        return np.eye(n)
    index = np.arange(n)
    moment: FloatArray = (lags / lags[0])[np.abs(index[:, None] - index[None, :])]
    return moment
