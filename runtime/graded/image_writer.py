"""Builds the bytes of an image from a graded model that keeps all rules."""

from __future__ import annotations

import numpy as np

from spikelet.graded.image_layout import GRADED, LAYER, PORT, SECTIONS, TENSOR, GradedSectionId
from spikelet.graded.image_meta import write_meta
from spikelet.graded.model import PARAMETERS, GradedModel, GradedTensor, Layer
from spikelet.image_sections import assemble
from spikelet.image_writer import DataSection
from spikelet.layout import ABSENT

__all__ = ["build"]


def build(model: GradedModel) -> bytes:
    """The image of a model.

    Raises:
        ModelError: `meta` cannot be written as JSON.
    """
    data = DataSection()
    initial = data.add(model.initial.tobytes()) if model.variables else ABSENT
    tensors = b"".join(_tensor(tensor, data) for tensor in model.tensors)
    layers = b"".join(_layer(layer, data) for layer in model.layers)
    ports = ((0, model.inputs), (1, model.outputs))
    return assemble(
        {
            GradedSectionId.DATA: bytes(data.bytes),
            GradedSectionId.META: write_meta(model),
            GradedSectionId.GRADED: GRADED.pack(
                memory_size=model.memory, variables_size=model.variables, initial=initial
            ),
            GradedSectionId.TENSORS: tensors,
            GradedSectionId.LAYERS: layers,
            GradedSectionId.PORTS: b"".join(
                PORT.pack(tensor=port.tensor, output=output) for output, some in ports for port in some
            ),
        },
        SECTIONS,
    )


def _tensor(tensor: GradedTensor, data: DataSection) -> bytes:
    constant = tensor.constant is not None
    return TENSOR.pack(
        at=tensor.at if tensor.constant is None else data.add(_padded(tensor.constant.tobytes())),
        size=tensor.size,
        type=tensor.type,
        constant=int(constant),
        zero_point=tensor.zero_point,
    )


def _layer(layer: Layer, data: DataSection) -> bytes:
    parameters = np.array([layer.parameters[name] for name in PARAMETERS[layer.kind]], "<i4")
    weights = layer.weights if layer.weights is not None and len(layer.weights) else None
    return LAYER.pack(
        kind=layer.kind,
        n_inputs=len(layer.inputs),
        output=layer.output,
        inputs=(*layer.inputs, *(0,) * (2 - len(layer.inputs))),
        parameters=data.add(parameters.tobytes()) if len(parameters) else ABSENT,
        table=ABSENT if layer.table is None else data.add(_padded(layer.table.tobytes())),
        weights=ABSENT if weights is None else data.add(weights.tobytes()),
        weights_length=0 if weights is None else len(weights),
    )


def _padded(content: bytes) -> bytes:
    return content + bytes(-len(content) % 4)
