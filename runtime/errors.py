"""Every exception of spikelet, and the engine's error codes behind them."""

from __future__ import annotations

__all__ = [
    "BoardError",
    "ConvertError",
    "DataError",
    "DeviceError",
    "EngineError",
    "ImageError",
    "LearnError",
    "LimitError",
    "ModelError",
    "NoRoomError",
    "SpikeletError",
    "StoreError",
]


class SpikeletError(Exception):
    """Base of all errors of spikelet; the command line ends with `exit_code`."""

    exit_code = 1


class ConvertError(SpikeletError):
    """A network cannot be converted as asked.

    Args:
        path: where in the file or network, such as "lif1".
        field: what is wrong there, such as "tau".
        found: what was found.
        allowed: what is allowed; a list is lines with a line break before each and behind the last.
        hint: what to do.
    """

    exit_code = 3

    def __init__(self, path: str, field: str, *, found: str, allowed: str, hint: str) -> None:
        self.path, self.field, self.found, self.allowed, self.hint = path, field, found, allowed, hint
        where = f"{path}: {field}" if field else path
        listed = allowed.startswith("\n")
        super().__init__(f"{where}: found {found}; allowed:{allowed if listed else f' {allowed}. '}{hint}".rstrip())


class ModelError(SpikeletError):
    """An integer model contradicts itself or the semantics."""

    exit_code = 4


class ImageError(SpikeletError):
    """Bytes are not an image that can be trusted.

    `code` is the engine's error code (csrc/include/spkl_err.def).
    """

    exit_code = 5

    def __init__(self, message: str, *, code: int) -> None:
        self.code = code
        super().__init__(message)


class EngineError(SpikeletError):
    """A call of the engine was refused; the network is as it was before."""

    exit_code = 6

    def __init__(self, message: str, *, code: int) -> None:
        self.code = code
        super().__init__(message)


class BoardError(SpikeletError):
    """An unknown board, or a model or firmware that does not fit it."""

    exit_code = 7


class NoRoomError(BoardError):
    """A model or firmware does not fit a board; the message says by how many bytes, in which memory."""


class DeviceError(SpikeletError):
    """A board does not answer, or not as the protocol says."""

    exit_code = 8


class DataError(SpikeletError):
    """A data set or a recording cannot be used."""

    exit_code = 9


class LearnError(SpikeletError):
    """Learning on the device was refused."""

    exit_code = 10


class StoreError(SpikeletError):
    """The store of learned state was refused or is damaged."""

    exit_code = 11


class LimitError(SpikeletError):
    """A model takes more of a board than was allowed."""

    exit_code = 12
