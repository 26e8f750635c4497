"""Compiles C and assembly files to objects, each of which is kept in the cache."""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory

from spikelet.toolchain import Toolchain, cache_folder, digest

__all__ = ["FLAGS", "STRICT", "compile_all", "keep"]

#: Of every firmware file. No libc, no unwinding, one section a function.
FLAGS = (
    "-std=c99",
    "-ffreestanding",
    "-ffunction-sections",
    "-fdata-sections",
    "-fno-common",
    "-fno-unwind-tables",
    "-fno-asynchronous-unwind-tables",
)
#: Warnings as errors, for tests.
STRICT = (
    "-pedantic",
    "-Wall",
    "-Wextra",
    "-Wconversion",
    "-Wmissing-prototypes",
    "-Wshadow",
    "-Wcast-qual",
    "-Werror",
)
#: gcc tells the stack of each function and who calls whom (spikelet.stack); clang would unroll every
#: loop, which doubles the code and brings nothing on small cores.
_OF_KIND = {"gcc": ("-fstack-usage", "-fcallgraph-info=su"), "zig": ("-fno-unroll-loops",)}
_INCLUDED = {".h", ".def", ".inc"}
#: The mem* functions must not become calls of themselves.
_OF_FILE = {"mem.c": {"gcc": ("-fno-tree-loop-distribute-patterns",), "zig": ("-fno-builtin",)}}


def compile_all(
    toolchain: Toolchain, sources: Sequence[Path], *, flags: Sequence[str], includes: Sequence[Path]
) -> list[Path]:
    """Compile files; returns their objects, in order. What is in the cache is not compiled again."""
    headers = digest(*(h.read_bytes() for i in includes for h in sorted(i.rglob("*")) if h.suffix in _INCLUDED))
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        jobs = [pool.submit(_compile, toolchain, source, flags, includes, headers) for source in sources]
        return [job.result() for job in jobs]


def _compile(toolchain: Toolchain, source: Path, flags: Sequence[str], includes: Sequence[Path], headers: str) -> Path:
    own = list(flags) + list(_OF_FILE.get(source.name, {}).get(toolchain.kind, ()))
    if source.suffix == ".c":
        own = [*FLAGS, *own, *_OF_KIND[toolchain.kind]]
    key = digest(toolchain.version, headers, source.read_bytes(), source.name, *own)
    folder = cache_folder() / "objects" / key
    target = folder / f"{source.stem}.o"
    if not target.exists():
        with TemporaryDirectory() as scratch:
            made = Path(scratch) / target.name
            toolchain.run([*own, *(f"-I{i}" for i in includes), "-c", "-o", made, source])
            keep(Path(scratch), folder)
    return target


def keep(scratch: Path, folder: Path) -> None:
    """Move files into the cache; another process may do the same at the same time."""
    folder.mkdir(parents=True, exist_ok=True)
    for file in scratch.iterdir():
        passing = folder / f".{os.getpid()}.{file.name}"
        passing.write_bytes(file.read_bytes())
        passing.replace(folder / file.name)
