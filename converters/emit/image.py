"""An image as a C constant."""

from __future__ import annotations

import struct

__all__ = ["image_source"]

_PER_LINE = 6


def image_source(image: bytes) -> str:
    """Write the C file that embeds an image (its bytes as little-endian words, so aligned to 4)."""
    words = [f"0x{word:08X}" for (word,) in struct.iter_unpack("<I", image)]
    lines = [", ".join(words[i : i + _PER_LINE]) for i in range(0, len(words), _PER_LINE)]
    body = ",\n    ".join(lines)
    return (
        '/* Written by spikelet: the embedded model. */\n#include "spkl_embedded.h"\n\n'
        f"const uint32_t spkl_embedded_image[{len(words)}] = {{\n    {body}}};\n"
        f"const uint32_t spkl_embedded_length = {len(image)};\n"
    )
