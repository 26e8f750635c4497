"""Loihi's neuron (lava-dl's CUBA) as a population of the network, and whether 24 bits are enough for it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from spikelet.converters.nodes import FloatArray, Neurons, Shape, size_of
from spikelet.model import LifChoices, ResetKind, Rounding

__all__ = ["ACCUMULATE", "SHIFT", "Cuba", "Whole", "extremes", "population"]

Whole = npt.NDArray[np.int64]
#: Weights, biases and thresholds stand 6 bits above the smallest unit of u and v.
SHIFT = 6
#: Loihi's u and v have 24 bits: u wraps around, v is clipped.
_LIMIT = 2**23 - 1
#: Most fraction bits of a population (semantics 1.2).
_MAX_FRAC = 20
#: Largest current of an input neuron: Loihi's bias mantissa has 13 bits.
_MAX_CURRENT = 2**12


@dataclass(frozen=True, slots=True, kw_only=True)
class Cuba:
    """A layer's neuron: decays of 4096 and the threshold before its shift, int64 by channel or of shape (1,).

    A spike through a weight w adds w 2^(6 + exponent) to u.
    """

    i_decay: Whole
    v_decay: Whole
    threshold: Whole
    exponent: int = 0

    @property
    def fires(self) -> bool:
        """Whether v can come above a threshold."""
        return bool(np.any(self.threshold << SHIFT < _LIMIT))


#: What lava's netx takes for a dense layer without neurons: u adds up all input, and v is u.
ACCUMULATE = Cuba(i_decay=np.zeros(1, np.int64), v_decay=np.array([4096]), threshold=np.array([2**18 - 1]))


def population(
    shape: Shape, cuba: Cuba, *, weight: Whole, bias: Whole, most: FloatArray, direct: bool = False
) -> tuple[Neurons, list[str]]:
    """The neurons of a layer.

        u = rz(u (4096 - iDecay) / 4096) + 64 2^wgtExp sum(w)
        v = clip(rz(v (4096 - vDecay) / 4096) + u + 64 bias);  v > 64 vThMant: fire, v = 0

    with rz rounding towards zero.

    Args:
        shape: of the population, channels first.
        cuba: the file's neuron.
        weight: all weights into it, as stored.
        bias: mantissas, by channel or of shape (1,).
        most: smallest and largest sum of weights of a tick, shape (2, channels).
        direct: the input goes to v, and there is no u.

    Returns:
        The neurons, with `v_min` where v may come to Loihi's clip; and what 24 bits could be too few for.

    Source: lava 0.10, proc/lif/models.py (PyLifModelBitAcc).
    """
    size = size_of(shape)

    def full(values: FloatArray | Whole | float) -> FloatArray:
        flat = np.asarray(values, dtype=np.float64).reshape(-1)
        return np.repeat(flat, size // len(flat)) if len(flat) > 1 else np.full(size, flat[0])

    v_min, unproven = _limits(cuba, most=most, bias=bias, direct=direct)
    fires = cuba.fires
    neurons = Neurons(
        shape=shape,
        choices=LifChoices(
            has_u=not direct,
            bias_to_v=not direct and bool(np.any(bias)),
            fires=fires,
            reset_kind=ResetKind.SET if fires else ResetKind.NONE,
            rounding=Rounding.ZERO,
            shift12=True,
        ),
        strict=True,
        decay_v=full(1 - cuba.v_decay / 4096),
        decay_u=full(1.0 if direct else 1 - cuba.i_decay / 4096),
        gain=full(1.0),
        threshold=full(cuba.threshold << SHIFT if fires else np.inf),
        reset=full(0.0),
        count_by=full(1.0),
        bias=full(bias << SHIFT),
        v_min=full(v_min),
        v_init=full(0.0),
        offset=full(0.0),
        unit=_unit(weight, cuba.exponent),
    )
    return neurons, unproven


def extremes(weight: Whole) -> FloatArray:
    """Smallest and largest sum that spikes of a tick can bring each row, shape (2, rows)."""
    rows = weight.reshape(len(weight), -1)
    return np.stack([np.minimum(rows, 0).sum(axis=1), np.maximum(rows, 0).sum(axis=1)]).astype(np.float64)


def _limits(cuba: Cuba, *, most: FloatArray, bias: Whole, direct: bool) -> tuple[float, list[str]]:
    """Loihi's clip of v from below, -inf where v never comes there; and what is not proven.

    Clipped from above, v is above every threshold, so that only neurons that never fire can tell.
    """
    brought = most * 2.0 ** (SHIFT + cuba.exponent)
    u = np.array([[-1.0], [1.0]]) * (_MAX_CURRENT << SHIFT) if direct else _steady(brought, cuba.i_decay)
    biased = np.stack([np.minimum(bias, 0), np.maximum(bias, 0)]) * 2.0**SHIFT
    low, high = _steady(u + biased, cuba.v_decay)
    unproven = []
    if np.any(np.abs(u) > _LIMIT):
        unproven.append(f"u up to {np.max(np.abs(u)):.0f}")
    if not cuba.fires and np.any(high > _LIMIT):
        unproven.append(f"v up to {np.max(high):.0f}")
    return (-np.inf if np.all(low >= -_LIMIT) else float(-_LIMIT)), unproven


def _steady(each: FloatArray, decay: Whole) -> FloatArray:
    """What a leaky sum of so much a tick stays below."""
    with np.errstate(divide="ignore", invalid="ignore"):
        bound: FloatArray = np.where(each == 0, 0.0, each * 4096 / decay)
    return bound


def _unit(weight: Whole, exponent: int) -> float:
    """Largest power of 2 that all weights are multiples of, in units of u."""
    together = int(np.bitwise_or.reduce(np.abs(weight).reshape(-1)))
    twos = (together & -together).bit_length() - 1 if together else 0
    return float(2 ** min(SHIFT + exponent + twos, _MAX_FRAC))
