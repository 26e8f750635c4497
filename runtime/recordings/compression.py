"""Unpacks what AEDAT 4 packs, up to a limit."""

from __future__ import annotations

from typing import Any

from spikelet.errors import DataError

__all__ = ["MAX_PACKET", "unpack"]

#: Most bytes of a packet, unpacked.
MAX_PACKET = 2**26
_INSTALL = "pip install 'spikelet[events]'"
#: AEDAT 4's numbers: not at all, lz4 (fast, high), zstd (fast, high).
_NAMES = ("none", "lz4", "lz4", "zstd", "zstd")


def unpack(where: str, data: bytes, method: int) -> bytes:
    """Unpack one packet.

    Args:
        where: the packet, for messages.
        data: its bytes in the file.
        method: AEDAT 4's number of the compression.

    Raises:
        DataError: the method is unknown or not installed, the data are damaged, or unpack to more than MAX_PACKET.
    """
    if not 0 <= method < len(_NAMES):
        raise DataError(f"{where} is packed by method {method}; allowed: 0 to {len(_NAMES) - 1}: the file is damaged")
    if method == 0:
        return data
    name = _NAMES[method]
    try:
        found = (_lz4 if name == "lz4" else _zstd)(data)
    except ImportError as error:
        raise DataError(f"{where} is packed with {name}, which is not installed: {_INSTALL}") from error
    except (RuntimeError, ValueError, EOFError, MemoryError, _zstd_error()) as error:
        raise DataError(f"{where} cannot be unpacked with {name} ({error}): the file is damaged") from error
    if len(found) > MAX_PACKET:
        raise DataError(f"{where} unpacks to more than {MAX_PACKET} bytes: the file is damaged, or meant to harm")
    return found


def _lz4(data: bytes) -> bytes:
    import lz4.frame

    tool = lz4.frame.LZ4FrameDecompressor()
    found = bytes(tool.decompress(data, max_length=MAX_PACKET + 1))
    if len(found) <= MAX_PACKET and not tool.eof:
        raise EOFError("it ends early")
    return found


def _zstd(data: bytes) -> bytes:
    import zstandard

    tool: Any = zstandard.ZstdDecompressor(max_window_size=2 * MAX_PACKET)
    with tool.stream_reader(data) as stream:
        return bytes(stream.read(MAX_PACKET + 1))


def _zstd_error() -> type[Exception]:
    """The exception of zstandard, where it is installed."""
    try:
        import zstandard
    except ImportError:
        return EOFError
    return zstandard.ZstdError
