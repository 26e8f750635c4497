"""Assembly knows where the fields of struct spkl_lif lie."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from paths import ROOT
from spikelet import toolchain

_INCLUDE = ROOT / "csrc" / "include"
#: Names in assembly that are not the field's in capitals.
_FIELDS = {"P_ABOVE": "fire_above", "P_DECAY": "decay_v", "P_MIN": "v_min"}


@pytest.mark.parametrize(("arch", "flag"), [("arm", "-mcpu=cortex-m4"), ("riscv", "-mabi=ilp32")])
def test_offsets_are_those_of_the_struct(arch: str, flag: str, tmp_path: Path) -> None:
    """csrc/include/spkl_lif_record.inc, as a compiler for such a core lays the struct out."""
    if "gcc" not in toolchain.available(arch):
        pytest.skip("needs cross compilers: make tools (as root on Debian)")
    text = (_INCLUDE / "spkl_lif_record.inc").read_text()
    offsets = re.findall(r"\.equ (P_\w+), (\d+)", text)
    lines = ['#include "spkl_kernels.h"', "#include <stddef.h>"]
    for name, offset in offsets:
        field = _FIELDS.get(name, name[2:].lower())
        lines.append(f'_Static_assert(offsetof(struct spkl_lif, {field}) == {offset}, "{name}");')
    source = tmp_path / "layout.c"
    source.write_text("\n".join(lines) + "\n")
    flags = [flag, "-march=rv32imc"] if arch == "riscv" else [flag, "-mthumb"]

    assert len(offsets) > 10
    toolchain.find(arch, "gcc").run(
        [*flags, "-std=c11", "-ffreestanding", f"-I{_INCLUDE}", "-c", source, "-o", tmp_path / "layout.o"]
    )
