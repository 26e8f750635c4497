"""The host's side of the wire protocol: requests to a board, real or emulated, and loading a network of any kind."""

from __future__ import annotations

import struct
import time
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Generic, TypeVar

from spikelet import protocol
from spikelet.errors import DeviceError, EngineError, ImageError, NoRoomError
from spikelet.graded.model import GradedModel
from spikelet.model import Model
from spikelet.networks import image_of, work_of
from spikelet.protocol import Answer, Command, FrameReader, Hello, Place, Status
from spikelet.transport import Transport

__all__ = ["AnyModel", "DeviceLink"]

#: What a board runs.
AnyModel = TypeVar("AnyModel", Model, GradedModel)


class DeviceLink(ABC, Generic[AnyModel]):
    """A board at the other end of a byte stream, whatever it runs.

    Args:
        transport: the stream; the link closes it.
        name: for messages.
        timeout: what to wait for an answer before asking again [s].
        tries: how often to ask.

    Raises:
        DeviceError: it does not answer, or speaks another version of the protocol.
    """

    def __init__(self, transport: Transport, *, name: str, timeout: float = 1.0, tries: int = 5) -> None:
        self.name = name
        self.retries = 0
        self._model: AnyModel | None = None
        self.transport, self._timeout, self._tries = transport, timeout, tries
        self._reader = FrameReader()
        self._sequence = 0
        self.transport.write(b"\0")
        self.hello = self.say_hello()

    # Requests

    def call(self, command: Command, body: bytes = b"", *, patience: int = 1) -> bytes:
        """Make a request; asks again until it is answered. Returns the answer's body.

        Args:
            command: what to do.
            body: of the request.
            patience: ask so many times as often before the board is taken for silent.

        Raises:
            EngineError: the engine refuses; the network is as it was.
            ImageError: the engine refuses an image.
            NoRoomError: something does not fit into the board's memory.
            DeviceError: the board is silent, has restarted, or refuses by the protocol.
        """
        self._sequence = (self._sequence + 1) & 0xFF
        answer = self._ask(command, body, self._tries * patience)
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

    def _ask(self, command: Command, body: bytes, tries: int) -> Answer:
        frame = protocol.request(self._sequence, command, body)
        heard = 0
        for attempt in range(tries):
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
            f"{self.name} {what} ({tries} tries of {self._timeout:g} s): is it on, does it run spikelet's"
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
    def known_model(self) -> AnyModel:
        """The running model, as the host knows it.

        Raises:
            DeviceError: the host was not told.
        """
        if self._model is None:
            raise DeviceError(f"which model {self.name} runs is not known here: connect with the model, or load one")
        return self._model

    def has(self, model: AnyModel) -> bool:
        """Whether the board runs this model: same length and CRC of the image."""
        image = image_of(model)
        return self.hello.place != Place.NONE and (self.hello.length, self.hello.crc) == (len(image), _crc(image))

    def use(self, model: AnyModel) -> None:
        """Run a model from the start: the one that is there if it is this one, else load it."""
        if self.has(model):
            self._model = model
            self.reset()
        else:
            self.load(model)

    def load(self, model: AnyModel, place: Place = Place.NONE) -> Place:
        """Load a model and start it; returns where it lies now.

        Raises:
            NoRoomError: it does not fit: how many bytes are missing, in which memory. The old model goes on.
            ImageError: the board's engine refuses the image. No model runs.
        """
        image = image_of(model)
        taken = self.call(Command.LOAD_BEGIN, struct.pack("<4I", len(image), _crc(image), work_of(model), place))
        self._model = None
        for offset in range(0, len(image), protocol.PIECE_MAX):
            piece = image[offset : offset + protocol.PIECE_MAX]
            self.call(Command.LOAD_PIECE, struct.pack("<I", offset) + piece)
        self.call(Command.LOAD_END)
        self.hello = self.say_hello()
        self._model = model
        self._restarted()
        return Place(taken[0])

    def reset(self) -> None:
        """Let the network begin anew."""
        self.call(Command.RESET)
        self._restarted()

    @abstractmethod
    def _restarted(self) -> None:
        """The network begins anew: forget what the host knows of its state."""

    def counters(self) -> dict[str, int]:
        """What the board counted since it started: frames, damaged, repeated, refused."""
        values: Sequence[int] = struct.unpack("<4I", self.call(Command.COUNTERS))
        return dict(zip(("frames", "damaged", "repeated", "refused"), values, strict=True))

    def close(self) -> None:
        """Give the stream back."""
        self.transport.close()


def _crc(image: bytes) -> int:
    """The CRC in an image's header (image.md 1)."""
    return int.from_bytes(image[12:16], "little")


def _shortage(name: str, body: bytes) -> str:
    """What NO_ROOM says."""
    memory = "the flash slot" if body[0] == Place.SLOT else "RAM"
    missing = int.from_bytes(body[4:8], "little")
    return f"{name} has no room: {missing} bytes of {memory} are missing; choose a larger board or a smaller model"
