"""Damaged and hostile .tflite files: a ConvertError, or a model that an image holds; in bounded time and memory.

SPIKELET_FUZZ_SECONDS says for how long all of it goes on; seeds are the same each time.
"""

from __future__ import annotations

import time
import tracemalloc
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from spikelet.converters.tflite import convert_tflite, parse_tflite
from spikelet.converters.tflite.calibrated import is_float
from spikelet.errors import ConvertError
from spikelet.graded.engine import check_graded_image
from spikelet.graded.image import decode, encode
from support.fuzzing import SECONDS
from support.random_tflite import random_file

FOLDER = Path(__file__).resolve().parents[1] / "golden"
#: One file may take so long, and so much memory in Python [bytes].
FILE_SECONDS, FILE_BYTES = 10.0, 128 * 2**20
_WORDS = (0, 1, 2, 3, 4, 7, 8, 127, 128, 255, 256, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 0xFFFFFFFE)


def corpus() -> list[bytes]:
    """Small files of every operator, int8, int16 and float."""
    golden = [path.read_bytes() for path in sorted(FOLDER.glob("tflite*/*.tflite")) if path.stat().st_size < 12_000]
    return [*golden, *(random_file(seed, kind="int16" if seed % 4 == 3 else "int8") for seed in range(24))]


def mutated(rng: np.random.Generator, files: list[bytes]) -> bytes:
    """A file with some damage."""
    data = bytearray(files[int(rng.integers(len(files)))])
    for _ in range(int(rng.choice([1, 1, 1, 2, 3, 8]))):
        at = int(rng.integers(len(data)))
        choice = int(rng.integers(7))
        if choice == 0:
            data[at] ^= 1 << int(rng.integers(8))
        elif choice == 1:
            data[at] = int(rng.integers(256))
        elif choice == 2:
            # Flatbuffers are made of words: offsets, lengths, numbers.
            word = at // 4 * 4
            data[word : word + 4] = int(rng.choice(_WORDS)).to_bytes(4, "little")
        elif choice == 3:
            word = at // 4 * 4
            moved = int.from_bytes(data[word : word + 4], "little") + int(rng.integers(-64, 65))
            data[word : word + 4] = (moved % 2**32).to_bytes(4, "little")
        elif choice == 4:
            del data[at:]
        elif choice == 5:
            other = files[int(rng.integers(len(files)))]
            start, length = int(rng.integers(len(other))), int(rng.integers(1, 200))
            data[at : at + length] = other[start : start + length]
        else:
            length = int(rng.integers(1, 64))
            source = int(rng.integers(len(data)))
            data[at : at + length] = data[source : source + length]
        if not data:
            return b""
    return bytes(data)


def outcome(data: bytes) -> str:
    """What becomes of a file; anything but a ConvertError and a right model raises."""
    try:
        file = parse_tflite(data)
    except ConvertError:
        return "refused by the reader"
    try:
        if is_float(file):
            return "float"
        model = convert_tflite(file)
    except ConvertError:
        return "refused by the lowering"
    image = encode(model)
    assert encode(decode(image)) == image
    check_graded_image(image)
    return "converted"


@pytest.mark.parametrize("part", range(2))
def test_any_file_is_refused_or_becomes_a_model_that_the_engine_takes(part: int, tmp_path: Path) -> None:
    """Flipped bits, words, splices, cuts, offsets that move: bounded in time and memory, each file of them."""
    rng, files = np.random.default_rng(part), corpus()
    found: Counter[str] = Counter()
    end = time.monotonic() + SECONDS / 2
    tracemalloc.start()
    try:
        while time.monotonic() < end or found.total() < 100:
            data = mutated(rng, files)
            tracemalloc.reset_peak()
            began = time.monotonic()
            # What is found lies there, as pytest says.
            (tmp_path / "last.tflite").write_bytes(data)
            found[outcome(data)] += 1
            took, peak = time.monotonic() - began, tracemalloc.get_traced_memory()[1]
            assert took < FILE_SECONDS, took
            assert peak < FILE_BYTES, peak
    finally:
        tracemalloc.stop()

    # The mutations reach past the reader, and leave some files whole.
    assert min(found["refused by the reader"], found["refused by the lowering"], found["converted"]) > 0, found


def test_the_corpus_itself_is_converted() -> None:
    """What is mutated is right before it is."""
    found = Counter(outcome(data) for data in corpus())

    assert set(found) <= {"converted", "float"}
    assert found["converted"] > 24


@pytest.mark.slow
def test_every_bit_of_a_small_file_may_be_another() -> None:
    """All single flips."""
    data = random_file(1, operators=3)
    for at in range(len(data)):
        for bit in range(8):
            changed = bytearray(data)
            changed[at] ^= 1 << bit
            outcome(bytes(changed))
