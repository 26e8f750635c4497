"""Real numbers of the MLPerf Tiny device in integers: equal to float32, to fractions, to decimals."""

from __future__ import annotations

import ctypes
import shutil
import subprocess
from collections.abc import Callable
from decimal import ROUND_HALF_UP, Decimal, localcontext
from fractions import Fraction
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from paths import ROOT
from spikelet.graded.model import GradedTensor, TensorType
from spikelet.graded.runner import quantised
from support.native_board import C_FLAGS

_SHIM = """
#include "spkl_mlperf.h"
void ask_decimal(char *text, bool negative, uint64_t value, uint32_t shift, uint32_t digits);
static char *end;
void spkl_port_write(uint8_t byte)
{
    *end++ = (char)byte;
}
void ask_decimal(char *text, bool negative, uint64_t value, uint32_t shift, uint32_t digits)
{
    end = text;
    spkl_say_decimal(negative, value, shift, digits);
    *end = 0;
}
"""
SCALES = [
    1 / 256,
    0.2659529745578766,
    0.13137264549732208,
    1.0,
    0.5847029089927673,
    3.7e-5,
    1.9e-9,
    77.5,
    0.1,
    2.0**-36,
]


class _Scale(ctypes.Structure):
    _fields_ = (("mantissa", ctypes.c_uint32), ("shift", ctypes.c_uint32))


def scale_of(real: float) -> _Scale:
    """A float32 as mantissa and shift."""
    mantissa, power = float(np.float32(real)).as_integer_ratio()
    return _Scale(mantissa, power.bit_length() - 1)


@pytest.fixture(scope="module")
def c(tmp_path_factory: pytest.TempPathFactory) -> ctypes.CDLL:
    """numbers.c and text.c as a library, with the undefined-behaviour sanitizer."""
    if shutil.which("gcc") is None:
        pytest.skip("no gcc for this machine: apt-get install gcc")
    folder = tmp_path_factory.mktemp("numbers")
    (folder / "shim.c").write_text(_SHIM)
    files = [folder / "shim.c", *(ROOT / "firmware" / "mlperf" / name for name in ("numbers.c", "text.c"))]
    includes = [f"-I{ROOT / name}" for name in ("csrc/include", "firmware/include")]
    words = ["gcc", *C_FLAGS, "-fsanitize=undefined", "-fno-sanitize-recover=all", "-fPIC", "-shared"]
    subprocess.run([*words, *includes, *map(str, files), "-o", str(folder / "numbers.so")], check=True, timeout=60)
    library = ctypes.CDLL(str(folder / "numbers.so"))
    library.spkl_mlperf_quantise.restype = ctypes.c_int8
    library.spkl_mlperf_distance.restype = ctypes.c_uint64
    return library


def quantise(c: ctypes.CDLL, bits: npt.NDArray[np.uint32], scale: float, zero: int) -> list[int]:
    """Float32 numbers, by their bits, as the device quantises them."""
    given = scale_of(scale)
    return [c.spkl_mlperf_quantise(ctypes.c_uint32(int(b)), ctypes.byref(given), ctypes.c_int32(zero)) for b in bits]


def near_halves(scale: float) -> npt.NDArray[np.float32]:
    """Numbers that lie between two steps, and their neighbours in float32."""
    halves = (np.float32(scale) * (np.arange(-300, 300) + np.float32(0.5))).astype(np.float32)
    found = [halves]
    for direction in (np.float32(-np.inf), np.float32(np.inf)):
        near = halves
        for _ in range(3):
            near = np.nextafter(near, direction)
            found.append(near)
    return np.concatenate(found)


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("zero", [-128, 0, 17, 127])
def test_floats_are_quantised_as_float32_does(c: ctypes.CDLL, scale: float, zero: int) -> None:
    """The quotient is rounded to 24 bits and then to a whole number, as in TensorFlow Lite: also next to halves."""
    rng = np.random.default_rng(1)
    any_bits = rng.integers(0, 2**32, 4000, np.uint64).astype(np.uint32).view(np.float32)
    typical = (np.float32(scale) * rng.uniform(-300, 300, 2000)).astype(np.float32)
    special = np.array([0, -0.0, np.inf, -np.inf, 1e-45, -1e-45, 1.2e-38, 3.4e38, -3.4e38], np.float32)
    given = np.concatenate([any_bits[~np.isnan(any_bits)], typical, near_halves(scale), special]).astype(np.float32)
    tensor = GradedTensor(
        name="x", shape=given.shape, type=TensorType.INT8, at=0, scale=float(np.float32(scale)), zero_point=zero
    )

    assert quantise(c, given.view(np.uint32), scale, zero) == quantised(given, tensor, "x").tolist()


def test_what_is_no_number_is_told(c: ctypes.CDLL) -> None:
    """Every NaN, and no other number."""
    rng = np.random.default_rng(2)
    bits = rng.integers(0, 2**32, 2000, np.uint64).astype(np.uint32)
    bits = np.concatenate([bits, bits | np.uint32(0x7F800000), np.array([0x7F800000, 0xFF800000], np.uint32)])
    c.spkl_mlperf_is_nan.restype = ctypes.c_bool

    found = [c.spkl_mlperf_is_nan(ctypes.c_uint32(int(b))) for b in bits]
    assert found == np.isnan(bits.view(np.float32)).tolist()


def exact_distance(q: npt.NDArray[np.int8], x: npt.NDArray[np.float32], scale: float, zero: int) -> Fraction:
    """The mean of the squares, in fractions."""
    step = Fraction(float(np.float32(scale)))
    parts = [(step * (int(a) - zero) - Fraction(float(b))) ** 2 for a, b in zip(q, x, strict=True)]
    return sum(parts, Fraction(0)) / len(parts)


@pytest.mark.parametrize("scale", SCALES[:6])
@pytest.mark.parametrize("n", [1, 7, 640])
def test_distances_are_those_of_fractions(c: ctypes.CDLL, scale: float, n: int) -> None:
    """Numbers are rounded to 2^-16: a difference d is off by 2^-16 at most, its square by (2 |d| + 2^-16) 2^-16."""
    rng = np.random.default_rng(n)
    given = scale_of(scale)
    for spread in (0.001, 1, 100, 4000):
        q = rng.integers(-128, 128, n).astype(np.int8)
        x = (spread * rng.standard_normal(n)).astype("<f4").clip(-8191, 8191)
        zero = int(rng.integers(-128, 128))
        found = c.spkl_mlperf_distance(q.tobytes(), x.tobytes(), ctypes.c_uint32(n), ctypes.byref(given), zero)
        exact = exact_distance(q, x, scale, zero)
        room = (2 * Fraction(float(np.sqrt(float(exact)))) + Fraction(1, 2**16)) / 2**16 + Fraction(1, 2**21)

        assert abs(Fraction(found, 2**22) - exact) <= room


def test_distances_do_not_overflow(c: ctypes.CDLL) -> None:
    """The largest numbers that there are, as many as an input can have: they are taken as 2^13."""
    n = 6912
    given = scale_of(2.0**20)
    q, x = np.full(n, 127, np.int8), np.full(n, -np.inf, "<f4")
    found = c.spkl_mlperf_distance(q.tobytes(), x.tobytes(), ctypes.c_uint32(n), ctypes.byref(given), -128)

    assert found == (2**14) ** 2 * 2**22


@pytest.fixture(scope="module")
def say(c: ctypes.CDLL) -> Callable[[Fraction, int, int], str]:
    """A fraction with a power of 2 below, in decimals."""

    def ask(value: Fraction, shift: int, digits: int) -> str:
        text = ctypes.create_string_buffer(64)
        whole = abs(value) * 2**shift
        assert whole.denominator == 1
        c.ask_decimal(text, ctypes.c_bool(value < 0), ctypes.c_uint64(int(whole)), shift, digits)
        return text.value.decode()

    return ask


def test_probabilities_are_said_exactly(say: Callable[[Fraction, int, int], str]) -> None:
    """q / 256 has eight digits."""
    for q in range(257):
        assert Fraction(say(Fraction(q, 256), 8, 8)) == Fraction(q, 256)
    assert say(Fraction(255, 256), 8, 8) == "0.99609375"
    assert say(Fraction(-3, 2), 1, 1) == "-1.5"


def test_decimals_are_rounded_halves_up(say: Callable[[Fraction, int, int], str]) -> None:
    """Any number of digits; what is carried goes on into the whole number."""
    rng = np.random.default_rng(3)
    for _ in range(3000):
        shift, digits = int(rng.integers(0, 61)), int(rng.integers(0, 21))
        value = Fraction(int(rng.integers(0, 2**62)) >> int(rng.integers(0, 62)), 2**shift)
        with localcontext() as context:
            context.prec = 200
            exact = Decimal(value.numerator) / Decimal(value.denominator)
            exact = exact.quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)
        assert Decimal(say(value, shift, digits)) == exact
    for text, value, shift, digits in (
        ("1.000", Fraction(4095, 4096), 12, 3),
        ("10", Fraction(19, 2), 1, 0),
        ("9.99", Fraction(1279, 128), 7, 2),
    ):
        assert say(value, shift, digits) == text


def test_the_folder_of_the_device_has_no_float() -> None:
    """Boards without a floating-point unit link no library for it."""
    for file in Path(ROOT / "firmware" / "mlperf").glob("*.c"):
        words = set(file.read_text().replace("(", " ").replace("*", " ").split())
        assert not words & {"float", "double"}, file
