"""What input ports make of frames, tick by tick: docs/reference/semantics.md, 4."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from spikelet.model import Encoder, InputPort

__all__ = ["encode_tick", "hash32"]

_POISSON = 1
_MASK = 2**32 - 1


def hash32(seed: int, purpose: int, index: npt.NDArray[np.uint32], tick: int) -> npt.NDArray[np.uint32]:
    """The hash of semantics 4.1 for many indices."""
    start = np.uint32((seed + 0x9E3779B9 * purpose) & _MASK)
    return _mix(_mix(start ^ index) ^ np.uint32(tick))


def _mix(x: npt.NDArray[np.uint32]) -> npt.NDArray[np.uint32]:
    x = (x ^ x >> np.uint32(16)) * np.uint32(0x7FEB352D)
    x = (x ^ x >> np.uint32(15)) * np.uint32(0x846CA68B)
    x ^= x >> np.uint32(16)
    return x


def encode_tick(
    port: InputPort, frame: npt.NDArray[np.uint8], *, tick: int, sample_tick: int, window: int
) -> npt.NDArray[np.int64]:
    """The values of one tick's events; 0 where a neuron has none.

    Args:
        port: with an encoder.
        frame: uint8, shape (size,).
        tick: number of the tick.
        sample_tick: number of the tick in its sample.
        window: ticks of a sample; 0: there are no samples.

    Returns:
        int64, shape (size,).
    """
    values: npt.NDArray[np.int64]
    step = np.minimum(frame.astype(np.int64) * port.gain, 65536)
    if port.encoder is Encoder.RATE:
        after, before = ((sample_tick + 1) * step & _MASK) >> 16, (sample_tick * step & _MASK) >> 16
        values = after - before & 0xFFFF
    elif port.encoder is Encoder.POISSON:
        drawn = hash32(port.seed, _POISSON, np.arange(port.size, dtype=np.uint32), tick) >> np.uint32(16)
        values = (drawn < step).astype(np.int64)
    elif port.encoder is Encoder.LATENCY:
        when = (65536 - step) * (window - 1) >> 16
        values = ((when == sample_tick) & (step > 0)).astype(np.int64)
    else:
        values = step * port.max_value >> 16
    return values
