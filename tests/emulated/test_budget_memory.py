"""Bytes of a budget: they add up to the image, to the built firmware and to the arena of an emulated board."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from paths import data
from spikelet import board_files, elf
from spikelet.budget import budget
from spikelet.budget_layers import NETWORK
from spikelet.budget_memory import flash_by_layer, ram_by_layer
from spikelet.budget_room import room
from spikelet.converters import convert
from spikelet.emulator import emulate
from spikelet.firmware import build
from spikelet.image import encode
from spikelet.memory import arena_size, work_size
from spikelet.model import Encoder, Model
from support import nmnist
from support.random_models import random_events, random_model, wide_random_model
from support.tools import COMPILERS, UNICORN, need, need_compiler

BOARD = "cortex-m4"


def braille() -> Model:
    """A recurrent network."""
    return convert(data("nir/braille_noDelay_noBias_subtract.nir"), framework="snntorch", reset="subtract")


#: Convolutions, rows of few bits, sparse rows, delays, blocks and loops are in the random ones.
MODELS: dict[str, Callable[[], Model]] = {
    "dense": lambda: random_model(1, plain=True),
    "frames": lambda: random_model(2, encoder=Encoder.POISSON),
    "recurrent": braille,
    "convolutions": nmnist.cnn,
    **{f"random {seed}": lambda seed=seed: wide_random_model(seed) for seed in range(12)},  # type: ignore[misc]
}


def test_the_random_models_have_every_kind() -> None:
    """So that what the others promise is of all kinds of projections and populations."""
    models = [make() for make in MODELS.values()]
    ways = [way for model in models for way in model.projections]
    parts = [part for model in models for part in model.populations]

    assert {way.kind.name for way in ways} == {"DENSE", "CONV", "SPARSE", "SPARSE4", "FEED"}
    assert {way.bits for way in ways} == {1, 2, 4, 8}
    assert {part.kind.name for part in parts} == {"LIF", "DELAY"}
    assert any(way.delays is not None for way in ways)
    assert any(part.block for part in parts)
    assert any(not way.from_input and way.source >= way.target for way in ways)


@pytest.mark.parametrize("name", MODELS)
def test_layers_add_up_to_the_image_and_the_arena(name: str) -> None:
    """Without a compiler: no byte is left out, none is counted twice."""
    model = MODELS[name]()
    made = budget(model, BOARD, compiler="gcc")

    assert sum(part.total for part in flash_by_layer(model).values()) == len(encode(model)) == made.image
    assert sum(part.total for part in ram_by_layer(model).values()) == work_size(model) == made.work
    assert made.image == sum(sum(layer.flash.values()) for layer in made.layers)
    assert made.work == sum(sum(layer.ram.values()) for layer in made.layers)
    assert all(part.total >= 0 for part in flash_by_layer(model).values())


def test_equal_arrays_are_counted_once() -> None:
    """The second population that has the same weights and thresholds tells them as shared."""
    model = random_model(1, plain=True)
    first = model.populations[0]
    way = next(way for way in model.projections if way.target == 0 and way.from_input)
    twice = replace(
        model,
        populations=(first, replace(first, name="again")),
        projections=(way, replace(way, name="again", target=1)),
        outputs=model.outputs[:1],
    )
    twice = replace(twice, outputs=(replace(twice.outputs[0], population=0),))
    flash = flash_by_layer(twice)
    stored = {name: flash["population", 0].items[name] for name in ("weights", "parameters")}

    assert "weights" not in flash["population", 1].items
    assert flash["population", 1].shared >= stored["weights"]
    assert sum(part.total for part in flash.values()) == len(encode(twice))


@pytest.mark.parametrize("name", MODELS)
def test_an_emulated_board_has_the_arena_of_the_budget(name: str) -> None:
    """spkl_arena_size on the board; the frame that it gathers comes on top."""
    need(BOARD, "zig")
    model = MODELS[name]()
    ram = ram_by_layer(model)
    with emulate(model, BOARD, compiler="zig", count=False) as running:
        found = running.hello.arena

    assert found == arena_size(model)
    assert found == sum(part.total for part in ram.values()) - ram[NETWORK].items.get("frame", 0)


@pytest.mark.parametrize("compiler", COMPILERS)
@pytest.mark.parametrize("name", ["dense", "frames", "recurrent", "convolutions", "random 0", "random 3"])
def test_a_firmware_has_the_bytes_of_the_budget(name: str, compiler: str) -> None:
    """Of the ELF file: the image's symbol, sections, where the free RAM begins."""
    board = board_files.load(BOARD)
    need_compiler(board.arch, compiler)
    model = MODELS[name]()
    taken = room(model, board, compiler=compiler)
    made = build(board, model=model, compiler=compiler)
    found = elf.read(made.elf)
    image = next(symbol for symbol in found.symbols if symbol.name == "spkl_embedded_image")

    assert not taken.missing
    assert image.size == taken.flash["model"] == budget(model, board).image
    assert sum(taken.flash.values()) == sum(found.sizes.get(name, 0) for name in (".text", ".rodata", ".data"))
    assert sum(taken.flash.values()) == made.flash.used
    assert sum(taken.ram.values()) == made.ram.used
    assert taken.ram["variables"] + taken.ram["stack"] == found.absolute["spkl_pool_start"] - board.ram.origin
    assert min(taken.flash.values()) > 0
    assert (taken.flash_spare, taken.ram_spare) == (
        made.flash.length - made.flash.used,
        made.ram.length - made.ram.used,
    )


def test_what_is_missing_is_told_for_each_memory() -> None:
    """A network that is too large for a board, by as many bytes as it takes more."""
    need_compiler("arm", "zig")
    taken = room(nmnist.cnn(), "microbit", compiler="zig")

    assert taken.flash_spare > 0 > taken.ram_spare
    assert taken.ram_spare == taken.board.ram.length - sum(taken.ram.values())
    assert f"{-taken.ram_spare:,} bytes of RAM are missing" in taken.missing


def test_an_assumed_tick_is_the_same_each_time() -> None:
    """And busier with a larger part."""
    model = wide_random_model(3)
    one, same, more = (budget(model, BOARD, compiler="gcc", part=part) for part in (0.05, 0.05, 0.3))

    assert one.typical == same.typical
    assert one.typical.synops < more.typical.synops <= one.worst.synops
    assert np.isfinite(one.typical.synops)


@pytest.mark.parametrize("name", UNICORN)
def test_the_stack_stays_within_what_is_proven(name: str) -> None:
    """With projections of every kind, delay lines and blocks, which the engine calls through pointers."""
    need(name, "gcc")
    for seed in range(4):
        model = wide_random_model(seed)
        with emulate(model, name, compiler="gcc", count=False, embed=True) as running:
            running.run(random_events(seed, model, 12), 12)
            used, bound = running.stack_used(), running.build.stack.bytes

        assert bound is not None
        assert 0 < used <= bound <= running.build.board.stack
