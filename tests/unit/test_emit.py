"""Which kernels a model needs: the converter and the engine decide alike."""

from __future__ import annotations

import ctypes
import dataclasses
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from spikelet.converters.emit import graded_kernel_names, kernel_names, kernel_table, layer_table
from spikelet.converters.emit.kernels import all_kernel_names, is_plain, is_small, tick_kernel
from spikelet.image import encode
from spikelet.model import V_MAX, Decoder, Encoder, LifChoices, Model, Population, ResetKind
from strategies import corpus
from support import native_board
from support.graded_networks import corpus as corpus_of_graded
from support.random_models import random_model

ROOT = Path(__file__).resolve().parents[2]
Ask = Callable[[Model, int], "str | None"]

_SHIM = """
#include "parts.h"
int ask(const void *image, size_t length, unsigned population);
int ask(const void *image, size_t length, unsigned population)
{
    spkl_lif_tick_fn *tick;

    static uint64_t arena[1 << 17];
    struct spkl_model model;
    struct spkl_net net;

    if (spkl_open(&model, image, length) != 0 ||
        spkl_start(&net, &model, arena, sizeof arena) != 0) {
        return -1;
    }
    tick = net.populations[population].tick;
    if (tick == spkl_tick_line) {
        return 3;
    }
    if (tick == spkl_tick_blocks) {
        tick = ((struct spkl_blocks *)net.populations[population].more)->tick;
    }
    return (tick == spkl_lif_tick_plain_s32) + 2 * (tick == spkl_lif_tick_if_s32);
}
"""


_TICKS = ("lif_tick_any_s32", "lif_tick_plain_s32", "lif_tick_if_s32", None)


def _compile(target: Path, sources: list[Path], *flags: str) -> None:
    words = ["cc", "-std=c99", "-O1", "-fPIC", *native_board.includes(), *flags, *map(str, sources)]
    subprocess.run([*words, "-o", str(target)], check=True, timeout=120)


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The engine and all kernels, without a table, with a function to ask."""
    if shutil.which("cc") is None:
        pytest.skip("needs a C compiler: apt-get install gcc libc6-dev")
    folder = tmp_path_factory.mktemp("emit")
    (folder / "shim.c").write_text(_SHIM)
    kernels = ROOT / "csrc" / "kernels"
    files = [folder / "shim.c", *(ROOT / "csrc" / "engine").glob("*.c"), *(kernels / "ref").glob("*.c")]
    _compile(folder / "parts.o", files, "-r", "-nostdlib", "-flinker-output=nolto-rel")
    return folder / "parts.o"


def _ask(library: Path, model: Model, population: int) -> str | None:
    """The kernel that the engine takes for a population."""
    image = encode(model)
    words = (ctypes.c_uint32 * (len(image) // 4)).from_buffer_copy(image)
    answer = ctypes.CDLL(str(library)).ask(words, ctypes.c_size_t(len(image)), population)
    assert answer >= 0, answer
    return _TICKS[answer]


@pytest.fixture(scope="module")
def engine_says(parts: Path) -> Ask:
    """Ask the engine with the table of all kernels which one it takes."""
    library = parts.with_name("all.so")
    _compile(library, [parts, ROOT / "csrc" / "kernels" / "all.c"], "-shared")
    return lambda model, population: _ask(library, model, population)


@pytest.mark.parametrize("encoder", list(Encoder), ids=lambda encoder: encoder.name)
def test_the_fast_kernel_is_linked_where_the_engine_takes_it(engine_says: Ask, encoder: Encoder) -> None:
    """Random choices: a firmware with a model in it lacks no kernel, and has none too many."""
    found = set()
    for seed in range(40):
        model = random_model(seed, plain=seed % 2 == 0, encoder=encoder)
        for index in range(len(model.populations)):
            found.add(tick_kernel(model, index))
            assert engine_says(model, index) == tick_kernel(model, index), (seed, index)

    assert {"lif_tick_any_s32", "lif_tick_plain_s32"} <= found


def _without_leak(model: Model) -> Model:
    """The model with neurons that only sum, fire several spikes at once, and lose what fired."""
    choices = LifChoices(several=True, reset_kind=ResetKind.SUBTRACT)
    numbers = {name: np.array([50], np.int32) for name in ("fire_above", "reset", "count_by")}

    def change(population: Population) -> Population:
        return dataclasses.replace(population, frac=0, choices=choices, max_count=2, parameters=numbers)

    return dataclasses.replace(model, populations=tuple(change(population) for population in model.populations))


def test_a_table_of_a_model_opens_that_model(parts: Path, engine_says: Ask) -> None:
    """Networks of every kind of projection: what the table names is enough, and chosen as with all kernels."""
    found: set[str | None] = set()
    for number, model in enumerate([_without_leak(random_model(5)), *(model for model, _ in corpus(24))]):
        table, library = parts.with_name(f"table{number}.c"), parts.with_name(f"model{number}.so")
        table.write_text(kernel_table(model))
        _compile(library, [parts, table], "-shared")
        for index in range(len(model.populations)):
            kernel = _ask(library, model, index)
            found.add(kernel)
            assert kernel == engine_says(model, index) == tick_kernel(model, index) or is_small(model)

    assert found == set(_TICKS)


def test_both_see_the_same_bound(engine_says: Ask) -> None:
    """128 times the largest input, in units of v, and the largest bias fit in V_MAX exactly, or by one not."""
    model = random_model(2, plain=True)
    first = model.populations[0]
    leak = {"decay_v": np.array([60000], np.int32)}
    most = 128 * model.inputs[0].max_sum
    found = []
    for frac in (0, 4, 20):
        room = V_MAX - (most << frac)
        for bias in (0, room, room + 1, -room, -room - 1):
            if abs(bias) <= V_MAX:
                parameters = {**first.parameters, **leak, "bias": np.array([bias], np.int32)}
                changed = dataclasses.replace(first, frac=frac, parameters=parameters)
                other = dataclasses.replace(model, populations=(changed, *model.populations[1:]))
                found.append(is_plain(other, 0))
                assert (engine_says(other, 0) == "lif_tick_plain_s32") == found[-1], (frac, bias)

    assert {False, True} == set(found)


def test_the_table_names_each_kernel_once() -> None:
    """The table has what kernel_names lists and not every model has, the kind of port and the check of choices."""
    for encoder in Encoder:
        for plain in (False, True):
            model = random_model(3, plain=plain, encoder=encoder)
            table = kernel_table(model)

            start = ("encode_", "decode_") if is_small(model) else ("lif_", "encode_", "decode_")
            named = [name for name in kernel_names(model) if name.startswith(start)]
            assert all(table.count(f" = spkl_{name},") == 1 for name in named)
            for entry in ("check_choices", "choose_tick", "build_projection"):
                assert table.count(f".{entry} = spkl_") == 1
            ports = ["update_events"] if encoder is Encoder.EVENTS else ["update_frame", "check_encoder"]
            assert all(table.count(f" = spkl_{name},") == 1 for name in ports)


def test_a_model_without_decoders_and_encoders_links_none() -> None:
    """Only what every model has, and its neurons."""
    model = random_model(2, plain=True)
    outputs = tuple(dataclasses.replace(port, decoder=Decoder.NONE) for port in model.outputs)
    names = kernel_names(dataclasses.replace(model, outputs=outputs))

    assert not [name for name in names if name.startswith(("encode_", "decode_"))]
    assert [name for name in names if name.startswith("lif_")] == ["lif_tick_plain_s32"]


def test_every_kernel_is_of_one_kind_of_network() -> None:
    """Those in the table of spiking networks, and the others; both check images."""
    spiking = set(all_kernel_names())
    named = set(re.findall(r"spkl_(\w+)", (ROOT / "csrc" / "kernels" / "all.c").read_text()))
    every = {file.stem for file in (ROOT / "csrc" / "kernels" / "ref").glob("*.c")}

    assert every & named <= spiking <= every
    assert spiking & set(graded_kernel_names()) == {"image_crc"}
    assert spiking | set(graded_kernel_names()) == every


def test_the_table_of_a_graded_model_has_its_kinds_of_layers() -> None:
    """One line each, in the order of the kinds; the others stay NULL."""
    for model in corpus_of_graded(8):
        lines = re.findall(r"SPKL_LAYER_ENTRY\((\w+), (\w+), ", layer_table(model))

        assert [kind for kind, _ in lines] == [kind.name for kind in sorted({layer.kind for layer in model.layers})]
        assert all(function == kind.lower() for kind, function in lines)
