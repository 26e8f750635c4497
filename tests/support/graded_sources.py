"""The C files of the engine of graded networks, for programs that tests build."""

from __future__ import annotations

import re
from pathlib import Path

from paths import ROOT

__all__ = ["INCLUDES", "graded_sources", "is_graded_kernel"]

_CSRC = ROOT / "csrc"
#: For a compiler's command line.
INCLUDES = tuple(f"-I{_CSRC / folder}" for folder in ("include", "engine", "graded"))
#: What kernels of graded networks include.
_OWN = re.compile(r'#include "(spkl_conv_s8|spkl_ref_list)\.h"')


def is_graded_kernel(file: Path) -> bool:
    """Whether a file of any kernel set is for graded networks."""
    reference = _CSRC / "kernels" / "ref" / f"{file.stem}.c"
    return _OWN.search(reference.read_text()) is not None


def graded_sources(kernel_set: str = "ref", *, table: bool = True) -> list[Path]:
    """The engine and a set's kernels, or ref's where it has none, with the table of all kinds if asked for."""
    files = {file.name: file for name in ("ref", kernel_set) for file in (_CSRC / "kernels" / name).glob("*.c")}
    kernels = [file for file in files.values() if is_graded_kernel(file)]
    crc = _CSRC / "kernels" / "packed" / "image_crc.c"
    tables = [_CSRC / "kernels" / "all_layers.c"] if table else []
    return sorted([*(_CSRC / "graded").glob("*.c"), *kernels, crc, *tables])
