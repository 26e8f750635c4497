"""Byte streams to boards: serial ports and sockets, read alike."""

from __future__ import annotations

import errno
import os
import select
import socket
from typing import Any, Protocol
from urllib.parse import urlsplit

import serial
from serial.tools import list_ports

from spikelet.errors import DeviceError

__all__ = ["SerialTransport", "SocketTransport", "Transport", "open_port"]

_BLOCK = 4096


class Transport(Protocol):
    """A byte stream."""

    def read(self, timeout: float) -> bytes:
        """Bytes that are there; waits for the first at most `timeout` [s]. Empty: none came."""

    def write(self, data: bytes) -> None:
        """Send all bytes."""

    def close(self) -> None:
        """Give the stream back."""


class SocketTransport:
    """A connected socket.

    Raises (read and write):
        DeviceError: the other side has closed it.
    """

    def __init__(self, line: socket.socket, name: str) -> None:
        self._line, self._name = line, name

    def read(self, timeout: float) -> bytes:
        """See Transport."""
        ready, _, _ = select.select([self._line], [], [], max(timeout, 0))
        if not ready:
            return b""
        try:
            data = self._line.recv(_BLOCK)
        except OSError as error:
            raise self._gone() from error
        if not data:
            raise self._gone()
        return data

    def write(self, data: bytes) -> None:
        """See Transport."""
        try:
            self._line.sendall(data)
        except OSError as error:
            raise self._gone() from error

    def close(self) -> None:
        """See Transport."""
        self._line.close()

    def _gone(self) -> DeviceError:
        return DeviceError(f"{self._name} has closed the connection: start it again and connect anew")


class SerialTransport:
    """A serial port through pyserial.

    Raises (read and write):
        DeviceError: the port has gone away.
    """

    def __init__(self, port: Any) -> None:
        self._port = port

    def read(self, timeout: float) -> bytes:
        """See Transport."""
        try:
            self._port.timeout = max(timeout, 0)
            return bytes(self._port.read(max(1, self._port.in_waiting)))
        except (OSError, TypeError) as error:
            raise self._gone() from error

    def write(self, data: bytes) -> None:
        """See Transport."""
        try:
            self._port.write(data)
        except OSError as error:
            raise self._gone() from error

    def close(self) -> None:
        """See Transport."""
        self._port.close()

    def _gone(self) -> DeviceError:
        return DeviceError(f"{self._port.port} has gone away: plug the board in again and connect anew")


def open_port(port: str, baud: int = 115_200) -> Transport:
    """Open a serial port, or `socket://host:port`.

    Raises:
        DeviceError: it is missing, busy or not allowed: says what to do.
    """
    if port.startswith("socket://"):
        return _open_socket(port)
    try:
        return SerialTransport(serial.Serial(port, baud, timeout=1, write_timeout=5, exclusive=True))
    except (OSError, ValueError) as error:
        raise DeviceError(_why(port, error)) from error


def _open_socket(port: str) -> Transport:
    try:
        parts = urlsplit(port)
        line = socket.create_connection((parts.hostname, parts.port or 0), timeout=5)
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        raise DeviceError(f"{port}: {why}; start the board or emulator there first (socket://host:port)") from error
    line.settimeout(None)
    line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return SocketTransport(line, port)


def _why(port: str, error: Exception) -> str:
    """Say why a serial port does not open, and what to do."""
    code = getattr(error, "errno", None)
    if not port or "://" in port:
        return f"{port!r} is no port: give the name of a serial port, or socket://host:port"
    if code in {errno.EBUSY, errno.EAGAIN} or "exclusively lock" in str(error):
        return f"{port} is busy: another program has it; close that program"
    if code in {errno.EACCES, errno.EPERM}:
        return f"{port} may not be used: add yourself to its group (often dialout) and log in again"
    if code in {errno.ENOENT, errno.ENODEV, errno.ENXIO}:
        there = ", ".join(sorted(p.device for p in list_ports.comports())) or "none"
        return f"there is no port {port}: plug the board in; ports that are there: {there}"
    why = os.strerror(code) if code else error
    return f"{port} does not open: {why}; give the name of a serial port, or socket://host:port"
