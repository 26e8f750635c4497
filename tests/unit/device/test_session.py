"""A board and its host: agreement, sequence numbers, and a line that may go wrong."""

from __future__ import annotations

import random
import struct

import pytest

from spikelet import protocol
from spikelet.errors import DeviceError
from spikelet.image import encode
from spikelet.model import Encoder, Model
from spikelet.protocol import Command, FrameReader, Place, Status
from support import native_board
from support.device_line import connect, same_run, talk
from support.native_board import NativeBoard
from support.random_models import random_model


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("encoder", list(Encoder))
def test_a_board_gives_what_the_engine_gives(board: NativeBoard, seed: int, encoder: Encoder) -> None:
    """Events, frames in pieces, scores, probes and statistics go through the protocol unchanged."""
    model = random_model(seed, encoder=encoder)
    same_run(connect(board, model), model)


def test_hello_tells_of_board_and_model(board: NativeBoard, model: Model) -> None:
    """Wire 4.1: names, memories and the hash of the image."""
    assert connect(board).hello.place == Place.NONE

    device = connect(board, model)
    image = encode(model)

    assert (device.hello.board, device.hello.core, device.hello.slot) == ("native", "host", native_board.SLOT)
    assert (len(image), Place.RAM) == (device.hello.length, device.hello.place)
    assert image[12:16] == device.hello.crc.to_bytes(4, "little")
    assert len(model.outputs) == device.hello.outputs


def test_a_model_that_runs_already_is_not_loaded_again(board: NativeBoard, model: Model) -> None:
    """`use` compares hashes first."""
    connect(board, model)
    sent: list[int] = []
    board.on_request = lambda frame: sent.append(FrameReader().feed(frame)[0][1]) or [frame]
    connect(board, model)

    assert Command.LOAD_BEGIN not in sent


@pytest.mark.parametrize("seed", range(6))
def test_a_bad_line_changes_nothing(board: NativeBoard, seed: int) -> None:
    """Lost, damaged, repeated and cut frames, both ways: requests are repeated, and done once."""
    rng = random.Random(seed)

    def bad(frame: bytes) -> list[bytes]:
        kind = rng.choice(["fine", "fine", "fine", "lost", "damaged", "twice", "cut"])
        if kind == "lost":
            return []
        if kind == "twice":
            return [frame, frame]
        if kind == "cut":
            return [frame[: rng.randrange(len(frame))]]
        if kind == "damaged":
            at = rng.randrange(len(frame) - 1)
            return [frame[:at] + bytes([frame[at] ^ 1 << rng.randrange(8)]) + frame[at + 1 :]]
        return [frame]

    board.on_request = board.on_answer = bad
    model = random_model(seed)
    device = connect(board, model, tries=200)
    same_run(device, model, ticks=15)

    assert device.retries > 10
    board.on_request = board.on_answer = lambda frame: [frame]
    assert device.counters()["repeated"] > 0


def test_a_repeated_request_is_answered_again_and_done_once(board: NativeBoard, model: Model) -> None:
    """Wire 2: the last sequence number again."""
    connect(board, model)
    talk(board, 0, Command.HELLO)
    once = talk(board, 1, Command.ADVANCE, struct.pack("<I", 5))
    again = talk(board, 1, Command.ADVANCE, struct.pack("<I", 5))

    assert once == again
    assert talk(board, 2, Command.ADVANCE, struct.pack("<I", 0))[1][4:8] == struct.pack("<I", 5)


def test_a_number_out_of_order_is_refused_and_the_last_answer_stays(board: NativeBoard) -> None:
    """Wire 2: neither the last nor the next."""
    talk(board, 9, Command.HELLO)
    counted = talk(board, 10, Command.COUNTERS)

    for sequence in (8, 9, 12, 200):
        assert talk(board, sequence, Command.COUNTERS) == (Status.SEQUENCE, b"")
    assert talk(board, 10, Command.COUNTERS) == counted


def test_sequence_numbers_go_round(board: NativeBoard) -> None:
    """Wire 2: modulo 256."""
    device = connect(board)
    for _ in range(600):
        device.counters()

    assert device.retries == 0


def test_a_board_that_restarted_says_so(board: NativeBoard, model: Model) -> None:
    """Wire 2: NO_SESSION; the host does not go on with a state that is lost."""
    device = connect(board, model)
    board.power_on()

    with pytest.raises(DeviceError, match="restarted"):
        device.advance(1)


def test_a_silent_board_is_reported(board: NativeBoard) -> None:
    """Nothing comes back: the message says what to look at."""
    board.on_answer = lambda _: []

    with pytest.raises(DeviceError, match="does not answer"):
        connect(board)


def test_something_else_on_the_line_is_told_from_silence(board: NativeBoard) -> None:
    """Another program's output is not taken for an answer."""
    board.on_answer = lambda _: [b"ets Jun  8 2016 00:22:57\r\n\0"]

    with pytest.raises(DeviceError, match="no frame of spikelet"):
        connect(board)


def test_another_version_is_refused(board: NativeBoard) -> None:
    """Wire 4.1: the version stands first in all versions."""

    def newer(frame: bytes) -> list[bytes]:
        packet = bytearray(FrameReader().feed(frame)[0])
        packet[4] = protocol.VERSION + 1
        return [protocol.encode(bytes(packet))]

    board.on_answer = newer
    with pytest.raises(DeviceError, match=rf"version {protocol.VERSION + 1} .* version {protocol.VERSION}"):
        connect(board)


def test_counters_count_what_happened(board: NativeBoard) -> None:
    """Wire 4, COUNTERS."""
    talk(board, 0, Command.HELLO)
    board.write(b"\x05noise\0" + b"\x11" * 300 + b"\0" + protocol.encode(b"abc"))
    talk(board, 7, Command.COUNTERS)
    talk(board, 1, Command.ADVANCE)
    talk(board, 1, Command.ADVANCE)
    _, body = talk(board, 2, Command.COUNTERS)

    assert struct.unpack("<4I", body) == (5, 3, 1, 2)
