"""Sizes of sensors that files only name."""

from __future__ import annotations

import re

__all__ = ["size_of"]

#: Part of a chip's name: width and height [pixels]. Source: iniVation, specifications of its cameras.
_SIZES = {
    "DVS128": (128, 128),
    "DAVIS128": (128, 128),
    "DAVIS208": (208, 192),
    "DAVIS240": (240, 180),
    "DAVIS346": (346, 260),
    "DAVIS640": (640, 480),
    "DVXPLORER_LITE": (320, 240),
    "DVXPLORER": (640, 480),
}


def size_of(text: str) -> tuple[int, int] | None:
    """Width and height of the chip that a line names; None: of no known chip."""
    for name, size in _SIZES.items():
        if re.search(name, text, re.IGNORECASE):
            return size
    return None
