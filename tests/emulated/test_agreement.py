"""Emulated boards give the same bits as the host engine, with every compiler."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from spikelet.converters import convert
from spikelet.emulator import EmulatedBoard, emulate
from spikelet.engine import Engine
from spikelet.memory import arena_size
from spikelet.model import Encoder, Model
from spikelet.protocol import Place
from spikelet.runner import Result, Runner, Variable
from support.random_models import random_events, random_model
from support.tools import COMPILERS, QEMU, UNICORN, need

Where = tuple[str, str]


@pytest.fixture(scope="module", params=[(b, c) for b in QEMU for c in COMPILERS], ids="-".join)
def qemu(request: pytest.FixtureRequest) -> Iterator[EmulatedBoard]:
    """Each QEMU board, with each compiler."""
    need(*request.param)
    with emulate(None, request.param[0], compiler=request.param[1], count=False) as board:
        yield board


@pytest.fixture(scope="module")
def digits() -> tuple[Model, np.ndarray]:
    """The network of the demo, and a few held-out digits."""
    folder = Path(__file__).resolve().parents[2] / "examples" / "digits"
    model = convert(folder / "digits.nir", framework="snntorch", reset="zero", encoder="rate", ticks_per_sample=25)
    with np.load(folder / "digits_test.npz") as data:
        return model, data["x"][:2].astype(np.uint8)


def same_digits(board: EmulatedBoard, model: Model, frames: np.ndarray) -> None:
    """Spikes, scores, predictions, statistics, and the membranes of every tick."""
    board.use(model)
    engine = Engine(model)
    probe = [(p.name, Variable.V) for p in model.populations]
    for frame in frames:
        compare(engine.run(frame, probe=probe), board.run(frame, probe=probe))


def inputs_for(model: Model, seed: int, ticks: int) -> np.ndarray:
    """Events or a frame, as the first port takes them."""
    if model.inputs[0].encoder is Encoder.EVENTS:
        return random_events(seed, model, ticks)
    return np.random.default_rng(seed).integers(0, 256, model.inputs[0].size).astype(np.uint8)


def same(board: Runner, model: Model, seed: int, ticks: int = 30) -> None:
    """Events, scores, statistics and every state word of every tick."""
    inputs = inputs_for(model, seed, ticks)
    probe = [(p.name, v) for p in model.populations for v in Variable]
    compare(Engine(model).run(inputs, ticks=ticks, probe=probe), board.run(inputs, ticks=ticks, probe=probe))


def compare(expected: Result, found: Result) -> None:
    """Two runs gave the same."""
    for name, output in expected.outputs.items():
        assert output.events.tolist() == found.outputs[name].events.tolist()
        assert output.scores.tolist() == found.outputs[name].scores.tolist()
        assert output.prediction == found.outputs[name].prediction
    assert list(expected.stats) == list(found.stats)
    for key, values in expected.probes.items():
        assert values.tolist() == found.probes[key].tolist(), key


@pytest.mark.parametrize("plain", [True, False], ids=["plain", "any"])
@pytest.mark.parametrize("seed", range(3))
def test_a_unicorn_board_gives_the_bits_of_the_host(unicorn: EmulatedBoard, seed: int, *, plain: bool) -> None:
    """Random networks, loaded at run time; every kernel set of the board."""
    model = random_model(seed, plain=plain)
    unicorn.use(model)
    same(unicorn, model, seed)


def test_a_unicorn_board_gives_the_bits_of_the_host_for_digits(
    unicorn: EmulatedBoard, digits: tuple[Model, np.ndarray]
) -> None:
    """Issue: the digits network on every emulated board."""
    same_digits(unicorn, *digits)


@pytest.mark.slow
def test_a_qemu_board_gives_the_bits_of_the_host_for_digits(
    qemu: EmulatedBoard, digits: tuple[Model, np.ndarray]
) -> None:
    """Issue: the digits network on every QEMU board; a micro:bit keeps it in its slot."""
    same_digits(qemu, digits[0], digits[1][:1])


@pytest.mark.parametrize("encoder", [Encoder.EVENTS, Encoder.POISSON], ids=lambda e: e.name)
def test_a_board_needs_the_arena_that_the_host_computed(unicorn: EmulatedBoard, encoder: Encoder) -> None:
    """spkl_arena_size on the board is spikelet.memory's number."""
    for seed in range(4):
        model = random_model(seed, encoder=encoder)
        unicorn.load(model)

        assert unicorn.hello.arena == arena_size(model)


@pytest.mark.slow
@pytest.mark.parametrize("encoder", [e for e in Encoder if e is not Encoder.EVENTS], ids=lambda e: e.name)
def test_encoders_give_the_bits_of_the_host(unicorn: EmulatedBoard, encoder: Encoder) -> None:
    """Frames become events on the board, over more than one sample."""
    model = random_model(7, encoder=encoder)
    unicorn.use(model)
    same(unicorn, model, 7)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2))
def test_a_qemu_board_gives_the_bits_of_the_host(qemu: EmulatedBoard, seed: int) -> None:
    """The same firmware sources on the machines of QEMU."""
    model = random_model(seed)
    qemu.use(model)
    same(qemu, model, seed, ticks=8)


@pytest.mark.slow
@pytest.mark.parametrize("place", [Place.RAM, Place.SLOT])
def test_qemu_boards_run_models_from_ram_and_slot(qemu: EmulatedBoard, place: Place) -> None:
    """micro:bit's slot is written through its flash controller."""
    model = random_model(1, plain=True)

    assert qemu.load(model, place) == place
    same(qemu, model, 1, ticks=5)


@pytest.mark.parametrize("place", [Place.RAM, Place.SLOT])
def test_unicorn_boards_run_models_from_ram_and_slot(unicorn: EmulatedBoard, place: Place) -> None:
    """Wire 5."""
    model = random_model(1, plain=True)

    assert unicorn.load(model, place) == place
    same(unicorn, model, 1)


@pytest.mark.slow
@pytest.mark.parametrize("compiler", COMPILERS)
@pytest.mark.parametrize("name", UNICORN)
@pytest.mark.parametrize("seed", range(2))
def test_an_embedded_model_gives_the_bits_of_the_host(name: str, compiler: str, seed: int) -> None:
    """Only the kernels that the model needs are linked; the loader finds none missing."""
    need(name, compiler)
    for model in (random_model(seed, plain=True), random_model(seed, encoder=list(Encoder)[1 + seed])):
        with emulate(model, name, compiler=compiler, embed=True) as board:
            assert board.hello.place == Place.EMBEDDED
            assert board.hello.slot == 0
            same(board, model, seed, ticks=12)


@pytest.mark.parametrize("name", UNICORN)
def test_the_small_build_gives_the_same_bits(name: str) -> None:
    """-Os."""
    need(name, "zig")
    model = random_model(3)
    with emulate(model, name, compiler="zig", optimise="s") as board:
        same(board, model, 3, ticks=10)
