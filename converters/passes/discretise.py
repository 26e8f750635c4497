"""Neurons and delays in continuous time become neurons and delays of ticks, by the conventions."""

from __future__ import annotations

import numpy as np

from spikelet.converters.choices import LEAKING, kind_of
from spikelet.converters.conventions import Conventions, Settled
from spikelet.converters.graph import Network, shapes
from spikelet.converters.nodes import Delay, DelayLine, FloatArray, Neurons, Node, Shape, size_of
from spikelet.converters.timing import factors
from spikelet.errors import ConvertError
from spikelet.model import LifChoices, ResetKind, UOrder

__all__ = ["discretise"]

#: Longest delay [ticks].
MAX_DELAY = 65535
_RESETS = {"none": ResetKind.NONE, "subtract": ResetKind.SUBTRACT, "zero": ResetKind.SET, "v_reset": ResetKind.SET}


def discretise(network: Network, settled: Settled) -> Network:
    """Replace every neuron by Neurons, every Delay by a DelayLine; `meta["choices"]` says by which conventions.

    Potentials are counted from v_leak, so that a leak goes towards 0.

    Args:
        network: flat, with the file's nodes.
        settled: all choices.

    Raises:
        ConvertError: a decay is outside 0 .. 1, several spikes a tick need a threshold above 0, or a delay
            is not a whole number of ticks.

    Source: docs/explanation/conventions.md; docs/reference/semantics 3.
    """
    shape = shapes(network, "discretise")

    def lowered(path: str, node: Node) -> Node:
        if path in settled.of:
            return _neurons(path, node, shape[path], settled.groups[settled.of[path]])
        return _line(path, node, settled) if isinstance(node, Delay) else node

    return Network(
        nodes={path: lowered(path, node) for path, node in network.nodes.items()},
        edges=network.edges,
        meta={**network.meta, "choices": settled.record()},
    )


def _line(path: str, node: Delay, settled: Settled) -> DelayLine:
    """A delay in ticks. float32 seconds miss a whole number of them by some millionths."""
    exact = np.zeros(node.delay.size)
    if np.any(node.delay):
        assert settled.dt is not None  # resolve() has asked
        exact = node.delay.reshape(-1) / settled.dt
    ticks = np.rint(exact)
    worst = int(np.argmax(np.abs(exact - ticks)))
    if np.any((exact < 0) | (ticks > MAX_DELAY)):
        raise ConvertError(
            path,
            "delay",
            found=f"{exact.min():g} .. {exact.max():g} ticks of {settled.dt} s",
            allowed=f"0 .. {MAX_DELAY} ticks",
            hint="Is the delay in seconds, and dt= the tick?",
        )
    if settled.delay_rounding != "nearest" and abs(exact[worst] - ticks[worst]) > 2e-6 * max(exact[worst], 1):
        raise ConvertError(
            path,
            "delay",
            found=f"{node.delay.reshape(-1)[worst]:g} s, {exact[worst]:g} ticks of {settled.dt} s",
            allowed="whole numbers of ticks",
            hint="Choose a dt= that divides it, or say delay_rounding='nearest'.",
        )
    return DelayLine(ticks=ticks.astype(np.int64))


def _neurons(path: str, node: Node, shape: Shape, conventions: Conventions) -> Neurons:
    size = size_of(shape)

    def full(values: FloatArray | float) -> FloatArray:
        return np.array(np.broadcast_to(np.reshape(values, -1), size), dtype=np.float64)

    kind = kind_of(node)
    rates = factors(path, node, conventions)
    leak = full(getattr(node, "v_leak", 0.0))
    fires = kind in ("IF", "LIF", "CubaLIF", "Threshold")
    absolute = full(getattr(node, "threshold" if kind == "Threshold" else "v_threshold", np.inf))
    choices = _choices(kind, fires, conventions)
    if choices.several and np.any(absolute <= 0):
        raise ConvertError(
            path,
            "v_threshold",
            found=f"{absolute.min():g}",
            allowed="above 0 where several spikes a tick are allowed",
            hint="Say several=False.",
        )
    reset = np.zeros(size)
    if choices.reset_kind is not ResetKind.NONE:
        said = conventions.v_reset
        reset = _reset(path, absolute, full(getattr(node, "v_reset", 0.0) if said is None else said), conventions)
    if choices.reset_kind is ResetKind.SET:
        reset = reset - leak
    return Neurons(
        shape=shape,
        choices=choices,
        strict=conventions.comparison == ">",
        decay_v=full(rates.decay_v),
        decay_u=full(rates.decay_u),
        gain=full(rates.gain),
        threshold=absolute - leak,
        reset=reset,
        count_by=absolute if choices.several else np.ones(size),
        bias=np.zeros(size),
        v_min=_v_min(conventions, absolute) - leak if fires else np.full(size, -np.inf),
        v_init=np.zeros(size) if conventions.v_init == "v_leak" else -leak,
        offset=leak,
    )


def _choices(kind: str, fires: bool, conventions: Conventions) -> LifChoices:
    reset = _RESETS[conventions.reset] if fires else ResetKind.NONE
    previous = fires and conventions.fire_time == "next"
    later = fires and conventions.reset_time == "next" and reset is not ResetKind.NONE
    current = kind in ("CubaLI", "CubaLIF")
    return LifChoices(
        has_u=current,
        u_order=UOrder[conventions.u_order.upper()] if current else UOrder.DECAY_ADD_USE,
        add_then_decay=conventions.input_place == "before_leak" and kind in LEAKING,
        fires=fires,
        test_previous=previous,
        reset_kind=reset,
        reset_next=later,
        reset_before_leak=(previous or later)
        and reset is not ResetKind.NONE
        and conventions.reset_place == "before_leak",
        several=fires and conventions.several,
        shift12=conventions.decay_bits == 12,
    )


def _reset(path: str, absolute: FloatArray, v_reset: FloatArray, conventions: Conventions) -> FloatArray:
    """What is subtracted, or what v is set to, in the file's potentials."""
    if conventions.reset == "subtract":
        if np.any(absolute < 0):
            raise ConvertError(
                path, "v_threshold", found=f"{absolute.min():g}", allowed="0 or above with reset='subtract'", hint=""
            )
        return absolute
    return v_reset if conventions.reset == "v_reset" else np.zeros_like(absolute)


def _v_min(conventions: Conventions, threshold: FloatArray) -> FloatArray:
    if conventions.v_min is None:
        return np.full_like(threshold, -np.inf)
    if conventions.v_min == "-threshold":
        return -threshold
    return np.full_like(threshold, float(conventions.v_min))
