"""The engine's error codes: csrc/include/spkl_err.def, read where it stands."""

from __future__ import annotations

import re
from functools import cache
from typing import NoReturn

from spikelet._data import path as data_path
from spikelet.errors import ImageError

__all__ = ["code", "codes", "refuse_image", "sentence"]

_ENTRY = re.compile(r'^SPKL_ERR\((\w+), (-\d+),\s*"([^"]*)"\)', re.MULTILINE)


@cache
def _entries() -> tuple[tuple[str, int, str], ...]:
    text = (data_path("csrc") / "include" / "spkl_err.def").read_text()
    return tuple((name, int(value), sentence) for name, value, sentence in _ENTRY.findall(text))


def codes() -> dict[str, int]:
    """Every code by its name without the prefix, such as "IMAGE_CRC"."""
    return {name: value for name, value, _ in _entries()}


def code(name: str) -> int:
    """The value of a code, such as "IMAGE_CRC"."""
    return codes()[name]


def refuse_image(name: str, sentence: str) -> NoReturn:
    """Raise the error of an image that is refused with this code."""
    raise ImageError(sentence, code=code(name))


def sentence(value: int) -> str:
    """What a code means."""
    return next((text for _, known, text in _entries() if known == value), f"error {value}")
