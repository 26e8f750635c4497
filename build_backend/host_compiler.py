"""Finds a C compiler for the extension: Python's own, another one on the PATH, or zig cc from pip."""

from __future__ import annotations

import os
import platform
import shlex
import shutil
import subprocess
import sys
import sysconfig
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

__all__ = ["ZIG", "has_python_headers", "needs_zig", "replacement"]

#: What pip installs where there is no compiler.
ZIG = "ziglang>=0.13"
_OTHERS = ("cc", "gcc", "clang")
_PROBE = (
    "#include <stdint.h>\n#include <string.h>\nint probe(void);\nint probe(void) { return (int)strlen(__FILE__); }\n"
)


@cache
def works(command: tuple[str, ...]) -> bool:
    """Whether a command compiles and links C, with the headers of the C library."""
    if shutil.which(command[0]) is None:
        return False
    with TemporaryDirectory() as folder:
        source = Path(folder, "probe.c")
        source.write_text(_PROBE)
        words = [*command, "-shared", "-fPIC", str(source), "-o", str(source.with_suffix(".so"))]
        try:
            return subprocess.run(words, capture_output=True, check=False, timeout=120).returncode == 0
        except (OSError, subprocess.TimeoutExpired):
            return False


def replacement() -> list[str] | None:
    """The command to use in place of the compiler that setuptools would use; None: that one works.

    A compiler that the user names in CC is never replaced.
    """
    if "CC" in os.environ or sys.platform == "win32":
        return None
    named = tuple(shlex.split(sysconfig.get_config_var("CC") or "cc"))
    if works(named):
        return None
    for name in _OTHERS:
        if works((name,)):
            return [name]
    return _zig()


def needs_zig() -> bool:
    """Whether the build needs the ziglang wheel."""
    return replacement() == _zig()


def has_python_headers() -> bool:
    """Whether Python.h is there; Debian has it in a package of its own."""
    return Path(sysconfig.get_path("include"), "Python.h").exists()


def _zig() -> list[str]:
    """Like a plain compiler: for any processor of this kind, without the traps of a debug build."""
    command = [sys.executable, "-m", "ziglang", "cc", "-fno-sanitize=undefined"]
    if sys.platform == "linux":
        libc = "gnu" if platform.libc_ver()[0] == "glibc" else "musl"
        command += ["-target", f"{platform.machine()}-linux-{libc}"]
    return command
