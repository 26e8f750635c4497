"""Runs the fuzz target of the wire protocol under ASan and UBSan."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from paths import ROOT
from spikelet import protocol
from spikelet.converters.emit import image_source
from spikelet.image import encode
from spikelet.protocol import Command
from support import fuzzing, native_board
from support.random_models import random_events, random_model


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


@pytest.mark.slow
def test_no_stream_of_frames_harms_a_board(tmp_path: Path) -> None:
    """Memory and arithmetic stay defined, and every answer is a whole frame, whatever comes."""
    model = tmp_path / "model_image.c"
    model.write_text(image_source(encode(random_model(4))))
    sources = [*native_board.sources(model=model), ROOT / "tests" / "fuzz" / "frame_fuzz.c"]
    target = fuzzing.build(tmp_path / "frame_fuzz", sources, native_board.includes())
    options = [f"-max_total_time={fuzzing.SECONDS}", "-max_len=8192"]

    fuzzing.run(target, corpus(tmp_path / "corpus"), options, fuzzing.SECONDS)
