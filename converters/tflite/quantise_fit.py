"""Fits the weights of all layers to calibration data, in the order of execution, and runs what comes of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from spikelet.converters.tflite.file import Operator, Subgraph, TfliteFile
from spikelet.converters.tflite.float_call import Array, Call
from spikelet.converters.tflite.float_run import BATCH, VARIABLES, FloatRun, last_uses
from spikelet.converters.tflite.quantise_graph import WEIGHTED
from spikelet.converters.tflite.quantise_moments import measured
from spikelet.converters.tflite.quantise_ranges import Scale
from spikelet.converters.tflite.quantise_rectify import rectified
from spikelet.converters.tflite.quantise_weights import AXES, Layer, Weights, fitted, nearest

__all__ = ["Fitter", "Rounded", "compared", "output_loss"]


class Rounded(FloatRun):
    """Runs a float network with the weights that codes stand for and activations as int8 can hold them.

    Near to the integers, and quick: choices are made with it. What is reported comes from the integers themselves.

    Args:
        file: of `grouped`.
        scales: by tensor.
        layers: by index of the operator; others keep their weights.
    """

    def __init__(self, file: TfliteFile, scales: Mapping[int, Scale], layers: Mapping[int, Layer]) -> None:
        super().__init__(file)
        self._scales, self._layers = scales, dict(layers)
        for index, values in self.constants.items():
            if index in scales:
                self.constants[index] = scales[index].rounded(values)
        self._initial = {name: self._as_variable(name, values) for name, values in self._initial.items()}
        self.reset()

    def take(self, operator: Operator, layer: Layer) -> None:
        """Use a layer from now on."""
        self._layers[operator.index] = layer

    def call(self, operator: Operator, values: Mapping[int, Array]) -> Call:
        """With the layer's weights."""
        call, layer = super().call(operator, values), self._layers.get(operator.index)
        if layer is None:
            return call
        given = [call.array(0), layer.weight[np.newaxis], layer.real_bias[np.newaxis]]
        return Call(operator, call.tensors, call.output, given)

    def apply(self, operator: Operator, values: Mapping[int, Array]) -> Array:
        """With the output rounded."""
        return self._scales[operator.outputs[0]].rounded(super().apply(operator, values))

    def checked(self, inputs: Sequence[Array]) -> list[Array]:  # type: ignore[override]
        """Rounded."""
        pairs = zip(self.graph.inputs, super().checked(inputs), strict=True)
        return [self._scales[index].rounded(values) for index, values in pairs]

    def _as_variable(self, name: str, values: Array) -> Array:
        for operator in self.graph.operators:
            if operator.kind == "READ_VARIABLE" and self._names[operator.inputs[0]] == name:
                return self._scales[operator.outputs[0]].rounded(values)
        return values


def compared(graph: Subgraph) -> list[int]:
    """The tensors that tell how near two networks are: outputs, and of a softmax its input.

    Where probabilities are near 0 and 1 they tell little, or by single samples.
    """
    inputs = {operator.outputs[0]: operator.inputs[0] for operator in graph.operators if operator.kind == "SOFTMAX"}
    return [inputs.get(index, index) for index in graph.outputs]


def output_loss(run: FloatRun, inputs: Sequence[Array], meant: Sequence[Array]) -> float:
    """How far a network is from the float one: squared errors in parts of the variance, the sum over `compared`.

    Args:
        run: of the quantised network.
        inputs: of both.
        meant: what is in `compared` in the float network.
    """
    run.reset()
    total = 0.0
    for found, wanted in zip(run.values(compared(run.graph), *inputs), meant, strict=True):
        variance = float(np.var(wanted, axis=0, dtype=np.float64).sum()) * len(wanted)
        total += float(np.sum((found - wanted) ** 2, dtype=np.float64)) / max(variance, 1e-30)
    return total


class Fitter:
    """Fits layers; float and quantised network go through the same samples side by side.

    Args:
        file: of `grouped`.
        scales: of activations, by tensor.
        inputs: calibration data, of each input.
    """

    def __init__(self, file: TfliteFile, scales: Mapping[int, Scale], inputs: Sequence[Array]) -> None:
        self.file, self.scales, self._inputs = file, scales, inputs
        self._float = FloatRun(file)
        self._states = self._recorded()
        self._done: dict[tuple[tuple[int, int], ...], Layer] = {}

    @property
    def layers(self) -> list[Operator]:
        """Operators with weights, in order."""
        return [operator for operator in self._float.graph.operators if operator.kind in WEIGHTED]

    def nearest(self) -> dict[int, Layer]:
        """All layers in 8 bits, rounded to the nearest."""
        return {operator.index: nearest(self._weights(operator)) for operator in self.layers}

    def fit(self, bits: Mapping[int, int]) -> dict[int, Layer]:
        """All layers, each fitted to what the ones before it bring.

        Args:
            bits: 8, 4 or 2 by index of the operator.
        """
        own, graph = Rounded(self.file, self.scales, {}), self._float.graph
        runs, last = (own, self._float), last_uses(graph)
        values = [dict(run.constants) for run in runs]
        for store, run in zip(values, runs, strict=True):
            store.update(zip(graph.inputs, run.checked(self._inputs), strict=True))
        result: dict[int, Layer] = {}
        key: tuple[tuple[int, int], ...] = ()
        for operator in graph.operators:
            if operator.kind in WEIGHTED:
                key = (*key, (operator.index, bits[operator.index]))
                if key not in self._done:
                    given = self._weights(operator)
                    moments = measured(_calls(operator, runs, values), given.parts)
                    layer = fitted(given, bits[operator.index], moments)
                    self._done[key] = rectified(given, layer, _calls(operator, runs, values))
                result[operator.index] = self._done[key]
                own.take(operator, result[operator.index])
            if len(result) == len(self.layers):
                break
            if operator.kind == "READ_VARIABLE":
                index = operator.outputs[0]
                values[0][index] = self.scales[index].rounded(self._states[index])
                values[1][index] = self._states[index]
            elif operator.kind not in VARIABLES:
                for store, run in zip(values, runs, strict=True):
                    store[operator.outputs[0]] = np.concatenate(
                        [run.apply(operator, part) for part in _cut(operator, store)]
                    )
            for index in {*operator.inputs, *operator.outputs}:
                if last.get(index) == operator.index:
                    for store in values:
                        store.pop(index, None)
        return result

    def _weights(self, operator: Operator) -> Weights:
        run = self._float
        source, weight = operator.inputs[0], run.constants[operator.inputs[1]][0]
        channels = run.graph.tensors[source].shape[-1]
        size = weight.shape[AXES[operator.kind]]
        given = operator.inputs[2] if len(operator.inputs) > 2 else -1
        return Weights(
            operator=operator,
            weight=weight,
            bias=np.zeros(size) if given < 0 else run.constants[given][0].astype(np.float64),
            channels=weight.shape[-1] if operator.kind == "FULLY_CONNECTED" else channels,
            input_step=self.scales[source].scale,
            output_step=self.scales[operator.outputs[0]].scale,
        )

    def _recorded(self) -> dict[int, Array]:
        """What the float network reads of its variables, for each sample of the stream."""
        read = [operator.outputs[0] for operator in self._float.graph.operators if operator.kind == "READ_VARIABLE"]
        if not read:
            return {}
        self._float.reset()
        found = [{index: batch[index] for index in read} for batch in self._float.tensors(*self._inputs)]
        return {index: np.concatenate([part[index] for part in found]) for index in read}


def _cut(operator: Operator, values: Mapping[int, Array]) -> Iterator[dict[int, Array]]:
    """What an operator reads, a batch of samples at a time; constants have one sample."""
    read = {index: values[index] for index in operator.inputs if index >= 0}
    samples = max(map(len, read.values()))
    for start in range(0, samples, BATCH):
        yield {index: v[start : start + BATCH] if len(v) == samples else v for index, v in read.items()}


def _calls(
    operator: Operator, runs: Sequence[FloatRun], values: Sequence[Mapping[int, Array]]
) -> Iterator[tuple[Call, Call]]:
    pairs = zip(*(_cut(operator, store) for store in values), strict=True)
    for own, meant in pairs:
        yield runs[0].call(operator, own), runs[1].call(operator, meant)
