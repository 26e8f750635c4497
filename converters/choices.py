"""What a network's file leaves open: each choice with its values, what they mean, and for which nodes they matter.

docs/explanation/conventions.md explains each choice.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from spikelet.converters.nodes import Node

__all__ = ["CHOICES", "CURRENT", "FIRING", "LEAKING", "NEURONS", "OTHERS", "TEXTS", "Choice", "kind_of", "values_of"]

FIRING = frozenset({"IF", "LIF", "CubaLIF"})
LEAKING = frozenset({"LI", "LIF", "CubaLI", "CubaLIF"})
CURRENT = frozenset({"CubaLI", "CubaLIF"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One thing that a file leaves open: its values with their meaning, and the kinds of nodes that it matters for."""

    values: Mapping[Any, str]
    kinds: frozenset[str]


CHOICES: Mapping[str, Choice] = {
    "comparison": Choice(
        values={
            ">": "v > threshold fires (snnTorch, Norse, spyx, lava)",
            ">=": "v >= threshold fires (SpikingJelly, sinabs, Rockpool)",
        },
        kinds=FIRING | {"Threshold"},
    ),
    "reset": Choice(
        values={
            "zero": "a spike sets v to 0",
            "v_reset": "a spike sets v to the file's v_reset",
            "subtract": "a spike takes the threshold away from v",
            "none": "v stays as it is: a spike in every tick above the threshold",
        },
        kinds=FIRING,
    ),
    "reset_time": Choice(
        values={
            "now": "the reset happens in the tick of the spike",
            "next": "the reset happens in the update of the next tick (snnTorch)",
        },
        kinds=FIRING,
    ),
    "reset_place": Choice(
        values={
            "before_leak": "a late reset acts on the old v: the input of its tick survives",
            "after_sum": "a late reset acts on the finished sum: reset to zero swallows the input of its tick",
        },
        kinds=FIRING,
    ),
    "fire_time": Choice(
        values={
            "now": "the spike leaves in the tick in which v crosses the threshold",
            "next": "the spike leaves one tick later (spyx, lava)",
        },
        kinds=FIRING,
    ),
    "several": Choice(
        values={
            False: "at most one spike a tick",
            True: "trunc(v / threshold) spikes a tick (default of sinabs; Rockpool)",
        },
        kinds=FIRING,
    ),
    "u_order": Choice(
        values={
            "decay_add_use": "i = a i + x, then v takes the new i (snnTorch, SpikingJelly, spyx, lava)",
            "add_decay_use": "i = a (i + x), then v takes it (Rockpool)",
            "add_use_decay": "i = i + x, v takes it, then i decays (Norse)",
            "use_decay_add": "v takes the old i: input reaches v one tick later (strict forward Euler)",
        },
        kinds=CURRENT,
    ),
    "input_place": Choice(
        values={
            "after_leak": "v = b v + x",
            "before_leak": "v = b (v + x)",
        },
        kinds=LEAKING,
    ),
    "decay": Choice(
        values={
            "euler": "1 - dt / tau",
            "exp": "exp(-dt / tau)",
            "steps": "exp(-1 / tau), tau in ticks (sinabs)",
            "from_r": "1 - 1 / r and 1 - 1 / w_in (snnTorch)",
            "r": "r itself (spyx)",
            "norse": "1 - dt file_dt / tau (Norse)",
            "rockpool": "exp(-y) with exp(-y) / y = r (Rockpool)",
        },
        kinds=LEAKING,
    ),
    "v_gain": Choice(
        values={
            "one": "input is added to v as it is",
            "r": "input times r (1 - decay); r dt for I and IF",
            "norm": "input times (1 - decay)",
        },
        kinds=LEAKING | {"I", "IF"},
    ),
    "u_gain": Choice(
        values={
            "one": "input is added to i as it is",
            "w_in": "input times w_in (1 - decay of i)",
        },
        kinds=CURRENT,
    ),
    "v_init": Choice(values={"zero": "v starts at 0", "v_leak": "v starts at v_leak"}, kinds=LEAKING),
}

#: Kinds of nodes that conventions are settled for.
NEURONS = FIRING | LEAKING | {"I", "Threshold"}
#: What can be said besides CHOICES.
OTHERS = frozenset(
    {"norm_input", "file_dt", "v_min", "v_reset", "decay_bits", "defaults", "cycle_delay", "delay_rounding"}
)
TEXTS = {
    "dt": "the tick in seconds; the file has time constants but no time step",
    "file_dt": "what Norse's to_nir(dt=) multiplied tau by: 1e-3 is its default, 1.0 leaves true seconds",
    "v_min": "a number (min_v_mem), '-threshold', or 'none': lower clamp of v",
    "delay_rounding": "'nearest': delays that are no whole number of ticks are rounded",
}


def kind_of(node: Node) -> str:
    """NIR's name of a node's kind."""
    name = type(node).__name__
    return "I" if name == "Integrator" else name


def values_of(name: str, framework: str = "") -> list[str]:
    """What can be said for a choice, and what it means."""
    if name == "v_gain" and framework == "sinabs":
        return [
            "norm_input=True: input times (1 - decay) (sinabs' default for LIF)",
            "norm_input=False: input as it is",
        ]
    if name in TEXTS:
        return [f"{name}=: {TEXTS[name]}"]
    return [f"{name}={value!r}: {text}" for value, text in CHOICES[name].values.items()]
