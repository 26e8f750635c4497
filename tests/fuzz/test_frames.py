"""Runs the fuzz target of the wire protocol under ASan and UBSan."""

from __future__ import annotations

import struct
from itertools import product
from pathlib import Path

import pytest

from paths import ROOT
from spikelet import protocol
from spikelet.converters.emit import image_source
from spikelet.graded.image import encode as encode_graded
from spikelet.graded.model import GradedModel
from spikelet.image import encode
from spikelet.protocol import Command
from support import fuzzing, native_board
from support.graded_networks import corpus as networks
from support.random_models import random_events, random_model


def record(command: Command, body: bytes) -> bytes:
    """A packet as the target reads it."""
    packet = bytes([0, command, 0, 0]) + body
    return bytes([len(packet)]) + packet


def runs() -> dict[str, bytes]:
    """Every command done right, by kind of network."""
    model = random_model(4)
    events = random_events(1, model, 4)[: protocol.EVENTS_MAX].tobytes()
    run = record(Command.PUSH, bytes(4) + events) + record(Command.ADVANCE, struct.pack("<I", 9))
    run += record(Command.TAKE, bytes(4)) + record(Command.SCORES, bytes(4))
    run += record(Command.PROBE, struct.pack("<4H", 0, 0, 0, 3)) + record(Command.STATS, bytes(4))
    run += record(Command.FRAME, bytes(4) + struct.pack("<2I", 3, 0) + b"abc") + record(Command.COUNTERS, b"")
    network = _graded()
    port, result = network.inputs[0].tensor, network.outputs[0].tensor
    pieces = [(at, min(238, network.tensors[port].size - at)) for at in range(0, network.tensors[port].size, 238)]
    infer = b"".join(record(Command.WRITE, struct.pack("<2I", 0, at) + bytes(range(n))) for at, n in pieces)
    infer += record(Command.RUN, struct.pack("<I", 1)) + record(Command.RUN, struct.pack("<I", 99))
    infer += record(Command.READ, struct.pack("<3I", result, 0, min(240, network.tensors[result].size)))
    return {
        "spiking": run + record(Command.RESET, b"") + run,
        "graded": infer + record(Command.RESET, b"") + infer,
    }


def _graded() -> GradedModel:
    """A small network of some layers, with inputs and outputs of int8."""
    return min((n for n in networks(40) if len(n.layers) > 2 and _is_s8(n)), key=lambda n: len(encode_graded(n)))


def _is_s8(network: GradedModel) -> bool:
    return all(network.tensors[port.tensor].type == 1 for port in (*network.inputs, *network.outputs))


def corpus(folder: Path) -> Path:
    """Inputs to begin with: every command done right, and loads."""
    folder.mkdir()
    images = {"spiking": encode(random_model(4)), "graded": encode_graded(_graded())}
    for kind, run in runs().items():
        (folder / kind).write_bytes(run)
    for place, (kind, image) in product((0, 2, 3), images.items()):
        load = record(
            Command.LOAD_BEGIN, struct.pack("<4I", len(image), int.from_bytes(image[12:16], "little"), 0, place)
        )
        for offset in range(0, len(image), protocol.PIECE_MAX):
            load += record(Command.LOAD_PIECE, struct.pack("<I", offset) + image[offset : offset + protocol.PIECE_MAX])
        (folder / f"load_{kind}{place}").write_bytes(load + record(Command.LOAD_END, b"") + runs()[kind])
    (folder / "raw").write_bytes(b"\xff" + bytes(range(1, 251)))
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["spiking", "graded"])
def test_no_stream_of_frames_harms_a_board(tmp_path: Path, kind: str) -> None:
    """Memory and arithmetic stay defined, and every answer is a whole frame, whatever comes."""
    model = tmp_path / "model_image.c"
    model.write_text(image_source(encode(random_model(4)) if kind == "spiking" else encode_graded(_graded())))
    sources = [*native_board.sources(model=model), ROOT / "tests" / "fuzz" / "frame_fuzz.c"]
    target = fuzzing.build(tmp_path / "frame_fuzz", sources, native_board.includes())
    options = [f"-max_total_time={fuzzing.SECONDS}", "-max_len=8192"]

    fuzzing.run(target, corpus(tmp_path / "corpus"), options, fuzzing.SECONDS)
