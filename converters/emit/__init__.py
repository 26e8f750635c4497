"""Writes C from models: the image as a constant, and a table of the kernels that it needs."""

from __future__ import annotations

from spikelet.converters.emit.image import image_source
from spikelet.converters.emit.kernels import kernel_names, kernel_table

__all__ = ["image_source", "kernel_names", "kernel_table"]
