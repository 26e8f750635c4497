"""Random .tflite networks with residuals, branches, pieces, slices, padding and variables, for the importer's tests."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from support.chance import Chance
from support.tflite_network import Network, Value

__all__ = ["random_file", "random_network"]

_ZEROS = (-128, 0, 17, 127)


def random_file(seed: int, *, kind: str = "int8", operators: int = 8) -> bytes:
    """A file; the same seed gives the same one."""
    rng = np.random.default_rng(seed)
    return random_network(Chance(lambda low, high: int(rng.integers(low, high + 1))), kind, operators).file.build()


def random_network(chance: Chance, kind: str = "int8", operators: int = 8) -> Network:
    """A network of so many operators or a few more."""
    return _Maker(chance, kind).network(operators)


class _Maker:
    """Grows a network operator by operator."""

    def __init__(self, chance: Chance, kind: str) -> None:
        self.chance, self.kind = chance, kind
        self.net = Network(chance.integer(0, 2**20), kind)
        self.values: list[Value] = []
        self.variables = 0

    def network(self, operators: int) -> Network:
        """The whole network."""
        for _ in range(self.chance.integer(1, 2)):
            shape = (1, self.chance.integer(1, 9), self.chance.integer(1, 7), self.chance.pick((1, 2, 3, 4, 8)))
            self.values.append(self.net.input(shape, scale=0.02, zero=self.zero()))
        for _ in range(operators):
            self.grow()
        outputs = {self.values[-1].index: self.values[-1]}
        for value in self.values:
            if self.chance.flag(6):
                outputs[value.index] = value
        for value in outputs.values():
            self.net.output(value)
        return self.net

    def zero(self) -> int:
        return self.chance.pick(_ZEROS) if self.kind == "int8" else 0

    def source(self, rank: int | None = None) -> Value | None:
        """A value with this rank; late ones more often."""
        there = [value for value in self.values if rank is None or len(value.shape) == rank]
        if not there:
            return None
        return there[-1] if not self.chance.flag(3) else self.chance.pick(there)

    def grow(self) -> None:
        """Add an operator."""
        name = self.chance.pick(
            ["map", "map", "depthwise", "pool", "add", "pieces", "slice", "pad", "function", "dense", "mean", "ring"]
        )
        made = getattr(self, f"_{name}")()
        if made is not None and math.prod(made.shape) <= 4096:
            self.values.append(made)

    def _window(self, x: Value) -> dict[str, Any]:
        kernel = (self.chance.integer(1, 4), self.chance.integer(1, 3))
        padding = self.chance.pick(("SAME", "VALID"))
        if padding == "VALID":
            kernel = (min(kernel[0], x.shape[1]), min(kernel[1], x.shape[2]))
        stride = (self.chance.integer(1, 3), self.chance.integer(1, 2))
        return {"kernel": kernel, "stride": stride, "padding": padding}

    def _map(self) -> Value | None:
        x = self.source(4)
        if x is None:
            return None
        outputs, activation = self.chance.pick((1, 3, 4, 8, 12, 20)), self.chance.pick(("NONE", "RELU", "RELU6"))
        return self.net.convolution(x, outputs, activation=activation, zero=self.zero(), **self._window(x))

    def _depthwise(self) -> Value | None:
        x = self.source(4)
        if x is None:
            return None
        outputs = x.shape[3] * self.chance.pick((1, 1, 2))
        return self.net.convolution(x, outputs, groups=-1, zero=self.zero(), **self._window(x))

    def _pool(self) -> Value | None:
        x = self.source(4)
        return None if x is None else self.net.pool(x, average=self.chance.flag(), **self._window(x))

    def _add(self) -> Value | None:
        a = self.source()
        same = [v for v in self.values if a is not None and v.shape == a.shape]
        if a is None:
            return None
        b = self.chance.pick(same)
        if self.chance.flag(4):
            b = self.net.constant(a.shape[-1:], scale=a.scale, zero=a.zero)
        join = self.net.multiply if self.chance.flag(4) else self.net.add
        return join(a, b, zero=self.zero())

    def _pieces(self) -> Value | None:
        x = self.source()
        if x is None or not x.shape:
            return None
        same = [v for v in self.values if v.shape == x.shape and (v.scale, v.zero) == (x.scale, x.zero)]
        pieces = [self.chance.pick(same) for _ in range(self.chance.integer(1, 3))]
        if self.chance.flag(3):
            pieces.insert(0, self.net.constant(x.shape, scale=x.scale, zero=x.zero))
        axis = self.chance.integer(min(1, len(x.shape) - 1), len(x.shape) - 1)
        return self.net.concatenate(pieces, axis)

    def _slice(self) -> Value | None:
        x = self.source()
        if x is None or not x.shape:
            return None
        pieces: list[slice | int] = []
        for size in x.shape:
            first = self.chance.integer(0, size - 1)
            last = self.chance.integer(first + 1, size)
            pieces.append(slice(first, last) if self.chance.flag() else slice(None))
        return self.net.slice(x, pieces)

    def _pad(self) -> Value | None:
        x = self.source(4)
        if x is None:
            return None
        amounts = [(0, 0)] + [(self.chance.integer(0, 2), self.chance.integer(0, 2)) for _ in range(2)] + [(0, 0)]
        return self.net.pad(x, amounts)

    def _function(self) -> Value | None:
        x = self.source()
        if x is None:
            return None
        kind = self.chance.pick(("RELU", "LEAKY_RELU", "QUANTIZE", "LOGISTIC", "reshape"))
        if kind == "reshape":
            return self.net.reshape(x, (1, math.prod(x.shape)))
        if kind == "LOGISTIC":
            if self.kind == "int16" and x.scale > 5.0:
                return None  # Beyond the multiplier of graded 4.5.
            scale, zero = (1 / 256, -128) if self.kind == "int8" else (1 / 32768, 0)
            return self.net.rescaled(kind, x, scale, zero)
        options = {"alpha": 0.2} if kind == "LEAKY_RELU" else {}
        return self.net.rescaled(kind, x, x.scale * self.chance.pick((1.0, 0.7, 1.3)), self.zero(), **options)

    def _dense(self) -> Value | None:
        x = self.source()
        if x is None or not x.shape or x.shape[-1] > 512:
            return None
        return self.net.dense(x, self.chance.pick((2, 5, 16, 20)), zero=self.zero())

    def _mean(self) -> Value | None:
        x = self.source(4)
        return None if x is None else self.net.mean(x, (1, 2), keep_dims=True, scale=0.5, zero=self.zero())

    def _ring(self) -> Value | None:
        """The last frames, which lie in a variable, and the new one; then all but some are kept."""
        x = self.source(4)
        if x is None or self.kind != "int8":
            return None
        net = self.net
        if len(net.file.graphs) == 1:
            net.file.graph("init")
            net.graph.operator("CALL_ONCE", [], [], init_subgraph_index=1)
        frames = self.chance.integer(1, 3) * x.shape[1]
        old = net.value((1, frames, *x.shape[2:]), x.scale, x.zero)
        name, self.variables = f"ring{self.variables}", self.variables + 1
        handles = []
        for graph in net.file.graphs[:2]:
            handles.append(graph.tensor((), "RESOURCE"))
            graph.operator("VAR_HANDLE", [], [handles[-1]], shared_name=name, container="")
        first = net.rng.integers(-128, 128, old.shape).astype(np.int8)
        constant = net.file.graphs[1].constant(first, **old.quantisation)
        net.file.graphs[1].operator("ASSIGN_VARIABLE", [handles[1], constant], [])
        net.operator("READ_VARIABLE", [handles[0]], old)
        pieces, start = ([old, x], x.shape[1]) if not self.chance.flag(4) else ([x, old], 0)
        seen = net.concatenate(pieces, 1)
        new = net.slice(seen, [slice(None), slice(start, start + frames), slice(None), slice(None)])
        net.graph.operator("ASSIGN_VARIABLE", [handles[0], new.index], [])
        if self.chance.flag(3):
            self.values.append(old)
        return seen
