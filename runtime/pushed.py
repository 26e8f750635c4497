"""What a board's input queue holds, as far as the host can tell."""

from __future__ import annotations

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
        """Refuse what `spkl_push` would refuse.

        Raises:
            EngineError: with the engine's code.
        """
        port = self._port
        value = np.abs(events["value"].astype(np.int64))
        age = _since(events["tick"], now)
        if port.encoder is not Encoder.EVENTS:
            code = _ENCODER
        elif len(events) > port.capacity - np.count_nonzero(_since(self._ticks, now) >= 0):
            code = _FULL
        elif (
            np.any(age < 0) or np.any(np.diff(age) < 0) or (len(self._ticks) and age[0] < _since(self._ticks, now)[-1])
        ):
            code = _TICK
        elif np.any(events["neuron"] >= port.size):
            code = _NEURON
        elif np.any(value == 0) or np.any(value > port.max_value) or self._largest_sum(events) > port.max_sum:
            code = _VALUE
        else:
            return
        raise EngineError(f"port {port.name!r}: {sentence(code)}", code=code)

    def add(self, events: EventArray, now: int) -> None:
        """Note events that the board has taken."""
        if len(events) == 0:
            return
        last = events["tick"] == events["tick"][-1]
        before = self._last_sum if len(self._ticks) and events["tick"][-1] == self._ticks[-1] else 0
        self._last_sum = before + int(np.abs(events["value"][last].astype(np.int64)).sum())
        kept = self._ticks[_since(self._ticks, now) >= 0]
        self._ticks = np.concatenate([kept, events["tick"]])

    def _largest_sum(self, events: EventArray) -> int:
        """The largest sum of |value| of a tick, with what was pushed for the first tick before."""
        _, where = np.unique(_since(events["tick"], int(events["tick"][0])), return_inverse=True)
        sums = np.bincount(where, weights=np.abs(events["value"].astype(np.float64))).astype(np.int64)
        if len(self._ticks) and events["tick"][0] == self._ticks[-1]:
            sums[0] += self._last_sum
        return int(sums.max())


def _since(ticks: npt.NDArray[np.uint32], now: int) -> Int32Array:
    """Ticks counted from `now`, with wrap."""
    since: Int32Array = (ticks.astype(np.uint32) - np.uint32(now & 0xFFFF_FFFF)).astype(np.int32)
    return since
