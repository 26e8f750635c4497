"""A board, real or emulated, that runs a spiking network, as a Runner; and `connect`, which opens boards."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, overload

import numpy as np
import numpy.typing as npt

from spikelet import protocol
from spikelet.device_link import DeviceLink
from spikelet.errors import EngineError
from spikelet.events import EVENT, EventArray
from spikelet.model import Int32Array, Model
from spikelet.protocol import Command
from spikelet.pushed import Pushed
from spikelet.runner import PopulationStats, Runner, Variable
from spikelet.transport import Transport, open_port

if TYPE_CHECKING:
    from spikelet.graded.device import GradedDevice
    from spikelet.graded.model import GradedModel

__all__ = ["Device", "connect"]

_ARGUMENT = -1


class Device(DeviceLink[Model], Runner):
    """A board at the other end of a byte stream; arguments and exceptions are those of DeviceLink."""

    def __init__(self, transport: Transport, *, name: str, timeout: float = 1.0, tries: int = 5) -> None:
        self._tick = 0
        self._waiting: list[int] = []
        self._pushed: list[Pushed] = []
        super().__init__(transport, name=name, timeout=timeout, tries=tries)

    @property
    def model(self) -> Model:  # type: ignore[override]
        """The running model; see DeviceLink.known_model."""
        return self.known_model

    def _restarted(self) -> None:
        self._tick = 0
        self._waiting = [0] * len(self.model.outputs)
        self._pushed = [Pushed(port) for port in self.model.inputs]

    # Runner

    def push(self, events: EventArray, port: int = 0) -> None:
        """See Runner."""
        events = np.ascontiguousarray(events, EVENT)
        pushed = self._pushed[port] if 0 <= port < len(self._pushed) else None
        if pushed is not None and len(events) > protocol.EVENTS_MAX:
            # More than one request: what the board would refuse must be refused before the first.
            pushed.check(events, self._tick)
        for first in range(0, max(len(events), 1), protocol.EVENTS_MAX):
            piece = events[first : first + protocol.EVENTS_MAX]
            self.call(Command.PUSH, _port(port) + piece.tobytes())
        if pushed is not None:
            pushed.add(events, self._tick)

    def push_frame(self, frame: npt.NDArray[np.uint8], port: int = 0) -> None:
        """See Runner."""
        data = np.ascontiguousarray(frame, np.uint8).tobytes()
        for offset in range(0, max(len(data), 1), protocol.FRAME_PIECE_MAX):
            piece = data[offset : offset + protocol.FRAME_PIECE_MAX]
            self.call(Command.FRAME, _port(port) + struct.pack("<2I", len(data), offset) + piece)

    def advance(self, ticks: int) -> int:
        """See Runner."""
        done = 0
        while done < ticks:
            now = self._advance(struct.pack("<I", min(ticks - done, protocol.TICKS_MAX)))
            done += now
            if now == 0:
                break
        return done

    def advance_early(self, ticks: int) -> int:
        """See Runner."""
        done = 0
        while done < ticks:
            before = self._tick
            now = self._advance(struct.pack("<2I", min(ticks - done, protocol.TICKS_MAX), protocol.EARLY))
            done += now
            if now == 0 or self._tick != (before + now) % 2**32:
                break
        return done

    def _advance(self, asked: bytes) -> int:
        """One request; returns the ticks done."""
        body = self.call(Command.ADVANCE, asked)
        done, self._tick, *self._waiting = struct.unpack(f"<2I{(len(body) - 8) // 2}H", body)
        return int(done)

    def take(self, port: int = 0) -> EventArray:
        """See Runner."""
        parts = [np.zeros(0, EVENT)]
        waiting = self._waiting[port] if 0 <= port < len(self._waiting) else 1
        while waiting:
            body = self.call(Command.TAKE, _port(port))
            waiting = int.from_bytes(body[:4], "little")
            parts.append(np.frombuffer(body[4:], EVENT))
        if 0 <= port < len(self._waiting):
            self._waiting[port] = 0
        return np.concatenate(parts)

    def scores(self, port: int = 0) -> Int32Array:
        """See Runner."""
        found = np.zeros(0, np.int32)
        while True:
            body = self.call(Command.SCORES, _port(port)[:2] + struct.pack("<H", len(found)))
            size = int.from_bytes(body[6:8], "little")
            found = np.concatenate([found, np.frombuffer(body[8:], "<i4").astype(np.int32)])
            if len(found) >= size or len(body) == 8:
                return found

    def probe(self, population: int, variable: Variable) -> Int32Array:
        """See Runner."""
        if not 0 <= population < len(self.model.populations):
            raise EngineError(f"{self.name}: no population {population}", code=_ARGUMENT)
        size = self.model.populations[population].size
        parts = []
        for first in range(0, size, protocol.PROBE_MAX):
            n = min(protocol.PROBE_MAX, size - first)
            body = self.call(Command.PROBE, struct.pack("<4H", population, variable, first, n))
            parts.append(np.frombuffer(body, "<i4"))
        return np.concatenate(parts).astype(np.int32)

    def stats(self) -> list[PopulationStats]:
        """See Runner."""
        found = []
        for index in range(len(self.model.populations)):
            events, synops, quiet = struct.unpack("<3Q", self.call(Command.STATS, struct.pack("<I", index)))
            found.append(PopulationStats(events=events, synops=synops, quiet_ticks=quiet))
        return found

    @property
    def tick_number(self) -> int:
        """See Runner."""
        return self._tick

    def close(self) -> None:
        """See Runner."""
        DeviceLink.close(self)

    def __enter__(self) -> Device:
        return self


@overload
def connect(port: str, model: Model | None = None, *, baud: int = 115_200) -> Device: ...
@overload
def connect(port: str, model: GradedModel, *, baud: int = 115_200) -> GradedDevice: ...
def connect(port: str, model: Model | GradedModel | None = None, *, baud: int = 115_200) -> Device | GradedDevice:
    """Connect to a board.

    Args:
        port: a serial port such as /dev/ttyACM0, or socket://host:port.
        model: to run; loaded if the board does not run it already. None: only talk to the board.
        baud: of a serial port.

    Returns:
        A Device, which runs spiking networks, or with a graded model a GradedDevice.

    Raises:
        DeviceError: the port is missing or busy, the board is silent or speaks another version.
        NoRoomError: the model does not fit.
    """
    transport = open_port(port, baud)
    try:
        return _open(transport, port, model)
    except BaseException:
        transport.close()
        raise


def _open(transport: Transport, name: str, model: Model | GradedModel | None) -> Device | GradedDevice:
    """A device that runs the model."""
    if model is None or isinstance(model, Model):
        device = Device(transport, name=name)
        if model is not None:
            device.use(model)
        return device
    from spikelet.graded.device import GradedDevice

    graded = GradedDevice(transport, name=name)
    graded.use(model)
    return graded


def _port(port: int) -> bytes:
    """A port's number as requests begin with it; whether the model has it, the board says."""
    if not 0 <= port <= 255:
        raise EngineError(f"no port {port}", code=_ARGUMENT)
    return struct.pack("<I", port)
