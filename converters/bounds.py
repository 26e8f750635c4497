"""What can be proven about the numbers of a tick from weights and port limits."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spikelet.converters.nodes import FloatArray, Neurons
from spikelet.model import V_MAX, Rounding

__all__ = ["Bounds", "Fraction", "Source", "current_bound", "fraction", "input_bound", "potential_bound"]

#: Fraction bits below which decay leaves 1/64 of a weight unit a tick (DESIGN.md section 5).
_BELOW_TAU = 6
_MAX_FRAC = 20
_WITHOUT_LEAK = 12
#: An integrator without leak shall hold this many thresholds.
_ROOM = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """What a source may send in one tick."""

    size: int
    max_value: int
    max_sum: int
    negative: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """Largest absolute values in weight units, shape (size,); infinite where nothing holds."""

    given: FloatArray
    v: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Fraction:
    """Fraction bits, the rounding that goes with them, whether v provably never saturates, time constants [ticks]."""

    frac: int
    rounding: Rounding
    proven: bool
    leaks: bool
    tau: float


def input_bound(weights: FloatArray, source: Source) -> FloatArray:
    """Largest |sum of weight * value| of a tick for each target, shape (targets,).

    The worst tick spends `max_sum` on the sources with the largest weights of one sign.
    """
    parts = [np.abs(weights)] if source.negative else [np.maximum(weights, 0), np.maximum(-weights, 0)]
    full, rest = divmod(source.max_sum, source.max_value)
    bounds: list[FloatArray] = []
    for part in parts:
        if full >= len(part):
            bounds.append(part.sum(axis=0) * source.max_value)
            continue
        ordered = -np.sort(-part, axis=0)
        bounds.append(ordered[:full].sum(axis=0) * source.max_value + ordered[full] * rest)
    return np.maximum(bounds[0], bounds[-1])


def _steady(value: FloatArray, decay: FloatArray) -> FloatArray:
    """The limit of y = decay y + value."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(value == 0, 0.0, np.where(decay < 1, value / (1 - decay), np.inf))


def current_bound(node: Neurons, given: FloatArray) -> FloatArray:
    """Largest |current| into v that inputs up to `given` can make."""
    return _steady(given, node.decay_u) if node.choices.has_u else given


def potential_bound(node: Neurons, given: FloatArray) -> FloatArray:
    """Largest |v| that inputs up to `given` (bias included) can reach, spikes aside.

    Decay only shrinks what came in, so |v| stays below the limit of constant largest input; a reset
    sets v to a known value or moves it towards 0 and at most the reset's size beyond.
    """
    return np.maximum(_steady(current_bound(node, given), node.decay_v), np.abs(node.v_init))


def ticks_of(decay: FloatArray) -> float:
    """The longest time constant of decays below 1, in ticks; 1 where there is none."""
    leaking = decay[decay < 1]
    return float(np.max(1.0 / (1.0 - leaking), initial=1.0))


def fraction(
    node: Neurons, *, given: FloatArray, v: FloatArray, held: FloatArray, sent: int, frac: int | None
) -> Fraction:
    """Choose fraction bits: 6 below the time constant where they fit; without leak, what fast kernels can take.

    Args:
        node: decays, and the bias in weight units; the rest of it is not looked at.
        given: largest |input + bias|, in weight units.
        v: proven largest |v|, in weight units.
        held: largest of |threshold|, |reset|, ..., in weight units.
        sent: what semantics 2.3 counts for all sources: fast kernels need 128 sent 2^frac within V_MAX.
        frac: what the caller wants; None: chosen here.

    Returns:
        Its `frac` is negative where even 0 bits are too many.
    """
    tau = ticks_of(np.concatenate([node.decay_v, node.decay_u if node.choices.has_u else node.decay_v]))
    leaks = bool(np.any((node.decay_v > 0) & (node.decay_v < 1)) or (node.choices.has_u and np.any(node.decay_u < 1)))
    bias = float(np.max(np.minimum(np.abs(node.bias), 1e300), initial=0.0))
    fast = int(np.floor(np.log2(V_MAX / (128 * max(sent, 1) + bias))))
    wanted = max(_BELOW_TAU, min(_WITHOUT_LEAK, fast))
    if leaks:
        wanted = min(_MAX_FRAC, _BELOW_TAU + int(np.ceil(np.log2(tau))))
    largest = float(min(max(np.max(given), np.max(held), 1.0), 1e300))  # beyond is refused all the same
    room = int(np.floor(np.log2(V_MAX / largest)))
    if not np.all(np.isfinite(v)):
        wanted = min(wanted, int(np.floor(np.log2(V_MAX / (_ROOM * max(float(np.max(held)), 1.0))))))
    chosen = frac if frac is not None else min(wanted, room)
    short = leaks and chosen < wanted
    proven = bool(np.all(v * 2.0**chosen <= V_MAX))
    return Fraction(
        frac=chosen if chosen <= room else -1,
        rounding=Rounding.NEAREST if short else Rounding.FLOOR,
        proven=proven,
        leaks=leaks,
        tau=tau,
    )
