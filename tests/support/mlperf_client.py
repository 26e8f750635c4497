"""A small runner of MLPerf Tiny over a serial port, written from the table in docs/reference/mlperf.md."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from types import TracebackType

import serial

__all__ = ["Client", "Inference"]

_PIECE = 31


@dataclass(frozen=True, kw_only=True)
class Inference:
    """What `infer` was answered with: results, and microseconds of all timed inferences."""

    results: list[float]
    microseconds: int


class Client:
    """A host at the other end of a device's line.

    Args:
        port: as pyserial opens it: a pseudo-terminal, or socket://host:port.
        timeout: of an answer [s].
    """

    def __init__(self, port: str, timeout: float = 60) -> None:
        self._port = serial.serial_for_url(port, 115200, timeout=0.1)
        self._timeout = timeout
        self._heard = b""

    def ask(self, command: str) -> list[str]:
        """Send a command; the lines up to m-ready, without it."""
        self._port.write(command.encode() + b"%")
        return self.listen()

    def listen(self) -> list[str]:
        """Lines up to m-ready, without it."""
        lines = []
        end = time.monotonic() + self._timeout
        while time.monotonic() < end:
            line, found, rest = self._heard.partition(b"\r\n")
            if not found:
                self._heard += self._port.read(max(1, self._port.in_waiting))
                continue
            self._heard = rest
            if line == b"m-ready":
                return lines
            lines.append(line.decode("ascii"))
        raise TimeoutError(f"no m-ready; heard {lines}, {self._heard!r}")

    def model(self) -> str:
        """The name that a test is chosen by."""
        (found,) = (match[1] for line in self.ask("profile") if (match := re.match(r"^m-model-\[([^]]+)]$", line)))
        return found

    def load(self, data: bytes) -> None:
        """Send an input."""
        assert self.ask(f"db load {len(data)}") == [f"m-[Expecting {len(data)} bytes]"]
        for at in range(0, len(data), _PIECE):
            lines = self.ask(f"db {data[at : at + _PIECE].hex()}")
            assert lines == (["m-load-done"] if at + _PIECE >= len(data) else [])

    def infer(self, n: int, warmups: int) -> Inference:
        """Run inferences."""
        lines = self.ask(f"infer {n} {warmups}")
        assert [re.sub(r"us-\d+", "us", line) for line in lines[:-1]] == [
            *(f"m-warmup-start-{warmups}", "m-warmup-done", f"m-infer-start-{n}"),
            *("m-lap-us", "m-lap-us", "m-infer-done"),
        ]
        laps = [int(line.removeprefix("m-lap-us-")) for line in lines if line.startswith("m-lap")]
        match = re.match(r"^m-results-\[([^]]+)\]$", lines[-1])
        assert match is not None, lines[-1]
        return Inference(
            results=[float(text) for text in match[1].split(",")],
            microseconds=laps[1] - laps[0],
        )

    def __enter__(self) -> Client:
        return self

    def __exit__(self, kind: type[BaseException] | None, value: object, trace: TracebackType | None) -> None:
        self._port.close()
