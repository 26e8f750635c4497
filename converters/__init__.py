"""Convert trained networks to integer models."""

from __future__ import annotations

from spikelet.converters.floating import Floating
from spikelet.converters.pipeline import convert, lower

__all__ = ["Floating", "convert", "lower"]
