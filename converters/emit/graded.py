"""Which kinds of layers a graded network needs of the engine, and the tables that link only these."""

from __future__ import annotations

import re
from functools import cache

from spikelet._data import path as data_path
from spikelet.graded.model import GradedModel, LayerKind

__all__ = ["graded_kernel_names", "layer_table"]

_LINE = re.compile(r"^SPKL_LAYER(\((\w+),.*\))$", re.MULTILINE)
#: The loader's.
_ALWAYS = ("image_crc",)
#: Of layers that list their inputs; which of them runs, a layer's parameters say.
_LISTED = ("list_inputs_s8", "sum_list_u2_s32", "sum_list_u4_s32", "sum_list_u8_s32")
_REQUANTISE = ("requantise_any_s8", "requantise_full_s8", "requantise_relu_s8")
_KERNELS = {
    LayerKind.CONV_S8: (*_LISTED, *_REQUANTISE),
    LayerKind.DEPTHWISE_S8: ("depthwise_row_s8", *_REQUANTISE),
    LayerKind.DENSE_S8: (*_LISTED, "scale_s8"),
    LayerKind.DOT_S8: ("dot_rows_s8_s32", "scale_s8"),
}


def graded_kernel_names(model: GradedModel | None) -> list[str]:
    """Names of the kernels that a model needs, or that graded networks can need: their files' stems, in order."""
    kinds = set(LayerKind) if model is None else {layer.kind for layer in model.layers}
    return sorted({*_ALWAYS, *(name for kind in kinds for name in _KERNELS.get(kind, ()))})


def layer_table(model: GradedModel) -> str:
    """Write the C file with the table of the kinds of layers that a model has; the others stay NULL."""
    kinds = sorted({layer.kind for layer in model.layers})
    return "\n".join(
        [
            "/* Written by spikelet: the kinds of layers that the embedded model has. */",
            '#include "spkl_layers.h"',
            "",
            "const struct spkl_layer_kernel spkl_layers[SPKL_N_LAYER_KINDS] = {",
            *(f"    SPKL_LAYER_ENTRY{_entries()[kind.name]}," for kind in kinds),
            "};",
            "",
        ]
    )


@cache
def _entries() -> dict[str, str]:
    """What stands in brackets behind SPKL_LAYER, by kind."""
    lines = (data_path("csrc") / "include" / "spkl_layers.def").read_text()
    return {name: entry for entry, name in _LINE.findall(lines)}
