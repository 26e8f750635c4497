"""Reference and engine give the vectors that plain Python integers gave."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from spikelet.encoders import hash32
from spikelet.engine import Engine
from spikelet.events import EVENT
from spikelet.image_reader import CHOICE_TYPES
from spikelet.model import (
    Decoder,
    Encoder,
    InputPort,
    LifChoices,
    Model,
    OutputKind,
    OutputPort,
    Population,
    Projection,
)
from spikelet.reference import Reference
from spikelet.runner import Runner, Variable

HERE = Path(__file__).parent
LIF = json.loads((HERE / "lif.json").read_text())["cases"]
PORTS = json.loads((HERE / "ports.json").read_text())
RUNNERS = [Reference, Engine]


def network(population: Population, port: InputPort, weight: int, window: int = 0) -> Model:
    """One input neuron for each neuron, all with the same weight; potentials are kept."""
    weights = np.eye(population.size, dtype=np.int8) * np.int8(weight)
    return Model(
        populations=(population,),
        projections=(Projection(name="in-p", source=0, from_input=True, target=0, weights=weights),),
        inputs=(port,),
        outputs=(OutputPort(name="out", population=0, kind=OutputKind.POTENTIALS, decoder=Decoder.LAST, capacity=0),),
        ticks_per_sample=window,
        reset_between=False,
    )


@pytest.mark.parametrize("runner", RUNNERS)
@pytest.mark.parametrize("case", LIF, ids=lambda case: case["name"])
def test_a_neuron_gives_the_golden_trace(case: dict[str, Any], runner: Callable[[Model], Runner]) -> None:
    """Semantics 3.3: v, u, a, r and the event's value after every tick."""
    given = case["given"]
    choices = {name: CHOICE_TYPES.get(name, bool)(value) for name, value in given["choices"].items()}
    population = Population(
        name="p",
        size=1,
        frac=given["frac"],
        choices=LifChoices(**{"fires": False, **choices}),
        parameters={name: np.array([value], np.int32) for name, value in given["parameters"].items()},
        max_count=given["max_count"],
    )
    port = InputPort(name="in", size=1, shape=(1,), max_value=32767, max_sum=32767, capacity=1)
    variables = {"v": Variable.V, "u": Variable.U, "a": Variable.A, "r": Variable.R, "z": Variable.EVENTS}
    actual: dict[str, list[int]] = {name: [] for name in case["expected"]}

    with runner(network(population, port, given["weight"])) as running:
        for tick, value in enumerate(given["values"]):
            if value:
                running.push(np.array([(tick, 0, value)], EVENT))
            assert running.advance(1) == 1
            for name, trace in actual.items():
                trace.append(int(running.probe(0, variables[name])[0]))

    assert case["expected"] == actual


@pytest.mark.parametrize("runner", RUNNERS)
@pytest.mark.parametrize("case", PORTS["encoders"], ids=lambda case: case["name"])
def test_an_encoder_makes_the_golden_events(case: dict[str, Any], runner: Callable[[Model], Runner]) -> None:
    """Semantics 4: a population without memory shows the values that come in."""
    given = case["given"]
    frame = np.array(PORTS["frame"], np.uint8)
    n = len(frame)
    population = Population(
        name="p",
        size=n,
        frac=0,
        choices=LifChoices(fires=False),
        parameters={"decay_v": np.zeros(1, np.int32)},
    )
    port = InputPort(
        name="in",
        size=n,
        shape=(n,),
        encoder=Encoder[given["encoder"].upper()],
        max_value=given["max_value"],
        max_sum=n * given["max_value"],
        capacity=n,
        gain=given["gain"],
        seed=given["seed"],
    )
    actual = []

    with runner(network(population, port, 1, given["window"])) as running:
        for tick in range(2 * given["window"]):
            if tick % given["window"] == 0:
                running.push_frame(frame)
            running.advance(1)
            actual.append(running.probe(0, Variable.V).tolist())

    assert case["expected"] == actual


def test_the_hash_gives_the_golden_words() -> None:
    """Semantics 4.1."""
    for seed, purpose, index, tick, expected in PORTS["hashes"]:
        assert expected == int(hash32(seed, purpose, np.array([index], np.uint32), tick)[0])


@pytest.mark.parametrize("name", ["lif", "ports", "projections"])
def test_making_the_vectors_again_gives_no_difference(name: str) -> None:
    """The committed files are what their scripts write."""
    spec = importlib.util.spec_from_file_location(f"make_{name}", HERE / f"make_{name}.py")
    assert spec is not None
    assert spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)

    assert (HERE / f"{name}.json").read_text() == script.make()


def test_the_vectors_show_every_choice() -> None:
    """No value of a choice of semantics 3.2 is without a trace."""
    seen = {(name, int(value)) for case in LIF for name, value in case["given"]["choices"].items()}
    every = {(name, value) for name in LifChoices.__slots__ for value in range(1, len(CHOICE_TYPES.get(name, "no")))}

    assert every <= seen
