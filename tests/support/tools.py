"""What the emulated boards need, and skips that say what to install."""

from __future__ import annotations

import importlib.util
import shutil

import pytest

from spikelet import board_files, toolchain

__all__ = ["COMPILERS", "LARGE", "QEMU", "UNICORN", "need", "need_compiler"]

_EMULATED = [name for name in board_files.names() if board_files.load(name).emulator.get("kind") == "unicorn"]
#: A board of each core, and of each core the one with the largest memories.
UNICORN = [name for name in _EMULATED if not name.endswith("-large")]
LARGE = [f"{name}-large" if f"{name}-large" in _EMULATED else name for name in UNICORN]
QEMU = [name for name in board_files.names() if board_files.load(name).emulator.get("kind") == "qemu"]
COMPILERS = ["gcc", "zig"]


def need_compiler(arch: str, compiler: str) -> None:
    """Skip without this compiler."""
    if compiler not in toolchain.available(arch):
        package = {"arm": "gcc-arm-none-eabi", "riscv": "gcc-riscv64-unknown-elf"}[arch]
        hint = f"apt-get install {package}" if compiler == "gcc" else "pip install ziglang"
        pytest.skip(f"no {compiler} for {arch}: {hint}")


def need(name: str, compiler: str) -> None:
    """Skip without a board's emulator or this compiler."""
    board = board_files.load(name)
    if board.emulator["kind"] == "unicorn" and importlib.util.find_spec("unicorn") is None:
        pytest.skip("no Unicorn: pip install unicorn")
    if board.emulator["kind"] == "qemu" and shutil.which(f"qemu-system-{board.emulator['system']}") is None:
        package = {"arm": "qemu-system-arm", "riscv32": "qemu-system-misc"}[board.emulator["system"]]
        pytest.skip(f"no QEMU: apt-get install {package}")
    need_compiler(board.arch, compiler)
