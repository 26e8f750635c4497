"""Random parameters, tables and weights of each kind of graded layer, for inputs of given sizes."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from spikelet.graded.model import (
    CHANNEL,
    CHANNEL_S16,
    DENSE_OUTPUT,
    DENSE_OUTPUT_S16,
    LayerKind,
    TensorType,
)
from spikelet.graded.packing import pack_conv, pack_rows, pack_signed
from spikelet.graded.tables import logistic_s16_table, softmax_s8_table, softmax_s16_tables
from support.chance import Chance

__all__ = ["RANDOM", "TYPES", "LayerCase", "input_types"]

S8, S16, S32 = TensorType.INT8, TensorType.INT16, TensorType.INT32
#: Elements of an output, at most.
_MOST = 600


@dataclass(frozen=True, kw_only=True)
class LayerCase:
    """All of a layer but its tensors. `whole`: it writes every element of its output."""

    size: int
    type: TensorType
    parameters: Mapping[str, int] = field(default_factory=dict)
    table: npt.NDArray[Any] | None = None
    weights: npt.NDArray[np.uint8] | None = None
    whole: bool = True


Make = Callable[[Chance, Sequence[int], Sequence[TensorType]], LayerCase]
#: What an input of each kind may be.
TYPES: Mapping[LayerKind, tuple[TensorType, ...]] = {
    **dict.fromkeys(LayerKind, (S8,)),
    **{kind: (S16,) for kind in LayerKind if kind.name.endswith("S16")},
    **dict.fromkeys((LayerKind.AVERAGE_POOL, LayerKind.MAX_POOL, LayerKind.MEAN), (S8, S16)),
    **dict.fromkeys((LayerKind.COPY, LayerKind.RESCALE, LayerKind.FILL), (S8, S16, S32)),
}


def input_types(kind: LayerKind, chance: Chance) -> tuple[TensorType, ...]:
    """Types for the inputs of a layer of this kind."""
    two = {LayerKind.ADD_S8, LayerKind.ADD_S16, LayerKind.MUL_S8, LayerKind.MUL_S16}
    n = 0 if kind is LayerKind.FILL else 2 if kind in two else 1
    return (chance.pick(TYPES[kind]),) * n


def divisor(chance: Chance, n: int, most: int = 65535) -> int:
    """A divisor of n."""
    return chance.pick([d for d in range(1, min(n, most) + 1) if n % d == 0])


def number(chance: Chance, kind: TensorType) -> int:
    """A number of a type; shrinks to 0."""
    most = 2 ** (8 * kind - 1)
    return chance.pick([0, -most, most - 1, chance.integer(-most, most - 1), chance.integer(-most, most - 1)])


def zero(chance: Chance, kind: TensorType) -> int:
    """A zero point of a type: mostly one that leaves room on both sides."""
    near = 2 ** (8 * kind - 3)
    return chance.pick([0, chance.integer(-near, near), number(chance, kind)])


def clamp(chance: Chance, kind: TensorType) -> dict[str, int]:
    """Mostly the whole range of a type."""
    most = 2 ** (8 * kind - 1)
    low, high = sorted((number(chance, kind), number(chance, kind)))
    if not chance.flag(5):
        low, high = -most, most - 1
    return {"act_min": low, "act_max": high}


def scaling(chance: Chance, prefix: str = "", shifts: tuple[int, int] = (-9, 1)) -> dict[str, int]:
    """A multiplier and a shift: usual ones, or any."""
    multiplier, shift = chance.integer(2**30, 2**31 - 1), chance.integer(*shifts)
    if chance.flag(8):
        multiplier = chance.pick([0, 1, 2**31 - 1, chance.integer(0, 2**31 - 1)])
        shift = chance.pick([-31, 30, 0, chance.integer(-31, 30)])
    return {f"{prefix}multiplier": multiplier, f"{prefix}shift": shift}


def channels(chance: Chance, form: np.dtype[Any], n: int, sums: float, *, low: int, high: int, usual: int) -> Any:
    """A table of outputs. `sums` is how large sums are, `usual` the shift that brings 2^31 down to 2^0."""
    rng = chance.rng()
    table = np.zeros(n, form)
    wide = 62 if form in {DENSE_OUTPUT, DENSE_OUTPUT_S16} else 31
    table["bias"] = rng.integers(-int(sums), int(sums) + 1, n)
    table["multiplier"] = rng.integers(2 ** (wide - 1), 2**wide, n)
    shift = round(math.log2(sums + 1)) - 6
    table["shift"] = usual + (shift if wide == 62 else -shift) + rng.integers(-1, 2, n)
    if chance.flag(4):
        some = rng.random(n) < 0.4
        limits = np.iinfo(form["bias"])
        table["bias"] = np.where(some, rng.integers(limits.min, limits.max, n), table["bias"])
        table["multiplier"] = np.where(rng.random(n) < 0.4, rng.integers(0, 2**wide, n), table["multiplier"])
        table["shift"] = np.where(rng.random(n) < 0.4, rng.integers(low, high + 1, n), table["shift"])
        table["multiplier"][rng.random(n) < 0.1] = 0
    table["shift"] = np.clip(table["shift"], low, high)
    return table


def axis(chance: Chance, extent: int, *, dilated: bool) -> dict[str, int]:
    """A window along an axis of so many elements: kernel, stride, dilation, pad and how many pixels come out."""
    kernel = chance.integer(1, 4) if chance.flag() else 1
    dilation = chance.integer(1, 3) if dilated and chance.flag(3) else 1
    stride = chance.integer(1, 3)
    pad = chance.integer(0, (kernel - 1) * dilation) if chance.flag() else 0
    most = (extent + pad - 1) // stride + 1
    fitting = (extent + 2 * pad - (kernel - 1) * dilation - 1) // stride + 1
    out = chance.integer(1, most) if chance.flag(4) else min(max(fitting, 1), most)
    return {"kernel": kernel, "stride": stride, "dilation": dilation, "pad": pad, "out": out}


def window(chance: Chance, size: int, *, dilated: bool, channels: str) -> dict[str, int]:
    """A map of so many elements, and windows over it."""
    depth = divisor(chance, size, 130)
    height = divisor(chance, size // depth, 40)
    width = size // depth // height
    p = {"in_height": height, "in_width": width, channels: depth}
    for name, extent, long in (("y", height, "out_height"), ("x", width, "out_width")):
        found = axis(chance, extent, dilated=dilated)
        p[long] = found.pop("out")
        p |= {f"{key}_{name}": value for key, value in found.items() if dilated or key != "dilation"}
    return p


def usual_window(chance: Chance, size: int) -> dict[str, int] | None:
    """A 3 x 3 window with at most one tap beyond an end, as most depthwise layers have it, if a map allows it."""
    depths = [d for d in range(1, size // 9 + 1) if size % d == 0]
    maps = [(h, size // d // h, d) for d in depths for h in range(3, size // d // 3 + 1) if size // d % h == 0]
    if not maps:
        return None
    height, width, depth = chance.pick(maps)
    p = {"in_height": height, "in_width": width, "in_channels": depth}
    for name, extent, long in (("y", height, "out_height"), ("x", width, "out_width")):
        stride, pad = chance.integer(1, 2), chance.integer(0, 1)
        p |= {f"kernel_{name}": 3, f"stride_{name}": stride, f"dilation_{name}": 1, f"pad_{name}": pad}
        p[long] = (extent + 2 * pad - 3) // stride + 1
    return p


def conv(chance: Chance, sizes: Sequence[int], types: Sequence[TensorType], *, depthwise: bool) -> LayerCase:
    """Convolutions of int8 and of int16."""
    plain = types[0] is S8 and chance.flag(3)
    usual = usual_window(chance, sizes[0]) if plain else None
    p = usual or window(chance, sizes[0], dilated=True, channels="in_channels")
    pixels = p["out_height"] * p["out_width"]
    depth = p["in_channels"]
    p["groups"] = depth if depthwise else chance.pick([1, divisor(chance, depth)])
    each = max(1, _MOST // pixels // p["groups"])
    p["out_channels"] = p["groups"] * (
        1 if usual and depthwise else chance.integer(1, min(each, 4 if depthwise else 80))
    )
    wide = types[0] is S16
    zeros = [0, 0] if wide else [chance.pick([-128, zero(chance, S8)]), zero(chance, S8)]
    p |= {"in_zero": zeros[0], "out_zero": zeros[1], **clamp(chance, types[0])}
    if plain:
        p |= {"out_zero": -128, "act_min": -128, "act_max": 127}
    bits = 8 if depthwise or wide else chance.pick([8, 4, 2])
    p["sum_bits" if wide else "bits"] = chance.pick([64, 32]) if wide else bits
    most = 2 ** (bits - 1)
    shape = (p["out_channels"], p["kernel_y"], p["kernel_x"], 1 if depthwise else depth // p["groups"])
    weights = chance.rng().integers(-most, most, shape).astype(np.int8)
    sums = math.sqrt(math.prod(shape[1:])) * most * (2.0**14 if wide else 100.0)
    form, high = (CHANNEL_S16, 14 if p["sum_bits"] == 64 else 30) if wide else (CHANNEL, 30)
    table = channels(chance, form, p["out_channels"], sums / 2**8 if wide else sums, low=-31, high=high, usual=0)
    if plain:
        table["shift"] = np.clip(table["shift"], -31, -1)
        table["bias"] = np.clip(table["bias"], -(2**28), 2**28)
    if depthwise:
        packed = pack_signed(weights[..., 0].transpose(1, 2, 0))
    else:
        packed = pack_signed(weights) if wide else pack_conv(weights, groups=p["groups"], bits=bits)
    size = pixels * p["out_channels"]
    return LayerCase(size=size, type=types[0], parameters=p, table=table, weights=packed)


def dense(chance: Chance, sizes: Sequence[int], types: Sequence[TensorType], *, kind: LayerKind) -> LayerCase:
    """Fully connected layers."""
    rows = divisor(chance, sizes[0], 8)
    outputs = chance.integer(1, max(1, min(_MOST // rows, 140)))
    wide = types[0] is S16
    zeros = [0, 0] if wide else [chance.pick([-128, zero(chance, S8)]), zero(chance, S8)]
    p = {"rows": rows, "inputs": sizes[0] // rows, "outputs": outputs, "in_zero": zeros[0], "out_zero": zeros[1]}
    p |= clamp(chance, types[0])
    bits = chance.pick([8, 4, 2]) if kind is LayerKind.DENSE_S8 else 8
    most = 2 ** (bits - 1)
    weights = chance.rng().integers(-most, most, (outputs, p["inputs"])).astype(np.int8)
    if kind is LayerKind.DENSE_S8:
        p["bits"] = bits
        packed = pack_conv(weights[:, None, None, :], bits=bits)
    else:
        packed = pack_rows(weights) if kind is LayerKind.DOT_S8 else pack_signed(weights)
    sums = math.sqrt(p["inputs"]) * most * (2.0**6 if wide else 100.0)
    form = DENSE_OUTPUT_S16 if wide else DENSE_OUTPUT
    table = channels(chance, form, outputs, sums, low=33, high=95, usual=62)
    return LayerCase(size=rows * outputs, type=types[0], parameters=p, table=table, weights=packed)


def pool(chance: Chance, sizes: Sequence[int], types: Sequence[TensorType]) -> LayerCase:
    """Average and max pools."""
    p = window(chance, sizes[0], dilated=False, channels="channels") | clamp(chance, types[0])
    return LayerCase(size=p["out_height"] * p["out_width"] * p["channels"], type=types[0], parameters=p)


def steps(chance: Chance, extents: Sequence[int], size: int) -> list[int]:
    """Steps of an operand of so many elements, for indices below extents: some 0, all inside."""
    left = size - 1
    found = [0] * len(extents)
    for k in chance.rng().permutation(len(extents)).tolist():
        most = left // (extents[k] - 1) if extents[k] > 1 else 7
        found[k] = chance.pick([min(most, 1), most, 0, chance.integer(0, most)])
        left -= found[k] * (extents[k] - 1)
    return found


def extents(chance: Chance, most: int, n: int = 5) -> list[int]:
    """Sizes of axes, together at most so many elements."""
    found = []
    for _ in range(n):
        found.append(chance.integer(1, most) if chance.flag(3) else chance.integer(1, min(most, 4)))
        most //= found[-1]
    return found


def contiguous(sizes: Sequence[int]) -> list[int]:
    """Steps through an array without gaps."""
    return [math.prod(sizes[k + 1 :]) for k in range(len(sizes))]


def named(**lists: Sequence[int]) -> dict[str, int]:
    """Parameters such as size_0 .. size_4."""
    return {f"{name}_{k}": int(value) for name, values in lists.items() for k, value in enumerate(values)}


def operands(chance: Chance, sizes: Sequence[int], types: Sequence[TensorType], *, adds: bool) -> LayerCase:
    """Add and mul: operands of one shape, or any that the indices reach."""
    kind = types[0]
    if sizes[0] == sizes[1] and not chance.flag(4):
        inner = divisor(chance, sizes[0])
        shape = [1, 1, 1, sizes[0] // inner, inner]
        a_step = b_step = contiguous(shape)
    else:
        shape = extents(chance, _MOST)
        a_step, b_step = steps(chance, shape, sizes[0]), steps(chance, shape, sizes[1])
    p = named(size=shape, a_step=a_step, b_step=b_step)
    p |= {name: zero(chance, kind) for name in ("a_zero", "b_zero", "out_zero")}
    if adds:
        p["left_shift"] = chance.pick([20 if kind is S8 else 15, chance.integer(0, 20)])
        p |= scaling(chance, "a_", (-4, 0)) | scaling(chance, "b_", (-4, 0))
        p |= scaling(chance, "out_", (-p["left_shift"] - 1, 1 - p["left_shift"]))
    else:
        p |= scaling(chance, "", (-9, -5) if kind is S8 else (-18, -12))
    return LayerCase(size=math.prod(shape), type=kind, parameters=p | clamp(chance, kind))


def lut(chance: Chance, sizes: Sequence[int], types: Sequence[TensorType]) -> LayerCase:
    """Any table."""
    table = chance.rng().integers(-128, 128, 256).astype(np.int8)
    return LayerCase(size=sizes[0], type=types[0], table=table)


def softmax_s8(chance: Chance, sizes: Sequence[int], types: Sequence[TensorType]) -> LayerCase:
    """Tables of exponentials, or of anything."""
    rows = divisor(chance, sizes[0])
    rng = chance.rng()
    table = softmax_s8_table(1.0, float(rng.uniform(0.001, 0.5)))
    if chance.flag(3):
        table = rng.integers(0, 2**31, chance.integer(1, 256)).astype(np.int32)
        table[0] = max(int(table[0]), 2**12)
    p = {"rows": rows, "depth": sizes[0] // rows, "entries": len(table)}
    return LayerCase(size=sizes[0], type=types[0], parameters=p, table=table)


def softmax_s16(chance: Chance, sizes: Sequence[int], types: Sequence[TensorType]) -> LayerCase:
    """The usual tables, or any."""
    rows = divisor(chance, sizes[0])
    table = softmax_s16_tables()
    if chance.flag(3):
        table = chance.rng().integers(1, 2**15, (2, 513)).astype(np.int16)
        table[0, -2:] = np.maximum(table[0, -2:], 2)
    p = {"rows": rows, "depth": sizes[0] // rows, **scaling(chance, "", (-2, 4))}
    return LayerCase(size=sizes[0], type=types[0], parameters=p, table=table)


def logistic_s16(chance: Chance, sizes: Sequence[int], types: Sequence[TensorType]) -> LayerCase:
    """The usual table, or any."""
    table = logistic_s16_table()
    if chance.flag(3):
        table = chance.rng().integers(0, 2**16, 256).astype(np.uint16)
    multiplier = chance.pick([1, 65535, chance.integer(1, 65535)])
    p = {"multiplier": multiplier, "shift": chance.pick([0, 31, chance.integer(0, 12)])}
    return LayerCase(size=sizes[0], type=types[0], parameters=p, table=table)


def leaky_relu_s16(chance: Chance, sizes: Sequence[int], types: Sequence[TensorType]) -> LayerCase:
    """Slopes of any size."""
    p = scaling(chance, "", (-2, 2)) | scaling(chance, "alpha_", (-6, 0))
    return LayerCase(size=sizes[0], type=types[0], parameters=p)


def copy(chance: Chance, sizes: Sequence[int], types: Sequence[TensorType]) -> LayerCase:
    """A transposition, a slice that may go backwards, or a piece of a larger output."""
    shape = extents(chance, min(sizes[0], _MOST))
    n = math.prod(shape)
    order = chance.rng().permutation(5).tolist()
    out_step = [math.prod(shape[j] for j in order[order.index(k) + 1 :]) for k in range(5)]
    in_step = steps(chance, shape, sizes[0]) if chance.flag() else contiguous(shape)
    low = 0
    for k in range(5):
        if chance.flag(4):
            in_step[k] = -in_step[k]
            low += in_step[k] * (shape[k] - 1)
    high = sum(max(step, 0) * (size - 1) for step, size in zip(in_step, shape, strict=True))
    size = n if chance.flag() else chance.integer(n, n + 40)
    p = named(size=shape, in_step=in_step, out_step=out_step)
    p |= {"in_start": chance.integer(-low, sizes[0] - 1 - high), "out_start": chance.integer(0, size - n)}
    return LayerCase(size=size, type=types[0], parameters=p, whole=size == n)


def fill(chance: Chance, sizes: Sequence[int], types: Sequence[TensorType]) -> LayerCase:
    """Any value."""
    del sizes, types
    kind = chance.pick([S8, S16, S32])
    return LayerCase(size=chance.integer(1, _MOST), type=kind, parameters={"value": number(chance, kind)})


def mean(chance: Chance, sizes: Sequence[int], types: Sequence[TensorType]) -> LayerCase:
    """Over some axes of an array, or any taps."""
    kept = extents(chance, min(sizes[0], _MOST), 3)
    reduced = extents(chance, max(1, sizes[0] // math.prod(kept)), 3)
    found = steps(chance, [*kept, *reduced], sizes[0])
    taps = math.prod(reduced)
    p = named(kept=kept, kept_step=found[:3], reduced=reduced, reduced_step=found[3:])
    p |= {"in_zero": zero(chance, types[0]), "out_zero": zero(chance, types[0])}
    p |= scaling(chance, "", (-taps.bit_length(), 1 - taps.bit_length())) | clamp(chance, types[0])
    return LayerCase(size=math.prod(kept), type=types[0], parameters=p)


def rescale(chance: Chance, sizes: Sequence[int], types: Sequence[TensorType]) -> LayerCase:
    """From any type to any."""
    kind = chance.pick([S8, S16, S32])
    p = {"in_zero": zero(chance, types[0]), "out_zero": zero(chance, kind)}
    by = 8 * (kind - types[0])
    return LayerCase(
        size=sizes[0], type=kind, parameters=p | scaling(chance, "", (by - 1, by + 1)) | clamp(chance, kind)
    )


RANDOM: Mapping[LayerKind, Make] = {
    LayerKind.CONV_S8: lambda *a: conv(*a, depthwise=False),
    LayerKind.DOT_S8: lambda *a: dense(*a, kind=LayerKind.DOT_S8),
    LayerKind.DEPTHWISE_S8: lambda *a: conv(*a, depthwise=True),
    LayerKind.AVERAGE_POOL: pool,
    LayerKind.MAX_POOL: pool,
    LayerKind.ADD_S8: lambda *a: operands(*a, adds=True),
    LayerKind.MUL_S8: lambda *a: operands(*a, adds=False),
    LayerKind.LUT_S8: lut,
    LayerKind.SOFTMAX_S8: softmax_s8,
    LayerKind.COPY: copy,
    LayerKind.FILL: fill,
    LayerKind.MEAN: mean,
    LayerKind.CONV_S16: lambda *a: conv(*a, depthwise=False),
    LayerKind.DEPTHWISE_S16: lambda *a: conv(*a, depthwise=True),
    LayerKind.RESCALE: rescale,
    LayerKind.ADD_S16: lambda *a: operands(*a, adds=True),
    LayerKind.MUL_S16: lambda *a: operands(*a, adds=False),
    LayerKind.SOFTMAX_S16: softmax_s16,
    LayerKind.LOGISTIC_S16: logistic_s16,
    LayerKind.LEAKY_RELU_S16: leaky_relu_s16,
    LayerKind.DENSE_S8: lambda *a: dense(*a, kind=LayerKind.DENSE_S8),
    LayerKind.DENSE_S16: lambda *a: dense(*a, kind=LayerKind.DENSE_S16),
}
