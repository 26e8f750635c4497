"""Events as numpy arrays, and what else is accepted where events are."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from spikelet.errors import DataError

if TYPE_CHECKING:
    from spikelet.recordings import Recording

__all__ = ["EVENT", "EventArray", "as_events", "counts", "from_dense", "load", "merge", "to_dense"]

#: One event (semantics 1.3); the bytes are the engine's `struct spkl_event`.
EVENT = np.dtype([("tick", "<u4"), ("neuron", "<u2"), ("value", "<i2")])
EventArray = npt.NDArray[Any]


def from_dense(dense: npt.ArrayLike) -> EventArray:
    """Make events of a (ticks, neurons) array of integer counts; zeros are no events.

    Raises:
        DataError: not two-dimensional, not whole numbers, or a value outside int16.
    """
    array = np.asarray(dense)
    if array.ndim != 2:
        raise DataError(
            f"dense events have shape (ticks, neurons), not {array.shape}: flatten each tick's input to one axis"
        )
    if array.shape[1] > 65535:
        raise DataError(f"{array.shape[1]} neurons: a port has at most 65535")
    ticks, neurons = np.nonzero(array)
    values = array[ticks, neurons]
    if not np.all(np.isfinite(values)) or np.any(values != np.rint(values)) or np.any(np.abs(values) > 32767):
        raise DataError(
            "dense events must be whole numbers from -32767 to 32767: encode analogue input first (encoder='rate' ...)"
        )
    events = np.zeros(len(ticks), EVENT)
    events["tick"], events["neuron"], events["value"] = ticks, neurons, values
    return events


def merge(events: EventArray) -> EventArray:
    """Sort by tick and neuron and add up the events of one neuron in one tick.

    Raises:
        DataError: a sum leaves int16.
    """
    if len(events) == 0:
        return events.astype(EVENT, copy=False)
    key = events["tick"].astype(np.uint64) << np.uint64(16) | events["neuron"]
    unique, where = np.unique(key, return_inverse=True)
    sums = np.bincount(where, weights=events["value"].astype(np.float64)).astype(np.int64)
    if np.any(np.abs(sums) > 32767):
        raise DataError("the events of one neuron in one tick add up to more than 32767: use a shorter tick")
    merged = np.zeros(len(unique), EVENT)
    merged["tick"], merged["neuron"], merged["value"] = unique >> np.uint64(16), unique & np.uint64(0xFFFF), sums
    nonzero: EventArray = merged[sums != 0]
    return nonzero


def as_events(data: npt.ArrayLike) -> EventArray:
    """Accept events (EVENT dtype, or any record array with tick, neuron[, value]) or a dense array.

    Returns:
        Events of dtype EVENT, shape (n,), in order of ticks; one a neuron and tick.

    Raises:
        DataError: fields are missing, or numbers are out of range.
    """
    array = np.asarray(data)
    if array.dtype.names is None:
        return from_dense(array)
    missing = {"tick", "neuron"} - set(array.dtype.names)
    if missing:
        raise DataError(
            f"events need the fields tick, neuron and value (optional); missing: {', '.join(sorted(missing))}"
        )
    columns = {
        "tick": array["tick"],
        "neuron": array["neuron"],
        "value": array["value"] if "value" in array.dtype.names else np.ones(len(array), np.int16),
    }
    events = np.zeros(array.shape, EVENT)
    for name, column in columns.items():
        limits = np.iinfo(EVENT[name])
        if len(column) and (
            np.min(column) < limits.min or np.max(column) > limits.max or np.any(column != np.rint(column))
        ):
            raise DataError(f"events: {name} must be whole numbers from {limits.min} to {limits.max}")
        events[name] = column
    return merge(events)


def to_dense(events: EventArray, ticks: int, neurons: int) -> npt.NDArray[np.int32]:
    """Events as an int32 array of shape (ticks, neurons)."""
    dense = np.zeros((ticks, neurons), np.int32)
    np.add.at(dense, (events["tick"], events["neuron"]), events["value"])
    return dense


def counts(events: EventArray, neurons: int) -> npt.NDArray[np.int64]:
    """The sum of values of each neuron, int64, shape (neurons,)."""
    return np.bincount(events["neuron"], weights=events["value"], minlength=neurons).astype(np.int64)


def load(path: str | Path, *, size: tuple[int, int] | None = None) -> Recording:
    """Read a recording of an event camera; see spikelet.recordings.load."""
    from spikelet.recordings import load as load_recording

    return load_recording(path, size=size)
