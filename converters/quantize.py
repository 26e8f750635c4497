"""From a lowered float network to the integer model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from spikelet.converters.bounds import Fraction, Source, current_bound, fraction, potential_bound
from spikelet.converters.lowbits_layers import Layer
from spikelet.converters.nodes import Convolution, Dense, FloatArray, Neurons, Sparse, Weighted
from spikelet.converters.rounding import (
    MAX_MOMENT,
    choose_scales,
    round_compensated,
    round_nearest,
    snap,
    weight_moment,
)
from spikelet.converters.weights import columns, groups_of, input_bounds, with_values
from spikelet.errors import ConvertError
from spikelet.model import V_MAX, Int32Array, LifChoices, Population, PopulationKind, ResetKind, Rounding

__all__ = ["REST", "Given", "Quantised", "Settings", "delay_line", "quantise"]

#: Semantics 2.3: sum over projections of size times largest value.
_MAX_SUM = 2**23
_MAX_COUNT = 32767
#: Behind the name of a projection: what its weights have beyond 8 bits.
REST = " (rest)"
#: Weights below which their autocorrelation is chance.
_FEW = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How to round.

    `weight_bits` is for all populations, `bits` for single ones, by path. `compared` are populations
    whose potentials are compared with each other: one scale for each. `moments` are second moments of sources,
    by path, where data gave them; `layers` are populations that were rounded to data; `weight_share` is how
    much the estimate from the weights counts beside them.
    """

    weight_bits: int = 8
    bits: Mapping[str, int] = field(default_factory=dict)
    scale: str = "auto"
    frac: int | None = None
    rounding: Rounding | None = None
    compared: frozenset[str] = frozenset()
    moments: Mapping[str, FloatArray] = field(default_factory=dict)
    weight_share: float = 0.0
    layers: Mapping[str, Layer] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """Weights into a population: from where, in which form, and what the source may send in a tick.

    `sum` is what semantics 2.3 counts for it.
    """

    source: str
    weights: Weighted
    limits: Source
    sum: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantised:
    """A population in integers: `weights` by path of the projection, in its form, whole numbers.

    `scale` is the size of a weight unit, shape (size,); `bits` what each weight is stored with.
    """

    population: Population
    weights: Mapping[str, Weighted]
    bits: int
    scale: FloatArray
    report: Mapping[str, Any]


def quantise(
    path: str, node: Neurons, given: Mapping[str, Given], settings: Settings, *, most_spikes: int
) -> Quantised:
    """Make integers of a population and of all weights into it.

    A state unit is scale / 2^frac of the network's units. `v > threshold` becomes
    `v > floor(threshold in units)`, and `v >= threshold` `v > ceil(...) - 1`: both are exact on the
    integer grid. All other values are rounded to the nearest unit.

    Args:
        path: of the population.
        node: its neurons.
        given: all weights into it, by path of the projection.
        settings: how to round.
        most_spikes: of a tick, that its consumers can take.

    Raises:
        ConvertError: a value has no place in int32, a leak none in its factor.

    Source: docs/explanation/conventions.md; docs/reference/semantics 2.3, 3.1.
    """
    real = {name: part.weights for name, part in given.items()}
    if path in settings.layers:
        node = replace(node, bias=settings.layers[path].bias)
    scale, whole = _rounded(path, node, given, settings)
    total = sum(given[name.removesuffix(REST)].sum for name in whole)
    if total > _MAX_SUM:
        raise ConvertError(
            path,
            "sources",
            found=f"up to {total} in a tick",
            allowed=f"{_MAX_SUM} (sum over sources of size times largest value)",
            hint="Lower max_value= or max_sum= of the input, or several=False.",
        )
    bias = node.bias / scale
    most = sum(
        (input_bounds(part, given[name.removesuffix(REST)].limits) for name, part in whole.items()), np.zeros(node.size)
    )
    most = most + np.abs(bias)
    v_bound = potential_bound(node, most)
    node = _never(node, scale, v_bound)
    chosen = _fraction(path, node, scale, given=most, v=v_bound, sent=total, settings=settings)
    unit = scale / 2.0**chosen.frac
    max_count = min(_max_count(node, scale, most, v_bound), most_spikes)
    parameters = _parameters(path, node, unit)
    choices = replace(node.choices, rounding=chosen.rounding)
    bits = _stored(settings.bits.get(path, settings.weight_bits))
    report = {
        "name": path,
        "scale": _short(scale),
        "frac": chosen.frac,
        "rounding": chosen.rounding.name.lower(),
        "tau_ticks": float(f"{chosen.tau:.4g}"),
        "offset": _short(node.offset),
        "input_bound": float(f"{np.max(most):.6g}"),
        "v_bound": float(f"{np.max(v_bound):.6g}") if np.all(np.isfinite(v_bound)) else None,
        "never_saturates": chosen.proven,
        "weight_error": _weight_error(real, whole, scale),
    }
    return Quantised(
        population=Population(
            name=path,
            size=node.size,
            frac=chosen.frac,
            choices=choices,
            parameters=parameters,
            max_count=max_count,
        ),
        weights=whole,
        bits=bits,
        scale=scale,
        report=report,
    )


def delay_line(path: str, ticks: Int32Array, size: int, *, max_count: int) -> Quantised:
    """A population that only delays.

    Raises:
        ConvertError: a tick may bring one neuron more than an event can carry.
    """
    if max_count > _MAX_COUNT:
        raise ConvertError(
            path,
            "delay",
            found=f"events of one neuron that add up to {max_count} in a tick",
            allowed=f"{_MAX_COUNT} behind a delay",
            hint="Lower max_sum= of the input.",
        )
    return Quantised(
        population=Population(
            name=path,
            size=size,
            frac=0,
            choices=LifChoices(several=max_count > 1),
            parameters={"delay": ticks},
            max_count=max_count,
            kind=PopulationKind.DELAY,
        ),
        weights={},
        bits=8,
        scale=np.ones(size),
        report={"name": path, "scale": 1.0, "frac": 0},
    )


def _stored(bits: int) -> int:
    """Bits of storage that hold weights of `bits`."""
    return next(stored for stored in (1, 2, 4, 8) if stored >= bits)


def _rounded(
    path: str, node: Neurons, given: Mapping[str, Given], settings: Settings
) -> tuple[FloatArray, dict[str, Weighted]]:
    """The weight unit of each neuron, and whole weights."""
    real = {name: part.weights for name, part in given.items()}
    if node.unit is not None:
        exact = [pair for name, part in real.items() for pair in _exact(path, name, part, node.unit)]
        return np.full(node.size, node.unit), dict(exact)
    if path in settings.layers:
        return settings.layers[path].scale, dict(settings.layers[path].codes)
    bits = settings.bits.get(path, settings.weight_bits)
    if bits == 1:
        raise ConvertError(
            path, "weights", found="1 bit", allowed="with calibration=", hint="So few bits are fitted to data."
        )
    limit = 2 ** (bits - 1) - 1
    maps = any(isinstance(part, Convolution) for part in real.values())
    # One unit for a map: its neurons share thresholds and resets, which else take more flash than its weights.
    one = settings.scale == "population" or path in settings.compared
    one |= settings.scale == "auto" and maps and bits > 4
    groups = groups_of(node.size, list(real.values()), one=one)
    n = int(groups[-1]) + 1
    if one and not maps:
        groups, n = np.arange(node.size), node.size  # columns stay, their scale is one
    parts = [columns(part, groups) for part in real.values()]
    table = np.concatenate(parts) if parts else np.zeros((1, n))
    scale = choose_scales(table, limit=limit, per_population=one)[groups]
    return scale, {
        name: _integers(part.weights, scale, limit, settings, part.source) for name, part in given.items()
    }  # fmt: skip


def _exact(path: str, name: str, part: Weighted, unit: float) -> list[tuple[str, Weighted]]:
    """Weights of a file whose numbers are whole; those of nine bits are the sum of two."""
    values = (part.weight.data if isinstance(part, Sparse) else part.weight) / unit
    whole = np.rint(values)
    if np.any(np.abs(values - whole) > 1e-6) or np.any((whole < -256) | (whole > 254)):
        raise ConvertError(
            path,
            "weight",
            found=f"weights up to {np.max(np.abs(values)):g} units",
            allowed="whole numbers from -256 to 254 units",
            hint="Export the network with weights of 8 bits, as Loihi has them.",
        )
    first = np.clip(whole, -128, 127)
    parts = [(name, with_values(part, first))]
    return parts if np.array_equal(first, whole) else [*parts, (name + REST, with_values(part, whole - first))]


def _integers(part: Weighted, scale: FloatArray, limit: int, settings: Settings, source: str) -> Weighted:
    """Round weights so that errors make up for each other; to the nearest where that is exact or little is known."""
    if isinstance(part, Sparse):
        return with_values(part, round_nearest(part.weight.data, scale[part.weight.indices], limit))
    if isinstance(part, Convolution):
        channels = scale[:: part.target_map.height * part.target_map.width]
        return with_values(part, round_nearest(part.weight, channels[:, None, None, None], limit))
    weight = part.weight
    nearest = round_nearest(weight, scale, limit)
    data = settings.moments.get(source) if part.source_map is None else None
    if np.allclose(nearest * scale, weight, rtol=1e-6, atol=0) or (data is None and weight.size < _FEW):
        return with_values(part, nearest)
    if data is not None:
        moment = data + settings.weight_share * weight_moment(weight)
        return with_values(part, round_compensated(weight, scale, limit, moment))
    blocks = [weight[start : start + MAX_MOMENT] for start in range(0, len(weight), MAX_MOMENT)]
    rounded = [round_compensated(block, scale, limit, weight_moment(block)) for block in blocks]
    return with_values(part, np.concatenate(rounded))


def _never(node: Neurons, scale: FloatArray, v_bound: FloatArray) -> Neurons:
    """A threshold that provably no input reaches becomes infinite (such as 1e9 for "never")."""
    never = node.threshold > scale * v_bound * 1.01
    if not node.choices.fires or not never.any():
        return node
    subtract = node.choices.reset_kind is ResetKind.SUBTRACT
    return replace(
        node,
        threshold=np.where(never, np.inf, node.threshold),
        reset=np.where(never & subtract, 0.0, node.reset),
        count_by=np.where(never, scale, node.count_by),
    )


def _fraction(
    path: str, node: Neurons, scale: FloatArray, *, given: FloatArray, v: FloatArray, sent: int, settings: Settings
) -> Fraction:
    if node.unit is not None:  # the file's own integers: a state unit is 1
        settings = replace(settings, frac=round(np.log2(node.unit)), rounding=Rounding.ZERO)
    finite = np.where(np.isfinite(node.threshold), np.abs(node.threshold), 0.0)
    lower = np.where(np.isfinite(node.v_min), np.abs(node.v_min), 0.0)
    values = [finite, np.abs(node.reset), lower, np.abs(node.v_init), node.count_by * node.choices.several]
    held = np.max(values, axis=0) / scale
    in_units = replace(node, bias=node.bias / scale)
    chosen = fraction(in_units, given=given, v=v, held=held, sent=sent, frac=settings.frac)
    firing = node.choices.fires & np.isfinite(node.threshold) & (node.threshold != 0)
    smallest = float(np.min(finite[firing] / scale[firing], initial=np.inf))
    # A leak that rounds each tick is wrong by up to tau units in the end, a bias by half a unit a tick.
    biased = bool(np.any(node.bias / scale * 2.0**chosen.frac % 1 != 0))
    error = max(chosen.tau, 1 + biased) / 2.0 ** max(chosen.frac, 0) if chosen.leaks or biased else 0.0
    if chosen.frac < 0 or (settings.frac is None and error > max(smallest / 16, 1 / 64)):
        raise ConvertError(
            path,
            "range",
            found=(
                f"inputs up to {np.max(given):.4g}, thresholds and resets up to {np.max(held):.4g} weight units"
                f" with time constants up to {chosen.tau:.4g} ticks"
                + (f" and frac={settings.frac}" if settings.frac is not None else "")
            ),
            allowed=f"numbers up to {V_MAX} with at least 6 bits below the time constant",
            hint="Use a longer tick, fewer weight_bits, a smaller max_value of the input, or frac=.",
        )
    return replace(chosen, rounding=settings.rounding) if settings.rounding is not None else chosen


def _max_count(node: Neurons, scale: FloatArray, given: FloatArray, v_bound: FloatArray) -> int:
    """Most spikes of a tick: what inputs can lift v to, above where a reset at once leaves it."""
    if not node.choices.several:
        return 1
    after = v_bound
    if node.choices.reset_kind is not ResetKind.NONE and not (node.choices.reset_next or node.choices.test_previous):
        kept = node.threshold if node.choices.reset_kind is ResetKind.SUBTRACT else node.reset
        start = np.maximum(np.maximum(node.threshold, kept), node.v_init) / scale
        after = np.minimum(v_bound, start + (current_bound(node, given)))
    most = np.max(np.where(np.isfinite(node.threshold), after * scale / node.count_by, 0.0)) + 1
    return int(min(most, node.most or _MAX_COUNT))


def _parameters(path: str, node: Neurons, unit: FloatArray) -> dict[str, Int32Array]:
    """All parameters that are not what "absent" means (semantics 3.1)."""
    choices = node.choices
    bits = 12 if choices.shift12 else 16
    values: dict[str, FloatArray] = {}
    if np.any(node.decay_v != 1):
        values["decay_v"] = _decay(path, "decay_v", node.decay_v, bits)
    if choices.has_u and np.any(node.decay_u != 1):
        values["decay_u"] = _decay(path, "decay_u", node.decay_u, bits)
    if choices.fires:
        threshold = np.where(np.isfinite(node.threshold), node.threshold, 0.0) / unit
        above = np.floor(snap(threshold)) if node.strict else np.ceil(snap(threshold)) - 1
        values["fire_above"] = np.where(np.isfinite(node.threshold), above, V_MAX)
    if choices.reset_kind is not ResetKind.NONE and np.any(node.reset != 0):
        values["reset"] = np.rint(node.reset / unit)
    if np.any(node.bias != 0):
        values["bias"] = np.rint(node.bias / unit)
    if np.any(np.isfinite(node.v_min)):
        values["v_min"] = np.maximum(np.rint(node.v_min / unit), -V_MAX)
    if np.any(node.v_init != 0):
        values["v_init"] = np.rint(node.v_init / unit)
    if choices.several:
        values["count_by"] = np.maximum(np.rint(node.count_by / unit), 1)
    if "v_min" in values and (np.any(values["v_min"] > 0) or np.any(values.get("v_init", 0) < values["v_min"])):
        raise ConvertError(
            path, "v_min", found="a clamp above the initial potential", allowed="at most 0 and the initial v", hint=""
        )
    for name, value in values.items():
        if np.any(np.abs(value) > V_MAX):
            raise ConvertError(
                path,
                name,
                found=f"{np.max(np.abs(value)):.0f} units",
                allowed=f"at most {V_MAX}",
                hint="Fewer fraction bits (frac=) or a larger scale (scale='population').",
            )
    return {name: _compact(value) for name, value in values.items()}


def _decay(path: str, name: str, decay: FloatArray, bits: int) -> FloatArray:
    """Factors of 2^bits; a leak that they cannot hold within a tenth is refused."""
    whole: FloatArray = np.rint(decay * 2**bits)
    leak, kept = 1 - decay, 1 - whole / 2**bits
    wrong = np.abs(kept - leak) > 0.1 * leak
    if np.any(wrong & (leak > 0)):
        tau = float(np.max(1 / leak[wrong & (leak > 0)]))
        raise ConvertError(
            path,
            name,
            found=f"a time constant of {tau:.4g} ticks",
            allowed=f"up to about {2**bits // 10 * 2} ticks: the factor has {bits} bits",
            hint="Use a longer tick, or a neuron without leak.",
        )
    return whole


def _compact(value: FloatArray) -> Int32Array:
    whole = value.astype(np.int32)
    return whole[:1].copy() if np.all(whole == whole[0]) else whole


def _weight_error(real: Mapping[str, Weighted], whole: Mapping[str, Weighted], scale: FloatArray) -> float:
    """Root mean square error of the weights, relative to that of the weights."""
    wrong = size = 0.0
    for name, part in real.items():
        if name + REST in whole:
            continue  # it is exact
        weight, units = (p.weight.data if isinstance(p, Sparse) else p.weight for p in (part, whole[name]))
        wrong += float(np.sum((units * _spread(part, scale) - weight) ** 2))
        size += float(np.sum(weight**2))
    return float(f"{np.sqrt(wrong / size):.3g}") if size > 0 else 0.0


def _spread(part: Weighted, scale: FloatArray) -> FloatArray:
    """The scale of each stored weight, in a shape that multiplies."""
    if isinstance(part, Sparse):
        spread: FloatArray = scale[part.weight.indices]
        return spread
    if isinstance(part, Dense):
        return scale
    return scale[:: part.target_map.height * part.target_map.width][:, None, None, None]


def _short(values: FloatArray) -> float | list[float]:
    """Six digits, one number where all are equal: this is for people and reports."""
    rounded = [float(f"{value:.6g}") for value in values]
    return rounded[0] if len(set(rounded)) == 1 else rounded
