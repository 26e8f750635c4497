"""What an input port's encoder makes of many frames, for calibration and comparison."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from spikelet.encoders import encode_tick
from spikelet.errors import DataError
from spikelet.model import Encoder, InputPort

__all__ = ["encode"]


def encode(port: InputPort, frames: npt.ArrayLike, ticks: int) -> npt.NDArray[np.int64]:
    """Values of all events of a port, each sample from tick 0 on as in Runner.run.

    Args:
        port: with an encoder other than "events".
        frames: whole numbers from 0 to 255, port.size values a sample, shape (samples, ...).
        ticks: of a sample.

    Returns:
        Shape (samples, ticks, size).

    Raises:
        DataError: frames of another size, or numbers outside 0 .. 255.
    """
    if port.encoder is Encoder.EVENTS:
        raise DataError(f"input {port.name!r} takes events, not frames")
    array = np.asarray(frames)
    if array.ndim < 2 or len(array) == 0 or array[0].size != port.size:
        raise DataError(f"input {port.name!r} takes frames of {port.size} values, not an array of shape {array.shape}")
    if array.dtype != np.uint8 and (np.any(array != np.rint(array)) or np.any(array < 0) or np.any(array > 255)):
        raise DataError(f"input {port.name!r} takes frames of whole numbers from 0 to 255 (uint8)")
    flat = array.reshape(len(array), -1).astype(np.uint8)
    return np.stack([encode_tick(port, flat, tick=t, sample_tick=t, window=ticks) for t in range(ticks)], axis=1)
