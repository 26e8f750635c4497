"""RAM of a model, computed on the host."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from spikelet import board_files, compile, elf, toolchain
from spikelet._data import path as data_path
from spikelet.memory import TABLES, arena_size, work_size
from spikelet.model import Encoder
from support.random_models import random_model
from support.tools import COMPILERS, need_compiler

_SOURCE = """
#include "conv.h"
""" + "".join(f"const char {name}[sizeof(struct spkl_{name})] = {{0}};\n" for name in TABLES)


@pytest.mark.parametrize("compiler", COMPILERS)
@pytest.mark.parametrize("name", ["cortex-m0", "mps3-an547", "rv32imc"])
def test_table_entries_are_as_large_as_the_compiler_makes_them(name: str, compiler: str, tmp_path: Path) -> None:
    """The sizes of csrc/engine/net.h, where pointers have 32 bits."""
    board = board_files.load(name)
    need_compiler(board.arch, compiler)
    source = tmp_path / "sizes.c"
    source.write_text(_SOURCE)
    includes = [data_path("csrc") / folder for folder in ("include", "engine")]
    found = toolchain.find(board.arch, compiler)
    (made,) = compile.compile_all(found, [source], flags=[*board.flags[compiler], "-O2"], includes=includes)

    assert {symbol.name: symbol.size for symbol in elf.read(made).symbols if symbol.name in TABLES} == TABLES


def test_a_frame_is_gathered_beside_the_arena() -> None:
    """work_size is the arena and the largest frame of a port with an encoder."""
    events = random_model(1, plain=True)
    frames = random_model(1, plain=True, encoder=Encoder.RATE)

    assert work_size(events) == arena_size(events)
    assert work_size(frames) == arena_size(frames) + frames.inputs[0].size


def test_the_arena_grows_by_what_is_added() -> None:
    """A larger input queue takes 12 bytes an event, and rows up to 255."""
    model = random_model(1, plain=True)
    port = dataclasses.replace(model.inputs[0], capacity=model.inputs[0].capacity + 4)

    assert model.inputs[0].capacity >= 255
    assert arena_size(dataclasses.replace(model, inputs=(port,))) == arena_size(model) + 48
