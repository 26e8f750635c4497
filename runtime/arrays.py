"""Reads arrays out of .npz files that nobody vouches for: sizes are checked before memory is taken, no pickles."""

from __future__ import annotations

import math
import zipfile
import zlib
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from spikelet.errors import DataError

__all__ = ["MAX_BYTES", "read_arrays", "read_one"]

#: Most bytes of an array, unpacked.
MAX_BYTES = 2**31
_KINDS = "biufUV"
_BROKEN = (OSError, ValueError, EOFError, zlib.error, zipfile.BadZipFile, NotImplementedError, RuntimeError)


def read_arrays(path: str | Path, keys: Collection[str] = ()) -> dict[str, npt.NDArray[Any]]:
    """Read arrays of an .npz file.

    Args:
        path: the file.
        keys: names of the arrays to read; the others are not looked at. Empty: all.

    Raises:
        DataError: no such file, not an .npz file, damaged, object arrays, or more than MAX_BYTES in one array.
    """
    path = Path(path)
    found = {}
    with _one_clear_error(path, ".npz"), zipfile.ZipFile(path) as archive:
        members = {info.filename.removesuffix(".npy"): info for info in archive.infolist()}
        for name, info in members.items():
            if not keys or name in keys:
                with archive.open(info) as stream:
                    found[name] = _array(stream, info.file_size, f"{path}: {name}")
    return found


def read_one(path: str | Path) -> npt.NDArray[Any]:
    """Read an .npy file.

    Raises:
        DataError: as read_arrays.
    """
    path = Path(path)
    with _one_clear_error(path, ".npy"), path.open("rb") as stream:
        return _array(stream, path.stat().st_size, str(path))


@contextmanager
def _one_clear_error(path: Path, kind: str) -> Iterator[None]:
    """Whatever reading gives becomes a DataError."""
    try:
        yield
    except DataError:
        raise
    except FileNotFoundError as error:
        raise DataError(f"{path}: there is no such file") from error
    except MemoryError as error:
        raise DataError(f"{path}: too large for this machine's memory") from error
    except _BROKEN as error:
        why = getattr(error, "strerror", None) or error
        raise DataError(f"{path} is no {kind} file of numpy, or is damaged ({why})") from error


def _array(stream: IO[bytes], size: int, where: str) -> npt.NDArray[Any]:
    """Read one array of a stream of `size` bytes."""
    version = np.lib.format.read_magic(stream)
    if version not in {(1, 0), (2, 0)}:
        raise DataError(f"{where}: version {version} of the .npy format: write it with plain field names")
    head = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, fortran, dtype = head(stream)
    if dtype.hasobject or dtype.kind not in _KINDS:
        raise DataError(f"{where} holds Python objects ({dtype}), which are never loaded: store plain numbers")
    length = math.prod(shape) * dtype.itemsize
    if length > MAX_BYTES:
        raise DataError(f"{where} has shape {shape}, {length} bytes; the limit is {MAX_BYTES}: split the data set")
    if length > size:
        raise DataError(f"{where} says shape {shape}, but only {size} bytes are there: the file is damaged")
    data = bytearray()
    while len(data) < length:
        piece = stream.read(min(length - len(data), 2**24))
        if not piece:
            raise DataError(f"{where} ends early: the file is damaged")
        data += piece
    array: npt.NDArray[Any] = np.frombuffer(bytes(data), dtype, count=math.prod(shape))
    return array.reshape(shape, order="F" if fortran else "C")
