"""What a network's file leaves open: settled by a framework's conventions or by the caller, never by a guess.

docs/explanation/conventions.md explains each choice.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from spikelet.converters.frameworks import FRAMEWORKS, Profile, file_facts, producer_hint
from spikelet.converters.graph import Network
from spikelet.converters.nodes import Node
from spikelet.errors import ConvertError

__all__ = ["CHOICES", "Choice", "Conventions", "kind_of", "resolve"]

_FIRING = frozenset({"IF", "LIF", "CubaLIF"})
_LEAKING = frozenset({"LI", "LIF", "CubaLI", "CubaLIF"})
_CURRENT = frozenset({"CubaLI", "CubaLIF"})


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
        kinds=_FIRING | {"Threshold"},
    ),
    "reset": Choice(
        values={
            "zero": "a spike sets v to 0",
            "v_reset": "a spike sets v to the file's v_reset",
            "subtract": "a spike takes the threshold away from v",
            "none": "v stays as it is: a spike in every tick above the threshold",
        },
        kinds=_FIRING,
    ),
    "reset_time": Choice(
        values={
            "now": "the reset happens in the tick of the spike",
            "next": "the reset happens in the update of the next tick (snnTorch)",
        },
        kinds=_FIRING,
    ),
    "reset_place": Choice(
        values={
            "before_leak": "a late reset acts on the old v: the input of its tick survives",
            "after_sum": "a late reset acts on the finished sum: reset to zero swallows the input of its tick",
        },
        kinds=_FIRING,
    ),
    "fire_time": Choice(
        values={
            "now": "the spike leaves in the tick in which v crosses the threshold",
            "next": "the spike leaves one tick later (spyx, lava)",
        },
        kinds=_FIRING,
    ),
    "several": Choice(
        values={
            False: "at most one spike a tick",
            True: "trunc(v / threshold) spikes a tick (default of sinabs; Rockpool)",
        },
        kinds=_FIRING,
    ),
    "u_order": Choice(
        values={
            "decay_add_use": "i = a i + x, then v takes the new i (snnTorch, SpikingJelly, spyx, lava)",
            "add_decay_use": "i = a (i + x), then v takes it (Rockpool)",
            "add_use_decay": "i = i + x, v takes it, then i decays (Norse)",
            "use_decay_add": "v takes the old i: input reaches v one tick later (strict forward Euler)",
        },
        kinds=_CURRENT,
    ),
    "input_place": Choice(
        values={
            "after_leak": "v = b v + x",
            "before_leak": "v = b (v + x)",
        },
        kinds=_LEAKING,
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
        kinds=_LEAKING,
    ),
    "v_gain": Choice(
        values={
            "one": "input is added to v as it is",
            "r": "input times r (1 - decay); r dt for I and IF",
            "norm": "input times (1 - decay)",
        },
        kinds=_LEAKING | {"I", "IF"},
    ),
    "u_gain": Choice(
        values={
            "one": "input is added to i as it is",
            "w_in": "input times w_in (1 - decay of i)",
        },
        kinds=_CURRENT,
    ),
    "v_init": Choice(values={"zero": "v starts at 0", "v_leak": "v starts at v_leak"}, kinds=_LEAKING),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Conventions:
    """All choices for one kind of node; the fields without a comment are those of CHOICES.

    Times are in seconds: `dt` is the tick (None where nothing needs it), `file_dt` the factor
    that Norse's exporter put into tau. `v_min` is a lower clamp of v in the network's units, or
    "-threshold"; `v_reset` stands in for the file's. `decay_bits` is 16, or 12 for Loihi's arithmetic.
    """

    framework: str
    dt: float | None
    file_dt: float | None
    comparison: str
    reset: str
    reset_time: str
    reset_place: str
    fire_time: str
    several: bool
    u_order: str
    input_place: str
    decay: str
    v_gain: str
    u_gain: str
    v_init: str
    v_min: float | str | None
    v_reset: float | None
    decay_bits: int

    def record(self, kind: str) -> dict[str, Any]:
        """What matters for a kind of node, for `meta` and reports."""
        own = [name for name, choice in CHOICES.items() if kind in choice.kinds]
        if not _late({name: getattr(self, name) for name in CHOICES}):
            own = [name for name in own if name != "reset_place"]
        names = [
            "framework",
            *own,
            *(name for name in ("dt", "file_dt", "v_min", "v_reset") if getattr(self, name) is not None),
        ]
        return {name: getattr(self, name) for name in [*names, *(["decay_bits"] if kind in _LEAKING else [])]}


def kind_of(node: Node) -> str:
    """NIR's name of a node's kind."""
    name = type(node).__name__
    return "I" if name == "Integrator" else name


def resolve(
    network: Network, *, framework: str | None, dt: float | None, said: Mapping[str, Any]
) -> dict[str, Conventions]:
    """Settle every choice for every kind of neuron in a network.

    Args:
        network: flat, with the file's nodes.
        framework: whose conventions hold; None: only what the caller says.
        dt: tick [s].
        said: what the caller said, by the names of CHOICES, and "norm_input", "file_dt", "v_min",
            "v_reset", "decay_bits", "defaults"; None means not said.

    Raises:
        ConvertError: something that changes spikes is open, or the file contradicts the framework.
    """
    said = _checked({name: value for name, value in said.items() if value is not None})
    if framework is not None and framework not in FRAMEWORKS:
        raise ConvertError(
            "convert", "framework", found=repr(framework), allowed=", ".join(FRAMEWORKS), hint=producer_hint(network)
        )
    if dt is not None and not 0 < dt < 1e6:
        raise ConvertError("convert", "dt", found=f"{dt}", allowed="seconds, above 0", hint="Give the tick's length.")
    profile = FRAMEWORKS.get(framework or "", Profile(name=""))
    usual = profile.usual if said.pop("defaults", False) else {}
    if dt is None:
        dt = usual.get("dt")
    facts = file_facts(profile.name, network, dt) if "decay" not in said else {}
    given = {**usual, **({} if dt is None else {"dt": dt}), **facts, **said}
    if "norm_input" in given:
        given["v_gain"] = "norm" if given.pop("norm_input") else "one"
    if given.get("v_min") == "none":
        given["v_min"] = None
    nodes = [node for node in network.nodes.values() if kind_of(node) in _NEURONS]
    table = {kind: _of_kind(kind, profile, given) for kind in sorted({kind_of(node) for node in nodes})}
    _ask(network, profile, nodes, table)
    return {kind: Conventions(framework=profile.name, **_filled(values)) for kind, values in table.items()}


_NEURONS = _FIRING | _LEAKING | {"I", "Threshold"}
_OTHERS = frozenset({"norm_input", "file_dt", "v_min", "v_reset", "decay_bits", "defaults"})


def _checked(said: dict[str, Any]) -> dict[str, Any]:
    """Refuse unknown names and values."""
    for name, value in said.items():
        if name not in CHOICES and name not in _OTHERS:
            raise ConvertError(
                "convert", name, found="no such choice", allowed=", ".join([*CHOICES, *sorted(_OTHERS)]), hint=""
            )
        if name in CHOICES and value not in CHOICES[name].values:
            raise ConvertError("convert", name, found=repr(value), allowed="; ".join(_values(name)), hint="")
    if said.get("decay_bits", 16) not in (12, 16):
        raise ConvertError("convert", "decay_bits", found=str(said["decay_bits"]), allowed="12, 16", hint="")
    for name in ("v_reset", "file_dt"):
        number = said.get(name, 1.0)
        if not np.isfinite(number) or (name == "file_dt" and number <= 0):
            allowed = "a number above 0" if name == "file_dt" else "a finite number"
            raise ConvertError("convert", name, found=str(number), allowed=allowed, hint="")
    v_min = said.get("v_min", 0.0)
    if v_min not in ("none", "-threshold") and not (isinstance(v_min, (int, float)) and np.isfinite(v_min)):
        raise ConvertError("convert", "v_min", found=repr(v_min), allowed=_TEXTS["v_min"], hint="")
    return said


def _of_kind(kind: str, profile: Profile, given: Mapping[str, Any]) -> dict[str, Any]:
    """What is known for a kind: the framework's conventions under what was said."""
    values = {**profile.base, **profile.by_kind.get(kind, {}), **given}
    special = profile.by_reset.get((kind, values.get("reset")), {})
    values = {**values, **{name: value for name, value in special.items() if name not in given}}
    if kind in ("I", "IF") and values.get("v_gain") == "norm":
        values["v_gain"] = "one"  # without a leak there is nothing to normalise by
    if kind == "Threshold":
        values.update(reset="none", reset_time="now", fire_time="now", several=False, v_min=None)
    if "fire_time" in values and values["fire_time"] == "next":
        values["reset_time"] = "now"
    return values


def _late(values: Mapping[str, Any]) -> bool:
    return "next" in (values.get("reset_time"), values.get("fire_time")) and values.get("reset") != "none"


def _open(kind: str, profile: Profile, nodes: Iterable[Node], values: Mapping[str, Any]) -> list[str]:
    """Names of the choices that matter for a kind and are not settled."""
    names = [name for name in profile.asks if kind in _FIRING and name not in values]
    names += [name for name, choice in CHOICES.items() if kind in choice.kinds and name not in values]
    if not _late(values) and "reset_place" in names:
        names.remove("reset_place")
    if values.get("reset") == "none":
        names = [name for name in names if name != "reset_time"]
    if not any(np.any(getattr(node, "v_leak", 0) != 0) for node in nodes if kind_of(node) == kind):
        names = [name for name in names if name != "v_init"]
    needs_dt = kind in _LEAKING and values.get("decay", "euler") in ("euler", "exp", "norse")
    needs_dt |= kind in ("I", "IF") and values.get("v_gain", "r") == "r"
    if needs_dt and "dt" not in values:
        names.append("dt")
    if kind in _LEAKING and values.get("decay") == "norse" and "file_dt" not in values:
        names.append("file_dt")
    return names


def _ask(network: Network, profile: Profile, nodes: list[Node], table: Mapping[str, Mapping[str, Any]]) -> None:
    """Stop when something is open, and say what can be said."""
    lacking: dict[str, list[str]] = {}
    for kind, values in table.items():
        for name in _open(kind, profile, nodes, values):
            lacking.setdefault(name, []).append(kind)
    if not lacking:
        return
    lines = [
        "\n    ".join([f"  {name} (for {', '.join(kinds)}):", *_values(name, profile)])
        for name, kinds in lacking.items()
    ]
    raise ConvertError(
        "network",
        "choices",
        found=f"no word about {', '.join(lacking)}",
        allowed="\n" + "\n".join(lines) + "\n",
        hint=(
            f"NIR files do not say this and it changes spikes: give the keyword{'s' * (len(lacking) > 1)}"
            f"{'' if profile.name else ', or framework= for a known set'}. {_usual(profile)}{producer_hint(network)}"
        ),
    )


def _usual(profile: Profile) -> str:
    if not profile.usual:
        return ""
    pairs = ", ".join(f"{name}={value!r}" for name, value in profile.usual.items())
    return f"{profile.name}'s own defaults are {pairs} (defaults=True takes them). "


_TEXTS = {
    "dt": "the tick in seconds; the file has time constants but no time step",
    "file_dt": "what Norse's to_nir(dt=) multiplied tau by: 1e-3 is its default, 1.0 leaves true seconds",
    "v_min": "a number (min_v_mem), '-threshold', or 'none': lower clamp of v",
}


def _values(name: str, profile: Profile | None = None) -> list[str]:
    """What can be said for a choice, and what it means."""
    if name == "v_gain" and profile is not None and profile.name == "sinabs":
        return [
            "norm_input=True: input times (1 - decay) (sinabs' default for LIF)",
            "norm_input=False: input as it is",
        ]
    if name in _TEXTS:
        return [f"{name}=: {_TEXTS[name]}"]
    return [f"{name}={value!r}: {text}" for value, text in CHOICES[name].values.items()]


def _filled(values: Mapping[str, Any]) -> dict[str, Any]:
    """All fields of Conventions; those that do not matter for the kind get the plainest value."""
    plain: dict[str, Any] = {
        "dt": None, "file_dt": None, "comparison": ">", "reset": "none", "reset_time": "now",
        "reset_place": "after_sum", "fire_time": "now", "several": False, "u_order": "decay_add_use",
        "input_place": "after_leak", "decay": "euler", "v_gain": "one", "u_gain": "one", "v_init": "zero",
        "v_min": None, "v_reset": None, "decay_bits": 16,
    }  # fmt: skip
    return {name: values.get(name, default) for name, default in plain.items()}
