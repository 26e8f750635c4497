"""Answers before the last tick: what each tick of a sample would have said, and when a sample may stop."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from spikelet.datasets import DataSet
from spikelet.errors import DataError
from spikelet.events import EVENT, EventArray, as_events
from spikelet.model import Encoder, Model, OutputKind
from spikelet.rules import check
from spikelet.runner import Runner

__all__ = [
    "GAP_MAX",
    "KEY",
    "Row",
    "Trace",
    "check_scores",
    "choose_margin",
    "gap",
    "margin_of",
    "steps",
    "table",
    "trace",
    "with_early_exit",
    "with_gap",
    "with_margin",
    "without_gap",
]

#: Where a model's `meta` has its margin.
KEY = "early_exit"
#: The largest gap of an image.
GAP_MAX = 2**32 - 1
#: Margins that are tried.
_TRIED = 1024
#: Most synaptic operations that are spent to choose a margin: some minutes.
_SPENT = 2**32
_Numbers = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """What each tick of each sample gave: int64, shape (samples, ticks).

    `predictions` are the outputs with the largest score so far, `gaps` how far the second largest is behind it;
    `spikes` and `synops` count from the sample's start. `labels` has shape (samples,).
    """

    predictions: _Numbers
    gaps: _Numbers
    spikes: _Numbers
    synops: _Numbers
    labels: _Numbers | None

    @property
    def ticks(self) -> int:
        """Length of a sample."""
        return int(self.predictions.shape[1])

    def truth(self) -> _Numbers:
        """Labels; without them what the last tick says."""
        return self.predictions[:, -1] if self.labels is None else self.labels

    def exits(self, margin: int) -> _Numbers:
        """How many ticks each sample takes: up to the first with a gap above `margin`, else all; shape (samples,)."""
        clear = self.gaps > margin
        clear[:, -1] = True
        first: _Numbers = np.argmax(clear, axis=1) + 1
        return first

    def at(self, ticks: _Numbers | int) -> tuple[_Numbers, _Numbers, _Numbers]:
        """Predictions, spikes and synaptic operations of samples that stop after `ticks` (each, or one for all)."""
        last = np.broadcast_to(np.asarray(ticks) - 1, len(self.predictions))[:, None]
        predictions, spikes, synops = (
            np.take_along_axis(values, last, axis=1)[:, 0] for values in (self.predictions, self.spikes, self.synops)
        )
        return predictions, spikes, synops

    def accuracy(self, ticks: _Numbers | int) -> float:
        """Part of the samples whose prediction after `ticks` is the truth."""
        return float(np.mean(self.at(ticks)[0] == self.truth()))


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A line of a table: samples that stop after `ticks` in the mean, by `margin` where it is not None."""

    ticks: float
    accuracy: float
    spikes: float
    synops: float
    margin: int | None = None


def steps(runner: Runner, inputs: Mapping[str, Any], ticks: int) -> Iterator[EventArray]:
    """Run a sample from the initial state; gives the first output's events of each tick.

    Args:
        runner: what runs.
        inputs: of each port, as DataSet.inputs gives them: a uint8 frame, or events sorted by tick.
        ticks: the most ticks.
    """
    runner.reset()
    queues: list[tuple[int, EventArray]] = []
    for index, port in enumerate(runner.model.inputs):
        if port.name not in inputs:
            continue
        if port.encoder is Encoder.EVENTS:
            queues.append((index, inputs[port.name]))
        else:
            runner.push_frame(np.ascontiguousarray(inputs[port.name], np.uint8).reshape(-1), index)
    kept = [index for index, port in enumerate(runner.model.outputs) if port.kind is OutputKind.EVENTS]
    none = np.zeros(0, EVENT)
    for tick in range(ticks):
        for index, events in queues:
            first, last = np.searchsorted(events["tick"], [tick, tick + 1])
            if last > first:
                runner.push(events[first:last], index)
        runner.advance(1)
        taken = {index: runner.take(index) for index in kept}
        yield taken.get(0, none)


def gap(scores: npt.NDArray[np.int32]) -> int:
    """How far the second largest score is behind the largest."""
    second, first = np.partition(scores.astype(np.int64), -2)[-2:]
    return int(first - second)


def trace(
    runner: Runner, data: DataSet, *, ticks: int = 0, progress: Callable[[int], object] = lambda _: None
) -> Trace:
    """Run all samples, and look at the first output after every tick.

    Args:
        runner: runs the model that `data` was loaded for.
        data: samples of one length.
        ticks: most ticks; 0: a sample's length.
        progress: called with 1 after each sample.

    Raises:
        DataError: the output has no scores, or only one.
    """
    check_scores(runner.model)
    length = ticks or max((data.ticks_of(index) for index in range(len(data))), default=1)
    shape = (len(data), length)
    predictions, gaps, spikes, synops = (np.zeros(shape, np.int64) for _ in range(4))
    for sample in range(len(data)):
        for tick, _ in enumerate(steps(runner, data.inputs(sample), length)):
            place, scores, stats = (sample, tick), runner.scores(), runner.stats()
            predictions[place], gaps[place] = int(np.argmax(scores)), gap(scores)
            spikes[place], synops[place] = sum(s.events for s in stats), sum(s.synops for s in stats)
        progress(1)
    return Trace(predictions=predictions, gaps=gaps, spikes=spikes, synops=synops, labels=data.labels)


def check_scores(model: Model) -> None:
    """Refuse a model whose first output has nothing to compare.

    Raises:
        DataError: it has no decoder, or one neuron.
    """
    port = model.outputs[0]
    size = model.populations[port.population].size
    if port.decoder.name == "NONE" or size < 2:
        raise DataError(
            f"output {port.name!r}: found {size} neurons and decoder {port.decoder.name.lower()}; allowed for an early"
            " exit: 2 neurons or more, with a decoder. Convert with --decoder count or last"
        )


def choose_margin(found: Trace, *, loss: float = 0.1) -> int:
    """The smallest margin from which on samples that stop early lose at most `loss` points of accuracy.

    Args:
        found: of calibration data.
        loss: points (hundredths) of accuracy, against running all ticks.
    """
    least = found.accuracy(found.ticks) - loss / 100 - 1e-12
    margins = np.unique(np.quantile(found.gaps, np.linspace(0, 1, _TRIED), method="nearest"))
    chosen = int(margins[-1])
    for margin in margins[::-1].tolist():
        if found.accuracy(found.exits(margin)) < least:
            break
        chosen = int(margin)
    return chosen


def table(found: Trace, margins: Sequence[int] = ()) -> list[Row]:
    """Accuracy against ticks, spikes and synaptic operations: of 1, 2, 4 ... ticks, of all, and of early exits."""
    fixed = [2**power for power in range(found.ticks.bit_length()) if 2**power < found.ticks] + [found.ticks]
    rows = [_row(found, np.full(len(found.predictions), ticks), None) for ticks in fixed]
    return rows + [_row(found, found.exits(margin), margin) for margin in margins]


def _row(found: Trace, ticks: _Numbers, margin: int | None) -> Row:
    _, spikes, synops = found.at(ticks)
    return Row(
        ticks=float(ticks.mean()),
        accuracy=found.accuracy(ticks),
        spikes=float(spikes.mean()),
        synops=float(synops.mean()),
        margin=margin,
    )


def with_margin(
    model: Model, frames: npt.NDArray[np.uint8], labels: npt.ArrayLike | None = None, *, loss: float = 0.1
) -> Model:
    """The model with a margin in its `meta`, chosen on calibration data with the host's engine.

    Args:
        model: with one input that takes frames, and a window.
        frames: uint8, shape (samples, size); where these would take minutes, evenly spread ones of them.
        labels: their classes; without them what the last tick says is right.
        loss: points of accuracy that early exits may lose.

    Raises:
        DataError: labels do not fit, or the output has nothing to compare.
    """
    return _calibrated(model, {model.inputs[0].name: frames}, labels, loss)  # type: ignore[dict-item]


def with_early_exit(
    model: Model, said: int | str, calibration: Any = None, labels: npt.ArrayLike | None = None, *, loss: float = 0.1
) -> Model:
    """The model with a gap in its first output, so that its samples end early wherever it runs (semantics 5.1).

    Args:
        model: with a window.
        said: a margin, in units of the scores, that the best two must differ by more than; "auto": chosen on
            calibration data.
        calibration, labels: as for convert(); samples of one length.
        loss: with "auto", points of accuracy that early exits may lose.

    Raises:
        DataError: the margin is none, there are no calibration data to choose one on, or the output has nothing
            to compare.
        ModelError: the model has no window, or keeps its state between samples.
    """
    if said == "auto":
        if calibration is None:
            raise DataError(
                "early_exit 'auto': found no calibration data; a margin is chosen on them: give calibration"
            )
        model = _calibrated(model, _parts(model, calibration), labels, loss)
        return with_gap(model, margin_of(model))
    if isinstance(said, bool) or not isinstance(said, int) or not 0 <= said < GAP_MAX:
        raise DataError(f"early_exit {said!r}: give 'auto', or a margin from 0 to {GAP_MAX - 1} in units of the scores")
    return with_gap(model, said)


def with_gap(model: Model, margin: int) -> Model:
    """The model whose samples end when the best two scores of its first output differ by more than `margin`.

    Raises:
        DataError: the output has nothing to compare.
        ModelError: the model has no window, or keeps its state between samples.
    """
    check_scores(model)
    first, *others = model.outputs
    ends = replace(model, outputs=(replace(first, gap=margin + 1), *others))
    check(ends)
    return ends


def without_gap(model: Model) -> Model:
    """The model whose samples run to their end."""
    return replace(model, outputs=tuple(replace(port, gap=0) for port in model.outputs))


def _parts(model: Model, calibration: Any) -> dict[str, Sequence[Any]]:
    """Calibration data of convert() by port, each sample as DataSet has it."""
    given = calibration if isinstance(calibration, Mapping) else {port.name: calibration for port in model.inputs}
    parts: dict[str, Sequence[Any]] = {}
    for port in model.inputs:
        if port.name not in given:
            raise DataError(f"calibration has no samples for input {port.name!r}: an early exit needs those of each")
        samples = given[port.name]
        if port.encoder is Encoder.EVENTS:
            parts[port.name] = [as_events(sample) for sample in samples]
        else:
            parts[port.name] = [np.ascontiguousarray(sample, np.uint8).reshape(-1) for sample in samples]
    return parts


def _calibrated(model: Model, parts: Mapping[str, Sequence[Any]], labels: npt.ArrayLike | None, loss: float) -> Model:
    """The model with a margin in its `meta`, chosen on samples."""
    from spikelet.engine import Engine

    model = without_gap(model)
    n = len(next(iter(parts.values())))
    truth = None if labels is None else np.asarray(labels)
    if truth is not None and (truth.shape != (n,) or truth.dtype.kind not in "iu"):
        raise DataError(
            f"calibration_labels are {truth.dtype} of shape {truth.shape}: give one whole number for each of the"
            f" {n} samples"
        )
    with Engine(model) as engine:
        first = engine.run({name: part[0] for name, part in parts.items()}).stats
        most = max(1, _SPENT // max(sum(entry.synops for entry in first), 1))
        chosen = np.arange(0, n, -(-n // most))
        data = DataSet(
            name="calibration",
            parts={name: [part[int(index)] for index in chosen] for name, part in parts.items()},
            labels=None if truth is None else truth[chosen].astype(np.int64),
            ticks=model.ticks_per_sample,
        )
        found = trace(engine, data)
    margin = choose_margin(found, loss=loss)
    row = table(found, [margin])[-1]
    record = {
        "margin": margin,
        "loss": loss,
        "samples": len(chosen),
        "ticks": round(row.ticks, 3),
        "accuracy": round(row.accuracy, 6),
        "labels": truth is not None,
    }
    return replace(model, meta={**model.meta, KEY: record})


def margin_of(model: Model) -> int:
    """The margin that the model ends samples by, else the one that was chosen when it was converted.

    Raises:
        DataError: it has none.
    """
    if model.outputs[0].gap:
        return model.outputs[0].gap - 1
    known = model.meta.get(KEY)
    margin = known.get("margin") if isinstance(known, Mapping) else None
    if not isinstance(margin, int) or isinstance(margin, bool):
        raise DataError(
            "the model has no margin for an early exit: give a number of units of its scores, or convert with"
            " calibration data (--early-exit auto --calibration data.npz; of a .tflite file --spikes --calibration)"
        )
    return margin
