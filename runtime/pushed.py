"""What a board's input queue holds, as far as the host can tell."""

from __future__ import annotations

from typing import NoReturn

import numpy as np
import numpy.typing as npt

from spikelet.errors import EngineError
from spikelet.events import EventArray
from spikelet.model import Encoder, InputPort, Int32Array
from spikelet.protocol import sentence

__all__ = ["Pushed"]

_FULL, _TICK, _NEURON, _VALUE, _ENCODER = -40, -41, -42, -43, -44


class Pushed:
    """Mirrors the queue of one port, so that a push of several requests is refused as a whole."""

    def __init__(self, port: InputPort) -> None:
        self._port = port
        self._ticks = np.zeros(0, np.uint32)
        self._last_sum = 0

    def check(self, events: EventArray, now: int) -> None:
        """Refuse what `spkl_push` would refuse: semantics 2.3.

        Raises:
            EngineError: with the engine's code.
        """
        port = self._port
        if port.encoder is not Encoder.EVENTS:
            self._refuse(_ENCODER)
        if len(events) > port.capacity - np.count_nonzero(_since(self._ticks, now) >= 0):
            self._refuse(_FULL)
        age = _since(events["tick"], now).astype(np.int64)
        before = int(_since(self._ticks[-1:], now)[0]) if len(self._ticks) else 0
        value = np.abs(events["value"].astype(np.int64))
        faults = np.stack(
            [
                np.diff(age, prepend=max(before, 0)) < 0,
                events["neuron"] >= port.size,
                (value == 0) | (value > port.max_value) | (self._sums(events, value) > port.max_sum),
            ],
            axis=1,
        )
        wrong = np.argwhere(faults)
        if len(wrong):
            self._refuse((_TICK, _NEURON, _VALUE)[int(wrong[0][1])])

    def _refuse(self, code: int) -> NoReturn:
        raise EngineError(f"port {self._port.name!r}: {sentence(code)}", code=code)

    def add(self, events: EventArray, now: int) -> None:
        """Note events that the board has taken."""
        if len(events) == 0:
            return
        last = events["tick"] == events["tick"][-1]
        before = self._last_sum if len(self._ticks) and events["tick"][-1] == self._ticks[-1] else 0
        self._last_sum = before + int(np.abs(events["value"][last].astype(np.int64)).sum())
        kept = self._ticks[_since(self._ticks, now) >= 0]
        self._ticks = np.concatenate([kept, events["tick"]])

    def _sums(self, events: EventArray, value: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """For each event the sum of |value| of its tick so far, with what was pushed before."""
        sums = np.cumsum(value)
        begins = np.flatnonzero(np.diff(events["tick"], prepend=events["tick"][:1]))
        lengths = np.diff([0, *begins, len(events)])
        earlier = [self._last_sum if len(self._ticks) and events["tick"][0] == self._ticks[-1] else 0]
        earlier += [-int(sums[first - 1]) for first in begins]
        found: npt.NDArray[np.int64] = sums + np.repeat(earlier, lengths)
        return found


def _since(ticks: npt.NDArray[np.uint32], now: int) -> Int32Array:
    """Ticks counted from `now`, with wrap."""
    since: Int32Array = (ticks.astype(np.uint32) - np.uint32(now & 0xFFFF_FFFF)).astype(np.int32)
    return since
