"""The engine under ASan and UBSan on good models: a few ticks, with events, touch no byte that is not theirs."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from bad_images.builders import good_model
from bad_images.wide import wide_model
from paths import ROOT
from spikelet.image import encode
from spikelet.model import LifChoices, Model, Population
from support.small_networks import join, network, relay

_FLAGS = ("-std=c99", "-g", "-O1", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")
_MAIN = """
#include <stdio.h>
#include <stdlib.h>
#include "spkl.h"

int main(int argc, char **argv)
{
    static _Alignas(8) unsigned char image[1 << 16];
    FILE *file = fopen(argv[argc - 1], "rb");
    size_t length = fread(image, 1, sizeof image, file);
    struct spkl_event event = {0, 0, 1};
    struct spkl_model model;
    struct spkl_net net;
    size_t size;
    void *arena;

    fclose(file);
    if (spkl_open(&model, image, length) != SPKL_OK) {
        return 1;
    }
    size = spkl_arena_size(&model);
    arena = malloc(size);
    if (spkl_start(&net, &model, arena, size) != SPKL_OK || spkl_push(&net, 0, &event, 1) != SPKL_OK) {
        return 2;
    }
    for (int i = 0; i < 5; i++) {
        if (spkl_tick(&net) != SPKL_OK) {
            return 3;
        }
    }
    free(arena);
    return 0;
}
"""


def models() -> dict[str, Model]:
    """By what they show; "no leak" has one population that keeps its potential, without blocks."""
    keeps = Population(name="p", size=3, frac=4, choices=LifChoices())
    return {
        "good": good_model(),
        "wide": wide_model(),
        "no leak": network([keeps], [join("in", 0, [[1, 2, 3]])], 1),
        "relay": network([relay("p", 3)], [join("in", 0, [[1, 2, 3]])], 1),
    }


@pytest.fixture(scope="module", params=["ref", "packed"])
def program(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A program that runs an image with the kernels of a set, and ref where it has none."""
    compiler = shutil.which("clang") or shutil.which("gcc")
    if compiler is None:
        pytest.skip("needs clang or gcc: make tools (as root on Debian)")
    csrc, place = ROOT / "csrc", tmp_path_factory.mktemp(request.param)
    main, target = place / "main.c", place / "run"
    main.write_text(_MAIN)
    kernels = {file.name: file for name in ("ref", request.param) for file in (csrc / "kernels" / name).glob("*.c")}
    engine = [file for file in (csrc / "engine").glob("*.c") if file.stem != "plain"]
    sources = [*sorted(engine), *sorted(kernels.values()), csrc / "kernels" / "all.c", main]
    includes = [f"-I{csrc / folder}" for folder in ("include", "engine")]
    words = [compiler, *_FLAGS, *includes, *map(str, sources), "-o", str(target)]
    made = subprocess.run(words, capture_output=True, text=True, check=False, timeout=300)
    if "cannot find" in made.stderr and "san" in made.stderr:
        pytest.skip("needs the sanitizers of clang or gcc: make tools (as root on Debian)")
    assert made.returncode == 0, made.stderr[-3000:]
    return target


@pytest.mark.parametrize("name", ["good", "wide", "no leak", "relay"])
def test_a_network_touches_only_its_own_memory(program: Path, name: str, tmp_path: Path) -> None:
    """Arena, stack and image: five ticks with one event."""
    image = tmp_path / "net.spkl"
    image.write_bytes(encode(models()[name]))
    done = subprocess.run([program, image], capture_output=True, text=True, check=False, timeout=60)

    assert done.returncode == 0, done.stderr[:3000]
