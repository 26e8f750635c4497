"""The host's Device against the firmware's application, over a line that may go wrong.

The application is compiled for this machine; what it does is compared with the host engine.
"""

from __future__ import annotations

import random
import shutil
import struct
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from spikelet import protocol
from spikelet.device import Device
from spikelet.engine import Engine
from spikelet.errors import BoardError, DeviceError, EngineError, ImageError
from spikelet.events import EVENT
from spikelet.image import encode
from spikelet.model import Encoder, Model
from spikelet.protocol import Command, FrameReader, Place, Status
from spikelet.runner import Variable
from support import native_board
from support.native_board import NativeBoard
from support.random_models import random_events, random_model

pytestmark = pytest.mark.skipif(shutil.which("cc") is None, reason="needs a C compiler: apt-get install gcc libc6-dev")


@pytest.fixture(scope="session")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The application as a shared library."""
    return native_board.build(tmp_path_factory.mktemp("native") / "board.so")


@pytest.fixture
def board(library: Path) -> NativeBoard:
    """A board without a model."""
    return NativeBoard(library)


@pytest.fixture
def model() -> Model:
    """A model with input and output events."""
    return random_model(4, plain=True)


def connect(board: NativeBoard, model: Model | None = None, *, tries: int = 20) -> Device:
    """A Device on the board; no waiting, as answers come at once."""
    device = Device(board, name="board", timeout=0.002, tries=tries)
    if model is not None:
        device.use(model)
    return device


def talk(board: NativeBoard, sequence: int, command: int, body: bytes = b"") -> tuple[int, bytes]:
    """One request by hand; status and body of its answer."""
    board.write(protocol.encode(bytes([sequence, command, 0, 0]) + body))
    answers = FrameReader().answers(board.read(0))
    assert len(answers) == 1
    assert answers[0].sequence == sequence
    assert answers[0].credit == 1
    return answers[0].status, answers[0].body


def same_run(device: Device, model: Model, seed: int = 1, ticks: int = 40) -> None:
    """A run on the board gives what the host engine gives, state included."""
    if model.inputs[0].encoder is Encoder.EVENTS:
        inputs = random_events(seed, model, ticks)
    else:
        inputs = np.random.default_rng(seed).integers(0, 256, model.inputs[0].size).astype(np.uint8)
    probe = [(p.name, v) for p in model.populations for v in (Variable.V, Variable.U, Variable.EVENTS)]
    expected = Engine(model).run(inputs, ticks=ticks, probe=probe)
    found = device.run(inputs, ticks=ticks, probe=probe)

    for name, output in expected.outputs.items():
        assert output.events.tolist() == found.outputs[name].events.tolist()
        assert output.scores.tolist() == found.outputs[name].scores.tolist()
        assert output.prediction == found.outputs[name].prediction
    assert list(expected.stats) == list(found.stats)
    for key, values in expected.probes.items():
        assert values.tolist() == found.probes[key].tolist(), key


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
        packet[4] = 2
        return [protocol.encode(bytes(packet))]

    board.on_answer = newer
    with pytest.raises(DeviceError, match=r"version 2 .* version 1"):
        connect(board)


@pytest.mark.parametrize("command", [0, 14, 100, 127, 128, 255])
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
        Command.ADVANCE: {4},
        Command.TAKE: {4},
        Command.SCORES: {4},
        Command.PROBE: {8},
        Command.STATS: {4},
        Command.COUNTERS: {0},
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


def loading(model: Model, place: Place) -> Iterator[tuple[Command, bytes]]:
    """The requests that load a model."""
    image = encode(model)
    yield Command.LOAD_BEGIN, struct.pack("<4I", len(image), int.from_bytes(image[12:16], "little"), 0, place)
    for offset in range(0, len(image), 240):
        yield Command.LOAD_PIECE, struct.pack("<I", offset) + image[offset : offset + 240]
    yield Command.LOAD_END, b""


@pytest.mark.parametrize("place", [Place.RAM, Place.SLOT])
def test_a_model_runs_from_ram_and_from_the_slot(board: NativeBoard, model: Model, place: Place) -> None:
    """Wire 5: the same results, and flash is only written where it is erased."""
    device = connect(board)

    assert device.load(model, place) == place
    assert device.hello.place == place
    same_run(device, model)
    assert board.dirty_writes() == 0


def test_the_slot_survives_a_restart_and_ram_does_not(board: NativeBoard, model: Model) -> None:
    """Wire 5: after a restart the board runs the slot's model."""
    other = random_model(6, plain=True)
    device = connect(board)
    device.load(model, Place.SLOT)
    device.load(other, Place.RAM)
    board.power_on()
    device = connect(board)

    assert device.hello.place == Place.SLOT
    assert device.has(model)
    device.use(model)
    same_run(device, model)


def test_a_slot_that_was_cut_while_it_was_written_is_not_run(board: NativeBoard, model: Model) -> None:
    """Wire 5: power fails after each piece; the board starts with no model, and loads again."""
    requests = list(loading(model, Place.SLOT))
    for n in range(1, len(requests)):
        device = connect(board)
        device.load(random_model(6, plain=True), Place.SLOT)
        for command, body in requests[:n]:
            device.call(command, body)
        board.power_on()
        # Before the first piece the old model is whole; afterwards only the last piece completes the new one.
        expected = Place.SLOT if n in {1, len(requests) - 1} else Place.NONE
        assert connect(board).hello.place == expected, n


def test_what_does_not_fit_is_refused_and_the_old_model_goes_on(board: NativeBoard, model: Model) -> None:
    """Wire 5: RAM if it fits there, else the slot, else NO_ROOM with the missing bytes."""
    device = connect(board, model)
    device.advance(3)
    ram, slot = native_board.RAM, native_board.SLOT
    cases = [
        ((slot + 4, ram - slot, Place.NONE), "4 bytes of the flash slot"),
        ((slot, ram + 1, Place.NONE), "1 bytes of RAM"),
        ((ram, 8, Place.RAM), "8 bytes of RAM"),
        ((slot + 4, 0, Place.SLOT), "4 bytes of the flash slot"),
        ((1 << 30, 1 << 30, Place.NONE), "bytes of RAM"),
    ]
    for (length, work, place), text in cases:
        with pytest.raises(BoardError, match=f" {text}"):
            device.call(Command.LOAD_BEGIN, struct.pack("<4I", length, 0, work, place))
    for length, work, place in (
        (0, 0, 0),
        (6, 0, 0),
        ((1 << 30) + 4, 0, 0),
        (64, 0xFFFFFFFF, 0),
        (64, 0, 1),
        (64, 0, 4),
    ):
        with pytest.raises(EngineError):
            device.call(Command.LOAD_BEGIN, struct.pack("<4I", length, 0, work, place))

    assert device.advance(1) == 1
    assert device.tick_number == 4


def test_a_model_goes_to_the_slot_when_ram_is_too_small(board: NativeBoard, model: Model) -> None:
    """Wire 5: place NONE lets the board choose."""
    device = connect(board)
    image = encode(model)
    body = struct.pack("<4I", len(image), 0, native_board.RAM - 8, Place.NONE)

    assert device.call(Command.LOAD_BEGIN, body)[0] == Place.SLOT


@pytest.mark.parametrize("place", [Place.RAM, Place.SLOT])
def test_a_damaged_image_leaves_no_model(board: NativeBoard, model: Model, place: Place) -> None:
    """Wire 5: the engine's code comes back, HELLO says NONE, and the host may load again."""
    device = connect(board, model)
    requests = list(loading(model, place))
    piece = bytearray(requests[-2][1])
    piece[-1] ^= 0x80
    requests[-2] = (Command.LOAD_PIECE, bytes(piece))
    for command, body in requests[:-1]:
        device.call(command, body)

    with pytest.raises(ImageError) as error:
        device.call(*requests[-1])
    assert error.value.code == -13
    assert device.say_hello().place == Place.NONE
    with pytest.raises(DeviceError, match="no model runs"):
        device.call(Command.RESET)
    device.load(model, place)
    same_run(device, model)


def test_another_image_than_the_announced_one_is_refused(board: NativeBoard, model: Model) -> None:
    """Wire 5: LOAD_END compares the CRC with LOAD_BEGIN's."""
    device = connect(board)
    requests = list(loading(model, Place.RAM))
    body = bytearray(requests[0][1])
    body[4] ^= 1
    device.call(Command.LOAD_BEGIN, bytes(body))
    for command, piece in requests[1:-1]:
        device.call(command, piece)

    with pytest.raises(ImageError):
        device.call(Command.LOAD_END)
    assert device.say_hello().place == Place.NONE


def test_pieces_out_of_order_are_refused(board: NativeBoard, model: Model) -> None:
    """Wire 5: pieces come in order and not beyond the length; LOAD_END needs them all."""
    device = connect(board)
    requests = list(loading(model, Place.RAM))

    def refused(command: Command, body: bytes) -> None:
        with pytest.raises(DeviceError, match="does not continue"):
            device.call(command, body)

    refused(*requests[1])
    refused(Command.LOAD_END, b"")
    device.call(*requests[0])
    refused(*requests[2])
    device.call(*requests[1])
    refused(*requests[1])
    refused(Command.LOAD_END, b"")
    for command, body in requests[2:-1]:
        device.call(command, body)
    refused(Command.LOAD_PIECE, struct.pack("<I", len(encode(model))) + bytes(4))
    device.call(Command.LOAD_END)


def test_a_flash_that_fails_is_reported(board: NativeBoard, model: Model) -> None:
    """Wire 3, FLASH: the load has ended and no model runs."""
    device = connect(board)
    board.set_time_and_flash(0, fails=True)
    with pytest.raises(DeviceError, match="erased or written"):
        device.load(model, Place.SLOT)
    board.set_time_and_flash(0, fails=False)

    assert device.say_hello().place == Place.NONE
    device.load(model, Place.SLOT)


def test_hello_ends_an_unfinished_load(board: NativeBoard, model: Model) -> None:
    """Wire 5: a host that comes anew finds no model, and may load."""
    device = connect(board, model)
    requests = list(loading(model, Place.RAM))
    device.call(*requests[0])
    device = connect(board)

    assert device.hello.place == Place.NONE
    with pytest.raises(DeviceError, match="does not continue"):
        device.call(*requests[1])


def test_counters_count_what_happened(board: NativeBoard) -> None:
    """Wire 4, COUNTERS."""
    talk(board, 0, Command.HELLO)
    board.write(b"\x05noise\0" + b"\x11" * 300 + b"\0" + protocol.encode(b"abc"))
    talk(board, 7, Command.COUNTERS)
    talk(board, 1, Command.ADVANCE)
    talk(board, 1, Command.ADVANCE)
    _, body = talk(board, 2, Command.COUNTERS)

    assert struct.unpack("<4I", body) == (5, 3, 1, 2)


def test_taking_events_needs_no_request_when_none_wait(board: NativeBoard, model: Model) -> None:
    """ADVANCE tells how many wait, so that a quiet run costs one round trip."""
    device = connect(board, model)
    device.advance(1)
    before = device.counters()["frames"]

    assert len(device.take(0)) == 0 or model.outputs[0].kind
    assert np.zeros(0, EVENT).dtype == device.take(0).dtype
    assert device.counters()["frames"] <= before + 2
