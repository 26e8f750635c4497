"""The engine of graded networks under ASan and UBSan: good images, every cut, every bit flipped with the CRC right."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from bad_images.graded_builders import GradedPatch, good_graded_image
from spikelet.graded.image import encode
from spikelet.graded.image_layout import GradedSectionId
from spikelet.graded.model import GradedModel, LayerKind, TensorType
from spikelet.graded.tables import softmax_s8_table
from support.graded_layers import one_layer
from support.graded_networks import corpus
from support.graded_sources import INCLUDES, graded_sources

_FLAGS = ("-std=c99", "-g", "-O1", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")
_MAIN = """
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "spkl_graded.h"
#include "spkl_image.h"
#include "spkl_kernels.h"

enum { ARENA_MOST = 1 << 20 };

/* Inputs begin with the one and go on by the other. */
static int start = 17, step = 37;

/* Open a copy of exactly these bytes, and run what is taken. */
static int try(const unsigned char *bytes, size_t length, int repaired)
{
    unsigned char *image = malloc(length > 0 ? length : 1);
    struct spkl_graded_model model;
    struct spkl_graded net;
    struct spkl_tensor tensor;
    int error;

    memcpy(image, bytes, length);
    if (repaired && length >= sizeof(struct spkl_header_record)) {
        struct spkl_header_record *header = (void *)image;

        header->length = (uint32_t)length;
        header->crc = spkl_image_crc(image, header->length);
    }
    error = spkl_graded_open(&model, image, length);
    if (error == SPKL_OK && spkl_graded_arena_size(&model) <= ARENA_MOST) {
        size_t size = spkl_graded_arena_size(&model);
        void *arena = malloc(size);

        memset(arena, 0x5A, size);
        if (spkl_graded_start(&net, &model, arena, size) != SPKL_OK) {
            abort();
        }
        for (unsigned port = 0; spkl_graded_input(&net, port, &tensor) == SPKL_OK; port++) {
            for (uint32_t i = 0; i < tensor.size * tensor.type; i++) {
                ((unsigned char *)tensor.at)[i] = (unsigned char)(start + (int)i * step);
            }
        }
        spkl_graded_infer(&net);
        free(arena);
    }
    free(image);
    return error;
}

int main(int argc, char **argv)
{
    static unsigned char image[1 << 20];
    FILE *file = fopen(argv[1], "rb");
    size_t length = fread(image, 1, sizeof image, file);
    unsigned long taken = 0;

    fclose(file);
    if (argc == 4) {
        start = atoi(argv[2]);
        step = atoi(argv[3]);
    }
    if (try(image, length, 0) != SPKL_OK) {
        return 1;
    }
    if (argc == 4) {
        return 0;
    }
    for (size_t cut = 0; cut < length; cut++) {
        if (try(image, cut, 0) == SPKL_OK || (try(image, cut, 1) == SPKL_OK && cut % 4 != 0)) {
            return 2;
        }
    }
    for (size_t bit = 0; bit < 8 * length; bit++) {
        image[bit / 8] ^= (unsigned char)(1 << bit % 8);
        taken += try(image, length, 1) == SPKL_OK;
        image[bit / 8] ^= (unsigned char)(1 << bit % 8);
    }
    printf("%lu\\n", taken);
    return 0;
}
"""
#: Bytes of an image of which each bit is flipped.
_LONGEST = 3000


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A program that tries an image, and images near it, with the portable kernels."""
    compiler = shutil.which("clang") or shutil.which("gcc")
    if compiler is None:
        pytest.skip("needs clang or gcc: make tools (as root on Debian)")
    place = tmp_path_factory.mktemp("graded")
    main, target = place / "main.c", place / "run"
    main.write_text(_MAIN)
    words = [compiler, *_FLAGS, *INCLUDES, *map(str, graded_sources()), str(main), "-o", str(target)]
    made = subprocess.run(words, capture_output=True, text=True, check=False, timeout=300)
    if "cannot find" in made.stderr and "san" in made.stderr:
        pytest.skip("needs the sanitizers of clang or gcc: make tools (as root on Debian)")
    assert made.returncode == 0, made.stderr[-3000:]
    return target


def try_image(program: Path, image: bytes, place: Path) -> int:
    """How many of the images that differ by one bit are taken too."""
    file = place / "net.spkl"
    file.write_bytes(image)
    done = subprocess.run([program, file], capture_output=True, text=True, check=False, timeout=600)
    assert done.returncode == 0, done.stderr[:3000]
    return int(done.stdout)


def test_records_of_any_bits_do_no_harm(program: Path, tmp_path: Path) -> None:
    """Graded 4.8: an image with variables, constants and pieces, and what is one bit beside it."""
    assert try_image(program, good_graded_image(), tmp_path) > 0


@pytest.mark.parametrize("kind", LayerKind, ids=lambda kind: kind.name)
def test_layers_of_any_bits_do_no_harm(program: Path, kind: LayerKind, tmp_path: Path) -> None:
    """Graded 4.8: each kind of layer, with every bit of its parameters, table and weights flipped."""
    images = (GradedPatch(encode(model)).done() for model in corpus(40, [kind], 1))
    longest = max((image for image in images if len(image) < _LONGEST), key=len)

    assert 0 < try_image(program, longest, tmp_path) < 8 * len(longest)


def run_over(program: Path, model: GradedModel, by: int, place: Path, numbers: tuple[int, int]) -> None:
    """Run a network once, its last output `by` bytes behind its first input, which begins with a number and goes on."""
    layer = model.layers[-1]
    patch = GradedPatch(encode(model)).field(GradedSectionId.GRADED, 0, "memory_size", model.memory + 4096)
    patch.field(GradedSectionId.TENSORS, layer.output, "at", model.tensors[layer.inputs[0]].at + by)
    file = place / "net.spkl"
    file.write_bytes(patch.done())
    words = [program, file, *map(str, numbers)]
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=600)
    assert done.returncode == 0, done.stderr[:3000]


@pytest.mark.parametrize("kind", sorted(set(LayerKind) - {LayerKind.FILL}), ids=lambda kind: kind.name)
def test_an_output_over_an_input_does_no_harm(program: Path, kind: LayerKind, tmp_path: Path) -> None:
    """No check forbids it: results may then be anything, but nothing else is read or written."""
    for model in corpus(12, [kind], 1):
        if model.tensors[model.layers[-1].inputs[0]].constant is None:
            for by in (0, 4, 24):
                run_over(program, model, by, tmp_path, (17, 37))


def test_softmax_over_its_own_row_looks_up_nothing_outside_its_table(program: Path, tmp_path: Path) -> None:
    """What it writes is larger than the row's largest value, and read again; the fuzz target found it."""
    shape = ((8,), TensorType.INT8)
    table = softmax_s8_table(1.0, 1.0)
    p = {"rows": 1, "depth": 8, "entries": len(table)}
    model = one_layer(LayerKind.SOFTMAX_S8, p, inputs=[shape], output=shape, table=table)

    run_over(program, model, 4, tmp_path, (-90, -1))
