"""The header that Prophesee's .raw files have in common."""

from __future__ import annotations

import re

from spikelet.recordings.files import header, number

__all__ = ["evt_header", "version_of"]


def version_of(lines: list[str]) -> str | None:
    """The encoding that header lines name, such as "2" or "3"; None: none, so it is no .raw file."""
    for line in lines:
        found = re.match(r"%\s*(?:format\s+EVT\s*|evt\s+)([\d.]+)", line, re.IGNORECASE)
        if found:
            return found.group(1).removesuffix(".0")
    return None


def evt_header(where: str, data: bytes) -> tuple[tuple[int, int] | None, int]:
    """Width and height of the sensor, and the byte behind the header.

    Raises:
        DataError: the file ends inside the header.
    """
    lines, start = header(data, b"%", b"% end", where)
    width = number(lines, r"\bwidth[=\s]\s*(\d+)") or number(lines, r"^%\s*geometry\s+(\d+)\s*x")
    height = number(lines, r"\bheight[=\s]\s*(\d+)") or number(lines, r"^%\s*geometry\s+\d+\s*x\s*(\d+)")
    return (width, height) if width and height else None, start
