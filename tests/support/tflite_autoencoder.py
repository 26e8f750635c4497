"""An int8 auto-encoder of MLPerf Tiny's shape with random weights, for counting."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np

from support.tflite_builder import FileBuilder, Scales

__all__ = ["SIZES", "write"]

#: Inputs, then outputs of each fully connected layer.
SIZES = (640, 128, 128, 128, 128, 8, 128, 128, 128, 128, 640)


def write(path: Path) -> Path:
    """Write the file: about half of what RELU layers give is zero; the input's zero point is inside its range."""
    rng = np.random.default_rng(9)
    file = FileBuilder()
    net = file.main
    at, scale = net.input((1, SIZES[0]), scale=0.4, zero_point=89), 0.4
    spread = 0.4 * 60
    for i, (inputs, outputs) in enumerate(pairwise(SIZES)):
        last = i == len(SIZES) - 2
        weights = np.clip(np.rint(rng.normal(0, 28, (outputs, inputs))), -127, 127).astype(np.int8)
        spread *= 0.01 * 28 * np.sqrt(inputs) * (1.0 if last else 0.7)
        out_scale = spread * (6 if last else 5) / 255
        bias = np.rint(rng.normal(0, 0.3 * spread, outputs) / (scale * 0.01)).astype(np.int32)
        result = net.tensor((1, outputs), scale=out_scale, zero_point=0 if last else -128)
        constants = (
            net.constant(weights, scales=Scales(scale=(0.01,))),
            net.constant(bias, scales=Scales(scale=(scale * 0.01,))),
        )
        activation = "NONE" if last else "RELU"
        net.operator("FULLY_CONNECTED", [at, *constants], [result], fused_activation_function=activation)
        at, scale = result, out_scale
    net.outputs.append(at)
    path.write_bytes(file.build())
    return path
