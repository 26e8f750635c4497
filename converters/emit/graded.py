"""Which kinds of layers a graded network needs of the engine, and the tables that link only these."""

from __future__ import annotations

import re
from functools import cache

from spikelet._data import path as data_path
from spikelet.converters.emit.kernels import all_kernel_names
from spikelet.graded.model import GradedModel

__all__ = ["graded_kernel_names", "layer_table"]

_LINE = re.compile(r"^SPKL_LAYER(\((\w+),.*\))$", re.MULTILINE)
#: The loader's, of all images.
_ALWAYS = "image_crc"


@cache
def graded_kernel_names() -> tuple[str, ...]:
    """Names of the kernels that graded networks can need: their files' stems, in order.

    Of these the linker takes what the kinds of layers in a firmware's table call.
    """
    every = {file.stem for file in (data_path("csrc") / "kernels" / "ref").glob("*.c")}
    return tuple(sorted((every - all_kernel_names()) | {_ALWAYS}))


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
