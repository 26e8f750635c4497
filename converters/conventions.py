"""What a network's file leaves open: settled by a framework's conventions or by the caller, never by a guess.

docs/explanation/conventions.md explains each choice.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from spikelet.converters.choices import (
    CHOICES,
    FIRING,
    LEAKING,
    NEURONS,
    OTHERS,
    TEXTS,
    Choice,
    kind_of,
    values_of,
)
from spikelet.converters.frameworks import FRAMEWORKS, Profile, file_facts, producer_hint
from spikelet.converters.graph import Network, listed
from spikelet.converters.loops import open_edges, recurrent
from spikelet.converters.nodes import Delay, Node
from spikelet.errors import ConvertError

__all__ = ["CHOICES", "Choice", "Conventions", "Settled", "kind_of", "resolve"]

_RECURRENT = "recurrent "


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
        return {name: getattr(self, name) for name in [*names, *(["decay_bits"] if kind in LEAKING else [])]}


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """All choices for a network.

    `groups` are conventions by kind of node; a framework that treats recurrent layers in another way has a
    group "recurrent LIF" too. `of` says which group a node belongs to. `cycle_delay` holds edges "a->b", and
    "feedback" where it is said; `dt` [s] is None where nothing needs it.
    """

    groups: Mapping[str, Conventions]
    of: Mapping[str, str]
    dt: float | None
    cycle_delay: tuple[str, ...]
    delay_rounding: str | None

    def record(self) -> dict[str, dict[str, Any]]:
        """What was chosen for neurons and delays, for `meta` and reports."""
        found = {group: own.record(group.removeprefix(_RECURRENT)) for group, own in self.groups.items()}
        if self.delay_rounding is not None:
            found["Delay"] = {"delay_rounding": self.delay_rounding}
        return found


def resolve(network: Network, *, framework: str | None, dt: float | None, said: Mapping[str, Any]) -> Settled:
    """Settle every choice for every kind of neuron in a network, for its delays and its cycles.

    Args:
        network: flat, with the file's nodes.
        framework: whose conventions hold; None: only what the caller says.
        dt: tick [s].
        said: what the caller said, by the names of CHOICES, and "norm_input", "file_dt", "v_min",
            "v_reset", "decay_bits", "defaults", "cycle_delay", "delay_rounding"; None means not said.

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
    cycle_delay, delay_rounding = given.pop("cycle_delay", ()), given.pop("delay_rounding", None)
    if "norm_input" in given:
        given["v_gain"] = "norm" if given.pop("norm_input") else "one"
    if given.get("v_min") == "none":
        given["v_min"] = None
    of = _groups(network, profile, given)
    table = {group: _of_group(group, profile, given) for group in sorted(set(of.values()))}
    lacking = _lacking(network, profile, of, table)
    if "dt" not in given and any(np.any(node.delay) for _, node in network.of(Delay)):
        lacking.setdefault("dt", []).append("Delay")
    edges = open_edges(network)
    if edges and not cycle_delay and not profile.cycle_delay:
        lacking["cycle_delay"] = [f"the cycle{'s' * (len(edges) > 1)} of this network"]
    if lacking:
        raise _open(network, profile, lacking, edges)
    return Settled(
        groups={group: Conventions(framework=profile.name, **_filled(values)) for group, values in table.items()},
        of=of,
        dt=given.get("dt"),
        cycle_delay=(*cycle_delay, *([profile.cycle_delay] if profile.cycle_delay else [])),
        delay_rounding=delay_rounding,
    )


def _groups(network: Network, profile: Profile, given: Mapping[str, Any]) -> dict[str, str]:
    """By which conventions each neuron is settled: its kind's, or those of the kind's recurrent layers."""
    special = {kind for kind, reset in profile.recurrent if given.get("reset") in (None, reset)}
    own = recurrent(network) if special else set()
    return {
        path: f"{_RECURRENT}{kind_of(node)}" if path in own and kind_of(node) in special else kind_of(node)
        for path, node in network.nodes.items()
        if kind_of(node) in NEURONS
    }


def _checked(said: dict[str, Any]) -> dict[str, Any]:
    """Refuse unknown names and values."""
    for name, value in said.items():
        if name not in CHOICES and name not in OTHERS:
            raise ConvertError(
                "convert", name, found="no such choice", allowed=", ".join([*CHOICES, *sorted(OTHERS)]), hint=""
            )
        if name in CHOICES and value not in CHOICES[name].values:
            raise ConvertError("convert", name, found=repr(value), allowed="; ".join(values_of(name)), hint="")
    if "cycle_delay" in said:
        edges = said["cycle_delay"]
        said["cycle_delay"] = (edges,) if isinstance(edges, str) else tuple(edges)
    if said.get("delay_rounding", "nearest") != "nearest":
        raise ConvertError(
            "convert",
            "delay_rounding",
            found=repr(said["delay_rounding"]),
            allowed=TEXTS["delay_rounding"],
            hint="Without it a delay must be a whole number of ticks.",
        )
    if said.get("decay_bits", 16) not in (12, 16):
        raise ConvertError("convert", "decay_bits", found=str(said["decay_bits"]), allowed="12, 16", hint="")
    for name in ("v_reset", "file_dt"):
        number = said.get(name, 1.0)
        if not np.isfinite(number) or (name == "file_dt" and number <= 0):
            allowed = "a number above 0" if name == "file_dt" else "a finite number"
            raise ConvertError("convert", name, found=str(number), allowed=allowed, hint="")
    v_min = said.get("v_min", 0.0)
    if v_min not in ("none", "-threshold") and not (isinstance(v_min, (int, float)) and np.isfinite(v_min)):
        raise ConvertError("convert", "v_min", found=repr(v_min), allowed=TEXTS["v_min"], hint="")
    return said


def _of_group(group: str, profile: Profile, given: Mapping[str, Any]) -> dict[str, Any]:
    """What is known for a group: the framework's conventions under what was said."""
    kind = group.removeprefix(_RECURRENT)
    values = {**profile.base, **profile.by_kind.get(kind, {}), **given}
    special = (profile.by_reset if kind == group else profile.recurrent).get((kind, values.get("reset")), {})
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


def _lacking(
    network: Network, profile: Profile, of: Mapping[str, str], table: Mapping[str, Mapping[str, Any]]
) -> dict[str, list[str]]:
    """Names of the choices that matter and are not settled, with the groups that they matter for."""
    lacking: dict[str, list[str]] = {}
    for group, values in table.items():
        nodes = [network.nodes[path] for path, own in of.items() if own == group]
        for name in _lacking_for(group.removeprefix(_RECURRENT), profile, nodes, values):
            lacking.setdefault(name, []).append(group)
    return lacking


def _lacking_for(kind: str, profile: Profile, nodes: Iterable[Node], values: Mapping[str, Any]) -> list[str]:
    names = [name for name in profile.asks if kind in FIRING and name not in values]
    names += [name for name, choice in CHOICES.items() if kind in choice.kinds and name not in values]
    if not _late(values) and "reset_place" in names:
        names.remove("reset_place")
    if values.get("reset") == "none":
        names = [name for name in names if name != "reset_time"]
    if not any(np.any(getattr(node, "v_leak", 0) != 0) for node in nodes):
        names = [name for name in names if name != "v_init"]
    needs_dt = kind in LEAKING and values.get("decay", "euler") in ("euler", "exp", "norse")
    needs_dt |= kind in ("I", "IF") and values.get("v_gain", "r") == "r"
    if needs_dt and "dt" not in values:
        names.append("dt")
    if kind in LEAKING and values.get("decay") == "norse" and "file_dt" not in values:
        names.append("file_dt")
    return names


def _open(
    network: Network, profile: Profile, lacking: Mapping[str, list[str]], edges: list[tuple[str, str]]
) -> ConvertError:
    """What is open, and what can be said."""
    lines = []
    for name, groups in lacking.items():
        values = _cycle_values(edges) if name == "cycle_delay" else values_of(name, profile.name)
        lines.append("\n    ".join([f"  {name} (for {', '.join(groups)}):", *values]))
    return ConvertError(
        "network",
        "choices",
        found=f"no word about {', '.join(lacking)}",
        allowed="\n" + "\n".join(lines) + "\n",
        hint=(
            f"NIR files do not say this and it changes spikes: give the keyword{'s' * (len(lacking) > 1)}"
            f"{'' if profile.name else ', or framework= for a known set'}. {_usual(profile)}{producer_hint(network)}"
        ),
    )


def _cycle_values(edges: list[tuple[str, str]]) -> list[str]:
    return [
        "cycle_delay='feedback': what a population feeds back to itself takes one tick (snnTorch, Norse, sinabs)",
        "cycle_delay='a->b': that edge takes one tick (several: a list). Edges on cycles: "
        + listed("->".join(edge) for edge in edges),
    ]


def _usual(profile: Profile) -> str:
    if not profile.usual:
        return ""
    pairs = ", ".join(f"{name}={value!r}" for name, value in profile.usual.items())
    return f"{profile.name}'s own defaults are {pairs} (defaults=True takes them). "


def _filled(values: Mapping[str, Any]) -> dict[str, Any]:
    """All fields of Conventions; those that do not matter for the kind get the plainest value."""
    plain: dict[str, Any] = {
        "dt": None, "file_dt": None, "comparison": ">", "reset": "none", "reset_time": "now",
        "reset_place": "after_sum", "fire_time": "now", "several": False, "u_order": "decay_add_use",
        "input_place": "after_leak", "decay": "euler", "v_gain": "one", "u_gain": "one", "v_init": "zero",
        "v_min": None, "v_reset": None, "decay_bits": 16,
    }  # fmt: skip
    return {name: values.get(name, default) for name, default in plain.items()}
