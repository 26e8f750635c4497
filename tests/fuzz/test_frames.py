"""Runs the fuzz target of the wire protocol under ASan and UBSan."""

from __future__ import annotations

import os
import shutil
import struct
import subprocess
from pathlib import Path

import pytest

from spikelet import protocol
from spikelet.converters.emit import image_source
from spikelet.image import encode
from spikelet.protocol import Command
from support import native_board
from support.random_models import random_events, random_model

ROOT = Path(__file__).resolve().parents[2]
SECONDS = int(os.environ.get("SPIKELET_FUZZ_SECONDS", "5"))
HINT = "needs clang with libFuzzer: apt-get install clang libclang-rt-14-dev libfuzzer-14-dev"
FLAGS = ["-std=c99", "-g", "-O1", "-fsanitize=fuzzer,address,undefined", "-fno-sanitize-recover=all"]


def build(folder: Path) -> Path:
    """Compile the target with a model embedded; skip where clang has no libFuzzer."""
    clang = shutil.which("clang")
    if clang is None:
        pytest.skip(HINT)
    probe = folder / "probe.c"
    probe.write_text("int LLVMFuzzerTestOneInput(const char *d, unsigned long n) { return d == 0 && n == 1; }\n")
    tried = subprocess.run(
        [clang, "-fsanitize=fuzzer", str(probe), "-o", str(folder / "probe")], capture_output=True, check=False
    )
    if tried.returncode != 0:
        pytest.skip(HINT)
    model = folder / "model_image.c"
    model.write_text(image_source(encode(random_model(4))))
    files = [str(f) for f in [*native_board.sources(model=model), ROOT / "tests" / "fuzz" / "frame_fuzz.c"]]
    target = folder / "frame_fuzz"
    subprocess.run([clang, *FLAGS, *native_board.includes(), *files, "-o", str(target)], check=True, timeout=300)
    return target


def record(command: Command, body: bytes) -> bytes:
    """A packet as the target reads it."""
    packet = bytes([0, command, 0, 0]) + body
    return bytes([len(packet)]) + packet


def corpus(folder: Path) -> Path:
    """Inputs to begin with: every command done right, and a load."""
    folder.mkdir()
    model = random_model(4)
    image = encode(model)
    events = random_events(1, model, 4)[: protocol.EVENTS_MAX].tobytes()
    run = record(Command.PUSH, bytes(4) + events) + record(Command.ADVANCE, struct.pack("<I", 9))
    run += record(Command.TAKE, bytes(4)) + record(Command.SCORES, bytes(4))
    run += record(Command.PROBE, struct.pack("<4H", 0, 0, 0, 3)) + record(Command.STATS, bytes(4))
    run += record(Command.FRAME, bytes(4) + struct.pack("<2I", 3, 0) + b"abc") + record(Command.COUNTERS, b"")
    (folder / "run").write_bytes(run + record(Command.RESET, b"") + run)
    for place in (0, 2, 3):
        load = record(
            Command.LOAD_BEGIN, struct.pack("<4I", len(image), int.from_bytes(image[12:16], "little"), 0, place)
        )
        for offset in range(0, len(image), protocol.PIECE_MAX):
            load += record(Command.LOAD_PIECE, struct.pack("<I", offset) + image[offset : offset + protocol.PIECE_MAX])
        (folder / f"load{place}").write_bytes(load + record(Command.LOAD_END, b"") + run)
    (folder / "raw").write_bytes(b"\xff" + bytes(range(1, 251)))
    return folder


def test_no_stream_of_frames_harms_a_board(tmp_path: Path) -> None:
    """Memory and arithmetic stay defined, and every answer is a whole frame, whatever comes."""
    target = build(tmp_path)
    done = subprocess.run(
        [str(target), f"-max_total_time={SECONDS}", "-max_len=8192", "-timeout=20", str(corpus(tmp_path / "corpus"))],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
        timeout=SECONDS + 120,
    )

    assert done.returncode == 0, done.stderr[-4000:]
