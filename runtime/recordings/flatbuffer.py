"""Reads a FlatBuffer that nobody vouches for: every offset is checked before it is followed."""

from __future__ import annotations

import struct

from spikelet.errors import DataError

__all__ = ["Table", "root"]


class Table:
    """A table: fields by number, absent ones have their default."""

    def __init__(self, where: str, data: bytes, at: int) -> None:
        self._where, self._data, self._at = where, data, at
        self._fields = at - self._get("<i", at)
        self._length = self._get("<H", self._fields)

    def i32(self, field: int, default: int) -> int:
        """A whole number of 32 bits."""
        at = self._field(field)
        return default if at is None else self._get("<i", at)

    def i64(self, field: int, default: int) -> int:
        """A whole number of 64 bits."""
        at = self._field(field)
        return default if at is None else self._get("<q", at)

    def vector(self, field: int, size: int) -> tuple[int, int]:
        """Where a vector begins [byte], and how many entries of `size` bytes it has; all of them are there."""
        at = self._field(field)
        if at is None:
            return 0, 0
        start = at + self._get("<I", at)
        count = self._get("<I", start)
        if count * size > len(self._data) - start - 4:
            raise self._bad(start, f"a vector of {count} entries of {size} bytes")
        return start + 4, count

    def text(self, field: int) -> bytes:
        """A string."""
        start, count = self.vector(field, 1)
        return self._data[start : start + count]

    def _field(self, field: int) -> int | None:
        """Where a field is."""
        entry = 4 + 2 * field
        if entry + 2 > self._length:
            return None
        offset = self._get("<H", self._fields + entry)
        return self._at + offset if offset else None

    def _get(self, code: str, at: int) -> int:
        if not 0 <= at <= len(self._data) - struct.calcsize(code):
            raise self._bad(at, "something")
        value: int = struct.unpack_from(code, self._data, at)[0]
        return value

    def _bad(self, at: int, what: str) -> DataError:
        return DataError(
            f"{self._where}: {what} at its byte {at} would be outside its {len(self._data)} bytes: the file is damaged"
        )


def root(where: str, data: bytes, name: bytes) -> Table:
    """The root table of a buffer that begins with its length.

    Args:
        where: what the buffer is, for messages.
        data: the buffer.
        name: its four letters.

    Raises:
        DataError: it is shorter than it says, or something else.
    """
    if len(data) < 12:
        raise DataError(f"{where} has {len(data)} bytes, too few for its head: the file is damaged")
    length, offset = struct.unpack_from("<II", data)
    if length != len(data) - 4:
        raise DataError(f"{where} says {length} bytes and has {len(data) - 4}: the file is damaged")
    if data[8:12] != name:
        raise DataError(f"{where} is {data[8:12]!r}, not {name!r}: the file is damaged")
    return Table(where, data, 4 + offset)
