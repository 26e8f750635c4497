"""Writes C from models: the image as a constant, and tables of what it needs of the engine."""

from __future__ import annotations

from spikelet.converters.emit.graded import graded_kernel_names, layer_table
from spikelet.converters.emit.image import image_source
from spikelet.converters.emit.kernels import kernel_names, kernel_table
from spikelet.converters.emit.mlperf import TASKS, input_bytes, mlperf_source

__all__ = [
    "TASKS",
    "graded_kernel_names",
    "image_source",
    "input_bytes",
    "kernel_names",
    "kernel_table",
    "layer_table",
    "mlperf_source",
]
