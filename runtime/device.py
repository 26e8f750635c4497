"""The host's side of the wire protocol: a board, real or emulated, as a Runner."""

from __future__ import annotations

import struct
import time
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from spikelet import protocol
from spikelet.errors import DeviceError, EngineError, ImageError, NoRoomError
from spikelet.events import EVENT, EventArray
from spikelet.image import encode as encode_image
from spikelet.memory import work_size
from spikelet.model import Int32Array, Model
from spikelet.protocol import Answer, Command, FrameReader, Hello, Place, Status
from spikelet.pushed import Pushed
from spikelet.runner import PopulationStats, Runner, Variable
from spikelet.transport import Transport, open_port

__all__ = ["Device", "connect"]

_ARGUMENT = -1


class Device(Runner):
    """A board at the other end of a byte stream.

    Args:
        transport: the stream; the device closes it.
        name: for messages.
        timeout: what to wait for an answer before asking again [s].
        tries: how often to ask.

    Raises:
        DeviceError: it does not answer, or speaks another version of the protocol.
    """

    def __init__(self, transport: Transport, *, name: str, timeout: float = 1.0, tries: int = 5) -> None:
        self.name = name
        self.retries = 0
        self.transport, self._timeout, self._tries = transport, timeout, tries
        self._reader = FrameReader()
        self._sequence = 0
        self._model: Model | None = None
        self._tick = 0
        self._waiting: list[int] = []
        self._pushed: list[Pushed] = []
        self.transport.write(b"\0")
        self.hello = self.say_hello()

    # Requests

    def call(self, command: Command, body: bytes = b"") -> bytes:
        """Make a request; asks again until it is answered. Returns the answer's body.

        Raises:
            EngineError: the engine refuses; the network is as it was.
            ImageError: the engine refuses an image.
            NoRoomError: something does not fit into the board's memory.
            DeviceError: the board is silent, has restarted, or refuses by the protocol.
        """
        self._sequence = (self._sequence + 1) & 0xFF
        answer = self._ask(command, body)
        status = answer.status
        if status == 0:
            return answer.body
        text = f"{self.name}: {command.name}: {protocol.sentence(status)}"
        if status == Status.NO_ROOM:
            raise NoRoomError(_shortage(self.name, answer.body))
        if status == Status.NO_SESSION:
            raise DeviceError(f"{self.name} has restarted and lost its state: connect anew")
        if status > Status.COMMAND:
            raise (ImageError if -30 < status <= -10 else EngineError)(text, code=status)
        raise DeviceError(text)

    def _ask(self, command: Command, body: bytes) -> Answer:
        frame = protocol.request(self._sequence, command, body)
        heard = 0
        for attempt in range(self._tries):
            self.retries += attempt > 0
            self.transport.write(frame)
            end = time.monotonic() + self._timeout
            while (left := end - time.monotonic()) > 0:
                data = self.transport.read(left)
                heard += len(data)
                for answer in self._reader.answers(data):
                    if (answer.sequence, answer.command) == (self._sequence, command):
                        return answer
        what = "does not answer" if heard == 0 else "answers with something that is no frame of spikelet"
        raise DeviceError(
            f"{self.name} {what} ({self._tries} tries of {self._timeout:g} s): is it on, does it run spikelet's"
            " firmware (spikelet build), and is this its port?"
        )

    def say_hello(self) -> Hello:
        """Begin a session and hear what the board is."""
        body = self.call(Command.HELLO)
        version = int.from_bytes(body[:2], "little")
        if version != protocol.VERSION:
            raise DeviceError(
                f"{self.name} speaks version {version} of the protocol, this is version {protocol.VERSION}:"
                " build its firmware again with this spikelet"
            )
        try:
            return Hello.parse(body)
        except ValueError as error:
            raise DeviceError(f"{self.name}: the answer to HELLO is wrong ({error})") from error

    # Models

    @property
    def model(self) -> Model:  # type: ignore[override]
        """The running model, as the host knows it.

        Raises:
            DeviceError: the host was not told.
        """
        if self._model is None:
            raise DeviceError(f"which model {self.name} runs is not known here: connect with the model, or load one")
        return self._model

    def has(self, model: Model) -> bool:
        """Whether the board runs this model: same length and CRC of the image."""
        image = encode_image(model)
        return self.hello.place != Place.NONE and (self.hello.length, self.hello.crc) == (len(image), _crc(image))

    def use(self, model: Model) -> None:
        """Run a model from tick 0: the one that is there if it is this one, else load it."""
        if self.has(model):
            self._model = model
            self.reset()
        else:
            self.load(model)

    def load(self, model: Model, place: Place = Place.NONE) -> Place:
        """Load a model and start it at tick 0; returns where it lies now.

        Raises:
            NoRoomError: it does not fit: how many bytes are missing, in which memory. The old model goes on.
            ImageError: the board's engine refuses the image. No model runs.
        """
        image = encode_image(model)
        work = work_size(model)
        taken = self.call(Command.LOAD_BEGIN, struct.pack("<4I", len(image), _crc(image), work, place))
        self._model = None
        for offset in range(0, len(image), protocol.PIECE_MAX):
            piece = image[offset : offset + protocol.PIECE_MAX]
            self.call(Command.LOAD_PIECE, struct.pack("<I", offset) + piece)
        self.call(Command.LOAD_END)
        self.hello = self.say_hello()
        self._model = model
        self._begin()
        return Place(taken[0])

    def _begin(self) -> None:
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
            body = self.call(Command.ADVANCE, struct.pack("<I", min(ticks - done, protocol.TICKS_MAX)))
            now, self._tick, *self._waiting = struct.unpack(f"<2I{(len(body) - 8) // 2}H", body)
            done += now
            if now == 0:
                break
        return done

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

    def reset(self) -> None:
        """See Runner."""
        self.call(Command.RESET)
        self._begin()

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

    def counters(self) -> dict[str, int]:
        """What the board counted since it started: frames, damaged, repeated, refused."""
        values: Sequence[int] = struct.unpack("<4I", self.call(Command.COUNTERS))
        return dict(zip(("frames", "damaged", "repeated", "refused"), values, strict=True))

    def close(self) -> None:
        """See Runner."""
        self.transport.close()

    def __enter__(self) -> Device:
        return self


def connect(port: str, model: Model | None = None, *, baud: int = 115_200) -> Device:
    """Connect to a board.

    Args:
        port: a serial port such as /dev/ttyACM0, or socket://host:port.
        model: to run; loaded if the board does not run it already. None: only talk to the board.
        baud: of a serial port.

    Raises:
        DeviceError: the port is missing or busy, the board is silent or speaks another version.
        NoRoomError: the model does not fit.
    """
    transport = open_port(port, baud)
    try:
        device = Device(transport, name=port)
        if model is not None:
            device.use(model)
    except BaseException:
        transport.close()
        raise
    return device


def _port(port: int) -> bytes:
    """A port's number as requests begin with it; whether the model has it, the board says."""
    if not 0 <= port <= 255:
        raise EngineError(f"no port {port}", code=_ARGUMENT)
    return struct.pack("<I", port)


def _crc(image: bytes) -> int:
    """The CRC in an image's header (image.md 1)."""
    return int.from_bytes(image[12:16], "little")


def _shortage(name: str, body: bytes) -> str:
    """What NO_ROOM says."""
    memory = "the flash slot" if body[0] == Place.SLOT else "RAM"
    missing = int.from_bytes(body[4:8], "little")
    return f"{name} has no room: {missing} bytes of {memory} are missing; choose a larger board or a smaller model"
