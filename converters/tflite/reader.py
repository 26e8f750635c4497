"""Reads TensorFlow Lite files that may be hostile: nothing that a file says is believed before it is checked."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from spikelet.converters.tflite.fields import OPTIONS, SHAPE_ONLY, supported
from spikelet.converters.tflite.file import Operator, Quantisation, Subgraph, Tensor, TfliteFile
from spikelet.converters.tflite.flow import check_flow
from spikelet.converters.tflite.schema import Cursor, Record, enumeration
from spikelet.converters.tflite.shapes import fold_shapes
from spikelet.errors import ConvertError

__all__ = ["is_tflite", "parse_tflite", "read_tflite"]

#: Largest file; a network for a microcontroller has thousandths of it.
_MAX_BYTES = 2**28
_MAX_SUBGRAPHS, _MAX_TENSORS, _MAX_OPERATORS, _MAX_PORTS = 64, 16384, 4096, 32
_MAX_RANK, _MAX_ELEMENTS = 8, 2**28
_IDENTIFIER = b"TFL3"
_VERSION = 3

#: How elements lie in a buffer. INT4 and STRING are not here: no operator that is supported takes them.
_DTYPES: Mapping[str, str] = {
    "FLOAT32": "<f4", "FLOAT16": "<f2", "FLOAT64": "<f8", "INT8": "<i1", "INT16": "<i2", "INT32": "<i4",
    "INT64": "<i8", "UINT8": "<u1", "UINT16": "<u2", "UINT32": "<u4", "BOOL": "?",
}  # fmt: skip


def is_tflite(path: str | Path) -> bool:
    """Whether a file says that it is one of TensorFlow Lite."""
    path = Path(path)
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(8)[4:] == _IDENTIFIER


def read_tflite(path: str | Path) -> TfliteFile:
    """Read a file.

    Raises:
        ConvertError: it cannot be read, is damaged, or has an operator that is not supported.
    """
    path = Path(path)
    if not path.is_file():
        found = "a folder" if path.is_dir() else "no such file"
        raise ConvertError(str(path), "", found=found, allowed="a .tflite file", hint="Check the path.")
    try:
        size = path.stat().st_size
        if size > _MAX_BYTES:
            raise ConvertError(
                path.name, "", found=f"{size} bytes", allowed=f"at most {_MAX_BYTES}", hint="Nothing was read."
            )
        data = path.read_bytes()
    except OSError as error:
        raise ConvertError(
            path.name, "", found=str(error.strerror), allowed="a file that can be read", hint=""
        ) from error
    return parse_tflite(data, path.name)


def parse_tflite(data: bytes, name: str = "model.tflite") -> TfliteFile:
    """Read the bytes of a file; `name` is for messages.

    Raises:
        ConvertError: as for `read_tflite`.
    """
    if data[4:8] != _IDENTIFIER:
        raise ConvertError(
            name, "", found=f"bytes {data[:8].hex(' ')}", allowed='"TFL3" at offset 4', hint="This is no .tflite file."
        )
    return _Reader(Cursor(data, name)).file()


class _Reader:
    """Reads one file; the cursor knows where it is."""

    def __init__(self, cursor: Cursor) -> None:
        self._cursor = cursor
        self._model = Record.root(cursor)

    def file(self) -> TfliteFile:
        """The whole file."""
        version = self._model.version
        if version != _VERSION:
            self._cursor.refuse("version", str(version), str(_VERSION), "Export it again with a newer converter.")
        self._buffers = [self._buffer(i, b) for i, b in enumerate(self._model.records("buffers", 2 * _MAX_TENSORS))]
        self._codes = list(self._model.records("operator_codes", _MAX_OPERATORS))
        subgraphs = [
            self._folded(check_flow(self._subgraph(index, subgraph), self._cursor.name))
            for index, subgraph in enumerate(self._model.records("subgraphs", _MAX_SUBGRAPHS))
        ]
        self._cursor.where = ""
        if not subgraphs:
            self._cursor.refuse("subgraphs", "none", f"1 to {_MAX_SUBGRAPHS}")
        return TfliteFile(
            subgraphs=tuple(subgraphs),
            description=self._model.text("description"),
            sha256=hashlib.sha256(self._cursor.data).hexdigest(),
        )

    def _buffer(self, index: int, record: Record) -> npt.NDArray[np.uint8]:
        self._cursor.where = f"buffer {index}"
        if getattr(record, "offset", 0) > 1 or getattr(record, "size", 0) > 1:
            self._cursor.refuse(
                "offset", "data behind the file's tables", "data inside of them", "Use a smaller model."
            )
        return record.array("data", len(self._cursor.data)).astype(np.uint8, copy=False)

    def _subgraph(self, index: int, record: Record) -> Subgraph:
        prefix = f"subgraph {index}: " if index else ""
        tensors = tuple(self._tensor(prefix, i, t) for i, t in enumerate(record.records("tensors", _MAX_TENSORS)))
        operators = tuple(
            self._operator(prefix, i, o, tensors) for i, o in enumerate(record.records("operators", _MAX_OPERATORS))
        )
        self._cursor.where = prefix.rstrip(": ")
        return Subgraph(
            name=record.text("name"),
            tensors=tensors,
            operators=operators,
            inputs=self._indices(record, "inputs", _MAX_PORTS, len(tensors)),
            outputs=self._indices(record, "outputs", _MAX_PORTS, len(tensors)),
        )

    def _folded(self, subgraph: Subgraph) -> Subgraph:
        """Without arithmetic with shapes; what is more than that is refused."""
        folded = fold_shapes(subgraph)
        for operator in folded.operators:
            if operator.kind in SHAPE_ONLY:
                self._cursor.where = _place(operator.index, operator.kind, operator.outputs, folded.tensors)
                self._unsupported("an operator that is supported only where shapes of tensors are computed")
        return folded

    def _unsupported(self, found: str) -> None:
        self._cursor.refuse("", found, supported(), "Replace the layer that it stands for.")

    def _indices(self, record: Record, name: str, most: int, n: int, least: int = 0) -> tuple[int, ...]:
        """Indices of tensors; -1 (a tensor that is left out) only where `least` is -1."""
        found = record.numbers(name, most)
        for index in found:
            if not least <= index < n:
                self._cursor.refuse(name, f"tensor {index}", f"0 .. {n - 1}")
        return found

    def _tensor(self, prefix: str, index: int, record: Record) -> Tensor:
        self._cursor.where = f"{prefix}tensor {index}"
        name = record.text("name") or f"tensor {index}"
        self._cursor.where = f"{prefix}tensor {index} ({_short(name)})"
        kinds = enumeration("TensorType")
        if record.type not in kinds:
            self._cursor.refuse("type", str(record.type), ", ".join(kinds.values()))
        kind, shape = kinds[record.type], self._shape(record)
        if record.sparsity is not None:
            self._cursor.refuse("sparsity", "a sparse tensor", "dense tensors", "Export it without sparsity.")
        if record.is_variable:
            self._cursor.refuse(
                "is_variable", "true", "VAR_HANDLE and its operators", "Export it as a streaming model."
            )
        return Tensor(
            index=index,
            name=name,
            kind=kind,
            shape=shape,
            quantisation=self._quantisation(record, shape),
            data=self._data(record, kind, shape),
        )

    def _shape(self, record: Record) -> tuple[int, ...]:
        shape, signature = record.numbers("shape", _MAX_RANK), record.numbers("shape_signature", _MAX_RANK)
        if any(n < 0 for n in shape):
            self._cursor.refuse("shape", str(list(shape)), "sizes of 0 and more")
        size = 1
        for n in shape:
            size *= n
        if size > _MAX_ELEMENTS:
            self._cursor.refuse("shape", f"{list(shape)}, {size} elements", f"at most {_MAX_ELEMENTS}", "")
        # A batch that may vary is one of 1, as for the interpreter.
        if signature and (
            len(signature) != len(shape)
            or any(
                s != n and (s != -1 or axis != 0 or n != 1)
                for axis, (s, n) in enumerate(zip(signature, shape, strict=True))
            )
        ):
            self._cursor.refuse(
                "shape_signature",
                f"{list(signature)} beside the shape {list(shape)}",
                "fixed sizes, but for a batch of 1",
                "Export the model with a fixed input shape.",
            )
        return shape

    def _quantisation(self, record: Record, shape: tuple[int, ...]) -> Quantisation | None:
        found = record.record("quantization")
        if found is None:
            return None
        most = max((*shape, 1))
        scale = found.array("scale", most).astype(np.float32)
        zero_point = found.array("zero_point", most).astype(np.int64)
        if not len(scale):
            return None
        axis = int(found.quantized_dimension)
        self._cursor.charge(12 * len(scale))
        if found.details_type:
            self._cursor.refuse("quantization", "custom quantisation", "scales and zero points", "Export it as int8.")
        if len(scale) > 1 and not (0 <= axis < len(shape) and shape[axis] == len(scale)):
            self._cursor.refuse(
                "quantization", f"{len(scale)} scales along axis {axis}", f"as many as {list(shape)} has"
            )
        if len(zero_point) not in {1, len(scale)}:
            self._cursor.refuse("quantization", f"{len(zero_point)} zero points", f"1 or {len(scale)}")
        if not np.all(np.isfinite(scale)) or np.any(scale < 0):
            self._cursor.refuse("quantization", f"scale {scale[~(scale >= 0) | np.isinf(scale)][0]}", "0 and more")
        if np.any(np.abs(zero_point) > 2**31 - 1) or np.any(zero_point == -(2**63)):
            self._cursor.refuse("quantization", "a zero point beyond 32 bits", "zero points of the tensor's type")
        wide = np.broadcast_to(zero_point, scale.shape) if len(zero_point) == 1 else zero_point
        return Quantisation(scale=scale, zero_point=wide, axis=axis if len(scale) > 1 else 0)

    def _data(self, record: Record, kind: str, shape: tuple[int, ...]) -> npt.NDArray[Any] | None:
        index = int(record.buffer)
        if not 0 <= index < max(len(self._buffers), 1):
            self._cursor.refuse("buffer", str(index), f"0 .. {len(self._buffers) - 1}")
        if not index or not len(self._buffers[index]):
            return None
        content = self._buffers[index]
        if kind not in _DTYPES:
            self._cursor.refuse(
                "type", f"a constant of {kind}", ", ".join(_DTYPES), "Export it with weights of int8 or float32."
            )
        dtype = np.dtype(_DTYPES[kind])
        size = int(np.prod(shape, dtype=np.int64))
        if len(content) != size * dtype.itemsize:
            need = f"{size * dtype.itemsize} for the shape {list(shape)} of {kind}"
            self._cursor.refuse("buffer", f"{len(content)} bytes", need)
        return content.view(dtype).reshape(shape)

    def _operator(self, prefix: str, index: int, record: Record, tensors: tuple[Tensor, ...]) -> Operator:
        self._cursor.where = f"{prefix}operator {index}"
        kind, outputs = self._kind(record), self._indices(record, "outputs", _MAX_PORTS, len(tensors))
        self._cursor.where = prefix + _place(index, kind, outputs, tensors)
        if kind not in OPTIONS:
            self._unsupported("an operator that is not supported")
        return Operator(
            index=index,
            kind=kind,
            inputs=self._indices(record, "inputs", _MAX_PORTS, len(tensors), least=-1),
            outputs=outputs,
            options=record.options(kind),
        )

    def _kind(self, record: Record) -> str:
        index = record.opcode_index
        if not 0 <= index < len(self._codes):
            self._cursor.refuse("opcode_index", str(index), f"0 .. {len(self._codes) - 1}")
        code = self._codes[index]
        # Files before version 3a have the code in a byte, later ones in both while it fits.
        value = max(code.deprecated_builtin_code, code.builtin_code)
        kind = enumeration("BuiltinOperator").get(value, f"with code {value}")
        return f"CUSTOM {_short(code.text('custom_code'))}" if kind == "CUSTOM" else kind


def _place(index: int, kind: str, outputs: Sequence[int], tensors: Sequence[Tensor]) -> str:
    """An operator, and where it writes."""
    writes = f" writing tensor {outputs[0]} ({_short(tensors[outputs[0]].name)})" if outputs else ""
    return f"operator {index} {kind}{writes}"


def _short(name: str) -> str:
    return name if len(name) <= 60 else f"{name[:57]}..."
