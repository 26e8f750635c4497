"""Describes the extension module spikelet._spikelet to cffi; setup.py runs this file, nothing imports it.

What Python sees of the engine is read from its headers, so that nothing is declared twice.
"""

from __future__ import annotations

import re
from pathlib import Path

from cffi import FFI

_CSRC = Path(__file__).parent.parent / "csrc"
_HEADERS = ("include/spkl.h", "include/spkl_graded.h", "host/samples.h")
_FOLDERS = ("engine", "graded", "host")
#: The first set that has a kernel gives it, as for a board; there is no assembly for hosts.
_KERNEL_SETS = ("host", "packed", "ref")

_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_CPLUSPLUS = re.compile(r"^#ifdef __cplusplus$.*?^#endif$", re.DOTALL | re.MULTILINE)
_INCLUDED_CODES = re.compile(r'^#define SPKL_ERR\(.*?\n#include "spkl_err\.def"\n#undef SPKL_ERR$', re.MULTILINE)
_CODE = re.compile(r"^SPKL_ERR\((\w+), (-\d+),", re.MULTILINE)
_DIRECTIVE = re.compile(r"^#(?!define \w+ \d+$).*\n", re.MULTILINE)


def declarations() -> str:
    """The C declarations of the headers as cffi reads them: no comments, no directives but plain constants."""
    codes = "\n".join(
        f"SPKL_ERR_{name} = {value}," for name, value in _CODE.findall((_CSRC / "include" / "spkl_err.def").read_text())
    )
    found = []
    for header in _HEADERS:
        text = _COMMENT.sub("", (_CSRC / header).read_text())
        text = _INCLUDED_CODES.sub(codes, _CPLUSPLUS.sub("", text))
        found.append(_DIRECTIVE.sub("", text))
    return "\n".join(found)


def sources() -> list[str]:
    """All C files of the extension."""
    kernels = {file.stem: file for name in reversed(_KERNEL_SETS) for file in (_CSRC / "kernels" / name).glob("*.c")}
    files = [file for folder in _FOLDERS for file in (_CSRC / folder).glob("*.c")]
    tables = [_CSRC / "kernels" / name for name in ("all.c", "all_layers.c")]
    return sorted(file.as_posix() for file in [*files, *tables, *kernels.values()])


def depends() -> list[str]:
    """All files that these include."""
    return sorted(file.as_posix() for file in _CSRC.rglob("*") if file.suffix in {".h", ".def", ".inc"})


#: How the files are compiled, for setuptools' Extension.
BUILD = {
    "sources": sources(),
    "depends": depends(),
    "include_dirs": [(_CSRC / folder).as_posix() for folder in ("include", *_FOLDERS)],
    "extra_compile_args": ["-std=c99", "-O2"],
}

ffi = FFI()
ffi.cdef(declarations())
ffi.set_source("spikelet._spikelet", "".join(f'#include "{Path(header).name}"\n' for header in _HEADERS), **BUILD)

#: Where Python came without its headers: a module without C, and the engine as a library of its own.
plain_ffi = FFI()
plain_ffi.cdef(declarations())
plain_ffi.set_source("spikelet._spikelet", None)
LIBRARY = "spikelet._spikelet_library"
