"""The schema of TensorFlow Lite files, from whichever package has it, behind accesses that trust no offset.

The generated classes do the parsing; their table is replaced by one that checks each offset and counts what it reads,
so that a hostile file can neither lead outside of its bytes nor make a reader run long.
"""

from __future__ import annotations

import importlib
import struct
from collections.abc import Iterator, Mapping
from functools import cache
from types import ModuleType
from typing import Any

import numpy as np
import numpy.typing as npt

from spikelet.converters.tflite.fields import OPTIONS, Field
from spikelet.errors import ConvertError

__all__ = ["Cursor", "Record", "enumeration"]

#: Packages that have the classes, in the order in which they are tried.
_PACKAGES = ("tflite", "ai_edge_litert.schema_py_generated")
#: What is read may be so many times the file: sound files read each table once, and few bytes twice.
_READINGS, _FREE = 8, 2**16
#: A table without fields; its accessors give the schema's defaults.
_EMPTY = struct.pack("<HHi", 4, 4, 4)


@cache
def _schema() -> ModuleType:
    for name in _PACKAGES:
        try:
            return importlib.import_module(name)
        except ImportError:
            continue
    raise ConvertError(
        "tflite",
        "",
        found="no package with the schema of TensorFlow Lite files",
        allowed=" or ".join(name.partition(".")[0].replace("_", "-") for name in _PACKAGES),
        hint="pip install tflite",
    )


@cache
def enumeration(name: str) -> Mapping[int, str]:
    """Names of an enumeration of the schema by value."""
    members = vars(getattr(_schema(), name))
    return {value: key for key, value in members.items() if isinstance(value, int) and not key.startswith("_")}


class Cursor:
    """Where a reader is in a file (for messages), and how much it may still read."""

    def __init__(self, data: bytes, name: str) -> None:
        self.data, self.name, self.where = data, name, ""
        self._left = _READINGS * len(data) + _FREE

    @property
    def path(self) -> str:
        """The file and the place in it."""
        return f"{self.name}: {self.where}" if self.where else self.name

    def charge(self, n: int) -> None:
        """Count n more bytes that are read."""
        self._left -= n
        if self._left < 0:
            self.refuse(
                "", f"more than {_READINGS} times its {len(self.data)} bytes in what its tables name", "each byte once"
            )

    def refuse(self, field: str, found: str, allowed: str, hint: str = "The file is damaged: export it again.") -> Any:
        """Raise the error of what is wrong here."""
        raise ConvertError(self.path, field, found=found, allowed=allowed, hint=hint)

    def inside(self, start: int, length: int) -> int:
        """The start of bytes, when all of them lie in the file."""
        if start < 0 or length < 0 or start + length > len(self.data):
            self.refuse("", f"{length} bytes at offset {start}", f"offsets inside of the file's {len(self.data)} bytes")
        return start


@cache
def _table_class() -> type[Any]:
    """The checking table; made late, since it derives from a class of flatbuffers."""
    from flatbuffers import number_types
    from flatbuffers.table import Table

    class CheckedTable(Table):  # type: ignore[misc, unused-ignore]
        """A flatbuffers table whose every access is checked."""

        __slots__ = ("cursor",)

        def __init__(self, cursor: Cursor, data: bytes, position: int) -> None:
            super().__init__(data, position)
            self.cursor = cursor

        def _number(self, flags: Any, at: int) -> Any:
            if self.Bytes is self.cursor.data:
                self.cursor.inside(at, flags.bytewidth)
            self.cursor.charge(1)
            return flags.packer_type.unpack_from(self.Bytes, at)[0]

        def Get(self, flags: Any, off: int) -> Any:  # noqa: N802
            return flags.py_type(self._number(flags, off))

        def Offset(self, vtableOffset: int) -> int:  # noqa: N802, N803
            vtable = self.Pos - self._number(number_types.SOffsetTFlags, self.Pos)
            end = self._number(number_types.VOffsetTFlags, vtable)
            return int(self._number(number_types.VOffsetTFlags, vtable + vtableOffset)) if vtableOffset < end else 0

        def Indirect(self, off: int) -> int:  # noqa: N802
            return self.cursor.inside(off + int(self._number(number_types.UOffsetTFlags, off)), 4)

        def String(self, off: int) -> bytes:  # noqa: N802
            start = self.Indirect(off)
            length = int(self._number(number_types.UOffsetTFlags, start))
            self.cursor.inside(start + 4, length)
            self.cursor.charge(length)
            return bytes(self.Bytes[start + 4 : start + 4 + length])

        def VectorLen(self, off: int) -> int:  # noqa: N802
            return int(self._number(number_types.UOffsetTFlags, self.Indirect(off + self.Pos)))

        def Vector(self, off: int) -> int:  # noqa: N802
            return self.Indirect(off + self.Pos) + 4

        def Union(self, t2: Any, off: int) -> None:  # noqa: N802
            t2.Bytes, t2.Pos = self.Bytes, self.Indirect(off + self.Pos)

        def GetVectorAsNumpy(self, flags: Any, off: int) -> npt.NDArray[Any]:  # noqa: N802
            dtype = np.dtype(number_types.to_numpy_type(flags))
            start, length = self.Vector(off), self.VectorLen(off)
            self.cursor.inside(start, length * dtype.itemsize)
            return np.frombuffer(self.Bytes, dtype, length, start)

    return CheckedTable


class Record:
    """A table of a file: its fields by the schema's names in snake case."""

    def __init__(self, cursor: Cursor, table: Any) -> None:
        self._cursor, self._table = cursor, table
        table._tab = _table_class()(cursor, table._tab.Bytes, table._tab.Pos)

    @classmethod
    def root(cls, cursor: Cursor) -> Record:
        """The model of a file."""
        from flatbuffers.table import Table

        model = _schema().Model()
        outer = _table_class()(cursor, cursor.data, 0)
        model._tab = Table(cursor.data, outer.Indirect(0))
        return cls(cursor, model)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._table, _camel(name))()

    def record(self, name: str) -> Record | None:
        """A table in a field; None: it is not there."""
        table = getattr(self, name)
        return None if table is None else Record(self._cursor, table)

    def records(self, name: str, most: int) -> Iterator[Record]:
        """The tables of a vector, checked to be at most so many."""
        n, get = self.length(name, most), getattr(self._table, _camel(name))
        return (Record(self._cursor, get(index)) for index in range(n))

    def length(self, name: str, most: int) -> int:
        """Entries of a vector."""
        n = int(getattr(self._table, f"{_camel(name)}Length")())
        if n > most:
            self._cursor.refuse(name, f"{n} entries", f"at most {most}")
        return n

    def numbers(self, name: str, most: int) -> tuple[Any, ...]:
        """A vector of numbers."""
        found = self.array(name, most)
        self._cursor.charge(len(found))
        return tuple(found.tolist())

    def array(self, name: str, most: int) -> npt.NDArray[Any]:
        """A vector of numbers as the file's own bytes; what they are used for is not counted."""
        n = self.length(name, most)
        return np.asarray(getattr(self._table, f"{_camel(name)}AsNumpy")()) if n else np.zeros(0, np.int64)

    def text(self, name: str) -> str:
        """A string; "" where there is none."""
        content = getattr(self, name)
        try:
            return bytes(content or b"").decode()
        except UnicodeDecodeError:
            return str(self._cursor.refuse(name, repr(bytes(content)[:40]), "text in UTF-8"))

    def options(self, kind: str) -> dict[str, Any]:
        """The builtin options of an operator of this kind; what is not there has the schema's defaults."""
        about = OPTIONS[kind]
        if not about.table:
            return {}
        table = getattr(_schema(), about.table)()
        found = enumeration("BuiltinOptions").get(self.builtin_options_type, "a type that the schema has not")
        if found == about.table:
            union = self.builtin_options
            if union is None:
                self._cursor.refuse("builtin_options", "nothing", f"a table {about.table}")
            table.Init(union.Bytes, union.Pos)
        elif found == "NONE":
            table.Init(_EMPTY, 4)
        else:
            self._cursor.refuse("builtin_options", found, about.table)
        record = Record(self._cursor, table)
        return {name: record._option(name, field) for name, field in about.fields.items()}

    def _option(self, name: str, field: Field) -> Any:
        if field is Field.TEXT:
            return self.text(name)
        if field is Field.NUMBERS:
            return self.numbers(name, 8)
        value = getattr(self, name)
        if field is Field.NUMBER:
            return value
        names = enumeration(field.value)
        if value not in names:
            self._cursor.refuse(name, str(value), ", ".join(names.values()))
        return names[value]


def _camel(name: str) -> str:
    """The schema's accessor of a field: stride_w is StrideW, filter_2d is Filter2d."""
    return "".join(part[:1].upper() + part[1:] for part in name.split("_"))
