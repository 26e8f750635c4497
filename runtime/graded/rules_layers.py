"""The rules of each kind of layer: docs/reference/graded.md 4.5 to 4.8."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np

from spikelet.graded.model import PARAMETERS, GradedTensor, Layer, LayerKind, TensorType
from spikelet.graded.packing import BITS, is_padded, table_form, weights_length

__all__ = ["layer_violations"]

#: Sizes, and steps of kernels, are at most so large.
_SIZE_MAX, _STEP_MAX = 65535, 255
_AXES = range(5)
_PAIRS = ("y", "x"), ("height", "width")


def layer_violations(layer: Layer, inputs: Sequence[GradedTensor], output: GradedTensor) -> Iterator[str]:
    """What is wrong with a layer between these tensors; each sentence relies on those before it not being there."""
    rule = _RULES[layer.kind]
    names = PARAMETERS[layer.kind]
    if len(inputs) != rule.n_inputs:
        yield f"it has {len(inputs)} inputs; allowed: {rule.n_inputs}"
        return
    if set(layer.parameters) != set(names):
        yield f"it has the parameters {', '.join(layer.parameters)}; allowed: {', '.join(names)}"
        return
    found = next(_all_of(rule, layer, inputs, output), None)
    if found is not None:
        yield found


class _Rule:
    """What holds for a kind of layer.

    Args:
        types: what all its tensors are; empty: any that are the same, "any": any.
        checks: functions of parameters, inputs and output that give sentences.
    """

    def __init__(self, types: Sequence[TensorType] | str, *checks: _Check, n_inputs: int = 1) -> None:
        self.types, self.checks, self.n_inputs = types, checks, n_inputs


Parameters = Mapping[str, int]
_Check = Callable[[Parameters, Sequence[GradedTensor], GradedTensor], Iterator[str]]


def _all_of(rule: _Rule, layer: Layer, inputs: Sequence[GradedTensor], output: GradedTensor) -> Iterator[str]:
    p = layer.parameters
    for name, value in p.items():
        if not -(2**31) <= value < 2**31:
            yield f"{name} is {value}; allowed: 32 bits"
    kinds = {tensor.type for tensor in (*inputs, output)}
    if rule.types != "any" and (len(kinds) != 1 or (rule.types and not kinds <= set(rule.types))):
        allowed = " or ".join(kind.name for kind in rule.types if isinstance(kind, TensorType)) or "one type"
        yield f"its tensors are {', '.join(sorted(kind.name for kind in kinds))}; allowed: {allowed}"
    for check in rule.checks:
        yield from check(p, inputs, output)
    yield from _arrays(layer)


def _arrays(layer: Layer) -> Iterator[str]:
    """Table and weights."""
    form = table_form(layer.kind, layer.parameters)
    found = None if layer.table is None else (layer.table.dtype, layer.table.shape)
    if found != form:
        yield f"its table is {found}; allowed: {form}"
    elif layer.table is not None:
        yield from _entries(layer)
    length = weights_length(layer.kind, layer.parameters)
    if (0 if layer.weights is None else len(layer.weights)) != length:
        yield f"it has {0 if layer.weights is None else len(layer.weights)} bytes of weights; allowed: {length}"
    elif layer.weights is not None and not is_padded(layer.kind, layer.parameters, layer.weights):
        yield "the padding of its weights is not that of weights of 0"


def _entries(layer: Layer) -> Iterator[str]:
    """What a table of the right form holds."""
    assert layer.table is not None
    names = layer.table.dtype.names or ()
    if "shift" in names:
        shift, multiplier = layer.table["shift"], layer.table["multiplier"]
        low, high, most = -31, 30, 2**31 - 1
        if layer.kind in {LayerKind.DOT_S8, LayerKind.DENSE_S8, LayerKind.DENSE_S16}:
            low, high, most = 33, 95, 2**62 - 1
        elif layer.parameters.get("sum_bits") == 64:
            high = 14
        yield from _between("shift of a channel", int(shift.min()), low, high)
        yield from _between("shift of a channel", int(shift.max()), low, high)
        yield from _between("multiplier of a channel", int(multiplier.min()), 0, most)
        yield from _between("multiplier of a channel", int(multiplier.max()), 0, most)
    elif layer.kind is LayerKind.SOFTMAX_S8:
        yield from _between("least entry of the table", int(layer.table.min()), 0, 2**31 - 1)
        yield from _between("first entry of the table", int(layer.table[0]), 2**12, 2**31 - 1)
    elif layer.kind is LayerKind.SOFTMAX_S16:
        yield from _between("least entry of the tables", int(layer.table.min()), 1, 2**15 - 1)
        yield from _between("last entries of E", int(layer.table[0, -2:].min()), 2, 2**15 - 1)


def _between(name: str, value: int, low: int, high: int) -> Iterator[str]:
    if not low <= value <= high:
        yield f"{name} is {value}; allowed: {low} to {high}"


def _in_type(name: str, value: int, tensor: GradedTensor) -> Iterator[str]:
    limits = np.iinfo(tensor.type.dtype)
    yield from _between(name, value, int(limits.min), int(limits.max))


def _is_size(name: str, size: int, tensor: GradedTensor) -> Iterator[str]:
    if size != tensor.size:
        yield f"{name} has {tensor.size} elements; the parameters say {size}"


def _sizes(p: Parameters, *names: str, most: int = _SIZE_MAX) -> Iterator[str]:
    for name in names:
        yield from _between(name, p[name], 1, most)


def _zeros(p: Parameters, inputs: Sequence[GradedTensor], output: GradedTensor) -> Iterator[str]:
    """Zero points; those of int16 convolutions are 0."""
    for name, tensor in zip(("in_zero",) if len(inputs) == 1 else ("a_zero", "b_zero"), inputs, strict=True):
        yield from _in_type(name, p[name], tensor)
    yield from _in_type("out_zero", p["out_zero"], output)


def _no_zeros(p: Parameters, inputs: Sequence[GradedTensor], output: GradedTensor) -> Iterator[str]:
    del inputs, output
    yield from _between("in_zero", p["in_zero"], 0, 0)
    yield from _between("out_zero", p["out_zero"], 0, 0)


def _clamp(p: Parameters, inputs: Sequence[GradedTensor], output: GradedTensor) -> Iterator[str]:
    del inputs
    yield from _in_type("act_min", p["act_min"], output)
    yield from _in_type("act_max", p["act_max"], output)
    if p["act_min"] > p["act_max"]:
        yield f"act_min {p['act_min']} is above act_max {p['act_max']}"


def _scaled(*prefixes: str) -> _Check:
    """Multipliers and shifts with these prefixes."""

    def check(p: Parameters, inputs: Sequence[GradedTensor], output: GradedTensor) -> Iterator[str]:
        del inputs, output
        for prefix in prefixes:
            yield from _between(f"{prefix}multiplier", p[f"{prefix}multiplier"], 0, 2**31 - 1)
            yield from _between(f"{prefix}shift", p[f"{prefix}shift"], -31, 30)

    return check


def _windows(p: Parameters) -> Iterator[str]:
    """Kernels over maps."""
    for axis, extent in zip(*_PAIRS, strict=True):
        yield from _sizes(p, f"in_{extent}", f"out_{extent}")
        steps = [f"kernel_{axis}", f"stride_{axis}", *([f"dilation_{axis}"] if "dilation_y" in p else [])]
        yield from _sizes(p, *steps, most=_STEP_MAX)
        reach = (p[f"kernel_{axis}"] - 1) * p.get(f"dilation_{axis}", 1)
        yield from _between(f"pad_{axis}", p[f"pad_{axis}"], 0, reach)
        last = (p[f"out_{extent}"] - 1) * p[f"stride_{axis}"] - p[f"pad_{axis}"]
        if last >= p[f"in_{extent}"]:
            yield f"the last pixel begins at {last}, behind in_{extent} {p[f'in_{extent}']}"


def _conv(p: Parameters, inputs: Sequence[GradedTensor], output: GradedTensor) -> Iterator[str]:
    yield from _windows(p)
    yield from _sizes(p, "in_channels", "out_channels", "groups")
    if p["in_channels"] % p["groups"] or p["out_channels"] % p["groups"]:
        yield f"groups {p['groups']} does not divide {p['in_channels']} and {p['out_channels']} channels"
    yield from _is_size("its input", p["in_height"] * p["in_width"] * p["in_channels"], inputs[0])
    yield from _is_size("its output", p["out_height"] * p["out_width"] * p["out_channels"], output)


def _depthwise(p: Parameters, inputs: Sequence[GradedTensor], output: GradedTensor) -> Iterator[str]:
    yield from _conv(p, inputs, output)
    if p["groups"] != p["in_channels"]:
        yield f"groups is {p['groups']}; allowed: in_channels, {p['in_channels']}"


def _one_of(name: str, *allowed: int) -> _Check:
    def check(p: Parameters, inputs: Sequence[GradedTensor], output: GradedTensor) -> Iterator[str]:
        del inputs, output
        if p[name] not in allowed:
            yield f"{name} is {p[name]}; allowed: {', '.join(map(str, allowed))}"

    return check


def _dense(p: Parameters, inputs: Sequence[GradedTensor], output: GradedTensor) -> Iterator[str]:
    yield from _sizes(p, "rows", "inputs", "outputs")
    yield from _is_size("its input", p["rows"] * p["inputs"], inputs[0])
    yield from _is_size("its output", p["rows"] * p["outputs"], output)


def _pool(p: Parameters, inputs: Sequence[GradedTensor], output: GradedTensor) -> Iterator[str]:
    yield from _windows(p)
    yield from _sizes(p, "channels")
    yield from _is_size("its input", p["in_height"] * p["in_width"] * p["channels"], inputs[0])
    yield from _is_size("its output", p["out_height"] * p["out_width"] * p["channels"], output)


def _walk(sizes: Sequence[int], steps: Sequence[int], start: int, name: str, tensor: GradedTensor) -> Iterator[str]:
    """Whether all indices lie inside a tensor."""
    far = [step * (size - 1) for size, step in zip(sizes, steps, strict=True)]
    low, high = start + sum(x for x in far if x < 0), start + sum(x for x in far if x > 0)
    if low < 0 or high >= tensor.size:
        yield f"it goes to the elements {low} to {high} of its {name}, which has {tensor.size}"


def _listed(p: Parameters, name: str, axes: range = _AXES) -> list[int]:
    return [p[f"{name}_{k}"] for k in axes]


def _operands(p: Parameters, inputs: Sequence[GradedTensor], output: GradedTensor) -> Iterator[str]:
    yield from _sizes(p, *(f"size_{k}" for k in _AXES))
    sizes = _listed(p, "size")
    yield from _walk(sizes, _listed(p, "a_step"), 0, "first input", inputs[0])
    yield from _walk(sizes, _listed(p, "b_step"), 0, "second input", inputs[1])
    yield from _is_size("its output", _product(sizes), output)


def _left_shift(p: Parameters, inputs: Sequence[GradedTensor], output: GradedTensor) -> Iterator[str]:
    del inputs, output
    yield from _between("left_shift", p["left_shift"], 0, 20)


def _copy(p: Parameters, inputs: Sequence[GradedTensor], output: GradedTensor) -> Iterator[str]:
    yield from _sizes(p, *(f"size_{k}" for k in _AXES))
    sizes = _listed(p, "size")
    yield from _walk(sizes, _listed(p, "in_step"), p["in_start"], "input", inputs[0])
    yield from _walk(sizes, _listed(p, "out_step"), p["out_start"], "output", output)
    yield from _between("number of its elements", _product(sizes), 1, output.size)


def _mean(p: Parameters, inputs: Sequence[GradedTensor], output: GradedTensor) -> Iterator[str]:
    three = range(3)
    yield from _sizes(p, *(f"{name}_{k}" for name in ("kept", "reduced") for k in three))
    sizes = [*_listed(p, "kept", three), *_listed(p, "reduced", three)]
    steps = [*_listed(p, "kept_step", three), *_listed(p, "reduced_step", three)]
    yield from _walk(sizes, steps, 0, "input", inputs[0])
    yield from _between("number of its taps", _product(sizes[3:]), 1, inputs[0].size)
    yield from _is_size("its output", _product(sizes[:3]), output)


def _same_size(p: Parameters, inputs: Sequence[GradedTensor], output: GradedTensor) -> Iterator[str]:
    del p
    if inputs[0].size != output.size:
        yield f"its input has {inputs[0].size} elements, its output {output.size}"


def _softmax(p: Parameters, inputs: Sequence[GradedTensor], output: GradedTensor) -> Iterator[str]:
    yield from _sizes(p, "rows")
    yield from _sizes(p, "depth", most=4095 if "entries" in p else _SIZE_MAX)
    if "entries" in p:
        yield from _sizes(p, "entries", most=256)
    yield from _is_size("its input", p["rows"] * p["depth"], inputs[0])
    yield from _is_size("its output", p["rows"] * p["depth"], output)


def _logistic(p: Parameters, inputs: Sequence[GradedTensor], output: GradedTensor) -> Iterator[str]:
    yield from _same_size(p, inputs, output)
    yield from _between("multiplier", p["multiplier"], 1, 65535)
    yield from _between("shift", p["shift"], 0, 31)


def _fill(p: Parameters, inputs: Sequence[GradedTensor], output: GradedTensor) -> Iterator[str]:
    del inputs
    yield from _in_type("value", p["value"], output)


def _product(sizes: Sequence[int]) -> int:
    product = 1
    for size in sizes:
        product *= size
    return product


_S8, _S16 = (TensorType.INT8,), (TensorType.INT16,)
_POOLED = (*_S8, *_S16)
_ADD = (_operands, _zeros, _left_shift, _scaled("a_", "b_", "out_"), _clamp)
_MUL = (_operands, _zeros, _scaled(""), _clamp)
_RULES: Mapping[LayerKind, _Rule] = {
    LayerKind.CONV_S8: _Rule(_S8, _conv, _zeros, _clamp, _one_of("bits", *BITS)),
    LayerKind.DOT_S8: _Rule(_S8, _dense, _zeros, _clamp),
    LayerKind.DEPTHWISE_S8: _Rule(_S8, _depthwise, _zeros, _clamp, _one_of("bits", 8)),
    LayerKind.AVERAGE_POOL: _Rule(_POOLED, _pool, _clamp),
    LayerKind.MAX_POOL: _Rule(_POOLED, _pool, _clamp),
    LayerKind.ADD_S8: _Rule(_S8, *_ADD, n_inputs=2),
    LayerKind.MUL_S8: _Rule(_S8, *_MUL, n_inputs=2),
    LayerKind.LUT_S8: _Rule(_S8, _same_size),
    LayerKind.SOFTMAX_S8: _Rule(_S8, _softmax),
    LayerKind.COPY: _Rule((), _copy),
    LayerKind.FILL: _Rule("any", _fill, n_inputs=0),
    LayerKind.MEAN: _Rule(_POOLED, _mean, _zeros, _scaled(""), _clamp),
    LayerKind.CONV_S16: _Rule(_S16, _conv, _no_zeros, _clamp, _one_of("sum_bits", 32, 64)),
    LayerKind.DEPTHWISE_S16: _Rule(_S16, _depthwise, _no_zeros, _clamp, _one_of("sum_bits", 32, 64)),
    LayerKind.RESCALE: _Rule("any", _same_size, _zeros, _scaled(""), _clamp),
    LayerKind.ADD_S16: _Rule(_S16, *_ADD, n_inputs=2),
    LayerKind.MUL_S16: _Rule(_S16, *_MUL, n_inputs=2),
    LayerKind.SOFTMAX_S16: _Rule(_S16, _softmax, _scaled("")),
    LayerKind.LOGISTIC_S16: _Rule(_S16, _logistic),
    LayerKind.LEAKY_RELU_S16: _Rule(_S16, _same_size, _scaled("", "alpha_")),
    LayerKind.DENSE_S8: _Rule(_S8, _dense, _zeros, _clamp, _one_of("bits", *BITS)),
    LayerKind.DENSE_S16: _Rule(_S16, _dense, _no_zeros, _clamp),
}
