"""What is counted with, in words."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterable
from importlib.metadata import version

from benchmarks.instructions.machine import BOARDS, CORES

from spikelet import board_files, toolchain

__all__ = ["compilers", "emulators"]


def compilers(cores: Iterable[str], compiler: str) -> list[str]:
    """Versions of the compilers that build for cores.

    Raises:
        BoardError: there is none; says what to install.
    """
    return sorted({toolchain.find(board_files.load(CORES[core]).arch, compiler).version for core in cores})


def emulators(cores: Iterable[str]) -> str:
    """The emulators that run cores, with versions."""
    unicorn = {core in BOARDS for core in cores}
    found = [f"Unicorn {version('unicorn')}"] if True in unicorn else []
    return ", ".join([*found, _qemu()] if False in unicorn else found)


def _qemu() -> str:
    where = shutil.which("qemu-system-arm")
    if where is None:
        return "no QEMU"
    said = subprocess.run([where, "--version"], capture_output=True, text=True, check=True, timeout=60).stdout
    found = re.search(r"version (\S+)", said)
    return f"QEMU {found.group(1)}" if found else "QEMU"
