"""From a TensorFlow Lite file of whole numbers to a graded model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from spikelet.converters.tflite.draft import Draft
from spikelet.converters.tflite.file import TfliteFile
from spikelet.converters.tflite.lower import lower
from spikelet.converters.tflite.reader import read_tflite
from spikelet.errors import ConvertError, ModelError
from spikelet.graded.model import GradedModel, GradedTensor
from spikelet.graded.rules import check

__all__ = ["convert_tflite"]


def convert_tflite(
    file: str | Path | TfliteFile,
    *,
    labels: Sequence[str] | None = None,
    name: str = "",
    meta: Mapping[str, Any] | None = None,
) -> GradedModel:
    """Convert an int8 (or int16) network of TensorFlow Lite to a graded model, bit for bit the same.

    Args:
        file: a path, or what `read_tflite` gives.
        labels: names of the classes.
        name: of the file, for messages, where `file` is no path.
        meta: more to keep with the model.

    Raises:
        ConvertError: the file is refused, is float, or has what graded networks have no place for.
    """
    name = (name or "network") if isinstance(file, TfliteFile) else Path(file).name
    read = file if isinstance(file, TfliteFile) else read_tflite(file)
    draft = lower(read, name, labels or ())
    at, memory = {}, 0
    for root in draft.roots():
        at[root] = memory
        memory += -(-draft.values[root].bytes // 8) * 8
    model = _model(draft, at, memory, read, meta or {})
    try:
        check(model)
    except ModelError as error:
        raise ConvertError(name, "", found=str(error), allowed="the limits of graded.md 4", hint="") from error
    return model


def _model(draft: Draft, at: dict[int, int], memory: int, file: TfliteFile, meta: Mapping[str, Any]) -> GradedModel:
    tensors = []
    for index, value in enumerate(draft.values):
        root, offset = draft.place(index)
        tensors.append(
            GradedTensor(
                name=value.name,
                shape=value.shape,
                type=value.type,
                at=0 if value.constant is not None else at[root] + offset,
                zero_point=value.zero_point,
                scale=value.scale,
                constant=value.constant,
            )
        )
    return GradedModel(
        tensors=tuple(tensors),
        layers=tuple(draft.layers),
        inputs=tuple(draft.inputs),
        outputs=tuple(draft.outputs),
        memory=memory,
        variables=0,
        initial=np.zeros(0, np.uint8),
        meta={
            "source": {"format": "tflite", "sha256": file.sha256, "description": file.description},
            "tensors": [value.tensor for value in draft.values],
            **meta,
        },
    )
