"""Reads HDF5 that may be hostile: what a dataset claims is checked before any of it is read."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from mmap import ACCESS_READ, mmap
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from spikelet.converters.graph import MAX_ELEMENTS
from spikelet.converters.nodes import FloatArray, size_of
from spikelet.errors import ConvertError

__all__ = ["Hdf5", "opened"]

_MAX_BYTES = 2**30
_MAX_MEMBERS = 4096
#: Largest number that is believed; products of three stay far from float64's end.
_MAX_NUMBER = 1e30
_ELSEWHERE = "The file points elsewhere, which no exporter does: do not trust it."


@contextmanager
def opened(path: Path) -> Iterator[h5py.File]:
    """Open a file for reading; every error of the HDF5 library becomes a ConvertError."""
    if not path.is_file():
        raise ConvertError(
            str(path),
            "",
            found="a folder" if path.is_dir() else "no such file",
            allowed="a .nir file",
            hint="Check the path.",
        )
    if path.stat().st_size > _MAX_BYTES:
        raise ConvertError(
            path.name,
            "",
            found=f"{path.stat().st_size} bytes",
            allowed=f"at most {_MAX_BYTES}",
            hint="Nothing was read.",
        )
    try:
        _refuse_endless_heaps(path)
        with h5py.File(path, "r") as file:
            yield file
    except (OSError, RuntimeError, KeyError, ValueError, TypeError) as error:
        raise ConvertError(
            path.name,
            "",
            found=f"what the HDF5 library cannot read ({error})",
            allowed="an undamaged HDF5 file",
            hint="Write the file again from the source framework.",
        ) from error


#: Signature, version and reserved bytes of a global heap (HDF5 File Format Specification 3.0, III.E).
_HEAP = b"GCOL\x01\x00\x00\x00"


def _refuse_endless_heaps(path: Path) -> None:
    """Refuse a heap of strings with an object that takes no room: the HDF5 library walks over it for ever."""
    with path.open("rb") as file:
        size = path.stat().st_size
        if size < len(_HEAP):
            return
        with mmap(file.fileno(), 0, access=ACCESS_READ) as data:
            start = data.find(_HEAP)
            while start >= 0:
                end = start + int.from_bytes(data[start + 8 : start + 16], "little")
                at = start + 16
                while at + 16 <= min(end, size):
                    used = int.from_bytes(data[at + 8 : at + 16], "little")
                    used = 16 + (used + 7) // 8 * 8 if any(data[at : at + 2]) else used
                    if used < 16:
                        raise ConvertError(
                            path.name,
                            "",
                            found=f"a heap object of {used} bytes",
                            allowed="an undamaged HDF5 file",
                            hint="Write the file again from the source framework.",
                        )
                    at += used
                start = data.find(_HEAP, start + 1)


class Hdf5:
    """Reads members of groups; all of a file through one object, so that its size can be limited."""

    def __init__(self) -> None:
        self._left = MAX_ELEMENTS

    def names(self, group: h5py.Group, path: str) -> list[str]:
        """Names in a group.

        Raises:
            ConvertError: a link is soft or external, or there are too many.
        """
        if len(group) > _MAX_MEMBERS:
            raise ConvertError(
                path, "", found=f"{len(group)} members", allowed=f"at most {_MAX_MEMBERS} in a group", hint="Not read."
            )
        names = list(group)
        for name in names:
            if not isinstance(name, str):
                raise ConvertError(path, "", found=f"a member called {name!r:.40}", allowed="names in UTF-8", hint="")
            kind = group.id.links.get_info(name.encode()).type
            if kind != h5py.h5l.TYPE_HARD:
                raise ConvertError(
                    f"{path}/{name}",
                    "link",
                    found="an external link" if kind == h5py.h5l.TYPE_EXTERNAL else "a soft link",
                    allowed="data in the file itself",
                    hint=_ELSEWHERE,
                )
        return names

    def member(self, group: h5py.Group, name: str, path: str) -> Any:
        """A member of a group, None when it is absent."""
        return group[name] if name in self.names(group, path) else None

    def is_empty(self, item: Any) -> bool:
        """Whether an item is a dataset without a value (how None may be written)."""
        return isinstance(item, h5py.Dataset) and item.shape is None

    def is_text(self, item: Any) -> bool:
        """Whether an item is a dataset of strings."""
        return isinstance(item, h5py.Dataset) and h5py.check_string_dtype(item.dtype) is not None

    def text(self, item: Any, path: str, field: str) -> str:
        """A dataset that holds one string, bytes or str."""
        dataset = self._dataset(item, path, field)
        # The type is looked at before anything is read: the HDF5 library may crash on a wrong one.
        value = dataset[()] if self.is_text(dataset) else dataset.dtype
        if isinstance(value, bytes):
            value = value.decode("utf8", errors="replace")
        if not isinstance(value, str):
            found = f"data of type {dataset.dtype}, shape {dataset.shape}"
            raise ConvertError(path, field, found=found, allowed="a string", hint="Is this a NIR file?")
        return value

    def numbers(self, item: Any, path: str, field: str) -> FloatArray:
        """A dataset of numbers as float64.

        Raises:
            ConvertError: it is too large, not numeric, or holds NaN or infinity.
        """
        dataset = self._dataset(item, path, field)
        if dataset.dtype.kind not in "fiub":
            raise ConvertError(path, field, found=f"data of type {dataset.dtype}", allowed="real numbers", hint="")
        values = np.asarray(dataset[()], dtype=np.float64)
        if np.any(np.abs(values) > _MAX_NUMBER) and np.all(np.isfinite(values)):
            raise ConvertError(
                path, field, found=f"{np.abs(values).max():g}", allowed=f"up to {_MAX_NUMBER:g}", hint="Is it damaged?"
            )
        if not np.all(np.isfinite(values)):
            where = np.argwhere(~np.isfinite(values))[0]
            hint = "Repair the network in the source framework."
            if field.startswith("tau") or field == "r":
                hint = (
                    "An infinite tau or r is a neuron without leak (snnTorch writes it for beta = 1): "
                    "train with beta < 1, or write the layer as nir.IF."
                )
            raise ConvertError(
                path, field, found=f"{values[tuple(where)]} at {where.tolist()}", allowed="finite numbers", hint=hint
            )
        return values

    def pairs(self, item: Any, path: str, field: str) -> list[tuple[str, str]]:
        """A dataset of strings of shape (n, 2)."""
        dataset = self._dataset(item, path, field)
        if dataset.size == 0:
            return []
        if len(dataset.shape) != 2 or dataset.shape[1] != 2 or not self.is_text(dataset):
            raise ConvertError(
                path, field, found=f"{dataset.dtype} of shape {dataset.shape}", allowed="strings, shape (n, 2)", hint=""
            )
        values = [
            [name.decode("utf8") if isinstance(name, bytes) else str(name) for name in row] for row in dataset[()]
        ]
        return [(a, b) for a, b in values]

    def _dataset(self, item: Any, path: str, field: str) -> h5py.Dataset:
        """Check that an item is a dataset, kept in this file and of bearable size."""
        if not isinstance(item, h5py.Dataset):
            found = "nothing" if item is None else "a group"
            raise ConvertError(path, field, found=found, allowed="data", hint="Is this a NIR file?")
        if item.external or item.is_virtual:
            raise ConvertError(
                path, field, found="data kept in another file", allowed="data in the file itself", hint=_ELSEWHERE
            )
        n = size_of(item.shape or ())
        if n > self._left:
            raise ConvertError(
                path,
                field,
                found=f"shape {item.shape}",
                allowed=f"at most {MAX_ELEMENTS} numbers in a file",
                hint="It was not read.",
            )
        self._left -= n
        return item
