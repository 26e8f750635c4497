"""TensorFlow Lite files: read, quantised where they are float, lowered to graded models."""

from __future__ import annotations

from spikelet.converters.tflite.convert import convert_tflite
from spikelet.converters.tflite.reader import is_tflite, parse_tflite, read_tflite

__all__ = ["convert_tflite", "is_tflite", "parse_tflite", "read_tflite"]
