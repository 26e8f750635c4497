"""The conventions of each framework, and what its NIR files reveal about themselves.

Each entry was run against the framework named; docs/explanation/conventions.md has the evidence.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from spikelet.converters.graph import Network
from spikelet.converters.nodes import IF, LI, LIF, CubaLI, CubaLIF, FloatArray
from spikelet.errors import ConvertError

__all__ = ["FRAMEWORKS", "Profile", "file_facts", "producer_hint", "rockpool_ratio"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """A framework's conventions.

    `base` holds for all kinds, `by_kind` for one, `by_reset` for one with a kind of reset, `recurrent` in its place
    for neurons that feed back to themselves. `cycle_delay` is "feedback" where that feedback takes a tick;
    `input_through_weights` where the exporter sends the input of a recurrent layer through its weights.
    Choices in none of them must be said, and so must `asks`; `usual` are the framework's defaults for these.
    `lost` says what its exporter leaves out without a trace.
    """

    name: str
    base: Mapping[str, Any] = field(default_factory=dict)
    by_kind: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    by_reset: Mapping[tuple[str, Any], Mapping[str, Any]] = field(default_factory=dict)
    recurrent: Mapping[tuple[str, Any], Mapping[str, Any]] = field(default_factory=dict)
    cycle_delay: str = ""
    input_through_weights: bool = False
    usual: Mapping[str, Any] = field(default_factory=dict)
    asks: tuple[str, ...] = ()
    lost: str = ""


#: No framework does these unless its entry says so.
_PLAIN = {
    "comparison": ">",
    "reset_time": "now",
    "fire_time": "now",
    "several": False,
    "u_order": "decay_add_use",
    "input_place": "after_leak",
    "v_gain": "one",
    "u_gain": "one",
    "v_init": "zero",
    "v_min": None,
}

FRAMEWORKS: Mapping[str, Profile] = {
    profile.name: profile
    for profile in (
        # NIR's own equations in forward Euler. They do not say which of i and v comes first.
        Profile(
            name="nir",
            base={
                "comparison": ">", "reset": "v_reset", "reset_time": "now", "fire_time": "now", "several": False,
                "input_place": "after_leak", "decay": "euler", "v_gain": "r", "u_gain": "w_in", "v_min": None,
            },
        ),
        Profile(
            name="snntorch",
            base={**_PLAIN, "reset_time": "next", "reset_place": "after_sum", "decay": "from_r"},
            by_kind={"I": {"v_gain": "r"}, "IF": {"v_gain": "r"}},
            by_reset={("LIF", "zero"): {"reset_place": "before_leak"}},
            recurrent={("LIF", "zero"): {"reset_place": "after_sum"}},
            cycle_delay="feedback",
            usual={"reset": "subtract"},
            lost="reset_delay (taken as True), graded_spikes_factor (1), inhibition (False)",
        ),
        Profile(
            name="norse",
            base={**_PLAIN, "u_order": "add_use_decay", "decay": "norse", "v_init": "v_leak"},
            by_kind={
                "IF": {"reset": "v_reset"},
                "CubaLIF": {"reset": "v_reset", "v_gain": "norm"},
                "CubaLI": {"v_gain": "norm"},
                "LIF": {"v_gain": "norm"},
                "LI": {"v_gain": "norm"},
            },
            cycle_delay="feedback",
            usual={"reset": "v_reset", "dt": 1e-3, "file_dt": 1e-3},
            lost="v_reset (taken as the file's, which is 0 unless v_reset= is given)",
        ),
        Profile(
            name="sinabs",
            base={
                "comparison": ">=", "reset_time": "now", "fire_time": "now", "u_order": "add_decay_use",
                "input_place": "after_leak", "decay": "steps", "u_gain": "one", "v_init": "zero",
            },
            by_kind={"IF": {"v_gain": "one"}, "I": {"v_gain": "one"}},
            cycle_delay="feedback",
            usual={"norm_input": True, "several": True, "reset": "subtract", "v_min": "none"},
            asks=("v_min",),
            lost="tau_syn (taken as None)",
        ),
        Profile(
            name="spikingjelly",
            base={**_PLAIN, "comparison": ">=", "reset": "v_reset", "decay": "euler", "v_gain": "r", "u_gain": "w_in",
                  "v_init": "v_leak"},
            by_kind={"IF": {"v_gain": "one"}, "I": {"v_gain": "one"}},
            usual={"dt": 1e-4},
        ),
        # lava-dl's CUBA: Loihi's 12-bit decays, each block's spikes leave one tick late.
        Profile(
            name="lava",
            base={**_PLAIN, "reset": "zero", "fire_time": "next", "reset_place": "before_leak", "decay": "euler",
                  "v_gain": "r", "u_gain": "w_in", "decay_bits": 12},
        ),
        Profile(
            name="rockpool",
            base={**_PLAIN, "comparison": ">=", "reset": "subtract", "several": True, "u_order": "add_decay_use",
                  "decay": "rockpool"},
            cycle_delay="feedback",
            lost="bias (taken as 0)",
        ),
        Profile(
            name="spyx",
            base={**_PLAIN, "reset": "subtract", "fire_time": "next", "reset_place": "after_sum", "decay": "r"},
            by_kind={"CubaLIF": {"reset_place": "before_leak"}, "LI": {"decay": "euler"}},
            cycle_delay="feedback",
            input_through_weights=True,
            usual={"dt": 1.0},
        ),
    )
}  # fmt: skip


def rockpool_ratio(r: FloatArray) -> FloatArray:
    """Solve exp(-y) / y = r for y = dt / tau_mem by Newton's method in log space."""
    y = 1.0 / (1.0 + r)
    for _ in range(60):
        y = y - (-y - np.log(y) - np.log(r)) / (-1.0 - 1.0 / y)
    return y


def file_facts(name: str, network: Network, dt: float | None) -> dict[str, Any]:
    """Check that a framework can have written a file; give what the file reveals (dt, file_dt).

    Raises:
        ConvertError: its exporter does not write such numbers.
    """
    reader = _READERS.get(name)
    return reader(network, dt) if reader is not None else {}


def _refuse(network: Network, name: str, where: tuple[str, str], found: str, allowed: str) -> ConvertError:
    return ConvertError(
        *where,
        found=found,
        allowed=f"what {name}'s exporter writes: {allowed}",
        hint=f"Another framework wrote this file, or decay= and v_gain= must be said. {producer_hint(network)}",
    )


def _one_dt(name: str, network: Network, dts: Mapping[str, FloatArray], what: str) -> float | None:
    """The time step that all neurons agree on within float32."""
    values = np.concatenate([np.ravel(v) for v in dts.values()]) if dts else np.zeros(0)
    if len(values) == 0:
        return None
    middle = float(np.median(values))
    for path, value in dts.items():
        if np.any(~np.isclose(value, middle, rtol=1e-2, atol=0)):
            raise _refuse(
                network, name, (path, what), f"{np.min(value):g} .. {np.max(value):g}", f"{middle:g} everywhere"
            )
    return middle


def _snntorch(network: Network, dt: float | None) -> dict[str, Any]:
    """Tau = r dt with dt = 1e-4 everywhere; beta must lie in 0 .. 1."""
    dts = {}
    for path, node in network.of(LI, LIF, CubaLI, CubaLIF):
        tau = node.tau_mem if hasattr(node, "tau_mem") else node.tau
        pairs = [("r", node.r)] + ([("w_in", node.w_in)] if hasattr(node, "w_in") else [])
        for field_name, values in pairs:
            if np.any(values < 1.0 - 1e-6):
                raise _refuse(
                    network, "snnTorch", (path, field_name), f"{np.min(values):g}", "1 / (1 - beta), at least 1"
                )
        dts[path] = tau / node.r
    found = _one_dt("snnTorch", network, dts, "tau / r")
    if found is not None and not any(np.isclose(found, d, rtol=1e-2, atol=0) for d in (1e-4, dt or 1e-4)):
        raise _refuse(network, "snnTorch", ("network", "tau / r"), f"{found:g}", "0.0001 (dt= says another)")
    return {}


def _norse(network: Network, dt: float | None) -> dict[str, Any]:
    """Writes r = w_in = 1. file_dt follows where only one reading of tau is possible.

    Norse 1.0 (2023, nir 0.x) wrote seconds; 1.1 multiplies by 1e-3. With seconds, dt <= tau.
    """
    for path, node in network.of(IF, LI, LIF, CubaLI, CubaLIF):
        for field_name in ("r", "w_in"):
            values = getattr(node, field_name, np.ones(1))
            if np.any(values != 1):
                raise _refuse(network, "Norse", (path, field_name), f"{np.min(values):g}", "1")
    if str(network.meta.get("nir_version", "")).startswith("0."):
        return {"file_dt": 1.0}
    taus = [np.min(node.tau) for _, node in network.of(LI, LIF)]
    taus += [min(np.min(node.tau_mem), np.min(node.tau_syn)) for _, node in network.of(CubaLI, CubaLIF)]
    if taus and dt is not None and dt > min(taus):
        return {"file_dt": 1e-3}
    return {}


def _sinabs(network: Network, _: float | None) -> dict[str, Any]:
    """Writes r = 1 and tau in steps."""
    for path, node in network.of(LI, LIF):
        if np.any(node.r != 1):
            raise _refuse(network, "sinabs", (path, "r"), f"{np.min(node.r):g}", "1")
        if np.any(node.tau < 0.1):
            raise _refuse(network, "sinabs", (path, "tau"), f"{np.min(node.tau):g}", "tau in steps, not seconds")
    return {}


def _spikingjelly(network: Network, dt: float | None) -> dict[str, Any]:
    """R is 1 / dt (IF), tau / dt (decay_input=False, CUBA) or 1 (decay_input=True): often dt can be had from it."""
    dts = {path: 1.0 / node.r for path, node in network.of(IF)}
    dts |= {path: node.tau / node.r for path, node in network.of(LI, LIF) if np.any(node.r != 1)}
    dts |= {path: node.tau_mem / node.r for path, node in network.of(CubaLI, CubaLIF)}
    found = _one_dt("SpikingJelly", network, dts, "dt")
    if found is None:
        return {}
    if dt is not None and not np.isclose(found, dt, rtol=1e-2, atol=0):
        raise _refuse(network, "SpikingJelly", ("network", "dt"), f"{dt:g} given", f"{found:g} by the file's r")
    return {"dt": found}


def _rockpool(network: Network, _: float | None) -> dict[str, Any]:
    """The time constants and r of a CubaLIF give dt."""
    for path, node in network.of(CubaLI, CubaLIF):
        if np.any(node.r <= 0):
            raise _refuse(network, "Rockpool", (path, "r"), f"{np.min(node.r):g}", "tau exp(-dt / tau) / dt")
    for path, _ in network.of(LI, LIF, IF):
        raise _refuse(network, "Rockpool", (path, "kind"), "another kind", "CubaLIF")
    dts = {path: node.tau_mem * rockpool_ratio(node.r) for path, node in network.of(CubaLI, CubaLIF)}
    found = _one_dt("Rockpool", network, dts, "dt")
    return {} if found is None else {"dt": found}


def _spyx(network: Network, _: float | None) -> dict[str, Any]:
    """R is beta, tau is dt / (1 - beta)."""
    for path, node in network.of(LIF, CubaLIF):
        if np.any((node.r < 0) | (node.r >= 1)):
            raise _refuse(network, "spyx", (path, "r"), f"{np.max(node.r):g}", "beta, 0 .. 1")
    dts = {path: node.tau * (1 - node.r) for path, node in network.of(LIF)}
    dts |= {path: node.tau_mem * (1 - node.r) for path, node in network.of(CubaLIF)}
    found = _one_dt("spyx", network, dts, "tau (1 - r)")
    return {} if found is None else {"dt": found}


_READERS: Mapping[str, Callable[[Network, float | None], dict[str, Any]]] = {
    "snntorch": _snntorch,
    "norse": _norse,
    "sinabs": _sinabs,
    "spikingjelly": _spikingjelly,
    "rockpool": _rockpool,
    "spyx": _spyx,
}


def producer_hint(network: Network) -> str:
    """A sentence about who may have written a file; only ever part of a message."""
    guesses = []
    leaky = [node for _, node in network.of(LI, LIF)]
    current = [node for _, node in network.of(CubaLI, CubaLIF)]
    pairs = [(node.tau, node.r) for node in leaky] + [(node.tau_mem, node.r) for node in current]
    if pairs and all(np.allclose(tau, r * 1e-4, rtol=1e-3, atol=0) for tau, r in pairs):
        guesses.append("snntorch (tau = r * 1e-4)")
    if "input_1" in network.nodes:
        guesses.append("spikingjelly (the input is called input_1)")
    if leaky and all(np.all(node.r == 1) and np.all(node.tau >= 1) for node in leaky):
        guesses.append("sinabs (tau in steps)")
    if pairs and all(np.all(r == 1) and np.all(tau < 1e-4) for tau, r in pairs):
        guesses.append("norse (tau times 1e-3)")
    if leaky and all(np.all((node.r < 1) & (node.r > 0)) for node in leaky):
        guesses.append("spyx (r below 1)")
    return f"The numbers look like: {'; '.join(guesses)}." if guesses else ""
