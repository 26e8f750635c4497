"""From a TensorFlow Lite file of whole numbers to a graded model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from spikelet.converters.tflite.file import TfliteFile
from spikelet.converters.tflite.lower import lower
from spikelet.converters.tflite.plan import Plan, plan
from spikelet.converters.tflite.reader import read_tflite
from spikelet.converters.tflite.tflm_plan import tflm_plan
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
    model = _model(plan(draft), read, meta or {})
    try:
        check(model)
    except ModelError as error:
        raise ConvertError(name, "", found=str(error), allowed="the limits of graded.md 4", hint="") from error
    return model


def _model(planned: Plan, file: TfliteFile, meta: Mapping[str, Any]) -> GradedModel:
    draft, peer = planned.draft, tflm_plan(file)
    initial = np.zeros(planned.variables, np.uint8)
    for value, content in draft.kept.items():
        initial[planned.place(value) :][: len(content)] = content
    return GradedModel(
        tensors=tuple(
            GradedTensor(
                name=value.name,
                shape=value.shape,
                type=value.type,
                at=0 if value.constant is not None else planned.place(index),
                zero_point=value.zero_point,
                scale=value.scale,
                constant=value.constant,
            )
            for index, value in enumerate(draft.values)
        ),
        layers=tuple(draft.layers),
        inputs=tuple(draft.inputs),
        outputs=tuple(draft.outputs),
        memory=planned.memory,
        variables=planned.variables,
        initial=initial,
        meta={
            "source": {"format": "tflite", "sha256": file.sha256, "description": file.description},
            "tensors": [value.tensor for value in draft.values],
            "memory": {
                "least": planned.least,
                "tflm_greedy": peer.tensors,
                "tflm_variables": peer.variables,
            },
            **meta,
        },
    )
