"""csrc/include/spkl_requantise.h against docs/reference/graded.md 1 in Python's whole numbers, under UBSan."""

from __future__ import annotations

import itertools
import shutil
import subprocess
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from paths import ROOT
from spikelet import compile

_MAIN = """
#include <inttypes.h>
#include <stdio.h>
#include "spkl_requantise.h"

int main(void)
{
    char name;
    int64_t x, m, s;

    while (scanf(" %c %" SCNd64 " %" SCNd64 " %" SCNd64, &name, &x, &m, &s) == 4) {
        int64_t y = 0;

        switch (name) {
        case 'h':
            y = spkl_high((int32_t)x, (int32_t)m);
            break;
        case 'e':
            y = spkl_halve((int32_t)x, (int32_t)s);
            break;
        case 'r':
            y = spkl_requantise((int32_t)x, (int32_t)m, (int32_t)s);
            break;
        case 'w':
            y = spkl_requantise64(x, (int32_t)m, (int32_t)s);
            break;
        case 'd':
            y = spkl_scale((int32_t)x, (uint32_t)m, (int32_t)(m >> 32), (int32_t)s);
            break;
        case 'q':
            y = spkl_scale64(x, (uint32_t)m, (int32_t)(m >> 32), (int32_t)s);
            break;
        case 'c':
            y = spkl_clamp_to((int32_t)x, (int32_t)m, (int32_t)s);
            break;
        default:
            return 1;
        }
        printf("%" PRId64 "\\n", y);
    }
    return 0;
}
"""
Case = tuple[int, int, int]
WORDS = (-(2**31), -(2**31) + 1, -(2**30), -(2**30) - 1, -3, -2, -1, 0, 1, 2, 3, 2**30 - 1, 2**30, 2**31 - 2, 2**31 - 1)
LONGS = (*WORDS, -(2**63), 2**63 - 1, -(2**47), 2**47, 2**47 - 1, 2**32, -(2**32), -(2**32) - 1)
MULTIPLIERS = (0, 1, 2**30, 2**30 + 1, 2**31 - 1, 0x7FFEFFFF, 0x7FFF0000, 0x7FFF7FFF, 0x8000, 0x7FFF)
WIDE = (0, 1, 2**32 - 1, 2**32, 2**61, 2**61 + 1, 2**62 - 1, 2**62 - 2**32)


def word(x: int) -> int:
    """Modulo 2^32."""
    return (x + 2**31) % 2**32 - 2**31


def long(x: int) -> int:
    """Modulo 2^64."""
    return (x + 2**63) % 2**64 - 2**63


def halves_away(x: Fraction) -> int:
    """To the nearest whole number, halves away from zero."""
    size = (abs(x) + Fraction(1, 2)).__floor__()
    return size if x >= 0 else -size


def high(a: int, b: int) -> int:
    """1.1."""
    p = a * b
    nudged = p + (2**30 if p >= 0 else 1 - 2**30)
    return nudged // 2**31 if nudged >= 0 else -(-nudged // 2**31)


def halve(x: int, _: int, e: int) -> int:
    """1.2."""
    return halves_away(Fraction(x, 2**e))


def requantise(x: int, m: int, s: int) -> int:
    """1.3."""
    return halve(high(word(x * 2 ** max(s, 0)), m), 0, max(-s, 0))


def requantise64(x: int, m: int, s: int) -> int:
    """1.5; products wrap."""
    r = (m + 2**15) >> 16 if m < 0x7FFF0000 else 0x7FFF
    return word(long(x * r + 2 ** (14 - s)) >> (15 - s))


def scale(x: int, m: int, s: int) -> int:
    """1.6; the quotient and sums wrap."""
    return long(x * m // 2**32 + 2 ** (s - 33)) >> (s - 32)


def numbers(rng: np.random.Generator, bits: int, n: int) -> list[int]:
    """Numbers of any length up to so many bits and a sign."""
    return [int(rng.integers(-(2**62), 2**62)) >> int(rng.integers(62 - bits, 63)) for _ in range(n)]


def cases(longs: bool, multipliers: Sequence[int], most: int, shifts: range) -> Iterator[Case]:
    """Extremes with each shift, and random ones."""
    rng = np.random.default_rng(5)
    yield from itertools.product(LONGS if longs else WORDS, multipliers, shifts)
    for shift in shifts:
        for x in numbers(rng, 62 if longs else 31, 200):
            yield x, int(rng.integers(0, most)) >> int(rng.integers(0, 40) * rng.integers(0, 2)), shift


FUNCTIONS: dict[str, tuple[str, Callable[[int, int, int], int], list[Case]]] = {
    "high": ("h", lambda a, b, _: high(a, b), [(a, b, 0) for a in WORDS for b in WORDS if (a, b) != (WORDS[0],) * 2]),
    "halve": ("e", halve, [(x, 0, e) for x in WORDS[1:-1] for e in range(32)]),
    "requantise": ("r", requantise, list(cases(False, MULTIPLIERS, 2**31, range(-31, 31)))),
    "requantise64": ("w", requantise64, list(cases(True, MULTIPLIERS, 2**31, range(-31, 15)))),
    "scale": ("d", scale, list(cases(False, WIDE, 2**62, range(33, 96)))),
    "scale64": ("q", scale, list(cases(True, WIDE, 2**62, range(33, 96)))),
    "clamp_to": ("c", lambda x, low, top: min(max(x, low), top), [(x, -128, 127) for x in WORDS] + [(5, 9, 9)]),
}


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Reads function, x, m and s; writes what the header's function gives."""
    gcc = shutil.which("gcc") or shutil.which("clang")
    if gcc is None:
        pytest.skip("no gcc for this machine: apt-get install gcc")
    main = tmp_path_factory.mktemp("arithmetic") / "main.c"
    main.write_text(_MAIN)
    flags = ["-std=c99", "-O2", "-fsanitize=undefined", "-fno-sanitize-recover=all", *compile.STRICT]
    words = [gcc, *flags, f"-I{ROOT / 'csrc' / 'include'}", str(main), "-o", str(main.with_suffix(""))]
    made = subprocess.run(words, capture_output=True, text=True, check=False, timeout=120)
    assert made.returncode == 0, made.stderr
    return main.with_suffix("")


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_engines_arithmetic_is_the_documents(program: Path, name: str) -> None:
    """Every extreme with every shift, and nothing undefined on the way."""
    letter, function, given = FUNCTIONS[name]
    lines = "".join(f"{letter} {x} {m} {s}\n" for x, m, s in given)
    done = subprocess.run([program], input=lines, capture_output=True, text=True, check=False, timeout=120)

    assert done.returncode == 0, done.stderr
    found = [int(line) for line in done.stdout.split()]
    assert [(case, function(*case)) for case in given] == list(zip(given, found, strict=True))
