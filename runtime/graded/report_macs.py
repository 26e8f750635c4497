"""Multiply-accumulates of layers, and those of them whose input is zero: an engine of events skips these."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from spikelet.graded.model import GradedModel, Layer
from spikelet.graded.report_flow import TensorMemory

__all__ = ["Zeros", "is_depthwise", "macs", "multiplies", "weights_of"]


def multiplies(layer: Layer) -> bool:
    """Whether a layer multiplies inputs by weights."""
    return layer.weights is not None


def is_depthwise(layer: Layer) -> bool:
    """Whether each output channel of a layer reads one input channel."""
    return layer.kind.name.startswith("DEPTHWISE")


def _is_dense(layer: Layer) -> bool:
    """Whether a layer is fully connected (dot or dense)."""
    return "outputs" in layer.parameters


def _uses(p: Mapping[str, int], axis: str, size: str) -> npt.NDArray[np.int64]:
    """How many taps read each row (axis "y") or column ("x") of a map; what lies in the padding is no tap."""
    out, taps = np.arange(p[f"out_{size}"])[:, None], np.arange(p[f"kernel_{axis}"])[None, :]
    at = out * p[f"stride_{axis}"] + taps * p[f"dilation_{axis}"] - p[f"pad_{axis}"]
    return np.bincount(at[(at >= 0) & (at < p[f"in_{size}"])], minlength=p[f"in_{size}"])


def _reads(layer: Layer) -> npt.NDArray[np.int64]:
    """How many multiply-accumulates read each pixel of the input, channels apart: shape (height, width)."""
    p = layer.parameters
    if _is_dense(layer):
        return np.full((p["rows"], 1), p["outputs"])
    each = p["out_channels"] // (p["in_channels"] if is_depthwise(layer) else p["groups"])
    found: npt.NDArray[np.int64] = np.outer(_uses(p, "y", "height"), _uses(p, "x", "width")) * each
    return found


def _channels(layer: Layer) -> int:
    return layer.parameters["inputs" if _is_dense(layer) else "in_channels"]


def macs(layer: Layer) -> int:
    """Multiply-accumulates of a layer; padding has none. 0: it does not multiply by weights."""
    return int(_reads(layer).sum()) * _channels(layer) if multiplies(layer) else 0


def weights_of(layer: Layer) -> int:
    """Weights of a layer, padding of their layout left out."""
    p = layer.parameters
    if not multiplies(layer):
        return 0
    if _is_dense(layer):
        return p["inputs"] * p["outputs"]
    inputs = 1 if is_depthwise(layer) else p["in_channels"] // p["groups"]
    return p["kernel_y"] * p["kernel_x"] * inputs * p["out_channels"]


class Zeros:
    """Counts multiply-accumulates whose input is at its zero point, over inferences.

    Feed it what `GradedRunner.layers` gives: the inputs first, then each layer's output.
    """

    def __init__(self, model: GradedModel) -> None:
        self._model = model
        self._memory = TensorMemory(model)
        self._reads = {i: _reads(layer) for i, layer in enumerate(model.layers) if multiplies(layer)}
        #: Of each layer that multiplies, by index: all of an inference, and those that were skipped so far.
        self.all = {index: macs(model.layers[index]) for index in self._reads}
        self.skipped = dict.fromkeys(self._reads, 0)
        self.inferences = 0

    def reset(self) -> None:
        """The network's variables begin anew."""
        self._memory.reset()

    def begin(self, inputs: tuple[npt.NDArray[Any], ...]) -> None:
        """Start an inference."""
        self.inferences += 1
        self._memory.begin(inputs)

    def add(self, index: int, output: npt.NDArray[Any]) -> None:
        """Take a layer's output; before it is kept, what the layer read is counted."""
        layer = self._model.layers[index]
        if index in self._reads:
            values = self._memory.read(layer.inputs[0]).reshape(*self._reads[index].shape, _channels(layer))
            zeros = np.count_nonzero(values == layer.parameters["in_zero"], axis=2)
            self.skipped[index] += int((zeros * self._reads[index]).sum())
        self._memory.write(layer.output, output)

    def value(self, tensor: int) -> npt.NDArray[Any]:
        """What a tensor holds now."""
        return self._memory.read(tensor)

    @property
    def share(self) -> float:
        """Part of all multiply-accumulates that are skipped; nan where there are none."""
        total = sum(self.all.values()) * self.inferences
        return sum(self.skipped.values()) / total if total else float("nan")
