"""Graded models as bytes and back: docs/reference/graded.md 4."""

from __future__ import annotations

from pathlib import Path

from spikelet.codes import code
from spikelet.errors import ImageError, ModelError
from spikelet.graded.image_layout import GradedSectionId
from spikelet.graded.image_reader import parse
from spikelet.graded.image_writer import build
from spikelet.graded.model import GradedModel
from spikelet.graded.rules import check, violations
from spikelet.layout import HEADER, LENGTH_MAX, MAGIC, SECTION

__all__ = ["decode", "encode", "is_graded", "write"]


def encode(model: GradedModel) -> bytes:
    """Write a model as an image; the same model gives the same bytes.

    Raises:
        ModelError: the model breaks a rule of graded.md 4.
    """
    check(model)
    data = build(model)
    if len(data) > LENGTH_MAX:
        raise ModelError(f"the image would have {len(data)} bytes; allowed: {LENGTH_MAX}")
    return data


def decode(data: bytes) -> GradedModel:
    """Read an image after all checks of graded.md 4.8.

    Raises:
        ImageError: a check fails; its `code` is the engine's.
    """
    model = parse(data)
    for name, sentence in violations(model):
        raise ImageError(sentence, code=code(name))
    return model


def is_graded(data: bytes) -> bool:
    """Whether bytes say that they are the image of a graded network: their table names its record."""
    if len(data) < HEADER.size or data[: len(MAGIC)] != MAGIC:
        return False
    n = min(HEADER.unpack(data, 0)["n_sections"], (len(data) - HEADER.size) // SECTION.size)
    places = (HEADER.size + index * SECTION.size for index in range(n))
    return any(SECTION.unpack(data, at)["id"] == GradedSectionId.GRADED for at in places)


def write(model: GradedModel, path: str | Path, force: bool = False) -> None:
    """Write an image file, whole or not at all.

    Raises:
        ModelError: the model is refused by `encode`; no file is touched.
        SpikeletError: the file exists and `force` is not set, or cannot be written.
    """
    from spikelet.image import write_bytes

    write_bytes(encode(model), path, force)
