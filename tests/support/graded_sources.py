"""The C files of the engine of graded networks, for programs that tests build."""

from __future__ import annotations

import re
from pathlib import Path

from paths import ROOT

__all__ = ["INCLUDES", "graded_sources"]

_CSRC = ROOT / "csrc"
#: For a compiler's command line.
INCLUDES = tuple(f"-I{_CSRC / folder}" for folder in ("include", "engine", "graded"))
#: What kernels of graded networks include.
_OWN = re.compile(r'#include "(spkl_conv_s8|spkl_ref_list)\.h"')


def graded_sources(*, table: bool = True) -> list[Path]:
    """The engine and the portable kernels, with the table of all kinds if asked for."""
    kernels = [file for file in (_CSRC / "kernels" / "ref").glob("*.c") if _OWN.search(file.read_text())]
    crc = _CSRC / "kernels" / "packed" / "image_crc.c"
    tables = [_CSRC / "kernels" / "all_layers.c"] if table else []
    return sorted([*(_CSRC / "graded").glob("*.c"), *kernels, crc, *tables])
