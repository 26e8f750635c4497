"""Random .tflite networks: converted, planned and run, they give the interpreter's bytes."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spikelet.converters.tflite import convert_tflite, parse_tflite
from spikelet.converters.tflite.floats import fold_floats
from spikelet.converters.tflite.lower import lower
from spikelet.converters.tflite.plan import Plan, plan
from spikelet.converters.tflite.tflm_plan import tflm_plan
from spikelet.graded.engine import GradedEngine
from spikelet.graded.image import decode, encode
from spikelet.graded.model import GradedModel, LayerKind
from spikelet.graded.reference import GradedReference
from support.chance import Chance
from support.plan_simulation import follow
from support.random_tflite import random_file, random_network
from support.tflite_cases import random_input
from support.tflite_interpreter import TfliteInterpreter
from support.tflite_network import Network

#: Inferences of each network; variables go on from one to the next.
RUNS = 3


def assert_interpreter(file: bytes, seed: int) -> GradedModel:
    """Every layer's tensor and every output, in C and in numpy, inference by inference."""
    model = convert_tflite(parse_tflite(file))
    assert encode(decode(encode(model))) == encode(model)
    rng = np.random.default_rng(seed)
    interpreter, reference = TfliteInterpreter(file), GradedReference(model)
    with GradedEngine(model) as engine:
        for _ in range(RUNS):
            inputs = [random_input(rng, model, port) for port in range(len(model.inputs))]
            outputs = interpreter.infer(*inputs)
            tensors = interpreter.tensors()
            for (index, in_c), (_, in_numpy) in zip(engine.layers(*inputs), reference.layers(*inputs), strict=True):
                layer = model.layers[index]
                if layer.kind in {LayerKind.COPY, LayerKind.FILL}:
                    continue  # Parts of a tensor.
                assert np.array_equal(in_numpy, in_c), layer
                assert_tensor(tensors, model.meta["tensors"][layer.output], in_c)
            for port, expected in zip(model.outputs, outputs, strict=True):
                for runner in (engine, reference):
                    assert np.array_equal(expected, runner._read(port.tensor)), port
    return model


def assert_tensor(tensors: dict[int, npt.NDArray[Any]], index: int, found: npt.NDArray[Any]) -> None:
    """A tensor of the file, where a layer's output is one."""
    if index >= 0:
        assert np.array_equal(tensors[index].ravel(), found.ravel()), index


@st.composite
def networks(draw: st.DrawFn) -> Network:
    """Small networks."""
    chance = Chance(lambda low, high: draw(st.integers(low, high)))
    return random_network(chance, draw(st.sampled_from(["int8", "int8", "int16"])))


@given(networks(), st.integers(0, 1000))
def test_random_networks_give_the_interpreters_bytes(network: Network, seed: int) -> None:
    """Every operator, alone and with others, with outputs over inputs and pieces in place."""
    assert_interpreter(network.file.build(), seed)


@pytest.mark.parametrize("part", range(6))
def test_a_corpus_of_networks_gives_the_interpreters_bytes(part: int) -> None:
    """The same networks each time, larger ones too."""
    for seed in range(part, 60, 6):
        assert_interpreter(random_file(seed, kind="int16" if seed % 5 == 4 else "int8", operators=6 + seed % 20), seed)


def assert_plan(file: bytes) -> Plan:
    """Follow each byte of a plan."""
    parsed = parse_tflite(file)
    draft = lower(parsed, "random")
    planned = plan(draft)
    apart, at = {}, 0
    for root in draft.roots():
        apart[root] = at
        at += draft.values[root].bytes
    numbers = {id(layer): number for number, layer in enumerate(draft.layers)}
    wanted = follow(draft, dict(enumerate(draft.layers)), lambda v: apart[draft.place(v)[0]] + draft.place(v)[1])
    layers = {numbers[id(layer)]: layer for layer in planned.draft.layers}
    found = follow(planned.draft, layers, planned.place)
    for key, tokens in found.items():
        # What nobody wrote may be anything.
        mine = wanted[key]
        assert np.array_equal(tokens[mine != -1], mine[mine != -1]), key
    for index, value in enumerate(planned.draft.values):
        assert value.constant is not None or planned.place(index) % 4 == 0
        assert value.constant is not None or planned.place(index) + value.bytes <= planned.memory
    for value in draft.kept:
        assert planned.place(value) + draft.values[value].bytes <= planned.variables
    assert planned.least <= planned.memory
    return planned


@given(networks())
def test_plans_keep_every_byte_that_is_still_read(network: Network) -> None:
    """Graded 5, byte by byte and unit by unit, by a checker that knows no gaps."""
    assert_plan(network.file.build())


def test_plans_of_the_corpus_are_small() -> None:
    """Not only right: none needs more than TensorFlow Lite Micro's greedy planner, and few more than any must."""
    planned, least = 0, 0
    for seed in range(40):
        file = random_file(seed, operators=6 + seed % 20)
        found, peer = assert_plan(file), tflm_plan(parse_tflite(file))
        assert found.memory <= peer.tensors + peer.variables
        planned, least = planned + found.memory, least + found.least

    assert planned <= 1.05 * least


def test_float_tensors_fold_to_nothing_in_an_int8_file() -> None:
    """A file without float tensors is folded to itself."""
    file = parse_tflite(random_file(3))

    assert fold_floats(file, "random").file.subgraphs[0].operators == file.subgraphs[0].operators
