"""A recording of an event camera, and how it becomes the events of a network's input."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt

from spikelet.errors import DataError
from spikelet.events import EVENT, EventArray

__all__ = ["MAX_EVENTS", "MAX_SIDE", "Polarity", "Recording", "build"]

#: Most events of a recording.
MAX_EVENTS = 2**26
#: Most columns or rows of a sensor: x and y are uint16.
MAX_SIDE = 65536
#: Latest time [us]; what is later cannot be told from damage.
MAX_TIME = 2**62
#: What becomes of polarity: two channels, one for both, or one of the two alone.
Polarity = Literal["split", "merge", "on", "off"]
_Integers = npt.NDArray[np.integer[Any]]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Recording:
    """Events of pixels, sorted by time.

    `t` is int64 [us], counted as in the file; `x` and `y` are uint16, rows and columns as the file
    numbers them; `polarity` is uint8, 1: brighter (ON), 0: darker (OFF); all have shape (n,).
    `width` and `height` are those of the sensor [pixels]. `format` names the file's format,
    `source` the file, for messages.
    """

    t: npt.NDArray[np.int64]
    x: npt.NDArray[np.uint16]
    y: npt.NDArray[np.uint16]
    polarity: npt.NDArray[np.uint8]
    width: int
    height: int
    format: str
    source: str

    def __len__(self) -> int:
        return len(self.t)

    def to_events(
        self,
        tick_us: int,
        *,
        shape: tuple[int, int, int] | None = None,
        polarity: Polarity = "split",
        ticks: int | None = None,
        start_us: int | None = None,
        downscale: int = 1,
        crop: bool = False,
    ) -> EventArray:
        """Count the events of each neuron in each tick.

        The neuron of a pixel is (channel * H + y) * W + x. With "split" channel 0 is OFF and channel 1
        is ON, as tonic has it; else there is one channel. What lies before the start or behind the last
        tick is left out.

        Args:
            tick_us: length of a tick [us].
            shape: channels, H, W of the input; default: all of the sensor.
            polarity: "split", "merge" (both in one channel), "on" or "off" (only these).
            ticks: how many [ticks]; default: up to the last event.
            start_us: time of the start of tick 0 [us]; default: that of the first event.
            downscale: x and y are divided by this, so a square of pixels is one neuron.
            crop: leave out pixels outside `shape`; otherwise they are an error.

        Returns:
            Events of dtype EVENT, sorted by tick and neuron, one a neuron and tick; its value is the count.

        Raises:
            DataError: a pixel is outside `shape`, a count is above 32767, there are more than 65535
                neurons or 2^32 ticks, or an argument is out of range.
        """
        if polarity not in get_args(Polarity):
            raise DataError(f"polarity is {polarity!r}; allowed: {', '.join(get_args(Polarity))}")
        numbers = {"tick_us": tick_us, "downscale": downscale, "ticks": 1 if ticks is None else ticks}
        for name, number in numbers.items():
            if not 1 <= number < 2**32:
                raise DataError(f"{name} is {number}; allowed: 1 to {2**32 - 1}")
        if start_us is not None and not -MAX_TIME <= start_us <= MAX_TIME:
            raise DataError(f"start_us is {start_us}; allowed: {-MAX_TIME} to {MAX_TIME}")
        channels, height, width = self._shape(shape, polarity, downscale)

        start = start_us if start_us is not None else int(self.t[0]) if len(self) else 0
        tick = (self.t - start) // tick_us
        keep = tick >= 0
        if ticks is not None:
            keep &= tick < ticks
        if polarity in ("on", "off"):
            keep &= self.polarity == (polarity == "on")
        x, y = self.x // np.uint32(downscale), self.y // np.uint32(downscale)
        outside = keep & ((x >= width) | (y >= height))
        if np.any(outside) and not crop:
            at = int(np.flatnonzero(outside)[0])
            raise DataError(
                f"{self.source}: event {at} ({self.t[at]} us) has pixel x = {self.x[at]}, y = {self.y[at]}, outside"
                f" {width} x {height}{f' with downscale {downscale}' if downscale > 1 else ''}; the sensor has"
                f" {self.width} x {self.height} pixels: use a larger downscale (--downscale), or crop=True"
            )
        keep &= ~outside
        tick, x, y = tick[keep], x[keep], y[keep]
        if len(tick) and int(tick[-1]) >= 2**32:
            raise DataError(
                f"{self.source}: the last event is in tick {tick[-1]}; at most {2**32 - 1}: use a longer tick or ticks="
            )
        channel = self.polarity[keep].astype(np.int64) if channels == 2 else 0
        return self._counted(tick << 16 | (channel * height + y) * width + x)

    def _shape(self, shape: tuple[int, int, int] | None, polarity: str, downscale: int) -> tuple[int, int, int]:
        """Channels, rows and columns of the input."""
        channels = 2 if polarity == "split" else 1
        if shape is None:
            shape = (channels, -(-self.height // downscale), -(-self.width // downscale))
        if len(shape) != 3 or shape[0] != channels or min(shape) < 1:
            raise DataError(f"shape is {shape}; with polarity {polarity!r} it is ({channels}, rows, columns)")
        if shape[0] * shape[1] * shape[2] > 65535:
            raise DataError(
                f"{self.source}: an input of {' x '.join(map(str, shape))} neurons; a port has at most 65535: use a"
                " larger downscale, or a smaller shape and crop"
            )
        return shape

    def _counted(self, key: npt.NDArray[np.int64]) -> EventArray:
        """Events of keys tick * 2^16 + neuron."""
        unique, counts = np.unique(key, return_counts=True)
        if len(counts) and int(counts.max()) > 32767:
            at = int(np.argmax(counts))
            raise DataError(
                f"{self.source}: tick {unique[at] >> 16} has {counts[at]} events of neuron {unique[at] & 65535};"
                " at most 32767: use a shorter tick"
            )
        events = np.zeros(len(unique), EVENT)
        events["tick"], events["neuron"], events["value"] = unique >> 16, unique & 65535, counts
        return events


def build(
    where: str,
    format: str,
    *,
    t: npt.NDArray[np.int64],
    x: _Integers,
    y: _Integers,
    polarity: _Integers,
    byte: Callable[[int], int],
    size: tuple[int, int] | None,
) -> Recording:
    """Check what a reader found, and sort it by time; events of one time stay in the file's order.

    Args:
        where: the file.
        format: its format.
        t: [us], shape (n,); x, y, polarity likewise.
        byte: where an event is in the file, by its index.
        size: width and height of the sensor; None: the file does not say, the smallest that holds all is taken.

    Raises:
        DataError: a time or pixel is out of range, or size is not known and there are no events.
    """
    if size is None:
        if len(t) == 0:
            raise DataError(f"{where}: no events, and nothing says how large the sensor is: give size=(width, height)")
        size = (min(max(int(x.max()) + 1, 1), MAX_SIDE), min(max(int(y.max()) + 1, 1), MAX_SIDE))
    width, height = size
    if not (1 <= width <= MAX_SIDE and 1 <= height <= MAX_SIDE):
        raise DataError(f"{where}: a sensor of {width} x {height} pixels; allowed: 1 to {MAX_SIDE} each")
    wrong = np.flatnonzero((x < 0) | (x >= width) | (y < 0) | (y >= height))
    if len(wrong):
        at = int(wrong[0])
        raise DataError(
            f"{where}: event {at} (byte {byte(at)}) has pixel x = {x[at]}, y = {y[at]}, but the sensor has {width} x"
            f" {height} pixels: the file is damaged or of another kind, or say size=(width, height)"
        )
    wrong = np.flatnonzero((t < 0) | (t > MAX_TIME))
    if len(wrong):
        at = int(wrong[0])
        raise DataError(
            f"{where}: event {at} (byte {byte(at)}) has time {t[at]} us; allowed: 0 to {MAX_TIME}: the file is damaged"
        )
    columns: list[npt.NDArray[Any]] = [t, x.astype(np.uint16), y.astype(np.uint16), polarity.astype(np.uint8)]
    if np.any(t[1:] < t[:-1]):
        order = np.argsort(t, kind="stable")
        columns = [column[order] for column in columns]
    t, xs, ys, p = columns
    return Recording(t=t, x=xs, y=ys, polarity=p, width=width, height=height, format=format, source=where)
