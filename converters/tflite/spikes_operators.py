"""What each operator of a file becomes in a spiking network."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np

from spikelet.converters.graph import MAX_SIZE
from spikelet.converters.nodes import Conv, Flatten, Linear, Pool, Scale, Shape, size_of
from spikelet.converters.tflite.file import Operator
from spikelet.converters.tflite.spikes_pooling import largest
from spikelet.converters.tflite.spikes_reading import DAMAGED, Reading, planar
from spikelet.converters.tflite.spikes_wiring import NO_PAD, Pad, Plan, Role, Signal, Wiring
from spikelet.errors import ConvertError

__all__ = ["OPERATORS", "Planner"]

_Pair = tuple[int, int]


class Planner:
    """Signals by tensor, as operators make them.

    Args:
        reading: the file.
        input_scale, input_zero: what a pixel of the frames means, where the file's input is float.
    """

    def __init__(self, reading: Reading, input_scale: float | None, input_zero: int | None) -> None:
        self.reading, self.wiring = reading, Wiring()
        self.dropped: list[str] = []
        self._split: dict[int, Signal] = {}
        self.scale, self.zero = reading.pixels(input_scale, input_zero)
        first = reading.graph.inputs[0]
        shape = reading.axes(reading.graph.tensors[first])
        if not 1 <= size_of(shape) <= MAX_SIZE:
            raise ConvertError(
                "input", "shape", found=f"{size_of(shape)} numbers", allowed=f"1 .. {MAX_SIZE}", hint="Make it smaller."
            )
        self._entry = self.wiring.input("image", shape, self.scale, self.zero)
        self.signals: dict[int, Signal] = {first: self._entry}

    def plan(self) -> Plan:
        """All operators, then the readout."""
        graph = self.reading.graph
        for operator in graph.operators:
            make = OPERATORS.get(operator.kind)
            if make is None:
                self.reading.refuse(operator, "", "an operator without a spiking form", ", ".join(OPERATORS))
            try:
                self.signals[operator.outputs[0]] = make(self, operator)
            except (ValueError, IndexError) as error:  # axes that are not there, sizes that do not fit
                self.reading.refuse(operator, "shape", str(error), "shapes that fit together", DAMAGED)
        result, last = self.signals[graph.outputs[0]], graph.operators[-1]
        if size_of(result.shape[1:]) > 1 and result.shape[0] > 1:
            self.reading.refuse(last, "outputs", f"a map of {result.shape}", "a vector of scores")
        self.wiring.readout("scores", "output", self.wiring.weighted("scores.from", self.bare(last, result)))
        return Plan(
            network=self.wiring.network(),
            roles=self.wiring.roles,
            input_scale=self.scale,
            input_zero=self.zero,
            dropped=tuple(self.dropped),
        )

    def given(self, operator: Operator, place: int = 0) -> Signal:
        """The signal of an input, which may be padded.

        Raises:
            ConvertError: it is a constant, or comes from what has to be last.
        """
        signal = self.signals.get(operator.inputs[place])
        if signal is None:
            self.reading.refuse(operator, "inputs", "a constant", "what comes from the network's input")
        if signal.last and operator.kind not in _AFTER_LAST:
            self.reading.refuse(operator, "inputs", "what a softmax or sigmoid gives", "these at the end only")
        return signal

    def bare(self, operator: Operator, signal: Signal) -> Signal:
        """A signal without zeros around it."""
        if signal.pad != NO_PAD:
            self.reading.refuse(operator, "inputs", "a padded map", "PAD in front of convolutions only")
        return signal

    def sent(self, operator: Operator) -> Signal:
        """An input that weights may follow: values that no ReLU made become two populations, one for each sign."""
        signal, index = self.given(operator), operator.inputs[0]
        if signal.sent:
            return signal
        if index not in self._split:
            self._split[index] = self._signed(f"tensor_{index}", replace(signal, pad=NO_PAD), index, below=1.0)
        return replace(self._split[index], pad=signal.pad)

    def _signed(self, path: str, signal: Signal, tensor: int, *, below: float) -> Signal:
        """Populations for the positive and the negative part; the latter counts `below` times."""
        signal = self.wiring.weighted(f"{path}.from", signal)
        positive = self.wiring.population(f"{path}.above", signal, Role(tensor=tensor))
        if signal.rectified:
            return positive
        negative = self.wiring.population(f"{path}.below", signal, Role(tensor=tensor, negative=True))
        minus = self.wiring.add(f"{path}.minus", Scale(scale=np.full(1, -below)), negative.paths)
        return Signal(paths=(*positive.paths, minus), shape=signal.shape, sent=True)

    def activated(self, operator: Operator, signal: Signal, kind: str | None = None) -> Signal:
        """Behind a ReLU, or as it is."""
        said = kind or str(operator.options.get("fused_activation_function", "NONE"))
        if said == "NONE":
            return signal
        if said not in ("RELU", "RELU6"):
            self.reading.refuse(operator, "fused_activation_function", said, "NONE, RELU, RELU6")
        if signal.rectified and signal.sent:  # what neurons send is cut already
            return signal
        tensor, path = self.reading.written(operator), path_of(operator)
        ceiling = min(self.reading.ceiling(operator), 6.0 if said == "RELU6" else np.inf)
        signal = self.wiring.weighted(f"{path}.from", signal)
        return self.wiring.population(path, signal, Role(tensor=tensor.index, ceiling=ceiling))

    def leaky(self, operator: Operator) -> Signal:
        """Both parts, the negative one with another weight."""
        signal = self.bare(operator, self.given(operator))
        alpha = operator.options.get("alpha")
        if not isinstance(alpha, (int, float)) or not np.isfinite(alpha):
            self.reading.refuse(operator, "alpha", repr(alpha), "a number", DAMAGED)
        return self._signed(path_of(operator), signal, operator.outputs[0], below=float(alpha))

    def reshaped(self, operator: Operator, signal: Signal) -> Signal:
        """In the shape of the operator's output; a map that becomes a vector stays one, for what comes next."""
        shape = self.reading.axes(self.reading.written(operator))
        size = size_of(signal.shape)
        if size_of(shape) != size:
            self.reading.refuse(operator, "shape", f"{size_of(shape)} values", f"{size}", DAMAGED)
        if shape in (signal.shape, (size,)):
            return signal
        if signal.paths == self._entry.paths:
            self._entry = self.wiring.input("image", shape, self.scale, self.zero)
            return self._entry
        return self.reading.refuse(operator, "shape", f"{signal.shape} to {shape}", "maps to vectors, and inputs")


def path_of(operator: Operator) -> str:
    """The path of what an operator becomes."""
    return f"{operator.kind.lower()}_{operator.index}"


def _padding(operator: Operator, signal: Signal, kernel: Shape, stride: _Pair, step: _Pair) -> Pad:
    """Zeros before and after each axis: a PAD's, and those of "SAME"."""
    pairs = []
    for size, pad, k, s, d in zip(signal.shape[1:], signal.pad, kernel, stride, step, strict=True):
        padded, missing = size + sum(pad), 0
        if operator.options.get("padding") == "SAME":
            missing = max((-(-padded // s) - 1) * s + (k - 1) * d + 1 - padded, 0)
        pairs.append((pad[0] + missing // 2, pad[1] + missing - missing // 2))
    return pairs[0], pairs[1]


def _map(planner: Planner, operator: Operator, signal: Signal) -> Signal:
    if len(signal.shape) != 3:
        planner.reading.refuse(operator, "inputs", f"shape {signal.shape}", "a map with height, width and channels")
    return signal


def _stride(planner: Planner, operator: Operator) -> _Pair:
    return planner.reading.option(operator, "stride_h"), planner.reading.option(operator, "stride_w")


def _convolution(planner: Planner, operator: Operator) -> Signal:
    signal = _map(planner, operator, planner.sent(operator))
    weights, channels = planner.reading.weights(operator, 4), signal.shape[0]
    depthwise = operator.kind == "DEPTHWISE_CONV_2D"
    weights = weights.transpose((3, 0, 1, 2) if depthwise else (0, 3, 1, 2))
    groups = channels if depthwise else channels // max(weights.shape[1], 1)
    if weights.shape[1] * groups != channels or len(weights) % groups:
        planner.reading.refuse(operator, "inputs", f"{channels} channels", f"{weights.shape[1]} a group", DAMAGED)
    stride = _stride(planner, operator)
    step = (
        planner.reading.option(operator, "dilation_h_factor"),
        planner.reading.option(operator, "dilation_w_factor"),
    )
    node = Conv(
        weight=np.ascontiguousarray(weights),
        bias=np.zeros(len(weights)),
        stride=stride,
        padding=_padding(operator, signal, weights.shape[2:], stride, step),
        dilation=step,
        groups=groups,
        input_shape=None,
    )
    made = planner.wiring.through(f"{path_of(operator)}.weights", node, replace(signal, pad=NO_PAD))
    return _biased(planner, operator, made)


def _biased(planner: Planner, operator: Operator, signal: Signal) -> Signal:
    """Behind the bias and the ReLU of a convolution or matrix."""
    bias = planner.reading.bias(operator, signal.shape[0])
    if bias is not None:
        signal = planner.wiring.plus(signal, np.repeat(bias, size_of(signal.shape[1:])))
    return planner.activated(operator, signal)


def _dense(planner: Planner, operator: Operator) -> Signal:
    signal, weights = planner.bare(operator, planner.sent(operator)), planner.reading.weights(operator, 2)
    size = size_of(signal.shape)
    if size != weights.shape[1]:
        planner.reading.refuse(operator, "inputs", f"{size} values", f"{weights.shape[1]}, one row")
    path = path_of(operator)
    if len(signal.shape) == 3:  # the file numbers channels last
        weights = np.stack([planar(row, signal.shape) for row in weights])
        signal = planner.wiring.through(f"{path}.flat", Flatten(shape=None, start=0, end=-1), signal)
    made = planner.wiring.through(f"{path}.weights", Linear(weight=np.ascontiguousarray(weights)), signal)
    return _biased(planner, operator, made)


def _averaged(planner: Planner, operator: Operator, signal: Signal, kernel: _Pair, stride: _Pair) -> Signal:
    node = Pool(kernel=kernel, stride=stride, padding=(0, 0), average=True)
    made = planner.wiring.through(path_of(operator), node, signal)
    return replace(made, sent=signal.sent, rectified=signal.rectified)


def _window(planner: Planner, operator: Operator) -> tuple[Signal, _Pair, _Pair, Pad]:
    """The map, the windows' size and stride, and how far they reach over the border."""
    signal = _map(planner, operator, planner.bare(operator, planner.given(operator)))
    kernel = planner.reading.option(operator, "filter_height"), planner.reading.option(operator, "filter_width")
    stride = _stride(planner, operator)
    return signal, kernel, stride, _padding(operator, signal, kernel, stride, (1, 1))


def _average_pool(planner: Planner, operator: Operator) -> Signal:
    signal, kernel, stride, pad = _window(planner, operator)
    if pad != NO_PAD:
        planner.reading.refuse(operator, "padding", "windows across the map's border", "windows inside of the map")
    return planner.activated(operator, _averaged(planner, operator, signal, kernel, stride))


def _mean(planner: Planner, operator: Operator) -> Signal:
    signal = _map(planner, operator, planner.bare(operator, planner.given(operator)))
    tensor, axes = (planner.reading.graph.tensors[index] for index in operator.inputs[:2])
    wanted = set() if axes.data is None else {int(axis) % len(tensor.shape) for axis in axes.data.reshape(-1)}
    if wanted != {1, 2} or len(tensor.shape) != 4:
        planner.reading.refuse(operator, "axis", str(sorted(wanted)), "height and width of a map")
    size = signal.shape[1], signal.shape[2]
    return planner.reshaped(operator, _averaged(planner, operator, signal, size, size))


def _max_pool(planner: Planner, operator: Operator) -> Signal:
    signal, kernel, stride, pad = _window(planner, operator)
    if not signal.rectified:
        planner.reading.refuse(operator, "inputs", "values that may be negative", "a ReLU in front of it")
    signal = planner.sent(operator)
    tensor = planner.reading.written(operator)
    like = signal.paths[0].removesuffix(".value")
    role = Role(tensor=tensor.index, ceiling=planner.reading.ceiling(operator), like=like)
    made = largest(planner.wiring, path_of(operator), signal, role, kernel=kernel, stride=stride, pad=pad)
    return planner.activated(operator, made)


def _add(planner: Planner, operator: Operator) -> Signal:
    path, computed = path_of(operator), [index in planner.signals for index in operator.inputs]
    terms = [
        planner.wiring.weighted(f"{path}.from_{place}", planner.bare(operator, planner.given(operator, place)))
        for place in (0, 1)
        if computed[place]
    ]
    if len(terms) == 2:
        if terms[0].shape != terms[1].shape:
            shapes = f"shapes {terms[0].shape} and {terms[1].shape}"
            planner.reading.refuse(operator, "inputs", shapes, "equal shapes")
        return planner.activated(operator, planner.wiring.total(terms))
    constant = planner.reading.constant(operator, computed.index(False))
    spread = np.broadcast_to(constant, planner.reading.written(operator).shape)
    made = planner.wiring.plus(terms[0], planar(spread, terms[0].shape))
    return planner.activated(operator, replace(made, rectified=False))


def _relu(planner: Planner, operator: Operator) -> Signal:
    return planner.activated(operator, planner.bare(operator, planner.given(operator)), operator.kind)


def _pad(planner: Planner, operator: Operator) -> Signal:
    signal, pads = _map(planner, operator, planner.given(operator)), planner.reading.graph.tensors[operator.inputs[1]]
    found = [] if pads.data is None else pads.data.reshape(-1, 2).tolist()
    if len(found) != 4 or any(found[0] + found[3]) or min(min(pair) for pair in found) < 0:
        planner.reading.refuse(operator, "paddings", str(found), "zeros around height and width of a map")
    (top, bottom), (left, right) = signal.pad
    pad = (top + found[1][0], bottom + found[1][1]), (left + found[2][0], right + found[2][1])
    return replace(signal, pad=pad)


def _last(planner: Planner, operator: Operator) -> Signal:
    """Left out: the largest score stays the largest."""
    planner.dropped.append(operator.kind)
    return replace(planner.bare(operator, planner.given(operator)), last=True)


#: Every operator with a spiking form.
OPERATORS: Mapping[str, Callable[[Planner, Operator], Signal]] = {
    "CONV_2D": _convolution,
    "DEPTHWISE_CONV_2D": _convolution,
    "FULLY_CONNECTED": _dense,
    "AVERAGE_POOL_2D": _average_pool,
    "MEAN": _mean,
    "MAX_POOL_2D": _max_pool,
    "ADD": _add,
    "PAD": _pad,
    "RELU": _relu,
    "RELU6": _relu,
    "LEAKY_RELU": Planner.leaky,
    "RESHAPE": lambda planner, operator: planner.reshaped(operator, planner.bare(operator, planner.given(operator))),
    "SQUEEZE": lambda planner, operator: planner.reshaped(operator, planner.bare(operator, planner.given(operator))),
    "QUANTIZE": Planner.given,
    "DEQUANTIZE": Planner.given,
    "SOFTMAX": _last,
    "LOGISTIC": _last,
}
_AFTER_LAST = frozenset({"RESHAPE", "SQUEEZE", "QUANTIZE", "DEQUANTIZE"})
