"""Data sets: frames or events of many samples in .npz files, or recordings. Nothing in a file is trusted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from zipfile import is_zipfile

import numpy as np
import numpy.typing as npt

from spikelet.arrays import read_arrays
from spikelet.dataset_parts import MAX_TICKS, Cut, Dense, Encoded, Encoding, Slice
from spikelet.errors import DataError
from spikelet.events import EVENT, EventArray
from spikelet.model import Encoder, InputPort, Model
from spikelet.recording_sets import Reading, recorded
from spikelet.recordings import format_of

__all__ = ["MAX_SAMPLES", "MAX_TICKS", "DataSet", "Encoding", "Reading", "load"]

#: Most samples of a data set.
MAX_SAMPLES = 10_000_000
_COLUMNS = ("sample", "tick", "neuron", "value")
_LABELS = ("labels", "y")
_Arrays = Mapping[str, npt.NDArray[Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class DataSet:
    """Samples for the inputs of a model.

    `parts[port]` has one entry a sample: a uint8 frame for a port with an encoder, else events.
    `labels` is int64, shape (samples,), or None. `ticks` is how long a sample lasts; 0: up to its
    last event.
    """

    name: str
    parts: Mapping[str, Sequence[Any]]
    labels: npt.NDArray[np.int64] | None
    ticks: int

    def __len__(self) -> int:
        return len(next(iter(self.parts.values())))

    def inputs(self, index: int) -> dict[str, Any]:
        """What Runner.run takes for a sample."""
        return {port: part[index] for port, part in self.parts.items()}

    def ticks_of(self, index: int) -> int:
        """Length of a sample [ticks]."""
        if self.ticks:
            return self.ticks
        events = [part[index] for part in self.parts.values()]
        return max((int(e["tick"][-1]) + 1 for e in events if len(e)), default=1)

    def take(self, samples: int | None) -> DataSet:
        """The first samples; all with None or 0."""
        if not samples or samples >= len(self):
            return self
        parts = {port: Slice(part, samples) for port, part in self.parts.items()}
        return replace(self, parts=parts, labels=None if self.labels is None else self.labels[:samples])


def load(
    path: str | Path,
    model: Model,
    *,
    encoding: Encoding | None = None,
    reading: Reading | None = None,
    ticks: int = 0,
    labelled: bool = False,
) -> DataSet:
    """Read a data set for a model.

    The file is an .npz with `x` (samples, ...) and `y`: frames, or counts of shape (samples, ticks,
    neurons) for a port that takes events; or with arrays `sample`, `tick`, `neuron`, `value` (1 where
    absent) of one event each, sorted by sample and tick, or one record array `events` with these fields,
    and `labels`. For several inputs each name is preceded by the port's name and a dot.

    Any other file is read as a recording of an event camera, one sample without labels; a folder holds
    recordings, in a sub-folder a class.

    Args:
        path: the file or folder.
        model: whose input ports the data must fit.
        encoding: how to make events of frames, for a port that takes events.
        reading: how to make events of recordings.
        ticks: length of a sample; 0: the model's window, the file's `ticks`, or up to the last event.
        labelled: whether labels are needed.

    Raises:
        DataError: the file is damaged, hostile, or does not fit the model: says what and where.
    """
    if Path(path).is_dir() or format_of(path) is not None:
        if encoding is not None:
            raise DataError(f"{path} holds recordings, which are events already: leave out the encoder")
        return _recorded(Path(path), model, reading or Reading(), ticks, labelled=labelled)
    if Path(path).suffix not in (".npz", ".npy") and not is_zipfile(path):
        raise DataError(
            f"{path} is no .npz file, and no recording that is known (AEDAT 2.0, 3.1, 4.0, Prophesee's .dat and .raw,"
            " N-MNIST's .bin)"
        )
    if reading is not None:
        raise DataError(f"{path} is no recording: leave out what is for recordings (--tick-us, --downscale)")
    names = {*_COLUMNS, *_LABELS, "x", "events", "ticks"}
    prefixes = {port.name: f"{port.name}." if len(model.inputs) > 1 else "" for port in model.inputs}
    arrays = read_arrays(path, names | {prefix + name for prefix in prefixes.values() for name in names})
    labels = _labels(path, arrays)
    if labels is None and labelled:
        raise DataError(f"{path} has no labels: add an array y (or labels), one whole number a sample")
    length = _length(path, model, arrays, ticks)
    parts: dict[str, Sequence[Any]] = {}
    for port in model.inputs:
        own = {name: arrays[prefixes[port.name] + name] for name in names if prefixes[port.name] + name in arrays}
        where = f"{path}: input {port.name!r}"
        if "x" in own:
            own["x"] = _as_frames(own["x"], model)
            parts[port.name] = _dense(where, port, own["x"], encoding, length)
        else:
            parts[port.name] = _events(where, port, own, length, None if labels is None else len(labels))
    sizes = {len(part) for part in parts.values()} | (set() if labels is None else {len(labels)})
    if len(sizes) > 1:
        raise DataError(f"{path}: inputs and labels differ in their number of samples: {sorted(sizes)}")
    if sizes == {0} or not sizes:
        raise DataError(f"{path} has no samples")
    return DataSet(name=Path(path).name, parts=parts, labels=labels, ticks=_window(parts, encoding, length))


def _recorded(path: Path, model: Model, reading: Reading, ticks: int, *, labelled: bool) -> DataSet:
    """A data set of recordings."""
    length = _length(path, model, {}, ticks)
    parts, labels = recorded(path, model, reading, length)
    if labels is None and labelled:
        raise DataError(f"{path} has no labels: give a folder with recordings in one sub-folder a class")
    if labels is not None and len(labels) > MAX_SAMPLES:
        raise DataError(f"{path}: {len(labels)} samples; at most {MAX_SAMPLES}: split the data set")
    return DataSet(name=path.resolve().name, parts=parts, labels=labels, ticks=length)


def _window(parts: Mapping[str, Sequence[Any]], encoding: Encoding | None, length: int) -> int:
    """Length of a sample, where one holds for all."""
    if length:
        return length
    dense = [part.ticks for part in parts.values() if isinstance(part, Dense)]
    return max(dense, default=0) if encoding is None else encoding.ticks


def _labels(path: str | Path, arrays: _Arrays) -> npt.NDArray[np.int64] | None:
    name = next((name for name in _LABELS if name in arrays), None)
    if name is None:
        return None
    labels = arrays[name]
    if labels.ndim != 1 or labels.dtype.kind not in "iu":
        raise DataError(
            f"{path}: {name} is {labels.dtype} of shape {labels.shape}; it must be whole numbers, one a sample"
        )
    if len(labels) > MAX_SAMPLES:
        raise DataError(f"{path}: {len(labels)} samples; at most {MAX_SAMPLES}: split the data set")
    if len(labels) and (int(labels.min()) < 0 or int(labels.max()) > 65535):
        raise DataError(
            f"{path}: {name} goes from {labels.min()} to {labels.max()}; labels number output neurons from 0"
        )
    return labels.astype(np.int64)


def _length(path: str | Path, model: Model, arrays: _Arrays, ticks: int) -> int:
    """Ticks of a sample as the caller, the model or the file says; 0: nobody does."""
    said = ticks or model.ticks_per_sample
    if not said and "ticks" in arrays:
        stored = arrays["ticks"]
        if stored.ndim != 0 or stored.dtype.kind not in "iu":
            raise DataError(f"{path}: ticks must be one whole number, not {stored.dtype} of shape {stored.shape}")
        said = int(stored)
    if not 0 <= said <= MAX_TICKS:
        raise DataError(f"{path}: samples of {said} ticks; allowed: 1 to {MAX_TICKS}")
    if not said and any(port.encoder is not Encoder.EVENTS for port in model.inputs):
        raise DataError("the model has no window of its own: say how many ticks a frame lasts (--ticks N)")
    return said


def _dense(where: str, port: InputPort, x: npt.NDArray[Any], encoding: Encoding | None, length: int) -> Sequence[Any]:
    """Frames, or counts of each tick."""
    if x.ndim < 2 or x.dtype.kind not in "biuf":
        raise DataError(f"{where}: x is {x.dtype} of shape {x.shape}; it must be numbers of shape (samples, ...)")
    if x.dtype.kind == "f" and not np.all(np.isfinite(x)):
        raise DataError(f"{where}: x holds NaN or infinite numbers: clean the data")
    a_sample = int(np.prod(x.shape[1:]))
    counts = port.encoder is Encoder.EVENTS and encoding is None
    if counts and x.ndim >= 3 and a_sample == x.shape[1] * port.size:
        return Dense(where, port, x.reshape(*x.shape[:2], port.size), length)
    if a_sample != port.size:
        shape = f"(samples, ticks, {port.size})" if counts else f"(samples, {port.size})"
        raise DataError(f"{where}: x has shape {x.shape}; the model takes {shape}")
    if counts:
        raise DataError(
            f"{where} takes events, and x holds frames: convert with an encoder (--encoder rate --ticks-per-sample 25),"
            " or have the host encode them (--encoder rate --ticks 25)"
        )
    if x.dtype != np.uint8 and (np.any(x != np.rint(x)) or np.any(x < 0) or np.any(x > 255)):
        raise DataError(f"{where}: x must be whole numbers from 0 to 255 (uint8); for 0 .. 1 multiply by 255 and round")
    frames = x.reshape(len(x), port.size).astype(np.uint8)
    if port.encoder is not Encoder.EVENTS or encoding is None:
        return frames  # type: ignore[return-value]
    return Encoded(port, frames, encoding)


def _as_frames(x: npt.NDArray[Any], model: Model) -> npt.NDArray[Any]:
    """Numbers of a .tflite file's int8 input as frames of the spiking network that was made of it."""
    if x.dtype != np.int8 or "spikes" not in model.meta:
        return x
    return (x.astype(np.int16) + 128).astype(np.uint8)


def _events(where: str, port: InputPort, own: _Arrays, length: int, samples: int | None) -> Sequence[EventArray]:
    """Events of each sample, all checked."""
    if port.encoder is not Encoder.EVENTS:
        raise DataError(f"{where} takes frames: the file needs an array x of shape (samples, {port.size})")
    columns = _columns(where, own)
    sample, tick = columns["sample"], columns["tick"]
    count = samples if samples is not None else (int(sample[-1]) + 1 if len(sample) else 0)
    limits = {
        "sample": (0, min(count, MAX_SAMPLES) - 1),
        "tick": (0, (length or MAX_TICKS) - 1),
        "neuron": (0, port.size - 1),
        "value": (-port.max_value, port.max_value),
    }
    for name, (low, high) in limits.items():
        column = columns[name]
        wrong = np.flatnonzero((column < low) | (column > high))
        if len(wrong):
            raise DataError(f"{where}: event {wrong[0]} has {name} {column[wrong[0]]}; allowed: {low} to {high}")
    if np.any(columns["value"] == 0):
        raise DataError(f"{where}: event {np.flatnonzero(columns['value'] == 0)[0]} has value 0: leave such events out")
    before = (np.diff(sample) < 0) | ((np.diff(sample) == 0) & (np.diff(tick) < 0))
    if np.any(before):
        at = int(np.flatnonzero(before)[0]) + 1
        raise DataError(f"{where}: event {at} is earlier than the one before it: sort events by sample, then by tick")
    events = np.zeros(len(sample), EVENT)
    for name in ("tick", "neuron", "value"):
        events[name] = columns[name]
    edges = np.searchsorted(sample, np.arange(count + 1))
    return Cut(where, port, events, edges)


def _columns(where: str, own: _Arrays) -> dict[str, npt.NDArray[np.int64]]:
    """The columns of an event list as int64 arrays of one length."""
    if "events" in own:
        record = own["events"]
        own = {name: record[name] for name in record.dtype.names or ()}
    missing = [name for name in _COLUMNS[:3] if name not in own]
    if missing:
        raise DataError(
            f"{where}: there is no {' and no '.join(missing)}: a data set has frames x and labels y, or events"
            " sample, tick, neuron (value) and labels"
        )
    shape = own["sample"].shape
    columns = {}
    for name in _COLUMNS:
        column = own.get(name)
        if column is None:
            column = np.ones(shape, np.int64)
        if column.ndim != 1 or column.shape != shape:
            raise DataError(
                f"{where}: {name} has shape {column.shape}, sample has {shape}: one number an event in each"
            )
        if column.dtype.kind not in "iu":
            raise DataError(f"{where}: {name} is {column.dtype}; it must be whole numbers (an integer dtype)")
        if column.dtype == np.uint64 and len(column) and int(column.max()) > 2**63 - 1:
            raise DataError(f"{where}: {name} has {column.max()}, which is too large")
        columns[name] = column.astype(np.int64)
    return columns
