"""Records of graded images: docs/reference/graded.md 4."""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum

from spikelet.layout import Record, Section

__all__ = [
    "GRADED",
    "LAYER",
    "LAYERS_MAX",
    "MEMORY_MAX",
    "PORT",
    "PORTS_MAX",
    "SECTIONS",
    "SIZE_MAX",
    "TENSOR",
    "TENSORS_MAX",
    "GradedSectionId",
]

#: Largest tensor memory [bytes]; elements of a tensor; and how many there are at most.
MEMORY_MAX, SIZE_MAX = 2**30, 2**28
TENSORS_MAX, LAYERS_MAX, PORTS_MAX = 1024, 1024, 32

GRADED = Record("memory_size u32, variables_size u32, initial u32, reserved u8[20]")
TENSOR = Record("at u32, size u32, type u8, constant u8, reserved u8[2], zero_point i32")
LAYER = Record(
    "kind u8, n_inputs u8, output u16, inputs u16[2], parameters u32, table u32, weights u32, weights_length u32, "
    "reserved u8[8]"
)
PORT = Record("tensor u16, output u8, reserved u8[5]")


class GradedSectionId(IntEnum):
    """Ids of sections of a graded image."""

    DATA = 6
    META = 7
    GRADED = 16
    TENSORS = 17
    LAYERS = 18
    PORTS = 19


#: The sections that this version reads.
SECTIONS: Mapping[GradedSectionId, Section] = {
    GradedSectionId.DATA: Section(critical=True),
    GradedSectionId.META: Section(critical=False),
    GradedSectionId.GRADED: Section(critical=True, record=GRADED.size, least=1, most=1),
    GradedSectionId.TENSORS: Section(critical=True, record=TENSOR.size, least=1, most=TENSORS_MAX),
    GradedSectionId.LAYERS: Section(critical=True, record=LAYER.size, least=1, most=LAYERS_MAX),
    GradedSectionId.PORTS: Section(critical=True, record=PORT.size, least=2, most=PORTS_MAX),
}
