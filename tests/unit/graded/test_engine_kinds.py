"""A firmware has only the kinds of layers that its table names, and refuses images that need others."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from bad_images.graded_builders import image_of_kind
from paths import ROOT
from spikelet.codes import code
from spikelet.graded.model import PARAMETERS, LayerKind
from support.graded_sources import INCLUDES, graded_sources

_MAIN = """
#include <stdio.h>
#include "spkl_graded.h"
#include "spkl_layers.h"

const struct spkl_layer_kernel spkl_layers[SPKL_N_LAYER_KINDS] = {
    SPKL_LAYER_ENTRY(%s),
};

int main(int argc, char **argv)
{
    static _Alignas(8) unsigned char image[1 << 16];
    struct spkl_graded_model model;

    for (int i = 1; i < argc; i++) {
        FILE *file = fopen(argv[i], "rb");
        size_t length = fread(image, 1, sizeof image, file);

        fclose(file);
        printf("%%d\\n", spkl_graded_open(&model, image, length));
    }
    return 0;
}
"""
_LINE = re.compile(r"^SPKL_LAYER\(((\w+), (\w+), (\d), (.*))\)$", re.MULTILINE)


def lines() -> list[tuple[str, str, str, str, str]]:
    """spkl_layers.def: arguments, kind, function, inputs, words of parameters."""
    return _LINE.findall((ROOT / "csrc" / "include" / "spkl_layers.def").read_text())


def build(place: Path, arguments: str) -> Path:
    """A program with one kind of layer, that opens images and prints what is said."""
    gcc = shutil.which("gcc")
    if gcc is None:
        pytest.skip("no gcc for this machine: apt-get install gcc")
    main = place / "main.c"
    main.write_text(_MAIN % arguments)
    flags = ["-std=c99", "-ffunction-sections", "-fdata-sections", "-Wl,--gc-sections"]
    sources = map(str, [*graded_sources(table=False), main])
    subprocess.run([gcc, *flags, *INCLUDES, *sources, "-o", str(place / "run")], check=True, timeout=120)
    return place / "run"


def test_the_list_of_kinds_is_the_models() -> None:
    """csrc/include/spkl_layers.def: each kind once, with as many inputs as images have."""
    found = {kind: int(inputs) for _, kind, _, inputs, _ in lines()}
    two = {"ADD_S8", "MUL_S8", "ADD_S16", "MUL_S16"}

    assert found == {kind.name: 0 if kind is LayerKind.FILL else 1 + (kind.name in two) for kind in LayerKind}
    assert [function for _, kind, function, _, _ in lines()] == [kind.name.lower() for kind in LayerKind]


def test_structs_have_the_words_of_the_parameters(tmp_path: Path) -> None:
    """Graded 4.5: what C takes from an image is as long as what Python writes."""
    gcc = shutil.which("gcc")
    if gcc is None:
        pytest.skip("no gcc for this machine: apt-get install gcc")
    main = tmp_path / "main.c"
    shown = "".join(f'printf("%d\\n", (int)({words}));\n' for *_, words in lines())
    main.write_text(f'#include <stdio.h>\n#include "spkl_layers.h"\nint main(void)\n{{\n{shown}return 0;\n}}\n')
    words = [gcc, "-std=c99", f"-I{ROOT / 'csrc' / 'include'}", str(main), "-o", str(tmp_path / "run")]
    subprocess.run(words, check=True, timeout=120)
    said = subprocess.run([tmp_path / "run"], capture_output=True, text=True, check=True, timeout=60).stdout.split()

    assert [int(number) for number in said] == [len(PARAMETERS[kind]) for kind in LayerKind]


@pytest.mark.parametrize("chosen", [LayerKind.SOFTMAX_S8, LayerKind.CONV_S8, LayerKind.FILL], ids=lambda k: k.name)
def test_an_image_that_needs_another_kind_is_refused(chosen: LayerKind, tmp_path: Path) -> None:
    """NO_KERNEL; and nothing of the other kinds takes room."""
    arguments = {kind: text for text, kind, *_ in lines()}[chosen.name]
    program = build(tmp_path, arguments)
    files = [tmp_path / kind.name for kind in LayerKind]
    for kind, file in zip(LayerKind, files, strict=True):
        file.write_bytes(image_of_kind(kind))
    said = subprocess.run([program, *files], capture_output=True, text=True, check=True, timeout=60).stdout.split()
    symbols = subprocess.run(["nm", program], capture_output=True, text=True, check=True, timeout=60).stdout

    assert {kind for kind, answer in zip(LayerKind, said, strict=True) if int(answer) == 0} == {chosen}
    assert {int(answer) for answer in said} == {0, code("NO_KERNEL")}
    assert set(re.findall(r"\bspkl_run_(\w+)", symbols)) == {chosen.name.lower()}
