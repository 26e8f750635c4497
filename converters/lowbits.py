"""Weights of 8, 4, 2 and 1 bits: codes and scales that keep what targets see."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from spikelet.converters.nodes import FloatArray
from spikelet.converters.rounding import MAX_MOMENT, weight_moment

__all__ = ["DAMPING", "LIMITS", "Limits", "Rounded", "exact", "output_error", "round_codes", "round_weights"]

Limits = tuple[int, int]

#: Lowest and highest code by bits; two bits are ternary. 8 and 2 bits leave out the code that has no negative.
LIMITS = {8: (-127, 127), 4: (-8, 7), 2: (-1, 1), 1: (-1, 1)}
#: What is added to each diagonal element of a moment, as part of their mean: no source is free to take any weight.
DAMPING = 0.01
#: Largest scales to try, in parts of the one that cuts nothing, down to the smallest.
_FINEST = {8: 0.7, 4: 0.35, 2: 0.2, 1: 0.2}
_TRIED = 48
#: Starts of the search for codes: parts of the best scale so far.
_STARTS = (1.0, 0.94, 1.06)
_SWEEPS = 6
#: Sources * sources * targets above which one start and one sweep must do.
_WORK = 2**30
#: 1-bit codes of a column of zeros weigh this part of the largest scale.
_NOTHING = 2.0**-10


@dataclass(frozen=True, slots=True, kw_only=True)
class Rounded:
    """Weights as whole numbers times a scale.

    `codes` is int8 of shape (sources, targets), `scale` float64 of shape (targets,), above 0.
    """

    codes: npt.NDArray[np.int8]
    scale: FloatArray

    @property
    def weight(self) -> FloatArray:
        """What the codes stand for, shape (sources, targets)."""
        return self.codes * self.scale


@dataclass(frozen=True, slots=True)
class _Block:
    """Rows whose inputs vary together: the damped moment, and the root of its inverse in the order of rounding."""

    rows: slice
    moment: FloatArray
    upper: FloatArray
    order: npt.NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class _Problem:
    weight: FloatArray
    blocks: Sequence[_Block]
    bits: int
    limits: Limits
    one: bool  # scale for all targets

    def round(self, values: FloatArray) -> FloatArray:
        """The nearest codes."""
        return round_codes(values, self.bits, self.limits)

    def error(self, codes: FloatArray, scale: FloatArray) -> FloatArray:
        """Of each target; of all together where they share a scale."""
        parts = [output_error(self.weight[b.rows], codes[b.rows] * scale, b.moment) for b in self.blocks]
        result: FloatArray = np.sum(parts, axis=0)
        return np.full_like(result, result.sum()) if self.one else result


def round_codes(values: FloatArray, bits: int, limits: Limits | None = None) -> FloatArray:
    """The codes nearest to values in units, as float64; one bit is a sign, that of 0 is +1.

    `limits` are the lowest and the highest code, where they are not those of LIMITS.

    Raises:
        ValueError: bits are not 8, 4, 2 or 1.
    """
    if bits not in LIMITS:
        raise ValueError(f"weights have 8, 4, 2 or 1 bits, not {bits}")
    if bits == 1:
        return np.where(values >= 0, 1.0, -1.0)
    result: FloatArray = np.clip(np.rint(values), *(limits or LIMITS[bits]))
    return result


def output_error(weight: FloatArray, rounded: FloatArray, moment: FloatArray) -> FloatArray:
    """Mean square of x (weight - rounded) over inputs x with second moment `moment`, shape (targets,)."""
    wrong = rounded - weight
    result: FloatArray = np.einsum("ij,ij->j", wrong, moment @ wrong)
    return result


def round_weights(
    weight: FloatArray,
    *,
    bits: int,
    per_population: bool = False,
    moment: FloatArray | Sequence[FloatArray] | None = None,
    damping: float = DAMPING,
    limits: Limits | None = None,
) -> Rounded:
    """Round weights so that what targets sum up changes least.

    Columns that are codes times a scale come back as they are. For the others: a scale by a search
    weighted with how much sources send; codes row by row, the sources that send most first, each
    row's error taken on by later ones; then codes and scale in turn, one code after the other to
    its best place and the scale by least squares, until nothing changes; from four starts. The best
    of all these and of rounding to the nearest is taken, column by column.

    Args:
        weight: everything into a population, shape (sources, targets). A convolution's (out, in, ky,
            kx) is the matrix of shape (in * ky * kx, out).
        bits: 8, 4, 2 (ternary) or 1 (signs).
        per_population: one scale for all targets.
        moment: E[x x^T], shape (sources, sources), or such blocks along the diagonal; None: an
            estimate from the weights.
        damping: added to the moment's diagonal, in parts of its mean.
        limits: lowest and highest code, where they are not those of LIMITS; the lowest is the larger in size.

    Raises:
        ValueError: a moment has not the sources' number, or bits are not 8, 4, 2 or 1.

    Source: Frantar et al. 2022, "GPTQ", section 3 (recursion, order by diagonal); the rest is
        alternating least squares on the same quadratic form. docs/explanation/low-bits.md.
    """
    chosen = limits or LIMITS.get(bits, (0, 0))
    whole, unit = _exact(weight, bits, chosen, per_population)
    done = _met(weight, whole, unit)
    if done.all():
        return Rounded(codes=whole.astype(np.int8), scale=unit)
    blocks = list(_blocks(weight, moment, damping))
    codes, scale = _search(_Problem(weight, blocks, bits, chosen, per_population))
    if not per_population:
        codes, scale = np.where(done, whole, codes), np.where(done, unit, scale)
        empty = ~np.any(weight, axis=0) & (bits == 1)
        least = np.max(scale, where=~empty, initial=0.0) * _NOTHING
        scale = np.where(empty, least or _NOTHING, scale)
    return Rounded(codes=codes.astype(np.int8), scale=scale)


def exact(
    weight: FloatArray, *, bits: int, per_population: bool = False, limits: Limits | None = None
) -> Rounded | None:
    """Codes and scales of weights that are codes times a scale, column by column; None where some are not."""
    codes, scale = _exact(weight, bits, limits or LIMITS[bits], per_population)
    return Rounded(codes=codes.astype(np.int8), scale=scale) if _met(weight, codes, scale).all() else None


def _largest(weight: FloatArray, per_population: bool) -> FloatArray:
    """Largest weight of each column, or of all; 1 where there is none."""
    largest = np.max(np.abs(weight), axis=0, initial=0.0)
    if per_population:
        largest = np.full_like(largest, np.max(largest, initial=0.0))
    return np.where(largest > 0, largest, 1.0)


def _met(weight: FloatArray, codes: FloatArray, scale: FloatArray) -> npt.NDArray[np.bool_]:
    """Columns that codes times scale give back, within what float32 can tell."""
    met: npt.NDArray[np.bool_] = np.all(np.abs(codes * scale - weight) <= 1e-6 * np.abs(weight), axis=0)
    return met


def _exact(weight: FloatArray, bits: int, limits: Limits, per_population: bool) -> tuple[FloatArray, FloatArray]:
    """Codes and scales of columns (or of all) that are multiples of one number; anything for the rest."""
    largest = _largest(weight, per_population)
    limit = -limits[0]
    found = np.zeros(weight.shape[1], bool)
    scale = largest / limit
    for n in range(limit, limit // 2 if bits == 8 else 0, -1):
        tried = largest / n
        met = _met(weight, round_codes(weight / tried, bits, limits), tried)
        met = np.full_like(met, met.all()) if per_population else met
        scale, found = np.where(met & ~found, tried, scale), found | met
        if found.all():
            break
    return round_codes(weight / scale, bits, limits), scale


def _blocks(weight: FloatArray, moment: FloatArray | Sequence[FloatArray] | None, damping: float) -> Iterator[_Block]:
    """The moment as damped blocks, with what the recursion needs of each."""
    if moment is None:
        cuts = range(0, len(weight), MAX_MOMENT)
        moments = [weight_moment(weight[start : start + MAX_MOMENT]) for start in cuts]
    else:
        moments = [moment] if isinstance(moment, np.ndarray) else list(moment)
    if sum(map(len, moments)) != len(weight) or any(m.shape != (len(m), len(m)) for m in moments):
        raise ValueError(f"moments of shapes {[m.shape for m in moments]} for {len(weight)} sources")
    start = 0
    for one in moments:
        n = len(one)
        mean = float(np.mean(np.diag(one))) or 1.0
        damped = one + damping * mean * np.eye(n)
        order = np.argsort(-np.diag(damped), kind="stable")
        inverse = np.linalg.inv(damped[np.ix_(order, order)])
        upper = np.linalg.cholesky((inverse + inverse.T) / 2).T
        yield _Block(rows=slice(start, start + n), moment=damped, upper=upper, order=order)
        start += n


def _search(problem: _Problem) -> tuple[FloatArray, FloatArray]:
    """Codes and scales from several starts, the best for each column (or for all together)."""
    weight = problem.weight
    power = np.concatenate([np.diag(block.moment) for block in problem.blocks])
    scale = _plain_scales(problem)
    best = problem.round(weight / scale)
    least = problem.error(best, scale)
    work = sum(len(block.moment) ** 2 for block in problem.blocks) * weight.shape[1]
    starts, sweeps = (_STARTS, _SWEEPS) if work < _WORK else (_STARTS[:1], 1)
    for start in starts:
        tried = _scales(problem, power) if start == 1 else scale * start
        codes = _compensated(problem, tried)
        for _ in range(3):
            codes = _descended(problem, codes, tried, sweeps)
            tried = _least_squares(problem, codes, tried)
        codes = _descended(problem, codes, tried, sweeps)
        error = problem.error(codes, tried)
        better = error < least
        best, scale = np.where(better, codes, best), np.where(better, tried, scale)
        least = np.where(better, error, least)
    return best, scale


def _plain_scales(problem: _Problem, power: FloatArray | None = None) -> FloatArray:
    """Scales at which the largest weight is the highest code; for signs, the mean size, weighted by `power`."""
    if problem.bits > 1:
        return _largest(problem.weight, problem.one) / problem.limits[1]
    mean: FloatArray = np.average(np.abs(problem.weight), axis=0, weights=power)
    mean = np.full_like(mean, mean.mean()) if problem.one else mean
    return np.where(mean > 0, mean, 1.0)


def _scales(problem: _Problem, power: FloatArray) -> FloatArray:
    """The scales that lose least when every weight is rounded to the nearest, weighted by what its source sends."""
    weight, bits = problem.weight, problem.bits
    if bits == 1:
        return _plain_scales(problem, power)
    full = _plain_scales(problem)
    least, scale = np.full(weight.shape[1], np.inf), full
    for part in np.geomspace(1.0, _FINEST[bits], _TRIED):
        tried = full * part
        error = power @ (weight - tried * problem.round(weight / tried)) ** 2
        error = np.full_like(error, error.sum()) if problem.one else error
        better = error < least * (1 - 1e-9)
        least, scale = np.where(better, error, least), np.where(better, tried, scale)
    return scale


def _compensated(problem: _Problem, scale: FloatArray) -> FloatArray:
    """Row by row, later rows make up for the error of earlier ones."""
    codes = np.empty_like(problem.weight)
    for block in problem.blocks:
        left = problem.weight[block.rows][block.order]
        chosen = np.empty_like(left)
        for row in range(len(left)):
            chosen[row] = problem.round(left[row] / scale)
            error = (left[row] - chosen[row] * scale) / block.upper[row, row]
            left[row + 1 :] -= np.outer(block.upper[row, row + 1 :], error)
        part = np.empty_like(left)
        part[block.order] = chosen
        codes[block.rows] = part
    return codes


def _descended(problem: _Problem, codes: FloatArray, scale: FloatArray, sweeps: int) -> FloatArray:
    """Each code to its best place while the others stay, until none moves."""
    result: FloatArray = codes.copy()
    for block in problem.blocks:
        part = result[block.rows]  # a view
        slope = block.moment @ (part * scale - problem.weight[block.rows])
        power = np.diag(block.moment)
        for _ in range(sweeps):
            best = problem.round(part - slope / (power[:, None] * scale))
            waiting = np.any(best != part, axis=1)
            if not waiting.any():
                break
            for row in block.order[waiting[block.order]]:
                wanted = problem.round(part[row] - slope[row] / (power[row] * scale))
                columns = np.flatnonzero(wanted != part[row])
                step = (wanted[columns] - part[row, columns]) * scale[columns]
                slope[:, columns] += np.outer(block.moment[:, row], step)
                part[row, columns] = wanted[columns]
    return result


def _least_squares(problem: _Problem, codes: FloatArray, scale: FloatArray) -> FloatArray:
    """The best scales for given codes; a column without any keeps its own."""
    above, below = np.zeros(len(scale)), np.zeros(len(scale))
    for block in problem.blocks:
        seen = block.moment @ codes[block.rows]
        above += np.einsum("ij,ij->j", seen, problem.weight[block.rows])
        below += np.einsum("ij,ij->j", seen, codes[block.rows])
    if problem.one:
        above, below = np.full_like(above, above.sum()), np.full_like(below, below.sum())
    good = (above > 0) & (below > 0)
    result: FloatArray = np.where(good, above / np.where(good, below, 1.0), scale)
    return result
