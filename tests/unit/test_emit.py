"""Which kernels a model needs: the converter and the engine decide alike."""

from __future__ import annotations

import ctypes
import dataclasses
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from spikelet.converters.emit import kernel_names, kernel_table
from spikelet.converters.emit.kernels import is_plain
from spikelet.image import encode
from spikelet.model import V_MAX, Decoder, Encoder, Model
from support import native_board
from support.random_models import random_model

ROOT = Path(__file__).resolve().parents[2]
Ask = Callable[[Model, int], bool]

_SHIM = """
#include "net.h"
int is_plain(const void *image, size_t length, unsigned population);
int is_plain(const void *image, size_t length, unsigned population)
{
    static uint64_t arena[1 << 17];
    struct spkl_model model;
    struct spkl_net net;

    if (spkl_open(&model, image, length) != 0 ||
        spkl_start(&net, &model, arena, sizeof arena) != 0) {
        return -1;
    }
    return net.populations[population].tick == spkl_lif_tick_plain_s32;
}
"""


@pytest.fixture(scope="module")
def engine_says(tmp_path_factory: pytest.TempPathFactory) -> Ask:
    """Ask the engine whether it runs a population in the fast kernel."""
    if shutil.which("cc") is None:
        pytest.skip("needs a C compiler: apt-get install gcc libc6-dev")
    folder = tmp_path_factory.mktemp("plain")
    (folder / "shim.c").write_text(_SHIM)
    kernels = ROOT / "csrc" / "kernels"
    files = [*(ROOT / "csrc" / "engine").glob("*.c"), *(kernels / "ref").glob("*.c"), kernels / "all.c"]
    words = ["cc", "-std=c99", "-O1", "-shared", "-fPIC", *native_board.includes(), *map(str, files)]
    subprocess.run([*words, str(folder / "shim.c"), "-o", str(folder / "plain.so")], check=True, timeout=120)
    library = ctypes.CDLL(str(folder / "plain.so"))

    def ask(model: Model, population: int) -> bool:
        image = encode(model)
        words = (ctypes.c_uint32 * (len(image) // 4)).from_buffer_copy(image)
        answer = library.is_plain(words, ctypes.c_size_t(len(image)), population)
        assert answer >= 0
        return bool(answer)

    return ask


@pytest.mark.parametrize("encoder", list(Encoder), ids=lambda encoder: encoder.name)
def test_the_fast_kernel_is_linked_where_the_engine_takes_it(engine_says: Ask, encoder: Encoder) -> None:
    """Random choices: a firmware with a model in it lacks no kernel, and has none too many."""
    found = set()
    for seed in range(40):
        model = random_model(seed, plain=seed % 2 == 0, encoder=encoder)
        for index in range(len(model.populations)):
            plain = is_plain(model, index)
            found.add(plain)
            assert engine_says(model, index) == plain, (seed, index)

    assert found == {False, True}


def test_both_see_the_same_bound(engine_says: Ask) -> None:
    """128 times the largest input, in units of v, and the largest bias fit in V_MAX exactly, or by one not."""
    model = random_model(2, plain=True)
    first = model.populations[0]
    most = 128 * model.inputs[0].max_sum
    found = []
    for frac in (0, 4, 20):
        room = V_MAX - (most << frac)
        for bias in (0, room, room + 1, -room, -room - 1):
            if abs(bias) <= V_MAX:
                parameters = {**first.parameters, "bias": np.array([bias], np.int32)}
                changed = dataclasses.replace(first, frac=frac, parameters=parameters)
                other = dataclasses.replace(model, populations=(changed, *model.populations[1:]))
                found.append(is_plain(other, 0))
                assert engine_says(other, 0) == found[-1], (frac, bias)

    assert {False, True} == set(found)


def test_the_table_names_each_kernel_once() -> None:
    """The table has what kernel_names lists and not every model has, the kind of port and the check of choices."""
    for encoder in Encoder:
        model = random_model(3, encoder=encoder)
        table = kernel_table(model)

        named = [name for name in kernel_names(model) if name.startswith(("lif_", "encode_", "decode_"))]
        assert all(table.count(f" = spkl_{name},") == 1 for name in named)
        assert table.count(" = spkl_check_choices_") == 1
        ports = ["update_events"] if encoder is Encoder.EVENTS else ["update_frame", "check_encoder"]
        assert all(table.count(f" = spkl_{name},") == 1 for name in ports)
        assert table.count(" = spkl_") == len(named) + len(ports) + 1


def test_a_model_without_decoders_and_encoders_links_none() -> None:
    """Only what every model has, and its neurons."""
    model = random_model(2, plain=True)
    outputs = tuple(dataclasses.replace(port, decoder=Decoder.NONE) for port in model.outputs)
    names = kernel_names(dataclasses.replace(model, outputs=outputs))

    assert not [name for name in names if name.startswith(("encode_", "decode_"))]
    assert [name for name in names if name.startswith("lif_")] == ["lif_tick_plain_s32"]
