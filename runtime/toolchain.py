"""Finds a cross-compiler: gcc where it is installed, else clang in the ziglang wheel."""

from __future__ import annotations

import hashlib
import importlib.metadata
import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from spikelet.errors import BoardError

__all__ = ["GCC_NAMES", "Toolchain", "available", "cache_folder", "digest", "find"]

#: Compilers that are looked for on the PATH, by architecture.
GCC_NAMES: Mapping[str, tuple[str, ...]] = {
    "arm": ("arm-none-eabi-gcc",),
    "riscv": ("riscv64-unknown-elf-gcc", "riscv32-unknown-elf-gcc", "riscv-none-elf-gcc"),
}
_PACKAGES = {"arm": "gcc-arm-none-eabi", "riscv": "gcc-riscv64-unknown-elf"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Toolchain:
    """A compiler: `kind` is "gcc" or "zig", `command` what to run, `version` what it says it is."""

    kind: str
    command: tuple[str, ...]
    version: str

    def run(self, arguments: Sequence[str | Path]) -> None:
        """Compile or link.

        Raises:
            BoardError: the compiler refuses; its words are in the message.
        """
        environment = dict(os.environ)
        if self.kind == "zig":
            for name in ("ZIG_GLOBAL_CACHE_DIR", "ZIG_LOCAL_CACHE_DIR"):
                environment.setdefault(name, str(cache_folder() / "zig"))
        words = [*self.command, *(str(argument) for argument in arguments)]
        done = subprocess.run(words, env=environment, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise BoardError(f"{self.version} failed on {words[-1]}:\n{done.stderr.strip()}")


def cache_folder() -> Path:
    """Where built files are kept: SPIKELET_CACHE, or the user's cache folder."""
    named = os.environ.get("SPIKELET_CACHE")
    return Path(named) if named else platformdirs.user_cache_path("spikelet")


def find(arch: str, compiler: str = "auto") -> Toolchain:
    """Find a compiler for an architecture.

    Args:
        arch: "arm" or "riscv".
        compiler: "gcc", "zig", or "auto": gcc where there is one, else zig.

    Raises:
        BoardError: there is none; says what to install.
    """
    if compiler not in {"auto", "gcc", "zig"}:
        raise BoardError(f"no compiler {compiler!r}: there are auto, gcc and zig")
    found = None
    if compiler != "zig":
        found = _gcc(arch)
    if found is None and compiler != "gcc":
        found = _zig()
    if found is None:
        gcc = f"{GCC_NAMES[arch][0]} (Debian: apt-get install {_PACKAGES[arch]})"
        zig = "ziglang (pip install 'spikelet[emulator]')"
        wanted = {"gcc": gcc, "zig": zig, "auto": f"{zig} or {gcc}"}[compiler]
        raise BoardError(f"no compiler for {arch}: install {wanted}")
    return found


def available(arch: str) -> list[str]:
    """The kinds of compilers that are there: of "gcc" and "zig"."""
    return [kind for kind, found in (("gcc", _gcc(arch)), ("zig", _zig())) if found is not None]


def _gcc(arch: str) -> Toolchain | None:
    for name in GCC_NAMES[arch]:
        where = shutil.which(name)
        if where is not None:
            said = subprocess.run([where, "-dumpfullversion"], capture_output=True, text=True, check=False)
            return Toolchain(kind="gcc", command=(where,), version=f"{name} {said.stdout.strip()}")
    return None


def _zig() -> Toolchain | None:
    if importlib.util.find_spec("ziglang") is None:
        return None
    version = importlib.metadata.version("ziglang")
    return Toolchain(kind="zig", command=(sys.executable, "-m", "ziglang", "cc"), version=f"zig cc {version}")


def digest(*parts: str | bytes) -> str:
    """A short hash of all parts, for names in the cache."""
    h = hashlib.sha256()
    for part in parts:
        data = part.encode() if isinstance(part, str) else part
        h.update(len(data).to_bytes(8, "little") + data)
    return h.hexdigest()[:32]
