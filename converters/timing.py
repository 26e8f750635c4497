"""From time constants to factors of one tick: one function a rule (conventions: decay, v_gain, u_gain)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from spikelet.converters.conventions import Conventions
from spikelet.converters.frameworks import rockpool_ratio
from spikelet.converters.nodes import FloatArray, Node
from spikelet.errors import ConvertError

__all__ = ["Factors", "factors"]

#: float32 parameters may miss a bound by this much.
_EPSILON = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class Factors:
    """What one tick keeps of v and u, and what input is multiplied by on its way to v."""

    decay_v: FloatArray
    decay_u: FloatArray
    gain: FloatArray


def factors(path: str, node: Node, conventions: Conventions) -> Factors:
    """Apply the rules that the conventions name.

    Args:
        path: of the node, for messages.
        node: any neuron; times in seconds.
        conventions: settled for the node's kind.

    Raises:
        ConvertError: a factor is outside 0 .. 1 (the tick is too long for a time constant).
    """
    # I, IF and Threshold have no time constants: all of v stays, or nothing.
    names = ("tau", "tau_mem", "tau_syn", "r", "w_in", "threshold")
    fields: dict[str, Any] = {name: getattr(node, name, None) for name in names}
    if fields["threshold"] is not None:
        zero = np.zeros_like(fields["threshold"])
        return Factors(decay_v=zero, decay_u=zero, gain=zero + 1)
    tau_v = fields["tau"] if fields["tau"] is not None else fields["tau_mem"]
    if tau_v is None:
        one = np.ones_like(fields["r"])
        return Factors(
            decay_v=one, decay_u=one, gain=_seconds(conventions) * fields["r"] if conventions.v_gain == "r" else one
        )
    decay_v, decay_u = _DECAYS[conventions.decay](fields | {"tau": tau_v}, conventions)
    for name, decay, tau in (("tau", decay_v, tau_v), ("tau_syn", decay_u, fields["tau_syn"])):
        if tau is not None and np.any((decay < -_EPSILON) | (decay > 1 + _EPSILON)):
            worst = float(decay.flat[np.argmax(np.abs(decay - 0.5))])
            raise ConvertError(
                path,
                name,
                found=f"a decay of {worst:g} with tau {np.min(tau):g} .. {np.max(tau):g} and dt {conventions.dt}",
                allowed="0 .. 1",
                hint="The tick is too long for the time constant, or dt= or framework= is not the file's.",
            )
    decay_v, decay_u = np.clip(decay_v, 0.0, 1.0), np.clip(decay_u, 0.0, 1.0)
    gain = _GAINS[conventions.v_gain](fields["r"], decay_v)
    if fields["tau_syn"] is not None and conventions.u_gain == "w_in":
        gain = gain * fields["w_in"] * (1.0 - decay_u)
    return Factors(decay_v=decay_v, decay_u=decay_u, gain=gain)


_Fields = Mapping[str, Any]
_Decays = tuple[FloatArray, FloatArray]

_GAINS: Mapping[str, Callable[[FloatArray, FloatArray], FloatArray]] = {
    "one": lambda r, decay: np.ones(np.broadcast_shapes(r.shape, decay.shape)),
    "r": lambda r, decay: r * (1.0 - decay),
    "norm": lambda r, decay: (1.0 - decay) * np.ones_like(r),
}


def _seconds(conventions: Conventions) -> float:
    assert conventions.dt is not None  # resolve() has asked
    return conventions.dt


def _both(rule: Callable[[FloatArray], FloatArray], fields: _Fields) -> _Decays:
    """One rule for tau and for tau_syn, where there is one."""
    syn = fields["tau_syn"]
    return rule(fields["tau"]), rule(syn) if syn is not None else np.ones(())


def _euler(fields: _Fields, conventions: Conventions) -> _Decays:
    return _both(lambda tau: 1.0 - _seconds(conventions) / tau, fields)


def _exp(fields: _Fields, conventions: Conventions) -> _Decays:
    return _both(lambda tau: np.exp(-_seconds(conventions) / tau), fields)


def _steps(fields: _Fields, _: Conventions) -> _Decays:
    return _both(lambda tau: np.exp(-1.0 / tau), fields)


def _norse(fields: _Fields, conventions: Conventions) -> _Decays:
    assert conventions.file_dt is not None  # resolve() has asked
    step = _seconds(conventions) * conventions.file_dt
    return _both(lambda tau: 1.0 - step / tau, fields)


def _from_r(fields: _Fields, _: Conventions) -> _Decays:
    """snnTorch: r = 1 / (1 - beta), w_in = 1 / (1 - alpha)."""
    return 1.0 - 1.0 / fields["r"], 1.0 - 1.0 / fields["w_in"] if fields["w_in"] is not None else np.ones(())


def _r(fields: _Fields, _: Conventions) -> _Decays:
    """spyx: r = beta, and both time constants share the dt of tau = dt / (1 - beta)."""
    syn = fields["tau_syn"]
    return fields["r"], 1.0 - fields["tau"] * (1.0 - fields["r"]) / syn if syn is not None else np.ones(())


def _rockpool(fields: _Fields, _: Conventions) -> _Decays:
    y = rockpool_ratio(fields["r"])
    syn = fields["tau_syn"]
    return np.exp(-y), np.exp(-y * fields["tau"] / syn) if syn is not None else np.ones(())


_DECAYS: Mapping[str, Callable[[_Fields, Conventions], _Decays]] = {
    "euler": _euler,
    "exp": _exp,
    "steps": _steps,
    "norse": _norse,
    "from_r": _from_r,
    "r": _r,
    "rockpool": _rockpool,
}
