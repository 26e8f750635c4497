"""Many samples at once: what Engine.run_samples takes and gives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from spikelet.errors import DataError
from spikelet.events import EVENT, EventArray
from spikelet.model import Encoder, InputPort, Int32Array, Model

__all__ = ["EventSamples", "PortSamples", "SampleResult", "prepare"]

_TICKS = 2**32 - 1


@dataclass(frozen=True, slots=True)
class EventSamples:
    """Events of many samples, in one array.

    Args:
        events: dtype EVENT, shape (n,); samples follow each other, ticks count from their sample's
            start and do not descend in it.
        offsets: where each sample begins and the last one ends, int64, shape (samples + 1,).
    """

    events: EventArray
    offsets: npt.NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __getitem__(self, index: int) -> EventArray:
        """The events of one sample."""
        if not 0 <= index < len(self):
            raise IndexError(f"sample {index} of {len(self)}")
        sample: EventArray = self.events[self.offsets[index] : self.offsets[index + 1]]
        return sample

    @classmethod
    def of(cls, samples: Sequence[EventArray]) -> EventSamples:
        """From one array of events a sample."""
        offsets = np.zeros(len(samples) + 1, np.int64)
        np.cumsum([len(sample) for sample in samples], out=offsets[1:])
        return cls(np.concatenate([np.zeros(0, EVENT), *samples]), offsets)


@dataclass(frozen=True, slots=True, kw_only=True)
class PortSamples:
    """What an output port gave.

    `predictions` is int32, shape (samples,), -1 without a decoder; `scores` int32, shape (samples,
    size), or (samples, 0) without a decoder; `counts` int64, shape (samples, size), the sums of the
    events' values; `events` holds all events where they were asked for, else none.
    """

    predictions: Int32Array
    scores: Int32Array
    counts: npt.NDArray[np.int64]
    events: EventSamples


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleResult:
    """What a run over samples gave.

    `events`, `synops` and `quiet_ticks` are the statistics (semantics 6) at the end of each sample,
    uint64, shape (samples, populations). `ticks`, uint32, shape (samples,), are those that were done: fewer than
    asked for where a sample ended early.
    """

    outputs: Mapping[str, PortSamples]
    events: npt.NDArray[np.uint64]
    synops: npt.NDArray[np.uint64]
    quiet_ticks: npt.NDArray[np.uint64]
    ticks: npt.NDArray[np.uint32]

    @property
    def first(self) -> PortSamples:
        """The first output port's."""
        return next(iter(self.outputs.values()))

    @property
    def predictions(self) -> Int32Array:
        """Predictions of the first output port."""
        return self.first.predictions

    @property
    def counts(self) -> npt.NDArray[np.int64]:
        """Counts of the first output port."""
        return self.first.counts


def prepare(
    model: Model, inputs: Any, ticks: int | npt.ArrayLike | None
) -> tuple[list[npt.NDArray[np.uint8] | EventSamples | None], npt.NDArray[np.uint32]]:
    """Check what is given for each port, and say how long each sample lasts.

    Returns:
        For each port frames, uint8, shape (samples, size), or events, one a neuron and tick, or None;
        and ticks, uint32, shape (samples,).

    Raises:
        DataError: inputs do not match the ports or each other.
    """
    by_port = _by_port(model, inputs)
    ports = [
        None if data is None else _frames(port, data) if port.encoder is not Encoder.EVENTS else _events(port, data)
        for port, data in zip(model.inputs, by_port, strict=True)
    ]
    sizes = {len(data) for data in ports if data is not None}
    if len(sizes) != 1:
        raise DataError(
            f"the inputs have {' and '.join(map(str, sorted(sizes))) or 'no'} samples: give each port as many"
        )
    (n,) = sizes
    if ticks is None:
        lasting = _lasting(model, ports, n)
    else:
        lasting = np.asarray(ticks)
        if lasting.dtype.kind not in "iu" or lasting.shape not in {(), (n,)}:
            raise DataError(f"ticks is one whole number, or one for each of {n} samples")
        if np.any(lasting < 0) or np.any(lasting > _TICKS):
            raise DataError(f"a sample lasts 0 to {_TICKS} ticks")
    return ports, np.ascontiguousarray(np.broadcast_to(lasting, (n,)), np.uint32)


def _by_port(model: Model, inputs: Any) -> list[Any]:
    if isinstance(inputs, Mapping):
        names = [port.name for port in model.inputs]
        unknown = sorted(set(inputs) - set(names))
        if unknown:
            raise DataError(f"no input port {unknown[0]!r}; there are: {', '.join(names)}")
        return [inputs.get(name) for name in names]
    if len(model.inputs) == 1:
        return [inputs]
    raise DataError(f"the model has {len(model.inputs)} inputs: give a mapping by port name")


def _frames(port: InputPort, data: Any) -> npt.NDArray[np.uint8]:
    array = np.asarray(data)
    if array.ndim < 2 or int(np.prod(array.shape[1:])) != port.size:
        raise DataError(f"input {port.name!r} takes frames of shape (samples, {port.size}), not {array.shape}")
    if array.dtype != np.uint8:
        raise DataError(f"input {port.name!r} takes frames of whole numbers from 0 to 255 (uint8), not {array.dtype}")
    return np.ascontiguousarray(array.reshape(len(array), -1))


def _events(port: InputPort, data: Any) -> EventSamples:
    """Check events and bring them to one a neuron and tick, as events.merge does for one sample."""
    where = f"input {port.name!r}"
    if not isinstance(data, EventSamples):
        raise DataError(f"{where} takes EventSamples (events of all samples, and where each sample begins)")
    events, offsets = data.events, np.asarray(data.offsets)
    if events.dtype != EVENT or events.ndim != 1:
        raise DataError(f"{where}: events have dtype EVENT and one dimension, not {events.dtype}, {events.ndim}")
    if offsets.ndim != 1 or len(offsets) == 0 or offsets.dtype.kind not in "iu":
        raise DataError(f"{where}: offsets are whole numbers of shape (samples + 1,)")
    offsets = offsets.astype(np.int64)
    if offsets[0] != 0 or offsets[-1] != len(events) or np.any(np.diff(offsets) < 0):
        raise DataError(f"{where}: offsets go from 0 up to the number of events, {len(events)}, and never down")
    if len(events) and int(events["neuron"].max()) >= port.size:
        raise DataError(f"{where} has {port.size} neurons; an event names neuron {events['neuron'].max()}")
    merged = _merge(where, events, offsets)
    _check_capacity(where, port, merged)
    return merged


def _samples_of(offsets: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """The sample of each event."""
    return np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))


def _merge(where: str, events: EventArray, offsets: npt.NDArray[np.int64]) -> EventSamples:
    """Sort the events of each tick by neuron, add up those of one neuron, and drop sums of 0."""
    sample = _samples_of(offsets)
    place = events["tick"].astype(np.uint64) << np.uint64(16) | events["neuron"]
    ascending = (np.diff(sample) > 0) | (place[1:] > place[:-1])
    if np.all(ascending) and np.all(events["value"]):
        return EventSamples(np.ascontiguousarray(events), offsets)
    order = np.lexsort((place, sample))
    sample, place = sample[order], place[order]
    begins = np.flatnonzero(np.r_[True, (np.diff(sample) > 0) | (place[1:] != place[:-1])])
    sums = np.add.reduceat(events["value"][order].astype(np.int64), begins)
    if np.any(np.abs(sums) > 32767):
        raise DataError(f"{where}: the events of one neuron in one tick add up to more than 32767: use a shorter tick")
    merged = events[order][begins]
    merged["value"] = sums
    kept = sums != 0
    after = np.searchsorted(sample[begins][kept], np.arange(len(offsets)))
    return EventSamples(np.ascontiguousarray(merged[kept]), after.astype(np.int64))


def _check_capacity(where: str, port: InputPort, data: EventSamples) -> None:
    """Refuse a tick with more events than the port's queue holds."""
    tick = data.events["tick"]
    if not len(tick):
        return
    begins = np.flatnonzero(np.r_[True, (np.diff(_samples_of(data.offsets)) > 0) | (tick[1:] != tick[:-1])])
    lengths = np.diff(np.r_[begins, len(tick)])
    worst = int(np.argmax(lengths))
    if lengths[worst] > port.capacity:
        raise DataError(
            f"{where}: tick {tick[begins[worst]]} has {lengths[worst]} events, the port's queue holds {port.capacity}:"
            " convert with a larger queue"
        )


def _lasting(model: Model, ports: Sequence[npt.NDArray[np.uint8] | EventSamples | None], n: int) -> npt.NDArray[Any]:
    """The model's window, or up to each sample's last event."""
    lasting = np.full(n, model.ticks_per_sample, np.int64)
    if model.ticks_per_sample:
        return lasting
    for data in ports:
        if isinstance(data, EventSamples):
            some = np.flatnonzero(np.diff(data.offsets))
            last = data.events["tick"][data.offsets[some + 1] - 1].astype(np.int64) + 1
            lasting[some] = np.maximum(lasting[some], last)
    return lasting
