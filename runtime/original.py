"""The float network that a model was made from, with the choices that its image remembers."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spikelet.errors import ConvertError, DataError
from spikelet.model import Model

if TYPE_CHECKING:
    from spikelet.converters.graph import Network

__all__ = ["original"]


def original(file: str | Path, model: Model) -> Network:
    """Lower a network file as it was lowered for a model.

    Args:
        file: the file that the model was converted from.
        model: with its `meta`.

    Raises:
        DataError: it is another file, or the model does not say how it was made.
        ConvertError: the file is refused.
    """
    from spikelet.converters import lower

    wanted = model.meta.get("source", {}).get("sha256")
    choices = model.meta.get("choices")
    if not wanted or not isinstance(choices, dict):
        raise DataError("the image does not say what it was made from: give the network's file and its choices instead")
    try:
        found = hashlib.sha256(Path(file).read_bytes()).hexdigest()
    except OSError as error:
        raise DataError(f"{file} cannot be read: {error.strerror}") from error
    if found != wanted:
        raise DataError(
            f"{file} is not the file that the image was made from: convert it again, or give the other file"
        )
    said = _common(choices) | {
        name: value for name, value in model.meta.get("lava", {}).items() if name in ("takes", "arrival")
    }
    framework, dt = said.pop("framework", "") or None, said.pop("dt", None)
    said.setdefault("v_min", "none")  # no clamp is not written down
    lowered = lower(file, framework=framework, dt=dt, input_scale=model.meta.get("input_scale", 1.0), **said)
    if lowered.meta["choices"] != choices:
        raise ConvertError(
            str(file),
            "choices",
            found="others than in the image",
            allowed="the same",
            hint="Give the network's file with its choices (--framework ...) instead of the image.",
        )
    return lowered


def _common(choices: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Choices that all kinds of neurons share; where they differ the framework says so itself."""
    values: dict[str, list[Any]] = {}
    for own in choices.values():
        for name, value in own.items():
            values.setdefault(name, []).append(value)
    return {name: found[0] for name, found in values.items() if all(value == found[0] for value in found)}
