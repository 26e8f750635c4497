"""Models as bytes and back: docs/reference/image.md."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from spikelet.arena import state_size
from spikelet.codes import code
from spikelet.errors import ImageError, ModelError, SpikeletError
from spikelet.image_reader import parse
from spikelet.image_writer import build
from spikelet.layout import LENGTH_MAX, crc_of
from spikelet.model import Model
from spikelet.rules import check, violations

if TYPE_CHECKING:
    from spikelet.graded.model import GradedModel

__all__ = ["crc_of", "decode", "encode", "load", "read", "write", "write_bytes"]

_Decoded = TypeVar("_Decoded")


def encode(model: Model) -> bytes:
    """Write a model as an image; the same model gives the same bytes.

    Raises:
        ModelError: the model breaks a rule of semantics.md or image.md.
    """
    check(model)
    data = build(model)
    if len(data) > LENGTH_MAX:
        raise ModelError(f"the image would have {len(data)} bytes; allowed: {LENGTH_MAX}")
    return data


def decode(data: bytes) -> Model:
    """Read an image after all checks of image.md 8.

    Raises:
        ImageError: a check fails; its `code` is the engine's.
    """
    model, size = parse(data)
    for name, sentence in violations(model):
        raise ImageError(sentence, code=code(name))
    if size != state_size(model):
        text = f"model record: state_size is {size}; the state of this model has {state_size(model)} bytes"
        raise ImageError(text, code=code("IMAGE_MODEL"))
    return model


def load(path: str | Path) -> Model | GradedModel:
    """Read an image file of any kind of network.

    Raises:
        ImageError: it cannot be read, or is refused by `decode`.
    """
    from spikelet.graded.image import decode as decode_graded
    from spikelet.graded.image import is_graded

    return _read(path, lambda data: decode_graded(data) if is_graded(data) else decode(data))


def read(path: str | Path) -> Model:
    """Read an image file of a spiking network.

    Raises:
        ImageError: it cannot be read, or is refused by `decode`.
    """
    return _read(path, decode)


def _read(path: str | Path, decoded: Callable[[bytes], _Decoded]) -> _Decoded:
    """What a file's bytes are decoded to; errors name the file."""
    path = Path(path)
    data = _content(path)
    try:
        return decoded(data)
    except ImageError as error:
        raise ImageError(f"{path}: {error}", code=error.code) from error


def _content(path: Path) -> bytes:
    try:
        if path.stat().st_size > LENGTH_MAX:
            raise ImageError(
                f"{path} has {path.stat().st_size} bytes; no image has more than {LENGTH_MAX}", code=code("IMAGE_SIZE")
            )
        return path.read_bytes()
    except OSError as error:
        raise ImageError(f"{path} cannot be read: {error.strerror}", code=code("IMAGE_SIZE")) from error


def write(model: Model, path: str | Path, force: bool = False) -> None:
    """Write an image file, whole or not at all.

    Raises:
        ModelError: the model is refused by `encode`; no file is touched.
        SpikeletError: the file exists and `force` is not set, or cannot be written.
    """
    write_bytes(encode(model), path, force)


def write_bytes(data: bytes, path: str | Path, force: bool) -> None:
    """Write a file, whole or not at all.

    Raises:
        SpikeletError: the file exists and `force` is not set, or cannot be written.
    """
    path = Path(path)
    if path.exists() and not force:
        raise SpikeletError(f"{path} exists: choose another name, or say force (--force) to replace it")
    part = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        part.write_bytes(data)
        part.replace(path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise SpikeletError(f"{path} cannot be written: {error.strerror}") from error
