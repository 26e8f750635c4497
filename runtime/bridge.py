"""Makes an emulated board's line reachable: as a TCP port, or as a pseudo-terminal that looks like a serial port."""

from __future__ import annotations

import os
import select
import socket
import tty
from collections.abc import Callable

from spikelet.errors import DeviceError
from spikelet.transport import Transport

__all__ = ["serve_pty", "serve_tcp"]

_BLOCK = 4096
_POLL = 0.002


def serve_tcp(board: Transport, port: int, announce: Callable[[str], None]) -> None:
    """Pass bytes between a board and TCP clients of this machine, one at a time, until interrupted.

    Args:
        board: the board's line.
        port: of 127.0.0.1; 0: any that is free.
        announce: called once with the name that `spikelet.connect` takes.

    Raises:
        DeviceError: the port cannot be had, or the board has stopped.
    """
    try:
        server = socket.create_server(("127.0.0.1", port))
    except OSError as error:
        raise DeviceError(f"port {port} cannot be served: {error.strerror}; choose another (0: any)") from error
    with server:
        announce(f"socket://127.0.0.1:{server.getsockname()[1]}")
        while True:
            client, _ = server.accept()
            with client:
                client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                _pass(board, client.fileno(), client.sendall, lambda n, c=client: c.recv(n))  # type: ignore[misc]


def serve_pty(board: Transport, announce: Callable[[str], None]) -> None:
    """Pass bytes between a board and whoever opens the pseudo-terminal, until interrupted.

    Raises:
        DeviceError: the board has stopped.
    """
    ours, theirs = os.openpty()
    try:
        tty.setraw(theirs)
        announce(os.ttyname(theirs))
        # `theirs` stays open here, so that the terminal outlives its clients.
        _pass(board, ours, lambda data: _write_all(ours, data), lambda n: os.read(ours, n))
    finally:
        os.close(ours)
        os.close(theirs)


def _write_all(descriptor: int, data: bytes) -> None:
    while data:
        data = data[os.write(descriptor, data) :]


def _pass(board: Transport, descriptor: int, send: Callable[[bytes], object], receive: Callable[[int], bytes]) -> None:
    """Pass bytes both ways until the client goes away."""
    try:
        while True:
            ready, _, _ = select.select([descriptor], [], [], 0)
            if ready:
                data = receive(_BLOCK)
                if not data:
                    return
                board.write(data)
            answer = board.read(_POLL)
            if answer:
                send(answer)
    except (BrokenPipeError, ConnectionError):
        return
