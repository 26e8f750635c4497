"""Makes tests/golden/tflite/*.tflite that have every operator, with unusual parameters. No TensorFlow is needed.

    python tests/golden/make_tflite_operators.py [NAME ...]

needs the schema of ai-edge-litert. Making the files again gives the same bytes. make_tflite_expected.py then writes
what the interpreter gives.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np

from support.tflite_network import Network, Value

FOLDER = Path(__file__).resolve().parent / "tflite"


def _maps(kind: str) -> Network:
    n = Network(1, kind)
    odd = kind == "int8"
    zero = (lambda value: value) if odd else (lambda _: 0)
    x = n.input((1, 11, 9, 6), scale=0.02 if odd else 0.0001, zero=zero(-11))
    a = n.convolution(x, 10, (5, 3), stride=(2, 1), dilation=(1, 2), zero=zero(7), odd_channels=odd)
    b = n.convolution(
        a, 9, (3, 3), padding="VALID", stride=(1, 2), activation="RELU", zero=zero(-128), per_channel=False
    )
    c = n.convolution(x, 9, (3, 2), groups=3, stride=(2, 2), zero=zero(127), activation="RELU_N1_TO_1")
    d = n.convolution(c, 18, (3, 5), groups=-1, stride=(1, 2), zero=zero(-100), activation="RELU", odd_channels=odd)
    e = n.convolution(d, 54, (2, 2), groups=-1, dilation=(2, 1), padding="VALID", zero=zero(5))
    f = n.convolution(b, 70, (1, 1), activation="RELU6", zero=zero(-128))
    g = n.pool(f, (3, 2), average=True, stride=(2, 1), padding="SAME", activation="RELU6")
    h = n.pool(e, (2, 3), average=False, stride=(1, 2), padding="SAME")
    i = n.pool(d, (3, 3), average=True, padding="SAME", activation="RELU")
    j = n.pool(n.pad(i, [(0, 0), (1, 2), (0, 3), (0, 0)]), (4, 3), average=False, stride=(2, 2), activation="RELU6")
    rows = n.reshape(g, (math.prod(g.shape[1:3]), 70))
    k = n.dense(rows, 5, zero=zero(-3), activation="RELU")
    m = n.dense(n.reshape(h, (1, math.prod(h.shape))), 70, per_channel=False, bias=False, zero=zero(20))
    o = n.dense(j, 3, keep_dims=True, per_channel=False)
    for value in (k, m, o):
        n.output(value)
    return n


def _moves() -> Network:
    n = Network(2)
    x = n.input((1, 6, 5, 4), scale=0.03, zero=9)
    y = n.input((1, 6, 5, 4), scale=0.03, zero=9)
    z = n.input((7, 3), scale=0.1, zero=-20)
    channels = n.concatenate([x, y, x], 3)
    rows = n.concatenate([x, y], 1)
    columns = n.concatenate([y, x, n.constant((1, 6, 2, 4), scale=0.03, zero=9)], -2)
    a = n.slice(channels, [slice(None), slice(1, 5, 2), slice(None, None, -1), slice(10, 2, -3)])
    b = n.slice(rows, [0, slice(-3, None), slice(-4, -1), slice(0, 4)])
    c = n.slice(columns, [slice(None), slice(5, None, -2), slice(6, 1, -1)])
    d = n.slice(z, [slice(1, 6), -2])
    e = n.pad(b, [(2, 0), (0, 3), (1, 1)])
    f = n.moved("SQUEEZE", n.reshape(a, (1, 2, 1, 15)), (2, 15), squeeze_dims=[0, 2])
    g = n.concatenate([n.reshape(f, (5, 6)), n.reshape(n.slice(rows, [0, slice(0, 3), 1, slice(0, 4)]), (2, 6))], 0)
    h = n.moved("SQUEEZE", n.reshape(d, (1, 5, 1)), (5,))
    i = n.pad(n.reshape(c, (1, 3, 5, 4)), [(0, 0), (0, 1), (2, 0), (1, 1)])
    for value in (e, g, h, i, n.reshape(z, (3, 7))):
        n.output(value)
    return n


def _elements(kind: str) -> Network:
    n = Network(3, kind)
    odd = kind == "int8"
    zero = (lambda value: value) if odd else (lambda _: 0)
    fine = 1.0 if odd else 1 / 256
    x = n.input((1, 4, 5, 6), scale=0.04 * fine, zero=zero(3))
    y = n.input((1, 4, 5, 6), scale=0.07 * fine, zero=zero(-30))
    row = n.constant((6,), scale=0.05 * fine, zero=zero(4))
    column = n.constant((4, 1, 1), scale=0.02 * fine, zero=zero(-128))
    a = n.add(x, y, zero=zero(-1), activation="RELU6")
    b = n.add(a, row, zero=zero(127))
    c = n.add(column, b, activation="RELU_N1_TO_1", zero=zero(-7))
    d = n.multiply(x, y, zero=zero(12))
    e = n.multiply(n.mean(d, (1, 2), keep_dims=True, scale=0.3, zero=zero(2)), d, activation="RELU", zero=zero(-128))
    f = n.multiply(e, n.constant((), scale=0.01 * fine, zero=zero(-5)), zero=zero(1))
    g = n.add(f, f, zero=zero(8))
    means = [
        n.mean(g, (3,), keep_dims=False, scale=0.5, zero=zero(1)),
        n.mean(g, (-1, 1), keep_dims=True, scale=0.4),
        n.mean(b, (0, 1, 2, 3), keep_dims=False, scale=0.1, zero=zero(-9)),
        n.mean(n.reshape(c, (20, 6)), (0,), keep_dims=False, scale=1.0, zero=zero(-7)),
    ]
    h = n.rescaled("RELU", x, 0.03 * fine, zero(-128))
    i = n.rescaled("RELU6", y, 0.025 * fine, zero(-128))
    j = n.rescaled("LEAKY_RELU", y, 0.06 * fine, zero(-60), alpha=0.2)
    k = n.rescaled("LOGISTIC", x, 1 / 256 if odd else 1 / 32768, zero(-128))
    m = n.rescaled("QUANTIZE", k, 0.007 * fine, zero(-110))
    o = n.softmax(n.rescaled("QUANTIZE", j, 0.011 * fine, zero(14)), 1.7)
    p = n.softmax(n.reshape(a, (20, 6)))
    for value in (*means, h, i, m, o, p):
        n.output(value)
    return n


def _types() -> Network:
    n = Network(4)
    x = n.input((1, 6, 6, 3), scale=0.05, zero=-4)
    wide = n.rescaled("QUANTIZE", x, 0.05 / 200, 0, to="int16")
    a = n.convolution(wide, 8, (3, 3), activation="RELU")
    b = n.rescaled("QUANTIZE", a, a.scale * 1.7)
    c = n.rescaled("QUANTIZE", b, b.scale * 180, -13, to="int8")
    d = n.dense(n.reshape(c, (1, 288)), 9)
    e = n.rescaled("QUANTIZE", d, d.scale / 150, 0, to="int16")
    n.output(n.softmax(e))
    n.output(c)
    return n


def _float_ports() -> Network:
    n = Network(5)
    x = n.input((1, 5, 5, 2), kind="float32")
    y = n.input((1, 3), kind="float32")
    a = n.convolution(n.rescaled("QUANTIZE", x, 0.03, 17, to="int8"), 4, (3, 3), activation="RELU6", zero=-128)
    b = n.dense(n.rescaled("QUANTIZE", y, 0.0004, 0, to="int8"), 4, zero=5)
    c = n.add(n.mean(a, (1, 2), keep_dims=False, scale=0.6), b)
    n.output(n.rescaled("DEQUANTIZE", c, 1.0, to="float32"))
    n.output(n.rescaled("DEQUANTIZE", n.softmax(c), 1.0, to="float32"))
    return n


def _variable(n: Network, name: str, like: Value, first: int) -> int:
    """A variable's handle in subgraph 0; subgraph 1 sets it to `first`, and a third of it to the zero point."""
    init = n.file.graphs[1]
    handles = []
    for graph in (n.graph, init):
        handles.append(graph.tensor((), "RESOURCE"))
        graph.operator("VAR_HANDLE", [], [handles[-1]], shared_name=name, container="")
    values = np.full(like.shape, first, np.int8)
    values.reshape(-1)[::3] = like.zero
    init.operator("ASSIGN_VARIABLE", [handles[1], init.constant(values, **like.quantisation)], [])
    return handles[0]


def _streaming() -> Network:
    """A frame of 10 values an inference; rings of frames lie in variables before each convolution."""
    n = Network(6)
    n.file.graph("init")
    n.graph.operator("CALL_ONCE", [], [], init_subgraph_index=1)
    x = n.input((1, 1, 1, 10), scale=0.05, zero=-6)
    for number, (frames, kernel, stride, outputs) in enumerate(((3, 4, 1, 12), (2, 3, 1, 16), (4, 5, 1, 16))):
        old = n.value((1, frames, 1, x.shape[3]), x.scale, x.zero)
        handle = _variable(n, f"ring{number}", old, 40 - 30 * number)
        n.operator("READ_VARIABLE", [handle], old)
        seen = n.concatenate([old, x], 1)
        new = n.slice(seen, [slice(None), slice(-frames, None), slice(None), slice(None)])
        n.graph.operator("ASSIGN_VARIABLE", [handle, new.index], [])
        x = n.convolution(seen, outputs, (kernel, 1), stride=(stride, 1), padding="VALID", activation="RELU", zero=-128)
    # A sum over time, which forgets by a half.
    old = n.value(x.shape, x.scale, 3)
    handle = _variable(n, "sum", old, -50)
    n.operator("READ_VARIABLE", [handle], old)
    half = n.rescaled("QUANTIZE", old, x.scale * 2, 3)
    total = n.operator("ADD", [x, half], n.value(x.shape, x.scale, 3), pot_scale_int16=False)
    n.graph.operator("ASSIGN_VARIABLE", [handle, total.index], [])
    n.output(n.softmax(n.dense(n.reshape(total, (1, 16)), 3), 0.5))
    return n


NETWORKS: Mapping[str, Callable[[], Network]] = {
    "maps_s8": lambda: _maps("int8"),
    "maps_s16": lambda: _maps("int16"),
    "moves": _moves,
    "elements_s8": lambda: _elements("int8"),
    "elements_s16": lambda: _elements("int16"),
    "types": _types,
    "float_ports": _float_ports,
    "streaming": _streaming,
}


def main(names: list[str]) -> None:
    """Write the files named, or all."""
    FOLDER.mkdir(exist_ok=True)
    for name in names or NETWORKS:
        (FOLDER / f"{name}.tflite").write_bytes(NETWORKS[name]().file.build())


if __name__ == "__main__":
    main(sys.argv[1:])
