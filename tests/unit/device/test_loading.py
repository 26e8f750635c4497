"""Loading a model into a board's RAM or flash slot, whole and cut (wire 5)."""

from __future__ import annotations

import struct
from collections.abc import Iterator

import pytest

from spikelet.errors import BoardError, DeviceError, EngineError, ImageError
from spikelet.image import encode
from spikelet.model import Model
from spikelet.protocol import Command, Place
from support import native_board
from support.device_line import connect, same_run
from support.native_board import NativeBoard
from support.random_models import random_model


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
