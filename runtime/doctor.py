"""Looks at what is installed: compilers, emulators, ports; and says what to install."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from spikelet.toolchain import GCC_NAMES, cache_folder

__all__ = ["Finding", "examine"]

_EXTRA = "pip install 'spikelet[emulator]'"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was looked for. `needed`: spikelet does not work without it."""

    name: str
    purpose: str
    found: str
    advice: str = ""
    needed: bool = False

    @property
    def is_there(self) -> bool:
        """Whether it was found."""
        return bool(self.found)


def examine() -> list[Finding]:
    """Look for everything; nothing is changed."""
    return [finding for look in _LOOKS for finding in look()]


def _python() -> Iterator[Finding]:
    found = ".".join(str(part) for part in sys.version_info[:3])
    ok = sys.version_info >= (3, 10)
    yield Finding(
        name="Python",
        purpose="everything",
        found=found if ok else "",
        advice="install Python 3.10 or later",
        needed=True,
    )
    has = importlib.util.find_spec("spikelet._spikelet") is not None
    yield Finding(
        name="the C engine",
        purpose="run, eval, verify on the host",
        found="built" if has else "",
        advice="install spikelet again (pip install .): it is built then",
        needed=True,
    )
    folder = cache_folder()
    yield Finding(
        name="cache folder",
        purpose="built firmware",
        found=str(folder) if _writable(folder) else "",
        advice=f"{folder} cannot be written: set SPIKELET_CACHE to a folder that can",
        needed=True,
    )


def _writable(folder: Path) -> bool:
    """Whether files can be made in a folder, or in the nearest one above that exists."""
    nearest = next(path for path in (folder, *folder.parents) if path.exists())
    return nearest.is_dir() and os.access(nearest, os.W_OK)


def _packages() -> Iterator[Finding]:
    for name, purpose, advice in (
        ("ziglang", "cross-compiler from pip", _EXTRA),
        ("unicorn", "emulated boards from pip", _EXTRA),
        ("pillow", "images as data of int8 networks", "pip install 'spikelet[images]'"),
        ("joblib", "sweeps", "pip install 'spikelet[sweep]'"),
        ("distributed", "sweeps on a cluster", "pip install 'spikelet[sweep]'"),
        ("ai-edge-litert", "spikelet verify with TensorFlow Lite's interpreter", "pip install ai-edge-litert"),
        ("torch", "spikelet bench host", "pip install torch"),
        ("snntorch", "spikelet bench host", "pip install snntorch"),
    ):
        yield Finding(name=name, purpose=purpose, found=_version(name), advice=advice)


def _version(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return ""


def _programs() -> Iterator[Finding]:
    packages = {"arm": "gcc-arm-none-eabi", "riscv": "gcc-riscv64-unknown-elf"}
    for arch, names in GCC_NAMES.items():
        yield _program(names, f"smaller {arch} firmware", packages[arch], "-dumpfullversion")
    for system, package in (("arm", "qemu-system-arm"), ("riscv32", "qemu-system-misc")):
        yield _program((f"qemu-system-{system}",), "QEMU's boards", package, "--version")


def _program(names: tuple[str, ...], purpose: str, package: str, option: str) -> Finding:
    where = next((path for name in names if (path := shutil.which(name))), None)
    found = ""
    if where:
        said = subprocess.run([where, option], capture_output=True, text=True, check=False).stdout
        version = re.search(r"\d+(\.\d+)+", said)
        found = f"{version.group() if version else '?'}, {where}"
    return Finding(name=names[0], purpose=purpose, found=found, advice=f"Debian: apt-get install {package}")


def _ports() -> Iterator[Finding]:
    from serial.tools import list_ports

    ports = sorted(list_ports.comports(), key=lambda port: str(port.device))
    usable = [port for port in ports if port.vid is not None or os.name != "posix"]
    for port in usable:
        allowed = os.access(port.device, os.R_OK | os.W_OK) or os.name != "posix"
        yield Finding(
            name=port.device,
            purpose=port.description or "serial port",
            found="usable" if allowed else "",
            advice="not allowed: join its group (often: sudo usermod -aG dialout $USER) and log in again",
        )
    if not usable:
        yield Finding(name="serial ports", purpose="real boards", found="", advice="none over USB: plug a board in")


_LOOKS: tuple[Callable[[], Iterator[Finding]], ...] = (_python, _packages, _programs, _ports)
