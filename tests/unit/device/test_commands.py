"""What each command takes and refuses (wire 4)."""

from __future__ import annotations

import struct
from dataclasses import replace

import numpy as np
import pytest

from spikelet import protocol
from spikelet.engine import Engine
from spikelet.errors import BoardError, DeviceError, EngineError
from spikelet.model import Decoder, Encoder, Model
from spikelet.protocol import Command, FrameReader, Status
from support.device_line import connect, talk
from support.native_board import NativeBoard
from support.random_models import random_events, random_model


@pytest.mark.parametrize("command", [0, 17, 100, 127, 128, 255])
def test_unknown_commands_are_refused(board: NativeBoard, command: int) -> None:
    """Wire 3: COMMAND."""
    talk(board, 0, Command.HELLO)
    board.write(protocol.encode(bytes([1, command, 0, 0])))

    assert FrameReader().answers(board.read(0))[0].status == Status.COMMAND


@pytest.mark.parametrize("command", list(Command))
@pytest.mark.parametrize("with_model", [False, True])
def test_every_length_of_every_body_is_answered(
    board: NativeBoard, model: Model, command: Command, *, with_model: bool
) -> None:
    """Wire 4: a wrong length is refused with LENGTH, a right one is answered; nothing is fatal."""
    lengths = {
        Command.HELLO: {0},
        Command.LOAD_BEGIN: {16},
        Command.LOAD_PIECE: set(range(8, 245, 4)),
        Command.LOAD_END: {0},
        Command.RESET: {0},
        Command.PUSH: set(range(4, 245, 8)),
        Command.FRAME: set(range(13, 247)),
        Command.ADVANCE: {4, 8},
        Command.TAKE: {4},
        Command.SCORES: {4},
        Command.PROBE: {8},
        Command.STATS: {4},
        Command.COUNTERS: {0},
        Command.WRITE: set(range(9, 247)),
        Command.RUN: {4},
        Command.READ: {12},
    }
    connect(board, model if with_model else None)
    talk(board, 0, Command.HELLO)
    found = set()
    for length in range(protocol.BODY_MAX + 1):
        status, _ = talk(board, (length + 1) & 0xFF, command, bytes(length))
        if status != Status.LENGTH:
            found.add(length)
        if command == Command.HELLO:
            talk(board, length & 0xFF, Command.HELLO)

    assert lengths[command] == found


def test_calls_without_a_model_are_refused(board: NativeBoard) -> None:
    """Wire 4: RESET and the commands behind it need one."""
    device = connect(board)

    for command, body in ((Command.RESET, b""), (Command.ADVANCE, bytes(4)), (Command.TAKE, bytes(4))):
        with pytest.raises(DeviceError, match="no model runs"):
            device.call(command, body)
    device.counters()


@pytest.mark.parametrize(
    ("command", "body"),
    [
        (Command.PUSH, struct.pack("<I", 0x100)),
        (Command.TAKE, struct.pack("<I", 0x10000)),
        (Command.SCORES, bytes([0, 1, 0, 0])),
        (Command.STATS, bytes([0, 0, 1, 0])),
        (Command.ADVANCE, struct.pack("<I", 65536)),
        (Command.ADVANCE, struct.pack("<2I", 65536, 1)),
        (Command.ADVANCE, struct.pack("<2I", 1, 0)),
        (Command.ADVANCE, struct.pack("<2I", 1, 2)),
        (Command.PROBE, struct.pack("<4H", 0, 0, 0, 0)),
        (Command.PROBE, struct.pack("<4H", 0, 0, 0, 62)),
        (Command.PROBE, struct.pack("<4H", 0, 256, 0, 1)),
        (Command.PROBE, struct.pack("<4H", 999, 0, 0, 1)),
        (Command.PROBE, struct.pack("<4H", 0, 0, 65535, 1)),
        (Command.TAKE, bytes([99, 0, 0, 0])),
        (Command.SCORES, bytes([99, 0, 0, 0])),
        (Command.STATS, struct.pack("<I", 9)),
        (Command.PUSH, struct.pack("<I", 9)),
    ],
)
def test_hostile_numbers_are_refused(board: NativeBoard, model: Model, command: Command, body: bytes) -> None:
    """Wire 4: ports, populations, ranges and bytes that must be 0."""
    device = connect(board, model)

    with pytest.raises(EngineError) as error:
        device.call(command, body)

    assert error.value.code == -1


def test_events_are_pushed_all_or_none(board: NativeBoard) -> None:
    """Runner: also when they take several requests, and the last event is the bad one."""
    model = random_model(5)
    device = connect(board, model)
    events = random_events(3, model, 30)
    assert len(events) > 2 * protocol.EVENTS_MAX
    bad = events.copy()
    bad["neuron"][-1] = model.inputs[0].size
    full = np.concatenate([events] * (1 + model.inputs[0].capacity // len(events)))
    full["tick"] = np.arange(len(full))
    late = events.copy()
    late["tick"][-1] = 0

    for wrong, code in ((bad, -42), (full, -40), (late, -41)):
        with pytest.raises(EngineError) as error:
            device.push(wrong)
        assert code == error.value.code
        with pytest.raises(EngineError) as error:
            Engine(model).push(wrong)
        assert code == error.value.code
    engine = Engine(model)
    for runner in (device, engine):
        runner.push(events)
        assert runner.advance(5) == 5
    assert [s.events for s in engine.stats()] == [s.events for s in device.stats()]


def test_a_frame_that_does_not_go_on_is_refused(board: NativeBoard) -> None:
    """Wire 4, FRAME: same port, same size, next offset."""
    model = random_model(2, encoder=Encoder.RATE)
    device = connect(board, model)
    size = model.inputs[0].size

    def piece(port: int, total: int, offset: int, n: int) -> None:
        device.call(Command.FRAME, struct.pack("<3I", port, total, offset) + bytes(n))

    for wrong in ((0, size, 2, 1), (1, size, 1, 1), (0, size + 1, 1, 1), (0, size, 1, size)):
        piece(0, size, 0, 1)
        with pytest.raises(DeviceError, match="does not continue"):
            piece(*wrong)
    with pytest.raises(DeviceError, match="does not continue"):
        piece(0, 0, 0, 1)
    piece(0, size, 0, 1)
    piece(0, size, 1, size - 1)


def test_nothing_continues_a_frame_that_is_whole(board: NativeBoard) -> None:
    """Wire 4, FRAME: a frame of no bytes at the offset where the last one ended would write behind the RAM."""
    device = connect(board, random_model(2, encoder=Encoder.RATE))
    size = device.model.inputs[0].size
    device.push_frame(np.zeros(size, np.uint8))

    for total in (0, size):
        with pytest.raises(DeviceError, match="does not continue"):
            device.call(Command.FRAME, struct.pack("<3I", 0, total, size) + bytes(234))


def test_a_huge_frame_is_refused_with_the_missing_bytes(board: NativeBoard) -> None:
    """Wire 4, FRAME: it is gathered behind the arena."""
    device = connect(board, random_model(2, encoder=Encoder.RATE))

    with pytest.raises(BoardError, match="bytes of RAM are missing"):
        device.call(Command.FRAME, struct.pack("<3I", 0, 0xFFFFFFFF, 0) + b"x")


def test_advance_answers_in_time(board: NativeBoard, model: Model) -> None:
    """Wire 2: ticks stop after 0.1 s, and the host asks on until all are done."""
    device = connect(board, model)
    board.set_time_and_flash(60, fails=False)
    body = device.call(Command.ADVANCE, struct.pack("<I", 1000))

    assert struct.unpack("<I", body[:4])[0] < 1000
    device.reset()
    assert device.advance(1000) == 1000
    assert device.tick_number == 1000


def test_a_sample_that_ends_early_is_told_by_tick_and_scores(board: NativeBoard) -> None:
    """Wire 4: `tick` is further on than by the ticks done, also after 0.1 s in between; SCORES tells the ticks."""
    model = random_model(1, encoder=Encoder.RATE)
    first = replace(model.outputs[0], decoder=Decoder.LARGEST, gap=1)
    model = replace(model, outputs=(first, *model.outputs[1:]), ticks_per_sample=40)
    frame = np.full(model.inputs[0].size, 200, np.uint8)
    with Engine(model) as engine:
        used = engine.run(frame).ticks
    device = connect(board, model)
    assert 1 < used < 40
    for slowness in (0, 60):
        board.set_time_and_flash(slowness, fails=False)
        device.reset()
        device.push_frame(frame)
        assert device.advance_early(40) == used
        assert device.tick_number == 40
        assert device.call(Command.SCORES, bytes(4))[:4] == struct.pack("<I", used)
        body = device.call(Command.ADVANCE, struct.pack("<2I", 0, 1))
        assert struct.unpack("<2I", body[:8]) == (0, 40)


def test_taking_events_needs_no_request_when_none_wait(board: NativeBoard, model: Model) -> None:
    """ADVANCE tells how many wait, so that a quiet run costs one round trip."""
    device = connect(board, model)
    sent: list[int] = []
    board.on_request = lambda frame: sent.append(FrameReader().feed(frame)[0][1]) or [frame]
    assert device.advance(1) == 1

    assert device.take(0).tolist() == []
    assert sent == [Command.ADVANCE]
