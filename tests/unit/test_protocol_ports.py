"""Serial ports and sockets: what goes wrong is told, with what to do."""

from __future__ import annotations

import os
import select
import shutil
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import serial

from spikelet.device import Device, connect
from spikelet.errors import DeviceError
from spikelet.transport import open_port
from support import native_board
from support.native_board import NativeBoard
from support.random_models import random_events, random_model

needs_cc = pytest.mark.skipif(shutil.which("cc") is None, reason="needs a C compiler: apt-get install gcc libc6-dev")


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The application as a shared library."""
    return native_board.build(tmp_path_factory.mktemp("native") / "board.so")


def serve(board: NativeBoard, read: Callable[[], bytes], write: Callable[[bytes], object]) -> None:
    """Be a board on a line until it closes."""
    waiting = bytearray()
    while True:
        try:
            data = read()
        except OSError:
            return
        if not data:
            return
        waiting += data
        end = waiting.rfind(b"\0") + 1
        board.write(bytes(waiting[:end]))
        del waiting[:end]
        write(board.read(0))


@pytest.fixture
def pty() -> Iterator[tuple[int, str]]:
    """A pseudo-terminal: our end, and the name of the other."""
    ours, theirs = os.openpty()
    yield ours, os.ttyname(theirs)
    os.close(theirs)
    os.close(ours)


@needs_cc
def test_a_serial_port_works_as_a_board(library: Path, pty: tuple[int, str]) -> None:
    """pyserial on a terminal: connect, load, run."""
    ours, name = pty
    board = NativeBoard(library)
    threading.Thread(
        target=serve, args=(board, lambda: os.read(ours, 4096), lambda data: os.write(ours, data)), daemon=True
    ).start()
    model = random_model(4, plain=True)
    with connect(name, model) as device:
        result = device.run(random_events(1, model, 5), ticks=5)
        assert device.has(model)

    assert len(result.stats) == len(model.populations)


@needs_cc
def test_a_socket_works_as_a_board(library: Path) -> None:
    """socket://host:port, as QEMU offers it."""
    board = NativeBoard(library)
    with socket.create_server(("127.0.0.1", 0)) as server:

        def accept() -> None:
            line, _ = server.accept()
            with line:
                serve(board, lambda: line.recv(4096), line.sendall)

        threading.Thread(target=accept, daemon=True).start()
        with connect(f"socket://127.0.0.1:{server.getsockname()[1]}") as device:
            assert device.hello.board == "native"


def test_a_missing_port_lists_those_that_are_there() -> None:
    """No such file."""
    with pytest.raises(DeviceError, match="there is no port /dev/ttyNOPE: plug the board in; ports that are there"):
        connect("/dev/ttyNOPE")


def test_a_busy_port_says_to_close_the_other_program(pty: tuple[int, str]) -> None:
    """The lock is held by another."""
    with serial.Serial(pty[1], exclusive=True), pytest.raises(DeviceError, match="is busy: another program has it"):
        connect(pty[1])


def test_a_silent_port_says_what_to_look_at(pty: tuple[int, str]) -> None:
    """Somebody is there, and nobody answers."""
    transport = open_port(pty[1])
    with pytest.raises(DeviceError, match="does not answer"):
        Device(transport, name=pty[1], timeout=0.02, tries=2)
    transport.close()


@needs_cc
def test_a_port_that_goes_away_is_reported(library: Path) -> None:
    """The plug is pulled between two requests."""
    ours, theirs = os.openpty()
    name = os.ttyname(theirs)
    board = NativeBoard(library)
    stop = threading.Event()

    def read() -> bytes:
        while not select.select([ours], [], [], 0.01)[0]:
            if stop.is_set():
                return b""
        return os.read(ours, 4096)

    thread = threading.Thread(target=serve, args=(board, read, lambda data: os.write(ours, data)), daemon=True)
    thread.start()
    device = connect(name)
    stop.set()
    thread.join()
    os.close(theirs)
    os.close(ours)

    with pytest.raises(DeviceError, match="has gone away: plug the board in again"):
        device.counters()
    device.close()


def test_what_is_no_serial_port_is_refused(tmp_path: Path) -> None:
    """A file, by mistake."""
    file = tmp_path / "model.spkl"
    file.write_bytes(b"SPKL")

    with pytest.raises(DeviceError, match=r"does not open: .*give the name of a serial port"):
        connect(str(file))


def test_a_closed_socket_is_reported() -> None:
    """Nobody listens, a wrong address, and one that hangs up."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

        def hang_up() -> None:
            server.accept()[0].close()

        threading.Thread(target=hang_up, daemon=True).start()
        with pytest.raises(DeviceError, match="closed the connection"):
            connect(f"socket://127.0.0.1:{port}")
    with pytest.raises(DeviceError, match="start the board or emulator there first"):
        connect(f"socket://127.0.0.1:{port}")
    with pytest.raises(DeviceError, match="socket://host:port"):
        connect("socket://127.0.0.1:seven")
