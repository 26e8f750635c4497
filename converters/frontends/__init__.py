"""One file a format."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from spikelet.converters.frontends.lava import is_lava, read_lava
from spikelet.converters.frontends.nir import read_nir
from spikelet.converters.graph import Network
from spikelet.errors import ConvertError

__all__ = ["is_lava", "read", "read_lava", "read_nir"]


def read(path: str | Path, *, takes: str | None = None, arrival: str | None = None) -> Network:
    """Read a trained network of any format, which is told by its content.

    Args:
        path: a NIR file, or an exchange file of lava-dl.
        takes, arrival: of lava-dl's files only; see `read_lava`.

    Raises:
        ConvertError: the file is refused, or a NIR file is given what it has no place for.
    """
    given = (("takes", takes), ("arrival", arrival))
    said: dict[str, Any] = {name: value for name, value in given if value is not None}
    if is_lava(path):
        return read_lava(path, **said)
    for name, value in said.items():
        raise ConvertError(
            "convert",
            name,
            found=f"{value!r} for a NIR file",
            allowed="nothing",
            hint="It is for exchange files of lava-dl (.net): docs/how-to/loihi.md.",
        )
    return read_nir(path)
