"""Recordings of event cameras as data sets: one file is one sample; a folder has a sub-folder a class."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from spikelet.dataset_parts import MAX_TICKS, Lazy, bounded
from spikelet.errors import DataError
from spikelet.events import EventArray
from spikelet.model import Encoder, InputPort, Model
from spikelet.recordings import Polarity, Recording, format_of
from spikelet.recordings import load as load_recording

__all__ = ["Reading", "Recorded", "class_numbers", "recorded"]

_Labels = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """How recordings become events.

    `tick_us` is the length of a tick [us], None: the model's own; pixels are divided by `downscale`.
    """

    tick_us: int | None = None
    downscale: int = 1


class Recorded(Lazy):
    """A recording a sample; each is read when asked for."""

    def __init__(self, paths: Sequence[Path], port: InputPort, tick_us: int, downscale: int, ticks: int) -> None:
        self._paths, self._port, self._ticks = paths, port, ticks
        self._tick_us, self._downscale = tick_us, downscale
        self._last: tuple[int, EventArray] | None = None

    def __len__(self) -> int:
        return len(self._paths)

    def sample(self, index: int) -> EventArray:
        """See Lazy."""
        if self._last is None or self._last[0] != index:
            self._last = index, self._read(self._paths[index])
        return self._last[1]

    def _read(self, path: Path) -> EventArray:
        known, scale = _sides(self._port), self._downscale
        recording = load_recording(path, size=None if known is None else (known[1] * scale, known[0] * scale))
        shape, polarity = _shape(self._port, recording, scale)
        events = recording.to_events(
            self._tick_us, shape=shape, polarity=polarity, ticks=self._ticks or None, downscale=scale
        )
        if len(events) and int(events["tick"][-1]) >= MAX_TICKS:
            raise DataError(
                f"{path} lasts {int(events['tick'][-1]) + 1} ticks of {self._tick_us} us; at most {MAX_TICKS}: use a"
                " longer tick (--tick-us), or take the first ones (--ticks)"
            )
        return bounded(str(path), self._port, events)


def recorded(path: Path, model: Model, reading: Reading, ticks: int) -> tuple[dict[str, Recorded], _Labels | None]:
    """The samples of a recording, or of a folder of them.

    Args:
        path: the file or folder. Its sub-folders are named as the output's labels, or by numbers; else
            they are classes in the order of their names. A folder without sub-folders has no labels.
        model: whose input takes events: of shape (2, H, W), (1, H, W), (H, W), or flat.
        reading: how recordings become events.
        ticks: length of a sample [ticks], what is later is left out; 0: up to the last event.

    Raises:
        DataError: the model takes no recording, nobody says how long a tick is, or there are no files.
    """
    files, labels = _files(path, model) if path.is_dir() else ([path], None)
    if len(model.inputs) != 1 or model.inputs[0].encoder is not Encoder.EVENTS:
        raise DataError(f"{path} holds recordings: they are for models with one input that takes events (no encoder)")
    tick_us = reading.tick_us
    if tick_us is None:
        tick_us, rest = divmod(model.tick_ns, 1000)
        if tick_us == 0 or rest:
            raise DataError(f"{path} holds recordings: say how long a tick is (--tick-us N, 1000 is a millisecond)")
    return {model.inputs[0].name: Recorded(files, model.inputs[0], tick_us, reading.downscale, ticks)}, labels


def _files(path: Path, model: Model) -> tuple[list[Path], _Labels | None]:
    """The files of a folder, and which class each is."""
    try:
        folders = [entry for entry in _entries(path) if entry.is_dir()]
        if not folders:
            return _checked(path, _entries(path)), None
        loose = [entry.name for entry in _entries(path) if not entry.is_dir()]
        if loose:
            raise DataError(f"{path} has folders, a class each, and {loose[0]!r} beside them: move it into one")
        classes = class_numbers(path, [folder.name for folder in folders], model.outputs[0].labels)
        inside = [_checked(folder, _entries(folder)) for folder in folders]
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}") from error
    labels = np.repeat(np.array(classes, np.int64), [len(files) for files in inside])
    return [file for files in inside for file in files], labels


def _checked(path: Path, files: list[Path]) -> list[Path]:
    """Look at a folder's first file; the others are looked at when they are read."""
    if not files:
        raise DataError(f"{path} is an empty folder, and no .npz file: a data set of recordings has some")
    if files[0].is_dir() or format_of(files[0]) is None:
        raise DataError(f"{path} is no .npz file, and no folder of recordings: {files[0].name!r} in it is none")
    return files


def _entries(path: Path) -> list[Path]:
    """What is in a folder, by name; hidden files are left out."""
    return sorted((entry for entry in path.iterdir() if not entry.name.startswith(".")), key=lambda entry: entry.name)


def class_numbers(path: Path, names: Sequence[str], labels: Sequence[str]) -> list[int]:
    """Number of the class that each folder's name stands for: a label, a number, or its place.

    Raises:
        DataError: some names are labels, others are not.
    """
    if labels and set(names) & set(labels):
        unknown = sorted(set(names) - set(labels))
        if unknown:
            raise DataError(f"{path}: folder {unknown[0]!r} is none of the model's labels: {', '.join(labels)}")
        return [list(labels).index(name) for name in names]
    if all(name.isascii() and name.isdigit() and len(name) < 6 for name in names):
        return [int(name) for name in names]
    return list(range(len(names)))


def _sides(port: InputPort) -> tuple[int, int] | None:
    """Rows and columns that a port's shape says."""
    return (port.shape[-2], port.shape[-1]) if len(port.shape) in (2, 3) else None


def _shape(port: InputPort, recording: Recording, downscale: int) -> tuple[tuple[int, int, int], Polarity]:
    """Channels, rows and columns of a port, and what becomes of polarity."""
    known = _sides(port)
    rows, columns = known or (-(-recording.height // downscale), -(-recording.width // downscale))
    channels = port.size // (rows * columns)
    if channels not in (1, 2) or port.size != channels * rows * columns or len(port.shape) > 3:
        raise DataError(
            f"{recording.source}: {recording.width} x {recording.height} pixels with downscale {downscale} do not fit"
            f" input {port.name!r} of shape {port.shape}; allowed: (2, {rows}, {columns}), (1, {rows}, {columns}), or"
            " as many neurons in a row: use another downscale (--downscale)"
        )
    return (channels, rows, columns), "split" if channels == 2 else "merge"
