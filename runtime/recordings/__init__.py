"""Recordings of event cameras: one module a format. Nothing in a file is trusted."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from spikelet.errors import DataError
from spikelet.recordings import aedat2, aedat4, aedat31, dat, evt2, evt3, nmnist
from spikelet.recordings.evt import version_of
from spikelet.recordings.files import header, read_bytes
from spikelet.recordings.recording import Polarity, Recording

__all__ = ["FORMATS", "Polarity", "Recording", "format_of", "load"]

_Reader = Callable[[str, bytes, tuple[int, int] | None], Recording]
#: Reader of each format.
FORMATS: dict[str, _Reader] = {
    "n-mnist": nmnist.read,
    "dat": dat.read,
    "aedat2": aedat2.read,
    "aedat3.1": aedat31.read,
    "aedat4": aedat4.read,
    "evt2": evt2.read,
    "evt3": evt3.read,
}
_AEDAT = {"2.0": "aedat2", "3.1": "aedat3.1", "4.0": "aedat4"}
_HEAD = 2**16


def load(path: str | Path, *, size: tuple[int, int] | None = None) -> Recording:
    """Read a recording; its format is told by its content, that of a .bin file without a header by its name.

    Args:
        path: N-MNIST (.bin), Prophesee DAT (.dat) and EVT 2 and 3 (.raw), AEDAT 2.0, 3.1 and 4.0.
        size: width and height of the sensor [pixels], where the file does not say. Without, N-MNIST has
            34 x 34, others the smallest that holds all events.

    Raises:
        DataError: no such file, no format that is known, cut, damaged or hostile: says what, where, and
            what to do.
    """
    path = Path(path)
    name = format_of(path)
    if name is None:
        raise DataError(
            f"{path} is no recording that is known: AEDAT begins with #!AER-DAT, DAT and RAW with %, N-MNIST is named"
            " .bin"
        )
    try:
        return FORMATS[name](str(path), read_bytes(path), size)
    except MemoryError as error:
        raise DataError(f"{path}: too large for this machine's memory: cut the recording into pieces") from error


def format_of(path: str | Path) -> str | None:
    """Name of a file's format in FORMATS; None: none of them.

    Raises:
        DataError: the file cannot be read, or is a version that is not read.
    """
    path = Path(path)
    start = read_bytes(path, _HEAD)
    if start.startswith(b"#!AER-DAT"):
        aedat = start[9:12].decode("latin-1")
        if aedat not in _AEDAT:
            raise DataError(f"{path}: AEDAT {aedat!r}; allowed: {', '.join(_AEDAT)}: write it as one of these")
        return _AEDAT[aedat]
    if start.startswith(b"%"):
        version = version_of(header(start, b"%", b"% end")[0])
        if version is None:
            return "dat"
        if version not in ("2", "3"):
            raise DataError(f"{path}: EVT {version}; allowed: 2.0 and 3.0: write it as one of these, or as .dat")
        return f"evt{version}"
    return "n-mnist" if path.suffix.lower() == ".bin" else None
