"""Runs the same samples on the reference of a graded network and elsewhere, and compares every layer's output."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from spikelet.graded.data import GradedDataSet
from spikelet.graded.model import GradedModel
from spikelet.graded.reference import GradedReference
from spikelet.graded.report_flow import extent
from spikelet.graded.runner import GradedRunner, IntArray, dequantised

__all__ = [
    "FloatLayer",
    "FloatNetwork",
    "GradedComparison",
    "GradedDifference",
    "GradedVerification",
    "Layers",
    "verify",
]


class Layers(Protocol):
    """What is compared with the reference: a runner, or the interpreter behind the same calls.

    `layers` yields the index of a layer and its output, in order; layers that it does not tell of are not compared, nor
    are those that write only a part of a tensor, which a later layer completes: what lies in the rest has no meaning.
    """

    def layers(self, *inputs: IntArray) -> Iterator[tuple[int, IntArray]]:
        """Run the network once, a layer at a time."""

    def reset(self) -> None:
        """Variables begin anew."""


class FloatNetwork(Protocol):
    """The float network that a graded one was made from."""

    def reset(self) -> None:
        """Variables begin anew."""

    def layers(self, *inputs: npt.NDArray[np.float64]) -> Mapping[int, npt.NDArray[Any]]:
        """Real outputs of layers for one inference, by index of the graded layer that stands for them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GradedDifference:
    """The first place where something leaves the reference: sample, inference of it, layer, element of its output."""

    sample: int
    step: int
    layer: int
    name: str
    element: tuple[int, ...]
    expected: int
    found: int

    def __str__(self) -> str:
        step = f", inference {self.step}" if self.step else ""
        at = ", ".join(map(str, self.element))
        return (
            f"sample {self.sample}{step}, layer {self.layer} ({self.name}), element ({at}): it is {self.found}, the"
            f" reference has {self.expected}"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class GradedComparison:
    """Something against the reference: every element of every layer's output.

    `elements[layer]` is how many were compared, `unequal[layer]` how many differ.
    """

    name: str
    elements: Mapping[int, int]
    unequal: Mapping[int, int]
    first: GradedDifference | None

    @property
    def identical(self) -> bool:
        """Whether nothing differs."""
        return self.first is None


@dataclass(frozen=True, slots=True, kw_only=True)
class FloatLayer:
    """A layer against the float network: root mean square and largest difference, in steps of the layer's scale.

    `signal` is the root mean square of the float network's output in the same steps.
    """

    layer: int
    rms: float
    largest: float
    signal: float

    @property
    def decibels(self) -> float:
        """Signal to noise ratio; inf where nothing differs."""
        if self.rms == 0:
            return float("inf")
        return 20 * float(np.log10(self.signal / self.rms)) if self.signal else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class GradedVerification:
    """Everything that was compared.

    `same_prediction` is the part of the inferences in which the first output's largest element is the float
    network's; nan without one.
    """

    samples: int
    inferences: int
    comparisons: tuple[GradedComparison, ...]
    float_layers: tuple[FloatLayer, ...]
    same_prediction: float

    @property
    def identical(self) -> bool:
        """Whether everything equals the reference."""
        return all(comparison.identical for comparison in self.comparisons)


class _Compared:
    """Compares layers with the reference's; keeps sums and the first difference only."""

    def __init__(self, name: str, model: GradedModel) -> None:
        self._name, self._model = name, model
        self._elements: dict[int, int] = {}
        self._unequal: dict[int, int] = {}
        self._first: GradedDifference | None = None

    def add(self, at: tuple[int, int], index: int, expected: IntArray, found: IntArray) -> None:
        """Compare a layer's output; `at` are sample and inference."""
        wrong = np.asarray(found).reshape(expected.shape) != expected
        self._elements[index] = self._elements.get(index, 0) + expected.size
        count = int(np.count_nonzero(wrong))
        self._unequal[index] = self._unequal.get(index, 0) + count
        if count and self._first is None:
            element = tuple(int(i) for i in np.unravel_index(int(np.argmax(wrong)), wrong.shape))
            self._first = GradedDifference(
                sample=at[0],
                step=at[1],
                layer=index,
                name=self._model.layers[index].name,
                element=element,
                expected=int(expected[element]),
                found=int(np.asarray(found).reshape(expected.shape)[element]),
            )

    def result(self) -> GradedComparison:
        """The whole comparison."""
        return GradedComparison(name=self._name, elements=self._elements, unequal=self._unequal, first=self._first)


class _FloatSums:
    """Sums of differences from the float network, layer by layer, and how many predictions are the same."""

    def __init__(self, model: GradedModel) -> None:
        self._model = model
        self._sums: dict[int, list[float]] = {}
        self._same: list[bool] = []

    def add(self, outputs: Mapping[int, IntArray], real: Mapping[int, npt.NDArray[Any]]) -> None:
        """Take an inference's layers."""
        for index, expected in real.items():
            tensor = self._model.tensors[self._model.layers[index].output]
            found = dequantised(outputs[index], tensor).astype(np.float64).reshape(-1)
            error = (found - expected.reshape(-1)) / tensor.scale
            signal = expected.astype(np.float64).reshape(-1) / tensor.scale
            sums = self._sums.setdefault(index, [0.0, 0.0, 0.0, 0.0])
            sums[0] += float(error @ error)
            sums[1] += float(signal @ signal)
            sums[2] = max(sums[2], float(np.abs(error).max()))
            sums[3] += error.size
        last = extent(self._model.tensors[self._model.outputs[0].tensor])
        of_output = [i for i in real if extent(self._model.tensors[self._model.layers[i].output]) == last]
        if of_output:
            index = of_output[-1]
            self._same.append(int(np.argmax(outputs[index])) == int(np.argmax(real[index])))

    def layers(self) -> tuple[FloatLayer, ...]:
        """Of all layers that both have, in order."""
        return tuple(
            FloatLayer(layer=i, rms=(e / n) ** 0.5, largest=largest, signal=(s / n) ** 0.5)
            for i, (e, s, largest, n) in sorted(self._sums.items())
        )

    def same_prediction(self) -> float:
        """Part of the inferences."""
        return float(np.mean(self._same)) if self._same else float("nan")


def verify(
    model: GradedModel,
    data: GradedDataSet,
    others: Mapping[str, Layers],
    *,
    network: FloatNetwork | None = None,
    progress: Callable[[int], object] = lambda _: None,
) -> GradedVerification:
    """Run samples everywhere and compare.

    Args:
        model: the graded network.
        data: samples; a few dozen tell as much as thousands.
        others: what to compare with the reference, by name.
        network: the float network; None: leave it out.
        progress: called with 1 after each sample on each, the reference included.
    """
    reference: GradedRunner = GradedReference(model)
    whole = set({layer.output: index for index, layer in enumerate(model.layers)}.values())
    compared = {name: _Compared(name, model) for name in others}
    sums, inferences = _FloatSums(model), 0
    for sample in range(len(data)):
        if model.variables:
            for other in (reference, *others.values()):
                other.reset()
            if network is not None:
                network.reset()
        real = data.real(sample) if network is not None else []
        for step, inputs in enumerate(data.inputs(sample)):
            outputs = dict(reference.layers(*inputs))
            for name, other in others.items():
                for index, found in other.layers(*inputs):
                    if index in whole:
                        compared[name].add((sample, step), index, outputs[index], found)
            if network is not None:
                sums.add(outputs, network.layers(*(port[step] for port in real)))
            inferences += 1
        progress(1 + len(others))
    return GradedVerification(
        samples=len(data),
        inferences=inferences,
        comparisons=tuple(one.result() for one in compared.values()),
        float_layers=sums.layers(),
        same_prediction=sums.same_prediction(),
    )
