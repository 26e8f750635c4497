"""Builds and runs libFuzzer targets under ASan and UBSan."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

__all__ = ["SECONDS", "build", "run"]

SECONDS = int(os.environ.get("SPIKELET_FUZZ_SECONDS", "5"))
_HINT = "needs clang with libFuzzer: make tools (as root on Debian)"
_FLAGS = ("-std=c99", "-g", "-O1", "-fsanitize=fuzzer,address,undefined", "-fno-sanitize-recover=all")
_EMPTY = "int LLVMFuzzerTestOneInput(const char *d, unsigned long n) { return d == 0 && n == 1; }\n"


def build(target: Path, sources: Sequence[Path], flags: Sequence[str]) -> Path:
    """Compile a target; skips where clang has no libFuzzer."""
    clang = shutil.which("clang")
    if clang is None:
        pytest.skip(_HINT)
    probe = target.with_name("probe.c")
    probe.write_text(_EMPTY)
    words = [clang, "-fsanitize=fuzzer", str(probe), "-o", str(probe.with_suffix(""))]
    if subprocess.run(words, capture_output=True, check=False).returncode != 0:
        pytest.skip(_HINT)
    subprocess.run([clang, *_FLAGS, *flags, *map(str, sources), "-o", str(target)], check=True, timeout=300)
    return target


def run(target: Path, corpus: Path, options: Sequence[str], seconds: int) -> str:
    """Run a target that must find nothing; returns what libFuzzer says. Inputs it finds go beside the target."""
    done = subprocess.run(
        [str(target), "-timeout=20", *options, str(corpus)],
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
        cwd=target.parent,
        timeout=seconds + 120,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    return done.stderr
