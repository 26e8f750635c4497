"""Valid random graded networks of every kind of layer, with variables, constants and memory that is used again."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np

from spikelet.graded.model import GradedModel, GradedPort, GradedTensor, Layer, LayerKind, TensorType
from spikelet.graded.runner import IntArray
from support.chance import Chance
from support.graded_parameters import RANDOM, LayerCase, contiguous, input_types, named

__all__ = ["corpus", "graded_network", "random_inputs"]

#: Layers that read an element, or a row, before they write it.
_ELEMENTWISE = {
    *(LayerKind.LUT_S8, LayerKind.LOGISTIC_S16, LayerKind.LEAKY_RELU_S16, LayerKind.RESCALE),
    *(LayerKind.SOFTMAX_S8, LayerKind.SOFTMAX_S16),
}
_SIZES = (1, 2, 7, 12, 30, 64, 96, 128, 180, 256, 333, 576, 1056)


class _Maker:
    """A network that grows layer by layer; tensors get their places at the end."""

    def __init__(self, chance: Chance) -> None:
        self.chance = chance
        self.tensors: list[GradedTensor] = []
        self.layers: list[Layer] = []
        self.inputs: list[int] = []
        self.variables: list[int] = []
        #: Tensors that have been written whole.
        self.written: list[int] = []

    def tensor(self, size: int, kind: TensorType, *, constant: bool = False) -> int:
        values = self.numbers((size,), kind) if constant else None
        name = f"t{len(self.tensors)}"
        self.tensors.append(GradedTensor(name=name, shape=(size,), type=kind, at=0, constant=values))
        return len(self.tensors) - 1

    def numbers(self, shape: tuple[int, ...], kind: TensorType) -> IntArray:
        return random_values(self.chance.rng(), shape, kind)

    def source(self, kind: TensorType, sizes: Sequence[int] = _SIZES) -> int:
        """A tensor of this type that can be read: one that is there, or a new input, constant or variable."""
        there = [index for index in self.written if self.tensors[index].type is kind]
        if sizes is not _SIZES:
            there = [index for index in there if self.tensors[index].size in sizes]
        if there and not self.chance.flag(4):
            return self.chance.pick(there[::-1])
        size = self.chance.pick(sizes)
        where = self.chance.pick(["input", "constant", "variable", "input"])
        if where == "input" or not self.inputs:
            return self.input(size, kind)
        index = self.tensor(size, kind, constant=where == "constant")
        if where == "variable":
            self.variables.append(index)
        self.written.append(index)
        return index

    def input(self, size: int, kind: TensorType) -> int:
        """A new input."""
        index = self.tensor(size, kind)
        self.inputs.append(index)
        self.written.append(index)
        return index

    def add(self, kind: LayerKind) -> None:
        """A layer of this kind, between tensors that fit."""
        types = input_types(kind, self.chance)
        inputs = [self.source(t) for t in types[:1]]
        for t in types[1:]:
            same = [self.tensors[inputs[0]].size] if not self.chance.flag(3) else _SIZES
            inputs.append(self.source(t, same))
        case = RANDOM[kind](self.chance, [self.tensors[i].size for i in inputs], types)
        output = self.tensor(case.size, case.type)
        if not case.whole:
            number = int(self.numbers((1,), case.type)[0])
            self.layer(LayerKind.FILL, (), output, LayerCase(size=0, type=case.type, parameters={"value": number}))
        self.layer(kind, inputs, output, case)
        self.written.append(output)

    def keep(self) -> None:
        """Write a variable anew from a tensor that is as large or larger."""
        for variable in self.variables:
            about = self.tensors[variable]
            large = [
                i for i in self.written if self.tensors[i].type is about.type and self.tensors[i].size >= about.size
            ]
            shape = [1, 1, 1, 1, about.size]
            p = named(size=shape, in_step=contiguous(shape), out_step=contiguous(shape))
            p |= {"in_start": 0, "out_start": 0}
            case = LayerCase(size=about.size, type=about.type, parameters=p)
            source = self.chance.pick(large[::-1])
            if source != variable:
                self.layer(LayerKind.COPY, (source,), variable, case)

    def layer(self, kind: LayerKind, inputs: Sequence[int], output: int, case: LayerCase) -> None:
        self.layers.append(
            Layer(
                name=f"{kind.name.lower()}{len(self.layers)}",
                kind=kind,
                inputs=tuple(inputs),
                output=output,
                parameters=case.parameters,
                table=case.table,
                weights=case.weights,
            )
        )

    def done(self) -> GradedModel:
        """The model, with a place for each tensor."""
        last = self.layers[-1].output
        outputs = sorted({last, self.chance.pick([layer.output for layer in self.layers])})
        places, memory, variables = _plan(self, outputs, self.chance)
        tensors = tuple(dataclasses.replace(t, at=places[i]) for i, t in enumerate(self.tensors))
        return GradedModel(
            tensors=tensors,
            layers=tuple(self.layers),
            inputs=tuple(GradedPort(name=f"in{i}", tensor=i) for i in self.inputs),
            outputs=tuple(GradedPort(name=f"out{i}", tensor=i) for i in outputs),
            memory=memory,
            variables=variables,
            initial=self.chance.rng().integers(0, 256, variables).astype(np.uint8),
        )


def _is_in_place(layer: Layer, tensors: Sequence[GradedTensor]) -> bool:
    """Whether the output may begin where the first input does: the layer's order allows it (graded.md 5)."""
    p = layer.parameters
    if not layer.inputs or tensors[layer.output].type > tensors[layer.inputs[0]].type:
        return False
    if layer.kind in _ELEMENTWISE:
        return True
    if "a_step_0" in p:
        return [p[f"a_step_{k}"] for k in range(5)] == contiguous([p[f"size_{k}"] for k in range(5)])
    if "outputs" in p:
        return p["outputs"] <= p["inputs"] and not _reads_again(layer)
    if "kernel_y" in p:
        depth = p.get("in_channels", p.get("channels", 0))
        fits = p.get("out_channels", depth) <= depth and p["out_width"] <= p["in_width"]
        return fits and p["pad_y"] == p["pad_x"] == 0
    return False


def _reads_again(layer: Layer) -> bool:
    """Whether the layer writes outputs of a row before it has read the row for the last time."""
    return layer.kind is LayerKind.DENSE_S8 and layer.parameters["outputs"] > 64


def _is_anywhere(layer: Layer) -> bool:
    """Whether the layer reads all of its input before it writes."""
    p = layer.parameters
    if "kernel_y" in p:
        return p["out_height"] == p["out_width"] == 1
    return p.get("rows") == 1 and not _reads_again(layer)


def _plan(made: _Maker, outputs: Sequence[int], chance: Chance) -> tuple[list[int], int, int]:
    """Places of tensors, bytes of the memory and of its variables: first fit beside what is still needed."""
    places = [0] * len(made.tensors)
    room = [-(-t.size * t.type // 4) * 4 for t in made.tensors]
    end = 0
    for index in made.variables:
        places[index], end = end, end + room[index]
    variables = end = -(-end // 8) * 8
    reuse = chance.flag()
    n = len(made.layers)
    until = dict.fromkeys(outputs, n)
    since = dict.fromkeys(made.inputs, -1)
    for number, layer in enumerate(made.layers):
        since.setdefault(layer.output, number)
        for index in (*layer.inputs, layer.output):
            until[index] = max(until.get(index, -1), number)
    placed: list[int] = []
    for index in sorted(since, key=lambda i: since[i]):
        if index in made.variables:
            continue
        over = [i for i in placed if not reuse or until.get(i, -1) >= since[index] or since[i] == since[index]]
        writer = made.layers[since[index]] if since[index] >= 0 else None
        at = variables
        if reuse and writer is not None and writer.inputs:
            given, anywhere = writer.inputs[0], _is_anywhere(writer)
            last = given in over and until[given] == since[index] and writer.inputs.count(given) == 1
            if last and (anywhere or _is_in_place(writer, made.tensors)):
                over.remove(given)
                at = places[given] + 4 * chance.integer(0, room[given] // 4) if anywhere else at
        for i in sorted(over, key=lambda i: places[i]):
            if places[i] < at + room[index] and at < places[i] + room[i]:
                at = places[i] + room[i]
        places[index] = at
        placed.append(index)
        end = max(end, at + room[index])
    return places, -(-end // 8) * 8, variables


def random_values(rng: np.random.Generator, shape: tuple[int, ...], kind: TensorType) -> IntArray:
    """Numbers of a type: many are the least, as after a rectifier, or all are any, or small."""
    most = 2 ** (8 * kind - 1)
    values = rng.integers(-most, most, shape)
    style = int(rng.integers(3))
    if style == 1:
        values = np.where(rng.random(shape) < 0.6, -most, values)
    elif style == 2:
        values = rng.integers(-9, 10, shape)
    return values.astype(kind.dtype)


def random_inputs(model: GradedModel, seed: int) -> list[IntArray]:
    """One array for each input port."""
    rng = np.random.default_rng(seed)
    tensors = [model.tensors[port.tensor] for port in model.inputs]
    return [random_values(rng, t.shape, t.type) for t in tensors]


def graded_network(chance: Chance, kinds: Sequence[LayerKind] = tuple(LayerKind), layers: int = 6) -> GradedModel:
    """A network of at most so many layers of these kinds."""
    made = _Maker(chance)
    for _ in range(chance.integer(1, layers)):
        made.add(chance.pick(kinds))
    if not made.inputs:
        made.input(chance.pick(_SIZES), TensorType.INT8)
    made.keep()
    return made.done()


def corpus(n: int, kinds: Sequence[LayerKind] = tuple(LayerKind), layers: int = 6) -> list[GradedModel]:
    """The same n networks each time."""
    found = []
    for seed in range(n):
        rng = np.random.default_rng(seed)
        chance = Chance(lambda low, high, rng=rng: int(rng.integers(low, high, endpoint=True)))  # type: ignore[misc]
        found.append(graded_network(chance, kinds, layers))
    return found
