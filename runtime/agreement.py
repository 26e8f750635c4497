"""How near the integers of a population come to the float network: sums over samples, a chunk of ticks at a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from spikelet.errors import DataError
from spikelet.model import Model, PopulationKind

if TYPE_CHECKING:
    from spikelet.converters.graph import Network

__all__ = ["LayerAgreement", "LayerSums", "NeuronAgreement", "order_of", "unit_of"]

_Floats = npt.NDArray[np.float64]
_Whole = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerAgreement:
    """How near the integer reference is to the float network in one population.

    `spikes_equal` is the part of all (sample, tick, neuron) cells with equal counts, `counts_equal` the
    part of (sample, neuron) sums; both are 1 for populations that do not fire. `rate_correlation` is
    Pearson's r of these sums, float against integer; None where they do not vary. `v_error` is the root
    mean square of the difference of potentials in the network's units, over all cells.

    `v_rms` and `v_largest` are that difference in *thresholds* of the neuron (`v_unit`; populations without
    one: in the largest |v| of the float network). A spike that comes a tick late leaves two potentials a reset
    apart, which says nothing new: cells of a neuron count up to its first differing spike in a sample.
    `v_compared` is the part of the cells that is left. `v_largest_at` and `first`, the first unequal spike
    count, are (sample, tick, neuron).

    `never_*` and `always_*` are how many neurons fire in no or in every tick, only in the float network or
    only in integers. `at_v_min_float` is the part of the cells in which v rests on the lower clamp.
    """

    population: str
    size: int
    fires: bool
    spikes_float: int
    spikes_integer: int
    spikes_equal: float
    counts_equal: float
    rate_correlation: float | None
    v_error: float
    v_unit: str
    v_rms: float | None
    v_largest: float | None
    v_largest_at: tuple[int, int, int] | None
    v_compared: float
    first: tuple[int, int, int] | None
    never_float_only: int
    never_integer_only: int
    always_float_only: int
    always_integer_only: int
    at_v_min_float: float


@dataclass(frozen=True, slots=True, kw_only=True)
class NeuronAgreement:
    """Sums for each neuron, shape (size,): spikes on both sides, unequal ticks, squared error [v_unit]."""

    counts_float: _Floats
    counts_integer: _Floats
    unequal: _Whole
    v_square: _Floats
    v_cells: _Whole


def unit_of(model: Model, index: int) -> tuple[_Floats, _Floats]:
    """What a unit of v is in the network's units, and where it counts from; both of shape (1,) or (size,).

    Raises:
        DataError: the model does not say.
    """
    size, frac = model.populations[index].size, model.populations[index].frac
    reports = model.meta.get("populations")
    report = reports[index] if isinstance(reports, list) and index < len(reports) else None
    if not isinstance(report, dict):
        raise DataError("the image does not say what its integers stand for: give the network's file instead")
    found = []
    for name, absent in (("scale", 1.0), ("offset", 0.0)):
        value = report.get(name, absent)
        numbers = value if isinstance(value, list) else [value]
        if len(numbers) not in {1, size} or not all(type(x) in {int, float} for x in numbers):
            raise DataError(f"population {model.populations[index].name!r}: its {name} in the image is no number")
        found.append(np.asarray(numbers, np.float64))
    return found[0] / 2.0**frac, found[1]


def order_of(model: Model, index: int) -> _Whole | None:
    """The float network's number of each neuron of a population; None: the same.

    The converter numbers maps with their channels last and says so in the model's meta.
    """
    size, reports = model.populations[index].size, model.meta.get("populations")
    report = reports[index] if isinstance(reports, list) and index < len(reports) else None
    shape = report.get("map") if isinstance(report, dict) else None
    if not isinstance(shape, list) or len(shape) != 3 or not all(type(n) is int and n > 0 for n in shape):
        return None
    channels, height, width = shape
    if channels * height * width != size:
        return None
    order: _Whole = np.arange(size).reshape(channels, height * width).T.reshape(-1)
    return order


class LayerSums:
    """Adds up one population over chunks of samples.

    Args:
        model, index: the population.
        network: has a node of the population's name.
    """

    def __init__(self, model: Model, index: int, network: Network) -> None:
        population = model.populations[index]
        self.name, self._size, self._fires = population.name, population.size, population.choices.fires
        self._unit, self._offset = unit_of(model, index)
        node: Any = network.nodes[population.name]
        order = order_of(model, index)
        self._thresholds = _thresholds(node, population.size, order) if self._fires else None
        lowest = np.asarray(getattr(node, "v_min", -np.inf)) + np.asarray(getattr(node, "offset", 0.0))
        self._v_min = lowest if order is None or lowest.shape != order.shape else lowest[order]
        self._has_v = population.kind is not PopulationKind.DELAY
        self._counts = np.zeros((2, self._size))
        self._firing = np.zeros((2, self._size), np.int64)
        self._unequal, self._v_cells = np.zeros((2, self._size), np.int64)
        self._v_square = np.zeros(self._size)
        self._moments = np.zeros(5)
        self._ticks = self._samples = self._cells = self._counts_equal = self._at_v_min = 0
        self._v_all = self._largest_v = 0.0
        self._largest: tuple[float, tuple[int, int, int] | None] = (0.0, None)
        self._first: tuple[int, int, int] | None = None
        self.unequal_of_sample = 0
        self.first_of_sample: int | None = None

    def start(self) -> None:
        """Begin a sample."""
        self._apart = np.zeros(self._size, bool)
        self._in_sample = np.zeros((2, self._size))
        self._tick = 0
        self.unequal_of_sample, self.first_of_sample = 0, None

    def add(self, sample: int, v: Any, real_v: Any, z: Any, real: Any) -> None:
        """Take some ticks: integer and float potentials, integer and float spikes; shape (ticks, size) or None."""
        ticks = len(z) if z is not None else len(v)
        wrong = z != real if self._fires else np.zeros((ticks, self._size), bool)
        if self._fires:
            self._add_spikes(sample, z, real, wrong)
        apart = np.logical_or.accumulate(wrong, axis=0) | self._apart
        self._apart = apart[-1]
        if v is not None and real_v is not None and self._has_v:
            self._add_potentials(sample, v * self._unit + self._offset, real_v, apart)
        self._tick += ticks
        self._ticks += ticks

    def _add_spikes(self, sample: int, z: Any, real: Any, wrong: npt.NDArray[np.bool_]) -> None:
        for side, counts in enumerate((real, z)):
            self._in_sample[side] += counts.sum(axis=0)
            self._firing[side] += np.count_nonzero(counts, axis=0)
        self._unequal += np.count_nonzero(wrong, axis=0)
        self.unequal_of_sample += int(np.count_nonzero(wrong))
        if self.first_of_sample is None and wrong.any():
            tick, neuron = divmod(int(np.argmax(wrong)), self._size)
            self.first_of_sample = self._tick + tick
            self._first = self._first or (sample, self._tick + tick, neuron)

    def _add_potentials(self, sample: int, v: _Floats, real: _Floats, apart: npt.NDArray[np.bool_]) -> None:
        wrong = np.abs(v - real)
        self._v_all += float(np.sum(wrong**2))
        self._cells += wrong.size
        self._largest_v = max(self._largest_v, float(np.max(np.abs(real), initial=0.0)))
        self._at_v_min += int(np.count_nonzero(real <= self._v_min))
        counted = np.where(apart, 0.0, wrong / (1.0 if self._thresholds is None else self._thresholds))
        self._v_square += np.sum(counted**2, axis=0)
        self._v_cells += np.count_nonzero(~apart, axis=0)
        at = int(np.argmax(counted))
        tick, neuron = divmod(at, self._size)
        if counted[tick, neuron] > self._largest[0]:
            self._largest = (float(counted[tick, neuron]), (sample, self._tick + tick, neuron))

    def finish(self) -> None:
        """End a sample."""
        self._samples += 1
        real, whole = self._in_sample
        self._counts += self._in_sample
        self._counts_equal += int(np.count_nonzero(real == whole))
        self._moments += [real.sum(), whole.sum(), real @ real, whole @ whole, real @ whole]

    def result(self) -> LayerAgreement:
        """The whole comparison."""
        cells = max(self._ticks * self._size, 1)
        unit = 1.0 if self._thresholds is not None else self._largest_v
        compared = int(self._v_cells.sum())
        has_v = compared > 0 and unit > 0
        never = [firing == 0 for firing in self._firing]
        always = [firing == self._ticks for firing in self._firing]
        return LayerAgreement(
            population=self.name,
            size=self._size,
            fires=self._fires,
            spikes_float=int(self._counts[0].sum()),
            spikes_integer=int(self._counts[1].sum()),
            spikes_equal=1 - int(self._unequal.sum()) / cells if self._fires else 1.0,
            counts_equal=self._counts_equal / max(self._samples * self._size, 1) if self._fires else 1.0,
            rate_correlation=self._correlation(),
            v_error=float(np.sqrt(self._v_all / max(self._cells, 1))),
            v_unit="threshold" if self._thresholds is not None else "largest |v|",
            v_rms=float(np.sqrt(self._v_square.sum() / compared)) / unit if has_v else None,
            v_largest=self._largest[0] / unit if has_v else None,
            v_largest_at=self._largest[1],
            v_compared=compared / max(self._cells, 1),
            first=self._first,
            never_float_only=int(np.sum(never[0] & ~never[1])) if self._fires else 0,
            never_integer_only=int(np.sum(never[1] & ~never[0])) if self._fires else 0,
            always_float_only=int(np.sum(always[0] & ~always[1])) if self._fires else 0,
            always_integer_only=int(np.sum(always[1] & ~always[0])) if self._fires else 0,
            at_v_min_float=self._at_v_min / max(self._cells, 1),
        )

    def neurons(self) -> NeuronAgreement:
        """The same for each neuron."""
        return NeuronAgreement(
            counts_float=self._counts[0],
            counts_integer=self._counts[1],
            unequal=self._unequal,
            v_square=self._v_square,
            v_cells=self._v_cells,
        )

    def _correlation(self) -> float | None:
        """Pearson's r of the sums of each sample and neuron."""
        n = self._samples * self._size
        x, y, xx, yy, xy = self._moments
        spread_x, spread_y = n * xx - x * x, n * yy - y * y
        if not self._fires or spread_x <= 0 or spread_y <= 0:
            return None
        return float(min((n * xy - x * y) / np.sqrt(spread_x * spread_y), 1.0))


def _thresholds(node: Any, size: int, order: _Whole | None) -> _Floats | None:
    """Distance from rest to threshold of each neuron; where one has none, that of the others."""
    raw = getattr(node, "threshold", None)
    if raw is None:
        return None
    values = np.broadcast_to(np.abs(np.asarray(raw, np.float64)), (size,))
    usable = np.isfinite(values) & (values > 0)
    if not usable.any():
        return None
    found: _Floats = np.where(usable, values, np.median(values[usable]))
    return found if order is None else found[order]
