"""Sweeps: a network converted in many ways on calibration data, and which of them are worth having."""

from __future__ import annotations

from spikelet.sweep.axes import Axes, Point
from spikelet.sweep.pareto import pareto
from spikelet.sweep.run import Found, Sweep, sweep

__all__ = ["Axes", "Found", "Point", "Sweep", "pareto", "sweep"]
