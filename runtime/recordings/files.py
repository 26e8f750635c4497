"""Parts that the readers share: header lines, whole records, times that wrap."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from spikelet.errors import DataError
from spikelet.recordings.recording import MAX_EVENTS

__all__ = ["MAX_BYTES", "cut", "header", "number", "read_bytes", "records", "unwrap"]

#: Most bytes of a file.
MAX_BYTES = 2**29
_TEXT = re.compile(rb"[\t\x20-\x7e\x80-\xff]*\r?")


def read_bytes(path: Path, most: int | None = None) -> bytes:
    """Read a file, or its first bytes.

    Raises:
        DataError: it is not there, not a plain file, cannot be read, or has more than MAX_BYTES.
    """
    try:
        if not path.is_file():
            raise DataError(f"{path}: {'not a plain file' if path.exists() else 'there is no such file'}")
        with path.open("rb") as stream:
            data = stream.read(MAX_BYTES + 1 if most is None else most)
    except (OSError, ValueError) as error:
        raise DataError(f"{path} cannot be read: {getattr(error, 'strerror', None) or error}") from error
    except MemoryError as error:
        raise DataError(f"{path}: too large for this machine's memory") from error
    if len(data) > MAX_BYTES:
        raise DataError(f"{path} has more than {MAX_BYTES} bytes: cut the recording into pieces")
    return data


def header(data: bytes, mark: bytes, last: bytes, where: str = "") -> tuple[list[str], int]:
    """Lines of text at the start of a file.

    A line begins with `mark` and holds no control characters; the one that begins with `last` is the last.

    Returns:
        The lines without their ends, and the byte behind them.

    Raises:
        DataError: the file `where` ends inside a line; without `where` the line is left out.
    """
    lines: list[str] = []
    at = 0
    while data.startswith(mark, at):
        end = data.find(b"\n", at)
        if not _TEXT.fullmatch(data, at, end if end >= 0 else len(data)):
            break
        if end < 0:
            if where:
                raise cut(where, "the header", at, 1)
            break
        lines.append(data[at:end].decode("latin-1").rstrip("\r"))
        at = end + 1
        if lines[-1].startswith(last.decode("latin-1")):
            break
    return lines, at


def number(lines: list[str], pattern: str) -> int | None:
    """The number that a header line holds; `pattern` has one group of digits."""
    for line in lines:
        found = re.search(pattern, line, re.IGNORECASE)
        if found:
            return int(found.group(1)[:6])
    return None


def cut(where: str, what: str, at: int, missing: int) -> DataError:
    """What to say of a file that ends too early."""
    return DataError(
        f"{where} ends inside {what} at byte {at}, {missing} bytes are missing: the file was cut, or is of another kind"
    )


def records(where: str, data: bytes, start: int, dtype: npt.DTypeLike) -> npt.NDArray[Any]:
    """All records from a byte to the end of the file.

    Raises:
        DataError: the last one is not whole, or there are too many.
    """
    size = np.dtype(dtype).itemsize
    count, rest = divmod(len(data) - start, size)
    if rest:
        raise cut(where, f"record {count}", start + count * size, size - rest)
    limit(where, count)
    return np.frombuffer(data, dtype, count, start)


def limit(where: str, events: int) -> None:
    """Refuse too many events.

    Raises:
        DataError: there are more than MAX_EVENTS.
    """
    if events > MAX_EVENTS:
        raise DataError(f"{where}: {events} events; at most {MAX_EVENTS}: cut the recording into pieces")


def unwrap(values: npt.NDArray[Any], bits: int) -> npt.NDArray[np.int64]:
    """Make a counter of `bits` bits go on where it wrapped: where it falls by more than half of its range."""
    wide: npt.NDArray[np.int64] = values.astype(np.int64)
    if len(wide) > 1:
        wide[1:] += np.cumsum(np.diff(wide) < -(2 ** (bits - 1))) << bits
    return wide
