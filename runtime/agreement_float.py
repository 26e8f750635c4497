"""The float network beside a model, tick by tick: what one sample gives, and what it predicts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from spikelet.agreement import order_of
from spikelet.datasets import DataSet
from spikelet.encoders import encode_tick
from spikelet.events import EventArray, to_dense
from spikelet.model import Decoder, Encoder, InputPort, Model

if TYPE_CHECKING:
    from spikelet.converters.graph import Network

__all__ = ["FloatChunk", "FloatSample", "between", "float_predictions"]

_Floats = npt.NDArray[np.float64]
#: Numbers of an input that are unpacked at once.
_AT_ONCE = 2**22


def between(events: EventArray, start: int, stop: int) -> EventArray:
    """Events of some ticks, counted from the first of these; a copy."""
    first, last = np.searchsorted(events["tick"], [start, stop])
    cut: EventArray = events[first:last].copy()
    cut["tick"] -= np.uint32(start)
    return cut


@dataclass(frozen=True, slots=True, kw_only=True)
class FloatChunk:
    """Some ticks of a sample: arrays of shape (ticks, size) by population, neurons in the model's order.

    `v` has the populations that have potentials, in the network's units; `spikes` those that fire.
    """

    v: Mapping[str, _Floats]
    spikes: Mapping[str, _Floats]


class FloatSample:
    """Runs one sample after another through a float network, some ticks at a time.

    Args:
        network: the lowered network that the model was made from.
        model: says how inputs are encoded and the first output is decoded.
    """

    def __init__(self, network: Network, model: Model) -> None:
        from spikelet.converters.floating import Floating

        self._floating, self._model = Floating(network), model
        known = [p for p in model.populations if p.name in network.nodes]
        self._v = [p.name for p in known if p.name in self._floating.populations]
        self._spikes = [p.name for p in known if p.choices.fires]
        self._orders = {p.name: order_of(model, index) for index, p in enumerate(model.populations)}

    @property
    def populations(self) -> frozenset[str]:
        """Names of the model's populations that the network has too."""
        return frozenset(self._v) | frozenset(self._spikes)

    def start(self, inputs: Mapping[str, Any], ticks: int) -> None:
        """Begin a sample of `ticks` ticks from the initial state; inputs by port as in Runner.run."""
        self._floating.reset(1)
        self._inputs, self._ticks, self._now = inputs, ticks, 0
        self._scores = _Scores(self._model, 1)

    def run(self, ticks: int) -> FloatChunk:
        """Go on by some ticks."""
        given = {
            port.name: _values(port, self._inputs[port.name], self._now, self._now + ticks, self._ticks)
            for port in self._model.inputs
        }
        v: dict[str, list[_Floats]] = {name: [] for name in self._v}
        spikes: dict[str, list[_Floats]] = {name: [] for name in self._spikes}
        for tick in range(ticks):
            values = self._floating.tick({name: rows[tick : tick + 1] for name, rows in given.items()})
            for name, found in v.items():
                found.append(np.asarray(self._floating.potentials(name)[0], np.float64))
            for name, found in spikes.items():
                found.append(np.asarray(values[name][0], np.float64))
            self._scores.add(values, self._floating)
        self._now += ticks
        return FloatChunk(
            v={name: self._ordered(name, rows) for name, rows in v.items()},
            spikes={name: self._ordered(name, rows) for name, rows in spikes.items()},
        )

    def _ordered(self, name: str, rows: list[_Floats]) -> _Floats:
        order = self._orders[name]
        return np.stack(rows) if order is None else np.stack(rows)[:, order]

    @property
    def prediction(self) -> int:
        """What the sample's ticks so far predict, -1 without a decoder."""
        return int(self._scores.predictions()[0])


def _values(port: InputPort, sample: Any, start: int, stop: int, window: int) -> _Floats:
    """Values of some ticks of an input, shape (ticks, size)."""
    if port.encoder is Encoder.EVENTS:
        return to_dense(between(sample, start, stop), stop - start, port.size).astype(np.float64)
    frame = np.asarray(sample).reshape(-1)
    rows = [encode_tick(port, frame, tick=t, sample_tick=t, window=window) for t in range(start, stop)]
    return np.stack(rows).astype(np.float64)


class _Scores:
    """The decoder of the first output on a float network (semantics 5), samples side by side."""

    def __init__(self, model: Model, samples: int) -> None:
        port = model.outputs[0]
        self._how, self._name = port.decoder, model.populations[port.population].name
        self._score = np.zeros((samples, model.populations[port.population].size))
        if self._how is Decoder.LARGEST:
            self._score -= np.inf
        self._left = 2**31

    def add(self, values: Mapping[str, Any], floating: Any) -> None:
        """Take the values of a tick."""
        self._left -= 1
        if self._how is Decoder.COUNT:
            self._score += values[self._name]
        elif self._how is Decoder.FIRST:
            self._score[(self._score == 0) & (values[self._name] > 0)] = self._left
        elif self._how is Decoder.LAST:
            self._score = floating.potentials(self._name)
        elif self._how is Decoder.LARGEST:
            self._score = np.maximum(self._score, floating.potentials(self._name))

    def predictions(self) -> npt.NDArray[np.int64]:
        """The largest score of each sample."""
        if self._how is Decoder.NONE:
            return np.full(len(self._score), -1, np.int64)
        best: npt.NDArray[np.int64] = np.argmax(self._score, axis=1).astype(np.int64)
        return best


def float_predictions(network: Network, model: Model, data: DataSet) -> npt.NDArray[np.int64]:
    """What the float network predicts, by the decoder of the model's first output; int64, shape (samples,)."""
    from spikelet.converters.floating import Floating

    floating = Floating(network)
    found: list[npt.NDArray[np.int64]] = []
    for indices, ticks in _batches(model, data):
        floating.reset(len(indices))
        scores = _Scores(model, len(indices))
        given = {port.name: _stacked(port, data, indices, ticks) for port in model.inputs}
        for tick in range(ticks):
            scores.add(floating.tick({name: values[:, tick] for name, values in given.items()}), floating)
        found.append(scores.predictions())
    return np.concatenate([np.zeros(0, np.int64), *found])


def _batches(model: Model, data: DataSet) -> Iterator[tuple[list[int], int]]:
    """Samples of one length that are unpacked at once, in order."""
    width = sum(port.size for port in model.inputs)
    for ticks, same in groupby(range(len(data)), data.ticks_of):
        indices = list(same)
        step = max(1, _AT_ONCE // (width * ticks))
        for first in range(0, len(indices), step):
            yield indices[first : first + step], ticks


def _stacked(port: InputPort, data: DataSet, indices: list[int], ticks: int) -> _Floats:
    """Values of an input, shape (samples, ticks, size)."""
    from spikelet.converters.encoding import encode

    samples = [data.inputs(index)[port.name] for index in indices]
    if port.encoder is not Encoder.EVENTS:
        return encode(port, np.stack(samples), ticks).astype(np.float64)
    return np.stack([to_dense(events, ticks, port.size) for events in samples]).astype(np.float64)
