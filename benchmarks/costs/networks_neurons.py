"""Small networks that set the costs of neurons' kernels apart: choices of semantics 3.2, sizes, spikes, blocks."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Any

import numpy as np
from benchmarks.costs.networks import Rng, conv, population, port, single, sparse_weights, weights
from benchmarks.costs.runs import Case

from spikelet.model import (
    LifChoices,
    Population,
    ProjectionKind,
    RefractoryMode,
    ResetKind,
    Rounding,
    SourceMap,
    UOrder,
)

__all__ = ["any_neurons", "blocks", "integrators", "plain"]

#: Ticks of which some have no events, so that neurons come to rest and are driven again.
_TICKS = (0, 3, 20, 0, 6, 30, 30, 1, 0, 0, 12, 40, 40, 5, 2, 0, 0, 0, 0, 8)
_ONE = 65536


def _driven(name: str, rng: Rng, target: Population, way: dict[str, Any] | None = None, value: int = 1) -> Case:
    """Neurons behind 40 inputs; weights are for the most part positive."""
    made = way or {"weights": rng.integers(-30, 60, (40, target.size)).astype(np.int8)}
    return single(name, rng, made, target, port(40, value=value), densities=_TICKS)


def _resets() -> Iterator[dict[str, Any]]:
    """Resets that the plain kernel does."""
    for kind in ResetKind:
        yield {"reset_kind": kind}
        if kind is not ResetKind.NONE:
            for before in (False, True):
                yield {"reset_kind": kind, "reset_next": True, "reset_before_leak": before}


def plain(rng: Rng) -> Iterator[Case]:
    """The fast kernel: sizes, resets, neurons that rest, that end at v_min, and what it does one by one."""
    for n, reset in product((2, 8, 13, 40), _resets()):
        for level in (1500, 6000):
            more = {"fire_above": rng.integers(level // 2, 2 * level, n), "decay_v": 60000}
            if reset["reset_kind"] is ResetKind.SUBTRACT:
                more["reset"] = level
            yield _driven(f"plain {n} {reset}", rng, population(n, LifChoices(**reset), **more))
    for n in (1, 2, 3, 4, 5, 6, 7, 9, 16, 31, 64):
        yield _driven(f"plain rests {n}", rng, population(n), {"weights": _few(rng, n)})
        neurons = population(n, decay_v=62000, v_min=-200)
        way = {"weights": rng.integers(-60, 30, (40, n)).astype(np.int8)}
        yield _driven(f"plain low {n}", rng, neurons, way)
    for n in (5, 12, 40):
        for reset in _resets():
            neurons = population(n, LifChoices(**reset), decay_v=20000, fire_above=900)
            yield _driven(f"plain slow {n} {reset}", rng, neurons)
        for reset in _resets():
            parameters = {"decay_v": 60000, "fire_above": 2000, "v_min": rng.integers(-900, -100, n)}
            if reset["reset_kind"] is ResetKind.SUBTRACT:
                parameters["reset"] = 1500
            yield _driven(f"plain floors {n} {reset}", rng, population(n, LifChoices(**reset), **parameters))
        choices = LifChoices(reset_kind=ResetKind.SUBTRACT, reset_next=True, reset_before_leak=True)
        neurons = population(n, choices, decay_v=60000, fire_above=2000, reset=1500)
        yield _driven(f"plain subtract before {n}", rng, neurons)


def _few(rng: Rng, n: int) -> Any:
    """Weights that are 0 for the most part."""
    return (rng.integers(1, 60, (40, n)) * (rng.random((40, n)) < 0.06)).astype(np.int8)


def integrators(rng: Rng) -> Iterator[Case]:
    """The kernel without leak."""
    for n, kind in product((1, 2, 5, 16, 40), ResetKind):
        for level in (800, 5000):
            more = {"fire_above": level} | ({"reset": level} if kind is ResetKind.SUBTRACT else {})
            way = {"weights": weights(rng, (40, n), 4) + 4, "bits": 4}
            way["weights"] = np.clip(way["weights"], -8, 7).astype(np.int8)
            yield _driven(f"if {n} {kind.name} {level}", rng, population(n, LifChoices(reset_kind=kind), **more), way)
            several = population(n, LifChoices(reset_kind=kind, several=True), **more, count_by=level)
            yield _driven(f"if several {n} {kind.name} {level}", rng, several)
            own = {name: rng.integers(level - 90, level + 90, n) for name in more}
            each = population(n, LifChoices(reset_kind=kind, several=True), **own, count_by=own["fire_above"])
            yield _driven(f"if each {n} {kind.name} {level}", rng, each)
    for n in (5, 24):
        choices = LifChoices(reset_kind=ResetKind.SUBTRACT)
        neurons = population(n, choices, fire_above=3000, reset=3000, v_min=-300)
        way = {"weights": rng.integers(-8, 8, (40, n)).astype(np.int8), "bits": 4}
        yield _driven(f"if low {n}", rng, neurons, way)
        neurons = population(n, choices, fire_above=3000, reset=3000, v_min=rng.integers(-400, -200, n))
        yield _driven(f"if floors {n}", rng, neurons, way)


def any_neurons(rng: Rng) -> Iterator[Case]:
    """The kernel of all choices: each by itself, and at random together."""
    alone: list[dict[str, Any]] = [{"shift12": True}, {"rounding": Rounding.ZERO}, {"rounding": Rounding.NEAREST}]
    alone += [{"has_u": True, "u_order": order} for order in UOrder]
    alone += [{"add_then_decay": True}, {"has_u": True, "bias_to_v": True}, {"has_u": True, "rounding": Rounding.ZERO}]
    alone += [{"fires": False, "shift12": True}, {"has_u": True, "rounding": Rounding.NEAREST}]
    alone += [{"test_previous": True}, {"several": True, "shift12": True}]
    alone += [{"has_refractory": True, "refractory_mode": mode} for mode in RefractoryMode]
    alone += [{"has_a": True}, {"has_a": True, "adapt_decay_first": True}]
    alone += [{"reset_kind": kind, "shift12": True} for kind in ResetKind]
    for kind in (ResetKind.SET, ResetKind.SUBTRACT):
        for before in (False, True):
            late = {"reset_kind": kind, "reset_before_leak": before}
            alone += [{**late, "test_previous": True}, {**late, "reset_next": True, "shift12": True}]
    alone += [{"has_a": True, "reset_kind": ResetKind.SUBTRACT, "reset_adapted": True}]
    chosen = [*alone, *alone, *(_choices(rng) for _ in range(110))]
    for number, choices in enumerate(chosen):
        n = (11, 24)[number % 2] if number < 2 * len(alone) else int(rng.integers(4, 40))
        neurons = _neurons(rng, n, LifChoices(**choices))
        yield _driven(f"any {number} {choices}", rng, neurons)


def _choices(rng: Rng) -> dict[str, Any]:
    """Choices that semantics 3.2 allows together."""
    flip = lambda: bool(rng.integers(2))  # noqa: E731
    has_u, fires = flip(), rng.random() < 0.85
    has_refractory, has_a = fires and flip(), fires and flip()
    kind = ResetKind(int(rng.integers(3))) if fires else ResetKind.NONE
    next_tick = kind is not ResetKind.NONE and not has_refractory and not has_a and flip()
    previous = fires and not has_refractory and not next_tick and flip()
    return {
        "has_u": has_u,
        "u_order": UOrder(int(rng.integers(4))) if has_u else UOrder.DECAY_ADD_USE,
        "bias_to_v": flip(),
        "add_then_decay": flip(),
        "fires": fires,
        "test_previous": previous,
        "reset_kind": kind,
        "reset_next": next_tick,
        "reset_before_leak": kind is not ResetKind.NONE and (previous or next_tick) and flip(),
        "several": fires and flip(),
        "refractory_mode": RefractoryMode(int(rng.integers(3))) if has_refractory else RefractoryMode.IGNORE,
        "has_refractory": has_refractory,
        "has_a": has_a,
        "adapt_decay_first": has_a and flip(),
        "reset_adapted": has_a and kind is ResetKind.SUBTRACT and flip(),
        "rounding": Rounding(int(rng.integers(3))),
        "shift12": flip(),
    }


def _neurons(rng: Rng, n: int, c: LifChoices) -> Population:
    """A population with what its choices need."""
    one = 4096 if c.shift12 else _ONE
    level = int(rng.integers(1000, 5000))
    made: dict[str, Any] = {"decay_v": rng.integers(one * 3 // 4, one, n)}
    if c.fires:
        made["fire_above"] = rng.integers(level // 2, 2 * level, n)
    if c.reset_kind is ResetKind.SUBTRACT:
        made["reset"] = level
    if c.has_u:
        made["decay_u"] = one // 2
    if c.has_a:
        made |= {"decay_a": one * 7 // 8, "adapt_by": level // 8}
    if c.several:
        made["count_by"] = level
    if c.has_refractory:
        made["refractory"] = 2
    if rng.random() < 0.5:
        made["bias"] = rng.integers(-20, 20, n)
    return population(n, c, **made)


def blocks(rng: Rng) -> Iterator[Case]:
    """Populations in blocks, of which some rest."""
    source = SourceMap(channels=2, height=14, width=14)
    kinds: list[tuple[LifChoices | None, dict[str, Any]]] = [
        (LifChoices(reset_kind=ResetKind.SUBTRACT), {"fire_above": 900, "reset": 900}),
        (LifChoices(several=True, reset_kind=ResetKind.SUBTRACT), {"fire_above": 900, "reset": 900}),
        (None, {}),
        (LifChoices(reset_kind=ResetKind.SET), {"decay_v": 63000, "fire_above": 900}),
        (LifChoices(reset_kind=ResetKind.SET, shift12=True), {"decay_v": 4000, "fire_above": 900}),
    ]
    densities = (0, 1, 0, 2, 0, 5, 0, 0, 10, 40, 0, 0, 0, 60, 60)
    for number, (choices, parameters) in enumerate(kinds):
        for out, block in ((4, 4), (8, 6), (6, 5), (4, 7)):
            way = conv(rng, source, out, (3, 3))
            size = way["target_map"].size
            own = {name: rng.integers(value - 50, value + 50, size) for name, value in parameters.items()}
            neurons = population(size, choices, block=block, **(own if out == 6 and choices else parameters))
            name = f"blocks {number} {out} {block}"
            yield single(name, rng, way, neurons, port(source.size), densities=densities)
        neurons = population(70, choices, block=4, **parameters)
        made = sparse_weights(rng, 60, 70, 0.1)
        way = {"kind": ProjectionKind.SPARSE, "weights": made}
        yield single(f"blocks {number} sparse", rng, way, neurons, port(60), densities=densities)
        way = {"weights": weights(rng, (60, 70))}
        yield single(f"blocks {number} dense", rng, way, neurons, port(60), densities=densities)
        way = {**way, "delays": rng.integers(0, 3, 70).astype(np.int32)}
        yield single(f"blocks {number} late", rng, way, neurons, port(60), densities=densities)
